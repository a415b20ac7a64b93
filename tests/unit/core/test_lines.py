"""Lines that come and go (M11), values of staff (section 1), what cannot be applied (M15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.judge import SetAside
from channel_sync.core.merge import UnfitDates, base_after
from channel_sync.core.model import (
    Completeness,
    Outcome,
    Parked,
    Reason,
    Stay,
    StayStatus,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import cancels, day, line, new, partial, says
from tests.unit.core.test_decide import EMPTY, HELD, WHOLE, events_of

# --- staff's values (section 1) ----------------------------------------------------------------


def test_a_value_of_staff_survives_a_message_that_repeats_the_channel_s() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", WHOLE, contact_phone="1", revision=1))
    desk.edit_booking(made, "A", contact_phone="of staff")
    made.receive(says("A", line("STD", 1, 4), contact_phone="1", revision=2))
    assert made.booking("A").contact_phone == "of staff"


def test_a_value_of_staff_that_the_channel_changes_too_is_replaced_and_noted() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", line("STD", 1, 3, comments="c"), contact_phone="1", revision=1))
    desk.edit_booking(made, "A", contact_phone="of staff")
    desk.edit(made, "A", comments="of staff", amount=Decimal(5))
    made.receive(says("A", line("STD", 1, 3, comments="new"), contact_phone="2", revision=2))
    assert made.booking("A").contact_phone == "2"
    assert made.stay("A").comments == "new"
    assert made.stay("A").amount == Decimal(5)
    of_booking = made.task("A", Reason.LOCAL_VALUE_REPLACED, None)
    assert of_booking.notice
    assert of_booking.details["changes"] == [
        {"line": None, "field": "contact_phone", "old": "of staff", "new": "2"}
    ]
    of_stay = made.task("A", Reason.LOCAL_VALUE_REPLACED)
    assert of_stay.details["why"] == "staff and channel changed the same value"
    assert of_stay.details["changes"] == [
        {"line": "1", "field": "comments", "old": "of staff", "new": "new"}
    ]


def test_a_notice_gathers_what_was_replaced_each_value_once() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", line("STD", 1, 3, comments="a", rate_plan="R"), revision=1))
    desk.edit(made, "A", comments="s1")
    made.receive(says("A", line("STD", 1, 3, comments="b", rate_plan="R"), revision=2))
    desk.edit(made, "A", comments="s2", rate_plan="S")
    made.receive(says("A", line("STD", 1, 3, comments="c", rate_plan="Q"), revision=3))
    changes: Any = made.task("A", Reason.LOCAL_VALUE_REPLACED).details["changes"]
    assert [(c["field"], c["old"]) for c in changes] == [("rate_plan", "S"), ("comments", "s2")]


def test_a_notice_tells_of_nothing_but_what_was_replaced() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A B")
    made.receive(says("A", line("STD", 1, 4), revision=2))
    desk.edit(made, "A", comments="of staff")
    made.receive(says("A", line("STD", 1, 4, comments="new"), revision=3))
    changes: Any = made.task("A", Reason.LOCAL_VALUE_REPLACED).details["changes"]
    assert [c["field"] for c in changes] == ["comments"]
    assert Reason.NO_ROOM in made.tasks("A")


def test_staff_and_channel_agreed_nobody_is_told() -> None:
    made = hotel(HELD)
    desk.edit(made, "A", comments="late")
    made.receive(says("A", line("STD", 1, 3, comments="late"), revision=2))
    assert made.stay("A").comments == "late"
    assert made.tasks("A") == []


# --- lines come and go (M11) -------------------------------------------------------------------

TWO = "room | 01 02\n STD 101 | A A\n STD 102 | A2 A2\n STD 103 | . ."


def test_a_line_that_has_gone_is_cancelled_that_stay_alone() -> None:
    made = hotel(TWO)
    assert made.receive(says("A", WHOLE, revision=2)) is Outcome.MODIFIED
    assert_plan(made, "room | 01 02\n STD 101 | A A\n STD 102 | . .\n STD 103 | . .")
    assert made.stay("A", "2").is_cancelled
    assert events_of(made) == [("line gone", "2"), ("cancelled", "2")]
    (_, gone), (_, off) = made.events
    assert (gone.reason, gone.rule) == ("no longer in the message", "M11")
    assert (off.reason, off.rule) == ("cancelled by the channel", "M11")
    base = made.stay("A", "2").base
    assert base is not None
    assert base.is_live is False
    assert made.receive(says("A", WHOLE, revision=3)) is Outcome.UNCHANGED


def test_a_new_line_is_a_new_stay() -> None:
    made = hotel(TWO)
    third = line("STD", 1, 3, name="3")
    said = says("A", WHOLE, line("STD", 1, 3, name="2"), third, revision=2)
    assert made.receive(said) is Outcome.MODIFIED
    assert_plan(made, "room | 01 02\n STD 101 | A A\n STD 102 | A2 A2\n STD 103 | A3 A3")


def test_a_line_that_returns_under_its_stable_id_is_reinstated() -> None:
    made = hotel(TWO)
    both = (WHOLE, line("STD", 1, 3, name="2"))
    made.receive(says("A", WHOLE, revision=2))
    assert made.receive(says("A", *both, revision=3)) is Outcome.MODIFIED
    assert_plan(made, TWO)
    assert made.stay("A", "2").cancelled_by is None
    assert made.events[-1][1].name == "reinstated"
    assert made.events[-1][1].rule.startswith("M11; ")


def test_a_line_marked_cancelled_again_changes_nothing() -> None:
    made = hotel(TWO)
    dead = line("STD", 1, 3, name="2", is_live=False)
    made.receive(says("A", WHOLE, dead, revision=2))
    assert made.receive(says("A", WHOLE, dead, revision=3)) is Outcome.UNCHANGED
    unknown = line("STD", 1, 3, name="9", is_live=False)
    assert made.receive(says("A", WHOLE, dead, unknown, revision=4)) is Outcome.UNCHANGED


def test_a_line_gone_from_a_guest_in_house_is_asked_about_and_may_come_back() -> None:
    made = hotel(TWO, today=day(2))
    assert made.receive(says("A", WHOLE, revision=2)) is Outcome.DEFERRED
    assert made.tasks("A", "2") == [Reason.IN_HOUSE_CANCELLATION]
    both = (WHOLE, line("STD", 1, 3, name="2"))
    assert made.receive(says("A", *both, revision=3)) is Outcome.MODIFIED
    assert made.tasks("A", "2") == []


def added(made: Hotel) -> None:
    """Staff add a stay of their own."""
    desk.add_stay(
        made, "A", Stay("7", StayStatus.CONFIRMED, day(1), day(3), 2, booked_category="STD")
    )


def test_a_stay_that_staff_added_is_paired_with_nothing_and_cancelled_by_nothing() -> None:
    made = hotel(HELD)
    added(made)
    own = made.stay("A", "7")
    made.receive(says("A", WHOLE, revision=2))
    assert made.stay("A", "7") == own
    assert made.receive(cancels("A", revision=3)) is Outcome.CANCELLED
    assert made.stay("A", "7") == own
    assert made.tasks("A", "7") == [Reason.REVIEW]
    assert made.booking("A").is_cancelled
    assert made.receive(says("A", WHOLE, revision=4)) is Outcome.REINSTATED


# --- what cannot be applied (M15) --------------------------------------------------------------


def aside(made: Hotel, revision: Any) -> SetAside:
    before = dict(made.bookings)
    step = made.try_to_receive(revision)
    assert isinstance(step, SetAside)
    assert made.bookings == before
    return step


def test_a_booking_without_a_room_line_is_parked() -> None:
    assert aside(hotel(EMPTY), new("A")).reason is Parked.NO_ROOMS
    assert aside(hotel(HELD), says("A", revision=2)).reason is Parked.NO_ROOMS
    assert aside(hotel(EMPTY), partial("A")).reason is Parked.NO_ROOMS


def test_ids_only_are_parked_until_the_booking_is_fetched() -> None:
    said = says("A", WHOLE, completeness=Completeness.IDS_ONLY)
    assert aside(hotel(HELD), said) == SetAside(
        Parked.NEEDS_FETCH, "the message carries ids only: pull the booking itself"
    )


@pytest.mark.parametrize("missing", ["arrival", "departure"])
def test_a_new_line_without_dates_is_parked(missing: str) -> None:
    nothing: dict[str, Any] = {missing: None}
    second = replace(line("STD", 1, 3, name="2"), **nothing)
    step = aside(hotel(HELD), partial("A", WHOLE, second, revision=2))
    assert step == SetAside(
        Parked.INCOMPLETE_LINE, "rooms[1]: expected arrival and departure, got none"
    )


@pytest.mark.parametrize(("today", "said"), [(0, {"arrival": 5}), (2, {"departure": 0})])
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_date_that_does_not_fit_the_one_left_unsaid_is_parked(
    today: int, said: dict[str, int], *, is_cancelled: bool
) -> None:
    made = hotel(HELD)
    if is_cancelled:
        made.receive(cancels("A", revision=2))
    made.today = day(today)
    unsaid: dict[str, Any] = {"arrival": None, "departure": None}
    dates = {name: day(number) for name, number in said.items()}
    one = replace(line("STD", 1, 3), **{**unsaid, **dates})
    step = aside(made, partial("A", one, revision=3))
    assert step.reason is Parked.INCOMPLETE_LINE
    assert step.detail.startswith("stay 1: expected a departure from ")


def test_a_stay_does_not_grow_by_parts_beyond_what_it_may_be() -> None:
    made = hotel(HELD)
    stay, longer = made.stay("A", "1"), replace(line("STD", 1, 40), arrival=None)
    assert base_after(made.house, "booking.com", stay, longer, 39).departure == day(40)
    with pytest.raises(UnfitDates, match="expected at most 38 nights, got 39") as refused:
        base_after(made.house, "booking.com", stay, longer, 38)
    assert refused.value.reason is Parked.STAY_TOO_LONG


def test_a_date_alone_fits_where_no_other_was_ever_said() -> None:
    made = hotel(HELD)
    stay = replace(made.stay("A", "1"), base=None)
    alone = replace(line("STD", 1, 4), arrival=None)
    assert base_after(made.house, "booking.com", stay, alone, 1).departure == day(4)


def test_a_date_that_no_longer_fits_is_old_news_in_a_repeat() -> None:
    made = hotel(HELD)
    longer = replace(line("STD", 1, 4), arrival=None)
    made.receive(partial("A", longer, revision=2))
    made.receive(says("A", line("STD", 6, 8), revision=3))
    assert made.receive(partial("A", longer, revision=2)) is Outcome.DUPLICATE
