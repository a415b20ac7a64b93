"""The audit of a database: its tape read, told again in another database, and compared."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from channel_sync.errors import ConfigurationError, Refused
from channel_sync.limits import limits_of
from channel_sync.rebuild.compare import Difference, compare, load_state
from channel_sync.rebuild.play import Player, Untold
from channel_sync.rebuild.tape import Edit, Hotel, Look, Message, Settled, load_tape
from channel_sync.store.connect import open_connection
from channel_sync.store.migrate import migrate
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from channel_sync.progress import Work
    from channel_sync.settings import Settings

SQL = statements("rebuild")

PREFIX = "channel_sync_rebuild_"
"""Of the name of a database made for the occasion and dropped afterwards."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was compared of a property, what could not be, and what differs."""

    property_id: str
    bookings: int
    messages: int
    edits: int
    looks: int
    hotels: int
    apart: dict[str, str] = field(default_factory=dict)
    """Bookings that could not be compared, each with the reason."""
    untold: tuple[Untold, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether history and state tell the same story."""
        return not self.differences and not self.untold


async def rebuild(
    settings: Settings, *, property_id: str | None, into: str | None, work: Work
) -> AsyncGenerator[Report, None]:
    """Audit one property, or each there is, each as it is at one moment.

    `into` is the URL of an empty database to tell it in; without one a database is made on the
    same server for the occasion. The live database is only read, and nothing of it is held while
    the story is told: that may take an hour, which no transaction should last.

    Raises:
        Refused: there is no such property, or `into` is not empty.
        ConfigurationError: no database can be made.
    """
    async with _snapshot(settings) as live:
        found = [row["property_id"] for row in await live.fetch(SQL["properties"])]
    if property_id is not None and property_id not in found:
        raise Refused(f"there is no property {property_id}")
    async with _elsewhere(settings, into) as there:
        for one in found:
            if property_id in {None, one}:
                yield await _audit(settings, there, one, work)


async def _audit(
    settings: Settings, there: asyncpg.Connection, property_id: str, work: Work
) -> Report:
    async with _snapshot(settings) as live:
        tape, held = await load_tape(live, property_id), await load_state(live, property_id)
    player = Player(there, property_id, tape, limits_of(settings))
    work.begin(property_id, len(tape.steps))
    await player.play(work.advance)
    told = await load_state(there, property_id)
    apart = {tape.bookings[number].name: why for number, why in tape.apart.items()}
    untold = tuple(one for one in player.untold if one.booking not in apart)

    def number(*kinds: type) -> int:
        return sum(isinstance(step, kinds) for step in tape.steps)

    return Report(
        property_id=property_id,
        bookings=len({*held, *told} - set(apart)),
        messages=number(Message),
        edits=number(Edit, Settled),
        looks=number(Look),
        hotels=number(Hotel),
        apart=apart,
        untold=untold,
        differences=tuple(compare(held, told, apart)),
    )


@contextlib.asynccontextmanager
async def _snapshot(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """The live database as it is at one moment, to be read and nothing else."""
    live = await open_connection(settings)
    try:
        async with live.transaction(isolation="repeatable_read", readonly=True):
            yield live
    finally:
        await live.close()


@contextlib.asynccontextmanager
async def _elsewhere(settings: Settings, into: str | None) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a migrated database without any property, with the worker's rights."""
    async with contextlib.AsyncExitStack() as stack:
        url = into
        if url is None:
            url = await stack.enter_async_context(_made_for_the_occasion(settings))
        await migrate(url)
        elsewhere = settings.model_copy(update={"database_url": SecretStr(url)})
        connection = await open_connection(elsewhere)
        stack.push_async_callback(connection.close)
        if await connection.fetch(SQL["properties"]):
            raise Refused("the database to rebuild into is not empty")
        yield connection


@contextlib.asynccontextmanager
async def _made_for_the_occasion(settings: Settings) -> AsyncIterator[str]:
    """A new database on the same server, dropped afterwards; its URL."""
    url = settings.database_url.get_secret_value()
    name = f"{PREFIX}{secrets.token_hex(4)}"
    try:
        await _execute(url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigurationError(
            "the login may not make a database: name an empty one with --into"
        ) from error
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        await _execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
