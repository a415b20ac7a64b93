"""A worker with a small pipeline of its own: what it was handed, and when, stands in a table."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from channel_sync.core.model import Outcome
from channel_sync.records import Applied, Fence, Planned, Record, SliceResult, TodayOf
from channel_sync.settings import Settings
from channel_sync.store import connect
from channel_sync.worker.run import run

PATIENCE_SECONDS = 120.0
"""For anything that must happen in the end; no test measures how soon."""

TABLE = """
CREATE TABLE channel_sync.handed_over (
    topic text, partition integer, "offset" bigint, body text, epoch bigint,
    PRIMARY KEY (topic, partition, "offset")
);
GRANT ALL ON channel_sync.handed_over TO channel_sync_worker;
"""


async def prepare(url: str) -> None:
    """Makes the table that `hand_over` writes to."""
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.close()


async def hand_over(
    pool: asyncpg.Pool,
    records: tuple[Record, ...],
    *,
    today_of: TodayOf,
    fence: Fence | None = None,
) -> SliceResult:
    """A pipeline in small: the fence, a row for each record, one transaction.

    A body "internal error" is parked as one. A body "slow" takes its time inside the transaction.
    The primary key refuses an offset that is applied twice.
    """
    del today_of
    async with connect.borrowed(pool) as connection, connection.transaction():
        if fence is not None:
            await fence.move(connection, records)
        if any(record.body.startswith(b"slow") for record in records):
            await asyncio.sleep(1.0)
        await connection.executemany(
            "INSERT INTO channel_sync.handed_over SELECT $1::text, $2::integer, $3, $4, epoch"
            " FROM channel_sync.consumer_partition WHERE topic = $1 AND partition = $2",
            [(one.topic, one.partition, one.offset, one.body.decode()) for one in records],
        )
    return SliceResult(
        applied=tuple(_applied(record) for record in records),
        internal_errors=sum(record.body == b"internal error" for record in records),
        properties={"seaview": records[-1].offset},
    )


def _applied(record: Record) -> Applied:
    failed = record.body == b"internal error"
    return Applied(
        record=record,
        ordinal=0,
        outcome=Outcome.PARKED if failed else Outcome.CREATED,
        outcome_reason="internal_error" if failed else "",
        property_id="seaview",
    )


async def plan_nothing(pool: asyncpg.Pool, *, today_of: TodayOf) -> Planned | None:
    del pool, today_of
    return None


def settings_for(url: str, bootstrap: str, *topics: str, **others: Any) -> Settings:
    """Quick to notice and to retry; no health port unless asked for."""
    values: dict[str, Any] = {
        "database_url": url,
        "kafka_bootstrap": bootstrap,
        "topics": topics,
        "group": f"group-of-{topics[0]}" if topics else "nobody",
        "health_port": 0,
        "kafka_session_timeout_ms": 6_000,
        "kafka_heartbeat_ms": 500,
        "retry_first_ms": 20,
        "retry_cap_ms": 500,
        "halt_poll_seconds": 0.1,
        "lag_interval_seconds": 0.2,
        "drain_seconds": 20,
        "log_level": "warning",
        **others,
    }
    return Settings(**values)


@contextlib.asynccontextmanager
async def working(settings: Settings, **others: Any) -> AsyncIterator[asyncio.Task[int]]:
    """A worker in this process for as long as the context lasts; it must end with 0."""
    stopping = asyncio.Event()
    options: dict[str, Any] = {"apply": hand_over, "plan_next": plan_nothing, **others}
    # A worker that dies takes the test with it, instead of letting it wait.
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(settings, stopping=stopping, **options))
        try:
            yield task
        finally:
            stopping.set()
    assert task.result() == 0


async def send(
    bootstrap: str, topic: str, *bodies: str, partition: int = 0, stamp_ms: int | None = None
) -> list[int]:
    """Writes messages, stamped with the present time unless told, and returns their offsets."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        sent = [
            await producer.send(topic, body.encode(), partition=partition, timestamp_ms=stamp_ms)
            for body in bodies
        ]
        return [(await one).offset for one in sent]
    finally:
        await producer.stop()


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await happened():
        if time.monotonic() > deadline:
            raise AssertionError("it never happened")
        await asyncio.sleep(0.05)


async def bodies(url: str, topic: str, partition: int | None = None) -> list[str]:
    """What was handed over, by partition and offset."""
    rows = await _fetch(
        url,
        "SELECT body FROM channel_sync.handed_over WHERE topic = $1"
        ' AND partition = coalesce($2, partition) ORDER BY partition, "offset"',
        topic,
        partition,
    )
    return [row["body"] for row in rows]


async def row_of(url: str, topic: str, partition: int = 0) -> asyncpg.Record | None:
    rows = await _fetch(
        url,
        "SELECT * FROM channel_sync.consumer_partition WHERE topic = $1 AND partition = $2",
        topic,
        partition,
    )
    return rows[0] if rows else None


async def until_applied(url: str, topic: str, *expected: str) -> None:
    """Waits for as many, then compares all."""

    async def enough() -> bool:
        return len(await bodies(url, topic)) >= len(expected)

    await until(enough)
    assert await bodies(url, topic) == list(expected)


async def until_halted(url: str, topic: str, partition: int = 0) -> str:
    """Waits for the halt and returns its reason."""

    async def halted() -> bool:
        row = await row_of(url, topic, partition)
        return row is not None and row["halted_at"] is not None

    await until(halted)
    row = await row_of(url, topic, partition)
    assert row is not None
    return str(row["halt_reason"])


async def execute(url: str, statement: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def _fetch(url: str, statement: str, *arguments: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()
