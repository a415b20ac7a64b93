"""Rentals United's notifications (LNM_…_RQ) to revisions."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents, Format, is_xml
from channel_sync.wire.translate import read_each
from channel_sync.wire.values import as_day
from channel_sync.wire.xml_part import load_xml, parts_of, refuse_empty

if TYPE_CHECKING:
    from channel_sync.wire.context import Context
    from channel_sync.wire.xml_part import Node, XmlPart

NAME = "rentals-united"

_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?LNM_[A-Za-z]{1,60}_RQ[\s>/]")
_CONFIRMED, _CANCEL = "LNM_PutConfirmedReservation_RQ", "LNM_CancelReservation_RQ"
_STATUS = {"1": "new", "2": "cancelled", "3": "modified", "4": "enquiry"}


def detects_rentals_united(body: bytes) -> bool:
    """Whether a body is a notification of Rentals United."""
    return is_xml(body) and _ROOT.search(body, 0, 4096) is not None


def decode_rentals_united(body: bytes, context: Context) -> Contents:
    """The revisions of a scrubbed body; what is wrong with one costs that one only.

    Raises:
        Unreadable: as `load_xml`; no_reservation, too_many_messages.
    """
    root = load_xml(body, context)
    if root.name == _CANCEL:
        return read_each(parts_of([root]), _read_cancel, context)
    nodes: list[Node] = []
    if root.name == _CONFIRMED:
        nodes = [node for node in root.children if node.name == "Reservation"]
    if not nodes:
        raise refuse_empty(f"expected a Reservation in {_CONFIRMED}, got none")
    return read_each(parts_of(nodes), _read, context)


def _read_cancel(part: XmlPart) -> dict[str, Any]:
    """An id and nothing else: not even when."""
    part.notes.note("status", part.path)
    return {
        "channel": "rentals-united",
        "reference": part.code("ReservationID", "reference"),
        "status": "cancelled",
        "completeness": "cancel_only",
    }


def _read(part: XmlPart) -> dict[str, Any]:
    status = _STATUS.get(part.code("ReservationStatusID", "status") or "1")
    if status is None:
        raise Unreadable(
            UnreadableReason.INVALID, "ReservationStatusID: expected 1, 2, 3 or 4, got another"
        )
    stays = part.parts("StayInfos/StayInfo")
    said: dict[str, Any] = {
        "channel": "rentals-united",
        "reference": part.code("ReservationID", "reference"),
        "property": next(
            (code for stay in stays if (code := stay.code("Mapping/HotelID", "property"))), None
        ),
        "status": status,
        "modified_at": part.instant("LastMod", UTC, "modified_at"),
    }
    if status == "cancelled":
        return {**said, "completeness": "cancel_only"}
    return {
        **said,
        "rooms": [_room(stay) for stay in stays] or None,
        "booker": _booker(part),
        "comments": part.text("Comments", "comments"),
    }


def _room(stay: XmlPart) -> dict[str, Any]:
    """One home for some nights. How many of the guests are children stands in comments at best."""
    arrival = as_day(stay.take("DateFrom", "rooms.arrival"))
    departure = as_day(stay.take("DateTo", "rooms.departure"))
    return {
        "units": stay.whole("Units", "rooms.units") or 1,
        "category": stay.code("PropertyID", "rooms.category"),
        "arrival": arrival,
        "departure": departure,
        "adults": stay.whole("NumberOfGuests", "rooms.adults"),
        "amount": stay.money("Costs/ClientPrice", "rooms.amount")
        or stay.money("Costs/RUPrice", "rooms.amount"),
        "nights": _nights(stay, arrival, departure),
        "comments": stay.text("Comments", "rooms.comments"),
    }


def _nights(stay: XmlPart, arrival: str | None, departure: str | None) -> list[Any] | None:
    """The prices of days, if they are of the days stayed: some come a month off."""
    nights: list[dict[str, str]] = []
    for price in stay.parts("ReservationBreakdown/RUBreakdown/DayPrices"):
        night, amount = as_day(price.look("@Date")), str(price.look("Price") or "").strip()
        if not night or not re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,9})?", amount):
            return None
        nights.append({"date": night, "amount": amount})
        stay.notes.note("rooms.nights.date", price.below("@Date"))
        stay.notes.note("rooms.nights.amount", price.below("Price"))
    if not nights:
        return None
    if arrival and departure and all(arrival <= night["date"] < departure for night in nights):
        return nights
    stay.notes.warnings.append(f"{stay.path}: prices of days outside the stay; left in extra")
    return None


def _booker(part: XmlPart) -> dict[str, Any] | None:
    customer = part.part("CustomerInfo")
    if customer is None:
        return None
    return {
        "first_name": customer.code("Name", "booker.first_name"),
        "last_name": customer.code("SurName", "booker.last_name"),
        "email": customer.code("Email", "booker.email"),
        "phone": customer.code("Phone", "booker.phone")
        or customer.code("MobilePhone", "booker.phone"),
        "address": {
            "street": customer.code("Address", "booker.address.street"),
            "zip": customer.code("ZipCode", "booker.address.zip"),
        },
    }


FORMAT = Format(detects_rentals_united, decode_rentals_united)
