"""The closed sets of words: states, outcomes, reasons."""

from __future__ import annotations

from enum import StrEnum


class StayStatus(StrEnum):
    """Where a stay is in its life (the `status` of `v_stay`)."""

    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    CHECKED_OUT = "checked_out"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    ENQUIRY = "enquiry"


class Said(StrEnum):
    """The status word of a revision."""

    NEW = "new"
    MODIFIED = "modified"
    CANCELLED = "cancelled"
    ENQUIRY = "enquiry"


class Completeness(StrEnum):
    """How much of the reservation a revision speaks of (rule M2)."""

    FULL = "full"
    PARTIAL = "partial"
    CANCEL_ONLY = "cancel_only"
    IDS_ONLY = "ids_only"


class Outcome(StrEnum):
    """What one reservation of one message became (rules, section 8)."""

    CREATED = "created"
    MODIFIED = "modified"
    CANCELLED = "cancelled"
    REINSTATED = "reinstated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    STALE = "stale"
    DEFERRED = "deferred"
    TOMBSTONED = "tombstoned"
    ENQUIRY = "enquiry"
    PARKED = "parked"


class Parked(StrEnum):
    """Why a revision that could be read is nevertheless set aside."""

    NO_ROOMS = "no_rooms"
    NEEDS_FETCH = "needs_fetch"
    UNKNOWN_PROPERTY = "unknown_property"
    AMBIGUOUS = "ambiguous"
    BEHIND_PARKED = "behind_parked"
    INCOMPLETE_LINE = "incomplete_line"
    STAY_TOO_LONG = "stay_too_long"


class Reason(StrEnum):
    """Why a person is asked (rules, section 7)."""

    NO_ROOM = "no_room"
    PINNED_ROOM_CONFLICT = "pinned_room_conflict"
    OVER_CAPACITY = "over_capacity"
    UNMAPPED_CATEGORY = "unmapped_category"
    IN_HOUSE_CHANGE = "in_house_change"
    IN_HOUSE_CANCELLATION = "in_house_cancellation"
    PRICE_DIFFERENCE = "price_difference"
    STATUS_CONFLICT = "status_conflict"
    ORIGINAL_MISSING = "original_missing"
    GUEST_CONFLICT = "guest_conflict"
    BLOCKED_GUEST = "blocked_guest"
    REVIEW = "review"
    MANUAL_CATEGORY_DROPPED = "manual_category_dropped"
    LOCAL_VALUE_REPLACED = "local_value_replaced"


ROOM_REASONS = frozenset(
    {
        Reason.NO_ROOM,
        Reason.PINNED_ROOM_CONFLICT,
        Reason.OVER_CAPACITY,
        Reason.UNMAPPED_CATEGORY,
    }
)
"""The reasons that exclude each other on one stay (rule A4)."""

NOTICES = frozenset({Reason.MANUAL_CATEGORY_DROPPED, Reason.LOCAL_VALUE_REPLACED})
"""The reasons that are only to be seen and dismissed; `review` is one where said."""


class TaskState(StrEnum):
    """Where a task is in its life."""

    OPEN = "open"
    DONE = "done"
    DISMISSED = "dismissed"
    SUPERSEDED = "superseded"


class Basis(StrEnum):
    """What the order of a revision rests on, best first (rule M6)."""

    REVISION = "revision"
    MODIFIED_AT = "modified_at"
    ARRIVAL = "arrival"
