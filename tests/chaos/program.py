"""A version of channel-sync as processes: its commands, and its worker while a context lasts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
            finally:
                process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(process.wait)
            assert process.returncode == 0, told(output)

    def _start(self, output: IO[bytes], *arguments: str) -> subprocess.Popen[bytes]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CHANNEL_SYNC_")}
        settings = {
            **SETTINGS,
            "DATABASE_URL": self.url,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "TOPICS": self.topic,
            "GROUP": f"group-of-{self.topic}",
        }
        named = {f"CHANNEL_SYNC_{name}": value for name, value in settings.items()}
        return subprocess.Popen(
            [sys.executable, "-m", "channel_sync", *arguments],
            env={**inherited, **named, "PYTHONPATH": str(self.source)},
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


async def until_outcomes(url: str, number: int) -> None:
    async def there() -> bool:
        return await outcomes(url) >= number

    await until(there)
