"""OpenTravel XML to revisions: new, modified and cancelled reservations of one message."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents, Format, is_xml
from channel_sync.wire.opentravel.amounts import read_amount, read_currency, read_payment
from channel_sync.wire.opentravel.envelope import Envelope, open_envelope, source_of
from channel_sync.wire.opentravel.ids import read_channel, read_ids
from channel_sync.wire.opentravel.people import read_booker
from channel_sync.wire.opentravel.rooms import read_rooms
from channel_sync.wire.opentravel.texts import read_comments
from channel_sync.wire.translate import read_each
from channel_sync.wire.xml_part import Node, XmlPart, load_xml, parts_of

if TYPE_CHECKING:
    from channel_sync.wire.context import Context

NAME = "opentravel"

_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?OTA_[A-Za-z]{1,40}")
_VALUE = "ResGlobalInfo/HotelReservationIDs/HotelReservationID"
_ZONED = re.compile(r"(?i)(?:z|[+-][0-9]{2}:?[0-9]{2})$")


def detects_opentravel(body: bytes) -> bool:
    """Whether a message of the OpenTravel family is in a body."""
    return is_xml(body) and _ROOT.search(body) is not None


def decode_opentravel(body: bytes, context: Context) -> Contents:
    """The revisions of a scrubbed body; what is wrong with one costs that one only.

    Raises:
        Unreadable: as `load_xml`; no_reservation, too_many_messages.
    """
    envelope = open_envelope(load_xml(body, context), context.dialect)
    parts = parts_of(envelope.reservations)
    around = _Enclosed(envelope.reservations[0], envelope)
    read = partial(_read, envelope)
    return replace(read_each(parts, read, context, root=around), dialect=envelope.dialect.name)


class _Enclosed(XmlPart):
    """The only reservation of a message, with what its envelope says besides."""

    __slots__ = ("envelope",)

    def __init__(self, node: Node, envelope: Envelope) -> None:
        super().__init__(node)
        self.envelope = envelope

    def rest(self) -> Any:
        kept = super().rest()
        around = _around(self.envelope)
        return {**(kept or {}), "envelope": around} if around else kept


def _around(envelope: Envelope) -> dict[str, Any]:
    """What the envelope says besides."""
    kept: dict[str, Any] = {}
    if envelope.root not in envelope.reservations:  # as a cancel is
        own = Node(envelope.root.name, envelope.root.attributes, None, [])
        if said := XmlPart(own).rest():
            kept[envelope.root.name] = said
        for node in envelope.root.children:
            is_said = node.name in {"POS", "Warnings", "TPA_Extensions"}
            if is_said and (below := XmlPart(node).rest()):
                kept[node.name] = below
    if envelope.soap is not None and (below := XmlPart(envelope.soap).rest()):
        kept["Header"] = below
    return kept


# --- One reservation -----------------------------------------------------------------------

_NEW = {"book", "commit", "reserved", "reserve", "new", "confirmed", "ok"}
_MODIFIED = {"modify", "modified", "commitoverrideedits", "inhouse", "checkedout", "noshow"}
_CANCELLED = {"cancel", "cancelled", "canceled", "requestdenied"}
_ENQUIRY = {"requested", "quote", "hold", "initiate", "waitlist", "waitlisted"}


def _read(envelope: Envelope, part: XmlPart) -> dict[str, Any]:
    dialect = envelope.dialect
    status = _status(part, envelope)
    ids = read_ids(part, envelope)
    said: dict[str, Any] = {
        **ids,
        "channel": read_channel(part, envelope, ids["reference"]),
        "status": status,
        **_times(part, envelope, status),
    }
    if status == "cancelled":
        # A cancel says that, and a fee; what else it lists may be absurd, and stays in extra.
        penalty = part.part("ResGlobalInfo/CancelPenalties/CancelPenalty/AmountPercent")
        fee = penalty.money("@Amount", "cancellation_fee") if penalty else None
        return {**said, "completeness": "cancel_only", "cancellation_fee": fee}
    total = part.part("ResGlobalInfo/Total")
    amount = read_amount(total, dialect, "total")
    payment = read_payment(part)
    if collect := _collect(envelope, part):
        payment = {**(payment or {}), "collect": collect}
    rooms = read_rooms(part, dialect)
    currency = read_currency(total, "currency")
    if amount is not None and currency is None and rooms:
        currency = rooms[0]["currency"]
    return {
        **said,
        "rooms": rooms,
        "booker": read_booker(part),
        "comments": read_comments(part.part("ResGlobalInfo") or part, "comments"),
        "currency": currency,
        "total": amount,
        "payment": payment,
    }


def _status(part: XmlPart, envelope: Envelope) -> str:
    """What the reservation says it is, else its message; the word itself stays in extra."""
    said = part.look("@ResStatus")
    source = part.below("@ResStatus")
    if not said:
        said, source = envelope.root.attributes.get("ResStatus"), f"{envelope.root.name}@ResStatus"
    part.notes.note("status", source if said else envelope.root.name)
    if part.node is envelope.root or envelope.says == "cancelled":
        return "cancelled"
    if any(one.look("@Type") == "15" for one in part.parts("UniqueID")):
        return "cancelled"
    word = "".join(filter(str.isalpha, said or "")).casefold()
    if word in _CANCELLED:
        return "cancelled"
    if word in _ENQUIRY:
        return "enquiry"
    if word in _MODIFIED:
        return "modified"
    if word in _NEW or not word:
        return envelope.says
    raise Unreadable(
        UnreadableReason.INVALID,
        f"{source}: expected a known status, got a word of {len(said or '')} characters",
    )


def _times(part: XmlPart, envelope: Envelope, status: str) -> dict[str, Any]:
    """When it was booked, and when it was revised as far as the sender's clock can be trusted.

    CreateDateTime orders revisions only where it is the revision's own time. A sender's
    TimeStamp is when it was sent, again perhaps, and orders nothing but Expedia's cancels.
    """
    dialect = envelope.dialect
    modified = part.instant("@LastModifyDateTime", dialect.zone, "modified_at")
    created = part.look("@CreateDateTime")
    if dialect.created_is_revised:
        root = envelope.root  # of all its reservations: nothing is taken out of it
        own = Node(root.name, dict(root.attributes), None, [])
        stamp = XmlPart(own, root.name, part.notes)
        modified = (
            modified
            or part.instant("@CreateDateTime", dialect.zone, "modified_at")
            or stamp.instant("@TimeStamp", dialect.zone, "modified_at")
        )
        return {"modified_at": modified, "booked_at": modified if status == "new" else None}
    booked = part.instant("@CreateDateTime", dialect.zone, "booked_at")
    if booked is None and (value := part.part(_VALUE)):
        booked = value.instant("@ResID_Date", dialect.zone, "booked_at")
    is_first = status in {"new", "enquiry"} and _ZONED.search((created or "").strip())
    if modified is None and booked and is_first:
        part.notes.note("modified_at", part.below("@CreateDateTime"))
        modified = booked
    return {"modified_at": modified, "booked_at": booked}


def _collect(envelope: Envelope, part: XmlPart) -> str | None:
    """Expedia's point of sale says who takes the money: "A-" is the hotel."""
    if envelope.dialect.name != "expedia-bn":
        return None
    company = source_of(part.node).company or envelope.source.company
    if company is None:
        return None
    part.notes.note("payment.collect", "POS/Source/BookingChannel/CompanyName")
    return "property" if company.startswith("A-") else "channel"


FORMAT = Format(detects_opentravel, decode_opentravel)
