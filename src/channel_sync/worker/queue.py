"""What was fetched of one partition and not yet applied, handed out in slices."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from channel_sync.records import Record


def record_bytes(record: Record) -> int:
    """What a record holds in memory, roughly: its body, key and headers."""
    headers = sum(len(name) + len(value) for name, value in record.headers.items())
    return len(record.body) + len(record.key or b"") + headers


class SliceQueue:
    """Bounded in records and bytes by its reader: `full` says when to stop putting.

    One fetch may exceed the bounds; a single record larger than a slice is a slice of its own.
    """

    def __init__(self, *, most_records: int, most_bytes: int) -> None:
        self._most_records = most_records
        self._most_bytes = most_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._interrupted = False

    def __len__(self) -> int:
        return len(self._records)

    @property
    def bytes(self) -> int:
        return self._bytes

    @property
    def oldest_at(self) -> datetime | None:
        """Kafka's time of the first record; None where there is none."""
        return self._records[0].recorded_at if self._records else None

    @property
    def full(self) -> bool:
        return len(self._records) >= self._most_records or self._bytes >= self._most_bytes

    @property
    def low(self) -> bool:
        """Half empty: time to fetch again."""
        return 2 * len(self._records) <= self._most_records and 2 * self._bytes <= self._most_bytes

    def put(self, records: Iterable[Record]) -> None:
        for record in records:
            self._records.append(record)
            self._bytes += record_bytes(record)
        self._changed.set()

    def clear(self) -> None:
        """Empties it and forgets an interruption."""
        self._records.clear()
        self._bytes = 0
        self._interrupted = False
        self._changed.clear()

    def interrupt(self) -> None:
        """Ends a `take` that waits, and every later one, until `clear`."""
        self._interrupted = True
        self._changed.set()

    async def take(self, *, records: int, size: int, wait_seconds: float) -> tuple[Record, ...]:
        """What is there, up to `records` and `size` bytes, after at most `wait_seconds` for more.

        Waits as long as there is nothing; empty once interrupted.
        """
        while not self._records and not self._interrupted:
            await self._wait(None)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while len(self._records) < records and self._bytes < size and not self._interrupted:
            left = deadline - loop.time()
            if left <= 0 or not await self._wait(left):
                break
        return () if self._interrupted else self._cut(records, size)

    async def _wait(self, seconds: float | None) -> bool:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _cut(self, most_records: int, most_bytes: int) -> tuple[Record, ...]:
        taken: list[Record] = []
        size = 0
        while self._records and len(taken) < most_records:
            next_bytes = record_bytes(self._records[0])
            if taken and size + next_bytes > most_bytes:
                break
            taken.append(self._records.popleft())
            size += next_bytes
        self._bytes -= size
        return tuple(taken)
