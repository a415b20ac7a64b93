"""After a scenario: the events of the history, folded, are the bookings that it left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from channel_sync.core.evolve import BOOKING_FIELDS, STAY_FIELDS, evolve
from channel_sync.core.model import Event, Reservation, Stay
from channel_sync.store.codec import read_facts
from channel_sync.store.connect import borrowed
from channel_sync.store.slices import Trips, load_reservations
from tests.acceptance.stage import Stage, StepFailedError

BOOKKEEPING = {"references", "to_place"}
"""Names learned without an event, and the planner's own mark."""

HISTORY = """
SELECT h.reservation_id, h.line, h.event, h.facts::text AS facts
FROM history h WHERE h.property_id = $1 ORDER BY h.version
"""
KEYS = "SELECT property_id, channel, reference FROM reservation WHERE property_id = $1"
ROOMS = """
SELECT count(*) FROM (
    SELECT n.night, a.room
    FROM stay s, unnest(s.rooms) a, generate_series(a.from_date, a.to_date - 1, '1 day') n(night)
    WHERE s.property_id = $1
    EXCEPT
    SELECT night, room FROM room_night WHERE property_id = $1 AND block_id IS NULL) missing
"""


async def audit(stage: Stage) -> None:
    """Fold the history of the property and compare; and its room nights with its stays.

    Raises:
        StepFailedError: history and state tell different stories.
    """
    async with borrowed(stage.worker) as connection:
        rows = await connection.fetch(HISTORY, stage.property_id)
        keys = [tuple(row) for row in await connection.fetch(KEYS, stage.property_id)]
        async with connection.transaction():
            _, held = await load_reservations(Trips(connection), keys)
        missing = await connection.fetchval(ROOMS, stage.property_id)
    folded: dict[int, Reservation] = {
        number: Reservation(property_id, number, one.channel, "", ())
        for (property_id, number), one in held.items()
    }
    for row in rows:
        number = row["reservation_id"]
        if number in folded:
            facts = read_facts(json.loads(row["facts"]), row["line"])
            event = Event(row["event"], row["line"], facts)
            folded[number] = evolve(folded[number], event)
    differences = [
        line for one in held.values() for line in _differences(folded[one.reservation_id], one)
    ]
    if missing:
        differences.append(f"{missing} nights of stays are not in room_night")
    if differences:
        raise StepFailedError("history and state differ:\n" + "\n".join(differences))


def _differences(told: Reservation, held: Reservation) -> list[str]:
    found = _compare(held.reference, told, held, BOOKING_FIELDS)
    found += _compare(held.reference, told, held, ("base",))
    stays = {stay.line: stay for stay in told.stays}
    for stay in held.stays:
        where = f"{held.reference}/{stay.line}"
        if stay.line not in stays:
            found.append(f"{where}: no event tells of the stay")
            continue
        found += _compare(where, stays[stay.line], stay, STAY_FIELDS)
        found += _compare(where, _nameless(stays[stay.line]), _nameless(stay), ("base",))
    return found


def _nameless(stay: Stay) -> Stay:
    """The stay without names that a provider deals out anew with every message."""
    if stay.base is None or stay.base.is_stable:
        return stay
    return replace(stay, base=replace(stay.base, channel_line=None, unit=1))


def _compare(where: str, told: Any, held: Any, names: tuple[str, ...]) -> list[str]:
    return [
        f"{where}: {name} is {getattr(held, name)!r}, the history says {getattr(told, name)!r}"
        for name in names
        if name not in BOOKKEEPING and getattr(told, name) != getattr(held, name)
    ]
