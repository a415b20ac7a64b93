"""The listings: `stays`, `history`, `tasks`, `guests`, `messages`, `availability`."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Annotated, Any

import typer

from channel_sync.cli.output import Column, Json, Row, column, print_rows, shown
from channel_sync.cli.session import Today, database, date_option, run
from channel_sync.errors import Refused
from channel_sync.store.statements import statements

SQL = statements("listings")
Fold = Callable[[AsyncIterator[Row]], AsyncIterator[Row]]
UNTOLD_FIELDS = frozenset({None, "reference", "rooms", "pinned"})
"""Fields that the table leaves out: others beside them, or the booking's column, say it."""
PREFETCH = 500
"""Rows that travel at once."""

Property = Annotated[str | None, typer.Option("--property", help="only of this property")]
Reference = Annotated[
    str | None, typer.Option("--reference", help="only of this booking, by any reference it had")
]
From = Annotated[date | None, date_option("--from", "from this date on")]
To = Annotated[date | None, date_option("--to", "before this date")]
Search = Annotated[str | None, typer.Option("--search", help="only where this text occurs")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (stays, history, tasks, guests, messages, availability):
        app.command(rich_help_panel="Listings")(command)


def stays(
    property_id: Property = None,
    reference: Reference = None,
    open_only: Annotated[
        bool, typer.Option("--open", help="only those confirmed or checked in")
    ] = False,
    first: From = None,
    end: To = None,
    search: Search = None,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """Stays as the hotel holds them; --from and --to name nights."""
    arguments = (property_id, reference, open_only, first, end, search)
    _list("stays", arguments, STAYS, as_json=as_json, today=today, empty="no stays")


def history(
    property_id: Property = None,
    reference: Reference = None,
    first: From = None,
    end: To = None,
    search: Search = None,
    as_json: Json = False,
) -> None:
    """What happened, who did it, and why; a row for each value that changed."""
    arguments = (property_id, reference, first, end, search)
    fold = None if as_json else by_version
    _list("history", arguments, HISTORY, as_json=as_json, empty="no history", fold=fold)


def tasks(
    property_id: Property = None,
    reference: Reference = None,
    open_only: Annotated[bool, typer.Option("--open", help="only those not settled yet")] = False,
    first: From = None,
    end: To = None,
    search: Search = None,
    as_json: Json = False,
) -> None:
    """What a person is asked to do; --from and --to name arrivals."""
    arguments = (property_id, reference, open_only, first, end, search)
    _list("tasks", arguments, TASKS, as_json=as_json, empty="no tasks")


def guests(
    property_id: Property = None,
    reference: Reference = None,
    search: Search = None,
    as_json: Json = False,
) -> None:
    """Guests with their bookings; those merged into another are not shown."""
    _list("guests", (property_id, reference, search), GUESTS, as_json=as_json, empty="no guests")


def messages(
    property_id: Property = None,
    reference: Reference = None,
    open_only: Annotated[
        bool, typer.Option("--open", help="only those parked, or left to a person")
    ] = False,
    first: From = None,
    end: To = None,
    search: Search = None,
    as_json: Json = False,
) -> None:
    """Every reservation of every message consumed, with its one outcome."""
    arguments = (property_id, reference, open_only, first, end, search)
    # Also of a hotel that is not loaded: its messages are parked until it is.
    _list("messages", arguments, MESSAGES, as_json=as_json, empty="no messages", anywhere=True)


def availability(
    property_id: Property = None,
    first: From = None,
    end: To = None,
    search: Annotated[str | None, typer.Option("--search", help="only this category")] = None,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """What is free per category and night; two weeks from today unless said."""
    arguments = (property_id, first, end, search)
    _list("availability", arguments, AVAILABILITY, as_json=as_json, today=today, empty="no nights")


def _list(
    name: str,
    arguments: tuple[object, ...],
    columns: tuple[Column, ...],
    *,
    as_json: bool,
    empty: str,
    today: date | None = None,
    fold: Fold | None = None,
    anywhere: bool = False,
) -> None:
    """Print a listing; its first argument is the property, which must be there if it is named."""
    named = None if anywhere else arguments[0]

    async def listing() -> None:
        async def rows() -> AsyncIterator[Row]:
            async with database(today=today) as connection, connection.transaction(readonly=True):
                if named is not None and not await connection.fetchval(SQL["is_known"], named):
                    raise Refused(f"there is no property {named}")
                async for record in connection.cursor(SQL[name], *arguments, prefetch=PREFETCH):
                    yield dict(record)

        found = rows() if fold is None else fold(rows())
        await print_rows(found, columns, as_json=as_json, empty=empty)

    run(listing())


async def by_version(rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """Rows of history as a person reads them: one for each event, its changes in lines."""
    event: dict[str, Any] | None = None
    async for row in rows:
        key = (row["property_id"], row["version"])
        if event is None or event["key"] != key:
            if event is not None:
                yield event
            event = {**row, "key": key, "changes": []}
        if row["field"] not in UNTOLD_FIELDS:
            event["changes"].append(change(row))
    if event is not None:
        yield event


def booking(row: Row) -> str:
    """The reference, and the line of a stay."""
    line = f"/{row['line']}" if row["line"] is not None else ""
    return f"{row['reference'] or ''}{line}"


def party(row: Row) -> str:
    """Adults, and children with their ages: "2 + 4, 7"."""
    ages = ", ".join("?" if age is None else str(age) for age in row["children"] or ())
    return f"{shown(row['adults'])}{f' + {ages}' if ages else ''}"


def category(row: Row) -> str:
    """The category booked, and the one given if it is another."""
    booked, assigned = row["booked_category"], row["assigned_category"]
    return shown(booked) if assigned in {None, booked} else f"{shown(booked)} → {assigned}"


def room(row: Row) -> str:
    """The room, and what ties the stay to it."""
    marks = [word for word in ("held", "pinned") if row[word]]
    if row["pinned"] and row["room"] != row["pinned_room"]:
        marks = [f"pinned to {row['pinned_room']}"]
    return (row["room"] or "–") + (f" ({', '.join(marks)})" if marks else "")


def change(row: Row) -> str:
    """A change as "field: old → new"; what was not there before only as it is now."""
    old, new = ("–" if row[side] is None else shown(row[side]) for side in ("old", "new"))
    was = "" if row["old"] in {None, "", "[]", "{}"} and row["new"] is not None else f"{old} → "
    return f"{row['field'].replace('_', ' ')}: {was}{new}"


def proposals(row: Row) -> str:
    """The ways out as they are chosen by number."""
    found = enumerate(row["proposals"] or (), 1)
    return "; ".join(f"{number}: {proposal_text(proposal)}" for number, proposal in found)


def proposal_text(proposal: Row) -> str:
    """A way out in words: "upgrade to 201"."""
    target = f" to {proposal['room']}" if proposal.get("room") else ""
    moves = f", {proposal['moves']} moved" if proposal.get("moves") else ""
    return f"{proposal['kind']}{target}{moves}"


STAYS = (
    column("property_id", "property"),
    Column("booking", booking, no_wrap=True),
    column("status"),
    column("arrival", no_wrap=True),
    column("departure", no_wrap=True),
    Column("party", party),
    Column("category", category),
    Column("room", room),
    column("amount"),
    column("booker_name", "booker"),
)
HISTORY = (
    column("at", no_wrap=True),
    Column("booking", booking, no_wrap=True),
    Column("who", lambda row: f"{row['actor_type']} {row['actor']}"),
    column("event"),
    Column("changes", lambda row: "\n".join(row["changes"])),
    column("reason"),
)
TASKS = (
    column("task_id", "task"),
    column("property_id", "property"),
    Column("booking", booking, no_wrap=True),
    Column("reason", lambda row: f"{row['reason']}{' (notice)' if row['notice'] else ''}"),
    column("state"),
    column("arrival", no_wrap=True),
    Column("proposals", proposals),
    Column("closed by", lambda row: row["closed_by"]),
)
GUESTS = (
    column("guest_id", "guest"),
    column("property_id", "property"),
    column("guest_number", "number"),
    column("name"),
    column("email"),
    column("phone"),
    column("references", "bookings"),
    column("booked_references", "booked for others"),
    column("blocked"),
)
MESSAGES = (
    column("received_at", "received", no_wrap=True),
    column("property_id", "property"),
    column("reference"),
    column("outcome"),
    column("outcome_reason", "why"),
    column("message_id", "message"),
    Column("read from", lambda row: f"{row['topic']}/{row['partition']}@{row['offset']}"),
)
AVAILABILITY = (
    column("property_id", "property"),
    column("category"),
    column("night", no_wrap=True),
    *(column(name) for name in ("rooms", "blocked", "sold", "assigned", "free")),
)
