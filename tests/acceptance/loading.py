"""Makes what a scenario is played on, as the program itself makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
from pydantic import SecretStr

from channel_sync.property_file import parse_property
from channel_sync.settings import Settings
from channel_sync.store.connect import open_pool
from channel_sync.store.properties import load_property

POOL_SIZE = 2


@asynccontextmanager
async def worker_pool(url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections with the worker's rights and no more."""
    pool = await open_pool(Settings(database_url=SecretStr(url)), size=POOL_SIZE)
    try:
        yield pool
    finally:
        await pool.close()


async def load(url: str, described: dict[str, Any], today: date) -> None:
    """Loads a property as `property load` does, on the scenario's day."""
    parsed = parse_property(described)
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    try:
        await connection.execute(
            "SELECT set_config('channel_sync.today', $1, false)", today.isoformat()
        )
        await load_property(connection, parsed)
    finally:
        await connection.close()
