"""History tells the state: all events of a booking, folded, are the booking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from channel_sync.core.evolve import BOOKING_FIELDS, STAY_FIELDS, evolve
from channel_sync.core.model import Event, Reservation, Stay
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, HOTEL

RENAMED = {"channel_line": None, "unit": 1}
"""What a provider deals out anew is bookkeeping: no event tells of it."""


TOLD = frozenset({*STAY_FIELDS, *BOOKING_FIELDS}) - {"references"}
"""References are learnt without a row of history (M12)."""


def history_tells_the_state(hotel: Hotel) -> None:
    """`evolve` over all events of a booking is the booking."""
    for number, booking in hotel.bookings.items():
        told = Reservation(HOTEL, number, CHANNEL, "", ())
        for event in (event for owner, event in hotel.events if owner == number):
            tells_the_old(told, event)
            told = evolve(told, event)
        for name in BOOKING_FIELDS:
            if name != "references":
                assert getattr(told, name) == getattr(booking, name), name
        assert told.base == booking.base
        assert stays_told(told.stays) == stays_told(booking.stays)


def tells_the_old(told: Reservation, event: Event) -> None:
    """The old values of an event are what was held before it."""
    stay = next((s for s in told.stays if s.line == event.line), None)
    for fact in event.facts:
        holder = stay if fact.field in STAY_FIELDS else told
        if holder is not None and fact.field in TOLD:
            assert getattr(holder, fact.field) == fact.old, (event.name, fact)


def stays_told(stays: Sequence[Stay]) -> list[Stay]:
    return [
        replace(s, to_place=False, base=replace(s.base, **RENAMED) if s.base else None)  # type: ignore[arg-type]
        for s in stays
    ]
