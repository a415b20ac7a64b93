"""The program as it was before the newest migration, under the schema of today."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.traffic import property_file
from channel_sync.store.migrate import migrate
from tests.integration.checker import broken_invariants, faults_of_outcomes
from tests.integration.feed import ROOMS, Feed
from tests.integration.program import NOW, ROOT, Program, outcomes, until_outcomes
from tests.integration.rough import RoughTraffic
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart

MIGRATIONS = "src/channel_sync/store/migrations"
HOTELS = 6
STAGE = 60
"""Outcomes that each pair of program and schema must have before the next."""

MakeTopic = Callable[..., str]


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
        today = Program(NOW, url, kafka.bootstrap, topic)
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
