"""What the planner makes of it when somebody changed something (A4, R7, R9, R10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channel_sync.core.model import (
    Channel,
    Policy,
    Proposal,
    Reason,
    Room,
    StayStatus,
    TaskState,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, cancels, day, line, new, says

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
    assert made.task("B", NO_ROOM).proposals == (Proposal("upgrade", "201", "DLX", upgrade=1),)
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
