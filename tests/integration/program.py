"""channel-sync as processes: its commands, its workers, also those of another version."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import asyncpg

from tests.integration.running import until

ROOT = Path(__file__).parents[2]
NOW = ROOT / "src"
"""The sources as they stand here."""

SETTINGS = {
    "HEALTH_PORT": "0",
    "SLICE_RECORDS": "20",
    "KAFKA_SESSION_TIMEOUT_MS": "6000",
    "KAFKA_HEARTBEAT_MS": "500",
    "PLANNER_INTERVAL_SECONDS": "0.2",
    "RETRY_FIRST_MS": "50",
    "RETRY_CAP_MS": "1000",
}


def reaching(url: str, bootstrap: str, topic: str) -> dict[str, str]:
    """The settings that say where a worker works; each topic has a group of its own."""
    return {
        "DATABASE_URL": url,
        "KAFKA_BOOTSTRAP": bootstrap,
        "TOPICS": topic,
        "GROUP": f"group-of-{topic}",
    }


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's own, but of channel-sync's settings these alone."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CHANNEL_SYNC_")}
    return inherited | {f"CHANNEL_SYNC_{name}": value for name, value in settings.items()}


@dataclass(slots=True)
class Worker:
    """A worker's process, and the log in which it goes on when it is started again."""

    name: str
    log: Path
    settings: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self, *command: str) -> None:
        """`channel-sync run`, or what else is to be run in its place."""
        module = command or ("channel_sync", "run")
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=environment({**self.settings, "CLIENT_ID": self.name}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    @property
    def pid(self) -> int:
        return self.running.pid

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.running.wait()

    async def stop(self) -> int:
        """As an operator stops it; the exit code. Raises TimeoutExpired after a minute."""
        self.send(signal.SIGTERM)
        return await asyncio.to_thread(self.running.wait, 60)

    def clear_away(self) -> None:
        if self.lives:
            self.send(signal.SIGCONT)
            self.kill()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What its log says of it: lines cut off by a death say nothing."""
        if not self.log.exists():
            return []
        found = []
        wanted = f'"event": "{event}"'
        for line in self.log.read_text(encoding="utf-8").splitlines():
            if wanted in line:
                with contextlib.suppress(json.JSONDecodeError):
                    found.append(json.loads(line))
        return found


@dataclass(frozen=True, slots=True)
class Program:
    """One version, by its sources, with the settings of a run."""

    source: Path
    url: str
    bootstrap: str
    topic: str

    async def do(self, *arguments: str) -> None:
        """A command that must end with 0."""
        with tempfile.TemporaryFile() as output:
            process = self._start(output, *arguments)
            assert await asyncio.to_thread(process.wait) == 0, told(output)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Callable[[], str]]:
        """`run`, which must go on until it is asked to end, and end with 0; yields its log."""
        with tempfile.TemporaryFile() as output:
            process = self._start(output, "run")
            try:
                yield lambda: told(output)
                assert process.poll() is None, f"it ended by itself: {told(output)}"
            except BaseException:
                print(told(output)[-8_000:])  # noqa: T201 - what it did while the test waited
                raise
            finally:
                process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(process.wait)
            assert process.returncode == 0, told(output)

    def _start(self, output: IO[bytes], *arguments: str) -> subprocess.Popen[bytes]:
        settings = {**SETTINGS, **reaching(self.url, self.bootstrap, self.topic)}
        return subprocess.Popen(
            [sys.executable, "-m", "channel_sync", *arguments],
            env={**environment(settings), "PYTHONPATH": str(self.source)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def told(output: IO[bytes]) -> str:
    return os.pread(output.fileno(), 1 << 24, 0).decode()


async def outcomes(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM channel_sync.message"))
    finally:
        await connection.close()


async def until_planned(url: str) -> None:
    """Nobody waits for the planner any more."""

    async def nothing_due() -> bool:
        connection = await asyncpg.connect(url)
        try:
            due = "SELECT count(*) FROM channel_sync.property WHERE replan_due"
            return bool(await connection.fetchval(due) == 0)
        finally:
            await connection.close()

    await until(nothing_due)


async def until_outcomes(url: str, number: int) -> None:
    async def there() -> bool:
        return await outcomes(url) >= number

    await until(there)
