from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from channel_sync import batch
from channel_sync.core.model import Revision
from channel_sync.core.world import World, apply
from channel_sync.errors import Refused
from channel_sync.parked import discard_parked, retry_parked
from channel_sync.pipeline import apply_slice
from channel_sync.records import Applied, Record, SliceResult
from channel_sync.store.slices import Houses
from channel_sync.wire.limits import Limits
from tests.integration.seaview import (
    TODAY,
    booking,
    line,
    open_hotel,
    outcomes,
    records,
    worker_pool,
)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with worker_pool(database) as pool:
        yield pool


async def receive(pool: asyncpg.Pool, *run: Record) -> SliceResult:
    return await apply_slice(pool, run, today_of=TODAY)


async def parked_at(connection: asyncpg.Connection, offset: int, ordinal: int = 0) -> int:
    found: int | None = await connection.fetchval(
        'SELECT parked_id FROM parked WHERE "offset" = $1 AND ordinal = $2', offset, ordinal
    )
    assert found is not None
    return found


async def states(connection: asyncpg.Connection) -> dict[int, tuple[str, str]]:
    """By offset: whether it is still set aside, and why it was."""
    rows = await connection.fetch('SELECT "offset", state, reason FROM parked')
    return {row["offset"]: (row["state"], row["reason"]) for row in rows}


async def retry(pool: asyncpg.Pool, parked_id: int) -> list[tuple[int, str]]:
    applied: tuple[Applied, ...] = await retry_parked(pool, parked_id, today_of=TODAY, actor="anna")
    return [(one.record.offset, one.outcome.value) for one in applied]


def in_part(reference: str, revision: int, **changes: Any) -> dict[str, Any]:
    return booking(
        reference,
        status="modified",
        completeness="partial",
        revision=revision,
        **{"rooms": ..., "booker": ..., **changes},
    )


def without_dates(reference: str, revision: int, **changes: Any) -> dict[str, Any]:
    """Part of a revision that cannot be applied: a new room of which nobody knows the nights."""
    return in_part(reference, revision, rooms=[{"line": "9", "category": "DBL"}], **changes)


# Retry -------------------------------------------------------------------------------------


async def test_a_message_of_an_unknown_property_is_created_once_it_is_loaded(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await receive(pool, *records(booking("A"), booking("B", property="hilltop")))
    assert await outcomes(connection) == [
        (0, 0, "parked", "unknown_property"),
        (1, 0, "parked", "unknown_property"),
    ]
    await open_hotel(connection)
    first = await parked_at(connection, 0)
    assert await retry(pool, first) == [(0, "created")]
    # Its outcome is replaced, not added to.
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "parked", "unknown_property"),
    ]
    row = await connection.fetchrow("SELECT * FROM parked WHERE parked_id = $1", first)
    assert row is not None
    assert (row["state"], row["closed_by"], row["closed_at"] is None) == ("retried", "anna", False)
    assert await connection.fetchval("SELECT count(*) FROM v_stay WHERE reference = 'A'") == 1
    receipt = await connection.fetchrow("SELECT * FROM v_receipt WHERE reference = 'A'")
    assert receipt is not None
    assert (receipt["accepted"], receipt["confirmation_number"]) == (True, "seaview-1")
    with pytest.raises(Refused, match="no parked message"):
        await retry(pool, first)
    # The other one's hotel is still unknown: parked again, once.
    second = await parked_at(connection, 1)
    assert await retry(pool, second) == [(1, "parked")]
    assert (await states(connection))[1] == ("parked", "unknown_property")
    assert len(await outcomes(connection)) == 2


async def test_the_unreadable_one_of_a_list_is_retried_alone(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await open_hotel(connection)
    backwards = booking("B", rooms=[line(departure="2030-04-09")])
    await receive(pool, *records([booking("A"), backwards, booking("C")]))
    before = [(0, 0, "created", ""), (0, 1, "parked", "invalid"), (0, 2, "created", "")]
    assert await outcomes(connection) == before
    # As wrong as it was: its neighbours are not looked at again.
    assert await retry(pool, await parked_at(connection, 0, 1)) == [(0, "parked")]
    assert await outcomes(connection) == before
    assert (await states(connection))[0] == ("parked", "invalid")


async def test_one_of_a_list_that_cannot_be_read_any_more_stays_parked(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await open_hotel(connection)
    backwards = booking("B", rooms=[line(departure="2030-04-09")])
    await receive(pool, *records([booking("A"), backwards]))
    before = await outcomes(connection)
    number = await parked_at(connection, 0, 1)
    with pytest.raises(Refused, match="cannot be read"):
        await retry_parked(pool, number, today_of=TODAY, actor="anna", limits=Limits(messages=1))
    assert (await states(connection))[0] == ("parked", "invalid")
    assert await outcomes(connection) == before


async def test_a_long_list_is_parked_with_one_body_and_each_of_it_can_be_retried(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    """Five hundred bookings of a hotel that is not loaded, in a message as long as one may be."""
    bookings = [booking(f"L{number}") for number in range(500)]
    bookings[0]["extra"] = {"x": "y" * 700_000}
    (record,) = records(bookings)
    await receive(pool, record)
    assert await connection.fetchval("SELECT count(*) FROM parked WHERE body IS NULL") == 499
    kept = await connection.fetchval("SELECT sum(length(body)) FROM parked")
    assert kept == len(record.body)
    await open_hotel(connection)
    assert await retry(pool, await parked_at(connection, 0, 499)) == [(0, "created")]
    assert await retry(pool, await parked_at(connection, 0, 0)) == [(0, "created")]
    assert await retry(pool, await parked_at(connection, 0, 250)) == [(0, "created")]


async def test_what_is_parked_in_the_place_of_a_topic_made_anew_keeps_its_own_body(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await receive(pool, *records([booking("OLD0"), booking("OLD1")]))
    (again,) = records([booking("NEW0"), booking("NEW1")])
    again = replace(again, recorded_at=again.recorded_at + timedelta(days=1))
    await receive(pool, again)
    await open_hotel(connection)
    assert await retry(pool, await parked_at(connection, 0, 1)) == [(0, "created")]
    assert await connection.fetchval("SELECT array_agg(reference) FROM v_stay") == ["NEW1"]


async def test_a_message_that_could_not_be_read_at_all_is_retried_as_a_whole(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await open_hotel(connection)
    both = records([booking("A"), booking("B")])
    await apply_slice(pool, both, today_of=TODAY, limits=Limits(messages=1))
    assert await outcomes(connection) == [(0, 0, "parked", "too_many_messages")]
    assert await retry(pool, await parked_at(connection, 0)) == [(0, "created"), (0, "created")]
    assert await outcomes(connection) == [(0, 0, "created", ""), (0, 1, "created", "")]
    assert (await states(connection))[0] == ("retried", "too_many_messages")


async def test_a_snapshot_that_was_overtaken_while_parked_is_stale(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await receive(pool, *records(booking("A", comments="first")))
    await open_hotel(connection)
    later = booking("A", revision=2, comments="second", status="modified")
    await receive(pool, *records(later, start=1))
    assert await retry(pool, await parked_at(connection, 0)) == [(0, "stale")]
    assert await outcomes(connection) == [(0, 0, "stale", ""), (1, 0, "created", "")]
    assert await connection.fetchval("SELECT booking_comments FROM v_stay") == "second"
    assert (await states(connection))[0] == ("retried", "unknown_property")


async def test_a_snapshot_without_an_order_of_its_own_keeps_its_place_when_it_is_retried(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await receive(pool, *records(booking("A", revision=..., message_id="m1", comments="first")))
    await open_hotel(connection)
    later = booking("A", revision=..., message_id="m2", comments="second")
    await receive(pool, *records(later, start=1))
    assert await retry(pool, await parked_at(connection, 0)) == [(0, "stale")]
    assert await connection.fetchval("SELECT booking_comments FROM v_stay") == "second"


async def test_what_could_not_be_read_is_retried_under_other_limits_with_all_its_bookings(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await open_hotel(connection)
    both = [booking("A"), without_dates("B", 1)]
    await apply_slice(pool, records(both), today_of=TODAY, limits=Limits(messages=1))
    assert await outcomes(connection) == [(0, 0, "parked", "too_many_messages")]
    assert await retry(pool, await parked_at(connection, 0)) == [(0, "created"), (0, "parked")]
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (0, 1, "parked", "incomplete_line"),
    ]
    rows = await connection.fetch("SELECT ordinal, state, reference FROM parked ORDER BY ordinal")
    assert [tuple(row) for row in rows] == [(0, "retried", None), (1, "parked", "B")]


# Order -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_what_follows_a_parked_part_is_parked_behind_it_and_retried_behind_it(
    connection: asyncpg.Connection, pool: asyncpg.Pool, size: int
) -> None:
    await open_hotel(connection)
    run = records(
        booking("A", rooms=[line()]),
        without_dates("A", 2),
        booking("B"),
        in_part("A", 3, comments="third"),
        in_part("A", 4, comments="fourth"),
        booking("A", revision=5, comments="fifth", rooms=[line(adults=1)], status="modified"),
    )
    for start in range(0, len(run), size):
        await receive(pool, *run[start : start + size])
    behind = ("parked", "behind_parked")
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "parked", "incomplete_line"),
        (2, 0, "created", ""),
        *[(offset, 0, *behind) for offset in (3, 4, 5)],
    ]
    # Nothing behind it goes ahead, whoever asks.
    for offset in (3, 4, 5):
        assert await retry(pool, await parked_at(connection, offset)) == [(offset, "parked")]
    assert (await states(connection))[5] == behind
    # It is still what it is.
    first = await parked_at(connection, 1)
    assert await retry(pool, first) == [(1, "parked")]
    assert await states(connection) == {
        1: ("parked", "incomplete_line"),
        **dict.fromkeys((3, 4, 5), behind),
    }
    # Somebody mends it.
    await connection.execute(
        "UPDATE parked SET body = replace(body, '\"category\"', $1) WHERE parked_id = $2",
        '"arrival": "2030-04-10", "departure": "2030-04-11", "category"',
        first,
    )
    assert await retry(pool, first) == [
        (1, "modified"), (3, "modified"), (4, "modified"), (5, "modified")
    ]  # fmt: skip
    assert {state for state, _ in (await states(connection)).values()} == {"retried"}
    told = await connection.fetch(
        "SELECT new FROM v_history WHERE reference = 'A' AND field = 'booking_comments'"
        " ORDER BY version"
    )
    assert [row["new"] for row in told] == ["third", "fourth", "fifth"]
    assert await connection.fetchval("SELECT count(*) FROM message") == len(run)


@pytest.mark.parametrize("size", [1, 100])
async def test_a_booking_is_behind_what_is_parked_under_any_of_its_references(
    connection: asyncpg.Connection, pool: asyncpg.Pool, size: int
) -> None:
    await open_hotel(connection)
    run = records(
        booking("OLD"),
        booking("NEW", revision=2, replaces=["OLD"], status="modified"),
        without_dates("OLD", 3),
        booking("NEW", revision=4, comments="fourth", status="modified"),
        without_dates("NEWEST", 5, replaces=["NEW"]),
        booking("OLD", revision=6, comments="sixth", status="modified"),
    )
    for start in range(0, len(run), size):
        await receive(pool, *run[start : start + size])
    assert [(outcome, reason) for _, _, outcome, reason in await outcomes(connection)] == [
        ("created", ""),
        ("modified", ""),
        ("parked", "incomplete_line"),
        *[("parked", "behind_parked")] * 3,
    ]
    await connection.execute(
        "UPDATE parked SET body = replace(body, '\"category\"', $1)",
        '"arrival": "2030-04-10", "departure": "2030-04-11", "category"',
    )
    retried = await retry(pool, await parked_at(connection, 2))
    assert [offset for offset, _ in retried] == [2, 3, 4, 5]
    assert {state for state, _ in (await states(connection)).values()} == {"retried"}


@pytest.mark.parametrize("size", [1, 100])
async def test_a_whole_snapshot_that_is_parked_holds_nobody_up(
    connection: asyncpg.Connection, pool: asyncpg.Pool, size: int
) -> None:
    await open_hotel(connection)
    run = records(
        booking("A"),
        booking("A", revision=2, rooms=[], status="modified"),
        booking("A", revision=3, comments="third", status="modified"),
    )
    for start in range(0, len(run), size):
        await receive(pool, *run[start : start + size])
    assert [outcome for _, _, outcome, _ in await outcomes(connection)] == [
        "created", "parked", "modified",
    ]  # fmt: skip


async def test_a_discarded_message_holds_nobody_up_and_stays_in_the_list(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await open_hotel(connection)
    await receive(
        pool, *records(booking("A"), without_dates("A", 2), in_part("A", 3, comments="third"))
    )
    first = await parked_at(connection, 1)
    await discard_parked(pool, first, actor="anna")
    assert await retry(pool, await parked_at(connection, 2)) == [(2, "modified")]
    await receive(pool, *records(in_part("A", 4, comments="fourth"), start=3))
    assert [(o, r) for _, _, o, r in await outcomes(connection)] == [
        ("created", ""),
        ("parked", "incomplete_line"),
        ("modified", ""),
        ("modified", ""),
    ]
    row = await connection.fetchrow("SELECT * FROM parked WHERE parked_id = $1", first)
    assert row is not None
    assert (row["state"], row["closed_by"]) == ("discarded", "anna")
    for again in (discard_parked(pool, first, actor="anna"), retry(pool, first)):
        with pytest.raises(Refused, match="no parked message"):
            await again


# Faults of ours and of the database's -------------------------------------------------------


async def test_a_fault_of_ours_costs_one_message_of_five_hundred(
    connection: asyncpg.Connection, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_hotel(connection)

    def faulty(world: World, revision: Revision, **others: Any) -> Any:
        if revision.reference == "R250":
            raise ZeroDivisionError(f"about {revision.header.booker_name}")
        return apply(world, revision, **others)

    run = records(*(booking(f"R{number}") for number in range(500)))
    with monkeypatch.context() as patch:
        patch.setattr(batch, "apply", faulty)
        result = await receive(pool, *run)
    assert result.internal_errors == 1
    found = await outcomes(connection)
    assert [row for row in found if row[2] != "created"] == [(250, 0, "parked", "internal_error")]
    assert len(found) == 500
    detail = await connection.fetchval("SELECT detail FROM parked")
    assert "ZeroDivisionError at" in detail
    assert "Ada" not in detail
    # Mended, it is tried again.
    assert await retry(pool, await parked_at(connection, 250)) == [(250, "created")]
    assert len(await outcomes(connection)) == 500


REFUSING = """
CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reference = ANY (string_to_array(TG_ARGV[0], ' ')) THEN
        RAISE EXCEPTION 'refused' USING ERRCODE = TG_ARGV[1];
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuses BEFORE INSERT ON reservation
FOR EACH ROW EXECUTE FUNCTION refuses('%s', '%s');
"""


@pytest.mark.parametrize("state", ["22003", "23514"])
@pytest.mark.parametrize("refused", [[0], [77], [99], [3, 4, 60]])
async def test_what_the_database_refuses_is_found_and_parked_alone(
    connection: asyncpg.Connection, pool: asyncpg.Pool, refused: list[int], state: str
) -> None:
    await open_hotel(connection)
    await connection.execute(REFUSING % (" ".join(f"R{number}" for number in refused), state))
    houses = Houses()
    run = records(*(booking(f"R{number}") for number in range(100)))
    result = await apply_slice(pool, run, today_of=TODAY, houses=houses)
    assert [one.record.offset for one in result.applied] == list(range(100))
    assert result.internal_errors == len(refused)
    found = await outcomes(connection)
    assert len(found) == 100
    assert [row for row in found if row[2] != "created"] == [
        (number, 0, "parked", "internal_error") for number in refused
    ]
    assert await connection.fetchval("SELECT count(*) FROM v_stay") == 100 - len(refused)
    # What is remembered of the hotel is what was written: the next one goes on from there.
    await apply_slice(pool, records(booking("NEXT"), start=100), today_of=TODAY, houses=houses)
    gaps = await connection.fetchval(
        "SELECT max(version) - min(version) + 1 - count(*) FROM history"
    )
    assert gaps == 0
    await connection.execute("DROP TRIGGER refuses ON reservation")
    for number in refused:
        assert await retry(pool, await parked_at(connection, number)) == [(number, "created")]
    assert {outcome for _, _, outcome, _ in await outcomes(connection)} == {"created"}


async def test_what_cannot_even_be_set_aside_as_it_came_is_known_by_its_place_and_hash(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    """No message can bring a partition to a halt, whatever the database finds wrong with it."""
    await open_hotel(connection)
    await connection.execute(
        "ALTER TABLE message ADD CONSTRAINT nobody CHECK (reference IS DISTINCT FROM 'R1')"
    )
    run = records(*(booking(f"R{number}") for number in range(3)))
    result = await apply_slice(pool, run, today_of=TODAY)
    assert [one.outcome.value for one in result.applied] == ["created", "parked", "created"]
    assert (await outcomes(connection))[1] == (1, 0, "parked", "internal_error")
    row = await connection.fetchrow("SELECT * FROM parked")
    assert row is not None
    assert (row["offset"], row["reference"], row["body"], row["headers"]) == (1, None, None, "{}")
    assert row["body_sha256"] == hashlib.sha256(run[1].body).hexdigest()
    with pytest.raises(Refused, match="sender must send again"):
        await retry(pool, row["parked_id"])


async def test_a_part_that_the_database_refuses_holds_its_booking_up(
    connection: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    await open_hotel(connection)
    await receive(pool, *records(booking("A"), booking("B")))
    await connection.execute(
        "ALTER TABLE history ADD CONSTRAINT soberly CHECK (message_id <> 'A-3')"
    )
    run = records(
        in_part("B", 2, comments="second"),
        in_part("A", 2, comments="second"),
        in_part("A", 3, comments="third"),
        in_part("A", 4, comments="fourth"),
        in_part("B", 3, comments="fine"),
        start=2,
    )
    await receive(pool, *run)
    assert (await outcomes(connection))[2:] == [
        (2, 0, "modified", ""),
        (3, 0, "modified", ""),
        (4, 0, "parked", "internal_error"),
        (5, 0, "parked", "behind_parked"),
        (6, 0, "modified", ""),
    ]
