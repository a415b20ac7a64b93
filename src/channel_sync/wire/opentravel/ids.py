"""Which booking a reservation of OpenTravel XML is: property, channel, reference, message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.opentravel.envelope import source_of

if TYPE_CHECKING:
    from channel_sync.wire.opentravel.envelope import Envelope
    from channel_sync.wire.xml_part import XmlPart

_RESERVATION, _CANCELLATION = "14", "15"
_MESSAGE = "MESSAGE_UNIQUE_ID"
_BROKER = "13"


def read_ids(part: XmlPart, envelope: Envelope) -> dict[str, Any]:
    """Reference, message id, property and what a reservation was booked together with.

    Raises:
        Unreadable: invalid, where nothing names the booking.
    """
    message_id = _message_id(part, envelope)
    return {
        "reference": _reference(part),
        "message_id": message_id,
        "property": _property(part, envelope),
        "group": _group(part),
    }


def _reference(part: XmlPart) -> str:
    """The booking's id: never just the first UniqueID.

    An id that HotelReservationID repeats is the booking's, whatever its type: one sender puts
    the message's id under type 14 now and then. Else type 14, or 15 of a cancel; else
    HotelReservationID, brokers and click sources left out.
    """
    ids = part.parts("UniqueID")
    values = part.parts("ResGlobalInfo/HotelReservationIDs/HotelReservationID")
    repeated = {str(value.look("@ResID_Value") or "").strip() for value in values} - {""}
    for one in ids:
        if str(one.look("@ID") or "").strip() in repeated:
            return _taken(one, "@ID")
    for kind in (_RESERVATION, _CANCELLATION):
        for one in ids:
            is_booking = one.look("@Type") == kind and one.look("@ID_Context") != _MESSAGE
            if is_booking and str(one.look("@ID") or "").strip():
                return _taken(one, "@ID")
    values.sort(key=lambda value: value.look("@ResID_Type") != _RESERVATION)
    for value in values:
        said = str(value.look("@ResID_Value") or "").strip()
        if said and value.look("@ResID_Type") != _BROKER:
            return _taken(value, "@ResID_Value")
    raise Unreadable(
        UnreadableReason.INVALID, f"{part.path}: expected an id of the reservation, got none"
    )


def _taken(part: XmlPart, key: str) -> str:
    return part.code(key, "reference") or ""


def _message_id(part: XmlPart, envelope: Envelope) -> str | None:
    for one in part.parts("UniqueID"):
        if one.look("@ID_Context") == _MESSAGE:
            return one.code("@ID", "message_id")
    if not envelope.request_id:
        return None
    part.notes.note("message_id", "Header/Interface/PayloadInfo@RequestId")
    if len(envelope.reservations) == 1:
        return envelope.request_id
    place = next(i for i, one in enumerate(envelope.reservations) if one is part.node)
    return f"{envelope.request_id}/{place}"


def _property(part: XmlPart, envelope: Envelope) -> str | None:
    for way in (
        "RoomStays/RoomStay/BasicPropertyInfo",
        "ResGlobalInfo/BasicPropertyInfo",
        "TPA_Extensions/BasicPropertyInfo",
        "Verification/TPA_Extensions/BasicPropertyInfo",
    ):
        for info in part.parts(way):
            if said := info.code("@HotelCode", "property"):
                return said
    if envelope.hotel is None:
        return None
    path, said = envelope.hotel
    part.notes.note("property", path)
    return said


_MULTI_ROOM = re.compile(
    r"(?i)multi-?room booking\.?\s*primary traveler:\s*([^.]{1,80}?)\s*\.\s*(\d{1,2}) of (\d{1,2})"
)


def _group(part: XmlPart) -> str | None:
    """Rooms booked together that come as bookings of their own are tied by a sentence only."""
    for node in part.node.walk():
        found = _MULTI_ROOM.search(node.text or "")
        if found:
            part.notes.note("group", "SpecialRequests/SpecialRequest/Text")
            return group_of(found[1], found[3])
    return None


def group_of(traveler: str, rooms: str) -> str:
    """A name for rooms that were booked together: whose they are, and how many."""
    return f"{' '.join(traveler.split())}, {rooms} rooms"


def group_said(text: str) -> str | None:
    """The group that such a sentence names."""
    found = _MULTI_ROOM.search(text)
    return group_of(found[1], found[3]) if found else None


# --- The channel ---------------------------------------------------------------------------


def read_channel(part: XmlPart, envelope: Envelope, reference: str) -> str:
    """The channel's name: the dialect's own, else the primary one of POS.

    A cancel may come without POS. SiteMinder's references begin with the channel's code.
    """
    if envelope.dialect.channel:
        part.notes.note("channel", f"dialect {envelope.dialect.name}")
        return envelope.dialect.channel
    sources = (source_of(part.node), envelope.source)
    said = next((one.channel for one in sources if one.channel), None)
    if said:
        part.notes.note("channel", "POS/Source/BookingChannel/CompanyName")
        return said
    if envelope.dialect.name == "siteminder":
        prefix, dash, _ = reference.partition("-")
        if dash and prefix.isalpha():
            part.notes.note("channel", "UniqueID@ID")
            return prefix
    said = next((one.requestor for one in sources if one.requestor), None)
    if said:
        part.notes.note("channel", "POS/Source/RequestorID@ID")
    return said or "opentravel"
