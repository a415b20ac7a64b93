from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener

from channel_sync.demo.servers import free_port
from channel_sync.observe.health import MOST_CONNECTIONS, REQUEST_BYTES, HealthServer
from channel_sync.observe.metrics import Metrics
from channel_sync.records import Fence, Record, SliceResult, TodayOf
from channel_sync.worker.notify import Notifier
from channel_sync.worker.port import KafkaPort
from tests.integration.running import (
    execute,
    prepare,
    send,
    settings_for,
    until,
    until_applied,
    until_halted,
    working,
)
from tests.parts.kafka import KafkaPart

MakeTopic = Callable[..., str]


@pytest.fixture
async def url(database: str) -> str:
    await prepare(database)
    return database


async def ask(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    return _parse(await _raw(port, f"{method} {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()))


async def _raw(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.read()
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _parse(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode()


async def answers(port: int, path: str, status: int) -> bool:
    try:
        return (await ask(port, path))[0] == status
    except (OSError, IndexError):
        return False


async def number(port: int, name: str) -> float:
    """The first sample of a metric; -1 where it has none."""
    lines = (await ask(port, "/metrics"))[1].splitlines()
    found = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    return float(found[0].rpartition(" ")[2]) if found else -1.0


async def oldest_unapplied(port: int) -> float:
    return await number(port, "channel_sync_oldest_unapplied_seconds")


# The port ----------------------------------------------------------------------------------


class Well:
    def __init__(self) -> None:
        self.against: list[str] = []

    def dead(self) -> list[str]:
        return self.against

    def unready(self) -> list[str]:
        return self.against

    def remarks(self) -> list[str]:
        return ["a remark"]


@pytest.fixture
async def served() -> AsyncIterator[tuple[HealthServer, Well]]:
    vitals = Well()
    server = HealthServer(vitals, Metrics())
    await server.start("127.0.0.1", 0)
    yield server, vitals
    await server.stop()


async def test_the_port_answers_what_it_knows_and_refuses_the_rest(
    served: tuple[HealthServer, Well],
) -> None:
    server, vitals = served
    assert await ask(server.port, "/livez") == (200, "ok\na remark\n")
    assert await ask(server.port, "/readyz?verbose") == (200, "ok\na remark\n")
    assert await ask(server.port, "/livez", "HEAD") == (200, "")
    assert (await ask(server.port, "/metrics"))[1].startswith("# HELP channel_sync_")
    assert (await ask(server.port, "/"))[0] == 404
    assert (await ask(server.port, "/livez", "POST"))[0] == 405
    assert _parse(await _raw(server.port, b"hello\r\n\r\n"))[0] == 400
    vitals.against.append("stuck")
    assert await ask(server.port, "/livez") == (503, "stuck\na remark\n")


async def test_a_request_too_long_is_hung_up_on_and_too_many_are_turned_away(
    served: tuple[HealthServer, Well],
) -> None:
    server, _ = served
    with contextlib.suppress(ConnectionError):  # hung up on before all was said, or after
        assert await _raw(server.port, b"GET /" + b"x" * 20 * REQUEST_BYTES) == b""
    held = [
        await asyncio.open_connection("127.0.0.1", server.port) for _ in range(MOST_CONNECTIONS)
    ]
    with contextlib.suppress(ConnectionError):
        assert await _raw(server.port, b"GET /livez HTTP/1.1\r\n\r\n") == b""
    for _, writer in held:
        await hang_up(writer)
    await until(lambda: answers(server.port, "/livez", 200))


# The worker behind it ----------------------------------------------------------------------


async def test_a_worker_is_live_and_ready_and_counts(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, port = make_topic(), free_port()
    settings = settings_for(url, kafka.bootstrap, topic, health_port=port)
    async with working(settings):
        await send(kafka.bootstrap, topic, "a", "b")
        await until_applied(url, topic, "a", "b")
        await until(lambda: answers(port, "/readyz", 200))
        assert (await ask(port, "/livez"))[0] == 200

        async def measured() -> bool:
            text = (await ask(port, "/metrics"))[1]
            return all(
                line in text
                for line in (
                    'channel_sync_messages_total{outcome="created"} 2.0',
                    f'channel_sync_lag_records{{partition="0",topic="{topic}"}} 0.0',
                    f'channel_sync_halted{{partition="0",topic="{topic}"}} 0.0',
                )
            )

        await until(measured)


async def test_lag_and_no_progress_is_not_live(
    url: str, kafka: KafkaPart, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, port = make_topic(), free_port()
    fetch = KafkaPort.fetch
    stuck = asyncio.Event()

    async def stuck_fetch(self: KafkaPort, *asked: Any) -> Any:
        await stuck.wait()
        return await fetch(self, *asked)

    monkeypatch.setattr(KafkaPort, "fetch", stuck_fetch)
    settings = settings_for(url, kafka.bootstrap, topic, health_port=port, watchdog_seconds=0.5)
    async with working(settings):
        await until(lambda: answers(port, "/readyz", 200))
        assert (await ask(port, "/livez"))[0] == 200
        await send(kafka.bootstrap, topic, "a")
        await until(lambda: answers(port, "/livez", 503))
        assert "no progress" in (await ask(port, "/livez"))[1]
        stuck.set()
        await until_applied(url, topic, "a")
        await until(lambda: answers(port, "/livez", 200))


async def test_a_slice_that_never_ends_is_not_live_though_nothing_is_left_to_fetch(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, port = make_topic(), free_port()
    release = asyncio.Event()

    async def hanging(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        await release.wait()
        return SliceResult(())

    settings = settings_for(url, kafka.bootstrap, topic, health_port=port, watchdog_seconds=0.5)
    await send(kafka.bootstrap, topic, "a")
    async with working(settings, apply=hanging):
        await until(lambda: answers(port, "/livez", 503))
        release.set()


async def test_a_database_that_is_away_is_not_ready_but_live(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, port = make_topic(), free_port()
    away = True

    async def refusing(
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        if away:
            raise ConnectionRefusedError("nobody there")
        return SliceResult(())

    settings = settings_for(
        url, kafka.bootstrap, topic, health_port=port, watchdog_seconds=2, retry_cap_ms=100
    )
    await send(kafka.bootstrap, topic, "a")
    async with working(settings, apply=refusing):
        await until(lambda: answers(port, "/readyz", 503))
        await asyncio.sleep(3)
        # A machine that stalls may have it late; a worker taken for dead would never be live.
        await until(lambda: answers(port, "/livez", 200))

        async def oldest_waits() -> bool:
            return (
                await oldest_unapplied(port) > 2 and await number(port, "channel_sync_ready") == 0
            )

        await until(oldest_waits)
        away = False
        await until(lambda: answers(port, "/readyz", 200))

        async def nothing_waits() -> bool:
            return await oldest_unapplied(port) == 0

        await until(nothing_waits)


async def test_a_halted_partition_is_named_and_no_reason_to_restart(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, port = make_topic(), free_port()
    settings = settings_for(
        url, kafka.bootstrap, topic, health_port=port, watchdog_seconds=0.3, internal_error_cap=1
    )
    async with working(settings):
        await send(kafka.bootstrap, topic, "internal error")
        await until_halted(url, topic)
        await send(kafka.bootstrap, topic, "behind")
        line = f'channel_sync_halted{{partition="0",topic="{topic}"}} 1.0'

        async def told() -> bool:
            return line in (await ask(port, "/metrics"))[1]

        await until(told)
        await asyncio.sleep(1)
        await until(lambda: answers(port, "/livez", 200))
        assert "1 internal errors in a row" in (await ask(port, "/livez"))[1]


@pytest.mark.real_kafka
async def test_a_log_that_ends_in_a_commit_marker_is_no_lag_and_its_gaps_are_no_stall(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, port = make_topic(), free_port()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topic)
    await producer.start()
    for body in (b"a", b"aborted", b"b"):
        await producer.begin_transaction()
        await producer.send_and_wait(topic, body)
        await (
            producer.abort_transaction() if body == b"aborted" else producer.commit_transaction()
        )
    settings = settings_for(url, kafka.bootstrap, topic, health_port=port, watchdog_seconds=0.5)
    async with working(settings):
        await until_applied(url, topic, "a", "b")
        line = f'channel_sync_lag_records{{partition="0",topic="{topic}"}} 0.0'

        async def measured() -> bool:
            return line in (await ask(port, "/metrics"))[1]

        await until(measured)
        await asyncio.sleep(1)
        await until(lambda: answers(port, "/livez", 200))
    await producer.stop()


class _Slow(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member that keeps the whole group waiting."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_go = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        if revoked:
            self.asked.set()
            await self.may_go.wait()

    async def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        del assigned


@pytest.mark.real_kafka
async def test_health_answers_and_sigterm_works_while_the_group_is_shared_out_anew(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic, port = make_topic(partitions=2), free_port()
    settings = settings_for(
        url, kafka.bootstrap, topic, health_port=port, kafka_session_timeout_ms=10_000
    )
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap,
        "group_id": settings.group,
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 500,
    }
    slow = _Slow()
    other, third = AIOKafkaConsumer(**options), AIOKafkaConsumer(**options)
    async with working(settings):
        await until(lambda: answers(port, "/readyz", 200))
        await other.start()
        other.subscribe([topic], listener=slow)

        async def shared() -> bool:
            return bool(other.assignment())

        await until(shared)
        await third.start()
        third.subscribe([topic])
        await slow.asked.wait()
        await until(lambda: answers(port, "/readyz", 503))
        assert (await ask(port, "/livez"))[0] == 200
        assert (await ask(port, "/metrics"))[0] == 200
    # The worker has drained and left, with the group still waiting for the slow member.
    slow.may_go.set()
    await asyncio.gather(other.stop(), third.stop())


# Hints -------------------------------------------------------------------------------------


async def test_notifications_are_merged_per_property_and_survive_their_connection(url: str) -> None:
    listener = await asyncpg.connect(url)
    heard: list[str] = []
    await listener.add_listener("channel_sync", lambda *said: heard.append(str(said[3])))
    notifier = Notifier(settings_for(url, "127.0.0.1:1", "bookings"))
    for version in range(1, 101):
        notifier.tell({"seaview": version, "überm Meer": version * 2})
    stopping = asyncio.Event()
    task = asyncio.create_task(notifier.run(stopping))

    async def two() -> bool:
        return len(heard) >= 2

    await until(two)
    assert sorted(heard) == [
        '{"property": "seaview", "version": 100}',
        '{"property": "überm Meer", "version": 200}',
    ]
    await execute(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
        " 'channel-sync' AND datname = current_database()",
    )
    notifier.tell({"seaview": 101})

    async def three() -> bool:
        return len(heard) == 3

    await until(three)
    assert heard[-1] == '{"property": "seaview", "version": 101}'
    stopping.set()
    await task
    await listener.close()


async def test_a_worker_tells_after_its_commit(
    url: str, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    listener = await asyncpg.connect(url)
    heard: list[str] = []
    await listener.add_listener("channel_sync", lambda *said: heard.append(str(said[3])))
    async with working(settings_for(url, kafka.bootstrap, topic)):
        await send(kafka.bootstrap, topic, "a")

        async def told() -> bool:
            return bool(heard)

        await until(told)
        await until_applied(url, topic, "a")
    assert heard[0] == '{"property": "seaview", "version": 0}'
    await listener.close()
