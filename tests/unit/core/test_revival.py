"""Cancelled, then new or modified (M9, M14), and requests for a quote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channel_sync.core.model import (
    Basis,
    Header,
    Kept,
    Line,
    Order,
    Outcome,
    Reason,
    Revision,
    Said,
    StayStatus,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import cancels, day, line, loose, new, partial, says
from tests.unit.core.test_cancel import EMPTY, HELD, NOON, TWO, WHOLE, names

# --- cancelled, then new or modified (M9, M14) -------------------------------------------------


def off(**order: Any) -> Hotel:
    made = hotel("room | 01 02 03\n STD 101 | B . .\n STD 102 | A! A! .\n DLX 201 | . . .")
    desk.edit(made, "A", staff_note="a friend")
    made.receive(cancels("A", **order))
    return made


def test_provably_newer_reinstates() -> None:
    made = off(revision=2)
    said = says("A", line("STD", 2, 4), booker_name="Ada", revision=3)
    assert made.receive(said) is Outcome.REINSTATED
    stay, booking = made.stay("A"), made.booking("A")
    assert_plan(made, "room | 01 02 03\n STD 101 | B . .\n STD 102 | . A A\n DLX 201 | . . .")
    assert (stay.pinned_room, stay.cancelled_by, stay.staff_note) == (None, None, "a friend")
    assert booking.base == Header(is_live=True, booker_name="Ada")
    assert names(made)[-1] == "reinstated"
    event = made.events[-1][1]
    assert event.reason == (
        "the channel brought it back; "
        "back in 102, its room before, which is free on the nights wanted"
    )
    assert event.rule.startswith("M14")


def test_its_last_room_is_taken_only_if_it_is_in_the_category_booked() -> None:
    made = off(revision=2)
    made.receive(says("A", line("DLX", 1, 3), revision=3))
    assert made.rooms("A") == ["201"]


def test_a_time_reinstates_as_well() -> None:
    made = off(modified_at=NOON)
    later = says("A", WHOLE, modified_at=NOON + timedelta(seconds=1))
    assert made.receive(later) is Outcome.REINSTATED


def test_provably_older_is_stale() -> None:
    made = off(revision=5)
    made.receive(says("A", line("STD", 2, 4), revision=4))
    assert made.receive(says("A", WHOLE, revision=3)) is Outcome.STALE
    assert made.stay("A").is_cancelled


def test_the_same_order_after_a_cancel_is_deferred() -> None:
    made = off(revision=2)
    assert made.receive(says("A", line("STD", 1, 4), revision=2)) is Outcome.DEFERRED
    assert made.stay("A").is_cancelled
    assert made.stay("A").departure == day(3)
    task = made.task("A", Reason.STATUS_CONFLICT, None)
    changes = task.details["changes"]
    assert changes == [
        {"line": "1", "field": "status", "old": "cancelled", "new": "confirmed"},
        {"line": "1", "field": "departure", "old": "2026-06-03", "new": "2026-06-04"},
    ]
    assert made.booking("A").status_order == Order(Basis.REVISION, 2)


def test_neither_newer_nor_older_is_deferred_and_new_lines_are_recorded_as_cancelled() -> None:
    made = off(modified_at=NOON)
    two = (WHOLE, line("STD", 1, 3, name="2"))
    assert made.receive(says("A", *two, revision=3)) is Outcome.DEFERRED
    assert made.stay("A", "2").is_cancelled
    changes = made.task("A", Reason.STATUS_CONFLICT, None).details["changes"]
    assert changes == [
        {"line": number, "field": "status", "old": "cancelled", "new": "confirmed"}
        for number in ("1", "2")
    ]
    assert names(made)[-1] == "deferred"


def test_what_the_channel_says_of_the_booking_waits_for_the_person_as_well() -> None:
    made = off(revision=2)
    said = says("A", line("STD", 1, 4), booker_name="Ada", revision=2)
    assert made.receive(said) is Outcome.DEFERRED
    details = made.task("A", Reason.STATUS_CONFLICT, None).details
    changes: Any = details["changes"]
    assert changes[-1] == {"line": None, "field": "booker_name", "old": None, "new": "Ada"}
    header: Any = details["booking_base"]
    assert (header["booker_name"], header["is_live"]) == ("Ada", True)
    bases: Any = details["bases"]
    assert bases["1"]["departure"] == "2026-06-04"
    assert made.booking("A").booker_name is None


def test_the_question_is_settled_by_a_provably_newer_one() -> None:
    made = off(revision=2)
    made.receive(says("A", line("STD", 1, 4), revision=2))
    assert made.receive(says("A", WHOLE, revision=3)) is Outcome.REINSTATED
    assert made.tasks("A", None) == []


def test_on_the_arrival_alone_nothing_is_proved() -> None:
    made = off()
    assert made.receive(says("A", WHOLE)) is Outcome.DEFERRED


def test_lines_not_listed_any_more_stay_cancelled() -> None:
    made = hotel(TWO)
    made.receive(cancels("A", revision=2), says("A", WHOLE, revision=3))
    gone = made.stay("A", "2")
    assert gone.is_cancelled
    assert gone.base is not None
    assert not gone.base.is_live
    made.receive(cancels("A", revision=4), partial("A", WHOLE, revision=5))
    assert not made.stay("A").is_cancelled


def test_what_the_channel_cancelled_too_comes_back_whoever_cancelled_it_first() -> None:
    made = hotel(TWO)
    both = (WHOLE, line("STD", 1, 3, name="2"))
    desk.cancel(made, "A", "2")
    made.receive(cancels("A", revision=2))
    assert made.stay("A", "2").cancelled_by == "channel"
    assert made.receive(says("A", *both, revision=3)) is Outcome.REINSTATED
    assert_plan(made, TWO)


def test_a_code_is_mapped_anew_when_a_stay_comes_back() -> None:
    made = hotel(HELD, mapping={"Q": "STD"})
    made.receive(says("A", line("Q", 1, 3), revision=2), cancels("A", revision=3))
    channels = (replace(made.house.channels[0], categories={"Q": "DLX"}),)
    made.change(replace(made.house, channels=channels))
    made.receive(says("A", line("Q", 1, 3), revision=4))
    assert made.stay("A").booked_category == "DLX"
    assert made.rooms("A") == ["201"]


def test_lines_without_a_stable_id_come_back_by_their_content() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", loose(name="a"), revision=1), cancels("A", revision=2))
    assert made.receive(says("A", loose(name="b"), revision=3)) is Outcome.REINSTATED
    assert [stay.status for stay in made.booking("A").stays] == [StayStatus.CONFIRMED]


def test_a_cancel_of_a_live_booking_is_never_a_duplicate_by_content() -> None:
    made = hotel(HELD)
    off_at = made.stamp(cancels("A", revision=2))
    made.kept[1] = (Kept("other", off_at.order, off_at.content_hash),)
    assert made.receive(off_at) is Outcome.CANCELLED
    assert made.receive(replace(off_at, message_id="again")) is Outcome.DUPLICATE


def test_a_line_that_is_dead_when_the_booking_comes_back_stays_cancelled() -> None:
    made = hotel(TWO)
    dead = line("STD", 1, 3, name="2", is_live=False)
    made.receive(cancels("A", revision=2))
    assert made.receive(says("A", WHOLE, dead, revision=3)) is Outcome.REINSTATED
    assert made.stay("A", "2").is_cancelled
    base = made.stay("A", "2").base
    assert base is not None
    assert not base.is_live


def test_a_stay_that_staff_added_and_cancelled_asks_nobody() -> None:
    made = hotel(HELD)
    own = replace(made.stay("A"), line="7", base=None, rooms=(), status=StayStatus.CANCELLED)
    desk.add_stay(made, "A", own)
    assert made.receive(cancels("A", revision=2)) is Outcome.CANCELLED
    assert made.tasks("A", "7") == []


def test_content_under_a_cancel_that_a_person_decides_on_takes_only_the_remarks() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A .", today=day(2))
    assert made.receive(cancels("A", revision=5)) is Outcome.DEFERRED
    said = says("A", line("DLX", 1, 4, comments="late", adults=1), revision=3)
    assert made.receive(said) is Outcome.STALE
    stay = made.stay("A")
    assert (stay.comments, stay.departure, stay.adults) == ("late", day(3), 2)
    assert (stay.booked_category, stay.status) == ("STD", StayStatus.CONFIRMED)
    assert stay.base is not None
    assert stay.base.departure == day(4)
    assert made.tasks("A") == [Reason.IN_HOUSE_CANCELLATION]
    assert made.booking("A").content_order == Order(Basis.REVISION, 3)


# --- a request for a quote ---------------------------------------------------------------------


def asks(reference: str, *lines: Line, **more: Any) -> Revision:
    return says(reference, *lines, said=Said.ENQUIRY, **more)


@pytest.mark.parametrize("lines", [(), (WHOLE,)])
def test_an_enquiry_is_recorded_and_blocks_nothing(lines: tuple[Line, ...]) -> None:
    made = hotel(EMPTY)
    assert made.receive(asks("A", *lines, booker_name="Ada", revision=1)) is Outcome.ENQUIRY
    assert made.booking("A").booker_name == "Ada"
    assert (made.events[0][1].name, made.events[0][1].rule) == ("created", "M11")
    assert_plan(made, EMPTY)
    assert [s.status for s in made.booking("A").stays] == [StayStatus.ENQUIRY for _ in lines]
    assert made.booking("A").tasks == ()


def test_an_enquiry_that_changes_is_an_enquiry_still() -> None:
    made = hotel(EMPTY)
    made.receive(asks("A", WHOLE, revision=1))
    assert made.receive(asks("A", line("STD", 1, 4), revision=2)) is Outcome.ENQUIRY
    assert made.stay("A").departure == day(4)
    assert made.receive(asks("A", line("STD", 1, 4), revision=3)) is Outcome.UNCHANGED


def test_an_enquiry_that_is_booked_is_created_and_placed() -> None:
    made = hotel(EMPTY)
    made.receive(asks("A", WHOLE, revision=1))
    assert made.receive(says("A", WHOLE, revision=2)) is Outcome.CREATED
    assert_plan(made, HELD)


def test_an_enquiry_about_a_booking_changes_nothing_of_it() -> None:
    made = hotel(HELD)
    assert made.receive(asks("A", line("STD", 1, 4), revision=2)) is Outcome.ENQUIRY
    assert_plan(made, HELD)


def test_an_enquiry_with_another_line_keeps_both_as_enquiries() -> None:
    made = hotel(EMPTY)
    made.receive(asks("A", WHOLE, revision=1))
    made.receive(asks("A", WHOLE, line("STD", 1, 3, name="2"), revision=2))
    assert {stay.status for stay in made.booking("A").stays} == {StayStatus.ENQUIRY}
    assert_plan(made, EMPTY)


@pytest.mark.parametrize("order", [{"revision": 1}, {}])
def test_m7_an_enquiry_booked_as_it_was_asked_is_no_repeat(order: dict[str, Any]) -> None:
    made = hotel(EMPTY)
    made.receive(asks("A", WHOLE, **order))
    assert made.receive(says("A", WHOLE, **order)) is Outcome.CREATED
    assert_plan(made, HELD)
    assert made.receive(says("A", WHOLE, **order)) is Outcome.DUPLICATE


@pytest.mark.parametrize("order", [{"revision": 3}, {}])
def test_m14_an_enquiry_brings_no_cancelled_booking_back(order: dict[str, Any]) -> None:
    made = hotel(EMPTY)
    made.receive(says("A", WHOLE, revision=1))
    made.receive(cancels("A", revision=2))
    assert made.receive(asks("A", WHOLE, **order)) is Outcome.ENQUIRY
    assert made.stay("A").status is StayStatus.CANCELLED
    assert made.tasks("A") == []
    assert_plan(made, EMPTY)


def test_m5_a_newer_enquiry_after_a_cancel_of_nothing_is_recorded() -> None:
    made = hotel(EMPTY)
    made.receive(cancels("A", revision=1))
    assert made.receive(asks("A", WHOLE, revision=2)) is Outcome.ENQUIRY
    assert made.stay("A").status is StayStatus.ENQUIRY
    assert_plan(made, EMPTY)


def test_m6_an_enquiry_about_a_booking_outdates_no_change_of_it() -> None:
    made = hotel(EMPTY)
    made.receive(says("A", line("STD", 1, 4), revision=1))
    made.receive(asks("A", WHOLE, revision=3))
    assert made.receive(says("A", WHOLE, revision=2)) is Outcome.MODIFIED
    assert_plan(made, HELD)


def test_m7_what_was_asked_about_a_booking_and_then_done_is_no_repeat() -> None:
    made = hotel(EMPTY)
    made.receive(says("A", line("STD", 1, 4)))
    made.receive(asks("A", WHOLE))
    assert made.receive(says("A", WHOLE)) is Outcome.MODIFIED
    assert_plan(made, HELD)


def test_m11_a_line_of_an_enquiry_goes_and_returns_as_an_enquiry() -> None:
    made = hotel(EMPTY)
    other = line("STD", 1, 3, name="2")
    made.receive(asks("A", WHOLE, other, revision=1))
    assert made.receive(asks("A", WHOLE, revision=2)) is Outcome.ENQUIRY
    assert made.receive(asks("A", line("STD", 1, 4), revision=3)) is Outcome.ENQUIRY
    assert made.stay("A").departure == day(4)
    assert made.receive(asks("A", WHOLE, other, revision=4)) is Outcome.ENQUIRY
    assert [stay.status for stay in made.booking("A").stays] == [StayStatus.ENQUIRY] * 2
    assert_plan(made, EMPTY)


def test_an_enquiry_brings_no_stay_back_that_staff_cancelled() -> None:
    made = hotel(HELD)
    desk.edit(made, "A", status=StayStatus.CANCELLED, cancelled_by="staff")
    assert made.receive(asks("A", line("STD", 1, 4), revision=2)) is Outcome.ENQUIRY
    assert made.stay("A").status is StayStatus.CANCELLED
    assert made.tasks("A") == []
