"""The Kafka loop: partitions come and go, those ready are fetched for, and at last it drains.

One task a partition; their slices overlap. Only this loop fetches.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from channel_sync.errors import ChannelSyncError, DependencyError
from channel_sync.observe.logs import logger
from channel_sync.worker.means import wait_for
from channel_sync.worker.partition import Partition
from channel_sync.worker.port import FetchFailedError, FetchFault
from channel_sync.worker.standing import State
from channel_sync.worker.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from channel_sync.records import Record
    from channel_sync.store.claims import PartitionId
    from channel_sync.worker.means import Means

_HINT_SECONDS = 1.0
_FAILURES_BEFORE_REOPENING = 5
_LEAVE_SECONDS = 5.0
"""Kept back of the drain for the last commit hints and the farewell to the group."""
_CLOSING_SECONDS = 3.0
"""And for what `run` closes after the loop."""


class Loop:
    """`run` until the order to stop; also the `Vitals` of the health port."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._log = logger(__name__)
        self._held: dict[PartitionId, Partition] = {}
        self._tasks: dict[Partition, asyncio.Task[None]] = {}
        self._generation = -1
        self._paused: set[PartitionId] = set()
        self._fetch_failures = 0
        self._suspects = Suspects()
        self._unassigned_at: float | None = time.monotonic()
        self._failure: BaseException | None = None

    async def run(self) -> bool:
        """Returns whether every slice in hand was finished; raises what a task died of."""
        means = self._means
        chores = [
            asyncio.create_task(self._watched(work), name=name)
            for name, work in {
                "poll": self._poll(),
                "lag": self._every(means.settings.lag_interval_seconds, self._measure),
                "hints": self._every(_HINT_SECONDS, means.port.commit_hints),
            }.items()
        ]
        await means.stopping.wait()
        clean = await self._drain()
        for task in chores:
            task.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        if self._failure is not None:
            raise self._failure
        return clean

    async def _watched(self, work: Coroutine[object, object, None]) -> None:
        """A task that dies takes the worker with it: half a worker is worse than none."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker
            self._log.exception("task_died")
            self._failure = self._failure or error
            self._means.stopping.set()

    async def _drain(self) -> bool:
        """Slices in hand are finished, Kafka is told, the group is left: all in bounded time."""
        whole = self._means.settings.drain_seconds
        seconds = max(whole / 2, whole - _CLOSING_SECONDS)
        deadline = time.monotonic() + seconds
        self._log.info("draining", partitions=len(self._held))
        for partition in self._tasks:
            partition.end()
        clean = True
        if self._tasks:
            _, late = await asyncio.wait(
                self._tasks.values(), timeout=max(seconds / 2, seconds - _LEAVE_SECONDS)
            )
            clean = not late
            for task in late:
                task.cancel()  # its transaction rolls back; another worker applies the slice
            if late:
                await asyncio.wait(late, timeout=1.0)
        try:
            async with asyncio.timeout(max(0.5, (deadline - time.monotonic()) / 2)):
                await self._means.port.commit_hints()
        except (DependencyError, TimeoutError) as error:
            self._log.warning("last_hint_failed", error=str(error))
        await self._means.port.close(seconds=max(0.5, deadline - time.monotonic()))
        self._log.info("drained", clean=clean)
        return clean

    # Polling -----------------------------------------------------------------------------

    async def _poll(self) -> None:
        means = self._means
        while not means.stopping.is_set():
            means.port.changed.clear()
            self._reconcile()
            ready, most = self._suspects.choose(self._ready())
            if not ready:
                await wait_for(means.port.changed, means.settings.kafka_poll_ms / 1000)
                continue
            seats = {partition: partition.seat for partition in ready}
            wanted = {one.id: one.wanted for one in ready}
            try:
                found = await means.port.fetch(wanted, most)
            except FetchFailedError as failure:
                await self._fetch_failed(failure, wanted)
                continue
            self._fetch_failures = 0
            self._suspects.passed(wanted, found)
            self._hand_out(found, seats)

    def _hand_out(
        self, found: Mapping[PartitionId, list[Record]], seats: Mapping[Partition, int]
    ) -> None:
        """Gives what was fetched to the partitions; `seats` are theirs when the fetch began.

        A partition that claimed and sought anew meanwhile may have lost these records from the
        client's position: it seeks once more, or they would be taken for a gap in the log. That
        goes for those below what it wanted before, too: what it wants now may be among them. And
        whatever else the client may do, a gap where it goes on has to be seen twice.
        """
        for partition_id, records in found.items():
            partition = self._held.get(partition_id)
            if partition is None or not partition.is_ready():
                continue  # it has yet to claim and to seek
            if partition.seat != seats.get(partition):
                partition.seek_again()
            elif records and partition.gap.is_doubtful(first := records[0].offset):
                self._log.info(
                    "gap_doubted", partition=str(partition_id), sought=partition.wanted, found=first
                )
                partition.seek_again()
            elif records:
                partition.offer(records)

    def _reconcile(self) -> None:
        """Takes in hand what was assigned, lets go what was not, and says so once a generation."""
        port = self._means.port
        if port.generation == self._generation:
            return
        self._generation = port.generation
        self._paused.clear()  # a pause does not outlive an assignment
        self._suspects.forget()
        for partition in self._held.values():
            partition.disturb()
        if port.assigned is None:
            self._unassigned_at = self._unassigned_at or time.monotonic()
            return
        self._unassigned_at = None
        self._means.metrics.rebalances.inc()
        self._means.metrics.partitions.set(len(port.assigned))
        for partition_id in self._held.keys() - port.assigned:
            self._held.pop(partition_id).end()
            self._means.metrics.forget(*partition_id)
        for partition_id in port.assigned - self._held.keys():
            partition = self._held[partition_id] = Partition(partition_id, self._means)
            task = asyncio.create_task(self._watched(partition.run()), name=str(partition_id))
            self._tasks[partition] = task
            task.add_done_callback(partial(self._gone, partition))
        port.pause(one for one, held in self._held.items() if not held.is_ready())
        self._log.info("assigned", partitions=sorted(map(str, port.assigned)))

    def _gone(self, partition: Partition, _: asyncio.Task[None]) -> None:
        self._tasks.pop(partition, None)

    def _ready(self) -> list[Partition]:
        """Those that were sought and have room; the full ones are paused, the emptied resumed."""
        port = self._means.port
        ready: list[Partition] = []
        for partition in self._held.values():
            if not partition.is_ready():
                self._paused.discard(partition.id)  # a seek resumes
            elif partition.id in self._paused:
                if partition.queue.low:
                    port.resume([partition.id])
                    self._paused.discard(partition.id)
                    ready.append(partition)
            elif partition.queue.full:
                port.pause([partition.id])
                self._paused.add(partition.id)
            else:
                ready.append(partition)
        return ready

    async def _fetch_failed(
        self, failure: FetchFailedError, wanted: Mapping[PartitionId, int]
    ) -> None:
        self._log.error(
            "fetch_failed", reason=str(failure), partitions=sorted(map(str, failure.partitions))
        )
        is_unreadable = failure.fault is FetchFault.UNREADABLE
        guilty = self._suspects.failed(wanted) if is_unreadable else None
        for partition_id in failure.partitions:
            if partition_id in self._held:
                is_spared = is_unreadable and partition_id != guilty
                fault = FetchFault.AWAY if is_spared else failure.fault
                self._held[partition_id].fetch_failed(str(failure), fault)
        if failure.fault is not FetchFault.AWAY:
            return
        self._fetch_failures += 1
        if self._fetch_failures >= _FAILURES_BEFORE_REOPENING:
            await self._reopen()
        await self._means.pause(self._means.backoff_seconds(self._fetch_failures))

    async def _reopen(self) -> None:
        """A new client: the coordinator of the old one may have died for good."""
        port = self._means.port
        await port.close()
        attempt = 0
        while not self._means.stopping.is_set():
            self._reconcile()
            try:
                await port.open()
            except ChannelSyncError as error:
                # Also a refused login: while it runs, an operator may be changing passwords.
                attempt += 1
                self._means.metrics.retries.labels("broker").inc()
                self._log.error("broker_unavailable", error=str(error))
                await self._means.pause(self._means.backoff_seconds(attempt))
            else:
                self._fetch_failures = 0
                return

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except DependencyError as error:
                self._log.warning("broker_does_not_answer", error=str(error))

    async def _measure(self) -> None:
        try:
            await self._measure_lag()
        finally:  # also where the broker does not answer
            self._tell_of_partitions()

    async def _measure_lag(self) -> None:
        ready = {one.id: one for one in self._held.values() if one.is_ready()}
        seats = {one: partition.seat for one, partition in ready.items()}
        lags = await self._means.port.lag(ready.keys()) if ready else {}
        for partition_id, lag in lags.items():
            partition = ready[partition_id]
            if partition.is_ready() and partition.seat == seats[partition_id]:
                partition.lag = lag
                self._means.metrics.lag.labels(*partition_id).set(lag)
                if lag:
                    partition.unapplied_since = partition.unapplied_since or datetime.now(UTC)
                elif not len(partition.queue) and not partition.in_hand:
                    partition.progress_at = time.monotonic()
                    partition.unapplied_since = None

    def _tell_of_partitions(self) -> None:
        metrics, now = self._means.metrics, datetime.now(UTC)
        for partition_id, partition in self._held.items():
            metrics.halted.labels(*partition_id).set(int(partition.state is State.HALTED))
            since = partition.unapplied_since
            age = 0.0 if since is None else (now - since).total_seconds()
            metrics.unapplied.labels(*partition_id).set(max(0.0, age))

    # Vitals ------------------------------------------------------------------------------

    def dead(self) -> list[str]:
        """Lag, or records in hand, without a sign of life; or a group that is never shared out."""
        limit = self._means.settings.watchdog_seconds
        now = time.monotonic()
        reasons = [
            f"{partition.id}: no progress for {now - partition.progress_at:.0f} s, "
            f"lag {partition.lag}, {len(partition.queue) + partition.in_hand} fetched"
            for partition in self._held.values()
            if partition.state is not State.HALTED
            and (partition.lag or len(partition.queue) or partition.in_hand)
            and now - partition.progress_at > limit
        ]
        waits = self._unassigned_at
        if waits is not None and now - waits > limit and not self._fetch_failures:
            reasons.append(f"no assignment for {now - waits:.0f} s")
        return reasons

    def unready(self) -> list[str]:
        reasons = [
            f"{partition.id}: {partition.state}: {partition.remark}"
            for partition in self._held.values()
            if partition.state is State.WAITING
        ]
        if self._unassigned_at is not None:
            reasons.append("no partitions assigned yet")
        return reasons

    def remarks(self) -> list[str]:
        return [
            f"{partition.id}: halted: {partition.remark}"
            for partition in self._held.values()
            if partition.state is State.HALTED
        ]
