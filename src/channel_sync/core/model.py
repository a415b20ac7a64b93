"""The trade's own words as frozen values, in one place: what every other module speaks in."""

from __future__ import annotations

from channel_sync.core.booking import (
    Allocation,
    Kept,
    Move,
    Proposal,
    Reservation,
    Stay,
    Task,
)
from channel_sync.core.events import (
    Decision,
    Event,
    Fact,
)
from channel_sync.core.hotel import (
    Category,
    Channel,
    Policy,
    Property,
    Room,
    RoomPolicy,
)
from channel_sync.core.revision import (
    EPOCH,
    Arrival,
    Card,
    Header,
    Line,
    Night,
    Order,
    Payment,
    Revision,
    microseconds,
)
from channel_sync.core.words import (
    NOTICES,
    ROOM_REASONS,
    Basis,
    Completeness,
    Outcome,
    Parked,
    Reason,
    Said,
    StayStatus,
    TaskState,
)

__all__ = [
    "EPOCH",
    "NOTICES",
    "ROOM_REASONS",
    "Allocation",
    "Arrival",
    "Basis",
    "Card",
    "Category",
    "Channel",
    "Completeness",
    "Decision",
    "Event",
    "Fact",
    "Header",
    "Kept",
    "Line",
    "Move",
    "Night",
    "Order",
    "Outcome",
    "Parked",
    "Payment",
    "Policy",
    "Property",
    "Proposal",
    "Reason",
    "Reservation",
    "Revision",
    "Room",
    "RoomPolicy",
    "Said",
    "Stay",
    "StayStatus",
    "Task",
    "TaskState",
    "microseconds",
]
