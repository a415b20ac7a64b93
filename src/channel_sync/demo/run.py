"""The command `demo`: the whole system on embedded parts, from the first message to the last."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import asyncpg
from pydantic import SecretStr

from channel_sync.clock import FixedToday
from channel_sync.demo.embedded import embedded_postgres, mock_broker
from channel_sync.demo.feed import Edit, Feed, Message, Writer, book_so_far, ordinary, story
from channel_sync.demo.hotel import HOTEL, PROPERTY, TODAY
from channel_sync.demo.providers import other_formats
from channel_sync.demo.servers import ServerError
from channel_sync.demo.show import Show
from channel_sync.pipeline import apply_slice
from channel_sync.property_file import parse_property
from channel_sync.settings import Settings
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_property
from channel_sync.worker.run import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from channel_sync.records import Applied, Fence, Record, SliceResult, TodayOf

TOPIC = "bookings"
TOLD = "BK-8001"
"""The booking whose history is shown at the end."""
WAIT_SECONDS = 30.0
POLL_SECONDS = 0.02

TASKS = "SELECT * FROM v_task WHERE property_id = $1 AND state = 'open' ORDER BY arrival, task_id"
HISTORY = """
SELECT * FROM v_history WHERE property_id = $1 AND reference = $2 ORDER BY version, field
"""
SINCE = """
SELECT * FROM v_history
 WHERE property_id = $1 AND version > $2 AND actor_type = $3 AND field = 'room'
 ORDER BY version
"""
VERSION = "SELECT version FROM property WHERE property_id = $1"
IS_DUE = "SELECT replan_due FROM property WHERE property_id = $1"


@dataclass(slots=True)
class Watch:
    """Stands between the worker and the pipeline, and remembers what became of the messages."""

    applied: list[Applied] = field(default_factory=list)

    async def apply(
        self,
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        """`pipeline.apply_slice`, watched."""
        result = await apply_slice(pool, records, today_of=today_of, fence=fence)
        self.applied += result.applied
        return result


@dataclass(slots=True)
class Stage:
    """The parts that the demonstration plays with."""

    show: Show
    watch: Watch
    feed: Feed
    worker: asyncio.Task[int]
    reader: asyncpg.Connection
    desk: asyncpg.Connection

    async def send(self, messages: Sequence[Message]) -> list[Applied]:
        """Sends messages and waits until the worker has applied them and the planner has looked."""
        already = len(self.watch.applied)
        await asyncio.to_thread(self.feed.send, messages)
        await self._until(lambda: len(self.watch.applied) >= already + len(messages))
        await self.planned()
        return self.watch.applied[already:]

    async def planned(self) -> None:
        """Waits until the planner has nothing to do."""
        started = time.monotonic()
        while await self.reader.fetchval(IS_DUE, PROPERTY):
            self._refuse_to_wait(started)
            await asyncio.sleep(POLL_SECONDS)

    async def _until(self, done: Any) -> None:
        started = time.monotonic()
        while not done():
            self._refuse_to_wait(started)
            await asyncio.sleep(POLL_SECONDS)

    def _refuse_to_wait(self, started: float) -> None:
        if self.worker.done():
            self.worker.result()  # raises what stopped it
            raise ServerError("the worker has stopped")
        if time.monotonic() - started > WAIT_SECONDS:
            raise ServerError(f"the worker did not answer within {WAIT_SECONDS:.0f} seconds")


def run_demo(messages: int) -> int:
    """Play it; returns the exit code. Nothing is left behind, however it ends.

    Raises:
        ServerError: an embedded part did not start, or is not installed.
    """
    show = Show()
    show.title("channel-sync", "the worker, PostgreSQL and a Kafka-protocol broker, all in here")
    with embedded_postgres() as postgres, mock_broker() as broker:
        broker.create_topic(TOPIC, 2)
        show.line(
            f"PostgreSQL {postgres.version} on port {postgres.port}, broker {broker.bootstrap}"
        )
        return asyncio.run(_play(show, postgres.dsn(), broker.bootstrap, messages))


async def _play(show: Show, dsn: str, bootstrap: str, messages: int) -> int:
    started = time.monotonic()
    await _prepare(dsn)
    async with _stage(show, dsn, bootstrap) as stage:
        write = Writer()
        await _morning(stage, write)
        show.title("One day of messages, and what staff do between them")
        show.head()
        for act in chain(story(write), other_formats()):
            await _act(stage, act)
        if messages:
            await _ordinary(stage, write, messages)
        await _evening(stage)
    show.line(f"\ndone in {time.monotonic() - started:.1f} seconds; nothing is left behind")
    return 0


async def _prepare(dsn: str) -> None:
    """The schema, the hotel, and the day on which all sessions of this database live."""
    await migrate(dsn, today=TODAY)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"ALTER DATABASE postgres SET channel_sync.today = '{TODAY}'")
    finally:
        await connection.close()
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "channel_sync"})
    try:
        await load_property(connection, parse_property(HOTEL))
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _stage(show: Show, dsn: str, bootstrap: str) -> AsyncIterator[Stage]:
    """The running worker, the feed, and two connections: one that reads, one of the front desk."""
    settings = Settings(
        database_url=SecretStr(dsn),
        kafka_bootstrap=bootstrap,
        topics=(TOPIC,),
        health_port=0,
        log_level="error",
        log_format="console",
        planner_interval_seconds=0.1,
    )
    watch, stopping = Watch(), asyncio.Event()
    worker = asyncio.create_task(
        run(settings, apply=watch.apply, today_of=FixedToday(TODAY), stopping=stopping)
    )
    reader, desk = await _connect(dsn), await _connect(dsn, role="channel_sync_pms")
    try:
        yield Stage(show, watch, Feed(bootstrap, TOPIC), worker, reader, desk)
    finally:
        stopping.set()
        await asyncio.wait([worker])
        await reader.close()
        await desk.close()


async def _connect(dsn: str, role: str | None = None) -> asyncpg.Connection:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "channel_sync"})
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=json.loads)
    if role is not None:
        await connection.execute(f"SET ROLE {role}")
    return connection


async def _morning(stage: Stage, write: Writer) -> None:
    rooms = sum(len(category["rooms"]) for category in HOTEL["categories"])
    stage.show.title(
        f"{HOTEL['name']}, {rooms} rooms in {len(HOTEL['categories'])} categories",
        f"today is {TODAY:%A, %d %B %Y}",
    )
    applied = await stage.send(book_so_far(write))
    stage.show.line(f"the book so far, read from the topic: {_tally(applied)}")


async def _act(stage: Stage, act: Message | Edit) -> None:
    """One message or one edit, then what the planner made of it."""
    before = await stage.reader.fetchval(VERSION, PROPERTY)
    if isinstance(act, Message):
        for applied in await stage.send([act]):
            stage.show.message(act.title, applied)
    else:
        await _edit(stage, act, before)
    for row in await stage.reader.fetch(SINCE, PROPERTY, before, "system"):
        if row["reason"] and row["new"] is not None:
            stage.show.fact(
                "planner",
                f"{row['reference']}  who waited is served",
                f"room {row['old'] or 'none'} → {row['new']}",
                f"R7: {row['reason']}",
            )


async def _edit(stage: Stage, act: Edit, before: int) -> None:
    """Through the SQL function that a PMS would call too."""
    given = {"property_id": PROPERTY, "reference": act.reference, **dict(act.arguments)}
    names = ", ".join(f"{name} => ${number}" for number, name in enumerate(given, 1))
    await stage.desk.execute(f"SELECT {act.function}({names})", *given.values())
    await stage.planned()
    rows = await stage.reader.fetch(SINCE, PROPERTY, before, "staff")
    changed = ", ".join(f"room {row['old']} → {row['new']}" for row in rows)
    said = dict(act.arguments)
    stage.show.fact(
        "staff",
        f"{act.reference}  {act.title}",
        changed or str(said.get("staff_note", "")),
        f"{said['actor']}: {said.get('reason', 'the channel never sees it')}",
    )


async def _ordinary(stage: Stage, write: Writer, wanted: int) -> None:
    stage.show.title(f"{wanted} ordinary messages on top")
    messages = list(ordinary(write, wanted))
    started = time.monotonic()
    applied = await stage.send(messages)
    seconds = time.monotonic() - started
    rate = f"{len(applied) / seconds:,.0f} a second"
    stage.show.line(f"{_tally(applied)}; {seconds:.1f} s, {rate}, planner included")


async def _evening(stage: Stage) -> None:
    show = stage.show
    show.title("What waits for a person", "channel-sync staff assign TASK --proposal N")
    show.tasks(await _rows(stage, TASKS, PROPERTY))
    show.title(f"The history of {TOLD}", f"channel-sync history --reference {TOLD}")
    show.history(await _rows(stage, HISTORY, PROPERTY, TOLD))


async def _rows(stage: Stage, statement: str, *arguments: object) -> list[dict[str, Any]]:
    return [dict(row) for row in await stage.reader.fetch(statement, *arguments)]


def _tally(applied: Sequence[Applied]) -> str:
    counted = Counter(str(one.outcome) for one in applied)
    return ", ".join(f"{number} {outcome}" for outcome, number in counted.most_common())
