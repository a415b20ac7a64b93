"""The command `rooms`: the room plan in the terminal, or as a picture."""

import asyncio
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from channel_sync.cli.output import Json, as_json_line, console
from channel_sync.cli.session import Today, database, date_option, run
from channel_sync.errors import Refused
from channel_sync.picture.plan import Counted, Room, RoomPlan, Span
from channel_sync.picture.png import paint_png
from channel_sync.picture.sheet import lay_out
from channel_sync.picture.svg import paint_svg
from channel_sync.picture.text import draw
from channel_sync.store.statements import statements

SQL = statements("room_plan")
NIGHTS = 14
"""From the first one, unless said."""
PAINTERS = {".svg": paint_svg, ".png": paint_png}


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command(rich_help_panel="Listings")(rooms)


def rooms(
    property_id: Annotated[str, typer.Option("--property", help="the property")],
    first: Annotated[
        date | None, date_option("--from", "the first night; today unless said")
    ] = None,
    end: Annotated[
        date | None, date_option("--to", "before this date; two weeks unless said")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="a file .svg or .png")
    ] = None,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """Draw the room plan: rooms by nights, who is pinned, held or in house, blocks, who waits."""
    if out is not None and out.suffix.lower() not in PAINTERS:
        raise typer.BadParameter(f"--out names a file {' or '.join(PAINTERS)}, not {out.name}")
    plan = run(_load(property_id, first, end, today))
    if out is not None:
        run(_paint(plan, out))
        typer.echo(f"{out}: written")
    elif as_json:
        for row in _listed(property_id, plan):
            typer.echo(as_json_line(row))
    else:
        typer.echo(draw(plan, console().width))


async def _load(
    property_id: str, first: date | None, end: date | None, today: date | None
) -> RoomPlan:
    async with (
        database(today=today) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        house = await connection.fetchrow(SQL["property"], property_id)
        if house is None:
            raise Refused(f"there is no property {property_id}")
        begin = first or house["today"]
        beyond = end or begin + timedelta(days=NIGHTS)
        if beyond <= begin:
            raise Refused(f"no night lies between {begin} and {beyond}")
        nights = (property_id, begin, beyond)
        on_day = (*nights, house["today"])
        return RoomPlan(
            name=house["name"],
            first=begin,
            end=beyond,
            today=house["today"],
            rooms=tuple(
                Room(**dict(row)) for row in await connection.fetch(SQL["rooms"], property_id)
            ),
            spans=tuple(Span(**dict(row)) for row in await connection.fetch(SQL["spans"], *on_day)),
            waiting=tuple(
                Span(**dict(row)) for row in await connection.fetch(SQL["waiting"], *on_day)
            ),
            counted=_counted(await connection.fetch(SQL["counted"], *nights)),
        )


def _counted(rows: list[asyncpg.Record]) -> tuple[Counted, ...]:
    """One for each category; its rows stand together."""
    return tuple(
        Counted(category, units, {row["night"]: row["stays"] for row in nights if row["stays"]})
        for (category, units), nights in groupby(rows, lambda row: (row["category"], row["units"]))
    )


def _listed(property_id: str, plan: RoomPlan) -> list[dict[str, Any]]:
    """The plan as rows: one for each stay in a room, each block, each stay without a room."""
    categories = {room.room: room.category for room in plan.rooms}
    return [
        {
            "property_id": property_id,
            "kind": "block" if span.is_block else "waiting" if span.room is None else "stay",
            "room": span.room,
            "category": categories.get(span.room or ""),
            "from_date": span.from_date,
            "to_date": span.to_date,
            "reference": span.reference,
            "line": span.line,
            "booked_category": span.category,
            "held": span.held,
            "pinned": span.pinned,
            "in_house": span.begun,
            "why": span.why,
        }
        for span in (*plan.spans, *plan.waiting)
    ]


async def _paint(plan: RoomPlan, out: Path) -> None:
    """Write the picture.

    Raises:
        ConfigurationError: the kind of picture needs a library that is not installed.
        Refused: the file cannot be written.
    """
    picture = PAINTERS[out.suffix.lower()](lay_out(plan))
    try:
        await asyncio.to_thread(out.write_bytes, picture)
    except OSError as error:
        raise Refused(f"{out}: {error.strerror}") from error
