"""Who owns a Kafka partition, and how far it is applied: the row that makes it exactly once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from channel_sync.errors import Fenced
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from channel_sync.records import Record

    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
    Database: TypeAlias = asyncpg.Pool | Connection

SQL = statements("claims")


class PartitionId(NamedTuple):
    """A Kafka partition; as text "topic/3"."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Claim:
    """The row of a partition as its owner reads it; `next_offset`: None before it began.

    `last_offset` and `last_recorded_at` (by Kafka's clock) are of the record applied last, None
    where none is known.
    """

    epoch: int
    next_offset: int | None
    halted_at: datetime | None
    halt_reason: str | None
    internal_errors: int
    last_offset: int | None = None
    last_recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """The same for people. `resume_at`: where a resume goes on if the offset is gone."""

    topic: str
    partition: int
    next_offset: int | None
    epoch: int
    claimed_by: str | None
    claimed_at: datetime | None
    internal_errors: int
    halted_at: datetime | None
    halt_reason: str | None
    resume_at: int | None


async def claim(db: Database, of: PartitionId, by: str) -> Claim:
    """Takes a partition over; waits for a slice that its last owner has in hand."""
    row = await db.fetchrow(SQL["claim"], *of, by)
    if row is None:
        raise Fenced(f"{of} was not claimed: its row was withheld")
    return Claim(**row)


async def begin(db: Database, of: PartitionId, *, epoch: int, offset: int) -> None:
    """Stores where a partition begins that was never consumed; Fenced if it was lost meanwhile."""
    if await db.fetchval(SQL["begin"], *of, epoch, offset) is None:
        raise Fenced(f"{of} was taken over before it began")


async def load(db: Database, of: PartitionId) -> Claim | None:
    """The row as it is now; None where nobody ever claimed the partition."""
    row = await db.fetchrow(SQL["load"], *of)
    return None if row is None else Claim(**row)


async def move(
    connection: Connection, of: PartitionId, *, epoch: int, expected: int, last: Record
) -> None:
    """Moves the offset behind `last` within the slice's transaction.

    Raises Fenced where epoch or offset differ.
    """
    new = last.offset + 1
    moved = await connection.fetchval(SQL["move"], *of, epoch, expected, new, last.recorded_at)
    if moved is None:
        raise Fenced(f"{of} is not at offset {expected} in epoch {epoch} any more")


async def record_internal_errors(db: Database, of: PartitionId, *, epoch: int, count: int) -> None:
    """Keeps how many messages in a row ended in an internal error."""
    await db.fetchval(SQL["record_internal_errors"], *of, epoch, count)


async def record_halt(
    db: Database,
    of: PartitionId,
    *,
    epoch: int,
    reason: str,
    resume_at: int | None = None,
) -> None:
    """Halts a partition for every worker until somebody resumes it."""
    await db.fetchval(SQL["record_halt"], *of, epoch, reason, resume_at)


async def resume(db: Database, topic: str, partition: int) -> bool:
    """Lifts a halt; False where there was none."""
    row = await db.fetchrow(SQL["resume"], topic, partition)
    return row is not None


async def load_all(db: Database) -> tuple[PartitionRow, ...]:
    """Every partition ever claimed, in order."""
    return tuple(PartitionRow(**row) for row in await db.fetch(SQL["load_all"]))


class SliceFence:
    """The `Fence` of one slice: whatever part of it is written, the row must stand just before.

    Stateless, so that a rolled-back transaction leaves nothing behind. Offsets have gaps (commit
    markers, compaction): what stands before a record is the end of the record before it.
    """

    def __init__(
        self, of: PartitionId, *, epoch: int, expected: int, records: tuple[Record, ...]
    ) -> None:
        self._of = of
        self._epoch = epoch
        self._records = records
        ends = [expected, *(record.offset + 1 for record in records)]
        self._before = {record.offset: end for record, end in zip(records, ends, strict=False)}

    async def move(self, connection: Connection, records: tuple[Record, ...]) -> None:
        """Claims `records`, a run of this slice; Fenced where the partition was lost."""
        await move(
            connection,
            self._of,
            epoch=self._epoch,
            expected=self._before[records[0].offset],
            last=records[-1],
        )

    def still_to_do(self, found: Claim | None) -> tuple[int, tuple[Record, ...]] | None:
        """Where the row stands and what of the slice comes after it; None: claim again.

        The row stands before a record of the slice or at its end, or it is none of our doing.
        """
        if found is None or found.epoch != self._epoch or found.next_offset is None:
            return None
        known = {*self._before.values(), *(record.offset + 1 for record in self._records[-1:])}
        if found.next_offset not in known:
            return None
        left = tuple(record for record in self._records if record.offset >= found.next_offset)
        return found.next_offset, left
