"""What people write lands in the history, however they write; what the worker writes does not."""

from __future__ import annotations

import json

import asyncpg
import pytest

from tests.integration.house import PROPERTY, House, april, build

PLAN = """
    room     | 02  03  04  05
    DBL 101  | A   A   .   .
    DBL 102  | .   .   .   .
    SUI 201  | .   .   .   .
"""


@pytest.fixture
async def house(connection: asyncpg.Connection) -> House:
    return await build(connection, PLAN)


async def facts(house: House) -> list[dict[str, object]]:
    rows = await house.connection.fetch("SELECT facts FROM history ORDER BY version")
    return [json.loads(row["facts"]) for row in rows]


async def test_a_direct_update_is_history_with_the_role_as_actor(house: House) -> None:
    connection = house.connection
    await connection.execute(
        "DO $$ BEGIN CREATE ROLE front_desk; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    await connection.execute("GRANT USAGE ON SCHEMA channel_sync TO front_desk")
    await connection.execute("GRANT SELECT, UPDATE ON stay TO front_desk")
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE front_desk")
        await connection.execute("UPDATE stay SET adults = 1")
    [row] = await house.history()
    assert (row["actor_type"], row["actor"], row["event"]) == ("staff", "front_desk", "edited")
    assert (row["field"], row["old"], row["new"]) == ("adults", "2", "1")


async def test_the_workers_update_is_not_history(house: House) -> None:
    await house.as_worker("UPDATE stay SET adults = 1")
    assert await house.history() == []


async def test_a_session_variable_makes_nobody_the_worker(house: House) -> None:
    await house.connection.execute("SET channel_sync.actor = 'channel_sync_worker'")
    await house.connection.execute("UPDATE stay SET adults = 1")
    assert len(await house.history()) == 1


async def test_a_staff_function_is_history_even_where_the_worker_calls_it(house: House) -> None:
    await house.as_worker("SELECT note_stay($1, 'A', '1', 'quiet room', 'anna')", PROPERTY)
    [row] = await house.history()
    assert (row["actor"], row["field"], row["new"]) == ("anna", "staff_note", "quiet room")


async def test_the_actor_of_a_function_is_forgotten_when_it_ends(house: House) -> None:
    async with house.connection.transaction():
        await house.connection.execute(
            "SELECT edit_stay($1, 'A', '1', '{\"adults\": 1}', 'anna', 'one ill')", PROPERTY
        )
        await house.connection.execute("UPDATE stay SET adults = 2")
    first, second = await house.history()
    assert (first["actor"], first["reason"]) == ("anna", "one ill")
    assert (second["actor"], second["reason"]) == ("postgres", "")


async def test_an_update_that_changes_nothing_writes_nothing(house: House) -> None:
    await house.connection.execute("UPDATE stay SET adults = adults, amount = 0")
    await house.connection.execute("UPDATE stay SET amount = 0.00")
    assert len(await house.history()) == 1


async def test_history_keeps_money_exact(house: House) -> None:
    await house.connection.execute("UPDATE stay SET amount = 330.10")
    assert await facts(house) == [{"amount": [None, "330.10"]}]


async def test_each_row_of_history_takes_a_version_and_wakes_the_planner(house: House) -> None:
    before = await house.connection.fetchrow("SELECT version FROM property")
    await house.connection.execute("UPDATE property SET replan_due = false")
    await house.connection.execute("UPDATE stay SET adults = 1")
    after = await house.connection.fetchrow("SELECT version, replan_due FROM property")
    assert before is not None
    assert after is not None
    assert (after["version"], after["replan_due"]) == (before["version"] + 1, True)


async def test_a_room_in_another_category_is_a_manual_category(house: House) -> None:
    await house.connection.execute(
        "UPDATE stay SET rooms = ARRAY[('201', arrival, departure)::allocation]"
    )
    stay = await house.stay("A")
    assert (stay["manual_category"], stay["assigned_category"]) == (True, "SUI")
    assert {row["field"]: (row["old"], row["new"]) for row in await house.history()} == {
        "manual_category": ("false", "true"),
        "room": ("101", "201"),
        "rooms": (
            '[{"room": "101", "to_date": "2026-04-04", "from_date": "2026-04-02"}]',
            '[{"room": "201", "to_date": "2026-04-04", "from_date": "2026-04-02"}]',
        ),
    }
    await house.connection.execute(
        "UPDATE stay SET rooms = ARRAY[('102', arrival, departure)::allocation]"
    )
    assert not (await house.stay("A"))["manual_category"]


async def test_the_history_of_a_pin_says_room_and_pin(house: House) -> None:
    await house.connection.execute("UPDATE stay SET pinned_room = '101'")
    assert {row["field"]: (row["old"], row["new"]) for row in await house.history()} == {
        "pinned": ("false", "true"),
        "pinned_room": (None, "101"),
    }


async def test_other_dates_keep_the_room_while_it_is_free(house: House) -> None:
    await house.connection.execute("UPDATE stay SET departure = $1", april(6))
    stay = await house.stay("A")
    assert (stay["room"], stay["to_place"]) == ("101", True)
    assert [row["room"] for row in json.loads(stay["rooms"])] == ["101"]
    assert json.loads(stay["rooms"])[0]["to_date"] == "2026-04-06"


async def test_other_dates_leave_a_room_that_is_taken(house: House) -> None:
    await house.book("B", "DBL", {4: "101", 5: "101"})
    await house.connection.execute(
        "UPDATE stay SET departure = $1 WHERE reservation_id = $2", april(6), house.ids["A"]
    )
    stay = await house.stay("A")
    assert (stay["room"], stay["to_place"], stay["last_room"]) == (None, True, "101")


async def test_a_guest_in_house_is_not_extended_into_a_taken_room(house: House) -> None:
    await house.book("B", "DBL", {4: "101", 5: "101"})
    await house.today(3)
    with pytest.raises(asyncpg.PostgresError, match="held by B") as refused:
        await house.connection.execute(
            "UPDATE stay SET departure = $1 WHERE reservation_id = $2", april(6), house.ids["A"]
        )
    assert refused.value.sqlstate == "CS001"


async def test_a_direct_cancel_frees_the_room_and_says_staff(house: House) -> None:
    await house.connection.execute("UPDATE stay SET pinned_room = '101'")
    await house.connection.execute("UPDATE stay SET status = 'cancelled'")
    stay = await house.stay("A")
    assert (stay["room"], stay["cancelled_by"], stay["pinned"]) == (None, "staff", False)
    assert "A" not in await house.plan()


async def test_a_room_given_by_anybody_settles_the_room_task(house: House) -> None:
    await house.book("B", "DBL", {2: None})
    task_id = await house.ask("B", "no_room")
    await house.connection.execute(
        "UPDATE stay SET rooms = ARRAY[('102', arrival, departure)::allocation]"
        " WHERE reservation_id = $1",
        house.ids["B"],
    )
    task = await house.task(task_id)
    assert (task["state"], task["closed_by"]) == ("done", "postgres (edited)")


async def test_a_room_that_does_not_exist_is_given_to_nobody(house: House) -> None:
    with pytest.raises(asyncpg.PostgresError, match="no room 999") as refused:
        await house.connection.execute(
            "UPDATE stay SET rooms = ARRAY[('999', arrival, departure)::allocation]"
        )
    assert refused.value.sqlstate == "CS002"


async def test_a_booking_made_by_hand_is_one_row_a_stay(house: House) -> None:
    await house.connection.execute(
        "INSERT INTO stay (property_id, reservation_id, line, status, arrival, departure,"
        " booked_category) VALUES ($1, $2, '2', 'confirmed', $3, $4, 'DBL')",
        *(PROPERTY, house.ids["A"], april(4), april(5)),
    )
    rows = await house.history()
    assert {(row["event"], row["line"], row["version"]) for row in rows} == {
        ("booked", "2", rows[0]["version"])
    }
    assert {row["field"]: row["new"] for row in rows} == {
        "arrival": "2026-04-04",
        "booked_category": "DBL",
        "departure": "2026-04-05",
        "status": "confirmed",
    }
    assert (await house.stay("A", "2"))["to_place"]


async def test_an_event_that_shows_nothing_is_still_one_row(house: House) -> None:
    await house.connection.execute(
        "INSERT INTO history (property_id, version, reservation_id, actor_type, actor, event,"
        " facts) VALUES ($1, 1000, $2, 'channel', 'booking.com', 'modified', $3)",
        *(PROPERTY, house.ids["A"], json.dumps({"base.arrival": ["2026-04-01", "2026-04-02"]})),
    )
    [row] = await house.history()
    assert (row["event"], row["field"], row["reference"]) == ("modified", None, "A")


async def test_changes_of_the_hotel_wake_the_planner_whoever_makes_them(house: House) -> None:
    connection = house.connection
    for change in (
        "UPDATE room SET is_active = false WHERE room = '102'",
        "UPDATE category SET capacity = 3 WHERE category = 'DBL'",
        "INSERT INTO channel (property_id, channel) VALUES ('seaview', 'airbnb')",
        'UPDATE channel SET categories = \'{"D": "DBL"}\'',
        'UPDATE property SET policy = \'{"reshuffle": "auto"}\'',
    ):
        await connection.execute("UPDATE property SET replan_due = false")
        before = await connection.fetchval("SELECT version FROM property")
        await connection.execute(change)
        row = await connection.fetchrow("SELECT version, replan_due FROM property")
        assert row is not None
        assert row["replan_due"], change
        assert row["version"] > before, change
