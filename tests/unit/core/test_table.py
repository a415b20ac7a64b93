"""Section 4, stays that have not begun: every row in every column, rooms drawn before and after.

The stay is A; what is drawn is the plan before and after one message about it.
"""

from __future__ import annotations

from typing import Any

import pytest

from channel_sync.core.model import Line, Outcome, Policy, Reason
from channel_sync.core.table import Row
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import cancels, euros, line, new, says

KEEP = Policy()
ASSIGN = Policy(manual_category_full="assign")
FOLLOW = Policy(ota_room_policy="follow_channel")
FREEZE = Policy(ota_room_policy="freeze_room")
ALL = (KEEP, ASSIGN, FOLLOW, FREEZE)

NO_ROOM = Reason.NO_ROOM
DROPPED = Reason.MANUAL_CATEGORY_DROPPED
PIN = Reason.PINNED_ROOM_CONFLICT
SMALL = Reason.OVER_CAPACITY
CODE = Reason.UNMAPPED_CATEGORY


def after(
    before: str,
    told: Line,
    plan: str,
    *,
    tasks: list[Reason],
    manual: str | None = None,
    policy: Policy = KEEP,
    booked: dict[str, str] | None = None,
    adults: dict[str, int] | None = None,
    outcome: Outcome = Outcome.MODIFIED,
) -> Hotel:
    """A hotel in which the channel said this of A, and what came of it."""
    made = hotel(before, policy=policy, booked=booked, adults=adults)
    assert made.receive(says("A", told, revision=2)) is outcome
    assert_plan(made, plan)
    assert made.tasks("A") == tasks
    assert made.stay("A").manual_category_code == manual
    return made


# --- new line, or reinstated -----------------------------------------------------------------

FREE = """
    room    | 01  02  03
    STD 101 | B   .   .
    DLX 201 | .   .   .
"""


def test_a_new_line_is_searched_for_in_its_category() -> None:
    made = hotel(FREE)
    assert made.receive(new("A", line("STD", 2, 4), revision=1)) is Outcome.CREATED
    assert_plan(made, "room | 01 02 03\n STD 101 | B A A\n DLX 201 | . . .")
    assert made.tasks("A") == []


def test_a_new_line_without_a_room_is_assigned_by_a_person() -> None:
    made = hotel(FREE)
    made.receive(new("A", line("STD", 1, 3), revision=1))
    assert_plan(made, "room | 01 02 03\n STD 101 | B . .\n DLX 201 | . . .\n STD - | A A .")
    task = made.task("A", NO_ROOM)
    assert [(p.kind, p.room) for p in task.proposals] == [("upgrade", "201")]
    assert task.details["why"] == "no room of STD is free on the nights wanted"
    assert task.details["category"] == "STD"
    assert (task.details["arrival"], task.details["departure"]) == ("2026-06-01", "2026-06-03")


def test_a_reinstated_stay_returns_to_its_last_room_if_it_is_free() -> None:
    made = hotel("room | 01 02\n STD 101 | B B\n STD 102 | . .\n STD 103 | A! A!")
    made.receive(cancels("A", revision=2))
    assert_plan(made, "room | 01 02\n STD 101 | B B\n STD 102 | . .\n STD 103 | . .")
    assert made.receive(says("A", line("STD", 1, 3), revision=3)) is Outcome.REINSTATED
    assert_plan(made, "room | 01 02\n STD 101 | B B\n STD 102 | . .\n STD 103 | A A")
    assert made.stay("A").pinned_room is None


def test_a_reinstated_stay_is_back_in_the_category_booked() -> None:
    plan = "room | 01 02\n STD 101 | . .\n DLX 201 | A A"
    made = hotel(plan, booked={"A": "STD"})
    made.receive(cancels("A", revision=2), says("A", line("STD", 1, 3), revision=3))
    assert_plan(made, "room | 01 02\n STD 101 | A A\n DLX 201 | . .")
    assert made.stay("A").manual_category_code is None


# --- none, remarks, price: untouched -----------------------------------------------------------

COLUMNS: dict[str, tuple[str, dict[str, str]]] = {
    "nothing manual": ("room | 01 02\n STD 101 | . .\n STD 102 | A A\n DLX 201 | . .", {}),
    "manual": ("room | 01 02\n STD 101 | . .\n STD 102 | . .\n DLX 201 | A A", {"A": "STD"}),
    "pinned": ("room | 01 02\n STD 101 | . .\n STD 102 | A! A!\n DLX 201 | . .", {}),
    "held": ("room | 01 02\n STD 101 | . .\n STD 102 | a a\n DLX 201 | . .", {}),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("policy", ALL, ids=str)
@pytest.mark.parametrize(
    "more",
    [{}, {"comments": "late"}, euros(90), {"rate_plan": "FLEX"}, {"guest_names": ("Ada",)}],
    ids=str,
)
def test_remarks_and_prices_search_no_room(
    column: str, policy: Policy, more: dict[str, Any]
) -> None:
    plan, booked = COLUMNS[column]
    made = hotel(plan, booked=booked, policy=policy)
    before = made.stay("A")
    outcome = made.receive(says("A", line("STD", 1, 3, **more), revision=2))
    assert outcome is (Outcome.MODIFIED if more else Outcome.UNCHANGED)
    assert_plan(made, plan)
    stay = made.stay("A")
    assert (stay.rooms, stay.held, stay.manual_category_code, stay.pinned_room) == (
        before.rooms,
        before.held,
        before.manual_category_code,
        before.pinned_room,
    )
    row = Row.QUIET if more else Row.REPEATED
    assert [cell.split(" / ")[0] for cell in made.cells] == [f"4: {row}"]


# --- dates, occupancy, or both -----------------------------------------------------------------


def test_dates_keep_the_room_where_it_is_free() -> None:
    after(
        "room | 01 02 03\n STD 101 | B . .\n STD 102 | A A .",
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | B . .\n STD 102 | A A A",
        tasks=[],
    )


def test_dates_move_to_the_best_fit_where_the_room_is_taken() -> None:
    after(
        "room | 01 02 03\n STD 101 | A A B\n STD 102 | . . .",
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . B\n STD 102 | A A A",
        tasks=[],
    )


def test_dates_without_any_room_are_recorded_and_asked_about() -> None:
    made = after(
        "room | 01 02 03\n STD 101 | A A B\n DLX 201 | . . .",
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . B\n DLX 201 | . . .\n STD - | A A A",
        tasks=[NO_ROOM],
    )
    assert made.stay("A").last_room == "101"
    (changed,) = [made.task("A", NO_ROOM).details["changes"]]
    assert changed == [
        {"line": "1", "field": "departure", "old": "2026-06-03", "new": "2026-06-04"}
    ]


MANUAL = """
    room    | 01  02  03
    STD 101 | .   .   .
    DLX 201 | A   A   .
    SUI 301 | .   .   .
"""
MANUAL_TAKEN = """
    room    | 01  02  03
    STD 101 | .   .   .
    DLX 201 | A   A   B
    SUI 301 | .   .   .
"""
ALL_TAKEN = """
    room    | 01  02  03
    STD 101 | .   .   C
    DLX 201 | A   A   B
    SUI 301 | .   .   .
"""
STD = {"A": "STD"}


@pytest.mark.parametrize("policy", [KEEP, ASSIGN, FREEZE], ids=str)
def test_dates_keep_the_manual_category_where_it_has_a_room(policy: Policy) -> None:
    after(
        MANUAL,
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A A A\n SUI 301 | . . .",
        tasks=[],
        manual="DLX",
        policy=policy,
        booked=STD,
    )


def test_dates_move_within_the_manual_category() -> None:
    after(
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A A B\n DLX 202 | . . .",
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n DLX 202 | A A A",
        tasks=[],
        manual="DLX",
        booked=STD,
    )


def test_dates_put_the_stay_back_into_its_category_under_follow_channel() -> None:
    after(
        MANUAL,
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | A A A\n DLX 201 | . . .\n SUI 301 | . . .",
        tasks=[DROPPED],
        policy=FOLLOW,
        booked=STD,
    )


@pytest.mark.parametrize("policy", [KEEP, FOLLOW, FREEZE], ids=str)
def test_dates_end_a_manual_category_that_is_full_with_a_notice(policy: Policy) -> None:
    made = after(
        MANUAL_TAKEN,
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | A A A\n DLX 201 | . . B\n SUI 301 | . . .",
        tasks=[DROPPED],
        policy=policy,
        booked=STD,
    )
    notice = made.task("A", DROPPED)
    assert notice.notice
    assert notice.details["manual_category"] == "DLX"
    assert "DLX was given up for 101" in str(notice.details["why"])


def test_dates_leave_a_full_manual_category_to_a_person_under_assign() -> None:
    made = after(
        MANUAL_TAKEN,
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | . . B\n SUI 301 | . . .\n STD - | A A A",
        tasks=[NO_ROOM],
        manual="DLX",
        policy=ASSIGN,
        booked=STD,
    )
    details = made.task("A", NO_ROOM).details
    assert details["left_to_a_person"] is True
    assert details["why"] == "no room of DLX is free, and the policy leaves it to a person"
    assert made.plan_again() == ()


@pytest.mark.parametrize(("policy", "manual"), [(KEEP, "DLX"), (FOLLOW, None)], ids=str)
def test_dates_with_both_categories_full_are_asked_about_and_x_is_kept(
    policy: Policy, manual: str | None
) -> None:
    made = after(
        ALL_TAKEN,
        line("STD", 1, 4),
        "room | 01 02 03\n STD 101 | . . C\n DLX 201 | . . B\n SUI 301 | . . .\n STD - | A A A",
        tasks=[NO_ROOM],
        manual=manual,
        policy=policy,
        booked=STD,
    )
    assert "left_to_a_person" not in made.task("A", NO_ROOM).details


def test_a_manual_category_below_the_booked_one_gives_way_to_it() -> None:
    after(
        "room | 01 02 03\n STD 101 | A A .\n DLX 201 | . . .",
        line("DLX", 1, 4),
        "room | 01 02 03\n STD 101 | . . .\n DLX 201 | A A A",
        tasks=[],
        booked={"A": "DLX"},
    )


def test_a_manual_category_below_the_booked_one_is_kept_where_that_is_full() -> None:
    after(
        "room | 01 02 03\n STD 101 | A A .\n DLX 201 | . . B",
        line("DLX", 1, 4),
        "room | 01 02 03\n STD 101 | A A A\n DLX 201 | . . B",
        tasks=[],
        manual="STD",
        booked={"A": "DLX"},
    )
