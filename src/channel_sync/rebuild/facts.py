"""Writes rows of history, and the state that they lead to, as they stand: nothing is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from channel_sync.core.draft import Draft
from channel_sync.core.evolve import evolve
from channel_sync.core.model import ROOM_REASONS, Event, Outcome, Reservation, TaskState
from channel_sync.core.plan import Layout, Plan
from channel_sync.rebuild.guests import without
from channel_sync.scribe import Scribe
from channel_sync.store.codec import read_facts
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import Trips, load_reservations, lock_properties, save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Literal

    import asyncpg

    from channel_sync.core.model import Property
    from channel_sync.rebuild.kept import BookingRow
    from channel_sync.rebuild.tape import Row

SETTLES = frozenset({"assigned"})
"""Events of the program, by staff, that settle the room task of their stay."""


async def tell_facts(
    connection: asyncpg.Connection,
    property_id: str,
    rows: Sequence[Row],
    bookings: Mapping[int, BookingRow],
    today: date,
) -> None:
    """Write these rows at once, and the bookings as they are after them.

    A booking not told yet is made, under the number that it has.
    """
    trips = Trips(connection)
    await lock_properties(trips, [property_id])
    (house,) = await load_properties(connection, [property_id])
    held = await _held(trips, property_id, rows, bookings)
    scribe = Scribe(dict(held), {property_id: house.version})
    last = house.last_reservation_id
    for row in rows:
        key = (property_id, row.reservation_id)
        known = held.get(key) or _new(property_id, bookings[row.reservation_id])
        last = max(last, known.reservation_id)
        held[key] = _tell(scribe, house, known, row, today)
    await save(trips, scribe.finish({property_id: last}))


async def _held(
    trips: Trips, property_id: str, rows: Sequence[Row], bookings: Mapping[int, BookingRow]
) -> dict[tuple[str, int], Reservation]:
    """The bookings as they were told up to now, by the numbers that the tape calls them by."""
    numbers = dict.fromkeys(row.reservation_id for row in rows)
    names = [
        (property_id, bookings[number].channel, reference)
        for number in numbers
        for reference in bookings[number].reference_list
    ]
    references, reservations = await load_reservations(trips, names)
    held = {}
    for number in numbers:
        for reference in bookings[number].reference_list:
            found = references.get((property_id, bookings[number].channel, reference))
            if found is not None:
                held[property_id, number] = reservations[property_id, found]
    return held


def _new(property_id: str, booking: BookingRow) -> Reservation:
    """What its first event makes of it is all that is known."""
    return Reservation(
        property_id,
        booking.reservation_id,
        booking.channel,
        booking.reference,
        tuple(booking.reference_list),
    )


def _tell(
    scribe: Scribe, house: Property, known: Reservation, row: Row, today: date
) -> Reservation:
    plan = Plan(Layout.of(house), {}, {}, {})
    by = cast("Literal['channel', 'staff', 'system']", row.actor_type)
    draft = Draft(house, known, plan, today, cause=row.actor, actor_type=by)
    facts = read_facts(without(row.facts), row.line)
    event = Event(row.event, row.line, facts, row.reason, row.rule, by)
    draft.reservation = evolve(known, event)
    draft.events.append(event)  # also one without facts: it is what happened
    if row.event in SETTLES and row.line is not None:
        draft.settle(row.line, ROOM_REASONS, state=TaskState.DONE, by=row.actor)
    decision = draft.decided(Outcome.MODIFIED)
    scribe.write(
        draft.reservation,
        decision,
        actor=row.actor,
        message_id=row.message_id,
        revision=row.revision,
    )
    return draft.reservation
