"""What a decoder reads of a message and from where; what it never read stays behind as extra."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from channel_sync.wire.values import UnfitError, as_flag, as_instant, as_money, as_text, as_whole

if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Self

Sources: TypeAlias = Mapping[str, Sequence[str]]
"""Canonical field ("rooms.arrival") to the paths it was read from ("data[].attributes.amount")."""

_Fit = TypeVar("_Fit")
_LAST4 = re.compile(r"(?<![0-9])[0-9]{4}$")
_INDEX = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class Notes:
    """The record of one reservation's reading: every field, its paths, and the warnings."""

    read: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def note(self, name: str, path: str) -> None:
        """The canonical field `name` was read from `path`."""
        paths = self.read.setdefault(name, [])
        if path not in paths:
            paths.append(path)

    def where(self, name: str) -> str:
        """The paths that a field, with or without indexes, was read from; "" where unknown."""
        return ", ".join(self.read.get(_INDEX.sub("", name), ()))


class Part(ABC):
    """One object of a message, a JSON object or an XML element, that knows its path.

    What is taken is taken out and noted; `rest` is what nobody took. Paths are spelled without
    indexes: "rooms[].checkin_date", "RoomStay/TimeSpan@Start". A decoder asks by such keys:
    a member's name, or names joined by the format's own separator.
    """

    __slots__ = ("notes", "path")

    def __init__(self, path: str, notes: Notes) -> None:
        self.path = path
        self.notes = notes

    @abstractmethod
    def look(self, key: str) -> Any:
        """The single value at a key (text, number, boolean), left where it is; None if none."""

    @abstractmethod
    def drop(self, key: str) -> None:
        """Take what stands at a key out, so that it does not become extra."""

    @abstractmethod
    def below(self, key: str) -> str:
        """The whole path of a key."""

    @abstractmethod
    def parts(self, key: str) -> list[Self]:
        """The objects at a key, in their order: those of a list, or the one that stands there."""

    @abstractmethod
    def rest(self) -> Any:
        """What nobody took, as JSON values; None where nothing is left."""

    def part(self, key: str) -> Self | None:
        """The first object at a key."""
        return next(iter(self.parts(key)), None)

    def take(self, key: str, *fields: str) -> Any:
        """The single value at a key as it stands, noted as the source of these fields."""
        value = self.look(key)
        if value is not None:
            self._took(key, fields)
        return value

    def text(self, key: str, *fields: str) -> str | None:
        """A value as trimmed text. "" is text: it may erase what was said before."""
        return as_text(self.take(key, *fields))

    def code(self, key: str, *fields: str) -> str | None:
        """A value as an id or code; empty is none."""
        return self.text(key, *fields) or None

    def money(self, key: str, *fields: str) -> str | None:
        """An amount as a decimal string; what is none stays in the rest, with a warning."""
        return self._fit(key, fields, as_money)

    def whole(self, key: str, *fields: str) -> int | None:
        """A whole number; what is none stays in the rest, with a warning."""
        return self._fit(key, fields, as_whole)

    def flag(self, key: str, *fields: str) -> bool | None:
        """Yes or no; what is neither stays in the rest, with a warning."""
        return self._fit(key, fields, as_flag)

    def instant(self, key: str, zone: tzinfo, *fields: str) -> str | None:
        """An instant in UTC; one without a zone is of `zone`. What is none stays in the rest."""
        return self._fit(key, fields, lambda value: as_instant(value, zone))

    def last4(self, key: str, *fields: str) -> str | None:
        """The last four digits of a masked card number; scrubbing left no more of it."""
        found = _LAST4.search(self.text(key, *fields) or "")
        return found[0] if found else None

    def _fit(
        self, key: str, fields: Sequence[str], convert: Callable[[Any], _Fit | None]
    ) -> _Fit | None:
        value = self.look(key)
        if value is None:
            return None
        try:
            fit = convert(value)
        except UnfitError as error:
            self.notes.warnings.append(f"{self.below(key)}: {error}; left in extra")
            return None
        self._took(key, fields)
        return fit

    def _took(self, key: str, fields: Sequence[str]) -> None:
        path = self.below(key)
        for name in fields:
            self.notes.note(name, path)
        self.drop(key)
