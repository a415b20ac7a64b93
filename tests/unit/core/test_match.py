from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_sync.core.match import (
    Ambiguous,
    Matched,
    Pairing,
    Unmatched,
    likeness,
    likeness_most,
    match,
    pair_lines,
)
from channel_sync.core.model import Allocation, Line, Reservation, Stay, StayStatus
from tests.unit.core.drawing import known
from tests.unit.core.histories import lawful
from tests.unit.core.house import TODAY, day, held, line, loose, says

A = known(1, "A")
B = known(2, "B")


def paired(pairing: Pairing) -> dict[str, Line]:
    return {stay.line: line for stay, line in pairing.pairs}


def pair(stays: Sequence[Stay], *lines: Line) -> Pairing:
    return pair_lines(stays, lines, TODAY)


# --- which booking (M1, M12) ---------------------------------------------------------------


def test_nobody_bears_the_reference() -> None:
    assert match(says("A"), {"A": None}) == Unmatched()
    assert match(says("A"), {}) == Unmatched()


def test_the_reference_alone_decides() -> None:
    assert match(says("A"), {"A": A, "B": B}) == Matched(A)


def test_the_reference_replaced_finds_the_same_booking() -> None:
    found = match(says("A2", replaces=("A",)), {"A2": None, "A": A})
    assert found == Matched(A, by_older_reference=False)


def test_a_reference_given_up_for_a_newer_one_is_known_as_that() -> None:
    renamed = replace(A, reference="A2", references=("A", "A2"))
    assert match(says("A"), {"A": renamed}) == Matched(renamed, by_older_reference=True)
    assert match(says("A2"), {"A2": renamed}) == Matched(renamed, by_older_reference=False)


def test_references_of_several_bookings_are_ambiguous() -> None:
    found = match(says("C", replaces=("A", "B")), {"C": None, "A": A, "B": B})
    assert found == Ambiguous((1, 2))


def test_two_references_of_one_booking_are_not_ambiguous() -> None:
    found = match(says("A", replaces=("A1",)), {"A": A, "A1": A})
    assert found == Matched(A)


# --- which line (M10) ------------------------------------------------------------------------


def test_a_stable_id_outweighs_all_likeness() -> None:
    one, two = line(name="1", comments="one"), line("DLX", 5, 9, name="2", comments="two")
    swapped = pair(
        [held("1", one), held("2", two)],
        replace(two, channel_line="1"),
        replace(one, channel_line="2"),
    )
    assert paired(swapped)["1"].comments == "two"
    assert paired(swapped)["2"].comments == "one"
    assert (swapped.new_lines, swapped.gone) == ((), ())


def test_a_stable_id_not_known_is_a_new_line_and_one_not_listed_has_gone() -> None:
    stay = held("1", line(name="1"))
    other = line(name="2")
    assert pair([stay], other) == Pairing((), (other,), (stay,))


def test_one_stable_id_listed_twice_counts_once_the_later_listing() -> None:
    first, second = line(name="1", adults=1), line(name="1", adults=2)
    assert pair([], first, second).new_lines == (second,)


def test_equal_lines_without_a_stable_id_are_several_rooms() -> None:
    assert len(pair([], loose(), loose()).new_lines) == 2


def test_units_of_one_line_are_several_stays_paired_by_content() -> None:
    early, late = line(name="1", first=1, end=3), line(name="1", first=1, end=9, unit=2)
    stays = [held("1", early), held("2", late)]
    swapped = pair(stays, replace(late, unit=1), replace(early, unit=2))
    assert paired(swapped)["1"].departure == day(3)
    assert paired(swapped)["2"].departure == day(9)


def test_of_units_a_live_stay_is_paired_before_one_that_had_gone() -> None:
    gone = held("1", line(name="1", is_live=False), status=StayStatus.CANCELLED)
    live = held("2", line(name="1", unit=2))
    assert list(paired(pair([gone, live], line(name="1")))) == ["2"]
    both = pair([gone, live], line(name="1"), line(name="1", unit=2))
    assert list(paired(both)) == ["1", "2"]
    assert (both.new_lines, both.gone) == ((), ())


def test_a_line_that_had_gone_returns_under_its_stable_id_only() -> None:
    stable = held("1", line(is_live=False), status=StayStatus.CANCELLED, cancelled_by="channel")
    assert list(paired(pair([stable], line()))) == ["1"]
    unstable = held("1", loose(is_live=False), status=StayStatus.CANCELLED, cancelled_by="channel")
    again = pair([unstable], loose())
    assert again.pairs == ()
    assert again.new_lines == (loose(),)
    assert again.gone == ()


def test_a_line_that_had_gone_from_a_guest_in_house_is_still_paired_by_content() -> None:
    in_house = held("1", loose(is_live=False), status=StayStatus.CHECKED_IN)
    assert list(paired(pair([in_house], loose()))) == ["1"]


def test_a_stay_that_staff_added_is_nobody_s_line() -> None:
    added = replace(held("1", line()), base=None)
    assert pair([added], line()) == Pairing((), (line(),), ())


def test_stable_and_loose_lines_are_not_paired_with_each_other() -> None:
    stay = held("1", line())
    assert pair([stay], loose()) == Pairing((), (loose(),), (stay,))


WEIGHTS: list[tuple[dict[str, Any], int]] = [
    ({"guest_names": ("Ada",)}, 9),
    ({"category_code": "STD"}, 8),
    ({"arrival": day(1)}, 4),
    ({"departure": day(3)}, 4),
    ({"adults": 2, "children": (7,)}, 1),
]
NOTHING_ALIKE: dict[str, Any] = {
    "guest_names": ("Bob",),
    "category_code": "DLX",
    "arrival": day(5),
    "departure": day(6),
    "adults": 1,
    "children": (),
}
ALL: dict[str, Any] = {name: value for fields, _ in WEIGHTS for name, value in fields.items()}


@pytest.mark.parametrize(("fields", "weight"), WEIGHTS, ids=str)
def test_each_likeness_has_its_weight(fields: dict[str, Any], weight: int) -> None:
    stay = held("1", Line(**ALL))
    assert likeness(stay, Line(**(NOTHING_ALIKE | fields))) == weight
    assert likeness(stay, Line(**NOTHING_ALIKE)) == 0
    assert likeness(stay, Line(**ALL)) == likeness_most() == 26


def test_a_name_not_said_is_nobody_s_name() -> None:
    assert likeness(held("1", loose("X", 1, 3)), replace(loose("Y", 5, 7), adults=1)) == 0
    assert likeness(replace(held("1", loose()), base=None), loose()) == 0


def test_no_children_said_and_none_listed_are_the_same_party() -> None:
    stay = held("1", loose())
    assert likeness(stay, loose(children=())) == likeness(stay, loose()) == 8 + 4 + 4 + 1
    with_none = held("1", loose(children=()))
    assert likeness(with_none, loose()) == 17


def test_names_pair_lines_whose_dates_were_exchanged() -> None:
    ada = loose(first=1, end=3, guest_names=("Ada",))
    bob = loose(first=5, end=8, guest_names=("Bob",))
    moved = pair(
        [held("1", ada), held("2", bob)],
        replace(ada, arrival=day(5), departure=day(8)),
        replace(bob, arrival=day(1), departure=day(3)),
    )
    assert paired(moved)["1"].guest_names == ("Ada",)
    assert paired(moved)["2"].guest_names == ("Bob",)


def test_as_many_pairs_as_possible_even_where_nothing_is_alike() -> None:
    changed = pair([held("1", loose("STD", 1, 3))], replace(loose("DLX", 8, 9), adults=1))
    assert list(paired(changed)) == ["1"]


ROOM = (Allocation("101", day(1), day(3)),)
CLAIMS: list[dict[str, Any]] = [
    {"status": StayStatus.CHECKED_IN},
    {"pinned_room": "101"},
    {"manual_category_code": "DLX"},
    {"staff_note": "a friend of the house"},
    {"rooms": ROOM},
]


@pytest.mark.parametrize("rank", range(len(CLAIMS)))
def test_ties_keep_what_matters_most(rank: int) -> None:
    weaker: dict[str, Any] = {}
    for claim in CLAIMS[rank + 1 :]:
        weaker |= claim
    stays = [held("1", loose(), **weaker), held("2", loose(), **CLAIMS[rank])]
    assert list(paired(pair(stays, loose()))) == ["2"]
    assert list(paired(pair(stays[::-1], loose()))) == ["2"]


def test_ties_keep_a_stay_that_has_begun_by_its_date() -> None:
    stays = [held("1", loose(), pinned_room="101"), held("2", loose())]
    begun = [stays[0], replace(stays[1], arrival=day(0))]
    assert list(paired(pair_lines(begun, [loose()], day(1)))) == ["2"]
    assert list(paired(pair_lines(begun, [loose()], day(0)))) == ["1"]


def test_ties_keep_the_lower_line() -> None:
    stays = [held("1", loose()), held("2", loose())]
    assert list(paired(pair(stays, loose()))) == ["1"]


def test_likeness_comes_before_every_claim() -> None:
    stays = [
        held("1", loose("DLX"), pinned_room="101", status=StayStatus.CHECKED_IN),
        held("2", loose("STD")),
    ]
    assert list(paired(pair(stays, loose("STD")))) == ["2"]


def test_pairs_come_in_the_order_of_the_lines() -> None:
    stays = [held(str(n), line(name=str(n))) for n in (10, 9, 2)]
    assert list(paired(pair(stays, *[line(name=str(n)) for n in (2, 9, 10)]))) == ["2", "9", "10"]
    lettered = [held(n, line(name=n)) for n in ("b", "a")]
    assert list(paired(pair(lettered, line(name="a"), line(name="b")))) == ["a", "b"]


lines = st.builds(
    lambda names, code, first, nights, adults: loose(
        code, first, first + nights, guest_names=names, adults=adults
    ),
    st.sampled_from([None, ("Ada",), ("Bob",)]),
    st.sampled_from(["STD", "DLX"]),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 2),
)


@lawful()
@given(st.lists(lines, min_size=1, max_size=4), st.lists(lines, min_size=1, max_size=4))
def test_no_pairing_is_more_alike(was: list[Line], now: list[Line]) -> None:
    stays = [held(str(n), base) for n, base in enumerate(was, start=1)]
    pairing = pair(stays, *now)
    total = sum(likeness(stay, line) for stay, line in pairing.pairs)
    assert len(pairing.pairs) == min(len(was), len(now))
    few, many = sorted([len(was), len(now)])
    best = max(
        sum(
            likeness(stays[i], now[j]) if len(was) <= len(now) else likeness(stays[j], now[i])
            for i, j in enumerate(chosen)
        )
        for chosen in permutations(range(many), few)
    )
    assert total == best


def test_a_reservation_is_found_by_its_line() -> None:
    booking: Reservation = known(1, "A", held("1", line()))
    assert booking.stay("1").line == "1"
    with pytest.raises(KeyError):
        booking.stay("2")
