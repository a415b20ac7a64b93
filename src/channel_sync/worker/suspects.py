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
_PATIENCE, _MOST_PATIENCE = 3, 96
"""Fetches that bring nothing, until a suspect is as good as any; twice as many the next time."""


@dataclass(slots=True)
class _Suspicion:
    read: int = 0
    empty: int = 0


@dataclass(slots=True)
class _Guilt:
    offset: int
    failures: int = 0


class Suspects:
    """The client says that it cannot unpack a batch, and not of which partition.

    So those that were asked for are fetched alone; one that fails alone is read record by record,
    each applied before the next, so that all that stands before the batch has its outcome.
    """

    def __init__(self) -> None:
        self._found: dict[PartitionId, _Suspicion] = {}
        self._guilt: dict[PartitionId, _Guilt] = {}
        self._patience = _PATIENCE

    def choose(self, ready: Sequence[Partition]) -> tuple[list[Partition], int | None]:
        """Whom to fetch for next, and how many records at most; None: as many as usual."""
        for partition in ready:
            if partition.id not in self._found:
                continue
            if partition.id not in self._guilt:
                return [partition], None
            if partition.is_idle():
                return [partition], 1
        return [partition for partition in ready if partition.id not in self._found], None

    def failed(self, wanted: Mapping[PartitionId, int]) -> PartitionId | None:
        """A batch of one of these could not be unpacked; the partition, once it is known."""
        if len(wanted) > 1:
            self._found |= {one: _Suspicion() for one in wanted}
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
            return None
        ((partition_id, offset),) = wanted.items()
        self._found[partition_id] = _Suspicion()
        guilt = self._guilt.get(partition_id)
        if guilt is None or guilt.offset != offset:
            guilt = self._guilt[partition_id] = _Guilt(offset)
        guilt.failures += 1
        if guilt.failures < _ATTEMPTS:
            return None
        self._acquit(partition_id)
        return partition_id

    def passed(
        self, wanted: Mapping[PartitionId, int], found: Mapping[PartitionId, Sequence[Record]]
    ) -> None:
        """These could be fetched."""
        for partition_id in self._found.keys() & wanted.keys():
            suspicion = self._found[partition_id]
            records = len(found.get(partition_id, ()))
            suspicion.read += records
            suspicion.empty = 0 if records else suspicion.empty + 1
            if suspicion.empty >= self._patience:
                del self._found[partition_id]  # what it failed of is remembered
            elif suspicion.read >= (_SINGLY if partition_id in self._guilt else 1):
                self._acquit(partition_id)

    def _acquit(self, partition_id: PartitionId) -> None:
        self._found.pop(partition_id, None)
        self._guilt.pop(partition_id, None)

    def forget(self) -> None:
        """The group was shared out anew."""
        self._found.clear()
        self._guilt.clear()
        self._patience = _PATIENCE
