"""A rebuild agrees with the database it was made from, and finds a row that was tampered with.

The story at its end, in nights of April 2030 (A was given 201 by hand, and lost it to a block; B
was cancelled, so that the planner gave its room to A; C waits):

    room     | 10  11  12  13  14  ..  20  21
    DBL 101  | W   W   W   W   .   .   S   S
    DBL 102  | .   A   A   A   A   .   .   .
    SUI 201  | #   #   #   #   #   #   #   #
    wait DBL | C   C   C   C   .   .   .   .
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from channel_sync.assign import assign
from channel_sync.cli import app
from channel_sync.clock import FixedToday
from channel_sync.errors import Refused
from channel_sync.parked import retry_parked
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.progress import Silence
from channel_sync.property_file import parse_property
from channel_sync.rebuild.run import Report, rebuild
from channel_sync.settings import Settings
from channel_sync.store.properties import load_property
from tests.integration.seaview import booking, line, records, worker_pool
from tests.parts.postgres import PostgresPart

DAY = date(2030, 3, 1)
TODAY = FixedToday(DAY)
HOTEL: dict[str, Any] = {
    "property": "seaview",
    "name": "Sea View",
    "timezone": "Europe/Lisbon",
    "currency": "EUR",
    "categories": [
        {"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101", "102"]},
        {"code": "SUI", "name": "Suite", "capacity": 4, "rooms": ["201"]},
    ],
}
BLOCKED = {**HOTEL, "blocks": [{"room": "201", "from": "2030-04-01", "to": "2030-05-01"}]}

PART = {"status": "modified", "completeness": "partial", "booker": ...}


async def tell_the_story(url: str) -> None:
    """As it happens in life: messages, edits, the hotel's own changes, the planner in between."""
    desk = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    await desk.execute("SELECT set_config('channel_sync.today', $1, false)", DAY.isoformat())
    async with worker_pool(url) as pool:
        offset = 0

        async def let_plan() -> None:
            while await plan_next(pool, today_of=TODAY):
                pass

        async def receive(*said: Any) -> None:
            nonlocal offset
            await apply_slice(pool, records(*said, start=offset), today_of=TODAY)
            offset += len(said)
            await let_plan()

        async def staff(call: str) -> None:
            await desk.execute(f"SELECT {call}")
            await let_plan()

        async def task(reference: str) -> int:
            asked = "SELECT task_id FROM v_task WHERE reference = $1 AND state = 'open'"
            return int(await desk.fetchval(asked, reference))

        await receive(booking("C"))  # of a hotel that nobody knows yet: parked
        await load_property(desk, parse_property(HOTEL))
        await receive([booking("A"), booking("B")])
        await receive(booking("W"))
        await staff("move_stay('seaview', 'A', '1', '201', 'anna', 'a birthday')")
        later = [line(arrival="2030-04-11", departure="2030-04-15")]
        await receive(booking("A", revision=2, status="modified", rooms=later))
        await staff("edit_stay('seaview', 'A', '1', '{\"adults\": 1}', 'anna')")
        await staff("note_stay('seaview', 'A', '1', 'likes quiet', 'ben')")
        await desk.execute("UPDATE stay SET amount = 380 WHERE reservation_id = 1")
        await receive(booking("A", revision=2, status="modified", rooms=later))
        await receive(booking("A", revision=3, status="modified", rooms=later))
        await staff("pin_stay('seaview', 'W', '1', 'anna')")
        await load_property(desk, parse_property(BLOCKED))
        await let_plan()
        await receive(
            booking("B", revision=2, status="cancelled", rooms=[]),
            booking("W", revision=2, **PART, rooms=..., comments="late"),
            b"{not json",
        )
        stay = line(category="SUI", arrival="2030-04-20", departure="2030-04-22")
        await receive(booking("S", rooms=[stay]))
        await assign(pool, today_of=TODAY, actor="ben", task_id=await task("S"), room="101")
        await receive(booking("H", rooms=[line(arrival="2030-03-01", departure="2030-03-03")]))
        await staff("check_in('seaview', 'H', '1', 'ben')")
        await receive(booking("H", revision=2, status="cancelled", rooms=[]))
        await staff(f"accept_task('seaview', {await task('H')}, 'anna')")
        parked = await desk.fetchval("SELECT parked_id FROM parked WHERE reference = 'C'")
        await retry_parked(pool, parked, today_of=TODAY, actor="anna")
        await let_plan()
    await desk.close()


@pytest.fixture(scope="module")
async def story(postgres: PostgresPart, migrated_template: str) -> str:
    """The name of a database to copy, in which the story has happened."""
    url = await postgres.create("story_of_a_rebuild", migrated_template)
    await tell_the_story(url)
    return "story_of_a_rebuild"


@pytest.fixture
async def live(postgres: PostgresPart, story: str) -> AsyncIterator[str]:
    async with postgres.database(story) as url:
        yield url


@pytest.fixture
async def elsewhere(postgres: PostgresPart, migrated_template: str) -> AsyncIterator[str]:
    async with postgres.database(migrated_template) as url:
        yield url


async def audit(url: str, into: str | None) -> Report:
    settings = Settings(database_url=SecretStr(url))
    audited = rebuild(settings, property_id="seaview", into=into, work=Silence())
    (report,) = [one async for one in audited]
    return report


async def tamper(url: str, *statements: str) -> None:
    """Behind the back of every trigger and key, as a restored table or a stray script is."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    await connection.execute("SET session_replication_role = replica")
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_history_and_state_tell_the_same_story(live: str, elsewhere: str) -> None:
    report = await audit(live, elsewhere)
    assert not report.untold
    assert [str(one) for one in report.differences] == []
    assert report.apart == {}
    assert (report.bookings, report.messages, report.edits, report.hotels) == (6, 12, 8, 2)
    assert report.looks >= 3


class Delayed(Silence):
    """A story that takes longer to tell than a transaction of the live database may be idle."""

    def begin(self, what: str, total: int) -> None:
        super().begin(what, total)
        time.sleep(1.0)


async def test_a_long_story_holds_no_transaction_of_the_live_database(
    live: str, elsewhere: str
) -> None:
    settings = Settings(database_url=SecretStr(live), database_idle_in_transaction_timeout_ms=200)
    audited = rebuild(settings, property_id=None, into=elsewhere, work=Delayed())
    assert [report.is_same async for report in audited] == [True]


TAMPERED = {
    "the dates of a stay": (
        "UPDATE stay SET departure = departure + 1 WHERE reservation_id = 3",
        "booking.com/W: stay 1: departure",
    ),
    "the room of a stay": (
        (
            "UPDATE stay SET rooms = ARRAY[('102', arrival, departure)::allocation]"
            " WHERE reservation_id = 3"
        ),
        "booking.com/W: stay 1: rooms",
    ),
    "a night": (
        "DELETE FROM room_night WHERE reservation_id = 3 AND night = '2030-04-12'",
        "booking.com/W: stay 1: nights",
    ),
    "a pin": (
        "UPDATE stay SET pinned_room = NULL WHERE reservation_id = 3",
        "booking.com/W: stay 1: pinned_room",
    ),
    "the staff's note": (
        "UPDATE stay SET staff_note = 'loud' WHERE reservation_id = 1",
        "booking.com/A: stay 1: staff_note",
    ),
    "the address of a booking": (
        "UPDATE reservation SET contact_email = 'b@example.org' WHERE reservation_id = 3",
        "booking.com/W: the booking: contact_email",
    ),
    "what the channel last said": (
        (
            "UPDATE reservation SET base = jsonb_set(base, '{comments}', '\"x\"')"
            " WHERE reservation_id = 3"
        ),
        "booking.com/W: the booking: base",
    ),
    "a fact of a message's event": (
        (
            "UPDATE history SET facts = jsonb_set(facts, '{arrival,1}', '\"2030-04-09\"')"
            " WHERE reservation_id = 1 AND message_id = 'A-2' AND facts ? 'arrival'"
        ),
        "booking.com/A: event",
    ),
    "a fact of an edit": (
        (
            "UPDATE history SET facts = jsonb_set(facts, '{adults,1}', '2')"
            " WHERE reservation_id = 1 AND event = 'edited' AND facts ? 'adults'"
        ),
        "booking.com/A: stay 1: adults",
    ),
    "an event": (
        "DELETE FROM history WHERE reservation_id = 1 AND event = 'moved'",
        "booking.com/A: ",
    ),
    "a planner's move": (
        "DELETE FROM history WHERE reservation_id = 3 AND actor_type = 'system'",
        "booking.com/W: event",
    ),
    "a task": (
        (
            "DELETE FROM task WHERE reservation_id ="
            " (SELECT reservation_id FROM reservation WHERE reference = 'C')"
        ),
        "booking.com/C: task of stay 1",
    ),
    "who settled a task": (
        "UPDATE task SET state = 'dismissed' WHERE state = 'superseded' AND reservation_id = 3",
        "booking.com/W: task of stay 1",
    ),
    "an outcome": (
        "UPDATE message SET outcome = 'created' WHERE message_id = 'A-3'",
        "booking.com/A: message bookings/0",
    ),
    "a whole booking": (
        "DELETE FROM {table} WHERE reservation_id = 3",
        "booking.com/W: the booking",
    ),
}
WITH_CONSEQUENCES = {"an event"}
"""Untold, it leaves a room taken that others got: they differ too."""
OF_A_BOOKING = (
    *("room_night", "task", "stay", "kept_revision", "reservation_reference"),
    *("reservation", "history"),
)


@pytest.mark.parametrize("what", TAMPERED)
async def test_a_row_that_was_tampered_with_is_found(live: str, elsewhere: str, what: str) -> None:
    statement, found = TAMPERED[what]
    tables = OF_A_BOOKING if "{table}" in statement else ("",)
    await tamper(live, *(statement.format(table=t) if t else statement for t in tables))
    report = await audit(live, elsewhere)
    assert not report.is_same
    lines = [str(one) for one in report.differences]
    assert any(line.startswith(found) for line in lines), lines
    if what not in WITH_CONSEQUENCES:
        assert {one.booking for one in report.differences} == {found.partition(":")[0]}


async def test_a_booking_whose_messages_are_not_all_kept_is_left_apart_and_said_so(
    live: str, elsewhere: str
) -> None:
    """Its rooms are taken all the same, as its history says: the others come out as they are."""
    await tamper(
        live,
        "DELETE FROM message WHERE message_id = 'W-1'",
        "UPDATE message SET body = NULL WHERE message_id = 'S-1'",
    )
    report = await audit(live, elsewhere)
    assert report.apart == {
        "booking.com/S": "message S-1 has no body any more",
        "booking.com/W": "message W-1 is not in the log any more",
    }
    assert report.is_same, [str(one) for one in (*report.differences, *report.untold)]
    assert report.bookings == 4


async def test_an_address_that_is_spelled_as_its_guest_was_corrected_is_no_difference(
    database: str, elsewhere: str
) -> None:
    """A booking shows a known guest's address as the guest's, whose corrections are not told."""
    desk = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    await load_property(desk, parse_property(HOTEL))
    correct = "SELECT edit_guest('seaview', 'A', '{\"email\": \"Ada@Example.org\"}', 'anna')"
    async with worker_pool(database) as pool:
        await apply_slice(pool, records(booking("A")), today_of=TODAY)
        await desk.execute(correct)
        await apply_slice(pool, records(booking("B"), start=1), today_of=TODAY)
    spelled = await desk.fetchval("SELECT contact_email FROM v_stay WHERE reference = 'B'")
    await desk.close()
    assert spelled == "Ada@Example.org"
    report = await audit(database, elsewhere)
    assert [str(one) for one in (*report.differences, *report.untold)] == []


async def test_a_task_that_ends_because_another_was_accepted_is_not_settled_again(
    database: str, elsewhere: str
) -> None:
    """Who leaves early is no unwanted guest any more, although that was asked last."""
    desk = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    await desk.execute("SELECT set_config('channel_sync.today', $1, false)", DAY.isoformat())
    await load_property(desk, parse_property(HOTEL))
    asked = "SELECT task_id FROM v_task WHERE reason = $1 AND state = $2"
    here = line(arrival="2030-03-01", departure="2030-03-03")
    async with worker_pool(database) as pool:
        await apply_slice(pool, records(booking("H", rooms=[here])), today_of=TODAY)
        await desk.execute("SELECT check_in('seaview', 'H', '1', 'ben')")
        off = booking("H", revision=2, status="cancelled", rooms=[])
        await apply_slice(pool, records(off, start=1), today_of=TODAY)
        await desk.execute("SELECT block_guest('seaview', 'H', 'anna')")
        while await plan_next(pool, today_of=TODAY):
            pass
    task = await desk.fetchval(asked, "in_house_cancellation", "open")
    await desk.execute("SELECT accept_task('seaview', $1, 'anna')", task)
    assert await desk.fetchval(asked, "blocked_guest", "superseded") > task
    await desk.close()
    report = await audit(database, elsewhere)
    assert [str(one) for one in (*report.differences, *report.untold)] == []


async def test_a_person_who_says_that_a_stay_keeps_its_room_is_told_again(
    database: str, elsewhere: str
) -> None:
    """That changes nothing but the task: no row of history says it."""
    desk = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    await desk.execute("SELECT set_config('channel_sync.today', $1, false)", DAY.isoformat())
    await load_property(desk, parse_property(HOTEL))
    async with worker_pool(database) as pool:
        said = (
            booking("U"),
            booking("U", revision=2, status="modified", rooms=[line(category="ATTIC")]),
        )
        await apply_slice(pool, records(*said), today_of=TODAY)
        room = await desk.fetchval("SELECT room FROM v_stay")
        await desk.execute("SELECT move_stay('seaview', 'U', '1', $1, 'anna (day)')", room)
    closed = await desk.fetch("SELECT reason, state, closed_by FROM v_task WHERE NOT notice")
    assert [tuple(row) for row in closed] == [("unmapped_category", "done", "anna (day) (moved)")]
    await desk.close()
    report = await audit(database, elsewhere)
    assert [str(one) for one in (*report.differences, *report.untold)] == []


async def test_a_repeat_in_another_partition_that_waited_for_the_hotel_is_told_after_its_original(
    database: str, elsewhere: str
) -> None:
    """Its transaction began first, and found the message handled when it had the hotel."""
    desk = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    await load_property(desk, parse_property(HOTEL))
    (first,) = records(booking("A"))
    async with worker_pool(database) as pool:
        await apply_slice(pool, (replace(first, partition=1),), today_of=TODAY)
        await apply_slice(pool, (first,), today_of=TODAY)
    await desk.execute(
        "UPDATE message SET applied_at = applied_at - interval '1 minute' WHERE partition = 0"
    )
    outcomes = await desk.fetch("SELECT outcome FROM message ORDER BY partition")
    assert [row["outcome"] for row in outcomes] == ["duplicate", "created"]
    await desk.close()
    report = await audit(database, elsewhere)
    assert [str(one) for one in (*report.differences, *report.untold)] == []


async def test_an_edit_of_which_only_the_reason_was_changed_goes_unnoticed(
    live: str, elsewhere: str
) -> None:
    """History is the only witness of why staff did a thing: nothing else can gainsay it."""
    await tamper(live, "UPDATE history SET reason = 'no reason' WHERE event = 'moved'")
    assert (await audit(live, elsewhere)).is_same


async def test_a_database_that_holds_a_hotel_is_not_rebuilt_into(live: str) -> None:
    with pytest.raises(Refused, match="not empty"):
        await audit(live, live)


# The command ------------------------------------------------------------------------------


async def call(url: str, *arguments: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(
        CliRunner().invoke,
        app,
        ["rebuild", *arguments],
        env={"CHANNEL_SYNC_DATABASE_URL": url},
    )
    return done.exit_code, done.stdout, done.stderr


async def test_the_command_makes_a_database_for_the_occasion_and_leaves_none(
    live: str, postgres: PostgresPart
) -> None:
    code, out, err = await call(live, "--from-messages")
    assert code == 0, err
    assert out.startswith("seaview: 6 bookings compared, told again from 12 messages")
    assert "no difference" in out
    connection = await asyncpg.connect(postgres.dsn)
    left = await connection.fetch(
        "SELECT datname FROM pg_database WHERE datname LIKE 'channel_sync_rebuild%'"
    )
    await connection.close()
    assert left == []


async def test_the_command_tells_machines_what_differs_and_ends_with_one(
    live: str, elsewhere: str
) -> None:
    await tamper(live, "UPDATE stay SET staff_note = 'loud' WHERE reservation_id = 1")
    code, out, err = await call(live, "--from-messages", "--into", elsewhere, "--json")
    assert (code, err) == (1, "")
    first, last = [json.loads(line) for line in out.splitlines()]
    assert first == {
        "kind": "difference",
        "property_id": "seaview",
        "booking": "booking.com/A",
        "what": "stay 1: staff_note",
        "held": "a value that is not shown",
        "told": "a value that is not shown",
    }
    assert (last["kind"], last["bookings"], last["same"]) == ("compared", 6, False)


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        ((), 2, "--from-messages"),
        (("--from-messages", "--property", "nowhere"), 1, "there is no property nowhere"),
    ],
)
async def test_what_cannot_be_rebuilt_is_refused_in_a_line(
    live: str, arguments: tuple[str, ...], code: int, why: str
) -> None:
    ended, out, err = await call(live, *arguments)
    assert (ended, out) == (code, "")
    assert why in err
