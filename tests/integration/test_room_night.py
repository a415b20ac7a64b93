"""No room is held twice on one night, whoever writes; the nights follow from stays and blocks."""

from __future__ import annotations

import asyncpg
import pytest

from tests.integration.house import PROPERTY, april, build, drawn

TWICE = "no_room_is_held_twice_on_one_night"


async def test_two_stays_swap_rooms_in_one_update(connection: asyncpg.Connection) -> None:
    house = await build(
        connection,
        """
        room     | 01  02  03
        DBL 101  | A   A   .
        DBL 102  | .   B   B
        """,
    )
    await house.as_worker(
        "UPDATE stay SET rooms = ARRAY[(CASE (rooms[1]).room WHEN '101' THEN '102' ELSE '101' END,"
        " arrival, departure)::allocation]"
    )
    assert await house.plan() == drawn(
        """
        room     | 01  02  03
        DBL 101  | .   B   B
        DBL 102  | A   A   .
        """
    )


async def test_a_second_holder_of_a_night_is_refused(connection: asyncpg.Connection) -> None:
    house = await build(
        connection,
        """
        room     | 01  02  03
        DBL 101  | A   A   .
        DBL 102  | .   B   B
        """,
    )
    with pytest.raises(asyncpg.UniqueViolationError, match=TWICE):
        await house.as_worker(
            "UPDATE stay SET rooms = ARRAY[('101', arrival, departure)::allocation]"
            " WHERE reservation_id = $1",
            house.ids["B"],
        )
    with pytest.raises(asyncpg.UniqueViolationError, match=TWICE):
        await house.book("C", "DBL", {2: "101"})


async def test_the_database_role_makes_no_difference_to_a_second_holder(
    connection: asyncpg.Connection,
) -> None:
    house = await build(
        connection,
        """
        room     | 01  02
        DBL 101  | A   A
        DBL 102  | B   B
        """,
    )
    with pytest.raises(asyncpg.UniqueViolationError, match=TWICE):
        await connection.execute(
            "UPDATE stay SET rooms = ARRAY[('101', arrival, departure)::allocation]"
            " WHERE reservation_id = $1",
            house.ids["B"],
        )


async def test_a_blocked_night_is_held_too(connection: asyncpg.Connection) -> None:
    house = await build(
        connection,
        """
        room     | 01  02
        DBL 101  | .   #
        """,
    )
    with pytest.raises(asyncpg.UniqueViolationError, match=TWICE):
        await house.book("A", "DBL", {1: "101", 2: "101"})


async def test_a_stay_in_two_rooms_holds_each_for_its_nights(
    connection: asyncpg.Connection,
) -> None:
    plan = """
        room     | 01  02  03
        DBL 101  | A   .   .
        DBL 102  | .   A   A
        """
    house = await build(connection, plan)
    assert await house.plan() == drawn(plan)


async def test_a_stay_that_is_deleted_holds_nothing(connection: asyncpg.Connection) -> None:
    house = await build(
        connection,
        """
        room     | 01  02
        DBL 101  | A   A
        """,
    )
    await connection.execute("DELETE FROM stay")
    assert "A" not in await house.plan()


async def test_an_update_that_moves_nobody_touches_no_night(
    connection: asyncpg.Connection,
) -> None:
    house = await build(
        connection,
        """
        room     | 01  02
        DBL 101  | A   A
        """,
    )
    before = await connection.fetch("SELECT ctid, night FROM room_night ORDER BY night")
    await house.as_worker("UPDATE stay SET comments = 'late'")
    assert await connection.fetch("SELECT ctid, night FROM room_night ORDER BY night") == before


async def test_a_block_over_a_stay_not_begun_wins(connection: asyncpg.Connection) -> None:
    house = await build(
        connection,
        """
        room     | 02  03  04
        DBL 101  | A   A   .
        DBL 102  | .   .   .
        """,
        today=1,
    )
    await connection.execute(
        "INSERT INTO block (property_id, room, from_date, to_date, reason, actor)"
        " VALUES ($1, '101', $2, $3, 'paint', 'anna')",
        *(PROPERTY, april(3), april(5)),
    )
    assert await house.plan() == drawn(
        """
        room     | 02  03  04
        DBL 101  | .   #   #
        DBL 102  | .   .   .
        """
    )
    stay = await house.stay("A")
    assert (stay["room"], stay["to_place"], stay["last_room"]) == (None, True, "101")
    released = next(row for row in await house.history() if row["field"] == "room")
    assert (released["event"], released["actor"]) == ("released", "anna")
    assert "blocked" in released["reason"]
    assert "paint" in released["reason"]


async def test_a_block_over_a_stay_in_house_is_refused(connection: asyncpg.Connection) -> None:
    await build(
        connection,
        """
        room     | 02  03  04
        DBL 101  | A   A   .
        """,
        today=3,
    )
    with pytest.raises(asyncpg.PostgresError, match="A is in house there") as refused:
        await connection.execute(
            "INSERT INTO block (property_id, room, from_date, to_date) VALUES ($1, '101', $2, $3)",
            *(PROPERTY, april(3), april(5)),
        )
    assert refused.value.sqlstate == "CS001"


async def test_a_block_that_moves_frees_the_nights_it_left(connection: asyncpg.Connection) -> None:
    house = await build(
        connection,
        """
        room     | 02  03  04
        DBL 101  | #   .   .
        """,
    )
    await connection.execute("UPDATE block SET from_date = $1, to_date = $2", april(3), april(5))
    assert await house.plan() == drawn(
        """
        room     | 02  03  04
        DBL 101  | .   #   #
        """
    )
    await connection.execute("DELETE FROM block")
    assert "#" not in await house.plan()


async def test_two_blocks_of_one_room_do_not_overlap(connection: asyncpg.Connection) -> None:
    await build(
        connection,
        """
        room     | 02  03
        DBL 101  | .   #
        """,
    )
    with pytest.raises(asyncpg.PostgresError, match="blocked already"):
        await connection.execute(
            "INSERT INTO block (property_id, room, from_date, to_date) VALUES ($1, '101', $2, $3)",
            *(PROPERTY, april(2), april(4)),
        )
