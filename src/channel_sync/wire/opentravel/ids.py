"""Which booking a reservation of OpenTravel XML is: property, channel, reference, message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason

if TYPE_CHECKING:
    from channel_sync.wire.opentravel.envelope import Envelope
    from channel_sync.wire.xml_part import Node, XmlPart

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
    if envelope.soap is None:
        return None
    for node in envelope.soap.walk():
        said = node.attributes.get("RequestId", "").strip()
        if node.name == "PayloadInfo" and said:
            part.notes.note("message_id", "Header/Interface/PayloadInfo@RequestId")
            if len(envelope.reservations) == 1:
                return said
            place = next(i for i, one in enumerate(envelope.reservations) if one is part.node)
            return f"{said}/{place}"
    return None


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
    for node in envelope.soap.walk() if envelope.soap else ():
        for key in ("SupplierHotelCode", "DistributorHotelId"):
            if node.name == "PayloadReference" and (said := node.attributes.get(key, "").strip()):
                part.notes.note("property", f"Header//PayloadReference@{key}")
                return said
    return None


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
    holders = (part.node, envelope.root)
    said = next((name for holder in holders if (name := _of_channel(holder))), None)
    if said:
        part.notes.note("channel", "POS/Source/BookingChannel/CompanyName")
        return said
    if envelope.dialect.name == "siteminder":
        prefix, dash, _ = reference.partition("-")
        if dash and prefix.isalpha():
            part.notes.note("channel", "UniqueID@ID")
            return prefix
    for holder in holders:
        for node in holder.walk():
            said = node.attributes.get("ID", "").strip()
            if node.name == "RequestorID" and said:
                part.notes.note("channel", "POS/Source/RequestorID@ID")
                return said
    return "opentravel"


def _of_channel(holder: Node) -> str | None:
    """The company of the primary booking channel: its code, else its name."""
    channels = [node for node in holder.walk() if node.name == "BookingChannel"]
    channels.sort(key=lambda node: node.attributes.get("Primary") == "false")
    for company in (node for channel in channels for node in channel.walk()):
        said = company.attributes.get("Code", "").strip() or (company.text or "").strip()
        if company.name == "CompanyName" and said:
            return said
    return None
