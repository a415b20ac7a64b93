"""Channex: booking revisions as its feed gives them, and the notices that name ids only."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import UnreadableReason
from channel_sync.wire.format import Contents, Format, is_json
from channel_sync.wire.json_part import JsonPart, each_in, load_json, messages_of, refuse_shape
from channel_sync.wire.scrub_json import Plain
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import ages_of, as_day, joined

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

NAME = "channex"
_COLLECT = {"ota": "channel", "property": "property"}
_FEE = "cancellation fee"


def _detects(body: bytes) -> bool:
    if not is_json(body):
        return False
    if b'"booking_revision"' in body:
        return True
    if b'"ota_reservation_code"' in body and b'"booking_id"' in body:
        return True
    return b'"event"' in body and b'"payload"' in body and b'"booking_id"' in body


def _decode(body: bytes, context: Context) -> Contents:
    root, warnings = load_json(body, context, PLAIN.ids)
    messages = messages_of(root)
    found = [one for whole in messages for one in each_in(whole, "data")]
    return read_each(found, _read_any, context, warnings, messages[0] if messages else None)


def _read_any(item: JsonPart) -> dict[str, Any]:
    return _read_notice(item) if "event" in item.node else _read(item)


def _read_notice(notice: JsonPart) -> dict[str, Any]:
    """A webhook: what happened to which booking, without the booking."""
    reference = notice.code("payload.booking_id", "reference")
    if not reference:
        refuse_shape("payload.booking_id: expected, but missing", UnreadableReason.NO_RESERVATION)
    revision = notice.code("payload.revision_id", "message_id")
    return {
        "message_id": revision and f"notice:{revision}",
        "property": notice.code("property_id", "property"),
        "channel": NAME,
        "reference": reference,
        "status": "modified",
        "completeness": "ids_only",
    }


def _read(item: JsonPart) -> dict[str, Any]:
    told = item.part("attributes") or item
    booking_id = told.code("booking_id", "reference")
    status = (told.code("status", "status") or "").casefold() or None
    is_off = status == "cancelled"
    currency = told.code("currency", "currency")
    amount = told.money("amount", "total") if not is_off else None
    customer = told.part("customer")
    ota_code = told.code("ota_reservation_code", "reference")
    said = {
        "message_id": _message_id(item, told, booking_id),
        "property": told.code("property_id", "property"),
        "channel": told.code("ota_name", "channel") or NAME,
        "reference": ota_code or booking_id,
        "status": status,
        "modified_at": told.instant("inserted_at", UTC, "modified_at"),
        "currency": currency,
    }
    if is_off:
        said["completeness"] = "cancel_only"
        said["cancellation_fee"] = _fee(told)
        return said
    return said | {
        "rooms": [_room(room) for room in told.parts("rooms")],
        "booker": _booker(customer) if customer else None,
        "comments": joined(told.text("notes", "comments"), _arrival(told)),
        "total": amount,
        "payment": _payment(told),
    }


def _message_id(item: JsonPart, told: JsonPart, booking_id: str | None) -> str | None:
    """The revision's id; a booking's own id, the same in each of its revisions, names none."""
    ids = [told.code("revision_id", "message_id")]
    ids += [part.code("id", "message_id") for part in dict.fromkeys((item, told))]
    return next((one for one in ids if one and one != booking_id), None)


def _arrival(told: JsonPart) -> str | None:
    hour = told.code("arrival_hour", "comments")
    return f"Arrival: {hour}" if hour else None


def _fee(told: JsonPart) -> str | None:
    """The fee of a cancel: the service so called, else a total that is not the rooms' sum.

    A cancelled booking keeps its rooms, while its total is what the guest still has to pay.
    """
    for service in told.parts("services"):
        kind = f"{service.look('type')} {service.look('name')}".casefold()
        if _FEE in kind:
            fee = service.money("total_price", "cancellation_fee")
            return fee or service.money("price", "cancellation_fee")
    rooms = [room.look("amount") for room in told.parts("rooms")]
    total = told.money("amount", "cancellation_fee")
    try:
        if total is not None and Decimal(total) == sum(Decimal(str(room)) for room in rooms):
            return None
    except ArithmeticError:
        return total
    return total


def _room(room: JsonPart) -> dict[str, Any]:
    infants = room.whole("occupancy.infants", "rooms.children")
    children = room.whole("occupancy.children", "rooms.children")
    return {
        # The id of a room changes from one revision to the next: lines are paired by content.
        "line": room.code("booking_room_id", "rooms.line"),
        "line_is_stable": False,
        "status": "cancelled" if room.flag("is_cancelled", "rooms.status") else "confirmed",
        "category": room.code("room_type_id", "rooms.category"),
        "rate_plan": room.code("rate_plan_id", "rooms.rate_plan"),
        "arrival": as_day(room.take("checkin_date", "rooms.arrival")),
        "departure": as_day(room.take("checkout_date", "rooms.departure")),
        "adults": room.whole("occupancy.adults", "rooms.adults"),
        "children": ages_of(children, room.scalars("occupancy.ages", "rooms.children"), infants),
        "guests": [_person(guest, "rooms.guests") for guest in room.parts("guests")] or None,
        "amount": room.money("amount", "rooms.amount"),
        "nights": room.day_prices("days", "rooms.nights"),
    }


def _person(person: JsonPart, field: str) -> dict[str, Any]:
    return {
        "first_name": person.text("name", f"{field}.first_name"),
        "last_name": person.text("surname", f"{field}.last_name"),
    }


def _booker(customer: JsonPart) -> dict[str, Any]:
    return _person(customer, "booker") | {
        "email": customer.text("mail", "booker.email"),
        "phone": customer.text("phone", "booker.phone"),
        "address": {
            "street": customer.text("address", "booker.address"),
            "zip": customer.text("zip", "booker.address"),
            "city": customer.text("city", "booker.address"),
        },
        "country": customer.text("country", "booker.country"),
        "language": customer.text("language", "booker.language"),
    }


def _payment(told: JsonPart) -> dict[str, Any]:
    collect = told.code("payment_collect", "payment.collect")
    guarantee = told.part("guarantee")
    return {
        "collect": _COLLECT.get(collect or "", collect),
        "method": told.code("payment_type", "payment.method"),
        "card": _card(guarantee) if guarantee else None,
    }


def _card(card: JsonPart) -> dict[str, Any]:
    return {
        "brand": card.text("card_type", "payment.card.brand"),
        "last4": card.last4("card_number", "payment.card.last4"),
        "expiry": card.text("expiration_date", "payment.card.expiry"),
        "is_virtual": card.flag("is_virtual", "payment.card.is_virtual"),
        "active_from": as_day(
            card.take("meta.virtual_card_effective_date", "payment.card.active_from")
        ),
        "active_to": as_day(
            card.take("meta.virtual_card_expiration_date", "payment.card.active_to")
        ),
        "balance": card.money("meta.virtual_card_current_balance", "payment.card.balance"),
        "currency": card.code("meta.virtual_card_currency_code", "payment.card.currency"),
        "token": card.code("token", "payment.card.token"),
    }


_ROOTS = ("", "data.", "data.attributes.", "attributes.", "payload.")
_IDS = """
id booking_id revision_id property_id unique_id system_id ota_reservation_code
rooms.booking_room_id rooms.room_type_id rooms.rate_plan_id
"""
PLAIN = Plain(
    ids=frozenset(root + name for root in _ROOTS for name in _IDS.split()),
    phones=frozenset(f"{root}customer.phone" for root in _ROOTS),
    money=frozenset(f"{root}{name}" for root in _ROOTS for name in ("amount", "rooms.amount")),
)
FORMAT = Format(_detects, _decode, PLAIN)
