"""Gives the stay of a task its room, by a proposal or by name: checked and written in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channel_sync.core.assign import NotAssigned
from channel_sync.core.assign import assign as decide_assignment
from channel_sync.core.draft import Draft
from channel_sync.errors import Refused
from channel_sync.scribe import Scribe
from channel_sync.store.connect import borrowed
from channel_sync.store.neighbours import load_moved, load_neighbours
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import (
    Trips,
    load_plans,
    load_reservations,
    lock_properties,
    save,
)
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    import asyncpg

    from channel_sync.records import TodayOf

SQL = statements("planning")


async def assign(
    pool: asyncpg.Pool,
    *,
    today_of: TodayOf,
    actor: str,
    task_id: int | None = None,
    property_id: str | None = None,
    reference: str | None = None,
    line: str | None = None,
    reason: str | None = None,
    proposal: int | None = None,
    room: str | None = None,
) -> None:
    """Settle an open room task by its n-th proposal (from 1) or by a room that a person names.

    The task is named by its id, or by reference and as much of line and reason as is needed.

    Raises:
        Refused: no such open task, or the room cannot be had any more; then the task's
            proposals are worked out anew.
    """
    if (proposal is None) == (room is None):
        raise Refused("name either a proposal or a room")
    refusal: str | None = None
    async with borrowed(pool) as connection, connection.transaction():
        found = await connection.fetch(
            SQL["find_task"], property_id, task_id, reference, line, reason
        )
        if len(found) != 1:
            raise Refused("no such open task" if not found else "several open tasks fit: say which")
        task_row = found[0]
        trips = Trips(connection)
        await lock_properties(trips, [task_row["property_id"]])
        refusal = await _assign(trips, task_row, today_of, actor, proposal, room)
        await connection.execute(SQL["mark_due"], task_row["property_id"])
    if refusal is not None:
        raise Refused(refusal)


async def _assign(
    trips: Trips,
    task_row: asyncpg.Record,
    today_of: TodayOf,
    actor: str,
    proposal: int | None,
    room: str | None,
) -> str | None:
    """Decide and write under the property's lock; why not, where it cannot be done."""
    property_id = task_row["property_id"]
    (house,) = await load_properties(trips.connection, [property_id])
    today = today_of(house.timezone, house.policy.day_starts)
    key = (property_id, task_row["channel"], task_row["reference"])
    _, reservations = await load_reservations(trips, [key])
    (reservation,) = reservations.values()
    task = next((t for t in reservation.tasks if t.task_id == task_row["task_id"]), None)
    if task is None:
        return "the task is not open any more"
    where = {property_id: (house, today)}
    plans = await load_plans(trips, where)
    neighbours = await load_neighbours(trips, where) if proposal is not None else {}
    draft = Draft(house, reservation, plans[property_id], today, cause=actor, actor_type="staff")
    draft.neighbours = neighbours.get(property_id)
    decision = decide_assignment(draft, task, proposal=proposal, room=room, actor=actor)
    if isinstance(decision, NotAssigned):
        return decision.why
    moves = [(property_id, moved) for moved in decision.moves]
    made_room = await load_moved(trips, moves, reservations.keys())
    scribe = Scribe({**reservations, **made_room}, {property_id: house.version})
    scribe.write(draft.reservation, decision, actor=actor)
    await save(trips, scribe.finish({property_id: house.last_reservation_id}))
    return None
