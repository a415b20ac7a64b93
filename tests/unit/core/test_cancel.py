"""Cancelled, and then: tombstones (M5), content under a cancel (M6), M9, M13, M14."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from channel_sync.core.model import (
    Basis,
    Completeness,
    Header,
    Order,
    Outcome,
    Reason,
    StayStatus,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import cancels, day, line, new, partial, says

EMPTY = "room | 01 02 03\n STD 101 | . . .\n STD 102 | . . .\n DLX 201 | . . ."
HELD = "room | 01 02 03\n STD 101 | A A .\n STD 102 | . . .\n DLX 201 | . . ."
TWO = "room | 01 02\n STD 101 | A A\n STD 102 | A2 A2\n STD 103 | . ."
WHOLE = line("STD", 1, 3)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def names(made: Hotel) -> list[str]:
    return [event.name for _, event in made.events]


# --- a cancel changes status and fee only (M13) ------------------------------------------------


def test_a_cancel_cancels_all_lines_whatever_it_lists() -> None:
    made = hotel(TWO)
    absurd = line("ZERO", 90, 91, name="1", adults=9)
    said = cancels("A", absurd, completeness=Completeness.FULL, revision=2, booker_name="X")
    assert made.receive(said) is Outcome.CANCELLED
    assert_plan(made, "room | 01 02\n STD 101 | . .\n STD 102 | . .\n STD 103 | . .")
    stay, booking = made.stay("A"), made.booking("A")
    assert (stay.arrival, stay.adults, stay.booked_category) == (day(1), 2, "STD")
    assert booking.booker_name is None
    assert booking.base == Header(is_live=False)
    assert booking.status_order == Order(Basis.REVISION, 2)
    assert booking.content_order == Order(Basis.REVISION, 1)
    assert {e.rule for _, e in made.events} == {"M13"}
    assert made.events[0][1].reason == "the channel cancelled it"


def test_a_fee_is_taken_with_the_cancel() -> None:
    made = hotel(HELD)
    made.receive(cancels("A", cancellation_fee=Decimal(40), revision=2))
    booking = made.booking("A")
    assert booking.cancellation_fee == Decimal(40)
    assert booking.base == Header(is_live=False, cancellation_fee=Decimal(40))


def test_a_second_cancel_is_unchanged_unless_it_names_another_fee() -> None:
    made = hotel(HELD)
    made.receive(cancels("A", cancellation_fee=Decimal(40), revision=2))
    again = cancels("A", cancellation_fee=Decimal(40), revision=3)
    assert made.receive(again) is Outcome.UNCHANGED
    fee = cancels("A", cancellation_fee=Decimal(50), revision=4)
    assert made.receive(fee) is Outcome.MODIFIED
    assert made.receive(cancels("A", revision=3)) is Outcome.STALE


def test_an_older_cancel_is_stale() -> None:
    made = hotel(HELD)
    made.receive(says("A", line("STD", 1, 4), revision=5))
    assert made.receive(cancels("A", revision=4)) is Outcome.STALE
    assert not made.stay("A").is_cancelled
    early = replace(cancels("A", revision=5), message_id="early")
    early = replace(early, arrived=replace(early.arrived, offset=0))
    assert made.receive(early) is Outcome.STALE
    assert made.receive(cancels("A", revision=5)) is Outcome.CANCELLED


def test_a_cancel_closes_the_tasks_of_stay_and_booking() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", line("STD", 1, 3, adults=9), contact_phone="1", revision=1))
    desk.edit_booking(made, "A", contact_phone="of staff")
    made.receive(says("A", line("STD", 1, 3, adults=9), contact_phone="2", revision=2))
    assert made.tasks("A", None) == [Reason.LOCAL_VALUE_REPLACED]
    made.receive(cancels("A", revision=3))
    assert made.booking("A").tasks == ()
    assert {task.closed_by for task in made.closed} == {"revision 3"}


def test_the_tasks_of_all_its_stays_are_closed() -> None:
    made = hotel("room | 01 02\n STD 101 | B B\n STD - | A A")
    second = line("STD", 1, 3, name="2")
    made.receive(says("A", WHOLE, second, revision=2), cancels("A", revision=3))
    assert [(task.reason, task.line) for task in made.closed] == [
        (Reason.NO_ROOM, "1"),
        (Reason.NO_ROOM, "2"),
    ]


def test_what_is_live_of_a_booking_half_in_house_is_cancelled() -> None:
    made = hotel(TWO, today=day(2))
    made.receive(says("A", WHOLE, line("STD", 3, 5, name="2"), revision=2))
    made.turn_to(day(2))
    booking = made.booking("A")
    ahead = replace(booking.stay("2"), arrival=day(5), departure=day(6), rooms=())
    made.put(replace(booking, stays=(booking.stay("1"), ahead), tasks=()))
    assert made.receive(cancels("A", revision=3)) is Outcome.DEFERRED
    assert made.stay("A", "2").is_cancelled
    assert made.tasks("A") == [Reason.IN_HOUSE_CANCELLATION]


def test_a_cancel_that_finds_nothing_to_cancel_is_a_modification() -> None:
    made = hotel(HELD, today=day(1))
    desk.no_show(made, "A")
    assert made.receive(cancels("A", revision=2)) is Outcome.MODIFIED


# --- tombstones (M5) ---------------------------------------------------------------------------


def tombstone(**order: Any) -> Hotel:
    made = hotel(EMPTY)
    said = cancels("A", cancellation_fee=Decimal(9), **order)
    assert made.receive(said) is Outcome.TOMBSTONED
    return made


def test_a_cancel_of_an_unknown_booking_leaves_a_tombstone_and_a_task() -> None:
    made = tombstone(revision=5)
    booking = made.booking("A")
    assert booking.is_tombstone
    assert booking.is_cancelled
    assert booking.base == Header(is_live=False, cancellation_fee=Decimal(9))
    assert booking.cancellation_fee == Decimal(9)
    assert booking.status_order == Order(Basis.REVISION, 5)
    assert booking.content_order is None
    task = made.task("A", Reason.ORIGINAL_MISSING, None)
    assert task.details == {
        "why": "the channel cancelled a booking that never arrived",
        "changes": [],
    }
    assert names(made) == ["tombstoned"]


def test_an_older_snapshot_fills_a_tombstone_in_which_stays_cancelled() -> None:
    made = tombstone(revision=5)
    said = new("A", WHOLE, booker_name="Ada", revision=4)
    assert made.receive(said) is Outcome.STALE
    booking, stay = made.booking("A"), made.stay("A")
    assert booking.is_tombstone is False
    assert booking.booker_name == "Ada"
    assert booking.base == Header(is_live=False, booker_name="Ada", cancellation_fee=Decimal(9))
    assert (stay.status, stay.cancelled_by, stay.rooms) == (StayStatus.CANCELLED, "channel", ())
    assert booking.tasks == ()
    assert booking.status_order == Order(Basis.REVISION, 5)
    assert booking.content_order == Order(Basis.REVISION, 4)
    (_, event) = made.events[-1]
    assert (event.name, event.line, event.actor_type) == ("filled in", "1", "system")
    assert event.reason == "content newer than that held, under a later cancel"


def test_newer_content_under_the_cancel_is_taken_and_older_is_stale() -> None:
    made = tombstone(revision=5)
    made.receive(new("A", WHOLE, line("STD", 1, 3, name="2"), revision=2))
    before = len(made.events)
    assert made.receive(says("A", line("STD", 1, 2), revision=1)) is Outcome.STALE
    assert len(made.events) == before
    third = line("DLX", 2, 4, name="3")
    assert made.receive(says("A", line("STD", 1, 4), third, revision=3)) is Outcome.STALE
    assert made.stay("A").departure == day(4)
    assert made.stay("A", "3").is_cancelled
    assert made.stay("A", "3").booked_category == "DLX"
    assert names(made)[before:] == ["filled in", "filled in", "line gone"]
    assert made.booking("A").content_order == Order(Basis.REVISION, 3)


def test_a_partial_one_under_the_cancel_leaves_other_lines() -> None:
    made = hotel(TWO)
    made.receive(cancels("A", revision=5))
    made.receive(partial("A", line("STD", 1, 4), booking_comments="late", revision=3))
    assert made.stay("A").departure == day(4)
    assert made.booking("A").booking_comments == "late"
    base = made.stay("A", "2").base
    assert base is not None
    assert base.is_live


def test_a_header_alone_is_filled_in_too() -> None:
    made = hotel(HELD)
    made.receive(cancels("A", revision=5))
    assert made.receive(partial("A", booker_name="Ada", revision=3)) is Outcome.STALE
    assert made.booking("A").booker_name == "Ada"
    event = made.events[-1][1]
    assert (event.name, event.line, event.rule) == ("filled in", None, "M6")
    assert event.reason == "content newer than that held, under a later cancel"


def test_a_provably_newer_snapshot_makes_the_booking_of_a_tombstone() -> None:
    made = tombstone(revision=5)
    assert made.receive(says("A", WHOLE, revision=6)) is Outcome.CREATED
    assert_plan(made, HELD)
    assert made.booking("A").tasks == ()
    assert not made.booking("A").is_tombstone
    assert made.booking("A").created_from_modification


def test_a_snapshot_that_is_neither_is_deferred() -> None:
    made = tombstone()
    assert made.receive(new("A", WHOLE, booker_name="Ada")) is Outcome.DEFERRED
    booking = made.booking("A")
    assert booking.base is not None
    assert booking.base.is_live is False
    assert not booking.is_tombstone
    assert booking.booker_name == "Ada"
    assert made.stay("A").is_cancelled
    assert made.tasks("A", None) == [Reason.STATUS_CONFLICT]
    task = made.task("A", Reason.STATUS_CONFLICT, None)
    assert task.details["why"] == "the booking is cancelled, and now the channel says new"
