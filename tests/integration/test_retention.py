"""What is kept of messages, and until when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from channel_sync.clock import RealClock
from channel_sync.errors import Refused
from channel_sync.parked import discard_parked, retry_parked
from channel_sync.pipeline import apply_slice
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.settings import Settings
from channel_sync.store.connect import open_pool
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_property
from channel_sync.store.retention import Ended, end_what_is_over
from tests.integration.running import settings_for

NOW = datetime(2026, 6, 15, tzinfo=UTC)
HOTEL = {
    "property": "seaview", "name": "Sea View", "timezone": "Europe/Lisbon", "currency": "EUR",
    "categories": [{"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101", "102"]}],
}  # fmt: skip


def message(offset: int, at: datetime, **others: Any) -> Record:
    said = {
        "schema": "channel-sync/1", "message_id": f"m{offset}", "property": "seaview",
        "channel": "booking.com", "reference": f"B{offset}", "status": "new", "revision": 1,
        "rooms": [{"line": "1", "category": "DBL", "arrival": "2099-04-10",
                   "departure": "2099-04-11", "adults": 1}],
        **others,
    }  # fmt: skip
    return Record("bookings", 0, offset, at, json.dumps(said).encode(), b"seaview")


async def ready(url: str) -> tuple[asyncpg.Connection, asyncpg.Pool]:
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    await load_property(connection, parse_property(HOTEL))
    return connection, await open_pool(settings_for(url, "", "bookings"))


@pytest.mark.parametrize(
    ("keep_raw", "kept"),
    [("all", (True, True)), ("parked", (False, True)), ("none", (False, False))],
)
async def test_bodies_are_kept_as_the_operator_says_and_everything_else_in_any_case(
    database: str, keep_raw: Any, kept: tuple[bool, bool]
) -> None:
    connection, pool = await ready(database)
    run = (message(0, NOW), message(1, NOW, property="nowhere"))
    await apply_slice(pool, run, today_of=RealClock(), keep_raw=keep_raw)
    rows = await connection.fetch('SELECT outcome, body FROM message ORDER BY "offset"')
    assert [row["outcome"] for row in rows] == ["created", "parked"]
    assert [row["body"] is not None for row in rows] == [kept[0]] * 2
    parked = await connection.fetchrow("SELECT parked_id, body, body_sha256, reason FROM parked")
    assert parked is not None
    assert (parked["body"] is not None, parked["reason"]) == (kept[1], "unknown_property")
    assert len(parked["body_sha256"]) == 64
    if not kept[1]:
        with pytest.raises(Refused, match="could not be kept"):
            await retry_parked(pool, parked["parked_id"], today_of=RealClock(), actor="anna")
    await pool.close()
    await connection.close()


async def test_months_that_are_over_end_and_a_repeat_of_their_messages_is_still_known(
    blank_database: str,
) -> None:
    await migrate(blank_database, today=NOW.date() - timedelta(days=150))
    connection, pool = await ready(blank_database)
    days = {0: 150, 1: 70, 2: 40, 3: 1}
    before_all = message(9, NOW - timedelta(days=900))
    run = (*(message(n, NOW - timedelta(days=ago)) for n, ago in days.items()), before_all)
    await apply_slice(pool, run, today_of=RealClock())
    ended = await end_what_is_over(blank_database, months=2, parked_days=0, now=NOW)
    assert ended == Ended(("message_2025_12", "message_2026_01", "message_2026_02",
                           "message_2026_03"))  # fmt: skip
    rows = await connection.fetch('SELECT "offset" FROM message ORDER BY 1')
    assert [row["offset"] for row in rows] == [1, 2, 3]
    again = tuple(message(n, NOW, message_id=f"m{n % 100}") for n in (0, 9))
    repeated = tuple(
        Record(one.topic, one.partition, 100 + n, NOW, one.body, one.key)
        for n, one in enumerate(again)
    )
    result = await apply_slice(pool, repeated, today_of=RealClock())
    assert [one.outcome.value for one in result.applied] == ["duplicate", "duplicate"]
    # Migrating again makes what lies ahead and leaves what has ended.
    assert await migrate(blank_database, today=NOW.date()) == []
    assert await end_what_is_over(blank_database, months=2, parked_days=0, now=NOW) == Ended()
    await pool.close()
    await connection.close()


async def test_the_body_of_a_parked_message_ends_after_it_was_closed_and_never_before(
    database: str,
) -> None:
    connection, pool = await ready(database)
    run = tuple(message(n, NOW, property="nowhere") for n in range(3))
    await apply_slice(pool, run, today_of=RealClock())
    ids = [row["parked_id"] for row in await connection.fetch("SELECT parked_id FROM parked")]
    for one in ids[:2]:
        await discard_parked(pool, one, actor="anna")
    await connection.execute(
        "UPDATE parked SET parked_at = now() - interval '1 year',"
        " closed_at = CASE parked_id WHEN $1 THEN now() - interval '31 days' ELSE closed_at END",
        ids[0],
    )
    assert await end_what_is_over(database, months=0, parked_days=30) == Ended(bodies=1)
    rows = await connection.fetch("SELECT parked_id, body, headers FROM parked ORDER BY 1")
    assert [row["body"] is not None for row in rows] == [False, True, True]
    assert rows[0]["headers"] == "{}"
    assert await end_what_is_over(database, months=0, parked_days=30) == Ended()
    await pool.close()
    await connection.close()


async def test_the_body_of_a_list_ends_when_all_of_it_was_closed_long_ago(database: str) -> None:
    connection, pool = await ready(database)
    two = [json.loads(message(n, NOW, property="nowhere").body) for n in range(2)]
    record = Record("bookings", 0, 0, NOW, json.dumps(two).encode(), b"seaview")
    await apply_slice(pool, (record,), today_of=RealClock())
    ids = [row["parked_id"] for row in await connection.fetch("SELECT parked_id FROM parked")]

    async def ended_after(closed: int, days: int) -> Ended:
        await connection.execute(
            "UPDATE parked SET closed_at = now() - $1::int * interval '1 day' WHERE parked_id = $2",
            *(days, closed),
        )
        return await end_what_is_over(database, months=0, parked_days=30)

    await discard_parked(pool, ids[0], actor="anna")
    assert await ended_after(ids[0], days=90) == Ended()
    await discard_parked(pool, ids[1], actor="anna")
    assert await ended_after(ids[1], days=5) == Ended()
    assert await ended_after(ids[1], days=31) == Ended(bodies=1)
    assert await connection.fetchval("SELECT count(*) FROM parked WHERE body IS NOT NULL") == 0
    await pool.close()
    await connection.close()


async def test_nothing_ends_unless_the_operator_says_so(database: str) -> None:
    connection, pool = await ready(database)
    await apply_slice(pool, (message(0, NOW - timedelta(days=900)),), today_of=RealClock())
    defaults = Settings.model_fields
    months, days = defaults["message_months"].default, defaults["parked_days"].default
    assert await end_what_is_over(database, months=months, parked_days=days) == Ended()
    assert await connection.fetchval("SELECT count(*) FROM message") == 1
    await pool.close()
    await connection.close()
