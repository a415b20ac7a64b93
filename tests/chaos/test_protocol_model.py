"""Three workers do whatever they like with one partition; a model says what must come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from channel_sync.errors import Fenced
from channel_sync.records import Record
from channel_sync.store import claims, connect
from channel_sync.store.claims import PartitionId, SliceFence
from tests.integration.running import prepare, settings_for

T = TypeVar("T")
HERE = PartitionId("bookings", 0)
WORKERS = st.integers(0, 2)
PARK = """
    INSERT INTO parked (topic, partition, "offset", ordinal, recorded_at, reason, body_sha256,
                        body_bytes)
    VALUES ($1, $2, $3, 0, $4, 'internal_error', '', 0)
"""


class Lost(Exception):
    """The way to the database breaks."""


@dataclass(slots=True)
class Mine:
    """What a worker remembers; it may be long out of date."""

    epoch: int
    expected: int


class Partition(RuleBasedStateMachine):
    """The database is real; `epoch`, `next_offset` and `halted` are what it must say."""

    pool: asyncpg.Pool
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.workers: list[Mine | None] = [None, None, None]
        self.epoch = 0
        self.next_offset: int | None = None
        self.halted = False
        self.parked: set[int] = set()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def empty(self) -> None:
        self.do(self.pool.execute("TRUNCATE consumer_partition, handed_over, parked"))

    @rule(who=WORKERS)
    def claim(self, who: int) -> None:
        found = self.do(claims.claim(self.pool, HERE, f"worker {who}"))
        self.epoch += 1
        assert found.epoch == self.epoch
        assert found.next_offset == self.next_offset
        assert (found.halted_at is not None) == self.halted
        if found.next_offset is None:
            self.do(claims.begin(self.pool, HERE, epoch=found.epoch, offset=0))
            self.next_offset = 0
        # One that finds a halt waits: it must not apply.
        self.workers[who] = None if self.halted else Mine(found.epoch, self.next_offset or 0)

    @rule(who=WORKERS, count=st.integers(1, 4), parks=st.booleans(), end=st.sampled_from(
        ["commit", "commit", "commit", "rollback", "reply lost"]))  # fmt: skip
    def slice(self, who: int, count: int, parks: bool, end: str) -> None:
        """Also by one that was overtaken long ago: a zombie does not know what it is."""
        mine = self.workers[who]
        if mine is None:
            return
        offsets = range(mine.expected, mine.expected + count)
        is_owner = mine.epoch == self.epoch and mine.expected == self.next_offset
        try:
            self.do(self._apply(mine, offsets, parks=parks, end=end))
        except Fenced:
            assert not is_owner
            self.workers[who] = None
            return
        except Lost:
            pass
        assert is_owner
        if end != "rollback":
            self.next_offset = mine.expected + count
            self.parked |= {offsets[0]} if parks else set()
        if end == "reply lost":
            found = self.do(claims.load(self.pool, HERE))
            assert found is not None
            assert found.next_offset is not None
            mine.expected = found.next_offset
        elif end == "commit":
            mine.expected += count

    async def _apply(self, mine: Mine, offsets: range, *, parks: bool, end: str) -> None:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        records = tuple(Record(*HERE, offset, at, b"x") for offset in offsets)
        fence = SliceFence(HERE, epoch=mine.epoch, expected=mine.expected, records=records)
        async with connect.borrowed(self.pool) as connection:
            async with connection.transaction():
                await fence.move(connection, records)
                await connection.executemany(
                    "INSERT INTO handed_over VALUES ($1, $2, $3, 'x', $4)",
                    [(*HERE, offset, mine.epoch) for offset in offsets],
                )
                if parks:
                    await connection.execute(PARK, *HERE, offsets[0], at)
                if end == "rollback":
                    raise Lost
            if end == "reply lost":
                raise Lost

    @rule(who=WORKERS)
    def halt(self, who: int) -> None:
        mine = self.workers[who]
        if mine is None:
            return
        self.do(claims.record_halt(self.pool, HERE, epoch=mine.epoch, reason="too many"))
        if mine.epoch == self.epoch:
            self.halted = True
        self.workers[who] = None  # whoever halts a partition lets go of it

    @precondition(lambda self: self.halted)
    @rule()
    def resume(self) -> None:
        assert self.do(claims.resume(self.pool, *HERE))
        self.halted = False

    @rule(who=WORKERS)
    def die(self, who: int) -> None:
        self.workers[who] = None

    @invariant()
    def each_message_took_effect_once(self) -> None:
        rows = self.do(self.pool.fetch('SELECT "offset" FROM handed_over ORDER BY 1'))
        assert [row["offset"] for row in rows] == list(range(self.next_offset or 0))

    @invariant()
    def what_was_parked_stays_parked(self) -> None:
        rows = self.do(self.pool.fetch('SELECT "offset" FROM parked'))
        assert {row["offset"] for row in rows} == self.parked

    @invariant()
    def the_row_is_the_last_owners(self) -> None:
        found = self.do(claims.load(self.pool, HERE))
        if found is not None:
            assert (found.epoch, found.next_offset) == (self.epoch, self.next_offset)
            assert (found.halted_at is not None) == self.halted


@pytest.fixture
def partition(database: str) -> Iterator[type[Partition]]:
    """The machine with its database, on a loop of its own: hypothesis is not asynchronous."""
    with asyncio.Runner() as runner:
        runner.run(prepare(database))
        runner.run(_let_it_be_emptied(database))
        pool = runner.run(connect.open_pool(settings_for(database, "", HERE.topic), size=2))
        yield type("Partition", (Partition,), {"pool": pool, "runner": runner})
        pool.terminate()


async def _let_it_be_emptied(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "GRANT TRUNCATE ON channel_sync.consumer_partition, channel_sync.parked"
        " TO channel_sync_worker"
    )
    await connection.close()


def test_a_partition_is_applied_once_and_in_order_whatever_three_workers_do(
    partition: type[Partition],
) -> None:
    run_state_machine_as_test(
        partition,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
