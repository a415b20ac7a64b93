"""The workers of a run, as processes of one group: who dies is started again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.fail_points import POINTS

ROOT = Path(__file__).parents[2]
SESSION_SECONDS = 2.0
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
class Worker:
    """One place in the group; its process changes."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    point: str = ""
    expected_to_end: bool = False

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)


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
    workers: list[Worker] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What no fault of ours explains: a worker that ended by itself."""

    def __post_init__(self) -> None:
        names = [f"worker-{number}" for number in range(1, self.size + 1)]
        self.workers = [Worker(name, self.folder / f"{name}.log") for name in names]

    async def keep(self) -> None:
        """Until cancelled: starts who is missing, notes who died."""
        while True:
            for worker in self.workers:
                if not worker.lives and not worker.expected_to_end:
                    self._note(worker)
                    self.start(worker)
            await asyncio.sleep(0.1)

    def start(self, worker: Worker) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CHANNEL_SYNC_")}
        named = {**SETTINGS, "CLIENT_ID": worker.name, **self.settings}
        environment |= {f"CHANNEL_SYNC_{name}": value for name, value in named.items()}
        worker.point = ""
        if self.armed and self.chance.random() < ARMED:
            worker.point = self.chance.choice(POINTS)
            environment["CHAOS_DIE_AT"] = f"{worker.point}:{self.chance.randrange(1, 12)}"
        with worker.log.open("ab") as output:
            worker.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.fail_points"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        worker.expected_to_end = False
        self.starts += 1

    def _note(self, worker: Worker) -> None:
        if worker.process is None:
            return
        ended = worker.process.returncode
        if ended == -signal.SIGKILL and worker.point:
            self.died_at[worker.point] += 1
        elif ended != 0:
            self.faults.append(f"{worker.name} ended with {ended}")

    def kill(self, worker: Worker) -> None:
        """By us, not at a point."""
        worker.point = ""
        worker.expected_to_end = True
        worker.send(signal.SIGKILL)
        assert worker.process is not None
        worker.process.wait()
        self.start(worker)

    async def leave(self, worker: Worker) -> int:
        """As an operator stops it; the exit code, or what killed it meanwhile."""
        worker.expected_to_end = True
        worker.send(signal.SIGTERM)
        assert worker.process is not None
        try:
            return await asyncio.to_thread(worker.process.wait, 60)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{worker.name} did not stop")
            worker.process.kill()
            return await asyncio.to_thread(worker.process.wait)

    async def disarm(self) -> None:
        """From now on nobody dies at a point: who was to is exchanged for one who is not."""
        self.armed = False
        for worker in self.workers:
            if worker.lives and worker.point:
                self.kill(worker)

    def clear_away(self) -> None:
        for worker in self.workers:
            if worker.lives:
                worker.send(signal.SIGCONT)
                worker.send(signal.SIGKILL)
                assert worker.process is not None
                worker.process.wait()

    def lines(self, event: str) -> int:
        """How often the logs say so."""
        said = f'"event": "{event}"'.encode()
        return sum(one.log.read_bytes().count(said) for one in self.workers if one.log.exists())
