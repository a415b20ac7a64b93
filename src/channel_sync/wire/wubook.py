"""WuBook: reservations whose code changes with every modification; the new one names the old."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.wire.format import Contents, Format, is_json
from channel_sync.wire.json_part import JsonPart, each_in, load_json, whole_of
from channel_sync.wire.scrub_json import Plain
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import (
    UnfitError,
    ages_of,
    as_day,
    as_instant,
    as_money,
    as_text,
    joined,
)

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

NAME = "wubook"
_STATUS = {1: "new", 2: "enquiry", 3: "cancelled", 4: "new", 5: "cancelled", 6: "cancelled"}
"""confirmed, waiting for approval, refused, accepted, cancelled, cancelled with a penalty"""
_UNSAID = frozenset({"", "--", "0", None})


def _detects(body: bytes) -> bool:
    return (
        is_json(body)
        and b'"reservation_code"' in body
        and (b'"date_arrival"' in body or b'"id_channel"' in body)
    )


def _decode(body: bytes, context: Context) -> Contents:
    root, warnings = load_json(body, context, PLAIN.ids)
    if isinstance(root, list) and len(root) == 2 and isinstance(root[1], list):
        root = root[1]  # the answer of a call: its return code, and the bookings
    whole = whole_of({"": root} if isinstance(root, list) else root)
    found = each_in(whole, "", "bookings", "data")
    return read_each(found, _read, context, warnings, None if isinstance(root, list) else whole)


def _read(part: JsonPart) -> dict[str, Any]:
    code = part.code("reservation_code", "reference")
    status = _status(part)
    was_modified = part.flag("was_modified", "status")
    if was_modified and status == "cancelled":
        # Not called off but followed by another code: it says what it said before. The new code
        # takes its place in one step; no room is free in between (rule M12).
        status = "modified"
    replaces = [as_text(old) for old in part.scalars("modified_reservations", "replaces")]
    olds = [old for old in replaces if old not in _UNSAID and old != code]
    if olds and status == "new":
        status = "modified"
    ota_code = part.code("channel_reservation_code", "group")
    said = {
        "message_id": f"{code}/{status}",
        "property": part.code("lcode", "property"),
        "channel": _channel(part),
        "reference": code,
        "replaces": olds or None,
        "group": ota_code if ota_code not in _UNSAID else None,
        "status": status,
        "modified_at": _received_at(part, is_off=status == "cancelled"),
    }
    if status == "cancelled":
        return said | {"completeness": "cancel_only"}
    currency = part.code("currency", "currency")
    return said | {
        "currency": currency,
        "total": part.money("amount", "total"),
        "rooms": _rooms(part),
        "booker": _booker(part),
        "comments": _comments(part),
    }


def _status(part: JsonPart) -> str | None:
    word = as_text(part.look("status"))
    number = int(word) if word and word.isdecimal() and len(word) == 1 else None
    part.take("status", "status")
    return _STATUS.get(number or 0, word)


def _channel(part: JsonPart) -> str:
    """A channel is known by a number; the hotel's file gives it a name by the alias wubook-N."""
    number = part.code("id_channel", "channel")
    return f"{NAME}-{number}" if number not in _UNSAID else NAME


def _received_at(part: JsonPart, *, is_off: bool) -> str | None:
    keys = ("deleted_at_time", "deleted_at") if is_off else ("date_received_time",)
    for key in keys:
        told = as_text(part.look(key))
        if told in _UNSAID or told is None:
            continue
        day, _, time = told.partition(" ")
        if not time:
            continue  # a day alone would order nothing
        try:
            instant = as_instant(f"{as_day(day)} {time}", UTC)
        except UnfitError as error:
            part.notes.warnings.append(f"{part.below(key)}: {error}; left in extra")
            continue
        part.take(key, "modified_at")
        return instant
    return None


def _rooms(part: JsonPart) -> list[dict[str, Any]]:
    arrival = as_day(part.take("date_arrival", "rooms.arrival"))
    departure = as_day(part.take("date_departure", "rooms.departure"))
    men = part.whole("men", "rooms.adults")
    children = part.whole("children", "rooms.children")
    occupancies = part.parts("rooms_occupancies")
    booked = part.parts("booked_rooms")
    if not booked:
        codes = [code.strip() for code in (part.text("rooms", "rooms.category") or "").split(",")]
        rooms: list[dict[str, Any]] = [{"category": code} for code in codes if code]
    else:
        part.drop("rooms")
        rooms = [_booked(room) for room in booked]
    for index, room in enumerate(rooms):
        room |= {"arrival": arrival, "departure": departure}
        if len(rooms) == 1:
            room |= {"adults": men, "children": ages_of(children, [], None)}
        elif index < len(occupancies):
            # Of several rooms only the number of persons in each is known.
            occupancies[index].take("id")
            room["adults"] = occupancies[index].whole("occupancy", "rooms.adults")
    return rooms


def _booked(room: JsonPart) -> dict[str, Any]:
    nights: list[dict[str, Any]] = []
    plan = None
    for day in room.parts("roomdays"):
        amount = day.money("price", "rooms.nights")
        night = as_day(day.take("day", "rooms.nights"))
        plan = plan or day.code("ratetype_id", "rooms.rate_plan")
        if amount is not None and night is not None:
            nights.append({"date": night, "amount": amount})
    total = sum((Decimal(night["amount"]) for night in nights), Decimal(0))
    return {
        "category": room.code("room_id", "rooms.category"),
        "rate_plan": plan,
        "nights": nights or None,
        "amount": as_money(total) if nights else None,
    }


def _booker(part: JsonPart) -> dict[str, Any]:
    def said(key: str, field: str) -> str | None:
        value = part.code(f"customer_{key}", f"booker.{field}")
        return value if value not in _UNSAID else None

    language = said("language_iso", "language")
    return {
        "first_name": said("name", "first_name"),
        "last_name": said("surname", "last_name"),
        "email": said("mail", "email"),
        "phone": said("phone", "phone"),
        "address": {
            "street": said("address", "address"),
            "zip": said("zip", "address"),
            "city": said("city", "address"),
        },
        "country": said("country", "country"),
        "language": language,
    }


def _comments(part: JsonPart) -> str | None:
    hour = part.code("arrival_hour", "comments")
    note = part.text("customer_notes", "comments")
    return joined(note, f"Arrival: {hour}" if hour not in _UNSAID else None)


_ROOTS = ("", "bookings.", "data.")
_IDS = """
reservation_code channel_reservation_code modified_reservations id_channel rooms lcode
booked_rooms.room_id rooms_occupancies.id
"""
PLAIN = Plain(
    ids=frozenset(root + name for root in _ROOTS for name in _IDS.split()),
    phones=frozenset(f"{root}customer_phone" for root in _ROOTS),
)
FORMAT = Format(_detects, _decode, PLAIN)
