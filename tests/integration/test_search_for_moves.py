"""Who may be moved is loaded as the core counts it; looks that are cut short come to an end."""

from __future__ import annotations

from datetime import date
from functools import reduce

import asyncpg
import pytest

from channel_sync import batch, planner
from channel_sync.assign import assign
from channel_sync.core.neighbours import Neighbours, with_booking
from channel_sync.errors import Refused
from channel_sync.pipeline import apply_slice
from channel_sync.store.connect import open_pool
from channel_sync.store.neighbours import load_neighbours
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import Trips, load_reservations
from tests.integration.running import settings_for
from tests.integration.seaview import TODAY, booking, line, open_hotel, records


def told(reference: str, arrival: int, departure: int, **changes: object) -> dict[str, object]:
    dates = {"arrival": f"2030-04-{arrival:02}", "departure": f"2030-04-{departure:02}"}
    return booking(reference, rooms=[line(**dates)], **changes)


async def hotel_with_gaps(connection: asyncpg.Connection, url: str, waiting: int) -> asyncpg.Pool:
    """Rooms 101 and 102, A in one and B in the other: who comes for all nights must wait."""
    await open_hotel(connection, rooms=2)
    pool = await open_pool(settings_for(url, "", "bookings"))
    messages = [
        told("A", 10, 12),
        told("Z", 12, 14),
        told("B", 12, 14),
        told("Z", 12, 14, status="cancelled", revision=2),
        *(told(f"C{number}", 10, 14) for number in range(waiting)),
    ]
    await apply_slice(pool, records(*messages), today_of=TODAY)
    return pool


async def kinds(connection: asyncpg.Connection) -> dict[str, list[str]]:
    rows = await connection.fetch(
        "SELECT reference, jsonb_path_query_array(proposals, '$[*].kind')::text AS kinds"
        " FROM channel_sync.v_task WHERE state = 'open' ORDER BY reference"
    )
    return {row["reference"]: row["kinds"] for row in rows}


async def test_a_look_cut_short_goes_on_where_it_ended_and_then_rests(
    connection: asyncpg.Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "LOOK_NODES", 1)
    pool = await hotel_with_gaps(connection, database, waiting=3)
    seen = []
    while await planner.plan_next(pool, today_of=TODAY) is not None:
        found = await kinds(connection)
        seen.append(sum("reshuffle" in each for each in found.values()))
    await pool.close()
    assert seen == [1, 2, 3]
    rest = await connection.fetchrow(
        "SELECT replan_due, searched, searched_version FROM channel_sync.property"
    )
    assert rest is not None
    assert tuple(rest) == (False, None, None)


async def test_a_change_meanwhile_begins_the_search_anew(
    connection: asyncpg.Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "LOOK_NODES", 1)
    pool = await hotel_with_gaps(connection, database, waiting=2)
    await planner.plan_next(pool, today_of=TODAY)
    await apply_slice(pool, records(told("B", 12, 15, revision=2), start=90), today_of=TODAY)
    await planner.plan_next(pool, today_of=TODAY)
    steps = await connection.fetchval(
        "SELECT proposals -> 0 -> 'steps' -> 0 ->> 'to_date' FROM channel_sync.v_task"
        " WHERE state = 'open' AND reference = 'C0'"
    )
    await pool.close()
    assert steps == "2030-04-12", "A moves, not the longer B"


async def test_the_database_names_the_same_neighbours_as_the_core(
    connection: asyncpg.Connection, database: str
) -> None:
    pool = await hotel_with_gaps(connection, database, waiting=1)
    await connection.execute("SELECT set_config('channel_sync.today', '2030-03-01', false)")
    for change in (
        "true",
        "SELECT channel_sync.pin_stay('seaview', 'A', '1', 'anna', null)",
        "SELECT channel_sync.unpin_stay('seaview', 'A', '1', 'anna', null)",
    ):
        if change != "true":
            await connection.execute(change)
        (house,) = await load_properties(connection, ["seaview"])
        trips = Trips(connection)
        for today in (date(2030, 3, 1), date(2030, 4, 10), date(2030, 4, 11)):
            loaded = (await load_neighbours(trips, {"seaview": (house, today)}))["seaview"]
            keys = [("seaview", "booking.com", reference) for reference in ("A", "B", "Z", "C0")]
            _, bookings = await load_reservations(trips, keys)
            empty: Neighbours = {}
            by_core = reduce(
                lambda known, each, day=today: with_booking(known, each, house.policy, day),  # type: ignore[misc]
                bookings.values(),
                empty,
            )
            assert loaded == by_core
    await pool.close()


async def test_a_refused_reshuffle_leaves_nothing_behind(
    connection: asyncpg.Connection, database: str
) -> None:
    pool = await hotel_with_gaps(connection, database, waiting=1)
    while await planner.plan_next(pool, today_of=TODAY) is not None:
        pass
    await connection.execute("SELECT set_config('channel_sync.today', '2030-03-01', false)")
    await connection.execute("SELECT channel_sync.pin_stay('seaview', 'B', '1', 'anna', null)")
    before = await connection.fetchval("SELECT version FROM channel_sync.property")
    with pytest.raises(Refused, match="B cannot be moved out of 102 any more"):
        await assign(
            pool, today_of=TODAY, actor="anna", property_id="seaview", reference="C0", proposal=1
        )
    assert await connection.fetchval("SELECT version FROM channel_sync.property") == before
    assert await connection.fetchval("SELECT replan_due FROM channel_sync.property")
    await pool.close()


async def hotel_with_three_gaps(connection: asyncpg.Connection, url: str) -> asyncpg.Pool:
    """The same gap three times, in a hotel that moves others by itself."""
    pool = await hotel_with_gaps(connection, url, waiting=0)
    await connection.execute(
        """UPDATE channel_sync.property SET policy = '{"reshuffle": "auto"}'"""
    )
    more = [
        message
        for n in (18, 24)
        for message in (
            told(f"A{n}", n, n + 2),
            told(f"Z{n}", n + 2, n + 4),
            told(f"B{n}", n + 2, n + 4),
            told(f"Z{n}", n + 2, n + 4, status="cancelled", revision=2),
        )
    ]
    await apply_slice(pool, records(*more, start=50), today_of=TODAY)
    return pool


async def test_a_message_tells_whom_it_moved_and_two_cost_as_many_round_trips_as_one(
    connection: asyncpg.Connection, database: str
) -> None:
    pool = await hotel_with_three_gaps(connection, database)
    result = await apply_slice(pool, records(told("C", 10, 14), start=90), today_of=TODAY)
    both = records(told("C18", 18, 22), told("C24", 24, 28), start=95)
    twice = await apply_slice(pool, both, today_of=TODAY)
    await pool.close()
    assert [len(one.why) for one in twice.applied] == [2, 2]
    assert twice.round_trips == result.round_trips
    moved = "B, stay 1: from 102 to 101, so that C (stay 1) has a room"
    assert result.applied[0].why[-1] == moved


@pytest.mark.parametrize(
    ("nodes", "transactions"), [(0, [[90], [91], [92], [93]]), (10_000, [[90, 91, 92, 93]])]
)
async def test_a_slice_that_searches_too_long_is_applied_in_parts_that_come_to_the_same(
    connection: asyncpg.Connection,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    nodes: int,
    transactions: list[list[int]],
) -> None:
    """A transaction may not hold a hotel for minutes, whatever its messages ask for."""
    monkeypatch.setattr(batch, "SLICE_NODES", nodes)
    pool = await hotel_with_three_gaps(connection, database)
    messages = [told("C", 10, 14), told("N", 1, 2), told("C18", 18, 22), told("C24", 24, 28)]
    result = await apply_slice(pool, records(*messages, start=90), today_of=TODAY)
    await pool.close()
    moved = [one.why[-1] for one in result.applied if len(one.why) > 1]
    assert moved == [
        "B, stay 1: from 102 to 101, so that C (stay 1) has a room",
        "B18, stay 1: from 101 to 102, so that C18 (stay 1) has a room",
        "B24, stay 1: from 102 to 101, so that C24 (stay 1) has a room",
    ]
    rows = await connection.fetch(
        'SELECT array_agg("offset") AS together FROM channel_sync.message'
        ' WHERE "offset" >= 90 GROUP BY xmin ORDER BY 1'
    )
    assert [row["together"] for row in rows] == transactions
