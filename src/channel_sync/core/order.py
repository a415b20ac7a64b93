"""Whether a revision is a repeat, older, newer, or beyond comparison (rules M6 to M9)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from channel_sync.core.model import Basis, Kept, Order, Reservation, Revision, Said, StayStatus


class Age(StrEnum):
    """How one order stands to another."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"
    UNKNOWN = "unknown"
    """The two rest on different bases, or on offsets of different partitions."""


def compare(order: Order, held: Order | None) -> Age:
    """The age of an order against the one that is held; nothing held is older than anything."""
    if held is None:
        return Age.NEWER
    if (order.basis, order.source) != (held.basis, held.source):
        return Age.UNKNOWN
    if order.value == held.value:
        return Age.SAME
    return Age.NEWER if order.value > held.value else Age.OLDER


def age_of(revision: Revision, reservation: Reservation, held: Order | None) -> Age:
    """The age of a revision against a held order of its reservation.

    Where the orders cannot be compared the arrival decides what it can: a message set aside and
    tried again is older than what arrived after it in its own partition.
    """
    age = compare(revision.order, held)
    if age is Age.UNKNOWN and reservation.arrived is not None:
        arrival = compare(revision.arrived.order, reservation.arrived.order)
        if arrival is Age.OLDER:
            return Age.OLDER
    return age


def is_provably_newer(revision: Revision, held: Order | None) -> bool:
    """Whether the provider's own order says that this came later (rule M14)."""
    if held is None:
        return True
    return held.basis is not Basis.ARRIVAL and compare(revision.order, held) is Age.NEWER


def is_repeat(revision: Revision, reservation: Reservation, kept: Sequence[Kept]) -> bool:
    """Whether a revision was handled before (rule M7): by its id, or by order and content.

    A cancel of a live booking, or a new or modified one of a cancelled booking or of an enquiry,
    is never a repeat by content alone.
    """
    if any(known.message_id == revision.message_id for known in kept):
        return True
    if turns_status(revision, reservation):
        return False
    if revision.order.basis is Basis.ARRIVAL:
        return reservation.last_content_hash == revision.content_hash
    return any(
        known.order == revision.order and known.content_hash == revision.content_hash
        for known in kept
    )


def turns_status(revision: Revision, reservation: Reservation) -> bool:
    """Whether the status word alone makes a difference to the booking as we hold it."""
    if (revision.said is Said.CANCELLED) != reservation.is_cancelled:
        return True
    asked = any(stay.status is StayStatus.ENQUIRY for stay in reservation.stays)
    return asked and revision.said is not Said.ENQUIRY
