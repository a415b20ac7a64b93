"""One run: workers under faults, then the database against that of one worker without any."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg

from tests.chaos import faults, servers
from tests.chaos.crew import Crew
from tests.chaos.faults import KILLED_AT_A_POINT, KINDS, Kind, Scene
from tests.chaos.people import MAY_WRITE_TABLES, People
from tests.chaos.verdict import Verdict, judge, judge_beside_people
from tests.integration.checker import EVERYTHING, WHATEVER_THE_ROOMS
from tests.integration.feed import Feed, apply_in_order, template
from tests.integration.program import reaching
from tests.integration.rough import RoughTraffic
from tests.parts.kafka import KafkaPart

PARTITIONS = 6
REARMING = next(kind for kind in KINDS if kind.fault is faults.kill)
BEHIND = 1_500
"""Messages without an outcome at which the feed waits: faults are to meet workers that work."""
SETTLE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`seconds` of faults, or until each kind was done `times` × its share in a soak."""

    seconds: float
    soak: bool = False
    times: float = 1.0
    seed: int = 1
    workers: int = 3
    hotels: int = 30
    rate: float = 40.0
    auto_resolve: str = "off"
    """on: the planner gives rooms when it looks, so rooms are judged by invariants alone."""
    people: int = 0
    """At the desks meanwhile. One worker without faults would have met other bookings, so all is
    judged by invariants, by what staff decided, and by a rebuild."""

    @property
    def reshuffle(self) -> str:
        """Where no rows are compared, stays may make room for others."""
        return "auto" if self.people else "suggest"

    def __str__(self) -> str:
        people = f" {self.people} people at the desks," if self.people else ""
        return (
            f"{self.workers} workers,{people} {self.hotels} hotels,"
            f" {self.rate:g} messages a second, auto_resolve {self.auto_resolve},"
            f" reshuffle {self.reshuffle}, seed {self.seed}"
        )


@dataclass(slots=True)
class Run:
    """What stands after the faults."""

    scene: Scene
    feed: Feed
    people: People
    seconds: float = 0.0


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


async def soak(plan: Plan, folder: Path) -> Verdict:
    """Starts everything, does it, compares; raises where the workers do not come to rest."""
    with servers.database() as database, servers.broker() as broker:
        made = await template(database.part, plan.hotels, plan.auto_resolve, plan.reshuffle)
        async with (
            database.proxy.running(),
            broker.proxy.running(),
            database.part.database(made) as url,
            database.part.database(made) as in_order,
        ):
            part = KafkaPart(broker.bootstrap, broker.label, real=True)
            topic = await asyncio.to_thread(part.create_topic, partitions=PARTITIONS)
            connection = await asyncpg.connect(url)
            await connection.execute(faults.DISK_FULL)
            await connection.execute(MAY_WRITE_TABLES)
            await connection.close()
            chance = random.Random(plan.seed)
            crew = Crew(
                plan.workers,
                folder,
                reaching(database.through_proxy(url), broker.bootstrap, topic),
                chance,
            )
            run = Run(
                Scene(crew, database, broker, url, chance),
                Feed(topic, broker.direct, RoughTraffic(plan.hotels, seed=plan.seed)),
                People(database.through_proxy(url), plan.people, plan.hotels, plan.seed),
            )
            await _under_faults(plan, run)
            if plan.people:
                verdict = await judge_beside_people(run.scene, run.feed, url, run.people)
            else:
                await apply_in_order(in_order, run.feed)
                only = EVERYTHING if plan.auto_resolve == "off" else WHATEVER_THE_ROOMS
                verdict = await judge(run.scene, run.feed, url, in_order, only)
            return replace(verdict, seconds=run.seconds, parts=(str(plan), *verdict.parts))


async def _under_faults(plan: Plan, run: Run) -> None:
    crew, feed, scene = run.scene.crew, run.feed, run.scene
    enough = asyncio.Event()
    done = 0
    began = time.monotonic()

    async def count() -> None:
        nonlocal done
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                rows = await scene.ask("SELECT count(*) FROM channel_sync.message")
                done = rows[0][0]
            await asyncio.sleep(0.5)

    try:
        async with aside(crew.keep(), count()), aside(
            feed.produce(rate=plan.rate, may=lambda: feed.sent - done < BEHIND, until=enough)
        ):  # fmt: skip
            async with aside(run.people.work()):
                await _inflict_all(plan, scene)
            run.seconds = time.monotonic() - began
            _say(f"faults are over: {dict(scene.counts)}, {feed.sent} messages, {done} outcomes")
            enough.set()
            await crew.disarm()
            await feed.flush()
            await _settled(scene, sum(feed.reservations.values()))
        await crew.all_listen()
        for worker in crew.workers:
            ended = await crew.leave(worker)
            if ended != 0:
                crew.faults.append(f"{worker.name} stopped with {ended}")
    finally:
        crew.clear_away()


@contextlib.asynccontextmanager
async def aside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs them for as long as the context lasts; what one of them dies of ends it at once."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


async def _inflict_all(plan: Plan, scene: Scene) -> None:
    """The kind furthest behind comes next, and a short calm after each."""
    deadline = time.monotonic() + plan.seconds
    told = time.monotonic()
    active = [kind for kind in KINDS if kind.fault is not None]
    while time.monotonic() < deadline:
        scene.counts[KILLED_AT_A_POINT] = scene.crew.died_at.total()
        behind = [kind for kind in KINDS if scene.counts[kind.name] < kind.soak * plan.times]
        if plan.soak and not behind:
            return
        kinds = [kind for kind in active if kind in behind] if plan.soak else active
        # Where only deaths at points are missing, a kill gives a worker another point.
        chosen = min(kinds or [REARMING], key=lambda kind: _share(scene, kind))
        await faults.inflict(scene, chosen)
        await asyncio.sleep(scene.chance.uniform(0.1, 0.8))
        if time.monotonic() - told > 60:
            told = time.monotonic()
            _say(str(dict(scene.counts)))


def _share(scene: Scene, kind: Kind) -> tuple[float, float]:
    return scene.counts[kind.name] / kind.soak, scene.chance.random()


async def _settled(scene: Scene, expected: int) -> None:
    """Every reservation has its outcome and every property was planned."""
    deadline = time.monotonic() + SETTLE_SECONDS
    found = None
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            (found,) = await scene.ask(
                "SELECT (SELECT count(*) FROM channel_sync.message) AS outcomes,"
                " (SELECT count(*) FROM channel_sync.property WHERE replan_due) AS due,"
                " (SELECT string_agg(halt_reason, '; ') FROM channel_sync.consumer_partition)"
                " AS halts"
            )
            if found["outcomes"] >= expected and not found["due"]:
                return
            if found["halts"]:
                break
        await asyncio.sleep(0.5)
    raise AssertionError(f"it never came to rest: {found}, expected {expected}")
