"""Which partition has a batch that cannot be unpacked: found by fetching one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from channel_sync.records import Record
    from channel_sync.store.claims import PartitionId
    from channel_sync.worker.partition import Partition

_ATTEMPTS = 3
"""Alone and at the same offset, until nobody hopes any more."""
_SINGLY = 2_000
"""Records read one by one until a partition is as good as any: more than one fetch brings."""


@dataclass(slots=True)
class _Suspicion:
    failures: int = 0
    offset: int = -1
    read: int = 0


class Suspects:
    """The client says that it cannot unpack a batch, and not of which partition.

    So those that were asked for are fetched alone; one that fails alone is read record by record,
    each applied before the next, so that all that stands before the batch has its outcome.
    """

    def __init__(self) -> None:
        self._found: dict[PartitionId, _Suspicion] = {}

    def choose(self, ready: Sequence[Partition]) -> tuple[list[Partition], int | None]:
        """Whom to fetch for next, and how many records at most; None: as many as usual."""
        for partition in ready:
            suspicion = self._found.get(partition.id)
            if suspicion is None:
                continue
            if not suspicion.failures:
                return [partition], None
            if partition.is_idle():
                return [partition], 1
        return [partition for partition in ready if partition.id not in self._found], None

    def failed(self, wanted: Mapping[PartitionId, int]) -> PartitionId | None:
        """A batch of one of these could not be unpacked; the partition, once it is known."""
        if len(wanted) > 1:
            self._found |= {one: _Suspicion() for one in wanted}
            return None
        ((partition_id, offset),) = wanted.items()
        suspicion = self._found.setdefault(partition_id, _Suspicion())
        if suspicion.offset != offset:
            suspicion.failures, suspicion.offset = 0, offset
        suspicion.failures += 1
        suspicion.read = 0
        if suspicion.failures < _ATTEMPTS:
            return None
        del self._found[partition_id]
        return partition_id

    def passed(
        self, wanted: Mapping[PartitionId, int], found: Mapping[PartitionId, Sequence[Record]]
    ) -> None:
        """These could be fetched."""
        for partition_id in wanted:
            suspicion = self._found.get(partition_id)
            if suspicion is None:
                continue
            suspicion.read += len(found.get(partition_id, ()))
            if not suspicion.failures or partition_id not in found or suspicion.read >= _SINGLY:
                del self._found[partition_id]

    def forget(self) -> None:
        """The group was shared out anew."""
        self._found.clear()
