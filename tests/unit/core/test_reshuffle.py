"""R2: the fewest other stays moved so that one more fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channel_sync.core import reshuffle as module
from channel_sync.core.model import Allocation, StayStatus
from channel_sync.core.place import Ask
from channel_sync.core.reshuffle import Reshuffled, reshuffle
from tests.unit.core.drawing import hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import TODAY, day

Moves = list[tuple[str, str | None, str]]


def search(
    made: Hotel,
    first: int,
    end: int,
    *,
    party: int = 2,
    only: str | None = None,
    budget: int = 50_000,
) -> Reshuffled:
    """Who would have to move so that a stay of these days has a room of STD."""
    plan = made.plan()
    ask = Ask((99, "1"), day(first), day(end), party, made.today)
    wanted = plan.layout.fitting(plan.layout.category("STD"), party)
    if only is not None:
        wanted = plan.layout.mask([only])
    return reshuffle(plan, ask, "STD", wanted, made.neighbours().values(), budget)


def told(found: Reshuffled) -> tuple[str | None, Moves]:
    return found.room, [(m.reference, m.from_room, m.to_room) for m in found.moves]


# --- which plan --------------------------------------------------------------------------------


def test_of_two_plans_of_one_move_the_one_with_fewer_nights_is_taken() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A . . .\n STD 102 | . B B B")
    assert told(search(made, 1, 5)) == ("101", [("A", "101", "102")])


def test_of_as_many_nights_the_latest_arrival_is_moved() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B")
    assert told(search(made, 1, 5)) == ("102", [("B", "102", "101")])


def test_of_equal_plans_the_first_in_room_order_is_taken() -> None:
    made = hotel(
        "room | 01 02 03\n STD 101 | x x x\n STD 102 | A . x\n STD 103 | B . x\n STD 104 | . C x"
        "\n STD 105 | . D x"
    )
    assert told(search(made, 1, 3)) == ("104", [("C", "104", "102")])


def test_one_long_stay_is_moved_rather_than_two_short_ones() -> None:
    made = hotel(
        "room | 01 02 03 04 05\n STD 101 | A A A . .\n STD 102 | x C . D .\n"
        " STD 103 | . . . x x\n STD 104 | x . x . x"
    )
    assert told(search(made, 2, 6)) == ("101", [("A", "101", "103")])


def test_those_in_the_way_make_room_for_one_another() -> None:
    made = hotel(
        "room | 01 02 03 04 05 06\n STD 101 | A A . . C C\n STD 102 | . . B B . .\n"
        " STD 103 | x x x D D D"
    )
    found = search(made, 1, 5)
    assert told(found) == ("102", [("B", "102", "101")])


CHAIN = "room | 01 02 03 04\n STD 101 | . . B B\n STD 102 | x x . C\n STD 103 | x x x ."


def test_who_gives_way_may_need_another_to_give_way() -> None:
    found = search(hotel(CHAIN), 1, 4)
    assert told(found) == ("101", [("B", "101", "102"), ("C", "102", "101")])


def test_two_in_the_way_leave_for_different_rooms() -> None:
    made = hotel(
        "room | 01 02 03 04\n STD 101 | A A B B\n STD 102 | . . x .\n STD 103 | x . . .\n"
        " STD 104 | x x . ."
    )
    assert told(search(made, 1, 5)) == ("101", [("A", "101", "102"), ("B", "101", "103")])


def test_a_room_that_somebody_has_left_may_be_taken_by_the_next_in_the_chain() -> None:
    made = hotel(
        "room | 01 02 03 04 05\n STD 101 | . Y Y Y Z\n STD 102 | x . . W W\n"
        " STD 103 | x x . V V\n STD 104 | x x x x ."
    )
    found = search(made, 1, 3)
    assert told(found) == ("101", [("Y", "101", "102"), ("W", "102", "101"), ("Z", "101", "102")])


def test_nobody_is_moved_where_a_room_is_free() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | . .")
    assert told(search(made, 1, 3)) == ("102", [])


def test_a_larger_room_is_left_by_a_party_that_does_not_need_it() -> None:
    made = hotel("room | 01 02\n STD 101/4 | A A\n STD 102/2 | . .")
    assert told(search(made, 1, 3, party=3)) == ("101", [("A", "101", "102")])


def test_a_party_that_needs_the_larger_room_keeps_it() -> None:
    made = hotel("room | 01 02\n STD 101/4 | A A\n STD 102/2 | . .", adults={"A": 3})
    assert search(made, 1, 3, party=3) == Reshuffled()


def test_a_stay_in_two_rooms_gives_way_in_one_of_them() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . A A\n STD 103 | x x . .")
    assert told(search(made, 1, 5)) == ("101", [("A", "101", "102")])


def test_a_room_of_another_category_is_no_way_out() -> None:
    made = hotel("room | 01 02\n STD 101 | A .\n STD 102 | . B\n DLX 201 | . .")
    found = search(made, 1, 3)
    assert {move.to_room for move in found.moves} <= {"101", "102"}
    assert len(found.moves) == 1


def test_a_closed_room_is_no_way_out() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | . .\n STD 103 | x x")
    rooms = tuple(replace(r, active=r.code != "102") for r in made.house.rooms)
    made.change(replace(made.house, rooms=rooms))
    assert search(made, 1, 3) == Reshuffled()


# --- who is never moved ------------------------------------------------------------------------

ONE_MOVE = "room | 01 02\n STD 101 | {} .\n STD 102 | . x\n STD 103 | x ."


def only_a(mark: str = "A", booked: dict[str, str] | None = None) -> Hotel:
    """A house in which A would have to move."""
    return hotel(ONE_MOVE.format(mark), booked=booked)


def test_a_stay_with_nothing_against_it_is_moved() -> None:
    assert told(search(only_a(), 1, 3)) == ("101", [("A", "101", "102")])


def test_never_a_pinned_one() -> None:
    assert search(only_a("A!"), 1, 3).room is None


def test_never_one_that_is_only_held() -> None:
    assert search(only_a("a"), 1, 3).room is None


def test_never_one_with_a_manual_category() -> None:
    assert search(only_a(booked={"A": "DLX"}), 1, 3).room is None


@pytest.mark.parametrize("today", [1, 2], ids=["arrives today", "begun"])
def test_never_one_that_arrives_today_or_has_begun(today: int) -> None:
    made = hotel("room | 01 02 03\n STD 101 | A A .\n STD 102 | . . x\n STD 103 | x x .")
    assert told(search(made, 2, 4)) == ("101", [("A", "101", "102")])
    made.turn_to(day(today))
    assert search(made, 2, 4).room is None


@pytest.mark.parametrize("change", [{"status": StayStatus.CHECKED_IN}, {"to_place": True}])
def test_never_one_that_is_in_house_or_about_to_be_placed(change: dict[str, object]) -> None:
    made = only_a()
    booking = made.booking("A")
    made.put(replace(booking, stays=(replace(booking.stays[0], **change),)))  # type: ignore[arg-type]
    assert search(made, 1, 3).room is None


def test_never_into_a_room_that_a_pinned_stay_waits_for() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A . .\n STD 102 | . x .\n STD 103 | x . .")
    assert search(made, 1, 3).room == "101"
    plan = made.plan().promise((50, "1"), Allocation("102", day(1), day(2)))
    wanted = plan.layout.category("STD")
    ask = Ask((99, "1"), day(1), day(3), 2, TODAY)
    found = reshuffle(plan, ask, "STD", wanted, made.neighbours().values(), 50_000)
    assert found.room is None


# --- the budget --------------------------------------------------------------------------------


def test_the_budget_counts_rooms_looked_at_and_says_when_it_is_hit() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B")
    assert search(made, 1, 5, budget=0) == Reshuffled(nodes=2, is_proved=False)


def test_a_plan_that_is_found_before_the_budget_is_hit_is_given_though_not_proved() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B")
    whole = search(made, 1, 5)
    assert whole.is_proved
    found = {search(made, 1, 5, budget=budget).is_proved for budget in range(2, whole.nodes)}
    assert found == {False}
    late = search(made, 1, 5, budget=whole.nodes - 1)
    assert late.room is not None


def test_once_the_budget_is_hit_any_plan_is_looked_for_with_a_part_of_it() -> None:
    others = [chr(letter) for letter in range(ord("E"), ord("Y"))]
    made = hotel(
        "room | 01 02 03 04 05\n STD 101 | . . B B x\n STD 102 | x x . C C\n"
        " STD 103 | x x x . D\n STD 104 | x x x x ."
        + "".join(f"\n STD 2{n:02} | {a} {a} {a} {a} {a}" for n, a in enumerate(others))
    )
    whole = search(made, 1, 4)
    assert (len(whole.moves), whole.is_proved) == (3, True)
    guessed = search(made, 1, 4, budget=whole.nodes * 2 // 3)
    assert told(guessed) == told(whole)
    assert not guessed.is_proved


def test_a_plan_of_more_moves_than_anybody_would_make_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_MOVES", 1)
    made = hotel("room | 01 02 03 04\n STD 101 | . . B B\n STD 102 | x x . C\n STD 103 | x x x .")
    found = search(made, 1, 4)
    assert (found.room, found.is_proved) == (None, False)


def test_neighbours_further_away_are_looked_at_where_it_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = hotel(CHAIN)
    far = search(made, 1, 4)
    monkeypatch.setattr(module, "REACH_NIGHTS", 0)
    near = search(made, 1, 4)
    assert told(near) == told(far)
    assert near.is_proved
    assert near.nodes > far.nodes
