"""One Kafka partition in this worker's hands: claimed, sought, applied slice by slice, in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from channel_sync.errors import DependencyError, Fenced
from channel_sync.observe.logs import log_slice
from channel_sync.store import claims, connect
from channel_sync.worker import halts
from channel_sync.worker.gap import Gap
from channel_sync.worker.port import FetchFault
from channel_sync.worker.queue import SliceQueue
from channel_sync.worker.standing import EndedError, Standing, State, first_line

if TYPE_CHECKING:
    from channel_sync.records import Record, SliceResult
    from channel_sync.store.claims import PartitionId
    from channel_sync.worker.means import Means

_FAULT_ATTEMPTS = 3
"""How often a slice is tried that fails for no reason that waiting mends, before it halts."""
_UNASSIGNED_SECONDS = 0.2


class Partition(Standing):
    """Runs until `end`, or until the worker stops.

    `seat` changes whenever the position in Kafka is chosen anew: records fetched for another seat
    must not be offered. `wanted` is the least offset that may be offered. `in_hand` counts the
    records of the slice being applied.
    """

    def __init__(self, partition: PartitionId, means: Means) -> None:
        super().__init__(partition, means)
        self.in_hand = 0
        self.seat = 0
        self.wanted = 0
        self.gap = Gap()
        self.queue = SliceQueue(
            most_records=means.settings.queue_records, most_bytes=means.settings.queue_bytes
        )
        self._generation = -1
        self._epoch = 0
        self._expected = 0
        self._internal_errors = 0
        self._fetch_fault: tuple[str, FetchFault] | None = None
        self._fetch_failures = 0

    # What the poller asks and tells ------------------------------------------------------

    def is_ready(self) -> bool:
        """Whether it was sought within the present assignment, and may be fetched for."""
        return self._generation == self._means.port.generation

    def offer(self, records: list[Record]) -> None:
        """Records in order, from `wanted` on."""
        self.queue.put(records)
        first = records[0].recorded_at
        self.unapplied_since = min(self.unapplied_since or first, first)
        self.wanted = records[-1].offset + 1
        self._fetch_failures = 0

    def is_idle(self) -> bool:
        """Whether everything that was fetched is applied."""
        return not len(self.queue) and not self.in_hand

    def fetch_failed(self, reason: str, fault: FetchFault) -> None:
        """The position in Kafka is not to be trusted any more."""
        self._fetch_fault = (reason, fault)
        self.seek_again()

    def seek_again(self) -> None:
        """Records were fetched and dropped, or may have been: the client stands behind them."""
        self._generation = -1
        self.queue.interrupt()

    def disturb(self) -> None:
        """The assignment changed: what was fetched within the old one is not applied."""
        if not self.is_ready():
            self.queue.interrupt()

    def end(self) -> None:
        """Finishes the slice in hand and stops; what is queued is dropped."""
        self._ended.set()
        self.queue.interrupt()

    async def run(self) -> None:
        try:
            while True:
                await self._take_over()
                await self._apply_slices()
        except EndedError:
            self.queue.clear()

    # To own it ---------------------------------------------------------------------------

    async def _take_over(self) -> None:
        """Claims, finds the offset, seeks; returns once sought."""
        self._generation = -1
        fault, self._fetch_fault = self._fetch_fault, None
        if fault is not None:
            await self._after_fetch_fault(*fault)
        port = self._means.port
        while True:
            self.must_go_on()
            self.queue.clear()
            generation = port.generation
            if self.id not in (port.assigned or ()):
                await self.sleep(_UNASSIGNED_SECONDS)
                continue
            self.state = State.CLAIMING
            claim = await self.ask(
                "claim", lambda: claims.claim(self._means.pool, self.id, self._means.claimed_by)
            )
            if claim.halted_at is not None:
                await self._wait_while_halted(claim.halt_reason or "")
                continue
            if await self._is_another_log(claim):
                continue
            offset = await self._offset(claim)
            if offset is None or not port.seek(self.id, offset, generation=generation):
                continue
            self._epoch, self._expected, self.wanted = claim.epoch, offset, offset
            self._internal_errors = claim.internal_errors
            self.seat += 1
            self.gap.sought(offset, generation=generation)
            self.works()
            self._generation = generation
            port.changed.set()
            self._log.info("claimed", epoch=claim.epoch, next_offset=offset)
            return

    async def _offset(self, claim: claims.Claim) -> int | None:
        """Where to go on; None where the partition was lost while that was settled."""
        if claim.next_offset is not None:
            return claim.next_offset
        first, end = await self.ask("bounds", lambda: self._means.port.bounds(self.id))
        offset = first if self._means.settings.start_at == "earliest" else end
        try:
            await self.ask(
                "begin",
                lambda: claims.begin(self._means.pool, self.id, epoch=claim.epoch, offset=offset),
            )
        except Fenced:
            return None
        return offset

    async def _is_another_log(self, claim: claims.Claim) -> bool:
        """Halts where the record applied last is another now, however far the log has grown."""
        last, at, port = claim.last_offset, claim.last_recorded_at, self._means.port
        if last is None or at is None or claim.next_offset is None:
            return False
        found = await self.ask("peek", lambda: port.recorded_at(self.id, last))
        if found is None or found == at:
            return False  # gone by retention or compaction, or the same
        first, _ = await self.ask("bounds", lambda: port.bounds(self.id))
        self._epoch, self._expected = claim.epoch, claim.next_offset
        await self._halt(halts.another_log(last, at, found, first), resume_at=first)
        return True

    async def _wait_while_halted(self, reason: str) -> None:
        """Until somebody resumes it; the row is looked at, not claimed, meanwhile."""
        port = self._means.port
        port.pause([self.id])
        self._log.error("is_halted", reason=reason)
        generation = port.generation
        while generation == port.generation:
            self.state, self.remark = State.HALTED, reason
            await self.sleep(self._means.settings.halt_poll_seconds)
            found = await self.ask("claim", lambda: claims.load(self._means.pool, self.id))
            if found is None or found.halted_at is None:
                self._log.info("resumed")
                return

    # To apply ----------------------------------------------------------------------------

    async def _apply_slices(self) -> None:
        """Until the claim has to be made again."""
        settings = self._means.settings
        while self.is_ready():
            most = settings.slice_records
            if self._internal_errors:
                # No larger a slice than it takes to reach the cap.
                most = min(most, max(1, settings.internal_error_cap - self._internal_errors))
            records = await self.queue.take(
                records=most,
                size=settings.slice_bytes,
                wait_seconds=settings.slice_wait_ms / 1000,
            )
            self.must_go_on()
            if not records:
                return
            self.in_hand = len(records)
            try:
                if not await self._settle(records):
                    return
                # Where nothing is fetched, the next message is no older than the last one.
                self.unapplied_since = self.queue.oldest_at or records[-1].recorded_at
            finally:
                self.in_hand = 0
                self._means.port.changed.set()

    async def _settle(self, records: tuple[Record, ...]) -> bool:
        """Applies one slice, again and again if need be; False: the claim has to be made again."""
        means = self._means
        attempt = 0
        while records:
            fence = claims.SliceFence(
                self.id, epoch=self._epoch, expected=self._expected, records=records
            )
            began = time.perf_counter()
            try:
                result = await means.apply(
                    means.pool, records, today_of=means.today_of, fence=fence
                )
            except Fenced as error:
                await self._after_fence(error)
                return False
            except Exception as error:  # noqa: BLE001 - whatever it is, the offset stays
                attempt += 1
                if await self._halts_after(error, attempt):
                    return False
                # The reply to a COMMIT may have been lost: only the row knows.
                found = await self.ask("claim", lambda: claims.load(means.pool, self.id))
                left = fence.still_to_do(found)
                if left is None:
                    if found is not None and found.epoch != self._epoch:
                        await self._after_fence(Fenced(f"{self.id} was claimed meanwhile"))
                    return False
                self._expected, records = left
            else:
                return await self._committed(result, records, time.perf_counter() - began)
        self._log.warning("commit_reply_was_lost", next_offset=self._expected)
        self.works()
        return True

    async def _committed(
        self, result: SliceResult, records: tuple[Record, ...], seconds: float
    ) -> bool:
        """After the commit: hints, numbers, lines; False where internal errors halt it."""
        self._expected = records[-1].offset + 1
        self.works()
        self._means.port.hint(self.id, self._expected)
        self._means.metrics.count_slice(result, records=len(records), seconds=seconds)
        log_slice(
            self._log, result, records=len(records), next_offset=self._expected, seconds=seconds
        )
        if result.properties:
            self._means.tell(result.properties)
        cap = self._means.settings.internal_error_cap
        count = halts.internal_errors_in_a_row(result, before=self._internal_errors, cap=cap)
        if count != self._internal_errors:
            self._internal_errors = count
            await self.ask(
                "internal_errors",
                lambda: claims.record_internal_errors(
                    self._means.pool, self.id, epoch=self._epoch, count=count
                ),
            )
        if count < cap:
            return True
        await self._halt(f"{count} internal errors in a row")
        return False

    # What goes wrong ---------------------------------------------------------------------

    async def _halts_after(self, error: Exception, attempt: int) -> bool:
        """Waits after a failed attempt, and returns False; or halts, if waiting is no use."""
        fault = connect.classify(error)
        if fault is not connect.Fault.TRANSIENT and not connect.is_for_the_operator(error):
            self._log.error("slice_failed", attempt=attempt, exc_info=error)
            if attempt >= _FAULT_ATTEMPTS:
                await self._halt(f"a slice fails: {type(error).__name__}: {first_line(error)}")
                return True
        await self.wait_after(error, attempt, "slice")
        return False

    async def _after_fence(self, error: Fenced) -> None:
        """Claims again only as a member of the group: two that claim in turns get nothing done.

        A fetch would prove nothing, Kafka answers it to anybody; a commit is taken from members.
        """
        self._generation = -1
        self._means.metrics.fences.inc()
        self._log.warning("fenced", reason=str(error))
        attempt = 0
        while self.id in (self._means.port.assigned or ()):
            attempt += 1
            self.progress_at = time.monotonic()
            member = await self._means.port.is_member(self.id, self._expected)
            await self.sleep(self._means.backoff_seconds(attempt))
            if member:
                return

    async def _after_fetch_fault(self, reason: str, fault: FetchFault) -> None:
        """Halts where the offset is gone or unreadable; otherwise waits, to seek it again."""
        is_ours = self.id in (self._means.port.assigned or ())
        if fault is FetchFault.UNREADABLE and is_ours:
            await self._halt(halts.unreadable_batch(self._expected, reason))
            return
        if fault is FetchFault.LOST and is_ours:
            first, end = await self.ask("bounds", lambda: self._means.port.bounds(self.id))
            if not first <= self._expected <= end:
                await self._halt(halts.lost_offset(self._expected, first, end), resume_at=first)
                return
        self._fetch_failures += 1
        await self.wait_after(DependencyError(reason), self._fetch_failures, "fetch")

    async def _halt(self, reason: str, *, resume_at: int | None = None) -> None:
        """Until a person resumes it: the row says so to every worker, now and later."""
        self._generation = -1
        self._log.error("halts", reason=reason, next_offset=self._expected)
        await self.ask(
            "halt",
            lambda: claims.record_halt(
                self._means.pool, self.id, epoch=self._epoch, reason=reason, resume_at=resume_at
            ),
        )
