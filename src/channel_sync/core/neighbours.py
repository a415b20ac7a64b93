"""Who might make room for another stay: those that have a room and may be moved (rule R2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from channel_sync.core.model import Allocation, Policy, Reservation, Stay, StayStatus
from channel_sync.core.place import party_of
from channel_sync.core.plan import StayKey


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stay that may be moved, as a search for a place needs to know it.

    `party` is how many its room must hold; `channel` and `reference` find its booking.
    """

    key: StayKey
    channel: str
    reference: str
    arrival: date
    party: int
    rooms: tuple[Allocation, ...]
    chosen_by_staff: bool = False


Neighbours = Mapping[StayKey, Neighbour]
"""All stays of a property that may be moved, by their key."""


class NeighboursNeeded(Exception):
    """A room could be made by moving others, and nobody has looked up yet who they are."""


def is_movable(stay: Stay, today: date) -> bool:
    """Whether a stay may be moved to make room for another one.

    Never one that is pinned or held, has begun, arrives today, has a manual category, or waits
    to be placed anew. That staff chose its room counts only where nobody looks at the plan.
    """
    return (
        stay.status is StayStatus.CONFIRMED
        and stay.arrival > today
        and bool(stay.rooms)
        and stay.pinned_room is None
        and stay.manual_category_code is None
        and not stay.held
        and not stay.to_place
    )


def with_booking(
    neighbours: Neighbours,
    booking: Reservation,
    policy: Policy,
    today: date,
    lifted: Iterable[str] = (),
) -> Neighbours:
    """The neighbours with this booking as it stands now; `lifted` are lines off the plan."""
    number, off = booking.reservation_id, frozenset(lifted)
    own = {
        (number, stay.line): Neighbour(
            (number, stay.line),
            booking.channel,
            booking.reference,
            stay.arrival,
            party_of(stay, policy),
            stay.rooms,
            stay.room_chosen_by_staff,
        )
        for stay in booking.stays
        if stay.line not in off and is_movable(stay, today)
    }
    known = {
        key: neighbours[key] for stay in booking.stays if (key := (number, stay.line)) in neighbours
    }
    if known == own:
        return neighbours
    others = {key: each for key, each in neighbours.items() if key not in known}
    return others | own
