"""The room plan of some nights as values, with a label for each stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from string import ascii_uppercase


@dataclass(frozen=True, slots=True)
class Room:
    """A row of the plan."""

    room: str
    category: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """A room, or (None) no room, on the nights [from_date, to_date): a stay in it, or a block.

    `reference` is None for a block. `why` is a block's reason, or why a person is asked.
    """

    room: str | None
    category: str | None
    from_date: date
    to_date: date
    reference: str | None = None
    line: str | None = None
    held: bool = False
    pinned: bool = False
    begun: bool = False
    why: str | None = None

    @property
    def is_block(self) -> bool:
        """Whether nobody stays there: the room is out of order."""
        return self.reference is None

    @property
    def booking(self) -> str:
        """The reference and the line of a stay."""
        return printable(f"{self.reference}/{self.line}")


@dataclass(frozen=True, slots=True)
class Counted:
    """A category that is counted: how many stays it has on each night."""

    category: str
    units: int
    stays: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """Rooms in room order, spans by room and date; `waiting` are the stays without a room."""

    name: str
    first: date
    end: date
    today: date
    rooms: tuple[Room, ...]
    spans: tuple[Span, ...]
    waiting: tuple[Span, ...] = ()
    counted: tuple[Counted, ...] = ()

    @property
    def nights(self) -> tuple[date, ...]:
        """The nights drawn, [first, end)."""
        return tuple(self.first + timedelta(days=i) for i in range((self.end - self.first).days))

    def by_room(self) -> tuple[tuple[Span, ...], ...]:
        """Who has each room, in room order and there in order of date."""
        spans: dict[str | None, list[Span]] = {room.room: [] for room in self.rooms}
        for span in sorted(self.spans, key=lambda span: span.from_date):
            spans[span.room].append(span)
        return tuple(map(tuple, spans.values()))

    def in_order(self) -> tuple[Span, ...]:
        """The stays in the order in which a reader meets them, then those without a room."""
        placed = (span for spans in self.by_room() for span in spans if not span.is_block)
        return (*placed, *self.waiting)

    def labels(self) -> dict[str, str]:
        """A label for each stay, by its booking: A to Z, AA to ZZ, AAA …"""
        bookings = dict.fromkeys(span.booking for span in self.in_order())
        return dict(zip(bookings, _letters(len(bookings)), strict=True))


def printable(text: str) -> str:
    """What a channel or a person wrote, without signs that steer a terminal or break a page."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _letters(many: int) -> Iterable[str]:
    """As many labels, the shortest first."""
    made: list[str] = []
    before = [""]
    while len(made) < many:
        before = [prefix + letter for prefix in before for letter in ascii_uppercase]
        made += before
    return made[:many]
