"""Known traps of the clients and of the database that no other test would fall into."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import CodeType, FrameType

from channel_sync import batch
from channel_sync.clock import RealClock
from channel_sync.core.replan import replan
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.records import Record
from channel_sync.store.connect import borrowed, open_pool
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import Trips, load_plans
from channel_sync.worker import peek, port
from tests.integration.feed import ROOMS, template
from tests.integration.running import settings_for
from tests.parts.postgres import PostgresPart

AT = datetime(2099, 1, 1, tzinfo=UTC)
HOTELS = 6


def consumer_options(module: object) -> dict[str, str]:
    """What a module hands to aiokafka's consumer, as it is spelled."""
    source = Path(str(getattr(module, "__file__", ""))).read_text(encoding="utf-8")
    (call,) = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "AIOKafkaConsumer"
    ]
    return {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg}


def test_no_consumer_skips_a_lost_offset_or_reads_what_was_aborted() -> None:
    for module in (port, peek):
        options = consumer_options(module)
        assert options["auto_offset_reset"] == "'none'"
        assert options["isolation_level"] == "'read_committed'"
        assert options["enable_auto_commit"] == "False"


def test_a_member_has_one_assignor_no_static_id_and_bounded_fetches() -> None:
    options = consumer_options(port)
    assert options["partition_assignment_strategy"] == "(RoundRobinPartitionAssignor,)"
    assert "group_instance_id" not in options
    assert options["fetch_max_bytes"] == "settings.kafka_fetch_bytes"
    assert options["max_partition_fetch_bytes"] == "settings.kafka_partition_fetch_bytes"


def test_a_fetch_is_never_cancelled() -> None:
    """It would stop aiokafka's own idle detection for good, so nothing may wrap it in a timeout."""
    tree = ast.parse(Path(port.__file__).read_text(encoding="utf-8"))
    fetches = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and "getmany" in ast.unparse(node)
    ]
    assert [node.name for node in fetches] == ["fetch"]
    assert "timeout(" not in ast.unparse(fetches[0]).replace("timeout_ms", "")
    assert "cancel" not in "".join(ast.unparse(line) for line in fetches[0].body[1:])


def test_a_rebalance_listener_only_marks_what_is_assigned() -> None:
    """What it raises is swallowed by aiokafka, so nothing in it may be able to fail."""
    tree = ast.parse(Path(port.__file__).read_text(encoding="utf-8"))
    (listener,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "ConsumerRebalanceListener" in ast.unparse(node)
    ]
    calls = [
        ast.unparse(node.func)
        for method in listener.body
        if isinstance(method, ast.FunctionDef) and method.name.startswith("on_")
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
    ]
    assert sorted(calls) == ["PartitionId", "frozenset", "self._port.mark", "self._port.mark"]
    assert not [node for node in ast.walk(listener) if isinstance(node, ast.AsyncFunctionDef)]


def booking(number: int, hotel: int, revision: int) -> bytes:
    return json.dumps({
        "schema": "channel-sync/1", "message_id": f"{number}-{hotel}-{revision}",
        "property": f"house-{hotel:03}", "channel": "booking.com", "reference": f"R{hotel}",
        "status": "modified", "revision": revision,
        "rooms": [{"line": "1", "category": "DBL", "arrival": "2099-04-10",
                   "departure": f"2099-04-{11 + revision % 9}", "adults": 1}],
    }).encode()  # fmt: skip


async def test_slices_that_meet_hotels_in_opposite_orders_do_not_deadlock(
    postgres: PostgresPart,
) -> None:
    """Locks are taken in the order of ids, whatever the order of the messages."""
    made = await template(postgres, HOTELS, "off")
    async with postgres.database(made) as url:
        pool = await open_pool(settings_for(url, "", "bookings"), size=3)

        async def work(partition: int, hotels: list[int]) -> None:
            for round_ in range(15):
                part = tuple(
                    Record("bookings", partition, round_ * HOTELS + place, AT,
                           booking(partition, hotel, round_ * 3 + partition + 1))
                    for place, hotel in enumerate(hotels)
                )  # fmt: skip
                await apply_slice(pool, part, today_of=RealClock())

        there = list(range(HOTELS))
        await asyncio.gather(work(0, there), work(1, there[::-1]), work(2, there[3:] + there[:3]))
        assert await pool.fetchval("SELECT count(*) FROM message") == 3 * 15 * HOTELS
        assert await pool.fetchval("SELECT count(*) FROM stay") == HOTELS
        await pool.close()


@contextlib.contextmanager
def threads_of(*functions: Callable[..., object]) -> Iterator[dict[str, set[int]]]:
    """In which threads each of them was called, without standing in its way."""
    watched: dict[CodeType, str] = {one.__code__: one.__name__ for one in functions}
    found: dict[str, set[int]] = defaultdict(set)

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code in watched:
            found[watched[frame.f_code]].add(threading.get_ident())

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def test_decoding_deciding_and_planning_never_hold_up_the_heartbeats(
    postgres: PostgresPart,
) -> None:
    """Heartbeats share the event loop, so the long work is done in other threads."""
    records = tuple(
        Record("bookings", 0, place, AT, booking(place, 0, 1).replace(b"R0", b"R%d" % place))
        for place in range(ROOMS + 1)  # one of them waits for a room
    )

    async def work() -> int:
        made = await template(postgres, 1, "off")
        async with postgres.database(made) as url:
            pool = await open_pool(settings_for(url, "", "bookings"), size=2)
            await apply_slice(pool, records, today_of=RealClock())
            await plan_next(pool, today_of=RealClock())
            await pool.close()
        return threading.get_ident()

    with threads_of(batch.read_all, batch.decide_all, replan) as threads:
        loop = asyncio.run(work())  # a loop of its own: its threads are watched from their start
    assert threads.keys() == {"read_all", "decide_all", "replan"}
    assert loop not in set().union(*threads.values())


async def test_a_room_plan_is_loaded_from_yesterday_on_and_not_from_the_bookings(
    postgres: PostgresPart,
) -> None:
    """A hotel's whole past, or its bookings one by one, would cost seconds a slice."""
    made = await template(postgres, 1, "off")
    async with postgres.database(made) as url:
        pool = await open_pool(settings_for(url, "", "bookings"), size=1)
        record = Record("bookings", 0, 0, AT, booking(0, 0, 3))
        await apply_slice(pool, (record,), today_of=RealClock())
        await plan_next(pool, today_of=RealClock())
        async with borrowed(pool) as connection:
            (house,) = await load_properties(connection, ["house-000"])
            nights = {}
            for day in (10, 13, 16):
                today = date(2099, 4, day)
                trips = Trips(connection)
                plan = (await load_plans(trips, {"house-000": (house, today)}))["house-000"]
                nights[day] = [date.fromordinal(night).day for night in sorted(plan.held)]
                assert trips.count == 1
        assert nights == {10: [10, 11, 12, 13], 13: [12, 13], 16: []}
        await pool.close()
