"""A batch that nobody can unpack: its partition halts behind all that can be read, alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from channel_sync.demo.servers import Household
from channel_sync.store import claims
from channel_sync.store.connect import open_pool
from tests.integration.running import (
    prepare,
    row_of,
    send,
    settings_for,
    until,
    until_applied,
    until_halted,
    working,
)
from tests.parts.brokers import JavaBroker, jar_version
from tests.parts.jars import jars_or_skip
from tests.parts.kafka import KafkaPart

MARK = b"damaged on the disk"


@pytest.fixture
def damaging() -> Iterator[tuple[KafkaPart, Path]]:
    """A broker whose disk we can reach; the part, and where its data lie."""
    libs = jars_or_skip("the files of an Apache Kafka")
    with Household("channel-sync-damaged") as household:
        broker = JavaBroker(household, libs)
        broker.start()
        label = f"Apache Kafka {jar_version(libs)}"
        part = KafkaPart(f"127.0.0.1:{broker.open_port}", label, real=True)
        yield part, household.folder / "data"


def damage(data: Path, topic: str) -> None:
    (segment,) = data.glob(f"{topic}-0/*.log")
    whole = segment.read_bytes()
    assert MARK in whole
    segment.write_bytes(whole.replace(MARK, MARK.upper()))


@pytest.mark.real_kafka
async def test_a_batch_that_was_damaged_after_it_was_applied_stops_nobody(
    database: str, damaging: tuple[KafkaPart, Path]
) -> None:
    """The record applied last is looked at again at each claim."""
    part, data = damaging
    await prepare(database)
    topic = part.create_topic()
    settings = settings_for(database, part.bootstrap, topic)
    await send(part.bootstrap, topic, "a", MARK.decode())
    async with working(settings):
        await until_applied(database, topic, "a", MARK.decode())
    damage(data, topic)
    await send(part.bootstrap, topic, "c")
    async with working(settings):
        await until_applied(database, topic, "a", MARK.decode(), "c")


@pytest.mark.real_kafka
async def test_a_damaged_batch_halts_its_partition_and_no_other(
    database: str, damaging: tuple[KafkaPart, Path]
) -> None:
    part, data = damaging
    await prepare(database)
    topic = part.create_topic(partitions=2)
    for body in ("a", "b", MARK.decode(), "d"):  # a batch each
        await send(part.bootstrap, topic, body)
    await send(part.bootstrap, topic, "A", partition=1)
    damage(data, topic)
    async with working(settings_for(database, part.bootstrap, topic)):
        reason = await until_halted(database, topic)
        assert reason.startswith("offset 2: a batch cannot be unpacked: CorruptRecord")
        await send(part.bootstrap, topic, "B", partition=1)
        await until_applied(database, topic, "a", "b", "A", "B")
        # A resume alone tries the same again.
        pool = await open_pool(settings_for(database, part.bootstrap, topic))
        assert await claims.resume(pool, topic, 0)
        await until_halted(database, topic)
        # Deleted from the log, it is a lost offset like any other.
        admin = AdminClient({"bootstrap.servers": part.bootstrap})
        for done in admin.delete_records([TopicPartition(topic, 0, 3)]).values():
            done.result(20)
        assert await claims.resume(pool, topic, 0)

        async def is_gone() -> bool:
            row = await row_of(database, topic)
            return row is not None and "offset 2 is gone" in (row["halt_reason"] or "")

        await until(is_gone)
        assert await claims.resume(pool, topic, 0)
        await until_applied(database, topic, "a", "b", "d", "A", "B")
        await pool.close()
