"""Counts now and then what waits for people, for the metrics; never in the way of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channel_sync.observe.figures import PoolGauges, WaitingGauges
from channel_sync.observe.logs import logger
from channel_sync.store.connect import borrowed
from channel_sync.store.figures import count
from channel_sync.worker.standing import first_line

if TYPE_CHECKING:
    from channel_sync.worker.means import Means


class Figures:
    """One worker's; `run` ends with the worker."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._waiting = WaitingGauges(means.metrics.registry)
        self._log = logger(__name__)
        PoolGauges(means.metrics.registry, means.pool)

    async def run(self) -> None:
        """Until the order to stop. What cannot be counted keeps its last number."""
        while not self._means.stopping.is_set():
            try:
                async with borrowed(self._means.pool) as connection:
                    self._waiting.show(await count(connection))
            except Exception as error:  # noqa: BLE001 - whatever it is, messages go on
                self._log.warning(
                    "not_counted", error=f"{type(error).__name__}: {first_line(error)}"
                )
            await self._means.pause(self._means.settings.figures_interval_seconds)
