"""Which bookings can be told again: those of which every message is kept, body and place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import asyncpg

    from channel_sync.rebuild.tape import Row

PARKED = "parked"


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A reservation as it is known: its names, and the messages handled for it."""

    reservation_id: int
    channel: str
    reference: str
    replaced_by: int | None
    reference_list: Sequence[str]
    message_ids: Sequence[str]

    @property
    def name(self) -> str:
        """The natural key, as people say it."""
        return f"{self.channel}/{self.reference}"


@dataclass(slots=True)
class Kept:
    """What is told again, and why the rest is not."""

    apart: dict[int, str] = field(default_factory=dict)
    message_ids: set[str] = field(default_factory=set)
    """Of the messages decided again: what they did to other bookings comes again with them."""

    def is_played(self, message: asyncpg.Record) -> bool:
        """Whether this reservation of a message is decided again."""
        number = message["reservation_id"]
        return message["outcome"] != PARKED and number is not None and number not in self.apart

    def is_of_played(self, row: Row) -> bool:
        """Whether a row of history comes again with a message."""
        return row.message_id is not None and row.message_id in self.message_ids


def sort_out(
    bookings: Mapping[int, BookingRow],
    messages: Iterable[asyncpg.Record],
    rows: Iterable[Row],
    began: int,
) -> Kept:
    """Sort the reservations of a property into those to tell again and those to leave apart.

    `began`: the version from which on it is known what the hotel was.
    """
    kept = Kept()
    found: set[tuple[int, str]] = set()
    for message in messages:
        number = message["reservation_id"]
        if number is None or message["outcome"] == PARKED:
            continue
        found.add((number, message["message_id"]))
        why = _unfit(message)
        if why is not None:
            kept.apart.setdefault(number, f"message {message['message_id']} {why}")
    for booking in bookings.values():
        gone = [m for m in booking.message_ids if (booking.reservation_id, m) not in found]
        if gone:
            why = f"message {gone[0]} is not in the log any more"
            kept.apart.setdefault(booking.reservation_id, why)
    for row in rows:
        if row.version <= began:
            why = "it is older than what is known of the hotel"
            kept.apart.setdefault(row.reservation_id, why)
    _take_heirs(bookings, kept)
    kept.message_ids = {m for number, m in found if number not in kept.apart}
    return kept


def _unfit(message: asyncpg.Record) -> str | None:
    if message["body"] is None:
        return "has no body any more"
    if message["version"] is None or message["today"] is None:
        return "was applied before its place was kept"
    return None


def _take_heirs(bookings: Mapping[int, BookingRow], kept: Kept) -> None:
    """A booking that goes on in another is told with it, or neither is."""
    links = [
        (booking.reservation_id, booking.replaced_by)
        for booking in bookings.values()
        if booking.replaced_by is not None
    ]
    for _ in links:
        for one, other in (*links, *((heir, old) for old, heir in links)):
            if other in kept.apart and one not in kept.apart:
                why = f"it goes with {bookings[other].name}: {kept.apart[other]}"
                kept.apart[one] = why
