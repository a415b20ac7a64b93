"""An OpenTravel body as the reservations it carries, in SOAP or not, and who speaks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channel_sync.wire.dialects import OPENTRAVEL, OpenTravel
from channel_sync.wire.xml_part import Node, refuse_empty

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = {
    "OTA_HotelResNotifRQ": "new",
    "OTA_HotelResModifyNotifRQ": "modified",
    "OTA_ResRetrieveRS": "new",
    "OTA_CancelRQ": "cancelled",
}
"""The messages that carry reservations, and what each says of one that says nothing itself."""

_RESERVATIONS = {"HotelReservation", "HotelResModify"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the reservations of one message, looked up once for all of them.

    `soap` is the header of the SOAP envelope, if there is one; `root` the message's element;
    `source` who speaks as the message's own POS says it. `request_id` is that of
    Expedia's header; `hotel` (its path, its code) is said there, or once in a cancel of several.
    """

    soap: Node | None
    root: Node
    reservations: tuple[Node, ...]
    dialect: OpenTravel
    source: Source
    request_id: str = ""
    hotel: tuple[str, str] | None = None

    @property
    def says(self) -> str:
        """The status of a reservation that bears none."""
        return MESSAGES[self.root.name]


@dataclass(frozen=True, slots=True)
class Source:
    """Who speaks, as a POS says it; None where it does not.

    `channel` is the primary booking channel's company: its code, else its name. `company` is the
    first company's name.
    """

    channel: str | None = None
    company: str | None = None
    requestor: str | None = None


def source_of(holder: Node) -> Source:
    """What the POS of a message or of a reservation says."""
    channels: list[Node] = []
    company = requestor = None
    for pos in holder.children:
        for node in pos.walk() if pos.name == "POS" else ():
            if node.name == "BookingChannel":
                channels.append(node)
            if node.name == "CompanyName":
                company = company or (node.text or "").strip() or None
            if node.name == "RequestorID":
                requestor = requestor or node.attributes.get("ID", "").strip() or None
    channels.sort(key=lambda node: node.attributes.get("Primary") == "false")
    names = (
        one.attributes.get("Code", "").strip() or (one.text or "").strip()
        for channel in channels
        for one in channel.children
        if one.name == "CompanyName"
    )
    return Source(next(filter(None, names), None), company, requestor)


def open_envelope(tree: Node, said_dialect: str | None) -> Envelope:
    """The message within a tree. `said_dialect` is the header's, which outranks all marks.

    Raises:
        Unreadable: no_reservation.
    """
    root = next((node for node in tree.walk() if node.name in MESSAGES), None)
    if root is None:
        found = next((node for node in tree.walk() if node.name.startswith("OTA_")), tree)
        raise refuse_empty(f"expected a message with reservations, got {_spelled(found.name)}")
    soap = next((node for node in tree.children if node.name == "Header"), None)
    if root.name == "OTA_CancelRQ":
        reservations = _cancelled(root)
    else:
        reservations = tuple(node for node in root.walk() if node.name in _RESERVATIONS)
    if not reservations:
        error = next((node for node in root.walk() if node.name == "Errors"), None)
        said = "errors" if error else "an empty list"
        raise refuse_empty(f"expected at least one reservation in {root.name}, got {said}")
    dialect = _dialect(said_dialect) or OPENTRAVEL[_told(soap, root, reservations)]
    request_id, hotel = _of_header(soap)
    if len(reservations) > 1 and root.name == "OTA_CancelRQ":
        hotel = _of_cancel(root) or hotel
    return Envelope(soap, root, reservations, dialect, source_of(root), request_id, hotel)


def _of_cancel(root: Node) -> tuple[str, str] | None:
    """The hotel that a cancel of several bookings names once."""
    for node in root.walk():
        said = node.attributes.get("HotelCode", "").strip()
        if node.name == "BasicPropertyInfo" and said:
            return f"{root.name}//BasicPropertyInfo@HotelCode", said
    return None


def _of_header(soap: Node | None) -> tuple[str, tuple[str, str] | None]:
    """The id of the request, and the hotel it is for, of Expedia's SOAP header."""
    request_id = ""
    hotel: tuple[str, str] | None = None
    for node in soap.walk() if soap else ():
        if node.name == "PayloadInfo":
            request_id = request_id or node.attributes.get("RequestId", "").strip()
        for key in ("SupplierHotelCode", "DistributorHotelId"):
            said = node.attributes.get(key, "").strip()
            if node.name == "PayloadReference" and said and hotel is None:
                hotel = (f"Header/Interface//PayloadReference@{key}", said)
    return request_id, hotel


def _spelled(name: str) -> str:
    return re.sub(r"[^\w.-]", "", name)[:60]


def _cancelled(root: Node) -> tuple[Node, ...]:
    """A cancel as one reservation for each booking that it names.

    What it says besides is the first one's: copies shall not multiply what one message may hold.
    """
    ids = [node for node in root.children if node.name == "UniqueID"]
    named = [node for node in ids if node.attributes.get("Type") in {"14", "15"}]
    if len(named) < 2:
        return (root,)
    extra = set(map(id, named[1:]))
    first = [node for node in root.children if id(node) not in extra]
    return (
        Node(root.name, root.attributes, None, first),
        *(Node(root.name, {}, None, [one]) for one in named[1:]),
    )


# --- Dialects ------------------------------------------------------------------------------

_ALPINEBITS_STATUS = {"Requested", "Reserved", "Cancelled", "Modify"}


def _dialect(said: str | None) -> OpenTravel | None:
    """The dialect that a header names, with its options: "generic;zone=Europe/Rome"."""
    name, *options = (part.strip() for part in (said or "").split(";"))
    dialect = OPENTRAVEL.get(name.casefold())
    if dialect is None:
        return None
    for option in options:
        key, _, value = (part.strip() for part in option.partition("="))
        if key == "minor_units" and value in {"auto", "yes", "no"}:
            dialect = replace(dialect, minor_units=value)
        if key == "zone":
            try:
                dialect = replace(dialect, zone=ZoneInfo(value))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    return dialect


def _told(soap: Node | None, root: Node, reservations: tuple[Node, ...]) -> str:
    """The dialect that a message's marks tell."""
    said = set(_words(soap, root, reservations[0]))
    for name, dialect in OPENTRAVEL.items():
        if any(mark in word for mark in dialect.marks for word in said):
            return name
    first = reservations[0]
    ids = [node for node in first.walk() if node.name == "UniqueID"]
    if not ids and any("ResID_Date" in node.attributes for node in first.walk()):
        return "bookingcom"
    has_pos = any(node.name == "POS" for node in (*root.children, *first.children))
    is_alpine = first.attributes.get("ResStatus") in _ALPINEBITS_STATUS and not has_pos
    if is_alpine and len(ids) == 1 and ids[0].attributes.get("Type") in {"14", "15"}:
        return "alpinebits"
    return "generic"


def _words(soap: Node | None, root: Node, first: Node) -> Iterator[str]:
    """Where senders name themselves: the SOAP header, POS, and the contexts of ids."""
    for node in soap.walk() if soap else ():
        yield from node.attributes.values()
    for holder in (root, first):
        for child in holder.children:
            if child.name == "UniqueID":
                yield child.attributes.get("ID_Context", "")
            if child.name == "POS":
                for node in child.walk():
                    yield from (node.attributes.get("ID", ""), node.text or "")
