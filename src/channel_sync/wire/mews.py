"""Mews channel-manager API: a group of reservations, whole; what it leaves out is cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channel_sync.wire.format import Contents, Format, is_json
from channel_sync.wire.json_part import JsonPart, load_json, messages_of, refuse_shape
from channel_sync.wire.scrub_json import Plain
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import ages_of, as_day, as_text, nights_from

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

NAME = "mews"
_CREATED, _CANCELLED = "1", "3"
_COLLECT = {1: "channel"}  # prepaid
_BRANDS = {
    1: "visa",
    2: "mastercard",
    3: "amex",
    7: "diners",
    8: "discover",
    10: "jcb",
    12: "unionpay",
    13: "maestro",
}
_ADULTS = frozenset({"adult", "seniorcitizen"})
_INFANTS = frozenset({"infant"})


def _detects(body: bytes) -> bool:
    return is_json(body) and b'"channelManagerId"' in body and b'"channelId"' in body


def _decode(body: bytes, context: Context) -> Contents:
    root, warnings = load_json(body, context, PLAIN.ids)
    messages = messages_of(root)
    return read_each(messages, _read, context, warnings)


def _read(group: JsonPart) -> dict[str, Any]:
    currency = group.code("currencyCode", "currency")
    gross, net = group.money("totalAmount.gross", "total"), None
    if gross is None:
        net = group.money("totalAmount.net", "total")
    currency = currency or group.code("totalAmount.currency", "currency")
    own_reference = group.code("channelManagerId", "group")
    listed = group.node.get("reservations") or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        refuse_shape("reservations: expected a list of objects, got something else")
    states = [as_text(part.look("state")) for part in group.parts("reservations")]
    is_off = all(state == _CANCELLED for state in states)  # so it is where there is none at all
    group.notes.note("status", group.below("reservations[].state"))
    said = {
        "message_id": group.code("messageId", "message_id"),
        "channel": _channel(group),
        "reference": group.code("channelId", "reference") or own_reference,
        "group": own_reference,
        "status": "cancelled" if is_off else _status(states),
    }
    if is_off:
        return said | {"completeness": "cancel_only"}
    booker = group.part("booker") or group.part("customer")
    return said | {
        "currency": currency,
        "total": gross or net,
        "rooms": [_room(room) for room in group.parts("reservations")],
        "booker": _booker(booker) if booker else None,
        "comments": _comments(group),
        "payment": _payment(group),
    }


def _status(states: list[str | None]) -> str:
    return "new" if all(state == _CREATED for state in states) else "modified"


def _channel(group: JsonPart) -> str:
    sources = group.parts("sources")
    first = next((s for s in sources if s.look("isPrimary") is True), next(iter(sources), None))
    if first is not None and (name := first.code("name", "channel") or first.code("code")):
        return name
    return group.code("channel.name", "channel") or group.code("channel.code", "channel") or NAME


def _comments(group: JsonPart) -> str | None:
    texts = [as_text(text) for text in group.scalars("comments", "comments")]
    return "\n".join(text for text in texts if text) if texts else None


def _room(room: JsonPart) -> dict[str, Any]:
    arrival = as_day(room.take("from", "rooms.arrival"))
    adults, children = _party(room)
    amount = room.money("totalAmount.gross", "rooms.amount")
    is_off = room.code("state", "rooms.status") == _CANCELLED
    return {
        "line": room.code("code", "rooms.line"),
        "status": "cancelled" if is_off else "confirmed",
        "category": room.code("spaceTypeCode", "rooms.category"),
        "rate_plan": room.code("ratePlanCode", "rooms.rate_plan"),
        "arrival": arrival,
        "departure": as_day(room.take("to", "rooms.departure")),
        "adults": adults,
        "children": children,
        "guests": [_person(guest, "rooms.guests") for guest in room.parts("guests")] or None,
        "amount": amount or room.money("totalAmount.net", "rooms.amount"),
        "nights": _nights(room, arrival),
    }


def _nights(room: JsonPart, arrival: str | None) -> list[dict[str, Any]] | None:
    """The amounts stand in the order of the nights, the first of them that of the arrival."""
    parts = room.parts("amounts")
    days = nights_from(arrival, len(parts))
    nights = []
    for day, part in zip(days, parts, strict=False):
        amount = part.money("gross", "rooms.nights") or part.money("net", "rooms.nights")
        if amount is not None:
            nights.append({"date": day, "amount": amount})
    return nights or None


def _party(room: JsonPart) -> tuple[int | None, list[int | None] | None]:
    """Adults and children: buckets of age, or the two plain counts of older senders."""
    adults = room.whole("adultCount", "rooms.adults")
    children = room.whole("childCount", "rooms.children")
    infants = None
    for bucket in room.parts("guestCounts"):
        kind = (as_text(bucket.look("code")) or "").casefold()
        field = "rooms.adults" if kind in _ADULTS else "rooms.children"
        count = bucket.whole("count", field)
        if count is None:
            continue
        bucket.take("code", field)
        if kind in _ADULTS:
            adults = (adults or 0) + count
        elif kind in _INFANTS:
            infants = (infants or 0) + count
        else:
            children = (children or 0) + count
    return adults, ages_of(children, [], infants)


def _person(person: JsonPart, field: str) -> dict[str, Any]:
    return {
        "first_name": person.text("firstName", f"{field}.first_name"),
        "last_name": person.text("lastName", f"{field}.last_name"),
    }


def _booker(booker: JsonPart) -> dict[str, Any]:
    country = booker.text("nationalityCode", "booker.country")
    address = {
        name: booker.text(f"address.{key}", "booker.address")
        for name, key in (
            ("street", "addressLine1"),
            ("street2", "addressLine2"),
            ("zip", "zip"),
            ("city", "city"),
            ("region", "region"),
            ("country", "country"),
        )
    }
    return _person(booker, "booker") | {
        "email": booker.text("email", "booker.email"),
        "phone": booker.text("telephone", "booker.phone"),
        "address": address,
        "country": country or address["country"],
        "language": booker.text("languageCode", "booker.language"),
    }


def _payment(group: JsonPart) -> dict[str, Any]:
    kind = group.whole("paymentType", "payment.collect")
    card = group.part("paymentCard")
    brand = card.whole("type", "payment.card.brand") if card else None
    return {
        "collect": _COLLECT.get(kind, "property") if kind is not None else None,
        "card": None
        if card is None
        else {
            "brand": _BRANDS.get(brand or 0, None if brand is None else str(brand)),
            "last4": card.last4("number", "payment.card.last4"),
            "expiry": card.text("expireDate", "payment.card.expiry"),
        },
    }


_IDS = """
messageId channelId channelManagerId reservations.code reservations.spaceTypeCode
reservations.ratePlanCode
"""
PLAIN = Plain(
    secrets=frozenset({"clientToken", "connectionToken"}),
    ids=frozenset(_IDS.split()),
    phones=frozenset({"customer.telephone", "booker.telephone"}),
)
FORMAT = Format(_detects, _decode, PLAIN)
