from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.integration.checker import (
    EVERYTHING,
    WHATEVER_THE_ROOMS,
    broken_invariants,
    compare,
    faults_of_outcomes,
    told,
)
from tests.integration.feed import Feed, apply_in_order, template
from tests.integration.program import Worker, reaching
from tests.integration.rough import RoughTraffic
from tests.integration.running import until
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart

# Two workers -------------------------------------------------------------------------------


SETTINGS = {
    "HEALTH_PORT": "0",
    "SLICE_RECORDS": "150",
    "KAFKA_SESSION_TIMEOUT_MS": "3000",
    "KAFKA_HEARTBEAT_MS": "500",
    "DATABASE_POOL_SIZE": "4",
    "PLANNER_INTERVAL_SECONDS": "0.5",
    "LOG_LEVEL": "warning",
}


@dataclass(slots=True)
class Watch:
    """Looks on from outside, over a connection of its own."""

    connection: asyncpg.Connection
    topic: str

    async def outcomes(self) -> int:
        count: int = await self.connection.fetchval("SELECT count(*) FROM message")
        return count

    async def until(self, question: str, *arguments: object) -> None:
        async def happened() -> bool:
            return bool(await self.connection.fetchval(question, *arguments))

        await until(happened)

    async def until_held_by(self, *workers: Worker) -> None:
        """Every partition is held, by these workers and no others, and by each of them."""
        marks = [f":{worker.pid}:" for worker in workers]

        async def shared() -> bool:
            for worker in workers:
                assert worker.lives, worker.log.read_text()
            rows = await self.connection.fetch(
                "SELECT claimed_by FROM consumer_partition WHERE topic = $1", self.topic
            )
            held = Counter(
                next((m for m in marks if m in row["claimed_by"]), "other") for row in rows
            )
            return held.total() == 8 and set(held) == set(marks)

        try:
            await until(shared)
        except AssertionError:
            rows = await self.connection.fetch("SELECT * FROM consumer_partition")
            pytest.fail("\n".join([*map(str, rows), *(one.log.read_text() for one in workers)]))

    async def until_planned(self) -> None:
        await self.until("SELECT NOT EXISTS (SELECT FROM property WHERE replan_due)")

    async def until_amid_a_slice(self, worker: Worker, outcomes: int) -> None:
        """So many outcomes are there and the worker has a transaction open that has written."""

        async def amid() -> bool:
            return bool(
                await self.connection.fetchval(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = $1"
                    " AND backend_xid IS NOT NULL)",
                    worker.name,
                )
            )

        await self.until("SELECT count(*) >= $1 FROM message", outcomes)
        deadline = time.monotonic() + 120
        while not await amid():
            assert time.monotonic() < deadline, "never amid a slice"
            await asyncio.sleep(0.001)


@dataclass(slots=True)
class Table:
    """What was seen, for people: printed at the end."""

    rows: list[tuple[str, object]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, name: str, value: object) -> None:
        self.rows.append((name, value))

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.add(name, f"{now - self.began:.1f} s")
        self.began = now

    def show(self, title: str) -> None:
        width = max(len(name) for name, _ in self.rows)
        lines = [f"  {name:{width}}  {value}" for name, value in self.rows]
        print("\n".join(["", title, *lines]))  # noqa: T201 - the figures of the proof


@contextlib.asynccontextmanager
async def _two_workers(
    url: str, kafka: KafkaPart, topic: str, folder: Path, **others: str
) -> AsyncIterator[tuple[Worker, Worker, Watch]]:
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    settings = {**SETTINGS, **reaching(url, kafka.bootstrap, topic), **others}
    first, second = (Worker(n, folder / f"{n}.log", settings) for n in ("worker-1", "worker-2"))
    try:
        first.start()
        second.start()
        yield first, second, Watch(connection, topic)
    finally:
        first.clear_away()
        second.clear_away()
        await connection.close()


# The proofs --------------------------------------------------------------------------------


@pytest.mark.real_kafka
async def test_two_workers_one_killed_end_where_one_process_in_order_ends(
    postgres: PostgresPart, kafka: KafkaPart, make_topic: Callable[..., str], tmp_path: Path,
) -> None:  # fmt: skip
    table = Table()
    made = await template(postgres, 200, "off", reshuffle="off")
    feed = Feed(make_topic(partitions=8), kafka.bootstrap, RoughTraffic(200))
    async with postgres.database(made) as url, postgres.database(made) as in_order:
        table.lap("200 hotels")
        async with _two_workers(url, kafka, feed.topic, tmp_path) as (first, second, watch):
            await watch.until_held_by(first, second)
            table.lap("two workers share 8 partitions")
            await feed.send(10_000)
            table.lap("messages produced")
            expected = sum(feed.reservations.values())
            await watch.until_amid_a_slice(first, expected // 2)
            first.kill()
            at_kill = await watch.outcomes()
            assert at_kill < expected * 3 // 4, "killed too late to prove anything"
            table.lap("first half, then kill -9 amid a slice")
            first.start()
            await watch.until_held_by(first, second)
            table.lap("started again, both hold partitions")
            await watch.until("SELECT count(*) >= $1 FROM message", expected)
            await watch.until_planned()
            table.lap("every message has its outcome")
            assert [await first.stop(), await second.stop()] == [0, 0]
            table.lap("both stopped by SIGTERM, exit 0")
            epochs = await watch.connection.fetchval("SELECT sum(epoch) FROM consumer_partition")
            ends = await _counted(url, "SELECT partition, next_offset FROM consumer_partition")
        await apply_in_order(in_order, feed, (3, 500, 40, 200))
        table.lap("one process, in order, other slices")

        faults = await faults_of_outcomes(url, feed.topic, feed.reservations)
        assert not faults, told(faults)
        assert ends == Counter(partition for partition, _ in feed.taken)
        assert not (broken := await broken_invariants(url)), told(broken)
        differences, rows = await compare(url, in_order)
        if differences:
            pytest.fail(told(differences))
        table.lap("compared")
        outcomes = await _outcomes(url)
        tasks = await _open_tasks(url)
    assert outcomes.keys() >= {
        "created", "modified", "cancelled", "unchanged", "duplicate", "stale", "deferred",
        "tombstoned", "enquiry", "parked",
    }  # fmt: skip
    assert "internal_error" not in {line["reason"] for line in first.lines("parked")}
    assert tasks["no_room"] > 20, "the hotels were too empty to prove anything about rooms"
    table.add("messages", len(feed.taken))
    table.add("outcomes", f"{sum(outcomes.values())}, expected {expected}")
    table.add("", ", ".join(f"{name} {count}" for name, count in outcomes.most_common()))
    table.add("open tasks", ", ".join(f"{name} {count}" for name, count in tasks.most_common()))
    table.add("kills", f"1, after {at_kill} outcomes")
    table.add("takeovers", epochs)
    table.add("slices fenced off", len(first.lines("fenced")) + len(second.lines("fenced")))
    table.add("rows compared", f"{rows} in {len(EVERYTHING)} lists, 0 differences")
    table.add("broker", kafka.label)
    table.add("database", postgres.label)
    table.show("Two workers against one process in order")


@pytest.mark.real_kafka
async def test_a_worker_frozen_and_thawed_is_fenced_off_and_no_stay_is_left_without_room_or_task(
    postgres: PostgresPart, kafka: KafkaPart, make_topic: Callable[..., str], tmp_path: Path,
) -> None:  # fmt: skip
    """With rooms given as they become free, by when the planner looks: invariants hold."""
    table = Table()
    made = await template(postgres, 30, "on", reshuffle="off")
    feed = Feed(make_topic(partitions=8), kafka.bootstrap, RoughTraffic(30, seed=3))
    async with postgres.database(made) as url, postgres.database(made) as in_order:
        async with _two_workers(
            url, kafka, feed.topic, tmp_path, SLICE_RECORDS="5",
            DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_MS="2000", DATABASE_LOCK_TIMEOUT_MS="60000",
        ) as (first, second, watch):  # fmt: skip
            await watch.until_held_by(first, second)
            await feed.send(2_400)
            expected = sum(feed.reservations.values())
            await watch.until("SELECT count(*) >= $1 FROM message", expected // 4)
            first.send(signal.SIGSTOP)
            at_freeze = await watch.outcomes()
            table.lap("one frozen")
            await watch.until_held_by(second)
            table.lap("the other holds all partitions")
            first.send(signal.SIGCONT)
            try:
                await watch.until("SELECT count(*) >= $1 FROM message", expected)
            except AssertionError as error:
                raise AssertionError(f"{error}: {await _standing(url, feed)}") from error
            await watch.until_planned()
            await watch.until_held_by(first, second)
            table.lap("thawed, and every message has its outcome")
            assert [await first.stop(), await second.stop()] == [0, 0]
        await apply_in_order(in_order, feed, (300, 2))
        faults = await faults_of_outcomes(url, feed.topic, feed.reservations)
        assert not faults, told(faults)
        for one in (url, in_order):
            assert not (broken := await broken_invariants(one)), told(broken)
        differences, rows = await compare(url, in_order, only=WHATEVER_THE_ROOMS)
        if differences:
            pytest.fail(told(differences))
    table.add("messages", len(feed.taken))
    table.add("frozen", f"after {at_freeze} of {expected} outcomes")
    table.add("slices fenced off", len(first.lines("fenced")) + len(second.lines("fenced")))
    table.add("rows compared", f"{rows} in {len(WHATEVER_THE_ROOMS)} lists, 0 differences")
    table.show("A frozen worker")


async def _standing(url: str, feed: Feed) -> str:
    """How far each partition is, and which messages have no outcome yet."""
    rows = await _counted(url, "SELECT claimed_by || ' ' || partition, next_offset"
                          " FROM consumer_partition")  # fmt: skip
    found = await _counted(url, "SELECT partition || '/' || \"offset\", count(*) FROM message"
                           " GROUP BY 1")  # fmt: skip
    missing = [f"{p}/{o}" for p, o in feed.reservations if f"{p}/{o}" not in found]
    return f"{sorted(rows.items())}; {len(missing)} without an outcome: {missing[:12]}"


async def _outcomes(url: str) -> Counter[str]:
    return await _counted(url, "SELECT outcome, count(*) FROM message GROUP BY 1")


async def _open_tasks(url: str) -> Counter[str]:
    return await _counted(url, "SELECT reason, count(*) FROM task WHERE state='open' GROUP BY 1")


async def _counted(url: str, query: str) -> Counter[Any]:
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    try:
        return Counter({row[0]: row[1] for row in await connection.fetch(query)})
    finally:
        await connection.close()


# The checker -------------------------------------------------------------------------------


TAMPERED = {
    "message": "UPDATE message SET outcome = 'stale' WHERE \"offset\" = 7",
    "stay": "UPDATE stay SET amount = amount + 0.01"
    " WHERE (property_id, reservation_id, line) ="
    " (SELECT property_id, reservation_id, line FROM stay LIMIT 1)",
    "booking": "UPDATE reservation SET contact_email = 'x@example.org' WHERE reservation_id = 1"
    " AND property_id = 'house-000'",
    "guest": "UPDATE guest SET phone = '+1' WHERE (property_id, guest_id) ="
    " (SELECT property_id, guest_id FROM guest LIMIT 1)",
    "change of a guest": "DELETE FROM guest_history WHERE guest_history_id ="
    " (SELECT max(guest_history_id) FROM guest_history)",
    "room on a night": "DELETE FROM room_night WHERE (property_id, night, room) ="
    " (SELECT property_id, night, room FROM room_night LIMIT 1)",
    "task": "UPDATE task SET state = 'done', closed_at = now()"
    " WHERE task_id = (SELECT task_id FROM task WHERE state = 'open' LIMIT 1)",
    "history": "DELETE FROM history WHERE (property_id, version) ="
    " (SELECT property_id, max(version) FROM history GROUP BY 1 LIMIT 1)",
    "reference": "DELETE FROM reservation_reference WHERE (property_id, channel, reference) ="
    " (SELECT property_id, channel, reference FROM reservation_reference LIMIT 1)",
    "revision kept": "DELETE FROM kept_revision WHERE message_id ="
    " (SELECT message_id FROM kept_revision LIMIT 1)",
    "parked message": "UPDATE parked SET reason = 'other' WHERE parked_id ="
    " (SELECT min(parked_id) FROM parked)",
}


async def test_the_checker_finds_one_row_that_was_tampered_with(postgres: PostgresPart) -> None:
    made = await template(postgres, 3, "off", reshuffle="off")
    feed = Feed("bookings", "127.0.0.1:1", RoughTraffic(3, seed=5))
    at = datetime(2099, 1, 1, tzinfo=UTC)
    for offset, sent in enumerate(feed.source.messages(300)):
        feed.taken[0, offset] = (sent, at)
    async with postgres.database(made) as url:
        await apply_in_order(url, feed, (100,))
        assert await faults_of_outcomes(url, feed.topic, feed.reservations) == []
        assert await broken_invariants(url) == []
        original = url.rpartition("/")[2]
        for what, statement in TAMPERED.items():
            async with postgres.database(original) as copy:
                assert (await compare(url, copy))[0] == []
                connection = await asyncpg.connect(
                    copy, server_settings={"search_path": "channel_sync"}
                )
                await connection.execute("SET session_replication_role = replica")  # no triggers
                done = await connection.execute(statement)
                await connection.close()
                assert done.endswith(" 1"), (what, done)
                differences, _ = await compare(url, copy)
                assert what in {one.what for one in differences}, what
