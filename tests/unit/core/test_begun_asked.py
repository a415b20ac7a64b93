"""Section 4, what a person was asked about begun stays; first seen late (A7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from channel_sync.core.model import Outcome, Reason, StayStatus, TaskState
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.house import cancels, day, line, new
from tests.unit.core.test_begun import (
    CHANGE,
    CONFLICT,
    GONE,
    IN_HOUSE,
    LATER,
    STATES,
    State,
    by_its_dates,
    checked_out,
    hotel_in,
    in_house,
    no_show,
    off,
    told,
)

# --- taken back, and taken further -------------------------------------------------------------


def test_a_wish_that_the_channel_takes_back_ends_the_task() -> None:
    made = hotel_in(in_house)
    told(made, LATER)
    assert told(made, line("STD", 2, 4), 3) is Outcome.MODIFIED
    assert made.tasks("A") == []
    (closed,) = made.closed
    assert (closed.reason, closed.state, closed.closed_by) == (
        CHANGE,
        TaskState.SUPERSEDED,
        "revision 3",
    )


def test_a_second_wish_joins_the_first() -> None:
    made = hotel_in(in_house)
    told(made, LATER)
    told(made, line("DLX", 2, 5), 3)
    changes: Any = made.task("A", CHANGE).details["changes"]
    assert [(c["field"], c["new"]) for c in changes] == [
        ("departure", "2026-06-05"),
        ("booked_category", "DLX"),
    ]
    told(made, line("DLX", 2, 4), 4)
    left: Any = made.task("A", CHANGE).details["changes"]
    assert [c["field"] for c in left] == ["booked_category"]


def test_a_wish_about_the_same_value_replaces_the_first() -> None:
    made = hotel_in(off)
    told(made, LATER)
    told(made, line("STD", 2, 8), 3)
    changes: Any = made.task("A", CONFLICT).details["changes"]
    assert [(c["field"], c["new"]) for c in changes] == [
        ("status", "confirmed"),
        ("departure", "2026-06-08"),
    ]


def test_a_remark_leaves_a_wish_as_it_is() -> None:
    made = hotel_in(in_house)
    told(made, LATER)
    before = made.task("A", CHANGE)
    assert told(made, replace(LATER, comments="late"), 3) is Outcome.MODIFIED
    assert made.task("A", CHANGE) == before


def test_a_wish_is_out_of_date_once_the_stay_is_ahead_again_and_the_channel_speaks_anew() -> None:
    made = hotel_in(by_its_dates)
    told(made, line("STD", 2, 8))
    assert made.tasks("A") == [CHANGE]
    made.turn_to(day(2))
    assert told(made, line("STD", 2, 6), 3) is Outcome.MODIFIED
    assert made.tasks("A") == [Reason.LOCAL_VALUE_REPLACED]
    again = hotel_in(by_its_dates)
    told(again, line("DLX", 2, 8))
    again.turn_to(day(2))
    told(again, line("DLX", 2, 6), 3)
    assert CHANGE in again.tasks("A")


# --- cancel ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", IN_HOUSE)
def test_a_cancel_of_a_guest_in_house_is_asked_about(state: State) -> None:
    made = hotel_in(state)
    before = made.stay("A")
    assert made.receive(cancels("A", revision=2)) is Outcome.DEFERRED
    assert made.stay("A") == before
    task = made.task("A", Reason.IN_HOUSE_CANCELLATION)
    assert task.details["why"] == "the channel cancelled a stay that is checked in"
    assert task.details["changes"] == [
        {"line": "1", "field": "status", "old": before.status.value, "new": "cancelled"}
    ]
    assert task.details["rule"] == "M13"


@pytest.mark.parametrize("state", GONE)
def test_a_cancel_after_check_out_is_a_conflict(state: State) -> None:
    made = hotel_in(state)
    assert made.receive(cancels("A", revision=2)) is Outcome.DEFERRED
    assert made.tasks("A") == [CONFLICT]


def test_a_cancel_of_a_no_show_is_history_only() -> None:
    made = hotel_in(no_show)
    step = made.step(cancels("A", revision=2))
    assert made.stay("A").status is StayStatus.NO_SHOW
    assert made.tasks("A") == []
    assert [event.name for event in step.decisions[0][1].events] == ["cancelled"]
    assert not step.decisions[0][1].freed


def test_a_cancel_of_what_staff_cancelled_closes_the_task() -> None:
    made = hotel_in(off)
    told(made, LATER)
    made.receive(cancels("A", revision=3))
    assert made.tasks("A") == []
    assert made.stay("A").cancelled_by == "channel"
    event = made.events[-1][1]
    assert (event.name, event.reason, event.rule) == (
        "cancelled",
        "the channel cancelled it too",
        "M13",
    )


def test_a_cancel_taken_back_ends_the_question() -> None:
    made = hotel_in(in_house)
    made.receive(cancels("A", revision=2))
    assert told(made, line("STD", 2, 4), 3) is Outcome.MODIFIED
    assert made.tasks("A") == []
    gone = hotel_in(checked_out)
    gone.receive(cancels("A", revision=2))
    told(gone, line("STD", 2, 4), 3)
    assert gone.tasks("A") == []


def test_a_cancel_taken_back_leaves_another_question_open() -> None:
    made = hotel_in(no_show)
    told(made, LATER)
    made.receive(cancels("A", revision=3))
    told(made, LATER, 4)
    assert made.tasks("A") == [CONFLICT]


# --- first seen late (A7) ----------------------------------------------------------------------


def test_first_seen_after_arrival_it_is_placed_for_the_nights_from_today() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | . . . .", today=day(3))
    made.receive(new("A", line("STD", 1, 5)))
    assert_plan(made, "room | 01 02 03 04\n STD 101 | . . A A")


def test_first_seen_after_departure_it_is_recorded_without_a_search() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . .", today=day(9))
    assert made.receive(new("A", line("STD", 1, 4))) is Outcome.CREATED
    assert made.rooms("A") == []
    assert made.tasks("A") == []
    assert made.cells == ["A7: no night"]


def test_a_stay_moved_on_the_day_of_its_arrival_is_noticed() -> None:
    made = hotel("room | 03 04\n STD 101 | A A\n DLX 201 | . .", today=day(3))
    told(made, line("DLX", 3, 5))
    notice = made.task("A", Reason.REVIEW)
    assert notice.notice
    assert notice.details == {
        "kind": "moved_today",
        "why": "moved from 101 to 201 on the day of arrival",
    }
    tomorrow = hotel("room | 03 04\n STD 101 | A A\n DLX 201 | . .", today=day(2))
    told(tomorrow, line("DLX", 3, 5))
    assert tomorrow.tasks("A") == []


# --- codes that mean nothing to us -------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_a_code_without_a_mapping_is_asked_about_unless_the_guest_has_left(state: State) -> None:
    made = hotel_in(state)
    before = made.stay("A")
    outcome = told(made, line("X", 2, 4))
    assert made.stay("A").booked_category == before.booked_category
    if state in GONE:
        assert (outcome, made.tasks("A")) == (Outcome.MODIFIED, [])
        return
    assert outcome is Outcome.DEFERRED
    (task,) = made.booking("A").tasks
    changes: Any = task.details["changes"]
    assert changes[-1] == {
        "line": "1",
        "field": "booked_category",
        "old": "STD",
        "new": "X",
    }
    assert told(made, line("STD", 2, 4), 3) is Outcome.MODIFIED
    assert made.tasks("A") == []
