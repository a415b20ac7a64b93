"""What a revision needs, whom it finds, what waits behind it, and bookings that turn out one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from channel_sync.core.judge import SetAside
from channel_sync.core.model import (
    Arrival,
    Basis,
    Channel,
    Order,
    Outcome,
    Parked,
    Reason,
    Revision,
)
from channel_sync.core.world import (
    Missing,
    Step,
    World,
    apply,
    normalise,
    reference_keys,
)
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, HOTEL, TODAY, cancels, day, line, new, says

EMPTY = "room | 01 02 03\n STD 101 | . . .\n STD 102 | . . .\n STD 103 | . . ."
HELD = "room | 01 02 03\n STD 101 | A A .\n STD 102 | . . .\n STD 103 | . . ."
WHOLE = line("STD", 1, 3)


def said(reference: str = "A", **more: Any) -> Revision:
    return hotel(EMPTY).stamp(says(reference, WHOLE, **more))


# --- what has to be loaded ---------------------------------------------------------------------


def test_a_property_that_nobody_knows_is_parked() -> None:
    step = apply(World(properties={HOTEL: None}), said())
    assert step == SetAside(Parked.UNKNOWN_PROPERTY, "no property 'H'")
    assert apply(World(), said()) == step


def test_references_and_plans_not_loaded_are_asked_for() -> None:
    made = hotel(EMPTY)
    world = World(properties={HOTEL: made.house}, today={HOTEL: TODAY})
    keys = ((HOTEL, CHANNEL, "A"), (HOTEL, CHANNEL, "B"))
    assert apply(world, said(replaces=("B", "A"))) == Missing(keys, (HOTEL,))
    known = replace(world, references={keys[0]: None})
    assert apply(known, said(replaces=("B",))) == Missing(keys[1:], (HOTEL,))
    planned = replace(known, plans={HOTEL: made.plan()})
    assert apply(planned, said(replaces=("B",))) == Missing(keys[1:], ())
    assert isinstance(apply(planned, said()), Step)


def test_a_channel_has_one_spelling() -> None:
    made = hotel(EMPTY)
    for spelling in ("BDC", " booking ", "BOOKING.COM"):
        assert normalise(made.world, said(channel=spelling)).channel == "booking.com"
    assert normalise(made.world, said(channel=" Other ")).channel == "other"
    assert normalise(World(), said(channel="BDC")).channel == "BDC"


def test_aliases_are_one_channel_and_other_channels_are_not() -> None:
    made = hotel(HELD)
    assert made.receive(says("A", WHOLE, channel="BDC", revision=2)) is Outcome.UNCHANGED
    assert made.house.channel("bdc").name == "booking.com"
    assert made.house.channel("other") == Channel("other")


def test_rate_plans_bear_our_names() -> None:
    made = hotel(EMPTY)
    channel = replace(made.house.channels[0], rate_plans={"R1": "BAR"})
    made.change(replace(made.house, channels=(channel,)))
    rates = (line(rate_plan="R1"), line(name="2", rate_plan="R2"), line(name="3"))
    made.receive(new("A", *rates))
    assert [s.rate_plan for s in made.booking("A").stays] == ["BAR", "R2", None]


def test_every_reference_is_looked_up_once() -> None:
    assert reference_keys(said(replaces=("B", "A", "B"))) == (
        (HOTEL, CHANNEL, "A"),
        (HOTEL, CHANNEL, "B"),
    )


def test_a_message_of_a_booking_with_a_parked_one_waits_behind_it() -> None:
    made = hotel(HELD)
    behind = says("A", WHOLE, replaces=("A0",), revision=2)
    for key in ((HOTEL, CHANNEL, "A"), (HOTEL, CHANNEL, "A0")):
        made.reload()
        made.carried = replace(made.world, blocked=frozenset({key}))
        step = made.try_to_receive(behind)
        assert step == SetAside(
            Parked.BEHIND_PARKED, "an earlier message of this booking is parked"
        )
    assert isinstance(made.try_to_receive(behind, is_retry=True), Step)


# --- the world after ---------------------------------------------------------------------------


def test_what_comes_next_sees_what_came_before() -> None:
    made = hotel(EMPTY)
    step = made.step(new("A", WHOLE, revision=1))
    world = step.world
    assert world.references[HOTEL, CHANNEL, "A"] == 1
    assert world.reservations[HOTEL, 1] == step.decisions[0][0]
    assert world.kept[HOTEL, 1] == (step.kept,)
    assert (step.kept.message_id, step.kept.order) == ("m1", Order(Basis.REVISION, 1))
    house = world.properties[HOTEL]
    assert house is not None
    assert house.last_reservation_id == 1
    after = made.step(new("B", WHOLE, revision=1))
    assert after.decisions[0][0].reservation_id == 2
    assert_plan(made, "room | 01 02 03\n STD 101 | A A .\n STD 102 | B B .\n STD 103 | . . .")
    again = made.step(says("A", WHOLE, revision=2))
    assert len(again.world.kept[HOTEL, 1]) == 2


def test_a_decision_names_the_revision_it_was_taken_on() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD - | B B")
    made.receive(cancels("B", revision=7))
    assert [task.closed_by for task in made.closed] == ["revision 7"]


# --- another reference (M12) -------------------------------------------------------------------


def test_a_new_reference_is_the_same_booking_and_no_room_is_freed_in_between() -> None:
    made = hotel(HELD)
    said_ = new("A2", line("STD", 1, 4), replaces=("A",), revision=1)
    step = made.step(said_)
    assert step.outcome is Outcome.MODIFIED
    booking = made.booking("A2")
    assert (booking.reference, booking.references) == ("A2", ("A", "A2"))
    assert made.booking("A") == booking
    assert len(made.bookings) == 1
    assert made.rooms("A2") == ["101"]
    assert [e.name for _, e in made.events] == ["modified", "modified", "kept room"]


def test_the_old_reference_is_stale_from_then_on() -> None:
    made = hotel(HELD)
    made.receive(new("A2", WHOLE, replaces=("A",), revision=1))
    assert made.receive(cancels("A", revision=9)) is Outcome.STALE
    assert not made.stay("A").is_cancelled


def test_an_older_revision_that_names_a_reference_teaches_it() -> None:
    made = hotel(HELD)
    made.receive(says("A", line("STD", 1, 4), revision=5))
    assert made.receive(says("A", WHOLE, replaces=("A0",), revision=3)) is Outcome.STALE
    assert made.booking("A0").reference == "A"
    assert made.booking("A").references == ("A0", "A")


def test_a_new_reference_brings_a_cancelled_booking_back() -> None:
    made = hotel(HELD)
    made.receive(cancels("A", revision=9))
    assert made.receive(new("A2", WHOLE, replaces=("A",), revision=1)) is Outcome.REINSTATED


CHAIN = (
    new("A", WHOLE, message_id="1", revision=1),
    new("B", line("STD", 1, 4), replaces=("A",), message_id="2", revision=1),
    new("C", line("STD", 2, 4), replaces=("B", "A"), message_id="3", revision=1),
)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_chain_of_references_resolves_whatever_the_order(order: tuple[int, ...]) -> None:
    made = hotel(EMPTY)
    for index in order:
        made.receive(replace(CHAIN[index], arrived=Arrival("t", 0, index + 1)))
    live = [b for b in made.bookings.values() if not b.is_cancelled]
    assert [b.reference for b in live] == ["C"]
    assert live[0].stay("1").arrival == day(2)
    assert {made.names[name] for name in "ABC"} == {live[0].reservation_id}
    assert set(live[0].references) == {"A", "B", "C"}
    assert sum(len(stay.rooms) for _, stay in made.stays()) == 1


def test_bookings_that_turn_out_to_be_one_are_joined() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | B B\n STD - | . .")
    step = made.step(says("B", line("STD", 1, 3), replaces=("A",), revision=2))
    heir, absorbed = (booking for booking, _ in step.decisions)
    assert (heir.reference, absorbed.reference) == ("B", "A")
    assert absorbed.replaced_by == heir.reservation_id
    assert absorbed.is_cancelled
    assert absorbed.base is not None
    assert not absorbed.base.is_live
    assert heir.references == ("B", "A")
    assert made.names["A"] == heir.reservation_id
    assert_plan(made, "room | 01 02\n STD 101 | . .\n STD 102 | B B")
    told = [e for n, e in made.events if n == absorbed.reservation_id]
    assert [(e.name, e.rule) for e in told] == [("cancelled", "M12"), ("replaced", "M12")]
    assert told[-1].reason == "the booking goes on as B"
    assert step.decisions[1][1].outcome is Outcome.MODIFIED


def test_a_retry_joins_bookings_though_they_wait_behind_it() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | B B")
    made.carried = replace(made.world, blocked=frozenset({(HOTEL, CHANNEL, "B")}))
    said_ = says("B", WHOLE, replaces=("A",), revision=2)
    assert isinstance(made.try_to_receive(said_, is_retry=True), Step)


def test_the_tasks_of_the_one_that_is_absorbed_are_closed() -> None:
    made = hotel("room | 01 02\n STD 102 | B B\n STD - | A A")
    made.receive(says("B", WHOLE, replaces=("A",), revision=2))
    assert [(t.reason, t.closed_by) for t in made.closed] == [(Reason.NO_ROOM, "reference B")]


def test_a_guest_in_house_is_not_cancelled_when_bookings_are_joined() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | B B", today=day(2))
    made.receive(says("B", WHOLE, replaces=("A",), revision=2))
    assert_plan(made, "room | 01 02\n STD 101 | A A\n STD 102 | B B")


def test_bookings_of_several_references_without_one_of_its_own_are_ambiguous() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | B B")
    before = dict(made.bookings)
    step = made.try_to_receive(new("C", WHOLE, replaces=("A", "B")))
    assert step == SetAside(Parked.AMBIGUOUS, "the references lead to the reservations 1, 2")
    assert made.bookings == before


def test_a_message_that_cannot_be_applied_joins_nothing() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | B B")
    before = dict(made.bookings)
    step = made.try_to_receive(says("B", replaces=("A",), revision=2))
    assert isinstance(step, SetAside)
    assert made.bookings == before


def test_a_booking_nobody_heard_of_under_two_new_names() -> None:
    made: Hotel = hotel(EMPTY)
    assert made.receive(new("B", WHOLE, replaces=("A",), revision=1)) is Outcome.CREATED
    assert made.booking("A").reference == "B"
    assert made.receive(new("A", line("STD", 1, 2), revision=1)) is Outcome.STALE


def test_an_amount_in_no_named_currency_is_in_the_propertys() -> None:
    priced = line("STD", 1, 3, amount=Decimal(100))
    told = says("A", priced, replace(priced, currency="CHF"), WHOLE, total=Decimal(200))
    made = normalise(hotel(EMPTY).world, told)
    assert [one.currency for one in made.lines or ()] == ["EUR", "CHF", None]
    assert made.header.total_currency == "EUR"


def test_what_is_not_priced_has_no_currency() -> None:
    made = normalise(hotel(EMPTY).world, said())
    assert [one.currency for one in made.lines or ()] == [None]
    assert made.header.total_currency is None
    named = normalise(hotel(EMPTY).world, said(total=Decimal(1), total_currency="USD"))
    assert named.header.total_currency == "USD"
