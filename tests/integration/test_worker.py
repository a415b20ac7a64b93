from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka import Producer

from channel_sync.errors import ConfigurationError
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.records import Fence, Record, SliceResult, TodayOf
from channel_sync.settings import Settings
from channel_sync.store import claims, connect
from channel_sync.store.properties import load_property
from channel_sync.worker.check import check
from channel_sync.worker.port import KafkaPort
from channel_sync.worker.run import run
from tests.integration.program import environment
from tests.integration.running import (
    bodies,
    execute,
    hand_over,
    prepare,
    row_of,
    send,
    settings_for,
    until,
    until_applied,
    until_halted,
    working,
)
from tests.parts.kafka import PASSWORDS, KafkaPart

MakeTopic = Callable[..., str]
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def url(database: str) -> str:
    await prepare(database)
    return database


@contextlib.contextmanager
def process(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    told: dict[str, str] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None:
            continue
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        text = ",".join(text) if isinstance(text, tuple) else str(text)
        told[name.upper()] = text
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.worker_process"],
            cwd=ROOT,
            env=environment(told),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


# Where it begins ---------------------------------------------------------------------------


async def test_a_partition_never_consumed_begins_at_the_earliest_record(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, "a", "b")
    async with working(settings_for(url, kafka.bootstrap, topic)):
        await until_applied(url, topic, "a", "b")
        await send(kafka.bootstrap, topic, "c")
        await until_applied(url, topic, "a", "b", "c")


async def test_a_sender_that_stamps_microseconds_stops_nobody(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    config = {"message.timestamp.after.max.ms": str(2**63 - 1)} if kafka.real else {}
    topic = make_topic(**config)
    await send(kafka.bootstrap, topic, "a", stamp_ms=int(time.time() * 1e6))
    await send(kafka.bootstrap, topic, "b")
    async with working(settings_for(url, kafka.bootstrap, topic)):
        await until_applied(url, topic, "a", "b")


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_sender_may_compress_as_it_likes(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, codec: str
) -> None:
    topic = make_topic()
    producer = Producer({
        "bootstrap.servers": kafka.bootstrap, "compression.type": codec, "linger.ms": 200,
    })  # fmt: skip
    bodies = [f"{number} {'compressible ' * 90}" for number in range(20)]
    for body in bodies:
        producer.produce(topic, body.encode(), partition=0)
    assert producer.flush(30) == 0
    async with working(settings_for(url, kafka.bootstrap, topic)):
        await until_applied(url, topic, *bodies)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_batch_that_unpacks_too_far_halts_its_partition_and_no_other(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, codec: str
) -> None:
    topic = make_topic(partitions=2)
    large = "x" * 3_000_000
    await send(kafka.bootstrap, topic, "a")
    producer = Producer({
        "bootstrap.servers": kafka.bootstrap, "compression.type": codec,
        "message.max.bytes": 4_000_000,
    })  # fmt: skip
    producer.produce(topic, large.encode(), partition=0)
    assert producer.flush(30) == 0
    await send(kafka.bootstrap, topic, "A", partition=1)
    async with working(settings_for(url, kafka.bootstrap, topic, kafka_unpacked_bytes=1_000_000)):
        reason = await until_halted(url, topic)
        assert reason.startswith("offset 1: a batch cannot be unpacked: UnpacksTooFarError: ")
        await send(kafka.bootstrap, topic, "B", partition=1)
        await until_applied(url, topic, "a", "A", "B")
    settings = settings_for(url, kafka.bootstrap, topic)
    pool = await connect.open_pool(settings)
    assert await claims.resume(pool, topic, 0)
    await pool.close()
    async with working(settings):
        await until_applied(url, topic, "a", large, "A", "B")


async def test_start_at_latest_begins_behind_what_is_there_and_is_stored_at_once(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, "old")
    settings = settings_for(url, kafka.bootstrap, topic, start_at="latest")

    async def begun() -> bool:
        row = await row_of(url, topic)
        return row is not None and row["next_offset"] == 1

    async with working(settings):
        await until(begun)
    # Written while nobody worked: the start was stored, so it is not skipped.
    await send(kafka.bootstrap, topic, "new")
    async with working(settings):
        await until_applied(url, topic, "new")


async def test_the_database_says_where_to_go_on_whatever_kafka_was_told(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, "a", "b", "c", "d")
    settings = settings_for(url, kafka.bootstrap, topic)
    hinted = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=settings.group, enable_auto_commit=False
    )
    await hinted.start()
    hinted.assign([TopicPartition(topic, 0)])
    await hinted.commit({TopicPartition(topic, 0): 4})
    await hinted.stop()
    await execute(url, "INSERT INTO channel_sync.consumer_partition VALUES ($1, 0, 1)", topic)
    async with working(settings):
        await until_applied(url, topic, "b", "c", "d")


async def test_a_client_that_went_astray_after_the_seek_is_no_gap_in_the_log(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, "a", "b", "c")
    seek, seeks = KafkaPort.seek, 0

    def astray(port: KafkaPort, partition: claims.PartitionId, offset: int, **others: Any) -> bool:
        nonlocal seeks
        sought = seek(port, partition, offset, **others)
        seeks += sought
        if sought and seeks == 1:
            port._open.seek(TopicPartition(*partition), offset + 2)
        return sought

    monkeypatch.setattr(KafkaPort, "seek", astray)
    async with working(settings_for(url, kafka.bootstrap, topic)):
        await until_applied(url, topic, "a", "b", "c")
    assert seeks == 2


@pytest.mark.real_kafka
async def test_where_the_log_goes_on_behind_a_marker_the_worker_goes_on(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    settings = settings_for(url, kafka.bootstrap, topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topic)
    await producer.start()
    sent: list[str] = []
    for body in ("a", "b"):  # each a worker's; the second goes on at the marker behind "a"
        async with working(settings):
            async with producer.transaction():
                await producer.send_and_wait(topic, body.encode())
            sent.append(body)
            await until_applied(url, topic, *sent)
    await producer.stop()


async def test_slices_keep_the_order_and_the_limits(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    wanted = [f"{number:05}" for number in range(3_000)]
    await send(kafka.bootstrap, topic, *wanted)
    sizes: list[int] = []
    order: list[int] = []

    async def watched(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        sizes.append(len(records))
        order.extend(record.offset for record in records)
        return await hand_over(pool, records, today_of=today_of, fence=fence)

    settings = settings_for(url, kafka.bootstrap, topic, slice_records=100, queue_records=300)
    async with working(settings, apply=watched):
        await until_applied(url, topic, *wanted)
    assert max(sizes) == 100
    assert order == list(range(3_000))


async def test_slices_of_several_partitions_overlap(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=2)
    inside = 0
    together = asyncio.Event()

    async def meeting(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        nonlocal inside
        inside += 1
        if inside == 2:
            together.set()
        async with asyncio.timeout(60):
            await together.wait()
        return await hand_over(pool, records, today_of=today_of, fence=fence)

    await send(kafka.bootstrap, topic, "a", partition=0)
    await send(kafka.bootstrap, topic, "b", partition=1)
    async with working(settings_for(url, kafka.bootstrap, topic), apply=meeting):
        await until_applied(url, topic, "a", "b")


# Halts -------------------------------------------------------------------------------------


async def test_internal_errors_halt_one_partition_beyond_restarts_until_it_is_resumed(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=2)
    settings = settings_for(url, kafka.bootstrap, topic, internal_error_cap=3, slice_records=1)
    await send(kafka.bootstrap, topic, *["internal error"] * 3, "behind", partition=0)
    async with working(settings):
        assert "3 internal errors in a row" in await until_halted(url, topic)
        await send(kafka.bootstrap, topic, "other", partition=1)
        await until_applied(url, topic, *["internal error"] * 3, "other")
    async with working(settings):
        await send(kafka.bootstrap, topic, "more", partition=1)
        await until_applied(url, topic, *["internal error"] * 3, "other", "more")
        assert await bodies(url, topic, 0) == ["internal error"] * 3
        connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
        assert await claims.resume(connection, topic, 0)
        assert not await claims.resume(connection, topic, 0)
        await connection.close()
        await until_applied(url, topic, *["internal error"] * 3, "behind", "other", "more")


async def test_internal_errors_that_do_not_follow_each_other_halt_nothing(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    settings = settings_for(url, kafka.bootstrap, topic, internal_error_cap=2, slice_records=1)
    wanted = ["internal error", "fine", "internal error", "fine"]
    await send(kafka.bootstrap, topic, *wanted)
    async with working(settings):
        await until_applied(url, topic, *wanted)
    row = await row_of(url, topic)
    assert row is not None
    assert row["halted_at"] is None


async def test_a_slice_that_always_fails_halts_and_the_other_partition_goes_on(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=2)

    async def broken(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        if records[0].partition == 0:
            raise ZeroDivisionError("a bug")
        return await hand_over(pool, records, today_of=today_of, fence=fence)

    await send(kafka.bootstrap, topic, "a", partition=0)
    await send(kafka.bootstrap, topic, "b", partition=1)
    async with working(settings_for(url, kafka.bootstrap, topic), apply=broken):
        assert "ZeroDivisionError: a bug" in await until_halted(url, topic)
        await until_applied(url, topic, "b")


@pytest.mark.real_kafka
async def test_an_offset_that_kafka_deleted_halts_and_a_resume_accepts_the_loss(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, *"abcde")
    await execute(url, "INSERT INTO channel_sync.consumer_partition VALUES ($1, 0, 1)", topic)
    _delete_records(kafka, topic, before=3)
    async with working(settings_for(url, kafka.bootstrap, topic)):
        reason = await until_halted(url, topic)
        assert "offset 1 is gone: the log begins at 3" in reason
        assert await bodies(url, topic) == []
        connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
        await claims.resume(connection, topic, 0)
        await connection.close()
        await until_applied(url, topic, "d", "e")


@pytest.mark.real_kafka
async def test_a_topic_made_anew_halts(url: str, kafka: KafkaPart, make_topic: MakeTopic) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, "a")
    await execute(url, "INSERT INTO channel_sync.consumer_partition VALUES ($1, 0, 40)", topic)
    async with working(settings_for(url, kafka.bootstrap, topic)):
        assert "beyond the log's end 1" in await until_halted(url, topic)
    assert await bodies(url, topic) == []


def _delete_records(kafka: KafkaPart, topic: str, *, before: int) -> None:
    from confluent_kafka import TopicPartition as Place
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 3})
    for done in admin.delete_records([Place(topic, 0, before)]).values():
        done.result(20)


# Failures ----------------------------------------------------------------------------------


async def test_a_commit_whose_reply_was_lost_is_not_applied_twice(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    lost = 0

    async def losing(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        nonlocal lost
        result = await hand_over(pool, records, today_of=today_of, fence=fence)
        if lost < 3:
            lost += 1
            raise ConnectionResetError("after COMMIT")
        return result

    async with working(settings_for(url, kafka.bootstrap, topic), apply=losing):
        for number, body in enumerate("abcde", start=1):
            await send(kafka.bootstrap, topic, body)
            await until_applied(url, topic, *"abcde"[:number])
    assert lost == 3


async def test_a_database_that_drops_its_connections_is_waited_for(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=2)
    wanted = [f"{number:04}" for number in range(400)]
    settings = settings_for(url, kafka.bootstrap, topic, slice_records=5)
    async with working(settings):
        for start in range(0, 400, 50):
            chunk = wanted[start : start + 50]
            await send(kafka.bootstrap, topic, *chunk, partition=0)
            await send(kafka.bootstrap, topic, *chunk, partition=1)
            await execute(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
        await until_applied(url, topic, *wanted, *wanted)


async def test_a_worker_that_was_fenced_rolls_back_and_claims_again(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    settings = settings_for(url, kafka.bootstrap, topic, slice_records=1)
    await send(kafka.bootstrap, topic, "a", "slow", "c")
    async with working(settings):
        await until_applied(url, topic, "a", "slow", "c")
        # Somebody else's claim, as of a worker that thinks the partition is its own.
        await execute(
            url, "UPDATE channel_sync.consumer_partition SET epoch = epoch + 1, next_offset = 3"
        )
        await send(kafka.bootstrap, topic, "d")
        await until_applied(url, topic, "a", "slow", "c", "d")
    row = await row_of(url, topic)
    assert row is not None
    assert row["epoch"] == 3


async def test_a_worker_that_lost_its_partition_while_the_database_was_away_is_fenced(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    topic = make_topic()
    lost = False

    async def losing(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        nonlocal lost
        if not lost:
            lost = True
            await execute(url, "UPDATE channel_sync.consumer_partition SET epoch = epoch + 1")
            raise ConnectionResetError("before COMMIT")
        return await hand_over(pool, records, today_of=today_of, fence=fence)

    await send(kafka.bootstrap, topic, "a", "b")
    async with working(settings_for(url, kafka.bootstrap, topic), apply=losing):
        await until_applied(url, topic, "a", "b")
    # It claims again only once its group took a commit from it: two must not claim in turns.
    assert any("was claimed meanwhile" in record.getMessage() for record in caplog.records)


async def test_a_server_that_became_read_only_is_left_for_new_connections(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    pids: list[int] = []

    async def demoted(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        async with pool.acquire() as connection:
            pids.append(await connection.fetchval("SELECT pg_backend_pid()"))
        if len(pids) == 1:
            raise asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE")
        return await hand_over(pool, records, today_of=today_of, fence=fence)

    await send(kafka.bootstrap, topic, "a")
    settings = settings_for(url, kafka.bootstrap, topic, database_pool_size=1)
    async with working(settings, apply=demoted):
        await until_applied(url, topic, "a")
    assert len(set(pids)) == 2


async def test_a_transaction_frozen_by_a_zombie_does_not_block_its_successor_for_ever(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    await send(kafka.bootstrap, topic, "a")
    await execute(url, "INSERT INTO channel_sync.consumer_partition VALUES ($1, 0, 0)", topic)
    zombie = await connect.open_connection(
        settings_for(url, kafka.bootstrap, topic, database_idle_in_transaction_timeout_ms=1_500)
    )
    await zombie.execute("BEGIN")
    await zombie.execute("UPDATE consumer_partition SET next_offset = 1 WHERE topic = $1", topic)
    settings = settings_for(url, kafka.bootstrap, topic, database_lock_timeout_ms=200)
    async with working(settings):
        await until_applied(url, topic, "a")
    zombie.terminate()


@pytest.mark.real_kafka
async def test_a_broker_that_is_killed_and_started_again_is_waited_for(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    if kafka.switch is None:
        pytest.skip("the broker is not ours to kill")
    topic = make_topic()
    await send(kafka.bootstrap, topic, "a", "b")
    async with working(settings_for(url, kafka.bootstrap, topic)):
        await until_applied(url, topic, "a", "b")
        await asyncio.to_thread(kafka.kill)
        await asyncio.to_thread(kafka.start)
        await send(kafka.bootstrap, topic, "c")
        await until_applied(url, topic, "a", "b", "c")


# Several workers ---------------------------------------------------------------------------


@pytest.mark.real_kafka
async def test_workers_that_come_and_go_apply_every_record_exactly_once(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=4)
    settings = settings_for(url, kafka.bootstrap, topic, slice_records=20)
    async with working(settings):
        for round_ in range(4):
            chunk = [f"{round_}-{number:03}" for number in range(100)]
            for partition in range(4):
                await send(kafka.bootstrap, topic, *chunk, partition=partition)
            async with working(settings):
                await send(kafka.bootstrap, topic, f"{round_}-last", partition=round_)

        async def all_there() -> bool:
            return len(await bodies(url, topic)) == 1_604

        await until(all_there)


@pytest.mark.real_kafka
async def test_a_killed_worker_is_followed_by_one_that_repeats_and_skips_nothing(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, tmp_path: Path
) -> None:
    topic = make_topic(partitions=2)
    settings = settings_for(
        url, kafka.bootstrap, topic, slice_records=7, kafka_session_timeout_ms=2_000,
        kafka_heartbeat_ms=300,
    )  # fmt: skip
    wanted = [f"{number:04}" for number in range(4_000)]
    for partition in range(2):
        await send(kafka.bootstrap, topic, *wanted, partition=partition)
    kills = random.Random(4)
    done = 0
    while done < 4:
        with process(settings, tmp_path / "log") as child:
            before = len(await bodies(url, topic))

            async def further(start: int = before) -> bool:
                return len(await bodies(url, topic)) > start

            await until(further)
            await asyncio.sleep(kills.random() / 4)
            child.send_signal(signal.SIGKILL)
            child.wait()
        done += 1
    assert len(await bodies(url, topic)) < 8_000, "killed too late to prove anything"
    async with working(settings):
        await until_applied(url, topic, *wanted, *wanted)


async def test_sigterm_finishes_the_slice_in_hand_and_exits_0(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, tmp_path: Path
) -> None:
    topic = make_topic()
    settings = settings_for(url, kafka.bootstrap, topic, slice_records=1)
    await send(kafka.bootstrap, topic, "a", *(f"slow {number}" for number in range(20)))
    log = tmp_path / "log"
    with process(settings, log) as child:

        async def begun() -> bool:
            return len(await bodies(url, topic)) >= 2

        await until(begun)
        child.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(child.wait, 60) == 0, log.read_text()
    finished = await bodies(url, topic)
    row = await row_of(url, topic)
    assert row is not None
    assert row["next_offset"] == len(finished)
    assert len(finished) < 21
    committed = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=settings.group)
    await committed.start()
    assert await committed.committed(TopicPartition(topic, 0)) == len(finished)
    await committed.stop()


async def test_sigterm_ends_a_worker_that_waits_for_its_database(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, tmp_path: Path
) -> None:
    topic = make_topic()
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    with process(settings_for(nowhere, kafka.bootstrap, topic), tmp_path / "log") as child:

        async def waits() -> bool:
            return b"does not answer" in (tmp_path / "log").read_bytes()

        await until(waits)
        child.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(child.wait, 60) == 0


# Rights ------------------------------------------------------------------------------------


def _as_worker(kafka: KafkaPart, url: str, topic: str, password: str | None = None) -> Settings:
    assert kafka.sasl_bootstrap is not None
    return settings_for(
        url,
        kafka.sasl_bootstrap,
        topic,
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_username="worker",
        kafka_sasl_password=password or PASSWORDS["worker"],
    )


@pytest.mark.real_kafka
async def test_a_principal_that_may_only_read_is_enough_and_is_refused_a_write(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    if kafka.sasl_bootstrap is None:
        pytest.skip("this broker has no listener with rights")
    topic = make_topic()
    settings = _as_worker(kafka, url, topic)
    kafka.grant_read(topic, settings.group)
    await send(kafka.bootstrap, topic, "a", "b")
    assert [one for one in await check(settings) if not one.ok] == []
    async with working(settings):
        await until_applied(url, topic, "a", "b")
    writer = AIOKafkaProducer(
        bootstrap_servers=kafka.sasl_bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username="worker",
        sasl_plain_password=PASSWORDS["worker"],
    )
    await writer.start()
    with pytest.raises(TopicAuthorizationFailedError):
        await writer.send_and_wait(topic, b"never")
    await writer.stop()
    reader = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=settings.group)
    await reader.start()
    assert await reader.committed(TopicPartition(topic, 0)) == 2
    await reader.stop()


@pytest.mark.real_kafka
async def test_a_wrong_password_is_said_in_plain_words(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    if kafka.sasl_bootstrap is None:
        pytest.skip("this broker has no listener with rights")
    settings = _as_worker(kafka, url, make_topic(), password="wrong")
    with pytest.raises(ConfigurationError, match="refuses the login of 'worker'"):
        await run(settings)
    found = {one.name: one for one in await check(settings)}
    assert not found["broker"].ok
    assert "refuses the login of 'worker'" in found["broker"].detail
    assert "wrong" not in found["broker"].detail.replace("wrong name or password", "")


async def test_a_topic_that_does_not_exist_is_said_before_the_first_poll(
    url: str, kafka: KafkaPart
) -> None:
    if not kafka.real:
        pytest.skip("the imitation makes every topic it is asked for")
    with pytest.raises(ConfigurationError, match="no such topic"):
        await run(settings_for(url, kafka.bootstrap, "nowhere"))


async def test_check_proves_each_part_and_names_no_secret(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    found = await check(settings_for(url, kafka.bootstrap, topic))
    assert [one.name for one in found] == [
        "settings", "database", "role", "schema", "broker", f"topic {topic}",
    ]  # fmt: skip
    assert all(one.ok for one in found), found
    unreachable: dict[str, Any] = {
        one.name: one
        for one in await check(
            settings_for("postgresql://me:hush@127.0.0.1:1/none", "127.0.0.1:1", topic)
        )
    }
    assert not unreachable["database"].ok
    assert not unreachable["broker"].ok
    assert "hush" not in str(unreachable)


# The real pipeline -------------------------------------------------------------------------


async def test_a_canonical_message_becomes_a_stay_and_the_planner_runs(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    category = {"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101", "102"]}
    described = {
        "property": "seaview",
        "name": "Sea View",
        "timezone": "Europe/Lisbon",
        "currency": "EUR",
        "categories": [category],
    }
    line = {
        "line": "1", "category": "DBL", "arrival": "2030-04-10", "departure": "2030-04-13",
        "adults": 2, "amount": "300.00", "guests": [{"first_name": "Ada", "last_name": "Byron"}],
    }  # fmt: skip
    message = {
        "schema": "channel-sync/1", "message_id": "m1", "property": "seaview",
        "channel": "booking.com", "reference": "B1", "status": "new", "completeness": "full",
        "revision": 1, "modified_at": "2030-03-01T10:15:00Z", "rooms": [line], "currency": "EUR",
    }  # fmt: skip
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    await load_property(connection, parse_property(described))
    settings = settings_for(url, kafka.bootstrap, topic, planner_interval_seconds=0.1)
    await send(kafka.bootstrap, topic, json.dumps(message), "no message at all")
    async with working(settings, apply=None, plan_next=plan_next):

        async def done() -> bool:
            row = await row_of(url, topic)
            return row is not None and row["next_offset"] == 2

        await until(done)
    stay = await connection.fetchrow("SELECT status, room FROM v_stay")
    assert stay is not None
    assert (stay["status"], stay["room"] in {"101", "102"}) == ("confirmed", True)
    found = await connection.fetch('SELECT outcome FROM v_message ORDER BY "offset"')
    assert [row["outcome"] for row in found] == ["created", "parked"]
    await connection.close()
