"""What is done to a run, by kind: each fault waits until it is over."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from tests.chaos.crew import SESSION_SECONDS, Crew, Member
from tests.chaos.servers import Broker, Database

KILLED_AT_A_POINT = "kill -9 at a named point"
ZOMBIE = "frozen beyond its session, resumed as a zombie"
REBALANCE = "member leaves or joins"
DISK_FULL = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.fault (disk_is_full boolean NOT NULL);
INSERT INTO chaos.fault VALUES (false);
CREATE FUNCTION chaos.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF (SELECT disk_is_full FROM chaos.fault) THEN
        RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refuse BEFORE INSERT ON channel_sync.message
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.refuse();
"""
"""A full disk as the server would report it; the disk itself has room."""


@dataclass(slots=True)
class Scene:
    """What the faults act on. `url` leads to the database directly."""

    crew: Crew
    database: Database
    broker: Broker
    url: str
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    async def holding(self) -> list[Member]:
        """The workers that hold a partition, as the database knows it."""
        claimed = await self.ask("SELECT DISTINCT claimed_by FROM channel_sync.consumer_partition")
        marks = [str(row["claimed_by"]) for row in claimed]
        return [
            worker
            for worker in self.crew.workers
            if worker.lives and any(f":{worker.pid}:" in mark for mark in marks)
        ]

    async def ask(self, query: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url, timeout=10)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()


Fault = Callable[[Scene], Awaitable[int]]
"""Does it, and returns how often it was done: 0 where there was nobody to do it to."""


async def kill(scene: Scene) -> int:
    holding = await scene.holding()
    if not holding:
        return 0
    scene.crew.kill(scene.chance.choice(holding))
    return 1


async def freeze(scene: Scene) -> int:
    """Counts only where every partition of the frozen one was taken over before it went on."""
    holding = await scene.holding()
    if not holding:
        return 0
    worker = scene.chance.choice(holding)
    process = worker.process
    worker.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(SESSION_SECONDS + 1)
        deadline = time.monotonic() + 20
        while worker in await scene.holding():
            if time.monotonic() > deadline:
                return 0
            await asyncio.sleep(0.3)
    finally:
        if worker.process is process:
            worker.send(signal.SIGCONT)
    return 1


async def restart_database(scene: Scene) -> int:
    forgets = scene.chance.random() < 0.5
    down = scene.chance.choice([0.0, 0.5, 2.0])
    await asyncio.to_thread(scene.database.restart, forgets=forgets, down_seconds=down)
    return 1


async def restart_broker(scene: Scene) -> int:
    how = scene.chance.random() < 0.5
    down = scene.chance.choice([0.0, 1.0])
    await asyncio.to_thread(scene.broker.restart, kill=how, down_seconds=down)
    return 1


async def rebalance(scene: Scene) -> int:
    """One leaves in good order, the rest share its partitions; then it joins again."""
    holding = await scene.holding()
    if len(holding) < 2:
        return 0
    worker = scene.chance.choice(holding)
    await scene.crew.leave(worker)
    await asyncio.sleep(scene.chance.uniform(0, 1))
    scene.crew.start(worker)
    return 2


async def cut_database(scene: Scene) -> int:
    return int(scene.database.proxy.cut() > 0)


async def cut_broker(scene: Scene) -> int:
    return int(scene.broker.proxy.cut() > 0)


async def slow_down(scene: Scene) -> int:
    """Both ways late or silent, for longer than a session."""
    proxy = scene.chance.choice([scene.database.proxy, scene.broker.proxy])
    if scene.chance.random() < 0.5:
        await proxy.hold_up(SESSION_SECONDS + 1)
    else:
        await proxy.delay(0.2, 3)
    return 1


async def make_read_only(scene: Scene) -> int:
    for value in ("on", "off"):
        connection = await asyncpg.connect(scene.url, timeout=10)
        try:
            await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()
        await asyncio.sleep(1.5 if value == "on" else 0)
    return 1


async def fill_the_disk(scene: Scene) -> int:
    for value in ("true", "false"):
        await scene.ask(f"UPDATE chaos.fault SET disk_is_full = {value}")
        await asyncio.sleep(1.5 if value == "true" else 0)
    return 1


async def move_the_clock(scene: Scene) -> int:
    """Of a worker that has come so far as to hold a partition, and so listens to the signal."""
    holding = await scene.holding()
    for worker in holding:
        worker.send(signal.SIGUSR1)
    return len(holding)


@dataclass(frozen=True, slots=True)
class Kind:
    """`soak` is how often a long run does it; a shorter one does it in the same proportion."""

    name: str
    soak: int
    fault: Fault | None
    """None: it happens by itself."""


KINDS = (
    Kind(KILLED_AT_A_POINT, 300, None),
    Kind("kill -9 at random", 200, kill),
    Kind(ZOMBIE, 100, freeze),
    Kind("database restarted hard", 50, restart_database),
    Kind("broker stopped or killed, and started", 50, restart_broker),
    Kind(REBALANCE, 200, rebalance),
    Kind("connections to the database cut", 60, cut_database),
    Kind("connections to the broker cut", 60, cut_broker),
    Kind("connections delayed or held up", 40, slow_down),
    Kind("database read-only (25006)", 40, make_read_only),
    Kind("disk full (53100)", 40, fill_the_disk),
    Kind("wall clock of a worker moved by up to 36 h", 100, move_the_clock),
)


async def inflict(scene: Scene, kind: Kind) -> None:
    """A fault that itself meets a server that is just away counts for nothing."""
    assert kind.fault is not None
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        scene.counts[kind.name] += await kind.fault(scene)
