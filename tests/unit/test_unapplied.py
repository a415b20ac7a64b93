"""How long the oldest message of a partition has waited, as far as the worker can know."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from channel_sync.clock import FixedToday
from channel_sync.errors import DependencyError
from channel_sync.observe.metrics import Metrics
from channel_sync.records import Fence, Record, SliceResult, TodayOf
from channel_sync.worker.loop import Loop
from channel_sync.worker.means import Means
from channel_sync.worker.partition import Partition
from tests.unit.test_worker_parts import HERE, SETTINGS, Client, port_over

HOUR = timedelta(hours=1)


class Log(Client):
    """In aiokafka's place: a log that ends at `end`, of which `position` was fetched."""

    def __init__(self, *, end: int, position: int) -> None:
        super().__init__({})
        self.end = end
        self.at = position
        self.away = False

    async def end_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        if self.away:
            raise TimeoutError
        return dict.fromkeys(partitions, self.end)

    async def position(self, partition: Any) -> int:
        del partition
        return self.at


async def applies(
    pool: asyncpg.Pool,
    records: tuple[Record, ...],
    *,
    today_of: TodayOf,
    fence: Fence | None = None,
) -> SliceResult:
    return SliceResult(())


def worker(log: Log) -> tuple[Loop, Partition]:
    """A loop that holds one partition, which applies whatever it is offered."""
    means = Means(
        settings=SETTINGS.model_copy(update={"slice_records": 2, "slice_wait_ms": 0}),
        pool=None,  # type: ignore[arg-type]
        port=port_over(log),
        apply=applies,
        today_of=FixedToday(date(2026, 1, 1)),
        metrics=Metrics(),
        claimed_by="here",
    )
    loop, partition = Loop(means), Partition(HERE, means)
    loop._held[HERE] = partition
    partition.seat, partition._generation = 1, means.port.generation
    return loop, partition


def sent(*hours_ago: int) -> list[Record]:
    now = datetime.now(UTC)
    return [Record(*HERE, n, now - hours * HOUR, b"x") for n, hours in enumerate(hours_ago)]


def hours(loop: Loop) -> float | None:
    """The age told, in whole hours."""
    labels = {"topic": HERE.topic, "partition": str(HERE.partition)}
    told = loop._means.metrics.registry.get_sample_value(
        "channel_sync_oldest_unapplied_seconds", labels
    )
    return None if told is None else told // 3600


async def drain(partition: Partition) -> None:
    applying = asyncio.create_task(partition._apply_slices())
    while len(partition.queue) or partition.in_hand:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    partition.queue.interrupt()
    await asyncio.gather(applying, return_exceptions=True)
    partition.queue.clear()


async def test_it_is_as_old_as_the_first_of_what_is_fetched() -> None:
    loop, partition = worker(Log(end=3, position=3))
    partition.offer(sent(5, 4, 3))
    await loop._measure()
    assert hours(loop) == 5


async def test_once_all_is_applied_nothing_waits() -> None:
    loop, partition = worker(Log(end=3, position=3))
    partition.offer(sent(5, 4, 3))
    await drain(partition)
    await loop._measure()
    assert hours(loop) == 0


async def test_a_backlog_of_which_nothing_is_fetched_at_the_moment_is_still_one() -> None:
    loop, partition = worker(Log(end=900, position=3))
    partition.offer(sent(5, 4, 3))
    await drain(partition)
    await loop._measure()
    assert hours(loop) == 3


async def test_what_is_fetched_tells_more_than_that_there_was_a_lag() -> None:
    loop, partition = worker(Log(end=900, position=0))
    await loop._measure()
    assert hours(loop) == 0
    partition.offer(sent(5, 4))
    await loop._measure()
    assert hours(loop) == 5


async def test_it_is_not_forgotten_when_what_was_fetched_is_dropped_for_a_new_claim() -> None:
    loop, partition = worker(Log(end=2, position=2))
    partition.offer(sent(5, 4))
    partition.seek_again()
    partition.queue.clear()
    await loop._measure()
    assert hours(loop) == 5


async def test_it_is_told_while_the_broker_does_not_answer() -> None:
    log = Log(end=2, position=2)
    loop, partition = worker(log)
    partition.offer(sent(5, 4))
    log.away = True
    with pytest.raises(DependencyError):
        await loop._measure()
    assert hours(loop) == 5
