from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from channel_sync.errors import ConfigurationError, DependencyError, Fenced
from channel_sync.records import Record
from channel_sync.settings import Settings
from channel_sync.store import claims, connect
from channel_sync.store.claims import PartitionId, SliceFence
from tests.integration.running import execute, prepare, settings_for

HERE = PartitionId("bookings", 0)


@pytest.fixture
async def settings(database: str) -> Settings:
    await prepare(database)
    return settings_for(database, "127.0.0.1:1", "bookings")


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    pool = await connect.open_pool(settings)
    yield pool
    await pool.close()


def records(*offsets: int) -> tuple[Record, ...]:
    now = datetime.now(UTC)
    return tuple(Record(HERE.topic, HERE.partition, offset, now, b"x") for offset in offsets)


async def apply(
    pool: asyncpg.Pool, fence: SliceFence, part: tuple[Record, ...], *, fails: bool = False
) -> None:
    async with connect.borrowed(pool) as connection, connection.transaction():
        await fence.move(connection, part)
        await connection.executemany(
            "INSERT INTO handed_over VALUES ($1, $2, $3)",
            [(one.topic, one.partition, one.offset) for one in part],
        )
        if fails:
            raise ZeroDivisionError


async def begun(pool: asyncpg.Pool, offset: int = 0) -> claims.Claim:
    claim = await claims.claim(pool, HERE, "first")
    await claims.begin(pool, HERE, epoch=claim.epoch, offset=offset)
    return claim


async def test_the_first_claim_makes_the_row_and_the_start_is_stored_once(
    pool: asyncpg.Pool,
) -> None:
    claim = await claims.claim(pool, HERE, "first")
    assert (claim.epoch, claim.next_offset, claim.halted_at) == (1, None, None)
    await claims.begin(pool, HERE, epoch=1, offset=7)
    with pytest.raises(Fenced):
        await claims.begin(pool, HERE, epoch=1, offset=9)
    again = await claims.claim(pool, HERE, "second")
    assert (again.epoch, again.next_offset) == (2, 7)


async def test_a_worker_that_lost_its_claim_cannot_move_the_offset(pool: asyncpg.Pool) -> None:
    mine = await begun(pool)
    await claims.claim(pool, HERE, "another")
    fence = SliceFence(HERE, epoch=mine.epoch, expected=0, records=records(0, 1))
    with pytest.raises(Fenced):
        await apply(pool, fence, records(0, 1))
    assert await pool.fetchval("SELECT count(*) FROM handed_over") == 0


async def test_a_slice_is_not_applied_over_an_offset_that_moved_either_way(
    pool: asyncpg.Pool, database: str
) -> None:
    mine = await begun(pool, 5)
    fence = SliceFence(HERE, epoch=mine.epoch, expected=5, records=records(5, 6))
    for moved in (4, 6):
        await execute(
            database, "UPDATE channel_sync.consumer_partition SET next_offset = $1", moved
        )
        with pytest.raises(Fenced):
            await apply(pool, fence, records(5, 6))


async def test_parts_of_a_slice_follow_each_other_over_gaps_and_a_failed_part_leaves_no_trace(
    pool: asyncpg.Pool,
) -> None:
    mine = await begun(pool, 10)
    whole = records(12, 13, 17, 18)
    fence = SliceFence(HERE, epoch=mine.epoch, expected=10, records=whole)
    with pytest.raises(Fenced):
        await apply(pool, fence, whole[2:])
    with pytest.raises(ZeroDivisionError):
        await apply(pool, fence, whole, fails=True)
    await apply(pool, fence, whole[:2])
    await apply(pool, fence, whole[2:])
    with pytest.raises(Fenced):
        await apply(pool, fence, whole[2:])
    found = await claims.load(pool, HERE)
    assert found is not None
    assert found.next_offset == 19


async def test_four_workers_that_fight_over_a_partition_apply_each_offset_exactly_once(
    pool: asyncpg.Pool,
) -> None:
    await begun(pool)
    end = 3_000
    fenced = 0

    async def fight(name: str) -> None:
        nonlocal fenced
        chance = random.Random(name)
        while True:
            claim = await claims.claim(pool, HERE, name)
            at = claim.next_offset
            while at is not None:
                if at >= end:
                    return
                part = records(*range(at, min(end, at + 10)))
                fence = SliceFence(HERE, epoch=claim.epoch, expected=at, records=part)
                try:
                    await apply(pool, fence, part)
                except Fenced:
                    fenced += 1
                    break
                at = part[-1].offset + 1
                if chance.random() < 0.3:
                    break

    await asyncio.gather(*(fight(name) for name in "abcd"))
    assert await pool.fetchval("SELECT count(*) FROM handed_over") == end
    assert fenced > 10


async def test_a_halt_needs_the_claim_and_outlives_it(pool: asyncpg.Pool) -> None:
    mine = await begun(pool, 3)
    await claims.claim(pool, HERE, "another")
    await claims.record_halt(pool, HERE, epoch=mine.epoch, reason="too late")
    found = await claims.load(pool, HERE)
    assert found is not None
    assert found.halted_at is None
    await claims.record_internal_errors(pool, HERE, epoch=2, count=4)
    await claims.record_halt(pool, HERE, epoch=2, reason="four in a row", resume_at=9)
    later = await claims.claim(pool, HERE, "third")
    assert later.halted_at is not None
    assert later.halt_reason == "four in a row"
    assert later.internal_errors == 4
    assert await claims.resume(pool, *HERE)
    assert not await claims.resume(pool, *HERE)
    (row,) = await claims.load_all(pool)
    assert (row.next_offset, row.internal_errors, row.halted_at, row.resume_at) == (
        9,
        0,
        None,
        None,
    )


# How the database is reached ---------------------------------------------------------------


async def test_every_connection_is_the_worker_with_its_timeouts_also_after_its_release(
    pool: asyncpg.Pool,
) -> None:
    for _ in range(2):
        async with pool.acquire() as connection:
            found = {
                name: await connection.fetchval("SELECT current_setting($1)", name)
                for name in (
                    "statement_timeout",
                    "lock_timeout",
                    "idle_in_transaction_session_timeout",
                    "search_path",
                )
            }
            assert found == {
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "1min",
                "search_path": "channel_sync, pg_temp",
            }
            assert await connection.fetchval("SELECT current_user") == "channel_sync_worker"
            await connection.execute("SET statement_timeout = 5; RESET ROLE")


async def test_a_login_that_may_not_become_the_worker_is_told_so(
    settings: Settings, database: str
) -> None:
    await execute(database, "DROP ROLE IF EXISTS stranger_here; CREATE ROLE stranger_here LOGIN")
    url = database.replace("postgres@", "stranger_here@")
    with pytest.raises(ConfigurationError, match="may not become channel_sync_worker"):
        await connect.open_pool(settings_for(url, "127.0.0.1:1", "bookings"))
    await execute(database, "DROP ROLE stranger_here")


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("postgresql://postgres@127.0.0.1:1/none", DependencyError, "does not answer"),
        ("{}_none", ConfigurationError, "does not exist"),
    ],
)
async def test_a_database_that_cannot_be_had_is_said_in_plain_words(
    database: str, url: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await connect.open_pool(settings_for(url.format(database), "127.0.0.1:1", "bookings"))


async def test_a_standby_is_not_taken_for_the_database(settings: Settings, database: str) -> None:
    name = database.rpartition("/")[2]
    await execute(database, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with pytest.raises(DependencyError, match="takes no writes"):
        await connect.open_pool(settings)
