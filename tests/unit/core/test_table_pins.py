"""Section 4, stays that have not begun: pins, and cancels in every column."""

from __future__ import annotations

import pytest

from channel_sync.core.model import Outcome, Policy
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.house import cancels, line, new, says
from tests.unit.core.test_table import ALL, COLUMNS, NO_ROOM, PIN, after

# --- pinned ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_a_pinned_stay_stays_in_its_room(policy: Policy) -> None:
    after(
        "room | 01 02 03\n STD 101 | B . .\n STD 102 | A! A! .",
        line("STD", 2, 4),
        "room | 01 02 03\n STD 101 | B . .\n STD 102 | . A! A!",
        tasks=[],
        policy=policy,
    )


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_a_pinned_room_that_is_taken_is_a_conflict_and_nobody_moves(policy: Policy) -> None:
    made = after(
        "room | 01 02 03\n STD 101 | . . .\n STD 102 | A! A! B",
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n STD 102 | . . B\n STD - | A A A",
        tasks=[PIN],
        policy=policy,
    )
    assert made.stay("A").pinned_room == "102"
    task = made.task("A", PIN)
    assert task.details["why"] == "pinned to 102, which is not free on the new nights"
    assert [(p.kind, p.room) for p in task.proposals] == [("room", "101")]


def test_a_pinned_room_that_comes_free_is_returned_to() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . .\n STD 102 | A! A! B")
    made.receive(says("A", line("STD", 1, 4), revision=2), cancels("B", revision=2))
    made.plan_again()
    assert_plan(made, "room | 01 02 03\n STD 101 | . . .\n STD 102 | A! A! A!")
    assert made.tasks("A") == []


def test_nobody_else_gets_a_room_that_a_pinned_stay_waits_for() -> None:
    made = hotel("room | 01 02 03\n STD 102 | A! A! B\n DLX 201 | . . .")
    made.receive(says("A", line("STD", 1, 4), revision=2), new("C", line("STD", 1, 3)))
    assert made.tasks("C") == [NO_ROOM]
    assert made.rooms("C") == []


# --- cancel ----------------------------------------------------------------------------------


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("policy", ALL, ids=str)
def test_a_cancel_ends_everything_whatever_staff_decided(column: str, policy: Policy) -> None:
    plan, booked = COLUMNS[column]
    made = hotel(plan, booked=booked, policy=policy)
    step = made.step(cancels("A", revision=2))
    assert step.outcome is Outcome.CANCELLED
    assert step.decisions[0][1].freed
    assert_plan(made, "room | 01 02\n STD 101 | . .\n STD 102 | . .\n DLX 201 | . .")
    stay = made.stay("A")
    assert stay.is_cancelled
    assert stay.cancelled_by == "channel"
    assert (stay.manual_category_code, stay.pinned_room, stay.held) == (None, None, False)
    assert stay.last_room == ("201" if booked else "102")
    assert made.tasks("A") == []
    assert all(task.closed_by == "revision 2" for task in made.closed)


def test_one_stay_of_several_is_cancelled_alone() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | A2 A2")
    dead = line("STD", 1, 3, name="2", is_live=False)
    assert made.receive(says("A", line("STD", 1, 3), dead, revision=2)) is Outcome.MODIFIED
    assert_plan(made, "room | 01 02\n STD 101 | A A\n STD 102 | . .")
    assert not made.booking("A").is_cancelled


def test_the_freed_room_goes_to_who_waits() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD - | B B")
    made.receive(cancels("A", revision=2))
    made.plan_again()
    assert_plan(made, "room | 01 02\n STD 101 | B B\n STD - | . .")


def test_staff_may_not_move_a_pinned_stay() -> None:
    made = hotel("room | 01 02\n STD 101 | A! A!\n STD 102 | . .")
    with pytest.raises(desk.Refused):
        desk.move(made, "A", "102")
