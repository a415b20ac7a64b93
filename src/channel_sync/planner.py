"""Looks again at properties that somebody changed: rooms for those who wait, tasks renewed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from channel_sync.core.look import Look
from channel_sync.core.neighbours import NeighboursNeeded
from channel_sync.core.replan import Replanned, replan
from channel_sync.errors import Refused
from channel_sync.guest_planner import ACTOR, plan_guests
from channel_sync.records import Planned
from channel_sync.scribe import Scribe
from channel_sync.store.connect import borrowed
from channel_sync.store.neighbours import load_moved, load_neighbours
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import PlanChanged, Trips, load_plans, load_reservations, save
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import asyncpg

    from channel_sync.core.model import Property, Reservation
    from channel_sync.core.plan import StayKey
    from channel_sync.records import TodayOf

SQL = statements("planning")

LOOK_NODES = 100_000
"""How many rooms one look at a property may look at in its searches for moves.

The property is locked meanwhile, and its messages wait; what is left over is the next look's.
"""


async def plan_next(pool: asyncpg.Pool, *, today_of: TodayOf) -> Planned | None:
    """Plan one property that is due, if any can be had.

    A property that another planner holds is left to it; one that cannot be planned raises, and
    comes after all others from then on. What the front desk changes meanwhile makes the property
    due again.
    """
    while True:
        async with borrowed(pool) as connection:
            try:
                return await _plan_due(connection, today_of)
            except PlanChanged:
                continue  # rolled back and still due: look again, as the front desk left it


async def count_due(pool: asyncpg.Pool) -> int:
    """How many properties the planner has to look at."""
    return int(await pool.fetchval(SQL["count_due"]))


async def plan_property(
    connection: asyncpg.Connection,
    property_id: str,
    *,
    today_of: TodayOf,
    apart: frozenset[int] = frozenset(),
) -> Planned:
    """Plan one property whether or not it is due, within the caller's transaction.

    `apart` are the ids of reservations that are left as they are: of them others tell.

    Raises:
        PlanChanged: somebody moved a stay meanwhile; the transaction is to be rolled back.
    """
    row = await connection.fetchrow(SQL["take_property"], property_id)
    if row is None:
        raise Refused(f"there is no property {property_id}")
    return await _plan(connection, row, today_of, apart)


async def _plan_due(connection: asyncpg.Connection, today_of: TodayOf) -> Planned | None:
    """Plan the property whose turn it is, in one transaction."""
    property_id: str | None = None
    try:
        async with connection.transaction():
            due = await connection.fetchrow(SQL["take_due_property"])
            if due is None:
                return None
            property_id = due["property_id"]
            return await _plan(connection, due, today_of)
    except PlanChanged:
        raise
    except Exception:
        if property_id is not None and not connection.is_closed():
            await connection.execute(SQL["mark_failed"], property_id)
        raise


async def _plan(
    connection: asyncpg.Connection,
    due: asyncpg.Record,
    today_of: TodayOf,
    apart: frozenset[int] = frozenset(),
) -> Planned:
    """Plan a property whose row is locked; where nobody waits there is nothing to load."""
    trips = Trips(connection)
    property_id = due["property_id"]
    today = today_of(due["timezone"], due["day_starts"])
    version, more = await plan_guests(trips, property_id, due["version"], today)
    look = Look(LOOK_NODES, _searched_before(due))
    rows = await connection.fetch(SQL["load_waiting"], property_id, today)
    if rows:
        (house,) = await load_properties(connection, [property_id])
        keys = [(row["property_id"], row["channel"], row["reference"]) for row in rows]
        _, reservations = await load_reservations(trips, keys)
        waiting = tuple(r for r in reservations.values() if r.reservation_id not in apart)
        replanned = await _replan(trips, house, waiting, today, look)
        if replanned.changed:
            await connection.execute(SQL["record_look"], property_id, version, today)
        moves = [(property_id, moved) for _, d in replanned.changed for moved in d.moves]
        made_room = await load_moved(trips, moves, reservations.keys())
        scribe = Scribe({**reservations, **made_room}, {property_id: house.version})
        for reservation, decision in replanned.changed:
            scribe.write(reservation, decision, actor=ACTOR)
        await save(trips, scribe.finish({property_id: house.last_reservation_id}))
        version = scribe.versions[property_id]
    searched = look.done | look.searched if look.is_cut_short else None
    await connection.execute(SQL["mark_planned"], property_id, _as_text(searched))
    if more:
        await connection.execute(SQL["mark_due"], property_id)
    return Planned(property_id, version)


async def _replan(
    trips: Trips, house: Property, waiting: tuple[Reservation, ...], today: date, look: Look
) -> Replanned:
    """Decide; who may be moved is loaded only where moving them could help."""
    where = {house.property_id: (house, today)}
    plan = (await load_plans(trips, where))[house.property_id]
    try:
        return await asyncio.to_thread(replan, house, plan, waiting, today, look=look)
    except NeighboursNeeded:
        known = (await load_neighbours(trips, where))[house.property_id]
    return await asyncio.to_thread(replan, house, plan, waiting, today, neighbours=known, look=look)


def _searched_before(due: asyncpg.Record) -> frozenset[StayKey]:
    """The stays that a look which was cut short has searched for, while nothing changed since."""
    pairs = [text.partition("/") for text in due["searched"] or ()]
    return frozenset((int(number), line) for number, _, line in pairs)


def _as_text(keys: Iterable[StayKey] | None) -> list[str] | None:
    """Stays as an array of the database: reservation id and line."""
    return None if keys is None else sorted(f"{number}/{line}" for number, line in keys)
