"""Section 4, stays that have not begun: changes of category in every column."""

from __future__ import annotations

import pytest

from channel_sync.core.model import Outcome, Policy
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.house import line, says
from tests.unit.core.test_table import (
    ALL,
    ASSIGN,
    DROPPED,
    FOLLOW,
    FREEZE,
    KEEP,
    MANUAL,
    NO_ROOM,
    PIN,
    STD,
    after,
)

# --- B → X, what staff gave already ------------------------------------------------------------


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_the_category_given_already_becomes_the_one_booked_and_nobody_moves(policy: Policy) -> None:
    made = after(MANUAL, line("DLX", 1, 3), MANUAL, tasks=[], policy=policy, booked=STD)
    assert made.stay("A").booked_category == "DLX"


def test_with_other_dates_the_category_given_already_is_searched() -> None:
    after(
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A A B\n DLX 202 | . . .",
        line("DLX", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n DLX 202 | A A A",
        tasks=[],
        booked=STD,
    )


def test_the_category_given_already_without_a_room_is_assigned_without_return_or_notice() -> None:
    after(
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A A B",
        line("DLX", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n DLX - | A A A",
        tasks=[NO_ROOM],
        booked=STD,
    )


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_the_category_of_the_pinned_room_becomes_the_one_booked(policy: Policy) -> None:
    plan = "room | 01 02\n STD 101 | . .\n DLX 201 | A! A!"
    made = after(plan, line("DLX", 1, 3), plan, tasks=[], policy=policy, booked=STD)
    assert made.stay("A").booked_category == "DLX"


def test_the_category_of_the_pinned_room_does_not_help_where_that_is_taken() -> None:
    after(
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A! A! B\n DLX 202 | . . .",
        line("DLX", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n DLX 202 | . . .\n DLX - | A A A",
        tasks=[PIN],
        booked=STD,
    )


def test_a_stay_pinned_outside_its_category_keeps_x_where_the_room_is_taken() -> None:
    after(
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A! A! B",
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n STD - | A A A",
        tasks=[PIN],
        manual="DLX",
        booked=STD,
    )


# --- B → C, a third one ------------------------------------------------------------------------

BEFORE = "room | 01 02\n STD 101 | A A\n DLX 201 | . .\n SUI 301 | . ."
FULL = "room | 01 02\n STD 101 | A A\n DLX 201 | B B\n SUI 301 | . ."


@pytest.mark.parametrize("policy", [KEEP, ASSIGN, FOLLOW], ids=str)
def test_another_category_moves_the_stay_there(policy: Policy) -> None:
    after(
        BEFORE,
        line("DLX", 1, 3),
        "room | 01 02\n STD 101 | . .\n DLX 201 | A A\n SUI 301 | . .",
        tasks=[],
        policy=policy,
    )


def test_another_category_that_is_full_is_asked_about_and_the_room_held() -> None:
    made = after(
        FULL,
        line("DLX", 1, 3),
        "room | 01 02\n STD 101 | a a\n DLX 201 | B B\n SUI 301 | . .",
        tasks=[NO_ROOM],
    )
    task = made.task("A", NO_ROOM)
    assert [(p.kind, p.room) for p in task.proposals] == [("upgrade", "301"), ("downgrade", "101")]
    assert task.details["changes"] == [
        {"line": "1", "field": "booked_category", "old": "STD", "new": "DLX"}
    ]


@pytest.mark.parametrize("plan", [BEFORE, FULL])
def test_another_category_never_moves_a_stay_under_freeze_room(plan: str) -> None:
    made = after(
        plan, line("DLX", 1, 3), plan.replace("A A", "a a"), tasks=[NO_ROOM], policy=FREEZE
    )
    assert made.stay("A").booked_category == "DLX"
    details = made.task("A", NO_ROOM).details
    assert details["why"] == "the policy freeze_room leaves a change of category to a person"
    assert details["left_to_a_person"] is True
    assert made.plan_again() == ()


@pytest.mark.parametrize("policy", [KEEP, ASSIGN, FOLLOW], ids=str)
def test_a_third_category_with_a_room_ends_the_manual_one_with_a_notice(policy: Policy) -> None:
    after(
        MANUAL,
        line("SUI", 1, 3),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . .\n SUI 301 | A A .",
        tasks=[DROPPED],
        policy=policy,
        booked=STD,
    )


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_a_third_category_that_is_full_ends_the_manual_one_and_holds_its_room(
    policy: Policy,
) -> None:
    after(
        "room | 01 02\n STD 101 | . .\n DLX 201 | A A\n SUI 301 | B B",
        line("SUI", 1, 3),
        "room | 01 02\n STD 101 | . .\n DLX 201 | a a\n SUI 301 | B B",
        tasks=[NO_ROOM],
        policy=policy,
        booked=STD,
    )


def test_back_to_an_earlier_category_is_a_third_one_too() -> None:
    made = hotel("room | 01 02\n STD 101 | . .\n DLX 201 | A A\n SUI 301 | . .")
    made.receive(says("A", line("SUI", 1, 3), revision=2), says("A", line("DLX", 1, 3), revision=3))
    assert_plan(made, "room | 01 02\n STD 101 | . .\n DLX 201 | A A\n SUI 301 | . .")


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_a_third_category_than_the_pinned_room_s_is_a_conflict_and_the_room_held(
    policy: Policy,
) -> None:
    made = after(
        "room | 01 02\n STD 101 | A! A!\n DLX 201 | . .",
        line("DLX", 1, 3),
        "room | 01 02\n STD 101 | a! a!\n DLX 201 | . .",
        tasks=[PIN],
        policy=policy,
    )
    assert "which is not of the category now booked" in str(made.task("A", PIN).details["why"])
    assert made.plan_again() == ()


def test_back_to_the_category_of_the_pinned_room_it_stays_there() -> None:
    made = hotel("room | 01 02\n STD 101 | A! A!\n DLX 201 | . .")
    made.receive(says("A", line("DLX", 1, 3), revision=2), says("A", line("STD", 1, 3), revision=3))
    assert_plan(made, "room | 01 02\n STD 101 | A! A!\n DLX 201 | . .")
    assert made.tasks("A") == []
    assert made.cells[-1] == "4: category to X / pinned r, free and fits"


def test_a_third_category_with_the_pinned_room_taken_is_a_conflict() -> None:
    made = after(
        "room | 01 02 03\n STD 101 | A! A! B\n DLX 201 | . . .",
        line("DLX", 1, 4),
        "room | 01 02 03\n STD 101 | . . B\n DLX 201 | . . .\n DLX - | A A A",
        tasks=[PIN],
    )
    assert made.stay("A").pinned_room == "101"


# --- same code repeated ------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_the_code_first_sold_repeated_moves_nobody(policy: Policy) -> None:
    made = after(
        MANUAL,
        line("STD", 1, 3),
        MANUAL,
        tasks=[],
        manual="DLX",
        policy=policy,
        booked=STD,
        outcome=Outcome.UNCHANGED,
    )
    assert made.events == []


def test_another_code_for_the_same_category_moves_nobody() -> None:
    made = hotel(MANUAL, booked=STD, mapping={"ST2": "STD"})
    assert made.receive(says("A", line("ST2", 1, 3), revision=2)) is Outcome.MODIFIED
    assert_plan(made, MANUAL)
    base = made.stay("A").base
    assert base is not None
    assert (base.category_code, base.category) == ("ST2", "STD")
