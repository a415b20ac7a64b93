"""Expedia QuickConnect booking retrieval (BookingRetrievalRS) to revisions."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents, Format, is_xml
from channel_sync.wire.opentravel.ids import group_said
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import as_day
from channel_sync.wire.xml_part import load_xml, parts_of, refuse_empty

if TYPE_CHECKING:
    from channel_sync.wire.context import Context
    from channel_sync.wire.xml_part import XmlPart

NAME = "expedia-eqc"

_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?BookingRetrievalRS[\s>/]")
_STATUS = {"book": "new", "modify": "modified", "cancel": "cancelled"}
_PAYMENT, _SEVERAL_ROOMS = "5", "3"


def detects_expedia_eqc(body: bytes) -> bool:
    """Whether a body is an answer of Expedia's booking retrieval."""
    return is_xml(body) and _ROOT.search(body) is not None


def decode_expedia_eqc(body: bytes, context: Context) -> Contents:
    """The revisions of a scrubbed body, one room each; what is wrong with one costs that one only.

    Raises:
        Unreadable: as `load_xml`; no_reservation, too_many_messages.
    """
    root = load_xml(body, context)
    nodes = [node for node in root.walk() if node.name == "Booking"]
    if not nodes:
        raise refuse_empty("expected at least one Booking, got an empty list")
    return read_each(parts_of(nodes), _read, context)


def _read(part: XmlPart) -> dict[str, Any]:
    reference = part.code("@id", "reference", "message_id")
    word = part.code("@type", "status", "message_id") or ""
    status = _STATUS.get(word.casefold())
    if status is None:
        raise Unreadable(
            UnreadableReason.INVALID, "Booking@type: expected Book, Modify or Cancel, got another"
        )
    # The time of this transaction, not of the booking; always UTC.
    fields = ("modified_at", "message_id") + (("booked_at",) if status == "new" else ())
    revised = part.instant("@createDateTime", UTC, *fields)
    said: dict[str, Any] = {
        "channel": "expedia",
        "reference": reference,
        "message_id": f"{reference}/{word}/{revised}" if reference and revised else None,
        "property": part.code("Hotel@id", "property"),
        "status": status,
        "modified_at": revised,
        "booked_at": revised if status == "new" else None,
    }
    if status == "cancelled":
        # Room 0, rates 0.00, no currency, absurd dates: a cancel says nothing of the stay.
        return {**said, "completeness": "cancel_only"}
    stay = part.part("RoomStay")
    comments, instructions, group = _requests(part)
    payment = {
        "collect": _collect(part),
        "instructions": "\n".join(instructions) or None,
        "card": _card(part),
    }
    total = stay.part("Total") if stay else None
    return {
        **said,
        "group": group,
        "rooms": [_room(stay, part)] if stay else None,
        "booker": _booker(part),
        "comments": "\n".join(comments) or None,
        "currency": total.code("@currency", "currency", "rooms.currency") if total else None,
        "total": total.money("@amountAfterTaxes", "total", "rooms.amount") if total else None,
        "payment": payment if any(payment.values()) else None,
    }


def _room(stay: XmlPart, part: XmlPart) -> dict[str, Any]:
    adults = stay.whole("GuestCount@adult", "rooms.adults")
    children = [child.whole("@age", "rooms.children") for child in stay.parts("GuestCount/Child")]
    said = stay.whole("GuestCount@child", "rooms.children") or 0
    children += [None] * min(max(said - len(children), 0), 101)
    nights = []
    for rate in stay.parts("PerDayRates/PerDayRate"):
        night = as_day(rate.take("@stayDate", "rooms.nights.date"))
        amount = rate.money("@baseRate", "rooms.nights.amount")
        if night and amount:
            nights.append({"date": night, "amount": amount})
    total = stay.look("Total@amountAfterTaxes")
    return {
        "line": "1",  # a booking is one room, in all its revisions
        "category": stay.code("@roomTypeID", "rooms.category"),
        "rate_plan": stay.code("@ratePlanID", "rooms.rate_plan"),
        "arrival": as_day(stay.take("StayDate@arrival", "rooms.arrival")),
        "departure": as_day(stay.take("StayDate@departure", "rooms.departure")),
        "adults": adults,
        "children": children if adults is not None or children else None,
        "guests": _guests(part),
        "amount": str(total).strip() if total else None,
        "currency": stay.code("PerDayRates@currency", "rooms.currency"),
        "nights": nights or None,
    }


def _guests(part: XmlPart) -> list[dict[str, Any]] | None:
    """The primary guest is the booker too: the name is only looked at here."""
    name = part.part("PrimaryGuest/Name")
    if name is None:
        return None
    said = {}
    for key, field in (("@givenName", "first_name"), ("@surname", "last_name")):
        if value := str(name.look(key) or "").strip():
            name.notes.note(f"rooms.guests.{field}", name.below(key))
            said[field] = value
    return [said] if said else None


def _booker(part: XmlPart) -> dict[str, Any] | None:
    guest = part.part("PrimaryGuest")
    if guest is None:
        return None
    given = [
        said
        for key in ("Name@givenName", "Name@middleName")
        if (said := guest.code(key, "booker.first_name"))
    ]
    keys = ("Phone@countryCode", "Phone@cityAreaCode", "Phone@number")
    phone = [said for key in keys if (said := guest.code(key, "booker.phone"))]
    return {
        "first_name": " ".join(given) or None,
        "last_name": guest.code("Name@surname", "booker.last_name"),
        "email": guest.code("Email", "booker.email"),
        "phone": " ".join(phone) or None,
    }


def _requests(part: XmlPart) -> tuple[list[str], list[str], str | None]:
    """What was asked for, how it is paid, and which rooms were booked together."""
    comments: list[str] = []
    instructions: list[str] = []
    group = None
    for request in part.parts("SpecialRequest"):
        code = str(request.look("@code") or "").strip()
        if code == _PAYMENT:
            instructions.append(request.text("", "payment.instructions") or "")
            continue
        if code == _SEVERAL_ROOMS and (found := group_said(str(request.look("") or ""))):
            request.notes.note("group", request.path)
            group = found
        comments.append(request.text("", "comments") or "")
    return list(filter(None, comments)), list(filter(None, instructions)), group


def _collect(part: XmlPart) -> str | None:
    source = str(part.look("@source") or "").strip()
    if not source:
        return None
    part.notes.note("payment.collect", part.below("@source"))
    return "property" if source.startswith("A-") else "channel"


def _card(part: XmlPart) -> dict[str, Any] | None:
    for way in ("RoomStay/PaymentCard", "PaymentCard"):
        if card := part.part(way):
            digits = re.findall(r"\d", str(card.look("@cardNumber") or ""))
            last4 = "".join(digits) if 0 < len(digits) <= 4 else None
            if last4:
                card.take("@cardNumber", "payment.card.last4")
            return {
                "brand": card.code("@cardCode", "payment.card.brand"),
                "expiry": card.code("@expireDate", "payment.card.expiry"),
                "last4": last4,
            }
    return None


FORMAT = Format(detects_expedia_eqc, decode_expedia_eqc)
