"""Staff's edits told again: by the function that staff called, else as the facts that it left."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from channel_sync.errors import Refused
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import asyncpg

    from channel_sync.rebuild.tape import Row, Settled

SQL = statements("rebuild")
STAFF = statements("staff")

EDITABLE = frozenset(
    {
        *("arrival", "departure", "adults", "children", "rate_plan", "amount", "currency"),
        *("comments", "staff_note", "guest_names"),
        *("booking_comments", "booker_name", "contact_email", "contact_phone", "contact_address"),
    }
)
"""What `edit_stay` takes; the other facts of an edit follow from these."""

Call: TypeAlias = "tuple[str, tuple[object, ...]]"
"""A statement of `staff.sql`, and what it takes after property and reference."""


def _now(row: Row, field: str) -> Any:
    """What a field became; KeyError where the row does not say."""
    return row.facts[field][1]


def _why(row: Row) -> str | None:
    return row.reason or None


def _plainly(name: str) -> Callable[[Row], Call]:
    """A function that takes a stay, who does it, and why."""
    return lambda row: (name, (row.line, row.actor, _why(row)))


def _move(row: Row) -> Call:
    last = _now(row, "rooms")[-1]
    whole = len(_now(row, "rooms")) == 1
    start = None if whole else date.fromisoformat(last["from_date"])
    return "move", (row.line, last["room"], start, row.actor, _why(row))


def _edit(row: Row) -> Call:
    changes = {field: pair[1] for field, pair in row.facts.items() if field in EDITABLE}
    if not changes:
        raise KeyError("edited")
    return "edit", (row.line, json.dumps(changes), row.actor, _why(row))


def _note(row: Row) -> Call:
    return "note", (row.line, _now(row, "staff_note"), row.actor)


def _policy(row: Row) -> Call:
    return "policy", (_now(row, "ota_room_policy"), row.actor)


def _invoice_contact(row: Row) -> Call:
    contact = _now(row, "invoice_contact")
    return "invoice_contact", (json.dumps(contact), row.actor)


RETOLD: dict[str, Callable[[Row], Call]] = {
    "moved": _move,
    "pinned": _plainly("pin"),
    "unpinned": _plainly("unpin"),
    "edited": _edit,
    "noted": _note,
    "checked_in": _plainly("check_in"),
    "checked_out": _plainly("check_out"),
    "no_show": _plainly("no_show"),
    "cancelled": _plainly("cancel"),
    "reinstated": _plainly("reinstate"),
    "policy": _policy,
    "invoice_contact": _invoice_contact,
}
"""By the event that a function of staff leaves in history: how it was called.

An event that is not listed is told as its facts.
"""


async def retell(
    connection: asyncpg.Connection, property_id: str, reference: str, reservation_id: int, row: Row
) -> bool:
    """Tell one edit again; False where neither its function nor a plain change comes to its facts.

    Then nothing was written.
    """
    for attempt in (_by_function, _by_hand):
        version = await connection.fetchval(SQL["property_version"], property_id)
        transaction = connection.transaction()
        await transaction.start()
        try:
            done = await attempt(connection, property_id, reference, reservation_id, row)
            fits = done and await _facts_since(connection, property_id, version) == [
                (row.line, row.event, dict(row.facts))
            ]
        except Exception as error:
            await transaction.rollback()
            if not _is_refusal(error):
                raise
            continue
        if fits:
            await transaction.commit()
            return True
        await transaction.rollback()
    return False


async def _by_function(
    connection: asyncpg.Connection, property_id: str, reference: str, _: int, row: Row
) -> bool:
    try:
        name, arguments = RETOLD[row.event](row)
    except (KeyError, IndexError, TypeError):
        return False
    await connection.execute(STAFF[name], property_id, reference, *arguments)
    return True


async def _by_hand(
    connection: asyncpg.Connection, property_id: str, _: str, reservation_id: int, row: Row
) -> bool:
    """As a PMS that writes tables does it: the triggers see to the rest."""
    await connection.execute(SQL["act_as_owner"])
    await connection.execute(SQL["speak"], row.actor, row.event, _why(row))
    changes = json.dumps({field: pair[1] for field, pair in row.facts.items()})
    if row.line is None:
        await connection.execute(SQL["update_booking"], property_id, reservation_id, changes)
    else:
        await connection.execute(SQL["update_stay"], property_id, reservation_id, row.line, changes)
    await connection.execute(SQL["speak"], None, None, None)
    return True


async def _facts_since(
    connection: asyncpg.Connection, property_id: str, version: int
) -> list[tuple[str | None, str, Mapping[str, Any]]]:
    rows = await connection.fetch(SQL["load_facts"], property_id, version)
    return [(row["line"], row["event"], json.loads(row["facts"])) for row in rows]


def _is_refusal(error: Exception) -> bool:
    """Whether the database said no to what was asked, and is otherwise well."""
    state = str(getattr(error, "sqlstate", "") or "")
    return state.startswith(("CS", "22", "23"))


async def settle(
    connection: asyncpg.Connection, property_id: str, reservation_id: int, step: Settled
) -> None:
    """Accept or dismiss the task again that staff settled.

    Raises:
        Refused: there is no such open task.
    """
    task_id = await connection.fetchval(
        SQL["find_open_task"], property_id, reservation_id, step.line, step.reason
    )
    if task_id is None:
        raise Refused(f"no task {step.reason} is open")
    await connection.execute(STAFF[step.verb], property_id, task_id, step.actor, step.why)
