"""The parts do what the other tests take for granted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from tests.parts.kafka import PASSWORDS, KafkaPart
from tests.parts.postgres import PostgresPart

MakeTopic = Callable[..., str]


async def test_a_database_answers_and_is_new_enough(blank_database: str) -> None:
    connection = await asyncpg.connect(blank_database)
    try:
        assert await connection.fetchval("SHOW server_version_num") >= "140000"
        assert await connection.fetchval("SHOW fsync") == "off"
    finally:
        await connection.close()


async def test_a_database_is_a_copy_of_its_template_and_gone_afterwards(
    postgres: PostgresPart,
) -> None:
    async def prepare(url: str) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE thing AS SELECT 42 AS n")
        await connection.close()

    template = await postgres.template(prepare)
    async with postgres.database(template) as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT n FROM thing") == 42
        await connection.close()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    await postgres.drop(template)


async def test_a_migrated_database_has_the_schema(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SELECT to_regnamespace('channel_sync') IS NOT NULL")
    finally:
        await connection.close()


async def test_what_is_sent_is_read_from_every_partition(
    kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=3)
    await _send(kafka.bootstrap, topic, count=30, partitions=3)
    records = await _read(kafka.bootstrap, topic, count=30)
    assert {partition for partition, _ in records} == {0, 1, 2}
    assert sorted(value for _, value in records) == sorted(b"%d" % n for n in range(30))


@pytest.mark.real_kafka
async def test_the_worker_may_read_what_it_was_granted_and_never_write(
    kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, group = make_topic(), "readers"
    assert kafka.sasl_bootstrap is not None
    kafka.grant_read(topic, group)
    await _send(kafka.bootstrap, topic, count=1)
    login = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "worker",
        "sasl_plain_password": PASSWORDS["worker"],
    }
    records = await _read(kafka.sasl_bootstrap, topic, count=1, group_id=group, **login)
    assert records == [(0, b"0")]
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.sasl_bootstrap, enable_idempotence=False, **login
    )
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"no")
    finally:
        await producer.stop()


@pytest.mark.real_kafka
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_broker_comes_back_with_what_it_had(
    kafka: KafkaPart, make_topic: MakeTopic, end: str
) -> None:
    if kafka.switch is None:
        pytest.skip("the broker is not ours to stop")
    topic = make_topic()
    await _send(kafka.bootstrap, topic, count=5)
    await asyncio.to_thread(kafka.stop if end == "stop" else kafka.kill)
    await asyncio.to_thread(kafka.start)
    assert len(await _read(kafka.bootstrap, topic, count=5)) == 5


async def _send(bootstrap: str, topic: str, *, count: int, partitions: int = 1) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=False) as producer:
        for n in range(count):
            await producer.send_and_wait(topic, b"%d" % n, partition=n % partitions)


async def _read(
    bootstrap: str, topic: str, *, count: int, group_id: str | None = None, **login: str
) -> list[tuple[int, bytes]]:
    records: list[tuple[int, bytes]] = []
    async with asyncio.timeout(30):
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group_id,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            enable_auto_commit=False,
            **login,
        )
        async with consumer:
            while len(records) < count:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += [(record.partition, record.value) for record in batch]
            if group_id is not None:
                await consumer.commit()
    return records
