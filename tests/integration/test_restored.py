"""A database that went back in time, and a topic that is not the one it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from channel_sync.clock import RealClock
from channel_sync.errors import Fenced
from channel_sync.pipeline import apply_slice
from channel_sync.records import Record
from channel_sync.store import claims
from channel_sync.store.claims import PartitionId, SliceFence
from channel_sync.store.connect import open_pool
from channel_sync.store.slices import Houses
from channel_sync.worker.halts import another_log
from tests.integration.checker import broken_invariants, compare, told
from tests.integration.feed import template
from tests.integration.rough import RoughTraffic
from tests.integration.running import (
    execute,
    prepare,
    row_of,
    send,
    settings_for,
    until_applied,
    until_halted,
    working,
)
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart

MakeTopic = Callable[..., str]
HERE = PartitionId("bookings", 0)
AT = datetime(2099, 1, 1, tzinfo=UTC)


async def apply(pool: asyncpg.Pool, part: tuple[Record, ...], claim: claims.Claim) -> None:
    assert claim.next_offset is not None
    fence = SliceFence(HERE, epoch=claim.epoch, expected=claim.next_offset, records=part)
    await apply_slice(pool, part, today_of=RealClock(), houses=Houses(), fence=fence)


async def test_a_database_restored_to_an_hour_ago_takes_what_kafka_replays_and_doubles_nothing(
    postgres: PostgresPart,
) -> None:
    sent = RoughTraffic(3, seed=5).messages(120)
    records = tuple(
        Record(*HERE, offset, AT + timedelta(seconds=offset), one.body or b"", one.key.encode())
        for offset, one in enumerate(sent)
    )
    made = await template(postgres, 3, "off")
    async with postgres.database(made) as url:
        pool = await open_pool(settings_for(url, "", HERE.topic))
        first = await claims.claim(pool, HERE, "worker")
        await claims.begin(pool, HERE, epoch=first.epoch, offset=0)
        await apply(pool, records[:50], await _now(pool))
        await pool.close()
        async with postgres.database(url.rpartition("/")[2]) as backup:
            pool = await open_pool(settings_for(url, "", HERE.topic))
            await apply(pool, records[50:], ahead := await _now(pool))
            ahead = await _now(pool)
            await pool.close()
            # The backup is put in its place: the worker still believes in what it had written.
            restored = await open_pool(settings_for(backup, "", HERE.topic))
            with pytest.raises(Fenced):
                await apply(restored, records[119:], ahead)
            again = await claims.claim(restored, HERE, "worker")
            assert again.next_offset == 50
            await apply(restored, records[50:], again)
            await restored.close()
            differences, rows = await compare(backup, url)
            assert not differences, told(differences)
            assert rows > 500
            assert not (broken := await broken_invariants(backup)), told(broken)


async def _now(pool: asyncpg.Pool) -> claims.Claim:
    found = await claims.load(pool, HERE)
    assert found is not None
    return found


@pytest.mark.real_kafka
async def test_a_topic_made_anew_is_noticed_though_it_has_grown_beyond_the_old_offset(
    database: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await prepare(database)
    topic = make_topic()
    settings = settings_for(database, kafka.bootstrap, topic)
    await send(kafka.bootstrap, topic, "a", "b", "c")
    async with working(settings):
        await until_applied(database, topic, "a", "b", "c")
    # The same topic again: nothing is suspected.
    await send(kafka.bootstrap, topic, "d")
    async with working(settings):
        await until_applied(database, topic, "a", "b", "c", "d")
    kafka.delete_topic(topic)
    kafka.create_topic(topic)
    await send(kafka.bootstrap, topic, *"ABCDEFG")
    await execute(database, "TRUNCATE channel_sync.handed_over")
    async with working(settings):
        reason = await until_halted(database, topic)
        assert "the topic was made anew; a resume goes on at 0" in reason
        row = await row_of(database, topic)
        assert row is not None
        assert (row["next_offset"], row["last_offset"]) == (4, 3)
        pool = await open_pool(settings)
        assert await claims.resume(pool, topic, 0)
        await pool.close()
        await until_applied(database, topic, *"ABCDEFG")
    async with working(settings):
        await send(kafka.bootstrap, topic, "H")
        await until_applied(database, topic, *"ABCDEFGH")


@pytest.mark.real_kafka
async def test_a_record_that_is_gone_by_retention_or_was_moved_past_by_an_older_worker_is_no_alarm(
    database: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await prepare(database)
    topic = make_topic()
    settings = settings_for(database, kafka.bootstrap, topic)
    await send(kafka.bootstrap, topic, "a", "b")
    async with working(settings):
        await until_applied(database, topic, "a", "b")
    # An older worker moves the offset and leaves the rest: what it left is still true of the log.
    await execute(
        database,
        "UPDATE channel_sync.consumer_partition p SET last_offset = 0, last_recorded_at ="
        " (SELECT last_recorded_at FROM channel_sync.consumer_partition)"
        " - interval '1 ms' * $1",
        await _apart(kafka, topic, settings),
    )
    await send(kafka.bootstrap, topic, "c")
    async with working(settings):
        await until_applied(database, topic, "a", "b", "c")
    # Of the row's record nothing is left.
    await execute(database, "UPDATE channel_sync.consumer_partition SET last_offset = 99")
    await send(kafka.bootstrap, topic, "d")
    async with working(settings):
        await until_applied(database, topic, "a", "b", "c", "d")


async def _apart(kafka: KafkaPart, topic: str, settings: object) -> int:
    """Milliseconds between the first two records."""
    from channel_sync.worker.peek import Peek

    del settings
    peek = Peek(settings_for("postgresql://nobody@127.0.0.1/none", kafka.bootstrap, topic))
    try:
        first, second = [await peek.recorded_at(PartitionId(topic, 0), at) for at in (0, 1)]
    finally:
        await peek.close()
    assert first is not None
    assert second is not None
    return round((second - first) / timedelta(milliseconds=1))


def test_another_log_says_what_was_expected_and_where_a_resume_goes_on() -> None:
    said = another_log(41, AT, AT + timedelta(hours=1), 7)
    assert "offset 41 was recorded at 2099-01-01T00:00:00+00:00" in said
    assert said.endswith("a resume goes on at 7")
