from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.model import Basis, Card, Completeness, Night, Revision, Said
from channel_sync.wire.decode import decode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits
from tests.wire.fixtures_of import arriving, bookings, empty_world, look, only, receive
from tests.wire.messages import ARRIVED
from tests.wire.xml_of import line_of, lines_of, told, xml

SITEMINDER = "opentravel/siteminder_new"
EXPEDIA = "opentravel/expedia_new"
ALPINEBITS = "opentravel/alpinebits_2018_push"
BOOKING = "opentravel/bookingcom_new"
UNITS = "opentravel/generic_units"


def extra_of(revision: Revision) -> dict[str, Any]:
    extra: dict[str, Any] = json.loads(revision.extra)
    return extra


# --- Who speaks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        (SITEMINDER, "siteminder"),
        ("opentravel/siteminder_cancelled", "siteminder"),
        (EXPEDIA, "expedia-bn"),
        ("opentravel/expedia_modified", "expedia-bn"),
        ("opentravel/expedia_cancelled", "expedia-bn"),
        ("opentravel/alpinebits_2017_pull", "alpinebits"),
        (ALPINEBITS, "alpinebits"),
        ("opentravel/alpinebits_2020_cancelled", "alpinebits"),
        ("opentravel/alpinebits_enquiry", "alpinebits"),
        (BOOKING, "bookingcom"),
        ("opentravel/bookingcom_cancelled", "bookingcom"),
        (UNITS, "generic"),
        ("opentravel/generic_ids_swapped", "generic"),
    ],
)
def test_a_dialect_is_told_by_its_marks(name: str, dialect: str) -> None:
    assert look(xml(name)).dialect == dialect


def test_a_header_outranks_the_marks() -> None:
    assert look(xml(SITEMINDER), dialect="Generic").dialect == "generic"
    assert look(xml(SITEMINDER), dialect="unheard-of").dialect == "siteminder"


@pytest.mark.parametrize("name", ["expedia_new", "expedia_modified", "expedia_cancelled"])
def test_soap_makes_no_difference_but_for_what_its_header_says(name: str) -> None:
    body = xml(f"opentravel/{name}")
    inner = body[body.index(b"<soap-env:Body>") + 15 : body.index(b"</soap-env:Body>")]
    with_soap, without = only(body), only(inner, dialect="expedia-bn")
    assert without.content_hash == with_soap.content_hash
    assert without.order == with_soap.order
    assert (without.reference, without.channel) == (with_soap.reference, with_soap.channel)


# --- Status --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["expedia_new", "expedia_cancelled"])
def test_what_soap_says_besides_is_kept_without_its_passwords(name: str) -> None:
    extra = extra_of(told(f"opentravel/{name}"))
    header = extra["envelope"]["Header"]
    assert header["Interface"]["PayloadInfo"]["@RequestorId"] == "Expedia"
    assert "not-for-keeping" not in json.dumps(extra)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (SITEMINDER, Said.NEW),
        ("opentravel/siteminder_modified", Said.MODIFIED),
        ("opentravel/siteminder_cancelled", Said.CANCELLED),
        (EXPEDIA, Said.NEW),
        ("opentravel/expedia_modified", Said.MODIFIED),  # Commit too: the root says which
        ("opentravel/expedia_cancelled", Said.CANCELLED),
        ("opentravel/alpinebits_2020_modified", Said.MODIFIED),
        ("opentravel/alpinebits_2020_cancelled", Said.CANCELLED),
        ("opentravel/alpinebits_enquiry", Said.ENQUIRY),
        (BOOKING, Said.NEW),
        ("opentravel/bookingcom_modified", Said.MODIFIED),
        ("opentravel/bookingcom_cancelled", Said.CANCELLED),  # in HotelResModifies
    ],
)
def test_the_status_is_that_of_the_reservation_else_of_its_message(name: str, said: Said) -> None:
    assert told(name).said is said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Commit", Said.NEW),
        ("Reserved", Said.NEW),
        ("Modify", Said.MODIFIED),
        ("In-house", Said.MODIFIED),
        ("Cancel", Said.CANCELLED),
        ("Cancelled", Said.CANCELLED),
        ("Request denied", Said.CANCELLED),
        ("Quote", Said.ENQUIRY),
        ("Waitlist", Said.ENQUIRY),
        ("", Said.NEW),
    ],
)
def test_words_of_status(word: str, said: Said) -> None:
    revision = told(SITEMINDER, ('ResStatus="Book"', f'ResStatus="{word}"'))
    assert revision.said is said
    assert not word or extra_of(revision)["@ResStatus"] == word


@pytest.mark.parametrize("word", ["XQ", "Ignore", "Verify price"])
def test_a_word_that_nobody_knows_sets_that_reservation_aside(word: str) -> None:
    (item,) = look(xml(SITEMINDER, ('ResStatus="Book"', f'ResStatus="{word}"'))).items
    assert isinstance(item, Unreadable)
    assert item.reason == "invalid"
    assert "@ResStatus" in item.detail


def test_several_reservations_are_an_item_each_and_one_that_is_wrong_costs_itself() -> None:
    body = xml("opentravel/alpinebits_2022_several", ('ID="a22-2"', 'ID=""'))
    first, second, third = look(body).items
    assert isinstance(first, Revision)
    assert isinstance(second, Unreadable)
    assert isinstance(third, Revision)
    assert (first.said, third.said) == (Said.NEW, Said.ENQUIRY)
    assert second.detail.startswith("[1].")


def test_a_cancel_that_names_several_bookings_cancels_each() -> None:
    both = '<UniqueID Type="14" ID="13357001"/><UniqueID Type="14" ID="13357002"/>'
    body = xml("opentravel/expedia_cancelled", ('<UniqueID Type="14" ID="13357001"/>', both))
    told_ = look(body).revisions
    assert [one.reference for one in told_] == ["13357001", "13357002"]
    assert {one.said for one in told_} == {Said.CANCELLED}
    assert [one.message_id for one in told_] == ["83/0", "83/1"]
    at = datetime(2026, 2, 22, 10, 0, 5, tzinfo=UTC)
    assert [one.modified_at for one in told_] == [at, at]
    alone = decode(body, headers={}, key=None, arrived=ARRIVED, limits=Limits()).revisions
    assert [one.property_id for one in alone] == ["9911", "9911"]


@pytest.mark.parametrize(
    "name", ["siteminder", "expedia", "alpinebits_2020", "alpinebits_2024", "bookingcom"]
)
def test_a_cancel_says_that_and_nothing_of_the_stay(name: str) -> None:
    """Rule M13: its dates may be years off, its prices zero."""
    cancel = told(f"opentravel/{name}_cancelled")
    assert cancel.completeness is Completeness.CANCEL_ONLY
    assert cancel.lines is None
    assert cancel.header.total is None


def test_a_cancels_fee_is_kept() -> None:
    assert told("opentravel/siteminder_cancelled").header.cancellation_fee == Decimal("110.00")


# --- Ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "channel", "reference", "message_id"),
    [
        (SITEMINDER, "BDC", "BDC-40017", "7001"),
        ("opentravel/siteminder_cancelled", "BDC", "BDC-40017", "7003"),
        (EXPEDIA, "expedia", "13357001", "81"),
        ("opentravel/expedia_modified", "expedia", "13357001", "82"),
        ("opentravel/expedia_cancelled", "expedia", "13357001", "83"),
        ("opentravel/alpinebits_2020_cancelled", "alpinebits", "a18", None),
        (BOOKING, "booking.com", "4705950", None),
        (UNITS, "CRS", "G-100", None),
    ],
)
def test_channel_reference_and_message_are_found_in_their_places(
    name: str, channel: str, reference: str, message_id: str | None
) -> None:
    revision = told(name)
    assert (revision.channel, revision.reference) == (channel, reference)
    assert message_id is None or revision.message_id == message_id


def test_an_id_that_the_hotel_reservation_id_repeats_is_the_bookings() -> None:
    """Type 14 is the message in one of them: one sender does that."""
    references = [one.reference for one in look(xml("opentravel/generic_ids_swapped")).revisions]
    assert references == ["B-1", "B-2"]


def test_a_click_source_is_no_reference() -> None:
    body = xml(ALPINEBITS, ('<UniqueID Type="14" ID="a18"/>', ""))
    (item,) = look(body, dialect="alpinebits").items
    assert isinstance(item, Unreadable)
    assert "expected an id of the reservation" in item.detail


def test_the_envelopes_property_outranks_the_senders_own_id_of_the_hotel() -> None:
    revision = told(SITEMINDER)
    assert revision.property_id == "seaview"
    assert extra_of(revision)["property"] == "10107"


def test_rooms_that_were_booked_together_bear_one_group() -> None:
    first = told(EXPEDIA)
    second = told(EXPEDIA, ("1 of 2 rooms", "2 of 2 rooms"), ("13357001", "13357002"))
    assert first.header.group == second.header.group == "Noether, Emmy, 2 rooms"


# --- When ----------------------------------------------------------------------------------


def test_a_change_is_as_old_as_it_says_and_a_new_booking_as_itself() -> None:
    assert told(SITEMINDER).modified_at == datetime(2026, 2, 20, 8, 51, 45, tzinfo=UTC)
    changed = told("opentravel/siteminder_modified")
    assert changed.modified_at == datetime(2026, 2, 21, 10, 0, tzinfo=UTC)
    assert changed.booked_at == datetime(2026, 2, 20, 8, 51, 45, tzinfo=UTC)


def test_the_time_of_booking_is_no_time_of_a_change() -> None:
    """Before 2024-10 AlpineBits says when a booking was made, and no more: arrival decides."""
    for name in ("modified", "cancelled"):
        revision = told(f"opentravel/alpinebits_2020_{name}")
        assert revision.order.basis is Basis.ARRIVAL
        assert revision.booked_at == datetime(2026, 2, 20, 14, 0, tzinfo=UTC)


def test_a_time_without_a_zone_orders_nothing_by_itself() -> None:
    revision = told(UNITS)
    assert revision.order.basis is Basis.ARRIVAL
    assert revision.booked_at == datetime(2026, 2, 20, 10, 0, 7, tzinfo=UTC)


def test_a_connection_may_say_its_zone() -> None:
    revision = told(UNITS, dialect="generic; zone=Europe/Rome")
    assert revision.booked_at == datetime(2026, 2, 20, 9, 0, 7, tzinfo=UTC)
    assert told(UNITS, dialect="generic; zone=Nowhere/At/All").booked_at == told(UNITS).booked_at


def test_a_message_that_was_sent_long_ago_or_again_is_not_older_or_newer_for_it() -> None:
    """SiteMinder's TimeStamp is years off in its own example."""
    moved = told(SITEMINDER, ("2005-08-01T09:30:47", "2031-01-01T00:00:00"))
    assert moved.order == told(SITEMINDER).order
    assert moved.content_hash == told(SITEMINDER).content_hash


def test_expedias_time_is_that_of_the_transaction() -> None:
    for name, at in (("new", 20), ("modified", 21)):
        revision = told(f"opentravel/expedia_{name}")
        assert revision.modified_at == datetime(2026, 2, at, 10, 0, tzinfo=UTC)
    assert told("opentravel/expedia_modified").booked_at is None


# --- Rooms ---------------------------------------------------------------------------------


def test_a_rate_for_two_days_is_two_nights_and_rates_may_follow_one_another() -> None:
    line = line_of(told(SITEMINDER))
    assert line.nights == (
        Night(date(2026, 4, 10), Decimal("115.50")),
        Night(date(2026, 4, 11), Decimal("115.50")),
        Night(date(2026, 4, 12), Decimal("104.50")),
    )
    assert (line.category_code, line.rate_plan) == ("DBL", "BAR")
    assert (line.arrival, line.departure) == (date(2026, 4, 10), date(2026, 4, 13))
    assert line.amount == Decimal("335.50")


def test_a_rate_that_ends_on_its_last_night_is_told_by_its_multiplier() -> None:
    ends = ('ExpireDate="2026-04-12">', 'ExpireDate="2026-04-11">')
    assert line_of(told(SITEMINDER, ends)).nights == line_of(told(SITEMINDER)).nights


def test_a_rate_per_day_is_that_of_every_day_up_to_its_end() -> None:
    amounts = [night.amount for night in line_of(told(EXPEDIA)).nights or ()]
    assert amounts == [Decimal("110.00")] * 2 + [Decimal("120.00")] * 2


def test_prices_that_contradict_each_other_are_left_in_extra() -> None:
    twice = ('EffectiveDate="2026-04-12" Exp', 'EffectiveDate="2026-04-11" Exp')
    body = look(xml(SITEMINDER, twice))
    (revision,) = body.revisions
    assert line_of(revision).nights is None
    assert any("several prices of one night" in warning for warning in body.warnings)
    assert "115.50" in revision.extra


def test_without_a_time_span_the_stay_is_from_the_first_night_to_the_last() -> None:
    first, second = lines_of(told(BOOKING))
    assert (first.arrival, first.departure) == (date(2026, 5, 1), date(2026, 5, 4))
    assert [night.amount for night in first.nights or ()] == [Decimal("75.00")] * 3
    assert (first.channel_line, second.channel_line) == ("460", "461")
    assert first.is_stable
    assert (first.adults, first.children) == (2, ())  # GuestCount, not what the room would hold


def test_one_room_stay_may_be_several_rooms_whose_total_and_guests_are_of_all() -> None:
    lines = lines_of(told(UNITS))
    assert [line.unit for line in lines] == [1, 2, 3]
    assert {line.amount for line in lines} == {Decimal(300)}
    assert {line.adults for line in lines} == {2}
    assert {line.departure for line in lines} == {date(2026, 9, 4)}  # written "2026- 09-04"


def test_a_total_that_does_not_divide_is_no_amount() -> None:
    body = look(xml(UNITS, ('AmountBeforeTax="900"', 'AmountBeforeTax="1000"')))
    assert {line.amount for line in lines_of(body.revisions[0])} == {None}
    assert any("not divisible" in warning for warning in body.warnings)


def test_an_index_is_a_place_in_the_message_but_for_one_sender() -> None:
    assert not any(line.is_stable for line in lines_of(told(UNITS)))


@pytest.mark.parametrize(
    ("counts", "adults", "children"),
    [
        ('<GuestCount Count="2"/><GuestCount Count="1" Age="9"/>', 2, (9,)),
        ('<GuestCount AgeQualifyingCode="10" Count="2"/>', 2, ()),
        ('<GuestCount AgeQualifyingCode="8" Age="17"/>', 0, (17,)),
        ('<GuestCount AgeQualifyingCode="8" Count="2"/>', 0, (None, None)),
        ('<GuestCount AgeQualifyingCode="7" Count="1"/>', 0, (0,)),
        ('<GuestCount AgeQualifyingCode="11" Count="1"/>', 1, ()),
        ('<GuestCount AgeQualifyingCode="10" Count="1"/><GuestCount Count="0"/>', 1, ()),
        ("", None, None),
    ],
)
def test_ages_and_their_groups(
    counts: str, adults: int | None, children: tuple[int | None, ...] | None
) -> None:
    body = xml(ALPINEBITS)
    start = body.index(b"<GuestCounts>")
    end = body.index(b"</GuestCounts>")
    first = body[:start] + b"<GuestCounts>" + counts.encode() + body[end:]
    line = lines_of(only(first))[0]
    assert (line.adults, line.children) == (adults, children)


def test_a_count_beyond_all_measure_is_set_aside() -> None:
    counts = ('<GuestCount Count="1" Age="3"/>', '<GuestCount Count="999999999" Age="3"/>')
    revision = told(ALPINEBITS, counts)
    assert lines_of(revision)[0].children is None


def test_guests_are_those_that_the_room_names() -> None:
    assert line_of(told(SITEMINDER)).guest_names == ("Edith Clarke",)
    assert [line.guest_names for line in lines_of(told(BOOKING))] == [("Katherine Johnson",), None]
    assert any("of no guest" in warning for warning in look(xml(BOOKING)).warnings)


def test_an_enquiry_blocks_nothing_and_may_leave_its_day_open() -> None:
    enquiry = told("opentravel/alpinebits_enquiry")
    line = line_of(enquiry)
    assert (line.arrival, line.departure) == (date(2026, 7, 1), date(2026, 7, 5))
    assert "LatestDate" in enquiry.extra
    world, outcomes = receive(empty_world(), arriving([enquiry]))
    assert outcomes == ["enquiry"]
    assert not any(stay.rooms for booking in bookings(world) for stay in booking.stays)


def test_a_window_without_a_duration_lasts_as_long_as_it_is_open() -> None:
    line = line_of(told("opentravel/alpinebits_enquiry", (' Duration="P4N"', "")))
    assert (line.arrival, line.departure) == (date(2026, 7, 1), date(2026, 7, 10))


# --- Money ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "total"),
    [
        ("bookingcom", "450.00"),
        ("generic", "45000"),
        ("generic; minor_units=yes", "450.00"),
        ("bookingcom; minor_units=no", "45000"),
    ],
)
def test_cents_are_counted_by_those_who_count_in_cents(dialect: str, total: str) -> None:
    assert told(BOOKING, dialect=dialect).header.total == Decimal(total)


def test_decimal_places_beside_a_decimal_amount_are_only_said() -> None:
    whole = ('AmountAfterTax="45000"', 'AmountAfterTax="450.00"')
    assert told(BOOKING, whole).header.total == Decimal("450.00")


def test_of_a_card_only_what_may_be_kept_is_read() -> None:
    payment = told(SITEMINDER).header.payment
    assert payment is not None
    assert payment.instructions == "Virtual card, charge from arrival"
    assert payment.card == Card(
        brand="VI",
        last4="1111",
        expiry="1230",
        is_virtual=True,
        active_from=date(2026, 4, 10),
        active_to=date(2026, 5, 10),
        balance=Decimal("358.05"),
        currency="EUR",
    )


@pytest.mark.parametrize(("company", "collect"), [("A-Hotels.com", "property"), ("Ex", "channel")])
def test_expedias_point_of_sale_says_who_collects(company: str, collect: str) -> None:
    payment = told(EXPEDIA, ("A-Hotels.com", company)).header.payment
    assert payment is not None
    assert payment.collect == collect


# --- People and words ----------------------------------------------------------------------


def test_the_booker_is_the_customer_and_not_the_agent_or_the_guest() -> None:
    header = told(SITEMINDER).header
    assert header.booker_name == "Charles W. Babbage"
    assert header.contact_email == "charles@example.org"
    assert header.contact_phone == "+44 20 7946 0001"  # the first is a fax
    assert header.contact_address == "Engine House, Mill Lane 3, EC1 2PG, London, GB"
    assert (header.country, header.language) == ("GB", "en")


def test_without_a_customer_the_primary_guest_is_the_booker() -> None:
    assert told(ALPINEBITS).header.booker_name == "Lise Meitner"
    assert told(EXPEDIA).header.contact_phone == "49 9131 555010"


def test_not_available_is_nothing() -> None:
    header = told(UNITS).header
    assert header.booker_name == "Travel Club"
    assert (header.contact_email, header.contact_phone) == (None, None)


def test_comments_lose_the_indentation_of_their_file_and_no_word() -> None:
    comments = told(ALPINEBITS).header.booking_comments
    assert comments == "Parkplatz\nSchwimmbad\nSind Hunde erlaubt?\n\nDanke."


def test_a_card_number_in_a_comment_is_gone_before_anything_is_read() -> None:
    assert told(UNITS).header.booking_comments == (
        "Card [card number removed] was charged, thank you"
    )


@pytest.mark.parametrize("day", ["9999-12-31", "2026-02-30", "tomorrow"])
def test_a_night_beyond_the_calendar_is_no_night(day: str) -> None:
    first = ('<RoomRate EffectiveDate="2026-05-01"', f'<RoomRate EffectiveDate="{day}"')
    line = lines_of(told(BOOKING, first))[0]
    assert (line.arrival, line.departure) == (date(2026, 5, 2), date(2026, 5, 4))


def test_the_pos_of_another_reservation_is_nobodys() -> None:
    """A message's own POS is that of all its reservations, a reservation's its own alone."""
    body = xml(SITEMINDER).decode()
    one = body[body.index("<HotelReservation ") : body.index("</ReservationsList>")]
    bare = one[: one.index("<POS>")] + one[one.index("</POS>") + 6 :]
    bare = bare.replace("BDC-40017", "40018").replace("MESSAGE_UNIQUE_ID", "OTHER")
    first, second = look(body.replace(one, one + bare).encode()).revisions
    assert (first.channel, second.channel) == ("BDC", "opentravel")
