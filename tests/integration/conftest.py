"""What the tests of the database side share: a connection in our schema."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to a migrated database of the test's own."""
    connection = await asyncpg.connect(database)
    await connection.execute("SET search_path = channel_sync, pg_temp")
    yield connection
    await connection.close()
