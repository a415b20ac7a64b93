"""Booking.com's own XML (`<reservations>`) to revisions."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents, Format, is_xml
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import UnfitError, as_day, as_instant
from channel_sync.wire.xml_part import load_xml, parts_of, refuse_empty

if TYPE_CHECKING:
    from channel_sync.wire.context import Context
    from channel_sync.wire.xml_part import XmlPart

NAME = "bookingcom-xml"

_ROOT = re.compile(rb"<reservations[\s>/]")
_STATUS = {"new": "new", "modified": "modified", "cancelled": "cancelled"}


def detects_bookingcom(body: bytes) -> bool:
    """Whether a body is a list of reservations as Booking.com writes it."""
    return is_xml(body) and _ROOT.search(body, 0, 4096) is not None


def decode_bookingcom(body: bytes, context: Context) -> Contents:
    """The revisions of a scrubbed body; what is wrong with one costs that one only.

    Raises:
        Unreadable: as `load_xml`; no_reservation, too_many_messages.
    """
    root = load_xml(body, context)
    nodes = [node for node in root.walk() if node.name == "reservation"]
    if not nodes:
        raise refuse_empty("expected at least one reservation, got an empty list")
    return read_each(parts_of(nodes), _read, context)


def _read(part: XmlPart) -> dict[str, Any]:
    status = _STATUS.get((part.code("status", "status") or "").casefold())
    if status is None:
        raise Unreadable(
            UnreadableReason.INVALID, "status: expected new, modified or cancelled, got another"
        )
    revised = _instant(part, is_new=status == "new")
    said: dict[str, Any] = {
        "channel": "booking.com",
        "reference": part.code("id", "reference"),
        "property": part.code("hotel_id", "property"),
        "status": status,
        "modified_at": revised,
        "booked_at": revised if status == "new" else None,
    }
    if status == "cancelled":
        # The same element with other children: none of them is a change of the stay.
        fee = part.money("total_cancellation_fee", "cancellation_fee")
        return {**said, "completeness": "cancel_only", "cancellation_fee": fee}
    customer = part.part("customer")
    return {
        **said,
        "rooms": [_room(room) for room in part.parts("room")] or None,
        "booker": _booker(customer) if customer else None,
        "comments": customer.text("remarks", "comments") if customer else None,
        "currency": part.code("currencycode", "currency"),
        "total": part.money("totalprice", "total"),
        "payment": _payment(customer) if customer else None,
    }


def _instant(part: XmlPart, *, is_new: bool) -> str | None:
    """Date and time stand apart, and bear no zone: taken as UTC."""
    day, time = part.look("date"), part.look("time")
    try:
        found = as_instant(f"{day.strip()}T{time.strip()}", UTC) if day and time else None
    except UnfitError as error:
        part.notes.warnings.append(f"{part.below('date')}: {error}; left in extra")
        return None
    if found:
        fields = ("modified_at", "booked_at") if is_new else ("modified_at",)
        part.take("date", *fields)
        part.take("time", *fields)
    return found


def _room(room: XmlPart) -> dict[str, Any]:
    prices = room.parts("price")
    nights = []
    for price in prices:
        night = as_day(price.take("@date", "rooms.nights.date"))
        amount = price.money("", "rooms.nights.amount")
        if night and amount:
            nights.append({"date": night, "amount": amount})
    arrival = as_day(room.take("arrival_date", "rooms.arrival"))
    departure = as_day(room.take("departure_date", "rooms.departure"))
    if nights and arrival is None:
        arrival = min(night["date"] for night in nights)
        departure = _day_after(max(night["date"] for night in nights))
    line = room.code("roomreservation_id", "rooms.line")
    name = room.code("guest_name", "rooms.guests.last_name")
    return {
        "line": line,
        "line_is_stable": line is not None,
        "category": room.code("id", "rooms.category"),
        "rate_plan": prices[0].code("@rate_id", "rooms.rate_plan") if prices else None,
        "arrival": arrival,
        "departure": departure,
        "adults": room.whole("numberofguests", "rooms.adults"),
        "guests": [{"last_name": name}] if name else None,
        "amount": room.money("totalprice", "rooms.amount"),
        "currency": room.code("currencycode", "rooms.currency"),
        "nights": nights or None,
        "comments": room.text("remarks", "rooms.comments"),
    }


def _day_after(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _booker(customer: XmlPart) -> dict[str, Any]:
    country = customer.code("countrycode", "booker.country", "booker.address.country")
    country = country.upper() if country else None  # it comes in small letters
    return {
        "first_name": customer.code("first_name", "booker.first_name"),
        "last_name": customer.code("last_name", "booker.last_name"),
        "email": customer.code("email", "booker.email"),
        "phone": customer.code("telephone", "booker.phone"),
        "address": {
            "street": customer.code("address", "booker.address.street"),
            "zip": customer.code("zip", "booker.address.zip"),
            "city": customer.code("city", "booker.address.city"),
            "country": country,
        },
        "country": country,
    }


def _payment(customer: XmlPart) -> dict[str, Any] | None:
    brand = customer.code("cc_type", "payment.card.brand")
    expiry = customer.code("cc_expiration_date", "payment.card.expiry")
    digits = re.findall(r"\d", str(customer.look("cc_number") or ""))
    last4 = None
    if 0 < len(digits) <= 4:
        customer.take("cc_number", "payment.card.last4")
        last4 = "".join(digits)
    if not (brand or expiry or last4):
        return None
    return {"card": {"brand": brand, "expiry": expiry, "last4": last4}}


FORMAT = Format(detects_bookingcom, decode_bookingcom)
