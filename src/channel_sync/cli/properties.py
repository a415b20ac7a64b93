"""The commands `property load` and `property show`: what a hotel is, as a file."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
import typer
import yaml

from channel_sync.cli.output import Json, as_json_line
from channel_sync.cli.session import (
    Today,
    database,
    fail,
    let_plan,
    run,
    today_of,
    worker_pool,
)
from channel_sync.errors import Refused
from channel_sync.progress import progress
from channel_sync.property_file import read_property_file
from channel_sync.store.properties import ACTOR, load_properties, load_property
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from channel_sync.core.model import Property

SQL = statements("property_file")
LINE = 100
"""Characters of a line of YAML."""

app = typer.Typer(help="What a hotel is: rooms, channels, policy.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Add these commands as `property`."""
    parent.add_typer(app, name="property")


@app.command()
def load(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="YAML or JSON")
    ],
    today: Today = None,
) -> None:
    """Create or update a property; what the file leaves out stays, an empty list clears."""

    async def work() -> tuple[str, list[str]]:
        parsed = read_property_file(file)
        with progress() as work:
            work.begin("property load", 1)
            async with database(today=today) as connection:
                await load_property(connection, parsed)
                [loaded] = await load_properties(connection, [parsed.property])
            work.advance()
            async with worker_pool() as pool:
                await let_plan(pool, today_of(today), work)
        return parsed.property, list(_leads_nowhere(loaded))

    name, warnings = run(work())
    typer.echo(f"{name}: loaded")
    for warning in warnings:
        typer.echo(f"channel-sync: warning: {warning}", err=True)


def _leads_nowhere(loaded: "Property") -> Iterator[str]:
    """Codes mapped to no category of the hotel: each of their bookings would wait for a person."""
    for channel in loaded.channels:
        for code, category in channel.categories.items():
            if loaded.rank(category) < 0:
                yield f"{channel.name}: {code} leads to {category}, which is no category here"


@app.command()
def show(
    property_id: Annotated[
        str | None, typer.Option("--property", help="this one; else all there are")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print properties in the format of the file."""
    found = run(_described(property_id))
    if not found:
        fail("there is no property")
    if as_json:
        for one in found:
            typer.echo(as_json_line(one))
        return
    typer.echo("---\n".join(_yaml(one) for one in found), nl=False)


async def _described(property_id: str | None) -> list[dict[str, Any]]:
    async with database() as connection, connection.transaction(readonly=True):
        rows = await connection.fetch(SQL["ids"])
        known = [row["property_id"] for row in rows]
        if property_id is not None and property_id not in known:
            raise Refused(f"there is no property {property_id}")
        return [await describe(connection, one) for one in known if property_id in {None, one}]


async def describe(connection: asyncpg.Connection, property_id: str) -> dict[str, Any]:
    """A property as its file would say it; what is empty is left out."""
    (top,) = await connection.fetch(SQL["property"], property_id)
    rooms = await connection.fetch(SQL["rooms"], property_id)
    blocks = await connection.fetch(SQL["blocks"], property_id, ACTOR)
    channels = await connection.fetch(SQL["channels"], property_id)
    described: dict[str, Any] = {
        "property": property_id,
        "name": top["name"],
        "timezone": top["timezone"],
        "currency": top["currency"],
        "categories": [
            _category(dict(row), [dict(room) for room in rooms])
            for row in await connection.fetch(SQL["categories"], property_id)
        ],
        "blocks": [_block(dict(row)) for row in blocks],
        "channels": {row["channel"]: dict(_channel(dict(row))) for row in channels},
        "policy": top["policy"],
        "own_email_addresses": list(top["own_email_addresses"]),
        "blocked_guests": top["blocked_guests"],
    }
    return {key: value for key, value in described.items() if value not in ([], {}, None)}


def _category(row: dict[str, Any], rooms: list[dict[str, Any]]) -> dict[str, Any]:
    described = {"code": row["category"], "name": row["name"], "capacity": row["capacity"]}
    if row["units"] is not None:
        return {**described, "units": row["units"]}
    own = (room for room in rooms if room["category"] == row["category"])
    return {**described, "rooms": [_room(room, row["capacity"]) for room in own]}


def _room(room: dict[str, Any], capacity: int) -> str | dict[str, Any]:
    """A bare number where there is nothing more to say of it."""
    more: dict[str, Any] = {}
    if room["capacity"] != capacity:
        more["capacity"] = room["capacity"]
    if not room["is_active"]:
        more["active"] = False
    code = str(room["room"])
    return {"code": code, **more} if more else code


def _block(row: dict[str, Any]) -> dict[str, str | date]:
    block = {"room": row["room"], "from": row["from_date"], "to": row["to_date"]}
    return {**block, "reason": row["reason"]} if row["reason"] else block


def _channel(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("aliases", "categories", "rate_plans"):
        if row[key]:
            yield key, row[key]


class _Dumper(yaml.SafeDumper):
    """Lists one step in, so that a nested one is seen as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - as PyYAML has it
        super().increase_indent(flow, indentless=False)


def _yaml(described: dict[str, Any]) -> str:
    """The innermost collections on one line each, as one writes them by hand."""
    return yaml.dump(
        described,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=LINE,
    )
