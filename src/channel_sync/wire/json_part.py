"""A JSON object as a part to read from, its numbers exact."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.json_body import check_json
from channel_sync.wire.limits import CODE_CHARACTERS, ROOMS_PER_MESSAGE
from channel_sync.wire.reading import Notes, Part
from channel_sync.wire.values import UnfitError, as_day, as_money

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

_LONGEST_WHOLE = 300  # digits of a whole number that are still a number


class JsonPart(Part):
    """An object of a JSON tree; keys of nested objects are joined by dots."""

    __slots__ = ("node",)

    def __init__(self, node: dict[str, Any], path: str = "", notes: Notes | None = None) -> None:
        super().__init__(path, notes or Notes())
        self.node = node

    def below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def look(self, key: str) -> Any:
        holder, name = self._holder(key)
        value = None if holder is None else holder.get(name)
        return None if isinstance(value, (dict, list)) else value

    def drop(self, key: str) -> None:
        holder, name = self._holder(key)
        if holder is not None:
            holder.pop(name, None)

    def parts(self, key: str) -> list[JsonPart]:
        holder, name = self._holder(key)
        value = None if holder is None else holder.get(name)
        path = self.below(key)
        if isinstance(value, dict):
            return [JsonPart(value, path, self.notes)]
        if not isinstance(value, list):
            return []
        if len(value) > ROOMS_PER_MESSAGE:  # of anything: more would cost seconds to look at
            raise Unreadable(
                UnreadableReason.TOO_MANY_LINES,
                f"{path}: expected at most {ROOMS_PER_MESSAGE}, got {len(value)}",
            )
        return [JsonPart(i, f"{path}[]", self.notes) for i in value if isinstance(i, dict)]

    def scalars(self, key: str, *fields: str) -> list[Any]:
        """The single values of a list at a key; a list with anything else in it stays."""
        holder, name = self._holder(key)
        value = None if holder is None else holder.get(name)
        if not isinstance(value, list) or any(isinstance(item, (dict, list)) for item in value):
            return []
        for one in fields:
            self.notes.note(one, f"{self.below(key)}[]")
        self.drop(key)
        return value

    def day_prices(self, key: str, *fields: str) -> list[dict[str, str | None]] | None:
        """Nights of an object that names a price for each date; left where one is no price."""
        holder, name = self._holder(key)
        value = None if holder is None else holder.get(name)
        if not isinstance(value, dict) or not value:
            return None
        try:
            nights = [
                {"date": as_day(day), "amount": as_money(price)} for day, price in value.items()
            ]
        except UnfitError as error:
            self.notes.warnings.append(f"{self.below(key)}: {error}; left in extra")
            return None
        for one in fields:
            self.notes.note(one, f"{self.below(key)}.*")
        self.drop(key)
        return [night for night in nights if night["amount"] is not None]

    def rest(self) -> Any:
        return _pruned(self.node)

    def _holder(self, key: str) -> tuple[dict[str, Any] | None, str]:
        """The object that a dotted key's last name stands in, and that name."""
        node: Any = self.node
        *way, name = key.split(".")
        for step in way:
            node = node.get(step)
            if not isinstance(node, dict):
                return None, name
        return node, name


def _pruned(value: Any) -> Any:
    """A value without what is empty, exact decimals as text. The depth was checked before."""
    if isinstance(value, dict):
        kept = {k: p for k, item in value.items() if (p := _pruned(item)) not in (None, "")}
        return kept or None
    if isinstance(value, list):
        return [p for item in value if (p := _pruned(item)) not in (None, "")] or None
    return format(value, "f") if isinstance(value, Decimal) else value


def load_json(body: bytes, context: Context, ids: frozenset[str]) -> tuple[Any, list[str]]:
    """A body's values, fractions as exact decimals, and warnings.

    Raises:
        Unreadable: not_json, too_deep, invalid.
    """
    body, warnings = check_json(body, context.limits.depth, ids)
    try:
        orjson.loads(body)  # stricter than the standard library: no lone surrogates, no NaN
        return json.loads(body, parse_float=_fraction, parse_int=_whole), warnings
    except orjson.JSONDecodeError as error:
        at = f"{error.msg} at character {error.pos}"
        raise Unreadable(UnreadableReason.NOT_JSON, at) from None


def _fraction(spelled: str) -> Decimal | str:
    """Exact; one beyond all measure stays text, for nothing here can hold it."""
    value = Decimal(spelled)
    digits = value.as_tuple()
    if not isinstance(digits.exponent, int) or abs(value.adjusted()) > CODE_CHARACTERS:
        return spelled
    return value


def _whole(spelled: str) -> int | str:
    return int(spelled) if len(spelled) <= _LONGEST_WHOLE else spelled


def whole_of(root: Any) -> JsonPart:
    """The message as one part.

    Raises:
        Unreadable: invalid; it is no object.
    """
    if not isinstance(root, dict):
        refuse_shape("expected an object, got something else")
    return JsonPart(root)


def unfold(part: JsonPart, key: str, context: Context) -> None:
    """Read the JSON text at a key, where some senders put an object as text."""
    value = part.look(key)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        part.node[key], _ = load_json(value.encode(), context, frozenset())


def messages_of(root: Any) -> list[JsonPart]:
    """The message, or the messages of a list, each with notes of its own; what is no object is a
    message that says nothing.
    """
    if not isinstance(root, list):
        return [whole_of(root)]
    return [JsonPart(item if isinstance(item, dict) else {"": item}, "[]") for item in root]


def each_of(whole: JsonPart, key: str) -> list[JsonPart]:
    """The objects at a key, each a reservation with notes of its own."""
    value = whole.node.get(key)
    path = whole.below(key)
    if isinstance(value, dict):
        return [JsonPart(value, path)]
    if not isinstance(value, list):
        return []
    return [JsonPart(i if isinstance(i, dict) else {"": i}, f"{path}[]") for i in value]


def each_in(whole: JsonPart, *keys: str) -> list[JsonPart]:
    """Those at the first of the keys that holds an object or a list, be it empty; the message
    itself where none of them does.
    """
    for key in keys:
        if isinstance(whole.node.get(key), (dict, list)):
            return each_of(whole, key)
    return [whole]


def refuse_shape(detail: str, reason: UnreadableReason = UnreadableReason.INVALID) -> NoReturn:
    """The body is JSON, and no reservation that this format sends.

    Raises:
        Unreadable: invalid, or the reason given.
    """
    raise Unreadable(reason, detail)
