"""What happened and what was decided: facts, events, decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from channel_sync.core.booking import Task
from channel_sync.core.guest import Guest
from channel_sync.core.words import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that changed: `field` is a column of ours, or `base.…` for the channel's."""

    field: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Event:
    """One row of history: what happened to a stay (`line`) or to the booking as a whole.

    `rule` names the rule that decided; `reason` says it in a sentence that staff can read.
    """

    name: str
    line: str | None
    facts: tuple[Fact, ...]
    reason: str = ""
    rule: str = ""
    actor_type: Literal["channel", "staff", "system"] = "channel"


@dataclass(frozen=True, slots=True)
class GuestChange:
    """One row of a guest's history: what a booking changed of the guest."""

    guest_id: int
    event: Literal["created", "updated", "overwritten"]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A stay of another booking that was moved to make room, as an event of that booking.

    `channel` and `reference` find the booking.
    """

    reservation_id: int
    channel: str
    reference: str
    event: Event


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written for one reservation.

    `tasks` are the open tasks as they stand afterwards plus those closed on the way; `freed`
    says that nights came free, so that others who wait may be tried again (rule R7); `cells`
    names the cells of the decision table that were met, in order; `asked` are the reasons of the
    tasks opened or renewed. `guests` are those made or changed, as they are afterwards, and
    `guest_changes` the rows of their history; `moves` are the stays of other bookings that made
    room (rule R2), `nodes` the rooms that the search for them looked at.
    """

    outcome: Outcome
    events: tuple[Event, ...] = ()
    tasks: tuple[Task, ...] = ()
    freed: bool = False
    cells: tuple[str, ...] = ()
    asked: tuple[Reason, ...] = ()
    guests: tuple[Guest, ...] = ()
    guest_changes: tuple[GuestChange, ...] = ()
    moves: tuple[Moved, ...] = ()
    nodes: int = 0
