"""Looks again at properties that somebody changed, for as long as the worker runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from channel_sync.observe.logs import logger
from channel_sync.store import connect
from channel_sync.worker.standing import first_line

if TYPE_CHECKING:
    import asyncpg

    from channel_sync.records import Planned, TodayOf
    from channel_sync.worker.means import Means


class PlanNext(Protocol):
    """`planner.plan_next`, or what a test puts in its place."""

    async def __call__(self, pool: asyncpg.Pool, *, today_of: TodayOf) -> Planned | None:
        """Plans one property that is due and returns it; None if there is none to be had."""


class PlannerLoop:
    """Plans until nothing is due, then sleeps until woken or until the interval is over."""

    def __init__(self, means: Means, plan_next: PlanNext) -> None:
        self._means = means
        self._plan_next = plan_next
        self._woken = asyncio.Event()
        self._log = logger(__name__)

    def wake(self) -> None:
        """Somebody wrote: a room may have become free."""
        self._woken.set()

    async def run(self) -> None:
        """Until the order to stop. Errors are waited out: they must not stop the messages."""
        means = self._means
        attempt = 0
        while not means.stopping.is_set():
            self._woken.clear()
            try:
                planned = await self._plan_next(means.pool, today_of=means.today_of)
            except Exception as error:  # noqa: BLE001 - whatever it is, messages go on
                attempt += 1
                await self._after(error, attempt)
                continue
            attempt = 0
            if planned is None:
                await self._sleep()
            else:
                means.metrics.planned.inc()
                # Also what staff changed is heard of: each of their edits makes a property due.
                means.tell({planned.property_id: planned.version})
                self._log.info("planned", property=planned.property_id, version=planned.version)
                await asyncio.sleep(0)

    async def _after(self, error: Exception, attempt: int) -> None:
        self._means.metrics.retries.labels("planner").inc()
        if connect.classify(error) is connect.Fault.TRANSIENT:
            text = f"{type(error).__name__}: {first_line(error)}"
            self._log.warning("planner_waits", attempt=attempt, error=text)
        else:
            self._log.error("planner_failed", attempt=attempt, exc_info=error)
        if connect.is_read_only(error):
            await connect.expire(self._means.pool)
        await self._means.pause(self._means.backoff_seconds(attempt))

    async def _sleep(self) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._woken, self._means.stopping)]
        try:
            await asyncio.wait(
                waits,
                timeout=self._means.settings.planner_interval_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for wait in waits:
                wait.cancel()
