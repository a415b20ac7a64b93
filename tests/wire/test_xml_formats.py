from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from channel_sync.core.model import Completeness, Revision, Said
from channel_sync.wire.errors import Unreadable
from tests.house.sources import ROOT
from tests.wire.fixtures_of import FIXTURES, arriving, bookings, empty_world, look, receive
from tests.wire.xml_of import line_of, lines_of, told, xml

XSD = ROOT.parent / "shared" / "samples" / "xsd"

# --- Booking.com -----------------------------------------------------------------------------


def test_two_equal_rooms_of_bookingcom_differ_by_their_own_ids_which_stay() -> None:
    first, second = lines_of(told("bookingcom-xml/new"))
    assert (first.channel_line, second.channel_line) == ("9001", "9002")
    assert first.is_stable
    assert (first.category_code, first.rate_plan) == ("5501", "77")
    assert first.guest_names == ("Sofia Kovalevskaya",)
    assert [night.amount for night in first.nights or ()] == [Decimal("90.00")] * 2


def test_bookingcoms_date_and_time_stand_apart_and_its_country_is_in_small_letters() -> None:
    revision = told("bookingcom-xml/new")
    assert revision.modified_at == datetime(2026, 2, 20, 10, 58, tzinfo=UTC)
    assert revision.header.country == "NO"
    payment = revision.header.payment
    assert payment is not None
    assert payment.card is not None
    assert (payment.card.brand, payment.card.last4) == ("Visa", "1881")


def test_bookingcoms_cancel_has_other_children_and_a_fee() -> None:
    cancel = told("bookingcom-xml/cancelled")
    assert cancel.completeness is Completeness.CANCEL_ONLY
    assert cancel.header.cancellation_fee == Decimal("90.00")


def test_without_dates_bookingcoms_stay_is_that_of_its_prices() -> None:
    no_dates = (
        ("<arrival_date>2026-05-01</arrival_date>", ""),
        ("<departure_date>2026-05-04</departure_date>", ""),
    )
    line = line_of(told("bookingcom-xml/modified", *no_dates))
    assert (line.arrival, line.departure) == (date(2026, 5, 1), date(2026, 5, 4))


def test_an_unknown_status_of_bookingcom_sets_that_reservation_aside() -> None:
    body = xml("bookingcom-xml/several", ("<status>new</status>", "<status>odd</status>"))
    first, second = look(body).items
    assert isinstance(first, Unreadable)
    assert isinstance(second, Revision)


# --- Expedia EQC -----------------------------------------------------------------------------


def test_an_eqc_booking_is_one_room_its_id_trimmed_its_time_that_of_the_transaction() -> None:
    revision = told("expedia-eqc/new")
    assert (revision.channel, revision.reference) == ("expedia", "22110001")
    assert revision.message_id == "22110001/Book/2026-02-20T10:00:00+00:00"
    line = line_of(revision)
    assert (line.adults, line.children) == (2, (4,))
    assert line.amount == revision.header.total == Decimal("224.00")
    assert revision.header.group == "Curie, Marie, 2 rooms"


def test_an_eqc_cancel_leaves_stay_rooms_and_currency_untouched() -> None:
    sent = [told(f"expedia-eqc/{name}") for name in ("new", "cancelled")]
    before, _ = receive(empty_world(), arriving(sent[:1]))
    after, outcomes = receive(empty_world(), arriving(sent))
    assert outcomes == ["created", "cancelled"]
    (was,), (now,) = bookings(before), bookings(after)
    assert [stay.base for stay in now.stays] == [stay.base for stay in was.stays]
    assert now.is_cancelled


def test_eqc_requests_are_sorted_by_their_codes() -> None:
    header = told("expedia-eqc/new").header
    assert header.payment is not None
    assert header.payment.collect == "property"
    assert header.payment.instructions == "Hotel Collect Booking. Collect payment from guest."
    assert header.booking_comments is not None
    assert "Quiet room, please" in header.booking_comments
    assert "Collect payment" not in header.booking_comments


# --- Rentals United --------------------------------------------------------------------------


def test_prices_of_a_month_away_are_left_in_extra() -> None:
    revision = told("rentals-united/new")
    assert line_of(revision).nights is None
    assert "2026-08-04" in revision.extra
    assert line_of(told("rentals-united/modified")).nights is not None


def test_a_home_is_what_is_sold_and_the_comment_may_know_more_of_the_party() -> None:
    revision = told("rentals-united/new")
    line = line_of(revision)
    assert (line.category_code, line.adults, line.amount) == ("77001", 4, Decimal("700.00"))
    assert revision.header.booking_comments == "5 adults, one cot"
    assert "HMABCD1234" in revision.extra


@pytest.mark.parametrize("name", ["cancelled", "cancelled_status"])
def test_a_home_is_cancelled_by_a_message_of_its_own_or_by_a_status(name: str) -> None:
    sent = [told("rentals-united/new"), told(f"rentals-united/{name}")]
    assert sent[1].said is Said.CANCELLED
    assert receive(empty_world(), arriving(sent))[1] == ["created", "cancelled"]


# --- New, modified, cancelled, in any order --------------------------------------------------

FLOWS = {
    "siteminder": "opentravel/siteminder_{}",
    "expedia-bn": "opentravel/expedia_{}",
    "alpinebits": "opentravel/alpinebits_2024_{}",
    "bookingcom-xml": "bookingcom-xml/{}",
    "expedia-eqc": "expedia-eqc/{}",
}
"""Formats and dialects whose messages carry an order of their own."""

NAMES = ("new", "modified", "cancelled")


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("times", [1, 2])
def test_any_order_of_arrival_ends_the_same(flow: str, times: int) -> None:
    """Law 3: status and content are those of the newest, whatever came first or twice."""
    sent = [told(FLOWS[flow].format(name)) for name in NAMES]
    newest = {(line.arrival, line.departure) for line in lines_of(sent[1])}
    for order in permutations(sent):
        twice = arriving(one for one in order for _ in range(times))
        world, outcomes = receive(empty_world(), twice)
        (booking,) = bookings(world)
        assert booking.is_cancelled
        # A room that the change left out keeps what was said of it last.
        assert newest <= {(s.base.arrival, s.base.departure) for s in booking.stays if s.base}
        assert times == 1 or outcomes[1::2] == ["duplicate"] * 3


@pytest.mark.parametrize("flow", FLOWS)
def test_without_the_cancel_any_order_ends_live_and_newest(flow: str) -> None:
    sent = [told(FLOWS[flow].format(name)) for name in NAMES[:2]]
    for order in permutations(sent):
        (booking,) = bookings(receive(empty_world(), arriving(order))[0])
        live = {stay.departure for stay in booking.stays if stay.status.value != "cancelled"}
        assert not booking.is_cancelled
        assert live == {line.departure for line in lines_of(sent[1])}


@pytest.mark.parametrize(
    "names",
    [
        ["alpinebits_2018_push", "alpinebits_2020_modified", "alpinebits_2020_cancelled"],
        ["bookingcom_new", "bookingcom_modified", "bookingcom_cancelled"],
    ],
)
def test_without_an_order_messages_are_taken_as_they_arrive(names: list[str]) -> None:
    sent = [told(f"opentravel/{name}") for name in names]
    world, outcomes = receive(empty_world(), arriving(one for one in sent for _ in range(2)))
    assert outcomes[::2] == ["created", "modified", "cancelled"]
    assert outcomes[1::2] == ["duplicate"] * 3
    (booking,) = bookings(world)
    assert booking.is_cancelled
    assert len(booking.stays) == 2  # the room that the change left out is cancelled, not gone


# --- Nothing is lost -------------------------------------------------------------------------


def leaves(element: Any, path: str) -> Iterator[str]:
    for key, value in element.attrib.items():
        if value.strip() and not key.startswith("{") and not value.startswith("[removed]"):
            yield f"{path}@{key}"
    if (text := (element.text or "").strip()) and not text.startswith("[removed]"):
        yield path
    for child in element.iterchildren("*"):
        yield from leaves(child, f"{path}/{etree.QName(child).localname}")


def left(extra: Any, path: str) -> Iterator[str]:
    if isinstance(extra, list):
        for item in extra:
            yield from left(item, path)
    elif isinstance(extra, dict):
        for key, value in extra.items():
            joint = "" if key.startswith("@") else "/"
            yield from left(value, path if key == "text" else f"{path}{joint}{key}")
    else:
        yield path


RESERVATIONS = {"HotelReservation", "HotelResModify", "reservation", "Booking", "Reservation"}


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("*/*.xml")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_what_is_not_read_is_left_in_extra(path: Path) -> None:
    """Every value of a message with one booking was read from its path, or is in extra."""
    try:
        told_ = look(path.read_bytes())
    except Unreadable:
        return
    (item, *others), (sources, *_) = told_.items, told_.sources
    assert told_.scrubbed.body is not None
    root = etree.fromstring(told_.scrubbed.body)
    found = [one for one in root.iter("*") if etree.QName(one).localname in RESERVATIONS]
    if others or isinstance(item, Unreadable) or not found:
        return
    name = etree.QName(found[0]).localname
    read = {source for paths in sources.values() for source in paths}
    extra = set(left(json.loads(item.extra), name))
    for source in leaves(found[0], name):
        assert source in read | extra or source.endswith("@AgeQualifyingCode"), source


# --- Schemas ---------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2018-10", "2020-10"])
@pytest.mark.parametrize(
    "name",
    [
        "2017_pull",
        "2018_push",
        "2020_modified",
        "2020_cancelled",
        "enquiry",
        "empty",
    ],
)
def test_our_alpinebits_messages_are_valid(version: str, name: str) -> None:
    """The published schema is the external judge of what our fixtures look like."""
    file = XSD / f"hgv_alpinebits-{version}.xsd"
    if not file.exists():
        pytest.skip(f"{file.name} is not beside the project")
    schema = etree.XMLSchema(etree.parse(file))
    schema.assertValid(etree.fromstring(xml(f"opentravel/alpinebits_{name}")))


def test_validity_is_not_asked_for() -> None:
    """Half of the real messages are not valid: an element of nobody's costs nothing."""
    odd = ("<Success/>", '<Success/><Unheard Of="it"/>')
    assert told("opentravel/siteminder_new", odd) == told("opentravel/siteminder_new")
