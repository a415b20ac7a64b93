from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.model import Completeness, Revision, Said
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits
from tests.wire.fixtures_of import arriving, empty_world, fixture, look, of, only, receive

CHANNEX = "channex"


def changed(name: str = "new", **attributes: Any) -> dict[str, Any]:
    message: dict[str, Any] = fixture(CHANNEX, name)
    message["data"]["attributes"] |= attributes
    return message


def test_a_revision_is_read() -> None:
    revision = of(CHANNEX, "new")
    assert revision.said is Said.NEW
    assert (revision.channel, revision.reference) == ("Booking.com", "3908412277")
    assert revision.message_id == "a7a0f6d0-0001-4c7e-8d55-000000000001"
    assert revision.header.total == Decimal("340.00")
    (line,) = revision.lines or ()
    assert (line.arrival, line.departure) == (date(2026, 4, 10), date(2026, 4, 13))
    assert (line.adults, line.children) == (2, (7, 0))  # an infant is not one year old
    assert [night.amount for night in line.nights or ()] == [Decimal("110.00")] * 3
    assert revision.header.payment is not None
    card = revision.header.payment.card
    assert card is not None
    assert (card.last4, card.token, card.is_virtual) == ("1111", "tok_2f6c", True)


def test_the_order_is_its_insertion_in_microseconds_of_utc() -> None:
    assert of(CHANNEX, "new").modified_at == datetime(2026, 3, 1, 10, 15, 0, 120001, UTC)


def test_a_rooms_id_changes_with_each_revision_and_pairs_nothing() -> None:
    first, second = of(CHANNEX, "new"), of(CHANNEX, "modified")
    ids = [line.channel_line for one in (first, second) for line in one.lines or ()]
    assert len(set(ids)) == 2
    assert not any(line.is_stable for one in (first, second) for line in one.lines or ())
    world, outcomes = receive(empty_world(), arriving([first, second]))
    assert outcomes == ["created", "modified"]
    (booking,) = world.reservations.values()
    assert len(booking.stays) == 1


def test_a_cancel_keeps_the_stay_and_its_total_is_the_fee() -> None:
    cancel = of(CHANNEX, "cancelled")
    assert cancel.completeness is Completeness.CANCEL_ONLY
    assert cancel.lines is None
    assert cancel.header.total is None
    assert cancel.header.cancellation_fee == Decimal("76.50")


@pytest.mark.parametrize(
    ("attributes", "fee"),
    [
        ({"services": []}, Decimal("76.50")),  # the total is not what the rooms cost
        ({"services": [], "amount": "220.00"}, None),  # it is: nobody says what is due
        ({"services": [], "amount": "some"}, None),
        ({"services": [], "amount": None}, None),
    ],
)
def test_a_cancels_fee_without_a_service_of_that_name(
    attributes: dict[str, Any], fee: Decimal | None
) -> None:
    assert only(changed("cancelled", **attributes)).header.cancellation_fee == fee


def test_a_feed_holds_several_revisions() -> None:
    told = look(fixture(CHANNEX, "feed"))
    assert [r.reference for r in told.revisions] == ["3908412277", "3908412277", "3908412278"]


def test_of_a_feed_the_unreadable_one_is_set_aside_alone() -> None:
    feed = fixture(CHANNEX, "feed")
    feed["data"][1]["attributes"]["status"] = "wished"
    first, second, third = look(feed).items
    assert isinstance(first, Revision)
    assert isinstance(third, Revision)
    assert isinstance(second, Unreadable)
    assert second.detail == (
        "[1].status: expected 'new', 'modified', 'cancelled' or 'enquiry', "
        'got "wished" (read from data[].attributes.status)'
    )


def test_a_room_type_that_is_not_mapped_is_recorded() -> None:
    revision = look(fixture(CHANNEX, "feed")).revisions[2]
    (line,) = revision.lines or ()
    assert line.category_code is None
    world, outcomes = receive(empty_world(), arriving([revision]))
    assert outcomes == ["created"]
    (booking,) = world.reservations.values()
    assert [task.reason.value for task in booking.tasks] == ["unmapped_category"]


def test_a_notice_carries_ids_only_and_must_be_pulled() -> None:
    notice = of(CHANNEX, "notice")
    assert notice.completeness is Completeness.IDS_ONLY
    assert receive(empty_world(), arriving([notice]))[1] == ["needs_fetch"]


def test_without_a_code_of_the_channel_our_own_id_names_the_booking() -> None:
    revision = only(changed(ota_reservation_code=None, ota_name=None))
    assert (revision.channel, revision.reference) == (
        "channex",
        "0c1a7be2-31a5-4a6f-8f0e-8f2f6f3b9d11",
    )


def test_an_unreadable_price_does_not_cost_the_booking() -> None:
    told = look(changed(amount="12,50", customer={"name": "A", "phone": "call " * 20}))
    (revision,) = told.revisions
    assert revision.header.total is None
    assert revision.header.contact_phone is None
    assert '"amount":"12,50"' in revision.extra
    assert told.warnings == (
        "data.attributes.amount: expected an amount such as 330.00; left in extra",
        "booker.phone: not as it should be (data.attributes.customer.phone); left in extra",
    )
    assert "call call" in revision.extra


def test_a_stay_without_dates_is_refused_with_the_path_it_was_read_from() -> None:
    message = changed()
    message["data"]["attributes"]["rooms"][0]["checkin_date"] = "soon"
    (item,) = look(message).items
    assert isinstance(item, Unreadable)
    assert "rooms[0].arrival: expected a date such as 2026-04-10" in item.detail
    assert "(read from data.attributes.rooms[].checkin_date)" in item.detail


def test_the_envelope_names_our_property_and_theirs_is_kept() -> None:
    revision = of(CHANNEX, "new")
    assert revision.property_id == "seaview"
    assert '"property":"5b0b2ee4-6a0b-4a6e-9d2f-3f6f1b7a1c01"' in revision.extra


def test_the_id_of_a_booking_is_no_id_of_a_revision() -> None:
    """Listed as bookings, all revisions bear one id: as the message's it would drop all but one."""
    message = changed(id=fixture(CHANNEX, "new")["data"]["attributes"]["booking_id"])
    message["data"] |= {"type": "booking", "id": message["data"]["attributes"]["booking_id"]}
    assert only(message).message_id.startswith("sha256:")
    message["data"]["attributes"]["revision_id"] = "rev-9"
    assert only(message).message_id == "rev-9"


def test_a_list_of_revisions_is_a_message_of_several() -> None:
    told = look([fixture(CHANNEX, "new"), fixture(CHANNEX, "modified"), 5])
    first, second, third = told.items
    assert [one.said.value for one in told.revisions] == ["new", "modified"]
    assert isinstance(first, Revision)
    assert isinstance(second, Revision)
    assert isinstance(third, Unreadable)


@pytest.mark.parametrize("key", ["rooms", "services"])
def test_lists_beyond_all_measure_are_not_looked_at(key: str) -> None:
    (item,) = look(changed("cancelled" if key == "services" else "new", **{key: [{}] * 1001})).items
    assert str(item) == (f"too_many_lines: data.attributes.{key}: expected at most 1000, got 1001")


def test_a_feed_of_too_many_is_refused_whole() -> None:
    feed = {"data": [fixture(CHANNEX, "new")["data"]] * 3}
    with pytest.raises(Unreadable, match="too_many_messages: expected at most 2, got 3"):
        look(feed, limits=Limits(messages=2))
    with pytest.raises(Unreadable, match="no_reservation"):
        look({"data": [], "meta": {"booking_revision": 0}}, format=CHANNEX)
