"""The commands `guest …`: the repairs of guests, through the SQL functions that a PMS calls too."""

import getpass
import json
from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg
import typer

from channel_sync.cli.listings import change
from channel_sync.cli.output import Column, Json, Row, as_json_line, column, print_rows, shown
from channel_sync.cli.session import as_email, database, run
from channel_sync.errors import Refused
from channel_sync.store.statements import statements

SQL = statements("guests")

Guest = Annotated[
    str, typer.Argument(help="a booking's reference (its main guest), or a guest's id, as #12")
]
Booking = Annotated[str, typer.Argument(help="a booking's reference")]
Property = Annotated[
    str | None, typer.Option("--property", help="needed where two properties know it")
]
Actor = Annotated[
    str | None, typer.Option("--actor", help="who does it; the login name unless said")
]
Reason = Annotated[str | None, typer.Option("--reason", help="why, for the history")]

app = typer.Typer(help="Guests: who they are, and every accident repaired.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Add these commands as `guest`."""
    parent.add_typer(app, name="guest")


@app.command()
def show(guest: Guest, property_id: Property = None, as_json: Json = False) -> None:
    """Print a guest and what was ever changed of it."""
    run(_show(guest, property_id, as_json=as_json))


@app.command()
def edit(
    guest: Guest,
    changes: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="COLUMN=VALUE",
            help="guest_number, name, email, phone, language, country; an empty value erases",
        ),
    ],
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
) -> None:
    """Correct a guest: --set phone=+351210000000."""
    values = json.dumps(dict(_change(text) for text in changes))
    run(_repair("edit", guest, property_id, (values, _who(actor), reason)))


@app.command()
def split(
    booking: Booking,
    name: Annotated[str | None, typer.Option("--name", help="else as the booking says")] = None,
    email: Annotated[
        str | None, typer.Option("--email", parser=as_email, help="else as the booking says")
    ] = None,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
) -> None:
    """Split a booking off to a new guest, made from the booking's own data."""
    run(_repair("split", booking, property_id, (name, email, _who(actor), reason)))


@app.command()
def set_main(
    booking: Booking,
    to: Annotated[str, typer.Option("--to", help="the other guest: a booking of it, or its id")],
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
) -> None:
    """Give a booking to another guest; no message takes it back."""
    run(_repair("set_main", booking, property_id, (to, _who(actor), reason)))


@app.command()
def merge(
    guest: Guest,
    into: Annotated[str, typer.Option("--into", help="the guest that stays, alike")],
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
) -> None:
    """Make one guest of two: the id and the data of the one named by --into stay."""
    run(_repair("merge", guest, property_id, (into, _who(actor), reason)))


@app.command()
def unmerge(
    guest: Guest, property_id: Property = None, actor: Actor = None, reason: Reason = None
) -> None:
    """Take a merge back: bookings and e-mail return to the guest that was merged."""
    run(_repair("unmerge", guest, property_id, (_who(actor), reason)))


@app.command()
def restore(
    guest: Guest,
    field: Annotated[str | None, typer.Option("--field", help="only of this column")] = None,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
) -> None:
    """Undo the last change of a guest; repeated, it goes further back."""
    run(_repair("restore", guest, property_id, (field, _who(actor), reason)))


@app.command()
def block(
    guest: Guest,
    lift: Annotated[bool, typer.Option("--lift", help="the guest is welcome again")] = False,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
) -> None:
    """Mark a guest as not wanted: each booking to come gets a task."""
    run(_repair("block", guest, property_id, (not lift, _who(actor), reason)))


@app.command()
def erase(guest: Guest, property_id: Property = None, actor: Actor = None) -> None:
    """Erase a guest's personal data everywhere; bookings and counts remain."""
    run(_repair("erase", guest, property_id, (_who(actor),)))


async def _repair(
    name: str, named: str, property_id: str | None, arguments: tuple[object, ...]
) -> None:
    async with database(as_pms=True) as connection:
        of = property_id or await _property_of(connection, named)
        await connection.execute(SQL[name], of, named, *arguments)
    typer.echo(f"{named}: {name.replace('_', ' ')} done")


async def _show(named: str, property_id: str | None, *, as_json: bool) -> None:
    async with database() as connection, connection.transaction(readonly=True):
        of = property_id or await _property_of(connection, named)
        found = await connection.fetchrow(SQL["show"], of, named)
        if found is None:
            raise Refused(f"{of} has no booking and no guest {named}")
        history = await connection.fetch(SQL["guest_history"], of, found["guest_id"])
    if as_json:
        typer.echo(as_json_line({**found, "history": [_plain(dict(row)) for row in history]}))
        return
    for key, value in found.items():
        typer.echo(f"{key.replace('_', ' '):18} {shown(value)}")
    typer.echo()
    await print_rows(_each(history), HISTORY, as_json=False, empty="no history")


async def _each(rows: list[asyncpg.Record]) -> AsyncIterator[Row]:
    for row in rows:
        yield dict(row)


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {**row, "at": str(row["at"])}


async def _property_of(connection: asyncpg.Connection, named: str) -> str:
    found = [row[0] for row in await connection.fetch(SQL["properties_of_guest"], named)]
    if not found:
        raise Refused(f"no property knows a booking or a guest {named}")
    if len(found) > 1:
        raise Refused(f"several properties know {named}; say --property")
    return str(found[0])


def _change(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"--set takes COLUMN=VALUE, not {text!r}")
    if name.strip() == "email":
        value = as_email(value)
    return name.strip(), value.strip() or None


def _who(actor: str | None) -> str:
    return actor or getpass.getuser()


HISTORY = (
    column("at", no_wrap=True),
    Column("who", lambda row: f"{row['actor_type']} {row['actor']}"),
    column("event"),
    Column("change", lambda row: change(row) if row["field"] else ""),
    column("reference", "booking"),
    column("reason"),
)
