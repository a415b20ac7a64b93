"""Guests in the database: erased for good, one for two at once, linked by the planner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from channel_sync import guest_planner
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.settings import Settings
from channel_sync.store.connect import open_pool
from tests.integration.house import build
from tests.integration.seaview import (
    TODAY,
    booking,
    line,
    open_hotel,
    outcomes,
    records,
    worker_pool,
)

MINA = {
    "first_name": "Wilhelmina",
    "last_name": "Murray",
    "email": "wilhelmina@murray.example",
    "phone": "+441234567890",
    "address": {"street": "Crescent 7", "city": "Whitby"},
    "language": "en",
    "country": "GB",
}
MINA_ALONE = {"first_name": "Wilhelmina", "last_name": "Murray"}
LUCY = {
    "first_name": "Lucy",
    "last_name": "Westenra",
    "email": MINA["email"],
    "phone": "+441234500000",
}
ABOUT_MINA = (
    *("wilhelmina", "murray", "+441234567890", "crescent", "whitby", "+441234577777"),
    *("harker", "quiet room", "late train", "+441234588888", "carfax", "allergic", "+441234566666"),
)


@pytest.fixture
async def pool(database: str, connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Pool]:
    await open_hotel(connection)
    async with worker_pool(database) as pool:
        yield pool


async def receive(pool: asyncpg.Pool, *bodies: Any, start: int = 0) -> None:
    await apply_slice(pool, records(*bodies, start=start), today_of=TODAY)


async def plan(pool: asyncpg.Pool) -> None:
    while await plan_next(pool, today_of=TODAY) is not None:
        pass


async def call(connection: asyncpg.Connection, function: str, **arguments: object) -> None:
    """As a PMS does."""
    named = {"property_id": "seaview", "actor": "anna", **arguments}
    parameters = ", ".join(f"{name} => ${i}" for i, name in enumerate(named, 1))
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE channel_sync_pms")
        await connection.execute("SET LOCAL channel_sync.today = '2030-03-01'")
        await connection.execute(f"SELECT {function}({parameters})", *named.values())


async def dump(connection: asyncpg.Connection) -> str:
    """Every row of every table of our schema, as text."""
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " WHERE c.relnamespace = 'channel_sync'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition"
    )
    assert {"guest", "guest_history", "message", "parked", "history"} <= {t[0] for t in tables}
    rows = [
        str(row[0])
        for table in tables
        for row in await connection.fetch(f"SELECT t::text FROM {table['name']} AS t")
    ]
    return "\n".join(rows).lower()


async def counts(connection: asyncpg.Connection) -> list[int]:
    return [
        await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("reservation", "stay", "room_night", "message", "parked", "kept_revision")
    ]


async def guests(connection: asyncpg.Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT * FROM v_guest ORDER BY property_id, guest_id")
    return [dict(row) for row in rows]


async def write_down_mina(pool: asyncpg.Pool, connection: asyncpg.Connection) -> None:
    """Her data in every place where data come to lie."""
    room = line(
        guests=[{"first_name": "Jonathan", "last_name": "Harker"}], comments="A quiet room please"
    )
    await receive(
        pool,
        booking("E1", booker=MINA, rooms=[room], comments="Comes by a late train"),
        [
            booking("E2", booker={"first_name": "Abe", "last_name": "Helsing"}),
            booking("E3", booker=MINA, rooms=[line()], revision=2),
        ],
        booking("E1", revision=2, status="modified", booker={**MINA, "phone": "+441234577777"}),
        booking("E3", status="cancelled", revision=3, message_id="E3-c"),
        booking("E3", status="modified", revision=3, booker={**MINA, "phone": "+441234588888"}),
        booking("E1", status="modified", revision=9, rooms=[], booker=MINA),
        b'{"of": "wilhelmina@murray.example", "never": "closed"',
        [
            booking("E6", property="hilltop"),
            booking("E7", booker=MINA, rooms=[]),
        ],
        booking("E4", booker=LUCY, rooms=[line(guests=[MINA_ALONE])]),
        booking("E5", booker=LUCY, comments="Wilhelmina Murray pays"),
    )
    parked = [row for row in await outcomes(connection) if row[2] == "parked"]
    assert [row[3] for row in parked] == [
        "no_rooms", "unknown_format", "unknown_property", "no_rooms",
    ]  # fmt: skip
    edit = json.dumps({"contact_address": "Carfax", "comments": "Harker's friend"})
    await call(connection, "edit_stay", reference="E1", line="1", changes=edit, reason="Murray")
    await call(connection, "note_stay", reference="E1", line="1", staff_note="Allergic to garlic")
    contact = json.dumps({"name": "Murray & Harker", "email": "bills@murray.example"})
    await call(connection, "set_invoice_contact", reference="E1", contact=contact)
    changes = json.dumps({"phone": "+441234566666", "guest_number": "Murray-1"})
    await call(connection, "edit_guest", reference="E1", changes=changes, reason="Murray rang up")
    await plan(pool)


async def test_of_an_erased_guest_nothing_is_left_in_any_table(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await write_down_mina(pool, connection)
    before, text = await counts(connection), await dump(connection)
    assert [word for word in ABOUT_MINA if word not in text] == []
    await call(connection, "erase_guest", reference="E1")
    text = await dump(connection)
    assert [row for row in text.splitlines() if any(word in row for word in ABOUT_MINA)] == []
    assert await counts(connection) == before
    assert "lucy westenra" in text
    assert "+441234500000" in text
    assert "abe helsing" in text
    found = {guest["guest_id"]: guest for guest in await guests(connection)}
    assert found[1]["references"] == ["E1", "E3"]
    assert found[1]["booked_references"] == ["E4", "E5"]
    assert found[1]["erased_at"] is not None


async def test_after_an_erasure_repeats_are_known_and_messages_say_what_they_say(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await write_down_mina(pool, connection)
    await call(connection, "erase_guest", reference="#1")
    again = booking("E1", revision=2, status="modified", booker={**MINA, "phone": "+441234577777"})
    newer = booking(
        "E1", revision=10, status="modified", booker={"first_name": "Mina", "last_name": "Harker"}
    )
    await receive(pool, again, newer, start=100)
    assert [row[2] for row in await outcomes(connection)][-2:] == ["duplicate", "modified"]
    (first, *_) = await guests(connection)
    assert (first["name"], first["email"], first["phone"]) == ("Mina Harker", None, None)
    assert "carfax" not in await dump(connection)


async def test_an_erased_guest_takes_those_merged_into_it_along(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    other = {"first_name": "Quincey", "last_name": "Morris", "email": "quincey@texas.example"}
    await receive(pool, booking("A", booker=MINA), booking("B", booker=other))
    await call(connection, "merge_guests", reference="B", into_guest="A")
    await call(connection, "erase_guest", reference="A")
    text = await dump(connection)
    assert [word for word in ("quincey", "texas", "wilhelmina", "murray") if word in text] == []


async def test_two_at_once_with_the_same_new_email_make_one_guest(
    pool: asyncpg.Pool, database: str, connection: asyncpg.Connection
) -> None:
    async with worker_pool(database) as other:
        for number in range(5):
            booker = {**MINA, "email": f"guest{number}@example.org"}
            await asyncio.gather(
                receive(pool, booking(f"A{number}", booker=booker), start=number),
                receive(other, booking(f"B{number}", booker=booker), start=100 + number),
            )
    found = await guests(connection)
    assert [sorted(guest["references"]) for guest in found] == [
        [f"A{number}", f"B{number}"] for number in range(5)
    ]


async def test_a_second_guest_of_an_email_is_refused_by_the_database(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await receive(pool, booking("A", booker=MINA))
    with pytest.raises(asyncpg.UniqueViolationError, match="an_email_keys_at_most_one_guest"):
        await connection.execute(
            "INSERT INTO guest (property_id, guest_id, email_key) VALUES ('seaview', 9, $1)",
            MINA["email"],
        )


async def test_emails_that_two_guests_exchange_in_one_slice_are_written(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    lucy = {**LUCY, "email": "lucy@example.org"}
    await receive(pool, booking("A", booker=MINA), booking("B", booker=lucy))
    between = {**MINA, "email": "between@example.org"}
    await receive(
        pool,
        booking("A", revision=2, booker=between),
        booking("B", revision=2, booker={**lucy, "email": MINA["email"]}),
        booking("A", revision=3, booker={**MINA, "email": "lucy@example.org"}),
        start=10,
    )
    found = await guests(connection)
    assert [guest["email"] for guest in found] == ["lucy@example.org", MINA["email"]]
    assert all(guest["email_is_usable"] for guest in found)


async def test_a_pms_books_and_the_planner_links_the_guest(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await receive(pool, booking("A", booker=MINA))
    await connection.execute(
        "GRANT SELECT, INSERT ON reservation, reservation_reference, stay TO channel_sync_pms"
    )
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE channel_sync_pms")
        for number, name in ((50, "Mina Murray"), (51, "Wilhelmina Murray")):
            reference = f"D{number}"
            await connection.execute(
                "INSERT INTO reservation (property_id, reservation_id, channel, reference,"
                " booker_name, contact_email) VALUES ('seaview', $1, 'direct', $2, $3, $4)",
                *(number, reference, name, "WILHELMINA@murray.example"),
            )
            await connection.execute(
                "INSERT INTO reservation_reference VALUES ('seaview', 'direct', $1, $2)",
                *(reference, number),
            )
            await connection.execute(
                "INSERT INTO stay (property_id, reservation_id, line, status, arrival, departure)"
                " VALUES ('seaview', $1, '1', 'confirmed', '2030-04-01', '2030-04-03')",
                number,
            )
    await connection.execute("UPDATE property SET last_reservation_id = 51")
    await plan(pool)
    first, second = await guests(connection)
    assert (first["references"], first["booked_references"]) == (["A", "D51"], ["D50"])
    assert (second["name"], second["references"]) == ("Mina Murray", ["D50"])
    assert await connection.fetchval(
        "SELECT reason FROM v_task WHERE reference = 'D50' AND reason = 'guest_conflict'"
    )
    row = await connection.fetchrow(
        "SELECT * FROM v_history WHERE reference = 'D51' AND field = 'guest_id'"
    )
    assert row is not None
    assert (row["actor_type"], row["actor"], row["new"]) == ("system", "channel-sync", "1")


async def test_a_guest_set_by_plain_sql_is_kept_through_messages(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await receive(pool, booking("A", booker=MINA), booking("B", booker=LUCY))
    await connection.execute("GRANT SELECT, UPDATE ON reservation TO channel_sync_pms")
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE channel_sync_pms")
        await connection.execute("UPDATE reservation SET guest_id = 1 WHERE reference = 'B'")
    await receive(pool, booking("B", revision=2, booker={**LUCY, "first_name": "Lucia"}), start=10)
    (first, *_) = await guests(connection)
    assert first["references"] == ["A", "B"]
    row = await connection.fetchrow(
        "SELECT * FROM v_history WHERE reference = 'B' AND actor_type = 'staff'"
    )
    assert row is not None
    assert (row["field"], row["old"], row["new"]) == ("guest_id", "2", "1")


async def test_bookings_from_before_there_were_guests_are_linked_some_at_a_time(
    connection: asyncpg.Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await build(
        connection,
        """
        room     | 02  03  04
        DBL 101  | A   B   C
        DBL 102  | D   E   .
        """,
    )
    monkeypatch.setattr(guest_planner, "AT_ONCE", 2)
    await connection.execute("UPDATE property SET replan_due = true, last_reservation_id = 9")
    async with worker_pool(database) as pool:
        await plan_next(pool, today_of=TODAY)
        assert len(await guests(connection)) == 2
        await plan(pool)
    assert len(await guests(connection)) == 5


async def test_the_domains_of_aliases_are_a_setting(
    database: str, connection: asyncpg.Connection
) -> None:
    await open_hotel(connection)
    settings = Settings(
        database_url=SecretStr(database),
        alias_email_domains="Relay.example, @other.example",  # type: ignore[arg-type]
    )
    assert settings.alias_email_domains == ("relay.example", "other.example")
    pool = await open_pool(settings, size=1)
    try:
        for number, domain in enumerate(("relay.example", "guest.booking.com")):
            booker = {**MINA, "email": f"x@{domain}"}
            await receive(
                pool,
                booking(f"A{number}", booker=booker),
                booking(f"B{number}", booker=booker),
                start=10 * number,
            )
    finally:
        await pool.close()
    assert [guest["references"] for guest in await guests(connection)] == [
        ["A0"],
        ["B0"],
        ["A1", "B1"],
    ]


async def test_a_pms_reads_guests_by_views_alone(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await receive(pool, booking("A", booker=MINA))
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE channel_sync_pms")
        assert await connection.fetchval("SELECT count(*) FROM v_guest_history") > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT * FROM guest")


async def test_what_guests_cost_in_round_trips_does_not_depend_on_how_many(
    pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    def slice_of(count: int, start: int) -> tuple[Any, ...]:
        return records(
            *(
                booking(
                    f"S{start + n}", rooms=[line(adults=1)],
                    booker={**MINA, "email": f"g{start + n}@example.org"},
                )
                for n in range(count)
            ),
            start=start,
        )  # fmt: skip

    small = await apply_slice(pool, slice_of(2, 0), today_of=TODAY)
    large = await apply_slice(pool, slice_of(15, 100), today_of=TODAY)
    assert large.round_trips <= small.round_trips
    assert len(await guests(connection)) == 17
