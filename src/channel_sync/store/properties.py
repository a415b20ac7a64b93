"""Properties in the database: loaded whole for the pipeline, written from a property file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
from pydantic import TypeAdapter

from channel_sync.core.model import Property
from channel_sync.errors import ConfigurationError, Refused
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from channel_sync.property_file import ChannelPart, PropertyFile

ACTOR = "property file"
"""Who wrote what a property file changed; also the mark of the blocks that came from it."""

_PROPERTY = TypeAdapter(Property)
_SQL = statements("properties")
_NEEDED_AT_FIRST = ("name", "timezone", "currency", "categories")


async def load_properties(connection: asyncpg.Connection, ids: Iterable[str]) -> list[Property]:
    """Load whole properties in one round trip, in order of id; unknown ids are left out."""
    rows = await connection.fetch(_SQL["load_properties"], list(ids))
    return [_PROPERTY.validate_json(row["property"]) for row in rows]


async def load_property(connection: asyncpg.Connection, parsed: PropertyFile) -> None:
    """Create or update a property, all of the file or nothing.

    What the file leaves out stays, an empty list clears. A room that has gone from the file is
    closed if somebody is to stay in it, else removed. The connection's login must be a
    member of channel_sync_owner.

    Raises:
        ConfigurationError: a new property lacks what it needs, or a block names no room of it.
        Refused: a block lies over a stay in house.
    """
    async with connection.transaction():
        before = await connection.fetchval(_SQL["act_as_owner"])
        await connection.execute(_SQL["name_actor"], ACTOR)
        try:
            await _save(connection, parsed)
        except asyncpg.PostgresError as error:
            if str(error.sqlstate).startswith("CS"):
                raise Refused(str(error)) from error
            raise
        await connection.execute(_SQL["name_actor"], None)
        await connection.execute(_SQL["act_as"], before)


async def _save(connection: asyncpg.Connection, parsed: PropertyFile) -> None:
    """What others refer to comes first."""
    known = await connection.fetchval(_SQL["lock_property"], parsed.property)
    if known is None:
        missing = [key for key in _NEEDED_AT_FIRST if getattr(parsed, key) is None]
        if missing:
            raise ConfigurationError(f"a new property needs {', '.join(missing)}")
    await connection.execute(
        _SQL["save_property"],
        parsed.property,
        parsed.name,
        parsed.timezone,
        parsed.currency,
        None if parsed.policy is None else parsed.policy.model_dump_json(exclude_none=True),
        parsed.own_email_addresses,
        None
        if parsed.blocked_guests is None
        else json.dumps([guest.model_dump(exclude_none=True) for guest in parsed.blocked_guests]),
    )
    if parsed.blocks is not None:
        await _drop_blocks(connection, parsed)
    if parsed.categories is not None:
        await _save_rooms(connection, parsed)
    if parsed.channels is not None:
        await _save_channels(connection, parsed.property, parsed.channels)
    if parsed.blocks is not None:
        await _save_blocks(connection, parsed)


async def _save_rooms(connection: asyncpg.Connection, parsed: PropertyFile) -> None:
    """Categories before their rooms; what has gone goes in the opposite order."""
    categories = parsed.categories or []
    rooms = [
        {
            "room": room.code,
            "category": category.code,
            "capacity": room.capacity or category.capacity,
            "position": position,
            "is_active": room.active,
        }
        for category in categories
        for position, room in enumerate(category.rooms or ())
    ]
    await connection.execute(
        _SQL["save_categories"],
        parsed.property,
        json.dumps(
            [
                {
                    "category": category.code,
                    "name": category.name or category.code,
                    "capacity": category.capacity,
                    "rank": rank,
                    "units": category.units,
                }
                for rank, category in enumerate(categories)
            ]
        ),
    )
    await connection.execute(_SQL["save_rooms"], parsed.property, json.dumps(rooms))
    codes = [str(room["room"]) for room in rooms]
    for statement in ("drop_blocks_of_gone_rooms", "drop_gone_rooms", "close_gone_rooms"):
        await connection.execute(_SQL[statement], parsed.property, codes)
    kept = [category.code for category in categories]
    for statement in ("drop_gone_categories", "rank_gone_categories"):
        await connection.execute(_SQL[statement], parsed.property, kept)


async def _save_channels(
    connection: asyncpg.Connection, property_id: str, channels: dict[str, ChannelPart]
) -> None:
    """Under their names in one spelling, as the pipeline looks for them."""
    parts: dict[str, dict[str, Any]] = {
        name.strip().casefold(): part.model_dump() for name, part in channels.items()
    }
    rows = json.dumps([{"channel": name, **part} for name, part in parts.items()])
    await connection.execute(_SQL["drop_gone_channels"], property_id, list(parts))
    await connection.execute(_SQL["update_channels"], property_id, rows)
    await connection.execute(_SQL["save_channels"], property_id, rows)


async def _drop_blocks(connection: asyncpg.Connection, parsed: PropertyFile) -> None:
    wanted = {(b.room, b.from_date, b.to_date, b.reason) for b in parsed.blocks or ()}
    gone = [
        row["block_id"]
        for row in await connection.fetch(_SQL["load_blocks"], parsed.property, ACTOR)
        if (row["room"], row["from_date"], row["to_date"], row["reason"]) not in wanted
    ]
    await connection.execute(_SQL["drop_blocks"], parsed.property, gone)


async def _save_blocks(connection: asyncpg.Connection, parsed: PropertyFile) -> None:
    """One that stands already, by the file or by staff, is left alone: it would be in its way."""
    standing = {
        (row["room"], row["from_date"], row["to_date"])
        for row in await connection.fetch(_SQL["load_standing_blocks"], parsed.property)
    }
    for block in parsed.blocks or ():
        if (block.room, block.from_date, block.to_date) in standing:
            continue
        try:
            await connection.execute(
                _SQL["save_block"],
                *(parsed.property, block.room, block.from_date, block.to_date),
                *(block.reason, ACTOR),
            )
        except asyncpg.ForeignKeyViolationError as error:
            raise ConfigurationError(f"blocks: there is no room {block.room}") from error
