from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.draft import changes_of, fold, plain, wish
from channel_sync.core.evolve import (
    BOOKING_FIELDS,
    STAY_FIELDS,
    evolve,
    facts_between,
)
from channel_sync.core.model import (
    Event,
    Fact,
    Header,
    Line,
    Reservation,
    Stay,
    StayStatus,
)
from tests.unit.core.drawing import hotel
from tests.unit.core.house import day, euros, held, line

PLAN = """
    room    | 01  02
    DBL 101 | A   A
    DBL 102 | A2  A2
"""


def booking() -> Reservation:
    return hotel(PLAN).booking("A")


def event(line: str | None, *facts: tuple[str, Any], name: str = "edited", **more: Any) -> Event:
    return Event(name, line, tuple(Fact(field, None, value) for field, value in facts), **more)


def test_facts_of_a_stay_change_that_stay_alone() -> None:
    before = booking()
    after = evolve(before, event("2", ("adults", 3), ("status", StayStatus.CHECKED_IN)))
    assert after.stay("2").adults == 3
    assert after.stay("2").status is StayStatus.CHECKED_IN
    assert after.stay("2").rooms == before.stay("2").rooms
    assert after.stay("1") == before.stay("1")


def test_facts_of_the_base_of_a_stay_change_what_the_channel_said() -> None:
    after = evolve(booking(), event("1", ("base.adults", 3)))
    assert after.stay("1").adults == 2
    base = after.stay("1").base
    assert base is not None
    assert (base.adults, base.category_code) == (3, "DBL")


def test_facts_of_the_booking_change_it_as_a_whole() -> None:
    after = evolve(
        booking(), event(None, ("booker_name", "Ada"), ("booking_base.booker_name", "Ada"))
    )
    assert after.booker_name == "Ada"
    assert after.base == Header(booker_name="Ada")
    assert after.stays == booking().stays


def test_one_event_may_speak_of_the_booking_and_of_a_stay() -> None:
    after = evolve(booking(), event("1", ("reference", "B"), ("adults", 1)))
    assert (after.reference, after.stay("1").adults) == ("B", 1)


def test_an_event_of_a_line_not_known_makes_that_stay() -> None:
    facts = (
        ("status", StayStatus.CONFIRMED),
        ("arrival", day(1)),
        ("departure", day(2)),
        ("base.adults", 1),
    )
    after = evolve(booking(), event("3", *facts))
    assert [stay.line for stay in after.stays] == ["1", "2", "3"]
    assert after.stay("3") == Stay("3", StayStatus.CONFIRMED, day(1), day(2), base=Line(adults=1))


def test_a_base_may_be_told_as_a_whole() -> None:
    after = evolve(booking(), event("1", ("base", Line(adults=5))))
    assert after.stay("1").base == Line(adults=5)
    assert evolve(booking(), event(None, ("base", Header(group="G")))).base == Header(group="G")


def test_the_room_shown_is_no_field_of_its_own() -> None:
    before = booking()
    assert evolve(before, event("1", ("room", "101"))) is before


def test_no_facts_no_change() -> None:
    before = booking()
    assert evolve(before, event("1")) is before


def test_a_fact_that_names_no_field_is_a_fault() -> None:
    with pytest.raises(ValueError, match="no booking and no stay has a field 'colour'"):
        evolve(booking(), event("1", ("colour", "red")))


@pytest.mark.parametrize("name", STAY_FIELDS)
def test_every_field_of_a_stay_can_be_told(name: str) -> None:
    after = evolve(booking(), event("1", (name, "told")))
    assert getattr(after.stay("1"), name) == "told"


@pytest.mark.parametrize("name", BOOKING_FIELDS)
def test_every_field_of_a_booking_can_be_told(name: str) -> None:
    assert getattr(evolve(booking(), event(None, (name, "told"))), name) == "told"


def test_facts_lead_from_one_value_to_another_in_the_order_asked_for() -> None:
    was, now = line(adults=2, **euros(5)), line(adults=3, **euros(6))
    names = ("currency", "amount", "adults")
    facts = facts_between(was, now, names, "base.")
    assert facts == (
        Fact("base.amount", was.amount, now.amount),
        Fact("base.adults", 2, 3),
    )


def test_of_something_new_what_is_nothing_is_no_fact() -> None:
    stay = held("1", line(), adults=0, children=(), comments=None)
    facts = {fact.field: fact.new for fact in facts_between(None, stay, STAY_FIELDS)}
    assert facts["adults"] == 0
    assert "children" not in facts
    assert "comments" not in facts
    assert facts_between(held("1", line(), children=(1,)), stay, ("children",)) == (
        Fact("children", (1,), ()),
    )


# --- one row of two events, and what a person is told ------------------------------------------


def test_two_events_make_one_row_of_the_oldest_old_and_the_newest_new() -> None:
    first = Event("created", "1", (Fact("a", 0, 1), Fact("b", 0, 1)), "made", "M11", "channel")
    second = Event("placed", "1", (Fact("b", 1, 2), Fact("c", 5, 6)), "best fit", "4", "system")
    assert fold(first, second) == Event(
        "created",
        "1",
        (Fact("a", 0, 1), Fact("b", 0, 2), Fact("c", 5, 6)),
        "made; best fit",
        "M11; 4",
        "channel",
    )
    silent = Event("placed", "1", ())
    assert (fold(silent, first).reason, fold(first, silent).rule) == ("made", "M11")


def test_a_person_is_told_in_text() -> None:
    stay = held("1", line(**euros("10.50")))
    told = changes_of(stay, {"arrival": day(2), "amount": None, "adults": 2, "children": (1, None)})
    assert told == [
        {"line": "1", "field": "arrival", "old": "2026-06-01", "new": "2026-06-02"},
        {"line": "1", "field": "amount", "old": "10.50", "new": None},
        {"line": "1", "field": "children", "old": [], "new": [1, None]},
    ]
    assert wish(None, "x", 1, "y") == {"line": None, "field": "x", "old": 1, "new": "y"}
    assert plain((day(1), Decimal("1.50"), None, 2)) == ["2026-06-01", "1.50", None, 2]
