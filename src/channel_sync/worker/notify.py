"""`NOTIFY channel_sync` after commits: a hint to readers, who find the truth by their cursor."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from channel_sync.observe.logs import logger
from channel_sync.store import connect
from channel_sync.worker.means import wait_for
from channel_sync.worker.standing import first_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import asyncpg

    from channel_sync.settings import Settings

CHANNEL = "channel_sync"
_BETWEEN_SECONDS = 0.1
_RETRY_SECONDS = 5.0
_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"


class Notifier:
    """Merges what is told per property and sends it at most ten times a second.

    On a connection of its own, never in a slice's transaction: there it would make the commits of
    the whole cluster wait for each other. One transaction carries the hints of every property
    that changed meanwhile, so each property is named at most ten times a second too.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        connecting: Callable[[Settings], Awaitable[asyncpg.Connection]] = connect.open_connection,
    ) -> None:
        self._settings = settings
        self._connecting = connecting
        self._connection: asyncpg.Connection | None = None
        self._pending: dict[str, int] = {}
        self._told = asyncio.Event()
        self._log = logger(__name__)

    def tell(self, properties: Mapping[str, int]) -> None:
        """Takes properties with their new versions; the highest of each is sent."""
        for property_id, version in properties.items():
            self._pending[property_id] = max(version, self._pending.get(property_id, 0))
        self._told.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the order to stop. A hint that cannot be sent waits and is merged with others."""
        try:
            while not stopping.is_set():
                if not await wait_for(self._told, 1.0):
                    continue
                self._told.clear()
                sent = await self._send()
                await wait_for(stopping, _BETWEEN_SECONDS if sent else _RETRY_SECONDS)
        finally:
            await self.close()

    async def flush(self) -> None:
        """What is pending, now: the last words of a worker that stops."""
        if self._pending:
            await self._send()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _send(self) -> bool:
        pending, self._pending = self._pending, {}
        payloads = [
            json.dumps({"property": property_id, "version": version}, ensure_ascii=False)
            for property_id, version in pending.items()
        ]
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connecting(self._settings)
            await self._connection.execute(_NOTIFY, CHANNEL, payloads)
        except Exception as error:  # noqa: BLE001 - a hint is never worth a worker
            self._log.warning("hint_waits", error=f"{type(error).__name__}: {first_line(error)}")
            await self.close()
            self.tell(pending)
            return False
        return True
