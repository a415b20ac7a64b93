"""The commands `parked …`: messages set aside, looked at, tried again, or given up."""

import getpass
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

import asyncpg
import typer

from channel_sync.cli.messages import print_applied
from channel_sync.cli.output import (
    Column,
    Json,
    Row,
    as_json_line,
    column,
    console,
    new_table,
    print_rows,
    shown,
)
from channel_sync.cli.session import Today, database, let_plan, run, today_of, worker_pool
from channel_sync.errors import Refused
from channel_sync.settings import Settings
from channel_sync.store.statements import statements

SQL = statements("parked")

Actor = Annotated[str | None, typer.Option("--actor", help="the login name unless said")]
Number = Annotated[int, typer.Argument(help="the number of the message in `parked list`")]

app = typer.Typer(help="Messages set aside.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Add these commands as `parked`."""
    parent.add_typer(app, name="parked")


@app.command("list")
def list_parked(
    property_id: Annotated[str | None, typer.Option("--property")] = None,
    reference: Annotated[str | None, typer.Option("--reference")] = None,
    search: Annotated[str | None, typer.Option("--search")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="also those retried or discarded")
    ] = False,
    as_json: Json = False,
) -> None:
    """Messages that could not be applied, the oldest first."""

    async def rows() -> AsyncIterator[Row]:
        async with database() as connection:
            arguments = (property_id, reference, everything, search)
            for record in await connection.fetch(SQL["list"], *arguments):
                yield dict(record)

    run(print_rows(rows(), COLUMNS, as_json=as_json, empty="nothing is parked"))


@app.command()
def show(parked_id: Number, as_json: Json = False) -> None:
    """One message with its body, without card data."""
    row = run(_load(parked_id))
    if as_json:
        typer.echo(as_json_line(row))
        return
    table = new_table("", "")
    table.show_header = False
    for name, value in row.items():
        if name != "body" and value is not None:
            table.add_row(name.replace("_", " "), shown(value))
    console().print(table)
    typer.echo()
    typer.echo(row["body"] if row["body"] is not None else "(the body could not be kept)")


@app.command()
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(help="the messages' numbers")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all that are set aside")] = False,
    actor: Actor = None,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """Apply messages again as they came: same place and time, so that what is old stays old."""
    if bool(numbers) == everything:
        raise typer.BadParameter("name the messages, or give --all")
    run(_retry(numbers or [], actor or getpass.getuser(), today, as_json=as_json))


@app.command()
def discard(parked_id: Number, actor: Actor = None) -> None:
    """Give a message up; it stays in the list of all."""
    run(_discard(parked_id, actor or getpass.getuser()))
    typer.echo(f"parked {parked_id}: discarded")


async def _load(parked_id: int) -> Row:
    async with database() as connection:
        record = await connection.fetchrow(SQL["show"], parked_id)
    if record is None:
        raise Refused(f"there is no parked message {parked_id}")
    return dict(record)


async def _discard(parked_id: int, actor: str) -> None:
    from channel_sync.parked import discard_parked  # noqa: PLC0415 - brings the whole pipeline

    async with worker_pool() as pool:
        await discard_parked(pool, parked_id, actor=actor)


async def _retry(numbers: list[int], actor: str, today: date | None, *, as_json: bool) -> None:
    from channel_sync.limits import limits_of  # noqa: PLC0415 - lxml
    from channel_sync.parked import retry_parked  # noqa: PLC0415 - brings the whole pipeline

    calendar = today_of(today)
    limits = limits_of(Settings.load())
    async with worker_pool() as pool:
        async for parked_id in _wanted(pool, numbers):
            applied = await retry_parked(
                pool, parked_id, today_of=calendar, actor=actor, limits=limits
            )
            for one in applied:
                print_applied(one, as_json=as_json)
        await let_plan(pool, calendar)


async def _wanted(pool: asyncpg.Pool, numbers: list[int]) -> AsyncIterator[int]:
    """The numbers given; without any, all set aside, without those that a retry took along."""
    for number in numbers:
        yield number
    last = 0
    while not numbers:
        following = await pool.fetchval(SQL["next"], last)
        if following is None:
            return
        yield following
        last = following


COLUMNS = (
    column("parked_id", "number"),
    column("property_id", "property"),
    column("reference"),
    column("reason"),
    column("detail"),
    column("state"),
    Column("read from", lambda row: f"{row['topic']}/{row['partition']}@{row['offset']}"),
    column("parked_at", "parked", no_wrap=True),
)
