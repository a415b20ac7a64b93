"""The command `run`: the worker and its planner, from the first connection to the last commit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from channel_sync import pipeline, planner
from channel_sync.clock import RealClock
from channel_sync.errors import ConfigurationError
from channel_sync.limits import limits_of
from channel_sync.observe import logs
from channel_sync.observe.health import HealthServer
from channel_sync.observe.metrics import Metrics
from channel_sync.store import connect
from channel_sync.store.slices import Houses
from channel_sync.worker.check import prove_schema
from channel_sync.worker.figures import Figures
from channel_sync.worker.loop import Loop
from channel_sync.worker.means import Apply, Means, wait_for
from channel_sync.worker.notify import Notifier
from channel_sync.worker.planner_loop import PlannerLoop, PlanNext
from channel_sync.worker.port import KafkaPort

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    import asyncpg

    from channel_sync.records import TodayOf
    from channel_sync.settings import Settings
    from channel_sync.worker.tracing import Tracing

T = TypeVar("T")


class _Starting:
    """`Vitals` before there is a loop, and the loop's from then on."""

    def __init__(self) -> None:
        self.loop: Loop | None = None
        self.reason = "starting"

    def dead(self) -> list[str]:
        return self.loop.dead() if self.loop else []

    def unready(self) -> list[str]:
        return self.loop.unready() if self.loop else [self.reason]

    def remarks(self) -> list[str]:
        return self.loop.remarks() if self.loop else []


async def run(
    settings: Settings,
    *,
    apply: Apply | None = None,
    plan_next: PlanNext = planner.plan_next,
    today_of: TodayOf | None = None,
    stopping: asyncio.Event | None = None,
) -> int:
    """Works until SIGTERM, SIGINT or `stopping`; 0, or 1 where a slice had to be left unfinished.

    Raises ConfigurationError before the first message is read. A database or a broker that is
    away is waited for, at the start as later.
    """
    settings.require_broker()
    logs.configure(level=settings.log_level, style=settings.log_format)
    apply = apply or _pipeline(settings)
    stopping = stopping or asyncio.Event()
    metrics = Metrics()
    vitals = _Starting()
    health = HealthServer(vitals, metrics)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_signals(stopping))
        if settings.health_port:
            try:
                await health.start(settings.health_host, settings.health_port)
            except OSError as error:
                raise ConfigurationError(f"the health port cannot be opened: {error}") from error
            stack.push_async_callback(health.stop)
        pool = await _patiently(vitals, settings, stopping, lambda: _open_pool(settings))
        if pool is None:
            return 0
        stack.push_async_callback(_close, pool)
        port = KafkaPort(settings)
        if await _patiently(vitals, settings, stopping, lambda: _open(port)) is None:
            return 0
        stack.push_async_callback(port.close)
        if settings.tracing != "off":
            tracing = _tracing(settings)
            stack.push_async_callback(tracing.close)
            apply = tracing.traced(apply)
        notifier = Notifier(settings)
        planning: PlannerLoop
        means = Means(
            settings=settings,
            pool=pool,
            port=port,
            apply=apply,
            today_of=today_of or RealClock(),
            metrics=metrics,
            claimed_by=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}",
            tell=lambda properties: _tell(notifier, planning, properties),
            stopping=stopping,
        )
        planning = PlannerLoop(means, plan_next)
        vitals.loop = Loop(means)
        return await _work(vitals.loop, planning, notifier, means)


def _pipeline(settings: Settings) -> Apply:
    """The pipeline within the operator's limits, with what it remembers of hotels."""
    return partial(
        pipeline.apply_slice,
        limits=limits_of(settings),
        houses=Houses(),
        keep_raw=settings.keep_raw,
    )


def _tracing(settings: Settings) -> Tracing:
    """Imports what traces only where it is wanted."""
    try:
        from channel_sync.worker.tracing import Tracing  # noqa: PLC0415 - needs the extra `otel`
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"CHANNEL_SYNC_TRACING: {error.name} is not installed: pip install 'channel-sync[otel]'"
        ) from error
    return Tracing(settings)


def _tell(notifier: Notifier, planning: PlannerLoop, properties: Mapping[str, int]) -> None:
    notifier.tell(properties)
    planning.wake()


async def _work(loop: Loop, planning: PlannerLoop, notifier: Notifier, means: Means) -> int:
    aside = [
        asyncio.create_task(planning.run(), name="planner"),
        asyncio.create_task(notifier.run(means.stopping), name="notify"),
        asyncio.create_task(Figures(means).run(), name="figures"),
    ]
    try:
        clean = await loop.run()
    finally:
        # The loop stopped; the planner ends its property or is rolled back.
        await asyncio.wait(aside, timeout=0.5)
        for task in aside:
            task.cancel()
        await asyncio.gather(*aside, return_exceptions=True)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(0.5):
                await notifier.flush()
        await notifier.close()
    return 0 if clean else 1


async def _open_pool(settings: Settings) -> asyncpg.Pool:
    pool = await connect.open_pool(settings)
    try:
        await prove_schema(pool)
    except BaseException:
        pool.terminate()
        raise
    return pool


async def _open(port: KafkaPort) -> KafkaPort:
    await port.open()
    return port


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(1.0):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _patiently(
    vitals: _Starting,
    settings: Settings,
    stopping: asyncio.Event,
    opening: Callable[[], Awaitable[T]],
) -> T | None:
    """Opens, however long it takes; None if told to stop first."""
    attempt = 0
    while not stopping.is_set():
        try:
            return await opening()
        except Exception as error:
            if connect.classify(error) is not connect.Fault.TRANSIENT:
                raise
            attempt += 1
            seconds = connect.backoff_seconds(
                attempt,
                first_ms=settings.retry_first_ms,
                cap_ms=settings.retry_cap_ms,
                chance=0.5,
            )
            vitals.reason = str(error)
            logs.logger(__name__).warning(
                "waits_to_start", error=str(error), wait_seconds=round(seconds, 3)
            )
            await wait_for(stopping, seconds)
    return None


@contextlib.contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        for number in numbers:  # in the main thread only; elsewhere `stopping` is the way
            loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                loop.remove_signal_handler(number)
