"""What the hotel holds: reservations with their stays, allocations and open tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from channel_sync.core.hotel import RoomPolicy
from channel_sync.core.revision import Arrival, Header, Line, Order, Payment
from channel_sync.core.words import Reason, StayStatus, TaskState


@dataclass(frozen=True, slots=True)
class Allocation:
    """A room for some nights of a stay, half-open: `to_date` is the day it is left."""

    room: str
    from_date: date
    to_date: date


@dataclass(frozen=True, slots=True)
class Stay:
    """One room line of a reservation as the hotel holds it: *ours*, with its base beside it.

    `line` is ours and never changes. `manual_category_code` is X, `pinned_room` the pin,
    `held` a hold. `rooms` are the allocations in order of date. `last_room` is the room last
    left without another being given. `to_place` marks a stay whose facts staff changed and that
    the planner has yet to place. `cancelled_by` is "channel" or "staff" on a cancelled stay.
    """

    line: str
    status: StayStatus
    arrival: date
    departure: date
    adults: int | None = None
    children: tuple[int | None, ...] = ()
    booked_category: str | None = None
    manual_category_code: str | None = None
    pinned_room: str | None = None
    held: bool = False
    rooms: tuple[Allocation, ...] = ()
    last_room: str | None = None
    rate_plan: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    comments: str | None = None
    guest_names: tuple[str, ...] = ()
    staff_note: str | None = None
    cancelled_by: str | None = None
    room_chosen_by_staff: bool = False
    to_place: bool = False
    base: Line | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the stay is off, whoever called it off."""
        return self.status is StayStatus.CANCELLED

    def room_on(self, night: date) -> str | None:
        """The room of one night, if the stay has one then."""
        return next((a.room for a in self.rooms if a.from_date <= night < a.to_date), None)

    def current_room(self, today: date) -> str | None:
        """The room of today, or of arrival while that lies ahead, or the last one had."""
        if not self.rooms:
            return None
        here = self.room_on(max(today, self.rooms[0].from_date))
        return here if here is not None else self.rooms[-1].room

    def is_waiting(self) -> bool:
        """Whether the stay waits for a room: it has none, or only a hold."""
        return self.status is StayStatus.CONFIRMED and (self.held or not self.rooms)


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person is asked to do; at most one open per (booking, stay or none, reason).

    `task_id` is the database's and None until the task is saved.
    """

    reason: Reason
    line: str | None = None
    notice: bool = False
    state: TaskState = TaskState.OPEN
    details: dict[str, object] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()
    closed_by: str | None = None
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way out that a person can choose, with its cost (rule R4).

    The cost: `moves` of other stays, `upgrade` in ranks above the category booked (below 0: a
    downgrade), `splits` from room to room. `steps` are the moves; of a split, the stay's own.
    """

    kind: Literal["reshuffle", "room", "upgrade", "split", "downgrade"]
    room: str | None = None
    category: str | None = None
    moves: int = 0
    steps: tuple[Move, ...] = ()
    upgrade: int = 0
    splits: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """One stay to one room for some of its nights, as a step of a proposal."""

    reservation_id: int
    reference: str
    line: str
    from_room: str | None
    to_room: str
    from_date: date
    to_date: date


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a revision handled before, so that a repeat is known (rule M7)."""

    message_id: str
    order: Order
    content_hash: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reference of one channel, with its stays, its base and its open tasks.

    `references` are all references it was ever known by, the newest (`reference`) included.
    `status_order` and `content_order` are kept apart (rule M6); `arrived` and `last_content_hash`
    are of the last message taken. `replaced_by` is the reservation that goes on where this one
    turned out to be an older reference of it. `base` is None for the hotel's own bookings.
    `guest_id` is the main guest; `booker_guest_id` who is known under the booking's e-mail where
    the main guest is another; `guest_set_by_staff` keeps messages from choosing another.
    """

    property_id: str
    reservation_id: int
    channel: str
    reference: str
    references: tuple[str, ...]
    stays: tuple[Stay, ...] = ()
    base: Header | None = None
    booker_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    contact_address: str | None = None
    country: str | None = None
    language: str | None = None
    guest_id: int | None = None
    booker_guest_id: int | None = None
    guest_set_by_staff: bool = False
    booking_comments: str | None = None
    payment: Payment | None = None
    cancellation_fee: Decimal | None = None
    invoice_contact: dict[str, str] | None = None
    ota_room_policy: RoomPolicy | None = None
    created_from_modification: bool = False
    is_tombstone: bool = False
    replaced_by: int | None = None
    revision: str | None = None
    status_order: Order | None = None
    content_order: Order | None = None
    arrived: Arrival | None = None
    last_content_hash: str | None = None
    tasks: tuple[Task, ...] = ()

    def stay(self, line: str) -> Stay:
        """The stay of this line.

        Raises:
            KeyError: the reservation has no such line.
        """
        for stay in self.stays:
            if stay.line == line:
                return stay
        raise KeyError(line)

    @property
    def is_cancelled(self) -> bool:
        """Whether the booking is off: a tombstone, or every stay of it cancelled.

        Stays that staff added to a channel's booking do not keep it alive for the channel.
        """
        theirs = [stay for stay in self.stays if stay.base is not None] or self.stays
        return self.is_tombstone or all(stay.is_cancelled for stay in theirs)

    @property
    def is_called_off(self) -> bool:
        """Whether the booking is off and it was the channel that said so, of the whole."""
        return self.is_cancelled and self.base is not None and not self.base.is_live
