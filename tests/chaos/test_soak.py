from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.chaos.faults import KINDS
from tests.chaos.soak import Plan, aside, soak
from tests.chaos.verdict import count_outcomes
from tests.integration.checker import told
from tests.integration.feed import Feed, apply_in_order, template
from tests.integration.rough import RoughTraffic
from tests.parts.jars import jars_or_skip
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart


@pytest.mark.real_kafka
async def test_whatever_dies_nothing_is_lost_nothing_doubled_and_no_room_held_twice(
    kafka: KafkaPart, tmp_path: Path
) -> None:
    """Two minutes of `make chaos`, with its start and its comparison: every kind of fault."""
    jars_or_skip("an Apache Kafka to kill")
    plan = Plan(seconds=100, hotels=12, rate=25)
    verdict = await soak(plan, tmp_path)
    print(verdict.markdown())  # noqa: T201 - the figures of the proof
    assert verdict.holds, told(verdict.faults)
    missing = [kind.name for kind in KINDS if not verdict.injected[kind.name]]
    assert not missing
    assert verdict.messages > 500


async def test_a_missing_outcome_and_one_too_many_are_counted(postgres: PostgresPart) -> None:
    made = await template(postgres, 2, "off")
    at = datetime(2099, 1, 1, tzinfo=UTC)
    feed = Feed("bookings", "127.0.0.1:1", RoughTraffic(2, seed=5))
    for offset, sent in enumerate(feed.source.messages(40)):
        feed.taken[0, offset] = (sent, at)
    async with postgres.database(made) as url:
        await apply_in_order(url, feed)
        whole = sum(feed.reservations.values())
        assert await count_outcomes(url, "bookings", feed.reservations) == (whole, 0, 0)
        connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
        await connection.execute('DELETE FROM message WHERE "offset" = 7')
        gone = feed.reservations[0, 7]
        assert await count_outcomes(url, "bookings", feed.reservations) == (whole - gone, gone, 0)
        await connection.execute(
            'INSERT INTO message (recorded_at, topic, partition, "offset", ordinal, outcome,'
            " received_at) VALUES ($1, 'bookings', 0, 8, 0, 'created', now())",
            at + timedelta(days=1),
        )
        await connection.close()
        found = await count_outcomes(url, "bookings", feed.reservations)
        assert found == (whole - gone + 1, gone, 1)


async def test_a_run_ends_with_whatever_of_it_dies() -> None:
    async def nobody_can_be_started() -> None:
        raise FileNotFoundError("no folder for the logs")

    with pytest.RaisesGroup(FileNotFoundError):
        async with aside(nobody_can_be_started()):
            await asyncio.Event().wait()  # faults for workers that are not there
