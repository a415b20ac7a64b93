"""Beds24 API v2: a booking for each room, tied by a master's id, priced in no named currency."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import UnreadableReason
from channel_sync.wire.format import Contents, Format, is_json
from channel_sync.wire.json_part import JsonPart, each_in, load_json, refuse_shape, whole_of
from channel_sync.wire.scrub_json import Plain
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import ages_of, as_day, joined

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

NAME = "beds24"
_STATUS = {
    "confirmed": "new",
    "new": "new",
    "request": "new",
    "inquiry": "enquiry",
    "cancelled": "cancelled",
}
_BLACK = "black"


def _detects(body: bytes) -> bool:
    return (
        is_json(body)
        and b'"roomId"' in body
        and (b'"numAdult"' in body or b'"modifiedTime"' in body)
    )


def _decode(body: bytes, context: Context) -> Contents:
    root, warnings = load_json(body, context, PLAIN.ids)
    whole = whole_of({"": root} if isinstance(root, list) else root)
    # A webhook wraps a booking, and an array of webhooks wraps several.
    found = [one for part in each_in(whole, "", "data") for one in each_in(part, "booking")]
    return read_each(found, _read, context, warnings, None if isinstance(root, list) else whole)


def _read(part: JsonPart) -> dict[str, Any]:
    told = (part.code("status", "status") or "").casefold()
    if told == _BLACK:
        refuse_shape("status: a closed room, and no booking", UnreadableReason.NO_RESERVATION)
    own = part.code("id", "reference")
    if not own:
        refuse_shape("id: expected, but missing")
    channel = part.code("channel", "channel") or part.code("apiSource", "channel")
    # A booking whose master is another, or that has none, is told so by 0 or by nothing.
    master = part.code("masterId", "group")
    said = {
        "property": part.code("propertyId", "property"),
        "channel": channel or NAME,
        "reference": own,
        "group": master if master not in {None, "0"} else None,
        "status": _STATUS.get(told, told),
        "modified_at": part.instant("modifiedTime", UTC, "modified_at"),
        "booked_at": part.instant("bookingTime", UTC, "booked_at"),
    }
    if said["status"] == "cancelled":
        return said | {"completeness": "cancel_only"}
    return said | {
        "rooms": [_room(part, own)],
        "booker": _booker(part),
        "comments": _comments(part),
    }


def _room(part: JsonPart, own: str) -> dict[str, Any]:
    units = part.whole("roomQty", "rooms.units")
    guests = [
        {
            "first_name": guest.text("firstName", "rooms.guests.first_name"),
            "last_name": guest.text("lastName", "rooms.guests.last_name"),
        }
        for guest in part.parts("guests")
    ]
    return {
        "line": own,
        "units": units or 1,
        "category": part.code("roomId", "rooms.category"),
        "rate_plan": part.code("offerId", "rooms.rate_plan"),
        "arrival": as_day(part.take("arrival", "rooms.arrival")),
        "departure": as_day(part.take("departure", "rooms.departure")),
        "adults": part.whole("numAdult", "rooms.adults"),
        "children": ages_of(part.whole("numChild", "rooms.children"), [], None),
        "guests": guests or None,
        # Of all units; where there are several nobody says what one of them costs.
        "amount": part.money("price", "rooms.amount") if (units or 1) == 1 else None,
    }


def _booker(part: JsonPart) -> dict[str, Any]:
    """Guests' details are empty texts where they are not known: not said."""
    phone = part.code("phone", "booker.phone") or part.code("mobile", "booker.phone")
    country = part.code("country2", "booker.country") or part.code("country", "booker.country")
    return {
        "first_name": part.code("firstName", "booker.first_name"),
        "last_name": part.code("lastName", "booker.last_name"),
        "email": part.code("email", "booker.email"),
        "phone": phone,
        "address": {
            "street": part.code("address", "booker.address"),
            "zip": part.code("postcode", "booker.address"),
            "city": part.code("city", "booker.address"),
            "region": part.code("state", "booker.address"),
        },
        "country": country,
        "language": part.code("lang", "booker.language"),
    }


def _comments(part: JsonPart) -> str | None:
    arrival = part.code("arrivalTime", "comments")
    return joined(
        part.text("comments", "comments"),
        part.text("message", "comments"),
        f"Arrival: {arrival}" if arrival else None,
    )


_ROOTS = ("", "booking.", "data.")
_IDS = "id masterId propertyId roomId unitId offerId apiReference reference invoiceeId"
PLAIN = Plain(
    ids=frozenset(root + name for root in _ROOTS for name in _IDS.split()),
    phones=frozenset(f"{root}{name}" for root in _ROOTS for name in ("phone", "mobile")),
)
FORMAT = Format(_detects, _decode, PLAIN)
