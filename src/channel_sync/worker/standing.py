"""How a partition stands, and how it waits for a database or a broker that is away."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from channel_sync.observe.logs import logger
from channel_sync.store import connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from channel_sync.store.claims import PartitionId
    from channel_sync.worker.means import Means

T = TypeVar("T")


class State(StrEnum):
    """Where a partition stands."""

    CLAIMING = "claiming"
    WORKING = "working"
    WAITING = "waiting"
    HALTED = "halted"


class EndedError(Exception):
    """The partition was let go, or the worker stops: the way out of every wait."""


class Standing:
    """The state of one partition, for the health port, and its patience."""

    def __init__(self, partition: PartitionId, means: Means) -> None:
        self.id = partition
        self.state = State.CLAIMING
        self.remark = ""
        """Why it halted or waits; empty while it works."""
        self.progress_at = time.monotonic()
        """The last sign of life, monotonic seconds: a slice committed, or an attempt that failed
        (a restart does not bring a database back)."""
        self.lag = 0
        """Records, as last measured."""
        self.unapplied_since: datetime | None = None
        """Kafka's time of the oldest message that is not applied, or of one before it; None: all
        are. It outlives waits and new claims, in which what was fetched is dropped."""
        self._means = means
        self._log = logger("channel_sync.worker.partition").bind(
            topic=partition.topic, partition=partition.partition
        )
        self._ended = asyncio.Event()

    def works(self) -> None:
        self.state, self.remark = State.WORKING, ""
        self.progress_at = time.monotonic()

    def must_go_on(self) -> None:
        """Raises EndedError once it need not."""
        if self._ended.is_set() or self._means.stopping.is_set():
            raise EndedError

    async def ask(self, what: str, question: Callable[[], Awaitable[T]]) -> T:
        """Asks the database or the broker until there is an answer.

        Raises EndedError, and whatever waiting does not mend.
        """
        attempt = 0
        while True:
            try:
                return await question()
            except Exception as error:
                attempt += 1
                transient = connect.classify(error) is connect.Fault.TRANSIENT
                if not transient and not connect.is_for_the_operator(error):
                    raise
                await self.wait_after(error, attempt, what)

    async def wait_after(self, error: Exception, attempt: int, what: str) -> None:
        """Backs off after the failed attempt number `attempt` (from 1). Raises EndedError."""
        seconds = self._means.backoff_seconds(attempt)
        self.state = State.WAITING
        self.remark = f"{type(error).__name__}: {first_line(error)}"
        self.progress_at = time.monotonic()
        self._means.metrics.retries.labels(what).inc()
        self._log.warning(
            "retry", what=what, attempt=attempt, wait_seconds=round(seconds, 3), error=self.remark
        )
        if connect.is_read_only(error):
            await connect.expire(self._means.pool)
        await self.sleep(seconds)

    async def sleep(self, seconds: float) -> None:
        """Raises EndedError as soon as the partition is let go."""
        waits = [asyncio.create_task(event.wait()) for event in (self._ended, self._means.stopping)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self.must_go_on()


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300]
