from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.model import Basis, Completeness, Said
from tests.wire.fixtures_of import arriving, empty_world, fixture, look, of, only, receive

MEWS = "mews"


def changed(name: str = "new", **fields: Any) -> dict[str, Any]:
    return {**fixture(MEWS, name), **fields}


def test_a_group_is_one_booking_of_its_channel() -> None:
    revision = of(MEWS, "new")
    assert (revision.channel, revision.reference) == ("Expedia", "EXP-778812")
    assert revision.header.group == "CM-40021"
    assert revision.message_id == "m-1"
    assert revision.order.basis is Basis.ARRIVAL


def test_codes_are_stable_and_amounts_stand_in_the_order_of_the_nights() -> None:
    first, second = of(MEWS, "new").lines or ()
    assert (first.channel_line, first.is_stable) == ("01", True)
    nights = [(night.night.day, night.amount) for night in first.nights or ()]
    assert nights == [(10, Decimal(100)), (11, Decimal("120.5"))]
    assert (second.category_code, second.adults, second.children) == ("SUI", 2, (0,))


@pytest.mark.parametrize("name", ["one_room_gone", "one_room_cancelled"])
def test_a_room_left_out_or_called_off_is_cancelled_alone(name: str) -> None:
    world, outcomes = receive(empty_world(), arriving([of(MEWS, "new"), of(MEWS, name)]))
    assert outcomes == ["created", "modified"]
    (booking,) = world.reservations.values()
    assert [stay.status.value for stay in booking.stays] == ["confirmed", "cancelled"]


@pytest.mark.parametrize("reservations", [[], None, [{"code": "01", "state": 3}]])
def test_a_group_without_a_live_room_is_cancelled(reservations: Any) -> None:
    revision = only(changed(reservations=reservations))
    assert (revision.said, revision.completeness) == (Said.CANCELLED, Completeness.CANCEL_ONLY)
    assert revision.lines is None


def test_older_senders_count_adults_and_name_one_channel() -> None:
    revision = of(MEWS, "older")
    (line,) = revision.lines or ()
    assert revision.channel == "Expedia"
    assert (line.adults, line.children) == (2, (None,))


def test_a_message_without_an_id_is_named_by_its_place_too() -> None:
    """Without an order, the same words later are no repeat of those before the last."""
    first, second = of(MEWS, "older"), of(MEWS, "one_room_gone")
    assert first.message_id.endswith("@bookings/3/42")
    assert first.message_id != second.message_id


def test_the_tokens_of_the_connection_are_credentials() -> None:
    assert '"connectionToken":"[removed]"' in of(MEWS, "new").extra


@pytest.mark.parametrize("reservations", ["none", {"code": "01"}, [5], [None]])
def test_what_is_no_list_of_rooms_cancels_nothing(reservations: Any) -> None:
    (item,) = look(changed(reservations=reservations)).items
    assert str(item) == "invalid: reservations: expected a list of objects, got something else"
