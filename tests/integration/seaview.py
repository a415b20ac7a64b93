"""A small hotel, canonical messages about it, and what became of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from channel_sync.clock import FixedToday
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.store.connect import open_pool
from channel_sync.store.properties import load_property
from tests.integration.running import settings_for

TODAY = FixedToday(date(2030, 3, 1))
CARD = "4111 1111 1111 1111"


async def open_hotel(
    connection: asyncpg.Connection, property_id: str = "seaview", rooms: int = 20
) -> None:
    """A hotel of double rooms, in a database whose schema is on the connection's path."""
    numbers = [str(101 + number) for number in range(rooms)]
    described = {
        "property": property_id,
        "name": "Sea View",
        "timezone": "Europe/Lisbon",
        "currency": "EUR",
        "categories": [{"code": "DBL", "name": "Double", "capacity": 2, "rooms": numbers}],
    }
    await load_property(connection, parse_property(described))


def line(**changes: Any) -> dict[str, Any]:
    """Four nights for two; a key set to `...` is left out."""
    said = {
        "line": "1",
        "category": "DBL",
        "arrival": "2030-04-10",
        "departure": "2030-04-14",
        "adults": 2,
        "amount": "400.00",
        **changes,
    }
    return {key: value for key, value in said.items() if value is not ...}


def booking(reference: str, **changes: Any) -> dict[str, Any]:
    """Its first revision, whole; a key set to `...` is left out."""
    said = {
        "schema": "channel-sync/1",
        "property": "seaview",
        "channel": "booking.com",
        "reference": reference,
        "message_id": f"{reference}-{changes.get('revision', 1)}",
        "status": "new",
        "revision": 1,
        "rooms": [line()],
        "booker": {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.org"},
        "currency": "EUR",
        **changes,
    }
    return {key: value for key, value in said.items() if value is not ...}


def body(said: Any) -> bytes:
    return json.dumps(said).encode()


def records(*bodies: Any, start: int = 0) -> tuple[Record, ...]:
    """A run of one partition, from an offset on; what is not bytes is sent as JSON."""
    return tuple(
        Record(
            topic="bookings",
            partition=0,
            offset=offset,
            recorded_at=datetime(2030, 2, 1, tzinfo=UTC) + timedelta(seconds=offset),
            body=one if isinstance(one, bytes) else body(one),
            key=b"seaview",
        )
        for offset, one in enumerate(bodies, start)
    )


@asynccontextmanager
async def worker_pool(url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the worker has them."""
    pool = await open_pool(settings_for(url, ""))
    try:
        yield pool
    finally:
        await pool.close()


async def outcomes(connection: asyncpg.Connection) -> list[tuple[int, int, str, str]]:
    """Offset, ordinal, outcome and reason of all there is, in order; rules are left out."""
    rows = await connection.fetch(
        'SELECT "offset", ordinal, outcome,'
        " CASE outcome WHEN 'parked' THEN outcome_reason ELSE '' END AS reason"
        ' FROM message ORDER BY "offset", ordinal'
    )
    return [tuple(row) for row in rows]
