"""The hotel's own bookings, blocks that are named, units for as many as there are (R9, R10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from channel_sync.core.change_of_room import stretch_rooms
from channel_sync.core.model import (
    Block,
    Category,
    Channel,
    Policy,
    Property,
    Reason,
    Reservation,
    Stay,
    StayStatus,
)
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, HOTEL, cancels, day, line, new, property_of, says

PITCHES = {"PIT": 2}


def own(made: Hotel, number: int, reference: str, category: str, first: int, end: int) -> None:
    """Staff book: a stay without a base that the planner has yet to place."""
    stay = Stay(
        "1",
        StayStatus.CONFIRMED,
        day(first),
        day(end),
        adults=2,
        booked_category=category,
        to_place=True,
    )
    made.put(Reservation(HOTEL, number, "direct", reference, (reference,), (stay,)))


def lay_block(made: Hotel, room: str, first: int, end: int, reason: str | None = None) -> None:
    desk.block(made, room, day(first), day(end))
    blocks = (*made.house.blocks, Block(room, day(first), day(end), reason))
    made.change(replace(made.house, blocks=blocks))


# --- own bookings ----------------------------------------------------------------------------


def test_an_own_booking_is_placed_by_best_fit() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | . . . .\n STD 102 | . . A A")
    own(made, 9, "T", "STD", 1, 3)
    made.plan_again()
    assert_plan(made, "room | 01 02 03 04\n STD 101 | . . . .\n STD 102 | T T A A")
    assert made.plan_again() == ()


def test_an_own_booking_without_a_room_is_asked_about() -> None:
    made = hotel("room | 01 02\n STD 101 | A A")
    own(made, 9, "T", "STD", 1, 2)
    made.plan_again()
    assert made.tasks("T") == [Reason.NO_ROOM]
    made.receive(cancels("A", revision=2))
    made.plan_again()
    assert made.rooms("T") == ["101"]


@pytest.mark.parametrize("spelling", ["direct", "Direct", " DIRECT "])
def test_no_channel_bears_the_name_of_the_hotels_own(spelling: str) -> None:
    house = property_of({"STD": [("101", 2)]})
    assert house.channel(spelling).name == "direct (channel)"
    named = replace(house, channels=(Channel("Direct", frozenset({"web"}), {"S": "STD"}),))
    assert named.channel("web").name == named.channel(spelling).name == "Direct (channel)"
    # By the name that its bookings bear it is found again.
    assert named.map_category("direct (channel)", "S") == "STD"


# --- units (R9) ------------------------------------------------------------------------------


def test_units_go_to_as_many_new_bookings_as_there_are() -> None:
    made = hotel("room | 01 02\n STD 101 | . .", units=PITCHES)
    for number, reference in enumerate("ABC", 7):
        own(made, number, reference, "PIT", 1, 3)
    made.plan_again()
    assert [made.tasks(reference) for reference in "ABC"] == [[], [], [Reason.NO_ROOM]]
    assert made.plan_again() == ()


def test_who_waits_for_a_unit_counts_against_a_new_booking() -> None:
    made = hotel("room | 01 02\n STD 101 | . .", units=PITCHES)
    made.receive(*(new(reference, line("PIT", 1, 3)) for reference in "ABC"))
    made.receive(cancels("A", revision=2))
    own(made, 9, "T", "PIT", 1, 3)
    made.plan_again()
    assert [made.tasks(r) for r in "BCT"] == [[], [Reason.NO_ROOM], [Reason.NO_ROOM]]


# --- one stay in two rooms (R8) --------------------------------------------------------------

TWO_ROOMS = "room | 01 02 03 04\n STD 101 | A A . B\n STD 102 | C . A A\n STD 103 | . . . ."


@pytest.mark.parametrize(
    ("first", "end", "drawn"),
    [
        (2, 6, "STD 101 | . A . B\n STD 102 | C . A A"),
        (1, 4, "STD 101 | A A . B\n STD 102 | C . A ."),
    ],
    ids=["shifted", "shorter"],
)
def test_a_change_of_room_that_is_planned_stays_planned(first: int, end: int, drawn: str) -> None:
    made = hotel(TWO_ROOMS)
    made.receive(says("A", line("STD", first, end), revision=2))
    assert_plan(made, f"room | 01 02 03 04\n {drawn}\n STD 103 | . . . .")
    assert made.events[-1][1].reason == "101, then 102: still free on the nights wanted"


def test_a_change_of_room_ends_where_one_of_the_rooms_is_taken() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | C . A B\n STD 103 | . . . .")
    made.receive(says("A", line("STD", 1, 5), revision=2))
    assert made.rooms("A") == ["101"]


def test_a_change_of_room_ends_where_one_of_the_rooms_is_too_small() -> None:
    made = hotel("room | 01 02 03\n STD 101/4 | A A .\n STD 102 | . . A\n STD 103/4 | . . B")
    made.receive(says("A", line("STD", 1, 4, adults=3), revision=2))
    assert made.rooms("A") == ["101"]


def test_a_change_of_room_ends_where_the_channel_is_followed() -> None:
    made = hotel(TWO_ROOMS, policy=Policy(ota_room_policy="follow_channel"))
    made.receive(says("A", line("STD", 1, 4), revision=2))
    assert made.rooms("A") == ["101"]


def test_no_nights_of_a_stay_are_no_rooms() -> None:
    assert stretch_rooms((), day(1), day(3)) == ()


# --- blocks (R10) ----------------------------------------------------------------------------


def test_the_task_names_the_block_that_took_the_room() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A .")
    lay_block(made, "101", 2, 4, "leak")
    made.plan_again()
    details = made.task("A", Reason.NO_ROOM).details
    assert details["block"] == {
        "room": "101",
        "from_date": "2026-06-02",
        "to_date": "2026-06-04",
        "reason": "leak",
    }
    assert details["why"] == (
        "no room of STD is free on the nights wanted; "
        "room 101 is blocked from 2026-06-02 to 2026-06-04: leak"
    )


def test_the_conflict_of_a_pin_names_the_block() -> None:
    made = hotel("room | 01 02\n STD 101 | A! A!\n STD 102 | . .")
    lay_block(made, "101", 1, 2)
    made.plan_again()
    why = made.task("A", Reason.PINNED_ROOM_CONFLICT).details["why"]
    assert str(why).endswith("; room 101 is blocked from 2026-06-01 to 2026-06-02")


def test_a_block_beside_the_stay_or_on_another_room_is_not_named() -> None:
    house = Property("H", "H", "UTC", "EUR", (Category("STD", "S", 2),), ())
    block = Block("101", date(2026, 6, 3), date(2026, 6, 5))
    house = replace(house, blocks=(block,))
    assert house.block_over({"101"}, date(2026, 6, 1), date(2026, 6, 3)) is None
    assert house.block_over({"101"}, date(2026, 6, 5), date(2026, 6, 6)) is None
    assert house.block_over({"102"}, date(2026, 6, 3), date(2026, 6, 6)) is None
    assert house.block_over({"101"}, date(2026, 6, 4), date(2026, 6, 6)) is block


def test_an_own_stay_added_to_a_channels_booking_is_nobodys_to_cancel() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | . .")
    added = Stay("2", StayStatus.CONFIRMED, day(1), day(3), booked_category="STD", to_place=True)
    desk.add_stay(made, "A", added)
    made.plan_again()
    assert made.rooms("A", "2") == ["102"]
    made.receive(cancels("A", revision=2))
    assert made.rooms("A", "2") == ["102"]
    assert made.tasks("A", "2") == [Reason.REVIEW]
    assert made.booking("A").channel == CHANNEL
