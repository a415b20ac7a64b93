"""A worker goes on while the next version's migrations are applied under it."""

from __future__ import annotations

import json
from collections.abc import Callable

import asyncpg

from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.store.connect import open_pool
from channel_sync.store.migrate import Migration, migrate, read_migrations
from channel_sync.store.properties import load_property
from channel_sync.worker.check import prove_schema
from tests.integration.running import execute, row_of, send, settings_for, until, working
from tests.parts.kafka import KafkaPart

MakeTopic = Callable[..., str]
NEXT = Migration(
    9000,
    "pre",
    "9000_pre_what_comes_next.sql",
    "".join(
        f"ALTER TABLE {table} ADD COLUMN what_comes_next text DEFAULT 'x';\n"
        for table in ("reservation", "stay", "task", "history", "message", "parked", "property",
                      "kept_revision", "consumer_partition", "category", "room", "channel")
    ),
)  # fmt: skip
OLDER_MOVE = """
    UPDATE channel_sync.consumer_partition SET next_offset = $5
     WHERE topic = $1 AND partition = $2 AND epoch = $3 AND next_offset = $4
    RETURNING next_offset
"""
"""As the first version moved an offset: without the record that it stands behind."""


def booking(reference: str, revision: int = 1) -> str:
    return json.dumps({
        "schema": "channel-sync/1", "message_id": f"{reference}-{revision}",
        "property": "seaview", "channel": "booking.com", "reference": reference,
        "status": "new" if revision == 1 else "modified", "revision": revision,
        "rooms": [{"line": "1", "category": "DBL", "arrival": "2099-04-10",
                   "departure": f"2099-04-{10 + revision}", "adults": 1}],
    })  # fmt: skip


async def test_a_worker_goes_on_while_what_comes_next_is_migrated(
    database: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    """Statements prepared before, rows read whole, inserts of every column: all of it."""
    topic = make_topic()
    rooms = ["101", "102", "103"]
    category = {"code": "DBL", "name": "Double", "capacity": 2, "rooms": rooms}
    hotel = {
        "property": "seaview", "name": "Sea View", "timezone": "Europe/Lisbon",
        "currency": "EUR", "categories": [category],
    }  # fmt: skip
    connection = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    await load_property(connection, parse_property(hotel))
    settings = settings_for(database, kafka.bootstrap, topic, planner_interval_seconds=0.1)

    async def until_at(offset: int) -> None:
        async def there() -> bool:
            row = await row_of(database, topic)
            return row is not None and row["next_offset"] == offset

        await until(there)

    async with working(settings, apply=None, plan_next=plan_next):
        await send(kafka.bootstrap, topic, booking("A"), booking("B"), "no message")
        await until_at(3)
        done = await migrate(database, only="pre", migrations=(*read_migrations(), NEXT))
        assert done == [NEXT.name]
        await send(kafka.bootstrap, topic, booking("A", 2), booking("C"), "no message")
        await until_at(6)
    # One of this version that is started only now goes on too.
    async with working(settings, apply=None, plan_next=plan_next):
        await send(kafka.bootstrap, topic, booking("B", 2))
        await until_at(7)
    rows = await connection.fetch('SELECT outcome FROM message ORDER BY "offset"')
    assert [row["outcome"] for row in rows] == [
        "created", "created", "parked", "modified", "created", "parked", "modified",
    ]  # fmt: skip
    assert await connection.fetchval("SELECT count(*) FROM stay WHERE rooms <> '{}'") == 3
    pool = await open_pool(settings)
    assert "1 newer than this program" in await prove_schema(pool)
    await pool.close()
    await connection.close()


async def test_a_worker_of_the_first_version_moves_offsets_and_is_fenced_as_ever(
    database: str,
) -> None:
    connection = await asyncpg.connect(database)
    await execute(
        database,
        "INSERT INTO channel_sync.consumer_partition (topic, partition, epoch, next_offset)"
        " VALUES ('bookings', 0, 3, 10)",
    )
    await connection.execute("SET ROLE channel_sync_worker")
    assert await connection.fetchval(OLDER_MOVE, "bookings", 0, 3, 10, 12) == 12
    assert await connection.fetchval(OLDER_MOVE, "bookings", 0, 2, 12, 13) is None
    assert await connection.fetchval(OLDER_MOVE, "bookings", 0, 3, 10, 13) is None
    await connection.close()
