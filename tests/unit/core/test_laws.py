"""The laws, on whole histories: what holds after every message, whatever happened before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_sync.core.making_room import CELL
from channel_sync.core.model import Arrival, Basis, Line, Policy, Reservation, Revision
from tests.oracle.instances import draw
from tests.unit.core import cells, laws
from tests.unit.core.channel import Sold
from tests.unit.core.histories import (
    COURSES,
    PROFILE,
    Course,
    Deed,
    Round,
    besides,
    earlier,
    lawful,
    name_of,
    policies,
    seeds,
    tell,
)
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import day, new
from tests.unit.core.story import house_of

# --- 1 convergence, 2 idempotence, 4 staff, 5 rooms; tasks; history tells the state ------------


@pytest.mark.parametrize("course", COURSES, ids=name_of)
def test_the_laws_hold_whatever_happens(course: Course) -> None:
    @lawful(COURSES[course])
    @given(policies, earlier, besides, seeds)
    def hold(policy: Policy, before: list[Round], others: tuple[Deed, ...], seed: int) -> None:
        story = tell(policy, [*before, (course, others, seed)])
        cells.MET.update(story.hotel.cells)

    hold()


@pytest.mark.parametrize("start", range(0, 800, 100))
def test_the_laws_hold_where_others_make_room(start: int) -> None:
    made = 0
    for seed in range(start, start + 100):
        instance = draw(seed)
        auto = replace(instance.house, policy=Policy(reshuffle="auto"))
        hotel = Hotel(auto, today=instance.ask.today, blocks=list(instance.blocks))
        for booking in instance.bookings():
            hotel.put(booking)
        before = laws.Before.of(hotel)
        asked = Line("1", category_code="STD", category="STD", adults=instance.ask.party)
        asked = replace(asked, arrival=instance.ask.from_date, departure=instance.ask.to_date)
        revision = hotel.stamp(new("NEW", asked))
        step = hotel.step(revision)
        laws.hold(hotel, before, revision, step)
        hotel.plan_again()
        laws.in_order(hotel)
        cells.MET.update(hotel.cells)
        made += CELL in hotel.cells
    assert made > 10, "hardly anybody made room"


# --- 3 order -----------------------------------------------------------------------------------

Change = tuple[str, int, int, int]
"""What a channel does to a booking of two lines: what, to which, and two numbers."""

edits = st.tuples(
    st.sampled_from(["dates", "category", "party", "remark", "cancel", "drop", "add"]),
    st.integers(0, 1),
    st.integers(1, 6),
    st.integers(0, 3),
)


def snapshots(basis: Basis, changes: Sequence[Change], *, is_stable: bool) -> list[Revision]:
    """A booking's full snapshots in the order in which the channel made them."""
    sold = Sold("A", basis, is_stable)
    sold.add("STD", day(1), day(3), 2)
    sold.header["booking_comments"] = ""
    told = [sold.tells()]
    for what, which, first, number in changes:
        at = which % len(sold.lines)
        if what == "dates":
            sold.change(at, arrival=day(first), departure=day(first + number))
        elif what == "category":
            sold.change(at, category_code=["STD", "DLX", "SUI", "NEW1"][number])
        elif what == "party":
            sold.change(at, adults=number + 1)
        elif what == "remark":
            sold.header["booking_comments"] = f"remark {number}"
        elif what == "drop" and len(sold.lines) > 1:
            sold.lines.pop(at)
        elif what == "add" and len(sold.lines) < 3:
            sold.add("DLX", day(first), day(first + number), 1)
        told.append(sold.calls_off() if what == "cancel" else sold.tells())
    return told


def channel_facts(booking: Reservation) -> tuple[object, ...]:
    """What the channel said last of a live booking, names it deals out anew left out."""
    lines = [stay.base for stay in booking.stays if stay.base and not stay.is_cancelled]
    said = [replace(x, channel_line=None, unit=1, children=x.children or ()) for x in lines]
    return booking.base, sorted(map(repr, said))


@lawful(12)
@given(
    st.sampled_from([Basis.REVISION, Basis.MODIFIED_AT]),
    st.booleans(),
    st.lists(edits, max_size=5),
    st.data(),
)
def test_snapshots_in_any_order_end_alike(
    basis: Basis, is_stable: bool, changes: list[Change], data: st.DataObject
) -> None:
    told = [
        replace(revision, message_id=f"m{number}")
        for number, revision in enumerate(snapshots(basis, changes, is_stable=is_stable))
    ]
    mixed = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told)))]))
    ends = []
    for order in (told, mixed):
        made = Hotel(house_of(Policy()), today=day(0))
        for number, revision in enumerate(order):
            made.receive(replace(revision, arrived=Arrival("t", 0, number)))
        ends.append(made.booking("A"))
    first, other = ends
    assert first.is_cancelled == other.is_cancelled
    assert first.status_order == other.status_order
    if not first.is_cancelled:
        assert channel_facts(first) == channel_facts(other)


# --- 6 batching --------------------------------------------------------------------------------


@lawful(6)
@given(policies, st.sampled_from(list(COURSES)), besides, seeds, st.data())
def test_how_messages_were_batched_makes_no_difference(
    policy: Policy, course: Course, others: tuple[Deed, ...], seed: int, data: st.DataObject
) -> None:
    received = tell(policy, [(course, others, seed)]).received
    ends = []
    for cuts in (range(len(received)), (), data.draw(st.sets(st.integers(0, len(received))))):
        made = Hotel(house_of(policy), today=day(3))
        for number, revision in enumerate(received):
            if number in cuts:
                made.reload()
            made.try_to_receive(revision)
        ends.append((made.bookings, made.events, made.closed, made.kept, made.names))
    assert ends[0] == ends[1] == ends[2]


# --- the cells of the table --------------------------------------------------------------------


@pytest.mark.skipif(PROFILE == "quick", reason="a first look meets too few cases")
def test_every_cell_of_the_decision_table_was_met_a_hundred_times() -> None:
    if not cells.MET:
        pytest.skip("counted by the laws, which were not run")
    few = {cell: cells.MET[cell] for cell in cells.TABLE if cells.MET[cell] < cells.LEAST}
    assert not few


def test_no_cell_is_met_that_cannot_be() -> None:
    assert not {cell: why for cell, why in cells.IMPOSSIBLE.items() if cells.MET[cell]}
