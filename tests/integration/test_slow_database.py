"""A database a hundred times slower: what was fetched stays bounded, and the worker stays live."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import asyncpg

from channel_sync.records import Record
from tests.chaos.proxy import Proxy
from tests.integration.running import bodies, prepare, send, settings_for, until, working
from tests.parts.kafka import KafkaPart

MakeTopic = Callable[..., str]
MESSAGES = 3_000
FETCH_BYTES = 20_000
QUEUE, SLICE = 60, 20
LATE_SECONDS = 0.05
"""For each packet, where a statement takes well under a millisecond."""


def records_in_memory() -> int:
    gc.collect()
    return sum(isinstance(one, Record) for one in gc.get_objects())


async def test_a_slow_database_slows_the_reading_and_fills_no_memory(
    database: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await prepare(database)
    topic = make_topic()
    await send(kafka.bootstrap, topic, *(f"{n} {'x' * 500}" for n in range(MESSAGES)))
    port = int(database.rpartition(":")[2].partition("/")[0])
    proxy = Proxy(port)
    settings = settings_for(
        database.replace(f":{port}/", f":{proxy.port}/"), kafka.bootstrap, topic,
        queue_records=QUEUE, slice_records=SLICE, kafka_partition_fetch_bytes=FETCH_BYTES,
        database_pool_size=2,
    )  # fmt: skip
    before = records_in_memory()
    most = 0
    async with proxy.running():
        proxy.delay_seconds = LATE_SECONDS
        async with working(settings):

            async def half_done() -> bool:
                nonlocal most
                most = max(most, records_in_memory() - before)
                return len(await bodies(database, topic)) >= 8 * SLICE

            await until(half_done)
            proxy.delay_seconds = 0.0

            async def done() -> bool:
                return len(await bodies(database, topic)) >= MESSAGES

            await until(done)
    fetched_at_once = FETCH_BYTES // 500
    assert SLICE <= most <= QUEUE + SLICE + 4 * fetched_at_once


async def test_the_proxy_makes_a_statement_a_hundred_times_slower(database: str) -> None:
    """Lest the test above is one of a database that is as fast as ever."""
    port = int(database.rpartition(":")[2].partition("/")[0])
    proxy = Proxy(port)
    loop = asyncio.get_running_loop()
    async with proxy.running():
        connection = await asyncpg.connect(database.replace(f":{port}/", f":{proxy.port}/"))
        proxy.delay_seconds = LATE_SECONDS
        began = loop.time()
        await connection.fetchval("SELECT 1")
        assert loop.time() - began >= LATE_SECONDS
        proxy.delay_seconds = 0.0
        await connection.close()
