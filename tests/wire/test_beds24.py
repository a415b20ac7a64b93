from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.model import Completeness, Said
from tests.wire.fixtures_of import arriving, empty_world, fixture, look, of, only, receive

BEDS24 = "beds24"


def changed(name: str = "new", **fields: Any) -> dict[str, Any]:
    message: dict[str, Any] = fixture(BEDS24, name)
    message["booking"] |= fields
    return message


def test_no_currency_is_named_and_the_propertys_is_taken() -> None:
    revision = of(BEDS24, "new")
    (line,) = revision.lines or ()
    assert (line.amount, line.currency) == (Decimal("330.3"), None)
    world, _ = receive(empty_world(), arriving([revision]))
    (booking,) = world.reservations.values()
    assert [(stay.amount, stay.currency) for stay in booking.stays] == [(Decimal("330.3"), "EUR")]


def test_each_room_is_a_booking_of_its_masters_group() -> None:
    first, second = look(fixture(BEDS24, "group")).revisions
    assert (first.reference, second.reference) == ("71000001", "71000002")
    assert first.header.group == second.header.group == "71000001"


def test_empty_details_of_a_guest_are_not_said() -> None:
    _, second = look(fixture(BEDS24, "group")).revisions
    assert second.header.booker_name is None
    assert second.header.contact_email is None


def test_a_cancel_with_absurd_dates_and_room_is_a_cancel() -> None:
    revision = of(BEDS24, "cancelled")
    assert (revision.said, revision.completeness) == (Said.CANCELLED, Completeness.CANCEL_ONLY)
    sent = arriving([of(BEDS24, "new"), revision])
    world, outcomes = receive(empty_world(), sent)
    assert outcomes == ["created", "cancelled"]
    (booking,) = world.reservations.values()
    assert [stay.arrival.isoformat() for stay in booking.stays] == ["2026-04-10"]


def test_an_inquiry_blocks_no_room() -> None:
    revision = of(BEDS24, "answer")
    assert revision.said is Said.ENQUIRY
    assert receive(empty_world(), arriving([revision]))[1] == ["enquiry"]


@pytest.mark.parametrize("master", [None, 0, ""])
def test_a_booking_without_a_master_is_in_no_group(master: Any) -> None:
    assert only(changed(masterId=master)).header.group is None


def test_of_several_units_the_price_of_one_is_not_known() -> None:
    revision = only(changed(roomQty=2))
    assert [line.amount for line in revision.lines or ()] == [None, None]
    assert '"price":"330.3"' in revision.extra


def test_a_second_change_in_the_same_second_is_taken_as_the_later_one() -> None:
    """Its clock counts whole seconds: on a tie the later arrival wins (rule M9)."""
    sent = arriving([of(BEDS24, "new"), only(changed(departure="2026-04-15"))])
    world, outcomes = receive(empty_world(), sent)
    assert outcomes == ["created", "modified"]
    (booking,) = world.reservations.values()
    assert [stay.departure.day for stay in booking.stays] == [15]
