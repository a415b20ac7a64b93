"""What waits for people is counted over the whole database, by reason and age."""

from __future__ import annotations

import asyncio

import asyncpg

from channel_sync.demo.servers import free_port
from channel_sync.store import connect
from channel_sync.store.figures import Counted, count
from tests.integration.running import prepare, settings_for, until, working
from tests.integration.test_health import MakeTopic, number
from tests.parts.kafka import KafkaPart

HOTEL = """
INSERT INTO property (property_id, name, timezone, currency)
VALUES ('seaview', 'Sea View', 'UTC', 'EUR');
SET channel_sync.today = '2026-04-09';
"""
BOOKING = """
INSERT INTO reservation (property_id, reservation_id, channel, reference)
VALUES ('seaview', {number}, 'expedia', 'E{number}');
INSERT INTO stay (property_id, reservation_id, line, status, arrival, departure, cancelled_by)
VALUES ('seaview', {number}, '1', '{status}', '{arrival}', date '{arrival}' + 9,
        CASE WHEN '{status}' = 'cancelled' THEN 'channel' END);
"""
TASK = """
INSERT INTO task (property_id, reservation_id, line, reason, notice, opened_at)
VALUES ('seaview', $1, '1', $2, $3, now() - $4::text::interval)
"""
PARKED = """
INSERT INTO parked (topic, partition, "offset", ordinal, recorded_at, reason, body_sha256,
                    body_bytes, parked_at, state, closed_at)
VALUES ('t', 0, $1, 0, now(), $2, '', 0, now() - $3::text::interval, $4,
        CASE WHEN $4 <> 'parked' THEN now() END)
"""


async def booking(
    connection: asyncpg.Connection, which: int, arrival: str, status: str = "confirmed"
) -> None:
    await connection.execute(BOOKING.format(number=which, arrival=arrival, status=status))


async def task(
    connection: asyncpg.Connection, which: int, reason: str, age: str, *, notice: bool = False
) -> None:
    await connection.execute(TASK, which, reason, notice, age)


async def test_tasks_count_by_reason_and_age_and_closed_ones_not_at_all(
    connection: asyncpg.Connection,
) -> None:
    await connection.execute(HOTEL)
    for which, age in enumerate(("10 minutes", "2 hours", "3 hours", "3 days"), 1):
        await booking(connection, which, "2026-06-01")
        await task(connection, which, "no_room", age)
    await booking(connection, 5, "2026-06-01")
    await task(connection, 5, "no_room", "9 days")
    await connection.execute(
        "UPDATE task SET state = 'done', closed_at = now() WHERE reservation_id = 5"
    )
    (found,) = (await count(connection)).tasks
    assert (found.reason, found.hour, found.day, found.older) == ("no_room", 1, 2, 1)
    assert 3 * 86_400 <= found.oldest_seconds < 4 * 86_400


async def test_urgent_is_a_task_whose_guest_comes_by_tomorrow_or_is_there(
    connection: asyncpg.Connection,
) -> None:
    await connection.execute(HOTEL)
    await booking(connection, 1, "2026-04-11")
    await task(connection, 1, "no_room", "5 days")
    await booking(connection, 2, "2026-04-10")
    await task(connection, 2, "local_value_replaced", "4 days", notice=True)
    await booking(connection, 3, "2026-04-10", status="cancelled")
    await task(connection, 3, "review", "4 days")
    assert (await count(connection)).urgent_seconds == 0
    await booking(connection, 4, "2026-04-01", status="checked_in")
    await task(connection, 4, "in_house_change", "1 hour")
    await booking(connection, 5, "2026-04-10")
    await task(connection, 5, "no_room", "2 hours")
    assert 7_200 <= (await count(connection)).urgent_seconds < 7_300


async def test_parked_messages_count_until_they_are_retried_or_discarded(
    connection: asyncpg.Connection,
) -> None:
    rows = [
        (1, "no_rooms", "1 hour", "parked"),
        (2, "internal_error: at x", "2 hours", "parked"),
        (3, "internal_error: at y", "1 minute", "parked"),
        (4, "no_rooms", "9 hours", "retried"),
        (5, "no_rooms", "9 hours", "discarded"),
    ]
    for row in rows:
        await connection.execute(PARKED, *row)
    found = {one.reason: one for one in (await count(connection)).parked}
    assert {reason: one.messages for reason, one in found.items()} == {
        "no_rooms": 1,
        "internal_error": 2,
    }
    assert 7_200 <= found["internal_error"].oldest_seconds < 7_300


async def test_the_worker_has_the_rights_to_count(database: str) -> None:
    pool = await connect.open_pool(settings_for(database, "127.0.0.1:1", "bookings"))
    try:
        async with connect.borrowed(pool) as connection:
            assert await count(connection) == Counted((), 0.0, ())
    finally:
        await pool.close()


async def test_a_worker_tells_what_waits_and_how_its_pool_stands(
    database: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await prepare(database)
    connection = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    await connection.execute(PARKED, 1, "no_rooms", "1 hour", "parked")
    await connection.close()

    port = free_port()
    settings = settings_for(database, kafka.bootstrap, make_topic(), health_port=port)
    async with working(settings):

        async def told() -> bool:
            try:
                return await number(port, "channel_sync_parked_messages") == 1
            except OSError:
                await asyncio.sleep(0.1)
                return False

        await until(told)
        assert await number(port, "channel_sync_database_connections_max") == 8
        assert await number(port, "channel_sync_database_connections") >= 0
