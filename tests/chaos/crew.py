"""The workers of a run, as processes of one group: who dies is started again."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.fail_points import POINTS
from tests.integration.program import Worker

SESSION_SECONDS = 2.0
JOINING_SECONDS = 60.0
ARMED = 0.85
"""The share of starts that are given a point to die at."""

SETTINGS = {
    "HEALTH_PORT": "0",
    "SLICE_RECORDS": "40",
    "KAFKA_SESSION_TIMEOUT_MS": str(int(SESSION_SECONDS * 1000)),
    "KAFKA_HEARTBEAT_MS": "300",
    "KAFKA_REQUEST_TIMEOUT_MS": "5000",
    "DATABASE_POOL_SIZE": "4",
    "DATABASE_CONNECT_TIMEOUT_SECONDS": "5",
    "DATABASE_STATEMENT_TIMEOUT_MS": "10000",
    "DATABASE_LOCK_TIMEOUT_MS": "5000",
    "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_MS": "2000",
    "RETRY_FIRST_MS": "50",
    "RETRY_CAP_MS": "1000",
    "LAG_INTERVAL_SECONDS": "1",
    "PLANNER_INTERVAL_SECONDS": "0.5",
    "DRAIN_SECONDS": "15",
    "LOG_LEVEL": "info",
}


@dataclass(slots=True)
class Member(Worker):
    """One place in the group; its process changes."""

    point: str = ""
    expected_to_end: bool = False
    began_at: int = 0
    """Bytes in its log when it was started."""

    @property
    def has_joined(self) -> bool:
        return b'"event": "assigned"' in self.log.read_bytes()[self.began_at :]


@dataclass(slots=True)
class Crew:
    """Keeps `size` workers alive until told otherwise, and counts what they died of."""

    size: int
    folder: Path
    settings: Mapping[str, str]
    chance: random.Random
    died_at: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    armed: bool = True
    workers: list[Member] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What no fault of ours explains: a worker that ended by itself."""

    def __post_init__(self) -> None:
        names = [f"worker-{number}" for number in range(1, self.size + 1)]
        settings = {**SETTINGS, **self.settings}
        self.workers = [Member(name, self.folder / f"{name}.log", settings) for name in names]

    async def keep(self) -> None:
        """Until cancelled: starts who is missing, notes who died."""
        while True:
            for worker in self.workers:
                if not worker.lives and not worker.expected_to_end:
                    self._note(worker)
                    self.start(worker)
            await asyncio.sleep(0.1)

    def start(self, worker: Member) -> None:
        worker.point = ""
        die_at: tuple[str, ...] = ()
        if self.armed and self.chance.random() < ARMED:
            worker.point = self.chance.choice(POINTS)
            die_at = (f"{worker.point}:{self.chance.randrange(1, 12)}",)
        worker.began_at = worker.log.stat().st_size if worker.log.exists() else 0
        worker.start("tests.chaos.fail_points", *die_at)
        worker.expected_to_end = False
        self.starts += 1

    def _note(self, worker: Member) -> None:
        if worker.process is None:
            return
        ended = worker.process.returncode
        if ended == -signal.SIGKILL and worker.point:
            self.died_at[worker.point] += 1
        elif ended != 0:
            self.faults.append(f"{worker.name} ended with {ended}")

    def kill(self, worker: Member) -> None:
        """By us, not at a point."""
        worker.point = ""
        worker.expected_to_end = True
        worker.kill()
        self.start(worker)

    async def leave(self, worker: Member) -> int:
        """As an operator stops it; the exit code, or what killed it meanwhile."""
        worker.expected_to_end = True
        try:
            return await worker.stop()
        except subprocess.TimeoutExpired:
            self.faults.append(f"{worker.name} did not stop")
            worker.kill()
            return worker.running.returncode

    async def all_listen(self) -> None:
        """Until each has been given partitions: who is still starting dies of a SIGTERM."""
        deadline = time.monotonic() + JOINING_SECONDS
        while not all(worker.has_joined for worker in self.workers):
            if time.monotonic() > deadline:
                raise AssertionError("a worker never joined the group")
            await asyncio.sleep(0.3)

    async def disarm(self) -> None:
        """From now on nobody dies at a point: who was to is exchanged for one who is not."""
        self.armed = False
        for worker in self.workers:
            if worker.lives and worker.point:
                self.kill(worker)

    def clear_away(self) -> None:
        for worker in self.workers:
            worker.clear_away()

    def lines(self, event: str) -> int:
        """How often the logs say so."""
        return sum(len(worker.lines(event)) for worker in self.workers)
