"""Mappings added, counted categories and day use (R9), the property in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from channel_sync.core.model import (
    Policy,
    Proposal,
    Reason,
    Stay,
    StayStatus,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, cancels, day, line, new, property_of, says
from tests.unit.core.test_replan import CODE, NO_ROOM, OFF, SUGGEST, map_code

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
    assert task.details["changes"] == []
    assert task.details["left_to_a_person"] is True
    held = made.events[-1][1]
    assert (held.name, held.reason, held.rule) == ("held room", "a mapping moves nobody", "4")
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
    assert made.cells[-1] == "4: category to X / manual X, X has none"


def test_a_code_that_still_means_nothing_goes_on_being_asked_about() -> None:
    plan = "room | 01 02\n STD 101 | A A"
    made = hotel(plan)
    made.receive(says("A", line("X", 1, 3), revision=2))
    before = made.task("A", CODE)
    assert made.plan_again() == ()
    assert made.task("A", CODE) == before
    assert_plan(made, plan)


def test_renewing_a_task_forgets_nothing_of_what_changed() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A B")
    made.receive(says("A", line("STD", 1, 4), revision=2))
    changes = made.task("A", NO_ROOM).details["changes"]
    desk.edit(made, "A", arrival=day(2))
    made.plan_again()
    assert made.task("A", NO_ROOM).details["arrival"] == "2026-06-02"
    assert made.task("A", NO_ROOM).details["changes"] == changes


def test_a_hold_ends_with_the_last_of_its_nights() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n DLX 201 | B B")
    made.receive(says("A", line("DLX", 1, 3), revision=2))
    made.turn_to(day(3))
    made.plan_again()
    assert not made.stay("A").held
    assert made.tasks("A") == []


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
    event = made.events[-1][1]
    assert (event.reason, event.rule) == ("TENT is counted, not numbered", "R9")


def test_a_manual_room_of_a_counted_stay_gives_way_to_a_unit() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1))
    desk.move(made, "A", "101")
    made.receive(says("A", line("TENT", 1, 3), revision=2))
    stay = made.stay("A")
    assert (stay.rooms, stay.held, stay.manual_category_code) == ((), False, None)
    notice = made.task("A", Reason.MANUAL_CATEGORY_DROPPED)
    assert notice.details["manual_category"] == "STD"
    assert notice.details["why"] == "the manual category STD was given up for TENT"
    assert made.tasks("A") == [Reason.MANUAL_CATEGORY_DROPPED]


def test_a_manual_room_of_a_counted_stay_is_kept_where_no_unit_is_left() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1), new("B", line("TENT", 2, 3)))
    desk.move(made, "A", "101")
    made.receive(says("A", line("TENT", 1, 3), revision=2))
    assert made.rooms("A") == ["101"]


def test_a_stay_that_waits_in_its_manual_category_gives_it_up_for_a_unit() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1), new("B", line("TENT", 2, 3)))
    desk.move(made, "A", "101")
    desk.block(made, "101", day(2), day(3))
    made.receive(says("A", line("TENT", 1, 3), revision=2))
    assert made.tasks("A") == [NO_ROOM]
    assert made.stay("A").manual_category_code == "STD"
    made.receive(cancels("B"))
    made.plan_again()
    assert made.tasks("A") == [Reason.MANUAL_CATEGORY_DROPPED]
    assert made.plan_again() == ()


def test_looking_again_leaves_the_tasks_in_their_order() -> None:
    made = camp(1)
    made.receive(new("A", line("TENT", 1, 2), revision=1))
    desk.move(made, "A", "101")
    made.receive(says("A", line("X", 1, 3), revision=2))
    assert made.tasks("A") == [CODE, Reason.MANUAL_CATEGORY_DROPPED]
    made.plan_again()
    assert made.plan_again() == ()


def test_day_use_gets_no_room_but_a_look() -> None:
    made = hotel("room | 01 02\n STD 101 | A A")
    made.receive(says("A", line("STD", 1, 1), revision=2))
    assert made.rooms("A") == []
    event = made.events[-1][1]
    assert (event.name, event.reason, event.rule) == (
        "released",
        "no night to give a room for",
        "R9",
    )
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
