"""What the planner makes of it when somebody changed something (A4, R7, R9, R10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from channel_sync.core.model import (
    Channel,
    Policy,
    Proposal,
    Reason,
    Room,
    Stay,
    StayStatus,
    TaskState,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, cancels, day, line, new, property_of, says

NO_ROOM = Reason.NO_ROOM
CODE = Reason.UNMAPPED_CATEGORY
WAITS = "room | 01 02\n STD 101 | A A\n STD - | B B"
OFF = Policy(auto_resolve="off")
SUGGEST = Policy(auto_resolve="suggest")


def map_code(made: Hotel, code: str, category: str) -> None:
    """Somebody adds a mapping to the property file."""
    made.change(replace(made.house, channels=(Channel(CHANNEL, categories={code: category}),)))


# --- who waits is tried again (R7) -------------------------------------------------------------


def test_who_waits_gets_the_freed_room_and_history_says_why() -> None:
    made = hotel(WAITS)
    made.receive(cancels("A", revision=2))
    ((booking, decision),) = made.plan_again()
    assert booking.reference == "B"
    (event,) = decision.events
    assert (event.name, event.actor_type, event.rule) == (
        "placed",
        "system",
        "4: dates or occupancy / nothing manual",
    )
    assert event.reason.startswith("best fit in STD: 101 leaves")
    (closed,) = [t for t in decision.tasks if t.state is not TaskState.OPEN]
    assert (closed.reason, closed.state, closed.closed_by) == (
        NO_ROOM,
        TaskState.SUPERSEDED,
        "planner",
    )
    assert made.plan_again() == ()


@pytest.mark.parametrize("policy", [OFF, SUGGEST], ids=["off", "suggest"])
def test_other_policies_leave_it_to_a_person_with_a_proposal(policy: Policy) -> None:
    made = hotel(WAITS, policy=policy)
    made.receive(cancels("A", revision=2))
    ((_, decision),) = made.plan_again()
    assert decision.events == ()
    assert made.rooms("B") == []
    assert made.task("B", NO_ROOM).proposals == (Proposal("room", "101", "STD"),)
    assert made.plan_again() == ()


def test_the_earliest_arrival_is_served_first() -> None:
    made = hotel("room | 01 02 03\n STD 101 | x x x\n STD - | . B .")
    made.receive(new("C", line("STD", 1, 4)))
    made.blocks.clear()
    made.reload()
    made.plan_again()
    assert_plan(made, "room | 01 02 03\n STD 101 | C C C\n STD - | . B .")


def test_of_one_arrival_the_earlier_booking_is_served_first() -> None:
    made = hotel("room | 01\n STD 101 | x\n STD - | B")
    made.receive(new("C", line("STD", 1, 2)))
    made.blocks.clear()
    made.reload()
    made.plan_again()
    assert made.rooms("B") == ["101"]
    assert made.rooms("C") == []


def test_a_room_closed_or_opened_is_planned_again() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD - | B B")
    made.change(replace(made.house, rooms=(*made.house.rooms, Room("102", "STD", 2))))
    made.plan_again()
    assert made.rooms("B") == ["102"]


def test_a_hold_is_tried_again_and_moves_to_a_room_of_its_category() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n DLX 201 | B B")
    made.receive(says("A", line("DLX", 1, 3), revision=2))
    assert made.stay("A").held
    made.receive(cancels("B", revision=2))
    made.plan_again()
    assert_plan(made, "room | 01 02\n STD 101 | . .\n DLX 201 | A A")
    assert made.tasks("A") == []


def test_a_room_too_small_does_not_end_the_wait() -> None:
    made = hotel("room | 01 02\n STD 101/2 | A A\n STD 102/2 | B B")
    made.receive(says("A", line("STD", 1, 3, adults=4), revision=2), cancels("B", revision=2))
    made.plan_again()
    assert made.tasks("A") == [Reason.OVER_CAPACITY]
    assert made.rooms("A") == ["101"]


def test_a_pinned_stay_returns_to_its_own_room_only() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A! A! B\n STD 102 | C C C")
    made.receive(says("A", line("STD", 1, 4), revision=2), cancels("C", revision=2))
    made.plan_again()
    assert made.rooms("A") == []
    made.receive(cancels("B", revision=2))
    made.plan_again()
    assert made.rooms("A") == ["101"]
    assert made.events[-1][1].reason == "101 is pinned and free on the nights wanted" or (
        made.events[-1][1].reason == "back in 101, where staff pinned the stay"
    )


def test_a_pinned_stay_does_not_return_to_a_room_that_became_too_small() -> None:
    made = hotel("room | 01 02 03\n STD 101/2 | A! A! B")
    made.receive(says("A", line("STD", 1, 4, adults=3), revision=2), cancels("B", revision=2))
    made.plan_again()
    assert made.rooms("A") == []
    assert made.stay("A").pinned_room == "101"


def test_a_stay_unpinned_while_it_waits_asks_for_any_room() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A! A! B\n STD 102 | C C C")
    made.receive(says("A", line("STD", 1, 4), revision=2))
    desk.unpin(made, "A")
    made.plan_again()
    assert made.tasks("A") == [NO_ROOM]
    assert made.task("A", NO_ROOM).details["why"] == "unpinned, and no room of STD is free"


def test_in_x_where_x_was_kept() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . C\n DLX 201 | A A B", booked={"A": "STD"})
    made.receive(says("A", line("STD", 1, 4), revision=2), cancels("B", revision=2))
    made.plan_again()
    assert_plan(made, "room | 01 02 03\n STD 101 | . . C\n DLX 201 | A A A")
    assert made.stay("A").manual_category_code == "DLX"


def test_proposals_follow_what_is_free() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n DLX 201 | C C\n STD - | B B")
    made.plan_again()
    assert made.task("B", NO_ROOM).proposals == ()
    made.receive(cancels("C", revision=2))
    made.plan_again()
    assert made.task("B", NO_ROOM).proposals == (Proposal("upgrade", "201", "DLX"),)
    assert made.plan_again() == ()


def test_a_task_about_nights_that_are_over_is_superseded() -> None:
    made = hotel(WAITS)
    made.turn_to(day(3))
    made.plan_again()
    assert made.tasks("B") == []
    assert made.closed[-1].closed_by == "planner"


def test_a_task_about_a_stay_that_has_its_room_is_superseded() -> None:
    made = hotel(WAITS)
    booking = made.booking("B")
    placed = replace(
        booking.stay("1"), rooms=(replace(made.stay("A").rooms[0], to_date=day(1)),), held=False
    )
    made.put(replace(booking, stays=(placed,)))
    made.plan_again()
    assert made.tasks("B") == []


# --- what staff changed ------------------------------------------------------------------------


def test_dates_edited_by_staff_are_placed_as_by_the_row_for_dates() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A B\n STD 102 | . . .")
    desk.edit(made, "A", departure=day(4))
    assert made.stay("A").to_place
    made.plan_again()
    assert_plan(made, "room | 01 02 03\n STD 101 | . . B\n STD 102 | A A A")
    assert not made.stay("A").to_place


def test_the_room_left_for_new_dates_is_returned_to_when_they_change_again() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . B\n STD 102 | A A C\n STD 103 | . . D")
    desk.edit(made, "A", departure=day(4))
    made.plan_again()
    assert made.tasks("A") == [NO_ROOM]
    desk.edit(made, "A", departure=day(3))
    made.plan_again()
    assert made.rooms("A") == ["102"]
    assert made.tasks("A") == []


def test_stays_that_staff_changed_are_placed_before_those_who_wait() -> None:
    made = hotel("room | 01 02 03\n STD 101 | x . .\n STD 102 | . C C\n STD - | . B B")
    made.receive(cancels("C", revision=2), new("A", line("STD", 3, 4)))
    assert made.rooms("A") == ["101"]
    made.blocks.append(replace(made.stay("A").rooms[0], room="101", from_date=day(2)))
    booking = made.booking("A")
    moved = replace(booking.stay("1"), arrival=day(2), rooms=(), to_place=True)
    made.put(replace(booking, stays=(moved,)))
    made.plan_again()
    assert made.rooms("A") == ["102"]
    assert made.rooms("B") == []


def test_a_block_wins_and_the_stay_is_placed_anew() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | . .")
    desk.block(made, "101", day(1), day(2))
    made.plan_again()
    assert_plan(made, "room | 01 02\n STD 101 | x .\n STD 102 | A A")


def test_a_block_over_a_pinned_stay_is_a_conflict() -> None:
    made = hotel("room | 01 02\n STD 101 | A! A!\n STD 102 | . .")
    desk.block(made, "101", day(1), day(2))
    made.plan_again()
    assert made.tasks("A") == [Reason.PINNED_ROOM_CONFLICT]
    assert made.stay("A").pinned_room == "101"
    made.receive(new("B", line("STD", 1, 3)))
    assert made.rooms("B") == ["102"]


def test_what_staff_take_back_is_placed_as_new() -> None:
    made = hotel("room | 01 02\n STD 101 | A A")
    desk.cancel(made, "A")
    desk.reinstate(made, "A")
    made.plan_again()
    assert_plan(made, "room | 01 02\n STD 101 | A A")


def test_looking_again_leaves_the_tasks_in_their_order() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1))
    desk.move(made, "A", "101")
    made.receive(says("A", line("X", 1, 3), revision=2))
    assert made.tasks("A") == [CODE, Reason.MANUAL_CATEGORY_DROPPED]
    made.plan_again()
    assert made.plan_again() == ()


def test_a_stay_that_is_over_or_in_its_room_is_not_placed() -> None:
    for today, status in ((day(2), StayStatus.CONFIRMED), (day(4), StayStatus.CONFIRMED)):
        made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | . .", today=today)
        booking = made.booking("A")
        asked = replace(booking.stay("1"), to_place=True, status=status)
        made.put(replace(booking, stays=(asked,)))
        ((after, decision),) = made.plan_again()
        assert decision.events == ()
        assert after.stay("1").rooms == asked.rooms
        assert not after.stay("1").to_place


def test_a_stay_in_house_by_its_dates_without_a_room_is_placed_from_today() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . .\n STD - | A A A", today=day(2))
    booking = made.booking("A")
    made.put(replace(booking, stays=(replace(booking.stay("1"), to_place=True),)))
    made.plan_again()
    assert_plan(made, "room | 01 02 03\n STD 101 | . A A")


def test_a_stay_that_waits_with_nobody_asked_is_placed_or_asked_about() -> None:
    for policy in (Policy(), OFF):
        made = hotel(WAITS, policy=policy)
        made.put(replace(made.booking("B"), tasks=()))
        made.plan_again()
        assert made.tasks("B") == [NO_ROOM]
        made.put(replace(made.booking("B"), tasks=()))
        made.receive(cancels("A", revision=2))
        made.plan_again()
        assert made.rooms("B") == ["101"]


# --- a mapping is added ------------------------------------------------------------------------


def test_a_stay_that_waits_for_a_mapping_is_placed_when_it_comes() -> None:
    made = hotel("room | 01\n STD 101 | .")
    made.receive(new("A", line("X", 1, 2)))
    assert made.plan_again() == ()
    map_code(made, "X", "STD")
    made.plan_again()
    stay = made.stay("A")
    assert made.rooms("A") == ["101"]
    assert stay.booked_category == "STD"
    assert stay.base is not None
    assert stay.base.category == "STD"
    assert made.tasks("A") == []
    mapped = next(e for _, e in made.events if e.name == "category mapped")
    assert (mapped.reason, mapped.rule) == ("the channel's code X means STD now", "M1, R7")


def test_a_mapping_to_a_full_category_asks_for_a_room() -> None:
    made = hotel("room | 01\n STD 101 | B")
    made.receive(new("A", line("X", 1, 2)))
    map_code(made, "X", "STD")
    made.plan_again()
    assert made.tasks("A") == [NO_ROOM]


@pytest.mark.parametrize("policy", [OFF, SUGGEST], ids=["off", "suggest"])
def test_a_mapping_gives_no_room_where_the_policy_leaves_it_to_a_person(policy: Policy) -> None:
    made = hotel("room | 01\n STD 101 | .", policy=policy)
    made.receive(new("A", line("X", 1, 2)))
    map_code(made, "X", "STD")
    made.plan_again()
    assert made.rooms("A") == []
    task = made.task("A", NO_ROOM)
    assert task.details["why"] == "a room of STD is free, and the policy leaves it to a person"
    assert task.proposals == (Proposal("room", "101", "STD"),)
    assert made.plan_again() == ()


def test_a_mapping_to_the_category_booked_ends_the_task_and_moves_nobody() -> None:
    plan = "room | 01 02\n STD 101 | A A\n DLX 201 | . ."
    made = hotel(plan)
    made.receive(says("A", line("X", 1, 3), revision=2))
    map_code(made, "X", "STD")
    made.plan_again()
    assert_plan(made, plan)
    assert made.tasks("A") == []


def test_a_mapping_to_another_category_moves_nobody_and_asks() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n DLX 201 | . .")
    made.receive(says("A", line("X", 1, 3), revision=2))
    map_code(made, "X", "DLX")
    made.plan_again()
    assert_plan(made, "room | 01 02\n STD 101 | a a\n DLX 201 | . .")
    assert made.stay("A").booked_category == "DLX"
    task = made.task("A", NO_ROOM)
    assert task.details["why"] == "the channel's code means DLX now, and the stay has another room"
    assert [(p.kind, p.room) for p in task.proposals] == [("room", "201"), ("downgrade", "101")]
    assert made.plan_again() == ()


def test_a_mapping_to_the_manual_category_makes_it_the_one_booked() -> None:
    plan = "room | 01 02\n STD 101 | . .\n DLX 201 | A A"
    made = hotel(plan, booked={"A": "STD"})
    made.receive(says("A", line("X", 1, 3), revision=2))
    map_code(made, "X", "DLX")
    made.plan_again()
    assert_plan(made, plan)
    stay = made.stay("A")
    assert (stay.booked_category, stay.manual_category_code) == ("DLX", None)
    assert made.tasks("A") == []


def test_a_mapping_to_the_manual_category_that_is_full_waits_there() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . C\n DLX 201 | A A B", booked={"A": "STD"})
    made.receive(says("A", line("X", 1, 4), revision=2))
    map_code(made, "X", "DLX")
    made.plan_again()
    assert made.tasks("A") == [NO_ROOM]
    assert made.stay("A").booked_category == "DLX"


def test_an_edited_mapping_moves_nobody_who_has_a_room() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n DLX 201 | . .", mapping={"Q": "STD"})
    made.receive(says("A", line("Q", 1, 3), revision=2))
    map_code(made, "Q", "DLX")
    assert made.plan_again() == ()
    assert made.stay("A").booked_category == "STD"


# --- counted categories and day use (R9) -------------------------------------------------------


def camp(units: int, **more: Any) -> Hotel:
    return hotel("room | 01\n STD 101 | .", units={"TENT": units}, **more)


def test_a_counted_category_needs_no_room_until_its_last_unit() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 3)))
    assert (made.rooms("A"), made.tasks("A")) == ([], [])
    made.receive(new("B", line("TENT", 2, 4)))
    assert made.tasks("B") == [NO_ROOM]
    made.receive(new("C", line("TENT", 3, 4)))
    assert made.tasks("C") == [NO_ROOM]
    made.receive(cancels("A"))
    made.plan_again()
    assert made.tasks("B") == [NO_ROOM]
    made.receive(cancels("C"))
    made.plan_again()
    assert made.tasks("B") == []
    assert made.plan_again() == ()


def test_a_stay_that_leaves_its_room_for_a_counted_category_frees_it() -> None:
    made = hotel("room | 01\n STD 101 | A", units={"TENT": 1})
    step = made.step(says("A", line("TENT", 1, 2), revision=2))
    assert made.rooms("A") == []
    assert step.decisions[0][1].freed
    assert made.events[-1][1].reason == "TENT is counted, not numbered"


def test_a_manual_room_of_a_counted_stay_gives_way_to_a_unit() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1))
    desk.move(made, "A", "101")
    made.receive(says("A", line("TENT", 1, 3), revision=2))
    stay = made.stay("A")
    assert (stay.rooms, stay.manual_category_code) == ((), None)
    assert made.tasks("A") == [Reason.MANUAL_CATEGORY_DROPPED]


def test_a_manual_room_of_a_counted_stay_is_kept_where_no_unit_is_left() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1), new("B", line("TENT", 2, 3)))
    desk.move(made, "A", "101")
    made.receive(says("A", line("TENT", 1, 3), revision=2))
    assert made.rooms("A") == ["101"]


def test_day_use_gets_no_room_but_a_look() -> None:
    made = hotel("room | 01 02\n STD 101 | A A")
    made.receive(says("A", line("STD", 1, 1), revision=2))
    assert made.rooms("A") == []
    notice = made.task("A", Reason.REVIEW)
    assert (notice.notice, notice.details) == (
        True,
        {"kind": "day_use", "why": "day use: arrival and departure on one day"},
    )
    assert made.plan_again() == ()
    made.receive(says("A", line("STD", 1, 2), revision=3))
    assert made.rooms("A") == ["101"]
    assert made.tasks("A") == []


def test_a_notice_about_a_move_today_is_not_ended_by_other_dates() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A .\n DLX 201 | . . .", today=day(1))
    made.receive(says("A", line("DLX", 1, 3), revision=2), says("A", line("DLX", 1, 4), revision=3))
    assert made.tasks("A") == [Reason.REVIEW]


# --- the property in words ---------------------------------------------------------------------


def test_a_property_knows_its_categories_rooms_and_codes() -> None:
    house = property_of(
        {"STD": [("101", 2)], "DLX": [("201", 2)]},
        units={"TENT": 3},
        mapping={"S": "STD", "D": "X"},
    )
    assert [house.rank(code) for code in ("STD", "DLX", "TENT", "X", None)] == [0, 1, 2, -1, -1]
    assert house.units("TENT") == 3
    assert house.units("STD") is None
    assert house.category_of("201") == "DLX"
    assert house.category_of("999") is None
    assert house.category_of(None) is None
    codes = ("S", "STD", "D", "X", None)
    assert [house.map_category(CHANNEL, code) for code in codes] == ["STD", "STD", None, None, None]
    assert house.map_category("other", "S") is None


def test_a_stay_knows_its_room_of_a_day() -> None:
    stay: Stay = hotel("room | 01 02 03\n STD 101 | A A .\n STD 102 | . . A").stay("A")
    rooms = [stay.current_room(day(n)) for n in (0, 1, 2, 3, 4)]
    assert rooms == ["101", "101", "101", "102", "102"]
    assert stay.room_on(day(4)) is None
    assert replace(stay, rooms=()).current_room(day(1)) is None
    assert replace(stay, rooms=()).is_waiting()
    assert replace(stay, held=True).is_waiting()
    assert not replace(stay, held=True, status=StayStatus.CHECKED_IN).is_waiting()
    assert not stay.is_waiting()
