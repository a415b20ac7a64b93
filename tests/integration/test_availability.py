"""Availability counted by hand (rule R6)."""

from __future__ import annotations

import asyncpg

from tests.integration.house import PROPERTY, House, april, build

PLAN = """
    room     | 01  02  03  04
    DBL 101  | A   A   .   .
    DBL 102  | B   #   .   .
    SUI 201  | .   C   C   .
    wait DBL | .   D   D   .
"""


async def counted(house: House, category: str) -> list[tuple[int, ...]]:
    """(rooms, blocked, sold, assigned, free) for the nights of 1 to 4 April."""
    rows = await house.connection.fetch(
        "SELECT rooms, blocked, sold, assigned, free FROM availability($1, $2, $3)"
        " WHERE category = $4 ORDER BY night",
        *(PROPERTY, april(1), april(5), category),
    )
    return [tuple(row) for row in rows]


async def test_free_is_what_neither_a_room_nor_one_who_waits_takes(
    connection: asyncpg.Connection,
) -> None:
    # C booked a double and stands in a suite: sold as DBL, assigned as SUI.
    house = await build(connection, PLAN, C="DBL")
    assert await counted(house, "DBL") == [
        (2, 0, 2, 2, 0),
        (2, 1, 3, 1, -1),
        (2, 0, 2, 0, 1),
        (2, 0, 0, 0, 2),
    ]
    assert await counted(house, "SUI") == [
        (1, 0, 0, 0, 1),
        (1, 0, 0, 1, 0),
        (1, 0, 0, 1, 0),
        (1, 0, 0, 0, 1),
    ]


async def test_a_hold_in_another_category_counts_in_both(connection: asyncpg.Connection) -> None:
    house = await build(connection, PLAN, C="DBL")
    await house.as_worker("UPDATE stay SET held = true WHERE reservation_id = $1", house.ids["C"])
    assert [row[-1] for row in await counted(house, "DBL")] == [0, -2, 0, 2]
    assert [row[-1] for row in await counted(house, "SUI")] == [1, 0, 0, 1]


async def test_a_hold_in_its_own_category_counts_once(connection: asyncpg.Connection) -> None:
    house = await build(connection, PLAN, C="DBL")
    before = await counted(house, "DBL")
    await house.as_worker("UPDATE stay SET held = true WHERE reservation_id = $1", house.ids["A"])
    assert await counted(house, "DBL") == before


async def test_nights_of_an_extension_that_waits_are_taken(connection: asyncpg.Connection) -> None:
    house = await build(connection, PLAN, today=2, C="DBL")
    change = {"line": "1", "field": "departure", "old": "2026-04-03", "new": "2026-04-05"}
    await house.ask("A", "in_house_change", changes=[change])
    assert [row[-1] for row in await counted(house, "DBL")] == [0, -1, 0, 1]


async def test_cancelled_and_departed_stays_take_nothing(connection: asyncpg.Connection) -> None:
    house = await build(connection, PLAN, C="DBL")
    await house.call("cancel_stay", reference="C", line="1")
    await house.call("cancel_stay", reference="D", line="1")
    assert [row[-1] for row in await counted(house, "DBL")] == [0, 0, 2, 2]
    assert [row[-1] for row in await counted(house, "SUI")] == [1, 1, 1, 1]


async def test_a_closed_room_is_not_counted(connection: asyncpg.Connection) -> None:
    house = await build(connection, PLAN, C="DBL")
    await connection.execute("UPDATE room SET is_active = false WHERE room = '101'")
    assert await counted(house, "DBL") == [
        (1, 0, 2, 2, 0),
        (1, 1, 3, 1, -1),
        (1, 0, 2, 0, 0),
        (1, 0, 0, 0, 1),
    ]


async def test_units_are_counted_by_what_was_booked(connection: asyncpg.Connection) -> None:
    house = await build(connection, PLAN, C="DBL")
    await connection.execute(
        "INSERT INTO category (property_id, category, name, capacity, rank, units)"
        " VALUES ($1, 'PIT', 'Pitch', 6, 9, 2)",
        PROPERTY,
    )
    for reference in ("P", "Q", "R"):
        await house.book(reference, "PIT", {2: None})
    assert await counted(house, "PIT") == [
        (2, 0, 0, 0, 2),
        (2, 0, 3, 0, -1),
        (2, 0, 0, 0, 2),
        (2, 0, 0, 0, 2),
    ]


async def test_the_view_shows_the_next_400_days(connection: asyncpg.Connection) -> None:
    await build(connection, PLAN, today=3)
    row = await connection.fetchrow(
        "SELECT count(DISTINCT night) AS nights, min(night) AS first FROM v_availability"
    )
    assert row is not None
    assert (row["nights"], row["first"]) == (400, april(3))
