"""Takes card data and credentials out of a JSON tree: by path first, then wherever they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from channel_sync.wire import limits
from channel_sync.wire.exact_json import Spelled, dump_exact, exact
from channel_sync.wire.luhn import SHORTEST
from channel_sync.wire.scrub_text import REMOVED, clean_text

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Plain:
    """What is known of one format: `keys` that never hold anything to remove, `secrets` that
    always do, wherever they stand, and the paths whose digits are not text and are never taken
    for a card number.
    """

    keys: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    money: frozenset[str] = frozenset()


# --- What a key says -----------------------------------------------------------------------

_SECRET = re.compile(
    r"cvv|cvc|card(?:number|num|no|nr)(?!last)|cc(?:number|num|no|nr)(?!last)"
    r"|primaryaccountnumber|^pan$|cardpan|seriescode|securitycode|^c[svi]c2?$|^cvn2?$"
    r"|cavv|trackdata|^track[123]?$|pinblock"
    r"|passw|^pwd|secret$|secretkey|apikey|privatekey|(?:client|access|auth|refresh|bearer)token"
    r"|^authentication$|^authorization$|credential"
)
_IN_CARD = re.compile(r"^number$|^no$|^account(?:number)?$|^plaintext$|^cid$|^xid$|^pin$")
_LAST4 = re.compile(r"last(?:4|four)(?:digits)?$|lastdigits$")
_HARMLESS = re.compile(
    r"^(?:brand|type|last4|expir.*|exp.*|valid.*|isvirtual|activefrom|activeto|balance|currency"
    r"|token.*|vendor|effective.*|.*(?:amount|balance|postal|zip|street|address|phone).*)$"
)
_PAIR_NAMES = ("name", "key", "field", "label", "type", "id")
_FOLDINGS = 3  # how often JSON within text within JSON is unfolded
_MASKED = re.compile(r"[0-9]{0,6}[ -]?[*xX•]{3,12}[ -]?([0-9]{4})")  # the last four may stay
_AMOUNT = re.compile(r"-?[0-9]{1,12}|-?[0-9]+\.[0-9]+")  # in whole units, no card number
_NOWHERE, _NEAR, _INSIDE = 0, 1, 2  # where a value stands: elsewhere, by a card, in a card
_PATH = 256  # characters of a path that are told apart; no path that a format spares is so long


class _Says(Enum):
    NOTHING = 0
    SECRET = 1
    LAST4 = 2
    UNNAMED = 3  # in a card, and none of the keys known to be harmless there


_Said = TypeVar("_Said")


def _remembered(says: Callable[..., _Said]) -> Callable[..., _Said]:
    """A cache for what is said of keys; those too long to be a sender's own are not kept."""
    cached = lru_cache(maxsize=4096)(says)

    @wraps(says)
    def ask(key: str, *place: int) -> _Said:
        return (cached if len(key) <= limits.CODE_CHARACTERS else says)(key, *place)

    return ask


@_remembered
def _normal(key: str) -> str:
    return "".join(filter(str.isalnum, key)).casefold()


@_remembered
def _place(key: str) -> int:
    if "card" in key or key in {"cc", "pan"}:
        return _INSIDE
    return _NEAR if key in {"payment", "payments", "guarantee", "deposit"} else _NOWHERE


@_remembered
def _says(key: str, place: int) -> _Says:
    """What a normal key at such a place says of its value."""
    if _SECRET.search(key) or (place != _NOWHERE and _IN_CARD.match(key)):
        return _Says.SECRET
    if _LAST4.search(key):
        return _Says.LAST4
    if place == _INSIDE and not _HARMLESS.match(key):
        return _Says.UNNAMED
    return _Says.NOTHING


@_remembered
def is_harmless(key: str) -> bool:
    normal = _normal(key)
    return (
        len(key) <= limits.CODE_CHARACTERS
        and normal != "value"
        and _place(normal) == _NOWHERE
        and _says(normal, _NEAR) is _Says.NOTHING
    )


# --- JSON ----------------------------------------------------------------------------------


class Walk:
    """One pass over a JSON tree, in place and without recursion."""

    def __init__(self, plain: Plain, foldings: int = 0) -> None:
        self.plain = plain
        self.secrets = frozenset(map(_normal, plain.secrets))
        self.foldings = foldings
        self.removed = 0
        self.todo: list[tuple[dict[str, Any] | list[Any], str, str, int]] = []

    def clean(self, root: Any) -> Any:
        root = self.value(root, "", "", _NOWHERE)
        while self.todo:
            node, path, key, place = self.todo.pop()
            if isinstance(node, dict):
                self.mapping(node, path, place)
            else:
                for index, item in enumerate(node):
                    node[index] = self.value(item, path, key, place)
        return root

    def mapping(self, node: dict[str, Any], path: str, place: int) -> None:
        if "value" in node and any(
            isinstance(name := node.get(pair), str) and _says(_normal(name), place) is _Says.SECRET
            for pair in _PAIR_NAMES
        ):
            node["value"] = self.secret(node["value"])
        for key, value in list(node.items()):
            normal = _normal(key)
            # A sender's key may fill the whole body, and each value below it would copy it.
            below = (f"{path}.{key}" if path else key)[:_PATH]
            clean = self.value(value, below, normal, place)
            clean_key = self.text(key) if len(key) >= SHORTEST else key
            if clean_key != key:
                del node[key]
            node[clean_key] = clean

    def value(self, value: Any, path: str, key: str, place: int) -> Any:
        """What stands in the place of a value; containers are queued."""
        if value is None or isinstance(value, bool):
            return value
        says = _says(key, place)
        if says is _Says.SECRET or key in self.secrets:
            return self.secret(value)
        if isinstance(value, (dict, list)):
            self.todo.append((value, path, key, max(place, _place(key))))
            return value
        if isinstance(value, str):
            return self.string(value, path, says)
        return self.number(value, path, says)

    def secret(self, value: Any) -> Any:
        if (not value and value != 0) or value == REMOVED or isinstance(value, bool):
            return value
        if isinstance(value, str) and (masked := _MASKED.fullmatch(value)):
            kept = f"****{masked[1]}"
            self.removed += kept != value
            return kept
        self.removed += 1
        return REMOVED

    def string(self, value: str, path: str, says: _Says) -> str:
        if says is _Says.LAST4:
            return self.last4(value)
        if says is _Says.UNNAMED and _is_bare_number(value):
            return str(self.secret(value))
        if len(value) < SHORTEST and "c" not in value.lower():
            return value  # too short for a card number, and names no code
        if path in self.plain.ids and not any(map(str.isspace, value)):
            return value
        if path in self.plain.phones and _is_phone(value):
            return value
        if path in self.plain.money and _AMOUNT.fullmatch(value):
            return value
        return self.text(value)

    def number(self, value: float, path: str, says: _Says) -> Any:
        if path in self.plain.ids:
            return value
        spelled = value.whole if isinstance(value, Spelled) else ""
        if not spelled and abs(value) < 1e300:
            spelled = str(int(value))
        clean = self.string(spelled, path, says)
        return value if clean == spelled else clean

    def text(self, value: str) -> str:
        if value[:1] in {"{", "["} and self.foldings < _FOLDINGS:
            try:
                return self.folded(value)
            except orjson.JSONDecodeError:
                pass  # it only begins like JSON
        value, removed = clean_text(value)
        self.removed += removed
        return value

    def folded(self, value: str) -> str:
        """JSON sent as text: cleaned as what it is, so that it can still be read as JSON."""
        within = Walk(self.plain, self.foldings + 1)
        root = within.clean(exact(value, orjson.loads(value)))
        self.removed += within.removed
        return dump_exact(root).decode() if within.removed else value

    def last4(self, value: str) -> str:
        digits = "".join(filter(str.isdigit, value))
        if len(digits) <= 4:
            return value
        self.removed += 1
        return digits[-4:]


def _is_bare_number(value: str) -> bool:
    """Whether an unnamed text in a card may be its number or its security code."""
    digits = re.sub(r"[\s-]", "", value)
    return digits.isdigit() and (len(digits) in {3, 4} or len(digits) >= 12)


def _is_phone(value: str) -> bool:
    """Whether a telephone number is no longer than the 15 digits that E.164 allows."""
    return len(re.sub(r"\D", "", value.removeprefix("00"))) <= 15
