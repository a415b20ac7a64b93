"""A person settles a room task: by a proposal, or by any room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channel_sync.core.assign import NotAssigned, assign
from channel_sync.core.draft import Draft
from channel_sync.core.model import (
    Allocation,
    Decision,
    Outcome,
    Reason,
    Reservation,
    Task,
    TaskState,
)
from tests.unit.core.drawing import hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import day, line, says

PLAN = """
    room      | 01  02
    STD 101   | A   A
    STD 102/1 | .   .
    DLX 201   | .   .
    STD -     | B   B
"""


def given(
    made: Hotel,
    *,
    proposal: int | None = None,
    room: str | None = None,
    reference: str = "B",
    task: Task | None = None,
) -> tuple[Reservation, Decision | NotAssigned]:
    """What came of it, and the booking after it."""
    booking = made.booking(reference)
    asked = task or booking.tasks[0]
    draft = Draft(made.house, booking, made.plan(), made.today, cause="planner", actor_type="staff")
    decision = assign(draft, asked, proposal=proposal, room=room, actor="Ada")
    return draft.reservation, decision


def planned() -> Hotel:
    made = hotel(PLAN)
    made.plan_again()
    return made


def test_a_proposal_is_applied_in_one_step() -> None:
    booking, decision = given(planned(), proposal=1)
    assert isinstance(decision, Decision)
    assert decision.outcome is Outcome.MODIFIED
    stay = booking.stay("1")
    assert stay.rooms == (Allocation("201", day(1), day(3)),)
    assert stay.manual_category_code == "DLX"
    assert stay.room_chosen_by_staff
    assert booking.tasks == ()
    (closed,) = decision.tasks
    assert (closed.state, closed.closed_by) == (TaskState.DONE, "Ada")
    (event,) = decision.events
    assert (event.name, event.reason, event.rule, event.actor_type) == (
        "assigned",
        "room 201: proposal 1",
        "R4",
        "staff",
    )
    assert not decision.freed


def test_a_room_is_chosen_by_hand_however_small() -> None:
    booking, decision = given(planned(), room="102")
    assert isinstance(decision, Decision)
    assert booking.stay("1").rooms[0].room == "102"
    assert booking.stay("1").manual_category_code is None
    assert decision.events[0].reason == "room 102: chosen by hand"


@pytest.mark.parametrize(
    ("proposal", "room", "why"),
    [
        (0, None, "the task has 1 proposals, not 0"),
        (2, None, "the task has 1 proposals, not 2"),
        (None, "999", "the property has no room 999"),
        (None, None, "the property has no room None"),
        (None, "101", "room 101 is not free on every night of the stay any more"),
    ],
)
def test_what_cannot_be_given_is_refused(proposal: int | None, room: str | None, why: str) -> None:
    _, decision = given(planned(), proposal=proposal, room=room)
    assert decision == NotAssigned(why)


def test_a_proposal_that_is_no_longer_true_is_refused() -> None:
    made = planned()
    made.blocks.append(Allocation("201", day(2), day(3)))
    _, decision = given(made, proposal=1)
    assert decision == NotAssigned("room 201 is not free on every night of the stay any more")


def test_a_proposal_too_small_by_now_is_refused() -> None:
    made = planned()
    booking = made.booking("B")
    made.put(replace(booking, stays=(replace(booking.stay("1"), adults=3),)))
    _, decision = given(made, proposal=1)
    assert decision == NotAssigned("room 201 is too small for the party now")


def test_children_count_in_what_a_proposal_must_hold() -> None:
    made = planned()
    booking = made.booking("B")
    made.put(replace(booking, stays=(replace(booking.stay("1"), children=(2, 5)),)))
    _, decision = given(made, proposal=1)
    assert decision == NotAssigned("room 201 is too small for the party now")
    made.put(replace(booking, stays=(replace(booking.stay("1"), children=(2,)),)))
    _, decision = given(made, proposal=1)
    assert isinstance(decision, Decision)


def test_other_tasks_are_not_settled_by_a_room() -> None:
    for task in (Task(Reason.REVIEW, "1"), Task(Reason.NO_ROOM, None)):
        _, decision = given(planned(), room="201", task=task)
        assert decision == NotAssigned(
            f"a task {task.reason.value} is not settled by giving a room"
        )


def test_a_stay_without_nights_left_gets_no_room() -> None:
    made = planned()
    made.turn_to(day(3))
    _, decision = given(made, room="201")
    assert decision == NotAssigned("the stay has no night left to give a room for")


def test_another_room_than_the_pinned_one_ends_the_pin() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A! A! B\n STD 102 | . . .")
    made.receive(says("A", line("STD", 1, 4), revision=2))
    booking, _ = given(made, room="102", reference="A")
    assert booking.stay("1").pinned_room is None


def test_the_pinned_room_itself_keeps_the_pin_and_the_hold_ends() -> None:
    made = hotel("room | 01 02\n STD 101/2 | A! A!")
    made.receive(says("A", line("STD", 1, 3, adults=3), revision=2))
    booking, decision = given(made, room="101", reference="A")
    stay = booking.stay("1")
    assert (stay.pinned_room, stay.held) == ("101", False)
    assert isinstance(decision, Decision)
    assert decision.freed


def test_nights_that_are_over_stay_where_they_were() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | a a a a\n STD 102 | . . . .", today=day(3))
    booking, _ = given(made, room="102", reference="A")
    assert booking.stay("1").rooms == (
        Allocation("101", day(1), day(3)),
        Allocation("102", day(3), day(5)),
    )
    same, _ = given(made, room="101", reference="A")
    assert same.stay("1").rooms == (Allocation("101", day(1), day(5)),)
