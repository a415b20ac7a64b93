from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channel_sync.core.model import Arrival, Basis, Kept, Order, Reservation, Revision, Said
from channel_sync.core.order import (
    Age,
    age_of,
    compare,
    is_provably_newer,
    is_repeat,
    turns_status,
)
from tests.unit.core.drawing import hotel
from tests.unit.core.house import cancels, line, says

THIRD = Order(Basis.REVISION, 3)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def known(**more: Any) -> Reservation:
    booking = hotel("room | 01\nDBL 101 | A").booking("A")
    return replace(booking, **more)


def revision(offset: int = 9, said: Said = Said.MODIFIED, **more: Any) -> Revision:
    return says("A", line(), said=said, arrived=Arrival("t", 0, offset), message_id="x", **more)


@pytest.mark.parametrize(("value", "age"), [(2, Age.OLDER), (3, Age.SAME), (4, Age.NEWER)], ids=str)
def test_orders_on_one_basis_are_compared_by_value(value: int, age: Age) -> None:
    assert compare(Order(Basis.REVISION, value), THIRD) is age


def test_anything_is_newer_than_nothing() -> None:
    assert compare(THIRD, None) is Age.NEWER
    assert is_provably_newer(revision(), None)


def test_orders_on_different_bases_are_not_compared() -> None:
    assert compare(Order(Basis.MODIFIED_AT, 3), THIRD) is Age.UNKNOWN


def test_offsets_of_different_partitions_are_not_compared() -> None:
    here, there = Arrival("t", 0, 5), Arrival("t", 1, 6)
    assert compare(there.order, here.order) is Age.UNKNOWN
    assert compare(Arrival("t", 0, 6).order, here.order) is Age.NEWER


def test_the_best_order_is_the_number_then_the_time_then_the_arrival() -> None:
    numbered = revision(revision=7, modified_at=NOON)
    timed = revision(modified_at=NOON)
    assert numbered.order == Order(Basis.REVISION, 7)
    assert timed.order == Order(Basis.MODIFIED_AT, 1_777_636_800_000_000)
    assert revision().order == Order(Basis.ARRIVAL, 9, "t/0")


def test_a_revision_is_quoted_by_its_number_its_time_or_its_place() -> None:
    assert revision(revision=7, modified_at=NOON).label == "7"
    assert revision(modified_at=NOON).label == "2026-05-01T12:00:00+00:00"
    assert revision().label == "t/0@9"


def test_beyond_comparison_the_later_arrival_wins() -> None:
    booking = known(arrived=Arrival("t", 0, 8))
    assert age_of(revision(9), booking, THIRD) is Age.UNKNOWN
    assert age_of(revision(7), booking, THIRD) is Age.OLDER
    assert age_of(revision(9), known(arrived=None), THIRD) is Age.UNKNOWN
    assert age_of(revision(7, revision=4), booking, THIRD) is Age.NEWER


def test_only_the_provider_s_own_order_proves_that_a_revision_is_newer() -> None:
    assert is_provably_newer(revision(revision=4), THIRD)
    assert not is_provably_newer(revision(revision=3), THIRD)
    assert not is_provably_newer(revision(modified_at=NOON), THIRD)
    assert not is_provably_newer(revision(9), Arrival("t", 0, 8).order)


def kept(message_id: str = "y", value: int = 3, content: str = "c") -> Kept:
    return Kept(message_id, Order(Basis.REVISION, value), content)


def test_an_id_handled_already_is_a_repeat() -> None:
    assert is_repeat(revision(revision=9, content_hash="z"), known(), [kept("x")])


def test_the_same_order_and_content_as_any_kept_one_is_a_repeat() -> None:
    again = revision(revision=3, content_hash="c")
    assert is_repeat(again, known(), [kept(value=2), kept()])
    assert not is_repeat(again, known(), [kept(value=2)])
    assert not is_repeat(again, known(), [kept(content="d")])
    assert not is_repeat(again, known(), [])


def test_on_the_arrival_alone_the_content_of_the_last_one_is_a_repeat() -> None:
    again = revision(content_hash="c")
    assert is_repeat(again, known(last_content_hash="c"), [])
    assert not is_repeat(again, known(last_content_hash="d"), [kept()])


def test_what_turns_the_status_is_no_repeat_by_content_alone() -> None:
    off = cancels("A", revision=3, content_hash="c", message_id="x")
    assert turns_status(off, known())
    assert not is_repeat(off, known(), [kept()])
    assert is_repeat(off, known(), [kept("x")])
    tombstone = known(is_tombstone=True)
    assert not turns_status(off, tombstone)
    assert is_repeat(off, tombstone, [kept()])
    assert turns_status(revision(revision=3), tombstone)
