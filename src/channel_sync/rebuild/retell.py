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

OF_A_ROOM_LINE = (
    *("arrival", "departure", "adults", "children", "rate_plan", "amount", "currency"),
    *("comments", "guest_names", "staff_note"),
)
OF_A_BOOKER = (
    *("booker_name", "contact_email", "contact_phone", "contact_address", "country", "language"),
    "booking_comments",
)
"""What a room line of the hotel's own bookings says, of a stay and of its booking."""

MAKES_A_BOOKING = "booked"
"""The event before which there is no booking to find."""

Rows: TypeAlias = "tuple[Row, ...]"
Call: TypeAlias = "tuple[str, tuple[object, ...]]"
"""A statement of `staff.sql`, and what it takes after the property."""
Found: TypeAlias = "tuple[int, str]"
"""A booking told already: its number, and a reference that finds it."""


def _now(row: Row, field: str) -> Any:
    """What a field became; KeyError where the row does not say."""
    return row.facts[field][1]


def _why(row: Row) -> str | None:
    return row.reason or None


def _plainly(name: str) -> Callable[[str, Rows], Call]:
    """A function that takes a stay, who does it, and why."""
    return lambda reference, rows: (
        name,
        (reference, rows[0].line, rows[0].actor, _why(rows[0])),
    )


def _move(reference: str, rows: Rows) -> Call:
    (row,) = rows
    last = _now(row, "rooms")[-1]
    whole = len(_now(row, "rooms")) == 1
    start = None if whole else date.fromisoformat(last["from_date"])
    return "move", (reference, row.line, last["room"], start, row.actor, _why(row))


def _edit(reference: str, rows: Rows) -> Call:
    (row,) = rows
    changes = {field: pair[1] for field, pair in row.facts.items() if field in EDITABLE}
    if not changes:
        raise KeyError("edited")
    return "edit", (reference, row.line, json.dumps(changes), row.actor, _why(row))


def _note(reference: str, rows: Rows) -> Call:
    (row,) = rows
    return "note", (reference, row.line, _now(row, "staff_note"), row.actor)


def _policy(reference: str, rows: Rows) -> Call:
    (row,) = rows
    return "policy", (reference, _now(row, "ota_room_policy"), row.actor)


def _invoice_contact(reference: str, rows: Rows) -> Call:
    (row,) = rows
    return "invoice_contact", (reference, json.dumps(_now(row, "invoice_contact")), row.actor)


# The hotel's own bookings ------------------------------------------------------------------


def _room_line(rows: Rows) -> dict[str, Any]:
    """The room line of which these rows came, and what it said of the booker."""
    stays = [row for row in rows if row.line is not None]
    said = {
        field: row.facts[field][1]
        for row in (*stays[:1], *(row for row in rows if row.line is None))
        for field in (OF_A_ROOM_LINE if row.line is not None else OF_A_BOOKER)
        if field in row.facts
    }
    if stays and "booked_category" in stays[0].facts:
        said["category"] = _now(stays[0], "booked_category")
    return said


def _room(row: Row) -> str | None:
    """The room that was named, if one was."""
    rooms = _now(row, "rooms") if "rooms" in row.facts else []
    return str(rooms[-1]["room"]) if rooms else None


def _book(_: str, rows: Rows) -> Call:
    head = next(row for row in rows if row.line is None)
    stays = [row for row in rows if row.line is not None]
    said = {**_room_line(rows), "units": len(stays)}
    reference = _now(head, "reference")
    return "book", (json.dumps(said), head.actor, _why(head), reference, _room(stays[0]))


def _add_room(reference: str, rows: Rows) -> Call:
    said = json.dumps({**_room_line(rows), "units": len(rows)})
    return "add_room", (reference, said, rows[0].actor, _why(rows[0]), _room(rows[0]))


def _amend(reference: str, rows: Rows, *, names_room: bool = False) -> Call:
    row = next((row for row in rows if row.line is not None), rows[0])
    said, room = json.dumps(_room_line(rows)), _room(row) if names_room else None
    return "amend", (reference, row.line, said, row.actor, _why(row), room)


def _amend_and_move(reference: str, rows: Rows) -> Call:
    return _amend(reference, rows, names_room=True)


def _split(reference: str, rows: Rows) -> Call:
    first, second = sorted(rows, key=lambda row: int(row.line or 0))
    start = date.fromisoformat(_now(second, "arrival"))
    return "split", (reference, first.line, start, first.actor, _why(first), None)


def _split_and_move(reference: str, rows: Rows) -> Call:
    second = max(rows, key=lambda row: int(row.line or 0))
    name, arguments = _split(reference, rows)
    return name, (*arguments[:-1], _room(second))


RETOLD: dict[str, tuple[Callable[[str, Rows], Call], ...]] = {
    "moved": (_move,),
    "pinned": (_plainly("pin"),),
    "unpinned": (_plainly("unpin"),),
    "edited": (_edit,),
    "noted": (_note,),
    "checked_in": (_plainly("check_in"),),
    "checked_out": (_plainly("check_out"),),
    "no_show": (_plainly("no_show"),),
    "cancelled": (_plainly("cancel"),),
    "reinstated": (_plainly("reinstate"),),
    "policy": (_policy,),
    "invoice_contact": (_invoice_contact,),
    MAKES_A_BOOKING: (_book,),
    "room_added": (_add_room,),
    "amended": (_amend, _amend_and_move),
    "split": (_split, _split_and_move),
}
"""By the event that a function of staff leaves in history: the ways in which it may have been
called. An event that is not listed, or that none of them comes to, is told as its facts.
"""


async def retell(
    connection: asyncpg.Connection, property_id: str, found: Found | None, rows: Rows
) -> bool:
    """Tell one edit again; False where neither a function nor a plain change comes to its facts.

    Then nothing was written. `found` is the booking it is about; None: it makes one.
    """
    expected = [(row.line, row.event, dict(row.facts)) for row in rows]
    for way in (*RETOLD.get(rows[0].event, ()), None):
        version = await connection.fetchval(SQL["property_version"], property_id)
        transaction = connection.transaction()
        await transaction.start()
        try:
            if way is not None:
                name, arguments = way(found[1] if found else "", rows)
                await connection.execute(STAFF[name], property_id, *arguments)
            elif found is not None:
                await _by_hand(connection, property_id, found[0], rows)
            fits = await _facts_since(connection, property_id, version) == expected
        except (KeyError, IndexError, TypeError, ValueError, StopIteration):
            fits = False  # the facts are not such as the function leaves
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


async def _by_hand(
    connection: asyncpg.Connection, property_id: str, number: int, rows: Rows
) -> None:
    """As a PMS that writes tables does it: the triggers see to the rest."""
    await connection.execute(SQL["act_as_owner"])
    for row in rows:
        await connection.execute(SQL["speak"], row.actor, row.event, _why(row))
        changes = json.dumps({field: pair[1] for field, pair in row.facts.items()})
        if row.line is None:
            await connection.execute(SQL["update_booking"], property_id, number, changes)
        else:
            await connection.execute(SQL["update_stay"], property_id, number, row.line, changes)
    await connection.execute(SQL["speak"], None, None, None)


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
    """Settle the task again that staff accepted, dismissed or did.

    Raises:
        Refused: there is no such open task.
    """
    task_id = await connection.fetchval(
        SQL["find_open_task"], property_id, reservation_id, step.line, step.reason
    )
    if task_id is None:
        raise Refused(f"no task {step.reason} is open")
    if step.verb in STAFF:
        await connection.execute(STAFF[step.verb], property_id, task_id, step.actor, step.why)
    else:
        by_whom = f"{step.actor} ({step.verb})"
        await connection.execute(SQL["settle_task"], property_id, task_id, by_whom)
