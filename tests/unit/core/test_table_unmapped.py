"""Section 4, stays that have not begun: codes nobody mapped, parties too big; A4."""

from __future__ import annotations

import pytest

from channel_sync.core.model import Outcome, Policy, Reason
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.house import line, new, says
from tests.unit.core.test_table import (
    ALL,
    ASSIGN,
    CODE,
    DROPPED,
    FOLLOW,
    KEEP,
    NO_ROOM,
    SMALL,
    STD,
    after,
)

# --- code without a mapping --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "booked"),
    [
        ("room | 01 02\n STD 101 | A A\n DLX 201 | . .", {}),
        ("room | 01 02\n STD 101 | . .\n DLX 201 | A A", STD),
        ("room | 01 02\n STD 101 | A! A!\n DLX 201 | . .", {}),
    ],
    ids=["nothing manual", "manual", "pinned"],
)
def test_a_code_without_a_mapping_keeps_the_room_and_is_asked_about(
    plan: str, booked: dict[str, str]
) -> None:
    manual = "DLX" if booked else None
    made = after(plan, line("X", 1, 3), plan, tasks=[CODE], manual=manual, booked=booked)
    assert made.stay("A").booked_category == "STD"
    task = made.task("A", CODE)
    assert task.details["why"] == "the channel's category X has no mapping"
    assert task.proposals == ()


def test_a_code_without_a_mapping_and_other_dates_are_searched_in_the_last_category() -> None:
    after(
        "room | 01 02 03\n STD 101 | A A B\n STD 102 | . . .",
        line("X", 1, 4),
        "room | 01 02 03\n STD 101 | . . B\n STD 102 | A A A",
        tasks=[CODE],
    )


def test_a_code_without_a_mapping_and_no_room_is_one_task() -> None:
    after(
        "room | 01 02 03\n STD 101 | A A B",
        line("X", 1, 4),
        "room | 01 02 03\n STD 101 | . . B\n STD - | A A A",
        tasks=[CODE],
    )


def test_a_code_without_a_mapping_and_other_dates_are_searched_in_the_manual_category() -> None:
    after(
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A A B\n DLX 202 | . . .",
        line("X", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n DLX 202 | A A A",
        tasks=[CODE],
        manual="DLX",
        booked=STD,
    )


def test_a_code_without_a_mapping_outranks_a_pinned_room_that_is_taken() -> None:
    after(
        "room | 01 02 03\n STD 101 | A! A! B",
        line("X", 1, 4),
        "room | 01 02 03\n STD 101 | . . B\n STD - | A A A",
        tasks=[CODE],
    )


def test_a_code_without_a_mapping_outranks_a_party_too_big() -> None:
    after(
        "room | 01 02\n STD 101 | A A",
        line("X", 1, 3, adults=4),
        "room | 01 02\n STD 101 | a a",
        tasks=[CODE],
    )


def test_a_code_without_a_mapping_and_a_pinned_room_that_serves() -> None:
    after(
        "room | 01 02 03\n STD 101 | A! A! .",
        line("X", 1, 4),
        "room | 01 02 03\n STD 101 | A! A! A!",
        tasks=[CODE],
    )


def test_a_new_line_with_a_code_that_nobody_mapped_waits() -> None:
    made = hotel("room | 01\n STD 101 | .")
    assert made.receive(new("A", line("X", 1, 2))) is Outcome.CREATED
    stay = made.stay("A")
    assert (stay.booked_category, stay.rooms) == (None, ())
    assert made.tasks("A") == [CODE]
    task = made.task("A", CODE)
    assert task.details["why"] == "the channel's category X has no mapping"
    assert [p.kind for p in task.proposals] == ["upgrade"]


def test_a_code_that_maps_again_ends_the_task() -> None:
    plan = "room | 01 02\n STD 101 | A A"
    made = hotel(plan)
    made.receive(says("A", line("X", 1, 3), revision=2), says("A", line("STD", 1, 3), revision=3))
    assert_plan(made, plan)
    assert made.tasks("A") == []
    assert [task.closed_by for task in made.closed] == ["revision 3"]


def test_a_code_that_maps_again_gives_a_waiting_stay_a_room() -> None:
    made = hotel("room | 01\n STD 101 | .")
    made.receive(new("A", line("X", 1, 2), revision=1), says("A", line("STD", 1, 2), revision=2))
    assert made.rooms("A") == ["101"]
    assert made.tasks("A") == []


def test_a_code_that_nobody_mapped_for_a_counted_category_is_asked_about() -> None:
    made = hotel("room | 01\n STD 101 | .", units={"TENT": 1})
    made.receive(new("A", line("TENT", 1, 2), revision=1), says("A", line("X", 1, 3), revision=2))
    assert made.tasks("A") == [CODE]
    full = hotel("room | 01\n STD 101 | .", units={"TENT": 1})
    full.receive(new("B", line("TENT", 2, 3)), new("A", line("TENT", 1, 2), revision=1))
    full.receive(says("A", line("X", 1, 3), revision=2))
    assert full.tasks("A") == [CODE]


# --- room free but too small -------------------------------------------------------------------


def test_a_party_that_grows_moves_to_a_room_that_fits() -> None:
    after(
        "room | 01 02\n STD 101/2 | A A\n STD 102/3 | . .",
        line("STD", 1, 3, adults=3),
        "room | 01 02\n STD 101 | . .\n STD 102 | A A",
        tasks=[],
    )


def test_a_party_too_big_for_every_room_holds_the_best_and_is_asked_about() -> None:
    made = after(
        "room | 01 02\n STD 101/2 | A A\n STD 102/2 | . .\n DLX 201/4 | . .",
        line("STD", 1, 3, adults=4),
        "room | 01 02\n STD 101 | a a\n STD 102 | . .\n DLX 201 | . .",
        tasks=[SMALL],
    )
    task = made.task("A", SMALL)
    assert task.details["why"] == "101 is the best free room, but too small for the party of 4"
    assert [(p.kind, p.room) for p in task.proposals] == [("upgrade", "201")]


def test_a_new_party_too_big_holds_a_room_as_well() -> None:
    made = hotel("room | 01 02\n STD 101/2 | . .")
    made.receive(new("A", line("STD", 1, 3, adults=3)))
    assert_plan(made, "room | 01 02\n STD 101 | a a")
    assert made.tasks("A") == [SMALL]


def test_a_party_too_big_for_the_manual_category_returns_to_a_room_that_fits() -> None:
    after(
        "room | 01 02\n STD 101/4 | . .\n DLX 201/2 | A A",
        line("STD", 1, 3, adults=4),
        "room | 01 02\n STD 101 | A A\n DLX 201 | . .",
        tasks=[DROPPED],
        booked=STD,
    )


@pytest.mark.parametrize(
    ("policy", "manual", "room"),
    [(KEEP, "DLX", "201"), (ASSIGN, "DLX", "201"), (FOLLOW, None, "101")],
)
def test_a_party_too_big_for_both_categories_holds_the_best_room(
    policy: Policy, manual: str | None, room: str
) -> None:
    made = hotel("room | 01 02\n STD 101/2 | . .\n DLX 201/2 | A A", booked=STD, policy=policy)
    made.receive(says("A", line("STD", 1, 3, adults=4), revision=2))
    assert made.tasks("A") == [SMALL]
    stay = made.stay("A")
    assert (stay.manual_category_code, stay.held) == (manual, True)
    assert made.rooms("A") == [room]


@pytest.mark.parametrize("policy", ALL, ids=str)
def test_a_pinned_room_too_small_is_held_and_said_as_what_it_is(policy: Policy) -> None:
    made = after(
        "room | 01 02\n STD 101/2 | A! A!\n STD 102/4 | . .",
        line("STD", 1, 3, adults=4),
        "room | 01 02\n STD 101 | a! a!\n STD 102 | . .",
        tasks=[SMALL],
        policy=policy,
    )
    assert made.task("A", SMALL).details["why"] == "pinned to 101, which is too small for the party"


def test_a_party_that_fits_again_gets_its_held_room() -> None:
    made = hotel("room | 01 02\n STD 101/2 | A! A!")
    made.receive(
        says("A", line("STD", 1, 3, adults=4), revision=2),
        says("A", line("STD", 1, 3, adults=2), revision=3),
    )
    assert_plan(made, "room | 01 02\n STD 101 | A! A!")
    assert made.tasks("A") == []


def test_small_children_need_no_bed() -> None:
    after(
        "room | 01 02\n STD 101/2 | A A\n STD 102/3 | . .",
        line("STD", 1, 3, children=(2,)),
        "room | 01 02\n STD 101 | A A\n STD 102 | . .",
        tasks=[],
    )


# --- the reasons exclude each other (A4) -------------------------------------------------------


def test_room_reasons_exclude_each_other() -> None:
    made = hotel("room | 01 02 03\n STD 101/2 | A A B")
    seen = []
    for revision, told in enumerate(
        [line("STD", 1, 4), line("STD", 1, 3, adults=4), line("X", 1, 4), line("STD", 1, 4)], 2
    ):
        made.receive(says("A", told, revision=revision))
        seen += made.tasks("A")
    assert seen == [NO_ROOM, SMALL, CODE, NO_ROOM]
    assert [task.reason for task in made.closed] == [NO_ROOM, SMALL, CODE]


def test_a_task_that_is_still_true_is_the_same_one_renewed() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A B")
    made.receive(says("A", line("STD", 1, 4), revision=2), says("A", line("STD", 2, 4), revision=3))
    assert made.closed == []
    assert made.task("A", Reason.NO_ROOM).details["arrival"] == "2026-06-02"
