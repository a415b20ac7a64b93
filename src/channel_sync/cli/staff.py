"""The commands `staff …`: local edits through the SQL functions that a PMS calls too."""

import getpass
import json
from datetime import date
from typing import Annotated, Any

import asyncpg
import typer

from channel_sync.cli.session import (
    Today,
    as_email,
    database,
    date_option,
    run,
    today_of,
    worker_pool,
)
from channel_sync.errors import Refused
from channel_sync.store.statements import statements

SQL = statements("staff")
POLICIES = ("keep_manual", "follow_channel", "freeze_room", "property")

Reference = Annotated[str, typer.Argument(help="a reference that the booking has or had")]
Property = Annotated[
    str | None, typer.Option("--property", help="needed where two properties know the reference")
]
Line = Annotated[str | None, typer.Option("--line", help="of a booking with several stays")]
Actor = Annotated[
    str | None, typer.Option("--actor", help="who does it; the login name unless said")
]
Reason = Annotated[str | None, typer.Option("--reason", help="why, for the history")]
Task = Annotated[int, typer.Argument(help="the number of the task in `tasks`")]

app = typer.Typer(
    help="Local edits: history is written, nothing leaves for the channel.", no_args_is_help=True
)


def add_to(parent: typer.Typer) -> None:
    """Add these commands as `staff`."""
    parent.add_typer(app, name="staff")


@app.command()
def move(
    reference: Reference,
    room: Annotated[str, typer.Option("--room", help="the room to move to")],
    start: Annotated[date | None, date_option("--from", "only from this date on")] = None,
    line: Line = None,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Put a stay into another room, for all its nights or from a date on."""
    run(_edit("move", reference, property_id, today, (line, room, start, who(actor), reason)))


def _plain_edit(name: str, text: str) -> None:
    """Add a command that takes a stay, who does it, and why."""

    def command(
        reference: Reference,
        line: Line = None,
        property_id: Property = None,
        actor: Actor = None,
        reason: Reason = None,
        today: Today = None,
    ) -> None:
        run(_edit(name, reference, property_id, today, (line, who(actor), reason)))

    app.command(name.replace("_", "-"), help=text)(command)


for _name, _text in (
    ("pin", "Tie a stay to the room it has: no automatic choice moves it."),
    ("unpin", "End the tie between a stay and its room."),
    ("check_in", "Mark a stay as arrived."),
    ("check_out", "Mark a stay as left."),
    ("no_show", "Mark a stay as not arrived."),
    ("cancel", "Cancel a stay, or the whole booking where no line is named."),
    ("reinstate", "Revive a stay that staff cancelled."),
):
    _plain_edit(_name, _text)


@app.command()
def edit(
    reference: Reference,
    changes: Annotated[
        list[str],
        typer.Option("--set", metavar="COLUMN=VALUE", help="a column of `stays`; may be repeated"),
    ],
    line: Line = None,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Change columns of a stay: --set departure=2026-04-14 --set children=[2,5]."""
    values = json.dumps(dict(_change(change) for change in changes))
    run(_edit("edit", reference, property_id, today, (line, values, who(actor), reason)))


@app.command()
def note(
    reference: Reference,
    text: Annotated[str, typer.Option("--text", help="the note; empty erases it")],
    line: Line = None,
    property_id: Property = None,
    actor: Actor = None,
    today: Today = None,
) -> None:
    """Write the staff's own note, which no message touches."""
    run(_edit("note", reference, property_id, today, (line, text or None, who(actor))))


@app.command()
def policy(
    reference: Reference,
    ota_room_policy: Annotated[
        str, typer.Option("--policy", metavar="|".join(POLICIES), help="`property`: as the hotel's")
    ],
    property_id: Property = None,
    actor: Actor = None,
) -> None:
    """Set what the channel may do to the rooms of this booking."""
    if ota_room_policy not in POLICIES:
        raise typer.BadParameter(f"--policy is one of {', '.join(POLICIES)}")
    value = None if ota_room_policy == "property" else ota_room_policy
    run(_edit("policy", reference, property_id, None, (value, who(actor))))


@app.command()
def invoice_contact(
    reference: Reference,
    name: Annotated[str | None, typer.Option("--name", help="of a person or company")] = None,
    email: Annotated[str | None, typer.Option("--email", parser=as_email)] = None,
    phone: Annotated[str | None, typer.Option("--phone")] = None,
    address: Annotated[str | None, typer.Option("--address")] = None,
    property_id: Property = None,
    actor: Actor = None,
) -> None:
    """Set whom the invoice of a booking goes to."""
    given = {"name": name, "email": email, "phone": phone, "address": address}
    contact = json.dumps({key: value for key, value in given.items() if value is not None})
    run(_edit("invoice_contact", reference, property_id, None, (contact, who(actor))))


@app.command()
def assign(
    task_id: Task,
    proposal: Annotated[
        int | None, typer.Option("--proposal", min=1, help="the number of a proposal in `tasks`")
    ] = None,
    room: Annotated[str | None, typer.Option("--room", help="any room that is free")] = None,
    actor: Actor = None,
    today: Today = None,
) -> None:
    """Settle a room task with one of its proposals, or with a room of your choice."""
    if (proposal is None) == (room is None):
        raise typer.BadParameter("give either --proposal or --room")
    run(_assign(task_id, proposal, room, who(actor), today))


@app.command()
def accept(task_id: Task, actor: Actor = None, reason: Reason = None, today: Today = None) -> None:
    """Settle a task by applying what the channel wishes."""
    run(_settle("accept", task_id, who(actor), reason, today))


@app.command()
def dismiss(task_id: Task, actor: Actor = None, reason: Reason = None, today: Today = None) -> None:
    """Put a task aside as seen."""
    run(_settle("dismiss", task_id, who(actor), reason, today))


async def _edit(
    name: str,
    reference: str,
    property_id: str | None,
    today: date | None,
    arguments: tuple[object, ...],
) -> None:
    async with database(today=today, as_pms=True) as connection:
        of = property_id or await property_of(connection, reference)
        await connection.execute(SQL[name], of, reference, *arguments)
    typer.echo(f"{reference}: {name.replace('_', ' ')} done")


async def _settle(
    name: str, task_id: int, actor: str, reason: str | None, today: date | None
) -> None:
    async with database(today=today, as_pms=True) as connection:
        property_id = await _property_of_task(connection, task_id)
        await connection.execute(SQL[name], property_id, task_id, actor, reason)
    typer.echo(f"task {task_id}: {name} done")


async def _assign(
    task_id: int, proposal: int | None, room: str | None, actor: str, today: date | None
) -> None:
    from channel_sync.assign import assign as assign_room  # noqa: PLC0415 - only here

    async with worker_pool() as pool:
        await assign_room(
            pool,
            property_id=await _property_of_task(pool, task_id),
            task_id=task_id,
            proposal=proposal,
            room=room,
            actor=actor,
            today_of=today_of(today),
        )
    typer.echo(f"task {task_id}: assigned")


async def property_of(connection: asyncpg.Connection, reference: str) -> str:
    found = [row[0] for row in await connection.fetch(SQL["properties_of_reference"], reference)]
    if not found:
        raise Refused(f"no property knows the reference {reference}")
    if len(found) > 1:
        raise Refused(f"several properties know the reference {reference}; say --property")
    return str(found[0])


async def _property_of_task(connection: Any, task_id: int) -> str:
    row = await connection.fetchrow(SQL["property_of_task"], task_id)
    if row is None:
        raise Refused(f"there is no task {task_id}")
    return str(row["property_id"])


def _change(text: str) -> tuple[str, object]:
    """One COLUMN=VALUE; a value that is JSON other than a text is taken as such."""
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise typer.BadParameter(f"--set takes COLUMN=VALUE, not {text!r}")
    if value in {"null", "true", "false"} or value[:1] in {"[", "{"}:
        try:
            return column.strip(), json.loads(value)
        except ValueError:
            raise typer.BadParameter(f"not a value: {value!r}") from None
    return column.strip(), value


def who(actor: str | None) -> str:
    return actor or getpass.getuser()
