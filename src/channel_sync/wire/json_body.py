"""What every JSON format asks of a body, and what its errors look like to the sender."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.scrub import scrub_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"
_NOT_BRACKETS = bytes(set(range(256)) - set(_OPENING + _CLOSING))


def depth_of(body: bytes) -> int:
    """How deep brackets nest in a JSON text, valid or not; brackets in strings do not count."""
    deepest = depth = 0
    for byte in _STRING.sub(b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if byte in _OPENING else -1
        deepest = max(deepest, depth)
    return deepest


def check_json(body: bytes, max_depth: int, ids: frozenset[str]) -> tuple[bytes, list[str]]:
    """The body as a strict JSON parser may have it, and warnings.

    A byte order mark goes. NUL characters, which PostgreSQL cannot store, are taken out of texts;
    in an id (a path in `ids`) they are refused, since it would become another id.

    Raises:
        Unreadable: too_deep, not_json (NaN and Infinity are no JSON), invalid.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body.count(b"[") + body.count(b"{") > max_depth and (found := depth_of(body)) > max_depth:
        raise Unreadable(
            UnreadableReason.TOO_DEEP, f"expected at most {max_depth} levels, got {found}"
        )
    if b"NaN" in body or b"Infinity" in body:
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _not_json(error.msg, error.pos) from None
    if b"\\u0000" in body:
        return _without_nul(body, ids)
    return body, []


def split_list(body: bytes) -> list[bytes]:
    """The values of a JSON list, each as it is spelled.

    Raises:
        Unreadable: not_json.
    """
    text = body.decode()
    found = []
    at = _skip(text, text.index("[") + 1)
    more = text[at : at + 1] != "]"
    while more:
        try:
            _, end = _SCANNER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _not_json(error.msg, error.pos) from None
        found.append(text[at:end].encode())
        at = _skip(text, end)
        if text[at : at + 1] not in {",", "]"}:
            raise _not_json("expected , or ]", at)
        more = text[at] == ","
        at = _skip(text, at + 1) if more else at
    if (at := _skip(text, at + 1)) < len(text):
        raise _not_json("expected the end", at)
    return found


_SCANNER = json.JSONDecoder(parse_int=str, parse_float=str)  # only where values end is wanted
_SPACE = re.compile(r"[ \t\r\n]*")


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def _not_json(said: str, at: int) -> Unreadable:
    return Unreadable(UnreadableReason.NOT_JSON, f"{said} at character {at}")


def _without_nul(body: bytes, ids: frozenset[str]) -> tuple[bytes, list[str]]:
    try:
        root = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body, []  # the decoder says what is wrong
    found: set[str] = set()
    root = _rid_of_nul(root, "", ids, found)
    if not found:
        return body, []
    return orjson.dumps(root), [f"NUL characters removed: {', '.join(sorted(found))}"]


def _rid_of_nul(value: Any, path: str, ids: frozenset[str], found: set[str]) -> Any:
    """The value without NUL characters. Recursive: the depth of the body was checked before."""
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            if "\0" in key:
                found.add(f"a key in {path or 'message'}")
            clean = key.replace("\0", "")
            kept[clean] = _rid_of_nul(item, f"{path}.{clean}" if path else clean, ids, found)
        return kept
    if isinstance(value, list):
        return [_rid_of_nul(item, path, ids, found) for item in value]
    if not isinstance(value, str) or "\0" not in value:
        return value
    if path in ids:
        raise Unreadable(UnreadableReason.INVALID, f"{path}: expected an id without NUL characters")
    found.add(path)
    return value.replace("\0", "")


def dump_sorted(value: Any) -> str:
    """One spelling of a JSON value, keys sorted; whole numbers of any size."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# --- Errors --------------------------------------------------------------------------------

_DATE = "a date such as 2026-04-10"
_INSTANT = "an instant with its zone, such as 2026-03-01T10:15:00Z"
_MONEY = 'a decimal string such as "330.00", at most 19 digits before the point and 9 after'
_EXPECTED = {
    **dict.fromkeys(("arrival", "departure", "date", "active_from", "active_to"), _DATE),
    **dict.fromkeys(("modified_at", "booked_at"), _INSTANT),
    **dict.fromkeys(("amount", "total", "balance", "cancellation_fee"), _MONEY),
    "currency": "three letters such as EUR",
}
_QUOTED = frozenset(_EXPECTED) | {
    "schema",
    "status",
    "completeness",
    "revision",
    "units",
    "adults",
    "children",
    "line_is_stable",
    "is_virtual",
}
"""The keys whose wrong value may be shown: no guest's words, nothing personal."""

_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def spell_path(location: Sequence[int | str]) -> str:
    """`("rooms", 0, "arrival")` as `rooms[0].arrival`."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif re.fullmatch(r"[a-z_][a-z0-9_]*", step) and step not in {"str", "int"}:
            path += f".{step}" if path else step
        # Anything else names a branch of a union, not a key.
    return path


def quote(value: object) -> str:
    """A wrong value as an error may show it: short, on one line, without card numbers."""
    spelled = json.dumps(value, ensure_ascii=True, default=str)[:200]
    spelled = scrub_text(spelled)
    return spelled if len(spelled) <= 60 else f"{spelled[:57]}…"


def refuse_invalid(error: ValidationError, prefix: str = "") -> Unreadable:
    """The first thing that is wrong, as the sender should read it.

    `prefix` says which message of several it is ("[2].").
    """
    first = error.errors(include_url=False)[0]
    kind, message, location = first["type"], first["msg"], first["loc"]
    if kind == "json_invalid":
        said = message.removeprefix("Invalid JSON: ")
        if "recursion limit" in said:
            return Unreadable(UnreadableReason.TOO_DEEP, said)
        if "surrogate" in said or "hex escape" in said:
            return Unreadable(UnreadableReason.INVALID, f"expected Unicode text: {said}")
        return Unreadable(UnreadableReason.NOT_JSON, said)
    path = prefix + spell_path(location) if location else prefix.rstrip(".") or "message"
    leaf = next((step for step in reversed(location) if isinstance(step, str)), "")
    leaf = leaf if leaf in _EXPECTED or leaf in _QUOTED else path.rpartition(".")[2]
    if kind == "missing":
        return Unreadable(UnreadableReason.INVALID, f"{path}: expected, but missing")
    if kind == "too_long" and path.endswith("rooms"):
        return Unreadable(UnreadableReason.TOO_MANY_LINES, f"{path}: {message}")
    value = first["input"]
    expected = message.partition("should ")[2].removeprefix("be ").removeprefix("have ") or message
    if kind in {"string_pattern_mismatch", "string_type"}:
        expected = _EXPECTED.get(leaf, expected)
    if isinstance(value, (dict, list)) or leaf not in _QUOTED:
        got = _KINDS.get(type(value), "something else")
        if isinstance(value, str):
            got = f"text of {len(value)} characters"
    else:
        got = quote(value)
    return Unreadable(UnreadableReason.INVALID, f"{path}: expected {expected}, got {got}")
