"""Section 1: base, theirs, ours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.merge import (
    HEADER_ASPECTS,
    LINE_ASPECTS,
    Verdict,
    base_after,
    category_change,
    is_moved,
    merge_header,
    merge_line,
    merged,
    overlay_header,
    overlay_line,
    overlay_payment,
    says_nothing_new,
    values_to_hold,
    verdict_on,
)
from channel_sync.core.model import Card, Header, Line, Payment
from tests.unit.core.drawing import known
from tests.unit.core.house import CHANNEL, day, euros, held, line, loose, property_of

BASE = line(**euros(100), rate_plan="BAR", guest_names=("Ada",), comments="late", category="STD")
HOUSE = property_of({"STD": [("101", 2)], "DLX": [("201", 2)]}, mapping={"D": "DLX", "ST": "STD"})

LINE_CHANGES: dict[str, dict[str, Any]] = {
    "dates": {"departure": day(4)},
    "occupancy": {"children": (4,)},
    "price": {"amount": Decimal(120)},
    "rate_plan": {"rate_plan": "FLEX"},
    "comments": {"comments": "early"},
    "guest_names": {"guest_names": ("Bob",)},
}


@pytest.mark.parametrize("aspect", LINE_ASPECTS)
def test_the_channel_changed_it_and_staff_did_not_theirs(aspect: str) -> None:
    theirs = overlay_line(BASE, replace(BASE, **LINE_CHANGES[aspect]))
    (change,) = merge_line(BASE, theirs, held("1", BASE))
    assert (change.aspect, change.verdict) == (aspect, Verdict.TAKE)
    assert change.fields == LINE_ASPECTS[aspect]
    for name, value in LINE_CHANGES[aspect].items():
        assert values_to_hold(change)[name] == value


@pytest.mark.parametrize("aspect", LINE_ASPECTS)
def test_staff_changed_it_and_the_channel_did_not_ours(aspect: str) -> None:
    ours = replace(held("1", BASE), **LINE_CHANGES[aspect])
    assert merge_line(BASE, BASE, ours) == ()
    assert merged(ours, BASE) == {}


@pytest.mark.parametrize("aspect", LINE_ASPECTS)
def test_both_made_the_same_change_only_the_base_moves(aspect: str) -> None:
    theirs = replace(BASE, **LINE_CHANGES[aspect])
    ours = replace(held("1", BASE), **LINE_CHANGES[aspect])
    (change,) = merge_line(BASE, theirs, ours)
    assert change.verdict is Verdict.AGREE


@pytest.mark.parametrize("aspect", LINE_ASPECTS)
def test_both_changed_it_differently_theirs_and_it_is_noted(aspect: str) -> None:
    of_staff: Any = {
        "dates": {"departure": day(9)},
        "occupancy": {"adults": 1},
        "price": {"amount": Decimal(7)},
        "rate_plan": {"rate_plan": "STAFF"},
        "comments": {"comments": "of staff"},
        "guest_names": {"guest_names": ("Eve",)},
    }[aspect]
    theirs = replace(BASE, **LINE_CHANGES[aspect])
    ours = replace(held("1", BASE), **of_staff)
    (change,) = merge_line(BASE, theirs, ours)
    assert change.verdict is Verdict.REPLACE
    assert change.base == tuple(getattr(held("1", BASE), n) for n in change.fields)
    assert change.theirs == tuple(values_to_hold(change).values())
    assert change.ours == tuple(getattr(ours, n) for n in change.fields)


def test_arrival_and_departure_are_one_value() -> None:
    theirs = replace(BASE, departure=day(5))
    ours = replace(held("1", BASE), arrival=day(2))
    (change,) = merge_line(BASE, theirs, ours)
    assert change.verdict is Verdict.REPLACE
    assert values_to_hold(change) == {"arrival": day(1), "departure": day(5)}


def test_amount_and_currency_are_one_value() -> None:
    theirs = replace(BASE, currency="CHF")
    (change,) = merge_line(BASE, theirs, replace(held("1", BASE), amount=Decimal(1)))
    assert values_to_hold(change) == {"amount": Decimal(100), "currency": "CHF"}


def test_every_verdict_by_itself() -> None:
    assert verdict_on((1,), (2,), (2,)) is Verdict.AGREE
    assert verdict_on((1,), (2,), (1,)) is Verdict.TAKE
    assert verdict_on((1,), (2,), (3,)) is Verdict.REPLACE


# --- absent and empty (M2) -------------------------------------------------------------------


def test_what_was_not_said_stays() -> None:
    said = Line(channel_line="1", arrival=day(2))
    assert overlay_line(BASE, said) == replace(BASE, arrival=day(2))
    header = Header(booker_name="Ada", contact_phone="1")
    assert overlay_header(header, Header(contact_phone="2")) == replace(header, contact_phone="2")


def test_an_empty_comment_erases() -> None:
    theirs = overlay_line(BASE, Line(comments=""))
    (change,) = merge_line(BASE, theirs, held("1", BASE))
    assert values_to_hold(change) == {"comments": None}


def test_an_empty_comment_is_no_comment() -> None:
    silent = replace(BASE, comments=None)
    assert merge_line(silent, replace(silent, comments=""), held("1", silent)) == ()
    assert says_nothing_new(silent, replace(silent, comments=""))
    assert not says_nothing_new(silent, replace(silent, comments="late"))


def test_nobody_named_is_held_as_an_empty_list() -> None:
    silent = replace(BASE, guest_names=None, children=None)
    named = replace(silent, guest_names=("Ada",), children=(3,))
    changes = merge_line(silent, named, held("1", silent))
    assert {change.aspect: change.base for change in changes} == {
        "occupancy": (2, ()),
        "guest_names": ((),),
    }
    assert {change.verdict for change in changes} == {Verdict.TAKE}


@pytest.mark.parametrize("name", HEADER_ASPECTS)
def test_each_field_of_the_booking_is_compared_by_itself(name: str) -> None:
    one: Any = {"payment": Payment("hotel"), "cancellation_fee": Decimal(1)}.get(name, "one")
    two: Any = {"payment": Payment("agency"), "cancellation_fee": Decimal(2)}.get(name, "two")
    base, theirs = Header(**{name: one}), Header(**{name: two})
    (change,) = merge_header(base, theirs, known(1, "A", **{name: one}))
    assert (change.aspect, change.fields, change.verdict) == (name, (name,), Verdict.TAKE)
    (both,) = merge_header(base, theirs, known(1, "A"))
    assert both.verdict is Verdict.REPLACE
    assert merge_header(base, base, known(1, "A")) == ()


# --- payment (M7) ----------------------------------------------------------------------------

VISA = Card(brand="visa", last4="1111", is_virtual=True, balance=Decimal(80), token="t1")
PAID = Payment("agency", "card", "call first", VISA)


def test_the_same_card_under_another_token_is_no_change() -> None:
    again = Payment(card=replace(VISA, token="t2"))
    assert overlay_payment(PAID, again) == PAID


def test_a_card_with_another_balance_is_a_change() -> None:
    card = replace(VISA, balance=Decimal(90), token="t2")
    assert overlay_payment(PAID, Payment(card=card)) == replace(PAID, card=card)


def test_payment_keeps_what_was_not_said() -> None:
    assert overlay_payment(PAID, Payment("hotel")) == replace(PAID, collect="hotel")
    assert overlay_payment(PAID, Payment(method="cash")) == replace(PAID, method="cash")
    assert overlay_payment(PAID, Payment(instructions="")) == replace(PAID, instructions="")
    assert overlay_payment(Payment("hotel"), Payment(card=VISA)) == Payment("hotel", card=VISA)
    assert overlay_payment(None, PAID) == overlay_payment(PAID, None) == PAID
    assert overlay_payment(None, None) is None


# --- category --------------------------------------------------------------------------------


def test_the_category_is_mapped_when_it_is_received() -> None:
    stay = held("1", BASE)
    theirs = base_after(HOUSE, CHANNEL, stay, line("D"))
    assert (theirs.category_code, theirs.category) == ("D", "DLX")
    unknown = base_after(HOUSE, CHANNEL, stay, line("X"))
    assert (unknown.category_code, unknown.category) == ("X", None)


def test_a_repeated_code_is_mapped_as_it_was() -> None:
    stay = held("1", replace(BASE, category_code="D", category="STD"))
    assert base_after(HOUSE, CHANNEL, stay, line("D")).category == "STD"
    assert category_change(stay, base_after(HOUSE, CHANNEL, stay, line("D"))) is None


def test_another_code_for_the_same_category_is_no_change_of_category() -> None:
    stay = held("1", BASE)
    assert category_change(stay, base_after(HOUSE, CHANNEL, stay, line("ST"))) is None


def test_a_code_without_a_mapping_is_no_change_of_category() -> None:
    stay = held("1", BASE)
    theirs = base_after(HOUSE, CHANNEL, stay, line("X"))
    assert category_change(stay, theirs) is None
    assert "booked_category" not in merged(stay, theirs)


def test_a_change_of_category_goes_from_the_one_booked_to_theirs() -> None:
    stay = held("1", BASE)
    theirs = base_after(HOUSE, CHANNEL, stay, line("D"))
    change = category_change(stay, theirs)
    assert change is not None
    assert (change.aspect, change.base, change.theirs) == ("category", ("STD",), ("DLX",))
    assert change.ours == ("STD",)
    assert change.verdict is Verdict.TAKE
    assert merged(stay, theirs)["booked_category"] == "DLX"


def test_a_stay_that_staff_added_has_nothing_said_of_it() -> None:
    own = replace(held("1", BASE), base=None)
    theirs = base_after(HOUSE, CHANNEL, own, line("D"))
    assert theirs == replace(line("D"), category="DLX")
    assert category_change(own, theirs) is not None


# --- what counts as new, what moves ----------------------------------------------------------


def test_ids_dealt_out_anew_say_nothing() -> None:
    base = loose(name="9-1")
    assert says_nothing_new(base, replace(base, channel_line="9-2", unit=2))
    assert not says_nothing_new(base, replace(base, channel_line="9-2", adults=1))
    stable = line(name="1")
    assert not says_nothing_new(stable, replace(stable, channel_line="2"))


@pytest.mark.parametrize(
    ("values", "moves"),
    [
        ({"arrival": day(2)}, True),
        ({"departure": day(4)}, True),
        ({"adults": 1}, True),
        ({"children": (1,)}, True),
        ({"arrival": day(1), "adults": 2}, False),
        ({"amount": Decimal(1), "comments": "x"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_dates_and_party_move_a_stay_and_nothing_else(
    values: dict[str, object], *, moves: bool
) -> None:
    assert is_moved(held("1", BASE), values) is moves
