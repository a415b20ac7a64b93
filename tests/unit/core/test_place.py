"""R1, capacity, and what is proposed to a person (R4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channel_sync.core.model import Allocation, Policy, Proposal
from channel_sync.core.place import (
    Ask,
    Offer,
    is_fitting,
    is_free,
    party_of,
    search,
)
from channel_sync.core.proposals import propose
from tests.unit.core.drawing import hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import TODAY, day, held, line

PLAN = """
    room      | 01  02  03  04  05  06
    STD 101/1 | .   .   .   .   .   .
    STD 102   | A   A   .   .   B   B
    STD 103   | C   .   .   .   .   D
    DLX 201   | .   .   .   .   .   .
    DLX 202/3 | E   E   .   .   .   .
    SUI 301/4 | F   F   F   F   .   .
"""


def asks(
    first: int,
    end: int,
    *,
    party: int = 2,
    present: str | None = None,
    key: tuple[int, str] = (9, "1"),
) -> Ask:
    return Ask(key, day(first), day(end), party, TODAY, present)


def found(made: Hotel, ask: Ask, *categories: str) -> Offer | None:
    return search(made.plan(), ask, categories)


def test_the_room_with_the_fewest_idle_nights_is_chosen() -> None:
    made = hotel(PLAN)
    assert found(made, asks(3, 5), "STD") == Offer("102", "STD", fits=True)
    assert found(made, asks(2, 6), "STD") == Offer("103", "STD", fits=True)


def test_the_room_held_now_comes_before_the_best_fit() -> None:
    assert found(hotel(PLAN), asks(3, 5, present="103"), "STD") == Offer("103", "STD", fits=True)


def test_a_room_held_now_of_another_category_does_not_count() -> None:
    assert found(hotel(PLAN), asks(3, 5, present="201"), "STD") == Offer("102", "STD", fits=True)


def test_the_first_category_with_a_fitting_room_gives_it() -> None:
    made = hotel(PLAN)
    assert found(made, asks(1, 3), "SUI", "DLX") == Offer("201", "DLX", fits=True)
    assert found(made, asks(5, 7), "SUI", "DLX") == Offer("301", "SUI", fits=True)


def test_a_fitting_room_of_a_later_category_comes_before_one_too_small() -> None:
    made = hotel(PLAN)
    assert found(made, asks(3, 5, party=3), "STD", "DLX") == Offer("202", "DLX", fits=True)


def test_where_none_fits_the_best_free_room_of_the_first_category_is_offered() -> None:
    made = hotel(PLAN)
    assert found(made, asks(3, 5, party=9), "STD", "DLX") == Offer("102", "STD", fits=False)


def test_nothing_is_free() -> None:
    made = hotel(PLAN)
    assert found(made, asks(1, 5), "SUI") is None
    assert found(made, asks(1, 5)) is None


def test_a_room_is_free_only_if_it_is_on_every_night() -> None:
    plan = hotel(PLAN).plan()
    assert is_free(plan, asks(3, 5), "102")
    assert not is_free(plan, asks(3, 6), "102")
    assert not is_free(plan, asks(2, 5), "102")
    assert not is_free(plan, asks(3, 5), "no such room")


def test_a_room_promised_to_a_pin_is_free_for_nobody_else() -> None:
    plan = hotel(PLAN).plan().promise((1, "1"), Allocation("102", day(3), day(4)))
    assert not is_free(plan, asks(3, 5), "102")
    assert is_free(plan, asks(3, 5, key=(1, "1")), "102")
    assert search(plan, asks(3, 5), ["STD"]) == Offer("103", "STD", fits=True)


def test_a_room_fits_a_party_up_to_its_capacity() -> None:
    plan = hotel(PLAN).plan()
    assert is_fitting(plan, asks(1, 2, party=3), "202")
    assert not is_fitting(plan, asks(1, 2, party=4), "202")
    assert not is_fitting(plan, asks(1, 2), "no such room")


@pytest.mark.parametrize(
    ("adults", "children", "counts_from", "party"),
    [
        (2, (), 3, 2),
        (2, (2,), 3, 2),
        (2, (3,), 3, 3),
        (2, (None,), 3, 3),
        (2, (1, 5, None), 3, 4),
        (2, (5,), 6, 2),
        (None, (0,), 0, 1),
    ],
)
def test_children_count_from_the_age_of_the_policy_and_unknown_ages_count(
    adults: int | None, children: tuple[int | None, ...], counts_from: int, party: int
) -> None:
    stay = held("1", line(), adults=adults, children=children)
    assert party_of(stay, Policy(child_counts_from=counts_from)) == party


def test_a_stay_asks_for_the_nights_that_are_not_over() -> None:
    stay = held("1", line(first=3, end=6, adults=3))
    ahead = Ask.of((1, "1"), stay, Policy(), day(1), "101")
    assert ahead == Ask((1, "1"), day(3), day(6), 3, day(1), "101")
    assert ahead.nights == 3
    begun = Ask.of((1, "1"), stay, Policy(), day(5), None)
    assert (begun.from_date, begun.nights) == (day(5), 1)
    assert Ask.of((1, "1"), stay, Policy(), day(8), None).nights == 0
    assert begun.allocation("101") == Allocation("101", day(5), day(6))


# --- proposals -------------------------------------------------------------------------------


def proposed(made: Hotel, ask: Ask, category: str | None) -> list[tuple[str, str | None]]:
    return [(p.kind, p.room) for p in propose(made.house, made.plan(), ask, category)]


def test_a_room_of_the_category_then_the_nearest_higher_then_the_nearest_lower() -> None:
    made = hotel(PLAN)
    assert propose(made.house, made.plan(), asks(5, 6), "DLX") == (
        Proposal("room", "202", "DLX"),
        Proposal("upgrade", "301", "SUI", upgrade=1),
        Proposal("downgrade", "103", "STD", upgrade=-1),
    )


def test_the_nearest_category_that_has_a_room_is_proposed() -> None:
    made = hotel(PLAN)
    assert proposed(made, asks(1, 3, party=3), "STD") == []
    assert proposed(made, asks(5, 6, party=4), "STD") == [("upgrade", "301")]
    assert proposed(made, asks(1, 5), "SUI") == [("downgrade", "201")]


def test_from_the_lowest_nothing_lower_and_from_the_highest_nothing_higher() -> None:
    made = hotel(PLAN)
    assert proposed(made, asks(5, 6), "STD") == [("room", "103"), ("upgrade", "202")]
    assert proposed(made, asks(5, 6), "SUI") == [("room", "301"), ("downgrade", "202")]


def test_without_a_category_any_room_from_the_lowest_on_is_proposed() -> None:
    assert proposed(hotel(PLAN), asks(5, 6), None) == [("upgrade", "103")]
    assert proposed(hotel(PLAN), asks(5, 6, party=4), "no such") == [("upgrade", "301")]


def test_the_room_held_now_is_proposed_first_in_its_category() -> None:
    made = hotel(PLAN)
    assert proposed(made, asks(5, 6, present="202"), "STD") == [("room", "103"), ("upgrade", "202")]


def test_closed_rooms_are_not_proposed() -> None:
    made = hotel(PLAN)
    rooms = tuple(replace(room, active=room.category != "DLX") for room in made.house.rooms)
    made.change(replace(made.house, rooms=rooms))
    assert proposed(made, asks(5, 6), "STD") == [("room", "103"), ("upgrade", "301")]
