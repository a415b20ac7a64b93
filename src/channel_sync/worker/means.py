"""What a partition's task works with, given to it once."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from channel_sync.store import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg

    from channel_sync.observe.metrics import Metrics
    from channel_sync.records import Fence, Record, SliceResult, TodayOf
    from channel_sync.settings import Settings
    from channel_sync.worker.port import KafkaPort


class Apply(Protocol):
    """`pipeline.apply_slice`, or what a test puts in its place."""

    async def __call__(
        self,
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        """Applies the records in one transaction that begins with the fence."""


class Tell(Protocol):
    """Who hears of properties that a committed slice wrote to."""

    def __call__(self, properties: Mapping[str, int]) -> None:
        """Takes the properties with their new versions; returns at once, raises nothing."""


def _tell_nobody(properties: Mapping[str, int]) -> None:
    del properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """One worker's; shared by its tasks."""

    settings: Settings
    pool: asyncpg.Pool
    port: KafkaPort
    apply: Apply
    today_of: TodayOf
    metrics: Metrics
    claimed_by: str
    tell: Tell = _tell_nobody
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def backoff_seconds(self, attempt: int) -> float:
        return connect.backoff_seconds(
            attempt,
            first_ms=self.settings.retry_first_ms,
            cap_ms=self.settings.retry_cap_ms,
            chance=random.random(),  # noqa: S311 - spreads retries, guards nothing
        )

    async def pause(self, seconds: float) -> None:
        """Sleeps, but not beyond the order to stop."""
        await wait_for(self.stopping, seconds)


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within the time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
