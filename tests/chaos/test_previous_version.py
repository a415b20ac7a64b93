"""The program as it was before the newest migration, under the schema of today."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from bench.traffic import property_file
from channel_sync.store.migrate import migrate
from tests.chaos.traffic import ROOMS, Feed
from tests.integration.checker import broken_invariants, faults_of_outcomes
from tests.integration.rough import RoughTraffic
from tests.integration.running import until
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart

ROOT = Path(__file__).parents[2]
MIGRATIONS = "src/channel_sync/store/migrations"
HOTELS = 6
STAGE = 60
"""Outcomes that each pair of program and schema must have before the next."""

MakeTopic = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Program:
    """One version of channel-sync, by its sources, with the settings of a run."""

    source: Path
    url: str
    bootstrap: str
    topic: str

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CHANNEL_SYNC_")}
        settings = {
            "DATABASE_URL": self.url,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "TOPICS": self.topic,
            "GROUP": f"group-of-{self.topic}",
            "HEALTH_PORT": "0",
            "SLICE_RECORDS": "20",
            "KAFKA_SESSION_TIMEOUT_MS": "6000",
            "KAFKA_HEARTBEAT_MS": "500",
            "PLANNER_INTERVAL_SECONDS": "0.2",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "channel_sync", *arguments],
            env={
                **inherited,
                **{f"CHANNEL_SYNC_{name}": value for name, value in settings.items()},
                "PYTHONPATH": str(self.source),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    async def do(self, *arguments: str) -> None:
        process = self.command(*arguments)
        told, _ = await asyncio.to_thread(process.communicate)
        assert process.returncode == 0, told.decode()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """`run`, for as long as the context lasts; it must end with 0 when asked to."""
        process = self.command("run")
        talk = asyncio.create_task(asyncio.to_thread(process.communicate))
        try:
            yield
            assert process.poll() is None, "it ended by itself"
        finally:
            process.send_signal(signal.SIGTERM)
            told, _ = await talk
        assert process.returncode == 0, told.decode()


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no history to take the program before from: {done.stderr.decode().strip()}")
    return done.stdout


def unpack_the_version_before(folder: Path) -> Path:
    """The sources as they were before the migrations changed last."""
    since = "HEAD"
    if not git("status", "--porcelain", "--", MIGRATIONS).strip():
        log = git("log", "--first-parent", "--max-count=1", "--format=%H", "--", MIGRATIONS)
        since = f"{log.decode().strip()}^1"
    archive = git("archive", since, "src")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder / "src"


async def outcomes(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM channel_sync.message"))
    finally:
        await connection.close()


async def until_outcomes(url: str, number: int) -> None:
    async def there() -> bool:
        return await outcomes(url) >= number

    await until(there)


async def stage(*programs: Program, migrating: bool = False) -> None:
    """They work together until some more messages have their outcomes."""
    url = programs[0].url
    async with contextlib.AsyncExitStack() as stack:
        for program in programs:
            await stack.enter_async_context(program.working())
        await until_outcomes(url, await outcomes(url) + STAGE)
        if migrating:
            assert await migrate(url, only="pre")
            await until_outcomes(url, await outcomes(url) + STAGE)


async def test_a_worker_of_the_migration_before_works_while_and_after_this_one_is_applied(
    postgres: PostgresPart, kafka: KafkaPart, make_topic: MakeTopic, tmp_path: Path
) -> None:
    """An upgrade under traffic, worker by worker, and the way back."""
    source = unpack_the_version_before(tmp_path)
    topic = make_topic(partitions=3)
    feed = Feed(topic, kafka.bootstrap, RoughTraffic(HOTELS, seed=3))
    async with postgres.database() as url:
        before = Program(source, url, kafka.bootstrap, topic)
        today = Program(ROOT / "src", url, kafka.bootstrap, topic)
        await before.do("migrate")
        for number in range(HOTELS):
            hotel = tmp_path / f"{number}.json"
            hotel.write_text(json.dumps(property_file(number, ROOMS)), encoding="utf-8")
            await before.do("property", "load", str(hotel))
        enough = asyncio.Event()
        traffic = asyncio.create_task(
            feed.produce(rate=40, may=lambda: feed.sent < 12 * STAGE, until=enough)
        )
        await stage(before, migrating=True)
        if kafka.real:  # the imitation knows one member at a time
            await stage(before, today)
        await stage(today)
        await stage(before)
        enough.set()
        await traffic
        await feed.flush()
        async with today.working():
            await until_outcomes(url, sum(feed.reservations.values()))
        assert await faults_of_outcomes(url, topic, feed.reservations) == []
        assert await broken_invariants(url) == []
