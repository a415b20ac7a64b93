"""Section 4, stays that have begun or ended: every state in every column, and A7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.begun import standing
from channel_sync.core.model import Line, Outcome, Policy, Reason
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import day, line, new, says

PLAN = """
    room      | 01  02  03  04  05
    STD 101/3 | .   A   A   .   .
    DLX 201/4 | .   .   .   .   .
"""
CHANGE = Reason.IN_HOUSE_CHANGE
PRICE = Reason.PRICE_DIFFERENCE
CONFLICT = Reason.STATUS_CONFLICT


def in_house(made: Hotel) -> None:
    desk.check_in(made, "A")


def by_its_dates(made: Hotel) -> None:
    """Nobody checked the guest in."""


def checked_out(made: Hotel) -> None:
    desk.check_in(made, "A")
    desk.check_out(made, "A")


def over_by_its_dates(made: Hotel) -> None:
    made.turn_to(day(6))


def no_show(made: Hotel) -> None:
    desk.no_show(made, "A")


def off(made: Hotel) -> None:
    desk.cancel(made, "A")


State = Callable[[Hotel], None]
IN_HOUSE: tuple[State, ...] = (in_house, by_its_dates)
GONE: tuple[State, ...] = (checked_out, over_by_its_dates)
STATES: tuple[State, ...] = (*IN_HOUSE, *GONE, no_show, off)
LATER = line("STD", 2, 5)
EARLIER = line("STD", 1, 4)
OTHER = line("DLX", 2, 4)


def hotel_in(state: State, *, policy: Policy | None = None, plan: str = PLAN) -> Hotel:
    """The hotel on the third day, A in this state."""
    made = hotel(plan, today=day(3), policy=policy)
    state(made)
    return made


def told(made: Hotel, line_told: Line, revision: int = 2) -> Outcome:
    return made.receive(says("A", line_told, revision=revision))


# --- remarks and price -------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "more", [{"comments": "late"}, {"rate_plan": "FLEX"}, {"guest_names": ("Ada",)}], ids=str
)
def test_remarks_are_taken_in_every_state(state: State, more: dict[str, Any]) -> None:
    made = hotel_in(state)
    rooms = made.rooms("A")
    assert told(made, line("STD", 2, 4, **more)) is Outcome.MODIFIED
    for name, value in more.items():
        assert getattr(made.stay("A"), name) == value
    assert made.tasks("A") == []
    assert made.rooms("A") == rooms


@pytest.mark.parametrize("state", STATES)
def test_a_price_is_recorded_in_every_state(state: State) -> None:
    made = hotel_in(state)
    assert told(made, line("STD", 2, 4, amount=Decimal(90), currency="EUR")) is Outcome.MODIFIED
    assert made.stay("A").amount == Decimal(90)
    where = standing(made.stay("A"), made.today)
    event = made.events[-1][1]
    assert (event.name, event.reason, event.rule) == (
        "modified",
        f"recorded: the stay is {where}",
        f"4 begun: {where}",
    )
    asked = state in IN_HOUSE + GONE
    assert made.tasks("A") == ([PRICE] if asked else [])
    if asked:
        task = made.task("A", PRICE)
        assert task.details["why"] == f"the channel changed the price of a stay that is {where}"
        assert task.details["changes"] == [
            {"line": "1", "field": "amount", "old": None, "new": "90"},
            {"line": "1", "field": "currency", "old": None, "new": "EUR"},
        ]


# --- occupancy ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", IN_HOUSE)
def test_a_party_in_house_that_fits_is_taken(state: State) -> None:
    made = hotel_in(state)
    assert told(made, line("STD", 2, 4, adults=3)) is Outcome.MODIFIED
    assert made.stay("A").adults == 3
    assert made.tasks("A") == []


@pytest.mark.parametrize("state", IN_HOUSE)
def test_a_party_in_house_that_does_not_fit_is_asked_about(state: State) -> None:
    made = hotel_in(state)
    assert told(made, line("STD", 2, 4, adults=4)) is Outcome.DEFERRED
    stay = made.stay("A")
    assert stay.adults == 2
    assert stay.base is not None
    assert stay.base.adults == 4
    assert made.task("A", CHANGE).details == {
        "why": "the channel changed a stay that is checked in",
        "changes": [{"line": "1", "field": "adults", "old": 2, "new": 4}],
    }


def test_a_party_in_house_without_a_room_is_asked_about() -> None:
    made = hotel("room | 02 03\n STD 101 | B B\n STD - | A A", today=day(3))
    assert told(made, line("STD", 2, 4, adults=1)) is Outcome.DEFERRED
    assert CHANGE in made.tasks("A")


@pytest.mark.parametrize("state", [*GONE, no_show, off])
def test_a_party_is_recorded_once_the_stay_is_over(state: State) -> None:
    made = hotel_in(state)
    assert told(made, line("STD", 2, 4, adults=9)) is Outcome.MODIFIED
    assert made.stay("A").adults == 9
    assert made.tasks("A") == []


def test_a_party_in_a_counted_category_fits_up_to_what_the_category_holds() -> None:
    for adults, outcome in ((4, Outcome.MODIFIED), (5, Outcome.DEFERRED)):
        made = hotel("room | 01\n STD 101 | .", units={"TENT": 1}, today=day(1))
        made.receive(new("A", line("TENT", 1, 4), revision=1))
        made.turn_to(day(2))
        assert made.receive(says("A", line("TENT", 1, 4, adults=adults), revision=2)) is outcome


def test_a_party_that_fits_a_room_only_held_gives_the_planner_another_look() -> None:
    made = hotel("room | 02 03\n STD 101/3 | a a", today=day(3))
    step = made.step(says("A", line("STD", 2, 4, adults=3), revision=2))
    assert step.decisions[0][1].freed


# --- departure, arrival, category --------------------------------------------------------------


@pytest.mark.parametrize("state", IN_HOUSE)
@pytest.mark.parametrize(
    "change", [LATER, EARLIER, OTHER], ids=["departure", "arrival", "category"]
)
@pytest.mark.parametrize(
    "policy", [Policy(), Policy(ota_room_policy="follow_channel")], ids=["keep", "follow"]
)
def test_a_guest_in_house_is_never_moved_but_asked_about(
    state: State, change: Line, policy: Policy
) -> None:
    made = hotel_in(state, policy=policy)
    before = made.stay("A")
    assert told(made, change) is Outcome.DEFERRED
    after = made.stay("A")
    base = after.base
    assert base is not None
    assert (base.arrival, base.departure) == (change.arrival, change.departure)
    assert replace(after, base=None) == replace(before, base=None)
    assert made.tasks("A") == [CHANGE]
    assert after.booked_category == "STD"


SAME_ROOM = Policy(extend_in_house="same_room")


@pytest.mark.parametrize("state", IN_HOUSE)
def test_a_guest_in_house_stays_on_in_the_same_room_where_the_policy_says_so(state: State) -> None:
    made = hotel_in(state, policy=SAME_ROOM)
    assert told(made, LATER) is Outcome.MODIFIED
    assert_plan(made, "room | 01 02 03 04 05\n STD 101 | . A A A .\n DLX 201 | . . . . .")
    assert made.tasks("A") == []
    assert made.step(new("B", line("STD", 4, 5))).outcome is Outcome.CREATED
    assert made.rooms("B") == []


@pytest.mark.parametrize("change", [EARLIER, line("STD", 2, 3), line("STD", 3, 5)], ids=str)
def test_only_a_later_departure_extends_a_stay_in_house(change: Line) -> None:
    made = hotel_in(in_house, policy=SAME_ROOM)
    assert told(made, change) is Outcome.DEFERRED
    assert made.tasks("A") == [CHANGE]


def test_a_room_that_is_taken_extends_nobody() -> None:
    plan = "room | 02 03 04\n STD 101/3 | A A B\n STD 102 | . . ."
    made = hotel_in(in_house, policy=SAME_ROOM, plan=plan)
    assert told(made, LATER) is Outcome.DEFERRED
    assert_plan(made, plan)


def test_a_guest_in_house_without_a_room_is_not_extended() -> None:
    made = hotel("room | 02 03\n STD 101 | B B\n STD - | A A", today=day(3), policy=SAME_ROOM)
    assert told(made, line("STD", 2, 5)) is Outcome.DEFERRED


def test_the_last_of_several_rooms_is_extended() -> None:
    plan = "room | 02 03 04\n STD 101 | A . .\n STD 102 | . A ."
    made = hotel_in(in_house, policy=SAME_ROOM, plan=plan)
    assert told(made, LATER) is Outcome.MODIFIED
    assert_plan(made, "room | 02 03 04\n STD 101 | A . .\n STD 102 | . A A")


@pytest.mark.parametrize("state", GONE)
@pytest.mark.parametrize(
    "change", [line("STD", 2, 3), EARLIER, OTHER], ids=["departure", "arrival", "category"]
)
def test_dates_and_category_are_recorded_after_check_out(state: State, change: Line) -> None:
    made = hotel_in(state)
    rooms = made.rooms("A")
    assert told(made, change) is Outcome.MODIFIED
    stay = made.stay("A")
    assert (stay.arrival, stay.departure) == (change.arrival, change.departure)
    assert stay.booked_category == change.category_code
    assert made.tasks("A") == []
    assert made.rooms("A") == rooms


def test_the_manual_category_recorded_after_check_out_is_manual_no_more() -> None:
    made = hotel("room | 02 03\n STD 101 | . .\n DLX 201 | A A", booked={"A": "STD"}, today=day(3))
    checked_out(made)
    told(made, OTHER)
    stay = made.stay("A")
    assert (stay.booked_category, stay.manual_category_code) == ("DLX", None)


def test_a_stay_over_by_its_dates_alone_is_placed_again_where_its_new_dates_are_not() -> None:
    made = hotel_in(over_by_its_dates)
    assert told(made, line("STD", 2, 9)) is Outcome.MODIFIED
    stay = made.stay("A")
    assert [(a.room, a.from_date, a.to_date) for a in stay.rooms] == [
        ("101", day(2), day(4)),
        ("101", day(6), day(9)),
    ]
    today = hotel_in(over_by_its_dates)
    told(today, line("STD", 2, 6))
    assert [(a.room, a.to_date) for a in today.stay("A").rooms] == [("101", day(4))]
    out = hotel_in(checked_out)
    rooms = out.stay("A").rooms
    told(out, line("STD", 2, 9))
    assert out.stay("A").rooms == rooms


@pytest.mark.parametrize("state", [no_show, off])
@pytest.mark.parametrize(
    "change", [LATER, EARLIER, OTHER], ids=["departure", "arrival", "category"]
)
def test_a_no_show_or_a_stay_cancelled_by_staff_is_not_revived(state: State, change: Line) -> None:
    made = hotel_in(state)
    before = made.stay("A")
    assert told(made, change) is Outcome.DEFERRED
    after = made.stay("A")
    assert replace(after, base=None) == replace(before, base=None)
    assert made.tasks("A") == [CONFLICT]
    changes: Any = made.task("A", CONFLICT).details["changes"]
    assert changes[0] == {
        "line": "1",
        "field": "status",
        "old": before.status.value,
        "new": "confirmed",
    }
