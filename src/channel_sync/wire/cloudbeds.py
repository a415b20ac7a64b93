"""Cloudbeds (myallocator): bookings as it pushes and serves them, and the notices of them."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import UnreadableReason
from channel_sync.wire.format import Contents, Format, is_json
from channel_sync.wire.json_part import (
    JsonPart,
    each_in,
    load_json,
    refuse_shape,
    unfold,
    whole_of,
)
from channel_sync.wire.scrub_json import Plain
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import (
    UnfitError,
    ages_of,
    as_day,
    as_instant,
    as_money,
    as_text,
    day_after,
    joined,
)

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

NAME = "cloudbeds"
_COLLECT = {"property": "property", "channel": "channel", "ota": "channel"}
_ENVELOPE = {"property": ("ota_property_id", "mya_property_id"), "channel": ("ota_cid",)}
_CENT = Decimal("0.01")


def _detects(body: bytes) -> bool:
    if not is_json(body):
        return False
    if b'"booking_json"' in body or (b'"OrderId"' in body and b'"Rooms"' in body):
        return True
    return b'"booking_id"' in body and (
        b'"ota_property_id"' in body or b'"mya_property_id"' in body or b'"Bookings"' in body
    )


def _decode(body: bytes, context: Context) -> Contents:
    root, warnings = load_json(body, context, PLAIN.ids)
    whole = whole_of(root)
    unfold(whole, "booking_json", context)
    verb = as_text(whole.look("verb"))
    if verb and verb.casefold() == "ackbooking":
        refuse_shape("verb: a receipt, and no booking", UnreadableReason.NO_RESERVATION)
    if verb and verb.casefold() == "cancelbooking":
        return read_each([whole], _read_cancel, context, warnings, whole)
    found = each_in(whole, "booking_json", "Booking", "Bookings")
    return read_each(found, lambda part: _read(part, whole), context, warnings, whole)


def _envelope(part: JsonPart, whole: JsonPart) -> dict[str, Any]:
    """The property and the channel, which the booking itself may leave to its envelope.

    The envelope is looked at and left as it is: it may hold other bookings too.
    """
    said: dict[str, Any] = {"channel": part.code("OrderSource", "channel"), "property": None}
    for field, keys in _ENVELOPE.items():
        for key in keys:
            value = as_text(whole.look(key))
            if value and not said[field]:
                said[field] = value
                part.notes.note(field, key)
    return said | {"channel": said["channel"] or NAME}


def _read_cancel(whole: JsonPart) -> dict[str, Any]:
    return _envelope(whole, whole) | {
        "reference": whole.code("booking_id", "reference"),
        "status": "cancelled",
        "completeness": "cancel_only",
    }


def _read(part: JsonPart, whole: JsonPart) -> dict[str, Any]:
    if part.look("OrderId") is None:
        return _read_notice(part, whole)
    is_off = part.flag("IsCancellation", "status")
    is_changed = part.flag("IsModification", "status")
    reference = part.code("OrderId", "reference")
    version = part.code("version", "message_id")
    receipt = part.code("acknowledgement_id", "message_id")
    booked_at = _instant(part, "OrderDate", "OrderTime", "booked_at")
    modified_at = _instant(part, "OrderModifDate", "OrderModifTime", "modified_at")
    if not is_off and not is_changed:
        # A booking that was never changed is as old as itself. A cancel without a time of its own
        # must not be: it would pass for older than the changes before it.
        modified_at = modified_at or booked_at
    said = _envelope(part, whole) | {
        "message_id": receipt or (version and f"{reference}/{version}"),
        "reference": reference,
        "status": "cancelled" if is_off else "modified" if is_changed else "new",
        "modified_at": modified_at,
        "booked_at": booked_at,
    }
    if is_off:
        fee = part.money("CancellationFee", "cancellation_fee")
        return said | {"completeness": "cancel_only", "cancellation_fee": fee}
    customer = part.part("Customers")
    return said | {
        "currency": part.code("TotalCurrency", "currency"),
        "total": part.money("TotalPrice", "total"),
        "rooms": [_room(room) for room in part.parts("Rooms")],
        "booker": _booker(customer) if customer else None,
        "comments": _comments(customer) if customer else None,
        "payment": _payment(part),
    }


def _read_notice(part: JsonPart, whole: JsonPart) -> dict[str, Any]:
    """A booking's id alone, from a notice or a list: the booking itself must be pulled."""
    reference = part.code("booking_id", "reference")
    if not reference:
        refuse_shape("OrderId: expected, but missing")
    version = part.code("version", "message_id")
    return _envelope(part, whole) | {
        "message_id": version and f"notice:{reference}/{version}",
        "reference": reference,
        "status": "modified",
        "completeness": "ids_only",
    }


def _instant(part: JsonPart, day: str, time: str, field: str) -> str | None:
    """A date and a time of day in two fields, in UTC; the day alone would order nothing."""
    told = as_day(part.look(day)), as_text(part.look(time))
    if not all(told):
        return None
    try:
        instant = as_instant(f"{told[0]} {told[1]}", UTC)
    except UnfitError as error:
        part.notes.warnings.append(f"{part.below(time)}: {error}; left in extra")
        return None
    part.take(day, field)
    part.take(time, field)
    return instant


def _room(room: JsonPart) -> dict[str, Any]:
    units = room.whole("Units", "rooms.units")
    nights, rate = _nights(room)
    plan = room.code("RateId", "rooms.rate_plan") or rate
    children = room.whole("Children", "rooms.children")
    babies = room.whole("Babies", "rooms.children")
    guest = {
        "first_name": room.text("OccupantFName", "rooms.guests.first_name"),
        "last_name": room.text("OccupantLName", "rooms.guests.last_name"),
    }
    last_night = as_day(room.take("EndDate", "rooms.departure"))
    return {
        "units": 1 if units is None else units,
        "category": room.code("ChannelRoomType", "rooms.category"),
        "rate_plan": plan,
        "arrival": as_day(room.take("StartDate", "rooms.arrival")),
        "departure": day_after(last_night),
        "adults": room.whole("Adults", "rooms.adults"),
        "children": ages_of(children, [], babies),
        "guests": [guest] if any(guest.values()) else None,
        "amount": _each(room.money("Price", "rooms.amount"), units or 1, nights),
        "currency": room.code("Currency", "rooms.currency"),
        "nights": nights,
        "comments": room.text("OccupantNote", "rooms.comments"),
    }


def _nights(room: JsonPart) -> tuple[list[dict[str, Any]] | None, str | None]:
    """The price of each night of one unit, and the first night's rate plan."""
    nights: list[dict[str, Any]] = []
    plan: str | None = None
    for rate in room.parts("DayRates"):
        amount = rate.money("Rate", "rooms.nights") or rate.money("RateAfterTax", "rooms.nights")
        day = as_day(rate.take("Date", "rooms.nights"))
        plan = plan or rate.code("RateId", "rooms.rate_plan")
        if amount is not None and day is not None:
            nights.append({"date": day, "amount": amount})
    return nights or None, plan


def _each(price: str | None, units: int, nights: list[dict[str, Any]] | None) -> str | None:
    """What one of the units costs: the price is that of all."""
    if price is None or units <= 1:
        return price
    total = Decimal(price)
    one = sum((Decimal(night["amount"]) for night in nights or ()), Decimal(0))
    if one * units == total:
        return as_money(one)
    return as_money((total / units).quantize(_CENT)) if abs(total) < 10**18 else None


def _booker(customer: JsonPart) -> dict[str, Any]:
    phone = customer.text("CustomerPhone", "booker.phone")
    return {
        "first_name": customer.text("CustomerFName", "booker.first_name"),
        "last_name": customer.text("CustomerLName", "booker.last_name"),
        "email": customer.text("CustomerEmail", "booker.email"),
        "phone": phone or customer.text("CustomerPhoneMobile", "booker.phone"),
        "address": {
            "street": customer.text("CustomerAddress", "booker.address"),
            "zip": customer.text("CustomerPostCode", "booker.address"),
            "city": customer.text("CustomerCity", "booker.address"),
            "region": customer.text("CustomerState", "booker.address"),
        },
        "country": customer.text("CustomerCountry", "booker.country"),
        "language": customer.text("CustomerLanguage", "booker.language"),
    }


def _comments(customer: JsonPart) -> str | None:
    arrival = customer.code("CustomerArrivalTime", "comments")
    note = customer.text("CustomerNote", "comments")
    return joined(note, f"Arrival: {arrival}" if arrival else None)


def _payment(part: JsonPart) -> dict[str, Any]:
    collect = part.code("PaymentCollect", "payment.collect")
    card = part.part("Payments")
    return {
        "collect": _COLLECT.get((collect or "").casefold(), collect),
        "card": None
        if card is None
        else {
            "brand": card.text("CardType", "payment.card.brand"),
            "last4": card.last4("CardNumber", "payment.card.last4"),
            "expiry": card.text("ExpireDate", "payment.card.expiry"),
        },
    }


_ROOTS = ("", "booking_json.", "Booking.", "Bookings.")
_IDS = """
OrderId booking_id version acknowledgement_id Rooms.ChannelRoomType Rooms.RateId
Rooms.DayRates.RateId ota_property_id mya_property_id ota_property_sub_id myallocator_id
"""
PLAIN = Plain(
    secrets=frozenset({"shared_secret", "ota_property_password"}),
    ids=frozenset(root + name for root in _ROOTS for name in _IDS.split()),
    phones=frozenset(f"{root}Customers.CustomerPhone" for root in _ROOTS),
)
FORMAT = Format(_detects, _decode, PLAIN)
