"""From a command to the database and back: connections, and errors as one line and a code."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any, NoReturn, TypeVar

import asyncpg
import typer

from channel_sync.clock import FixedToday, RealClock
from channel_sync.core.contact import email_key
from channel_sync.errors import ChannelSyncError, ConfigurationError
from channel_sync.progress import Silence, Work
from channel_sync.records import TodayOf
from channel_sync.settings import Settings
from channel_sync.store.connect import is_for_the_operator, open_connection, open_pool

T = TypeVar("T")

NOT_DONE = 1
WRONG_USE = 2
PMS_ROLE = "channel_sync_pms"
WORKER_ROLE = "channel_sync_worker"
PLANNER_ROUNDS = 10_000
"""Properties planned after one command, at most; the rest is the worker's."""
OUR_STATES = frozenset({"CS001", "CS002"})
"""Refused, and not found: what the database says in words meant for people."""
NOT_MIGRATED = frozenset({"3F000", "42P01", "42883", "42703", "42704"})
"""A schema, relation, function, column or type that is not there."""


def as_date(text: str) -> date:
    """A date as an option bears it.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date like 2026-04-10") from None


def as_email(text: str) -> str:
    """An e-mail as an option bears it; empty erases.

    Channels send what they like, and it is kept as received; a person who types is asked again.

    Raises:
        typer.BadParameter: it is none.
    """
    if text.strip() and email_key(text) is None:
        raise typer.BadParameter(f"{text!r} is not an e-mail address")
    return text


def date_option(name: str, text: str) -> Any:
    """An option that takes a date."""
    return typer.Option(name, parser=as_date, metavar="DATE", help=text)


Today = Annotated[
    date | None, date_option("--today", "decide as on this property-local date, for replays")
]


def today_of(today: date | None) -> TodayOf:
    """The calendar of a command: the date given, or the clock."""
    return RealClock() if today is None else FixedToday(today)


def fail(reason: object, code: int = NOT_DONE) -> NoReturn:
    """End the command with one line on the error output."""
    typer.echo(f"channel-sync: {one_line(reason)}", err=True)
    raise typer.Exit(code)


def one_line(reason: object) -> str:
    """A reason without line ends; an error that says nothing is called by its name."""
    text = str(reason).strip() or type(reason).__name__
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def run(doing: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what is expected to go wrong ends it with a line and a code."""
    try:
        return asyncio.run(doing)
    except ConfigurationError as error:
        fail(error, WRONG_USE)
    except ChannelSyncError as error:
        fail(error)
    except asyncpg.PostgresError as error:
        _fail_for_database(error)
    except (asyncpg.InterfaceError, OSError, TimeoutError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        fail(f"the database does not answer: {one_line(error)}")
    except KeyboardInterrupt:
        fail("interrupted")


def _fail_for_database(error: asyncpg.PostgresError) -> NoReturn:
    message = getattr(error, "message", None) or str(error)
    if error.sqlstate in OUR_STATES:
        fail(message)
    if error.sqlstate in NOT_MIGRATED:
        fail(f"{message}: run `channel-sync migrate`", WRONG_USE)
    fail(f"the database refuses: {message}", WRONG_USE if is_for_the_operator(error) else NOT_DONE)


@asynccontextmanager
async def database(
    *, today: date | None = None, as_pms: bool = False
) -> AsyncIterator[asyncpg.Connection]:
    """One connection on the day given; JSON is read as values and written as text.

    `as_pms` takes the rights of those who write facts, where the settings leave the role alone.
    """
    connection = await open_connection(_settings(as_pms=as_pms))
    try:
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=str, decoder=json.loads
        )
        if today is not None:
            await connection.execute(
                "SELECT set_config('channel_sync.today', $1, false)", today.isoformat()
            )
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def worker_pool(size: int = 2) -> AsyncIterator[asyncpg.Pool]:
    """A pool with the worker's rights, for what goes through the pipeline."""
    pool = await open_pool(Settings.load(), size=size)
    try:
        yield pool
    finally:
        await pool.close()


async def let_plan(pool: asyncpg.Pool, calendar: TodayOf, work: Work | None = None) -> None:
    """What the planner of a running worker would do now: rooms for those who wait."""
    from channel_sync.planner import count_due, plan_next  # noqa: PLC0415 - brings the whole core

    work = work or Silence()
    work.begin("planner", await count_due(pool))
    for _ in range(PLANNER_ROUNDS):
        if await plan_next(pool, today_of=calendar) is None:
            return
        work.advance()


def _settings(*, as_pms: bool) -> Settings:
    settings = Settings.load()
    if as_pms and settings.database_role == WORKER_ROLE:
        return settings.model_copy(update={"database_role": PMS_ROLE})
    return settings
