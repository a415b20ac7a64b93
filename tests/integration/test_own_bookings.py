"""The hotel's own bookings and blocks as a PMS makes them: what is written, and each refusal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from channel_sync.store.migrate import migrate, read_migrations
from tests.integration.house import PROPERTY, House, april, build, drawn

PLAN = """
    room     | 02  03  04  05
    DBL 101  | A   A   A   .
    DBL 102  | .   .   B   B
    DBL 103  | .   .   .   #
    SUI 201  | .   .   .   .
    wait DBL | C   C   .   .
"""
ROLES = ("channel_sync_pms", "channel_sync_worker")


@pytest.fixture
async def house(connection: asyncpg.Connection) -> House:
    return await build(connection, PLAN)


def line(first: int, end: int, category: str | None = "DBL", **more: Any) -> str:
    """A canonical room line on nights of April."""
    said = {"arrival": april(first).isoformat(), "departure": april(end).isoformat(), **more}
    return json.dumps(said if category is None else {**said, "category": category})


async def refused(house: House, function: str, because: str, **arguments: object) -> None:
    """The function says no with these words, in one line, and changes nothing."""
    before = await house.connection.fetchval("SELECT version FROM property")
    with pytest.raises(asyncpg.PostgresError, match=because) as error:
        await house.call(function, **arguments)
    assert error.value.sqlstate in {"CS001", "CS002"}
    assert "\n" not in str(error.value)
    assert await house.connection.fetchval("SELECT version FROM property") == before


async def test_a_booking_is_direct_and_has_no_base(house: House) -> None:
    made = await house.call("book_stay", room_line=line(2, 4, adults=2, room="103"), reason="desk")
    assert made == "D4"
    row = await house.connection.fetchrow(
        "SELECT r.channel, r.base AS booking_base, s.base, s.to_place, p.last_reservation_id,"
        " p.replan_due FROM stay s JOIN reservation r USING (property_id, reservation_id)"
        " JOIN property p USING (property_id) WHERE r.reference = 'D4'"
    )
    assert row is not None
    assert tuple(row) == ("direct", None, None, False, 4, True)
    assert {(r["event"], r["actor"], r["reason"]) for r in await house.history()} == {
        ("booked", "anna", "desk")
    }
    assert await house.plan() == drawn(
        """
        room     | 02  03  04  05
        DBL 101  | A   A   A   .
        DBL 102  | .   .   B   B
        DBL 103  | D4  D4  .   #
        SUI 201  | .   .   .   .
        """
    )


async def test_without_a_room_the_planner_has_to_place_it(house: House) -> None:
    made = await house.call("book_stay", room_line=line(2, 4))
    stay = await house.stay(str(made))
    assert (stay["room"], stay["to_place"], stay["adults"]) == (None, True, None)


async def test_nights_make_the_amount_where_none_is_said(house: House) -> None:
    nights = [{"date": "2026-04-02", "amount": "90.50"}, {"date": "2026-04-03", "amount": "99.50"}]
    made = await house.call("book_stay", room_line=line(2, 4, nights=nights))
    stay = await house.stay(str(made))
    assert (str(stay["amount"]), stay["currency"]) == ("190.00", "EUR")


@pytest.mark.parametrize(
    ("room_line", "because"),
    [
        ("[]", "say what is booked"),
        (line(2, 4, spa=True), "a room line has no spa; it has arrival, departure"),
        (line(2, 4, units="0"), "units is a number from 1 to 99, not 0"),
        (line(2, 4, nights=[{"amount": "much"}]), "invalid input syntax"),
        (line(2, 4, booker="Ada"), "a booker has first_name|booker is the whole booking's"),
        (line(2, 4, adults=-1), "are not negative"),
        (line(2, 4, children="5"), "children is a list"),
        (line(2, 4, currency="euro"), "currency is a code like EUR, not euro"),
        (line(4, 2), "departure 2026-04-02 lies before arrival 2026-04-04"),
        (line(2, 4, None), "say which category is booked, or a room"),
        (line(2, 4, "XXX"), "seaview has no category XXX"),
        (line(2, 4, room="102x"), "seaview has no room 102x"),
        (line(3, 5, room="102"), "room 102 is held by B on the night of 2026-04-04"),
        (line(3, 6, room="103"), "room 103 is blocked on the night of 2026-04-05"),
        (line(2, 4, room="201", units=2), "room 201 cannot be given to 2 stays"),
    ],
)
async def test_what_makes_no_booking_is_refused(house: House, room_line: str, because: str) -> None:
    await refused(house, "book_stay", because, room_line=room_line)
    await refused(house, "add_room", because, reference="A", room_line=room_line)


async def test_nobody_is_no_actor(house: House) -> None:
    await refused(house, "book_stay", "say who does it", room_line=line(2, 4), actor=" ")
    await refused(
        house, "block_room", "say who does it",
        room="201", from_date=april(2), to_date=april(3), actor="",
    )  # fmt: skip


async def test_a_reference_is_given_once_among_own_bookings(house: House) -> None:
    # A channel may have called a booking of its own the same.
    await house.call("book_stay", room_line=line(2, 4), reference="A")
    await refused(
        house, "book_stay", "there is a booking A already", room_line=line(2, 4), reference="A"
    )
    await refused(
        house, "check_in", "several channels have a booking A: say booking.com/A or direct/A",
        reference="A", line="1",
    )  # fmt: skip


async def test_a_room_added_is_numbered_on(house: House) -> None:
    assert await house.call("add_room", reference="A", room_line=line(2, 4)) == "2"
    assert await house.call("add_room", reference="A", room_line=line(2, 4, line="3")) == "3"
    await refused(
        house,
        "add_room",
        "the next line is 4, not 3",
        reference="A",
        room_line=line(2, 4, line="3"),
    )
    await refused(
        house, "add_room", "booker_name is the whole booking's",
        reference="A", room_line=line(2, 4, booker_name="Ada"),
    )  # fmt: skip
    await house.call("cancel_stay", reference="A")
    await refused(house, "add_room", "book anew", reference="A", room_line=line(2, 4))


async def test_an_amendment_says_only_what_changed(house: House) -> None:
    made = str(await house.call("book_stay", room_line=line(2, 4, room="103", adults=2)))
    version = await house.connection.fetchval("SELECT version FROM property")
    await house.call("amend_stay", reference=made, line=None, room_line='{"comments": "cot"}')
    rows = [row for row in await house.history() if row["version"] > version]
    assert [(r["event"], r["field"], r["new"]) for r in rows] == [("amended", "comments", "cot")]
    # The same again changes nothing, and nothing is written.
    again = await house.call(
        "amend_stay", reference=made, line=None, room_line='{"comments": "cot"}'
    )
    assert again == rows[-1]["version"]


@pytest.mark.parametrize(
    ("room_line", "because"),
    [
        ('{"line": "2"}', "a line keeps its number"),
        ('{"units": 2}', "one stay is amended at a time"),
        ('{"category": "XXX"}', "seaview has no category XXX"),
        ('{"departure": "2026-04-01", "arrival": "2026-03-30"}', "would have ended on 2026-04-01"),
        ('{"room": "102", "departure": "2026-04-05"}', "room 102 is held by B"),
        ('{"room": "999"}', "seaview has no room 999"),
    ],
)
async def test_an_amendment_that_cannot_be_is_refused_whole(
    house: House, room_line: str, because: str
) -> None:
    await house.call("book_stay", room_line=line(2, 4, room="103"), reference="T")
    await house.today(2)
    await refused(house, "amend_stay", because, reference="T", line="1", room_line=room_line)


async def test_a_split_keeps_both_halves_of_a_change_of_room(house: House) -> None:
    await house.call("move_stay", reference="A", line="1", room="201", from_date=april(4))
    assert await house.call("split_stay", reference="A", line="1", from_date=april(3)) == "2"
    one, two = await house.stay("A"), await house.stay("A", "2")
    assert [a["room"] for a in json.loads(one["rooms"])] == ["101"]
    assert [(a["room"], a["from_date"]) for a in json.loads(two["rooms"])] == [
        ("101", "2026-04-03"),
        ("201", "2026-04-04"),
    ]
    assert (one["to_place"], two["to_place"], two["manual_category"]) == (False, False, True)


async def test_a_block_is_history_and_can_be_read(house: House) -> None:
    await house.call("block_room", room="201", from_date=april(2), to_date=april(6), reason="leak")
    (row,) = await house.history()
    assert (row["event"], row["field"], row["reason"]) == ("blocked", "block", "leak")
    assert json.loads(row["new"])["room"] == "201"
    await house.call("unblock_room", room="201", from_date=april(3), to_date=april(4))
    rows = await house.connection.fetch(
        "SELECT from_date, to_date, reason, actor FROM v_block WHERE room = '201' ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        (april(2), april(3), "leak", "anna"),
        (april(4), april(6), "leak", "anna"),
    ]


@pytest.mark.parametrize("role", ROLES)
async def test_pms_and_worker_may_call_what_they_may_not_write(house: House, role: str) -> None:
    await house.connection.execute(f"SET ROLE {role}")
    # Whoever calls it: it is the person named who did it, and the hotel's own triggers look.
    made = await house.connection.fetchval(
        "SELECT book_stay($1, $2, 'anna')", PROPERTY, line(2, 4, room="103")
    )
    await house.connection.fetchval(
        "SELECT block_room($1, '201', $2, $3, 'anna')", PROPERTY, april(2), april(3)
    )
    for statement in ("INSERT INTO block (room) VALUES ('201')", "DELETE FROM block"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await house.connection.execute(statement)
    await house.connection.execute("RESET ROLE")
    assert made == "D4"
    assert {row["actor"] for row in await house.history()} == {"anna"}


async def test_two_clerks_cannot_give_one_room_twice(house: House, database: str) -> None:
    async def clerk(reference: str) -> str:
        connection = await asyncpg.connect(database)
        try:
            await connection.execute("SET search_path = channel_sync, pg_temp")
            await connection.execute("SELECT set_config('channel_sync.today', '2026-04-01', false)")
            await connection.execute("SET ROLE channel_sync_pms")
            statement = "SELECT book_stay($1, $2, 'anna', NULL, $3)"
            booked: str = await connection.fetchval(
                statement, PROPERTY, line(2, 4, room="201"), reference
            )
        except asyncpg.PostgresError as error:
            return f"refused {error.sqlstate}"
        else:
            return booked
        finally:
            await connection.close()

    booked = await asyncio.gather(*(clerk(f"T{number}") for number in range(4)))
    assert booked.count("refused CS001") == 3


async def test_bookings_that_a_channel_called_direct_are_the_channels_still(
    blank_database: str,
) -> None:
    before = tuple(m for m in read_migrations() if m.number < 20)
    await migrate(blank_database, migrations=before)
    connection = await asyncpg.connect(blank_database)
    await connection.execute("SET search_path = channel_sync, pg_temp")
    house = await build(connection, PLAN)
    for table in ("reservation", "reservation_reference"):
        await house.as_worker(f"UPDATE {table} SET channel = 'direct' WHERE reference = 'A'")
    await migrate(blank_database)
    assert (await house.stay("A"))["channel"] == "direct (channel)"
    await house.call("book_stay", room_line=line(2, 4), reference="A")
    await connection.close()
