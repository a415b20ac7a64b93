"""Looks at guests: bookings that have none are linked, unwanted guests are told of (rule G12)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from channel_sync.core.welcome import emails_and_guests, look_at, welcome
from channel_sync.scribe import Scribe
from channel_sync.store.codec import guest_row, read_guest
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import Trips, Writes, load_guests, load_reservations, save
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from datetime import date

SQL = statements("planning")

ACTOR = "channel-sync"
"""Who the planner's history rows are by."""

AT_ONCE = 500
"""Bookings without a guest that one look links; the rest waits for the next."""


async def plan_guests(
    trips: Trips, property_id: str, version: int, today: date
) -> tuple[int, bool]:
    """Look at the guests of a property whose row is locked, as it stands at a version.

    Returns the version since, and whether the property has to be looked at again. Where nothing
    changed this costs a few look-ups by index.
    """
    await _look_at_changed(trips, property_id)
    rows = await trips.connection.fetch(SQL["load_guestless"], property_id, today, AT_ONCE)
    if not rows:
        return version, False
    (house,) = await load_properties(trips.connection, [property_id])
    keys = [(row["property_id"], row["channel"], row["reference"]) for row in rows]
    _, reservations = await load_reservations(trips, keys)
    bookings = tuple(reservations.values())
    known = await load_guests(trips, *emails_and_guests({property_id: house}, bookings))
    changed = await asyncio.to_thread(welcome, house, known, bookings, today)
    scribe = Scribe(reservations, {property_id: house.version})
    for reservation, decision in changed:
        scribe.write(reservation, decision, actor=ACTOR)
    await save(trips, scribe.finish({property_id: house.last_reservation_id}))
    more = sum(row["guest_id"] is None for row in rows) >= AT_ONCE
    return scribe.versions[property_id], more


async def _look_at_changed(trips: Trips, property_id: str) -> None:
    """Compare the guests that staff changed, or all if the list changed, with the list."""
    rows = await trips.connection.fetch(SQL["load_guests_to_look_at"], property_id)
    await trips.connection.execute(SQL["list_looked_at"], property_id)
    if not rows:
        return
    (house,) = await load_properties(trips.connection, [property_id])
    before = [read_guest(row["guest"]) for row in rows]
    after = await asyncio.to_thread(lambda: [look_at(house, guest) for guest in before])
    writes = Writes()
    for was, guest in zip(before, after, strict=True):
        if was != guest:
            writes.guests[guest.property_id, guest.guest_id] = guest_row(guest)
    await save(trips, writes)
    await trips.connection.execute(SQL["guests_looked_at"], property_id)
