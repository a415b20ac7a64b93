"""JSON numbers as they are spelled, through reading and writing again."""

from __future__ import annotations

import json
from typing import Any

import orjson

_SAFE_DIGITS = 15  # so many of a number survive binary floating point, and 64 bits


class Spelled(float):
    """A number that remembers its spelling: as a float it may be rounded."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, spelling: str) -> Spelled:  # noqa: PYI034 - it is final in all but name
        """The number that a JSON text spells so."""
        made = super().__new__(cls, spelling)
        made.spelling = spelling
        return made

    @property
    def whole(self) -> str:
        """The digits before the point, exact; "" where the spelling has an exponent."""
        whole = self.spelling.partition(".")[0]
        return "" if "e" in self.spelling.lower() else whole


def exact(text: str, root: Any) -> Any:
    """The value of a JSON text, its numbers remembering their spelling.

    `root` is the value as orjson read it, and is what comes back where the text nests deeper than
    the standard library follows: such a message is refused for its depth anyway.
    """
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_float=Spelled, parse_int=_whole)
    except RecursionError:
        return root


def dump_exact(root: Any) -> bytes:
    """The JSON of such a value, every number spelled as it was."""
    return orjson.dumps(root, default=_spell)


def _whole(spelling: str) -> int | Spelled:
    return int(spelling) if len(spelling) <= _SAFE_DIGITS else Spelled(spelling)


def _spell(value: Any) -> orjson.Fragment:
    if not isinstance(value, Spelled):
        raise TypeError
    return orjson.Fragment(value.spelling)
