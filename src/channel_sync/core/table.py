"""The decision table of section 4: what a change and a stay's state come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from channel_sync.core.draft import Draft
from channel_sync.core.model import Allocation, Stay
from channel_sync.core.place import Offer, rooms_until


class Row(StrEnum):
    """What the channel changed on a stay, as the rows of the table name it."""

    NEW = "new line"
    REINSTATED = "reinstated"
    QUIET = "none, remarks or price"
    MOVED = "dates or occupancy"
    TO_MANUAL = "category to X"
    TO_THIRD = "category to a third one"
    REPEATED = "same code repeated"
    UNMAPPED = "code without a mapping"
    CANCEL = "cancel"


class Column(StrEnum):
    """What the hotel decided by hand for a stay, as the columns of the table name it."""

    NOTHING = "nothing manual"
    MANUAL = "manual X, X has a room"
    MANUAL_FULL = "manual X, X has none"
    PINNED = "pinned r, free and fits"
    PINNED_TAKEN = "pinned r, not free"
    PINNED_SMALL = "pinned r, does not fit"


ROOM_TOO_SMALL = "room free but too small"
"""The row that others turn into when only rooms too small for the party are free."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A stay about to be placed: what changed, and how it stood before it was lifted.

    `rooms` are its allocations before and `manual` its X; `moved` says that dates or occupancy
    changed; `changes` are what a person is told of (field, old, new).
    """

    line: str
    row: Row
    moved: bool = True
    rooms: tuple[Allocation, ...] = ()
    manual: str | None = None
    changes: tuple[dict[str, object], ...] = ()
    first_choice: str | None = None

    def room_before(self, today: date) -> str | None:
        """The room that the stay had before it was lifted, on today or on arrival."""
        if not self.rooms:
            return None
        here = max(today, self.rooms[0].from_date)
        now = (a.room for a in self.rooms if a.from_date <= here < a.to_date)
        return next(now, self.rooms[-1].room)

    def past(self, today: date) -> tuple[Allocation, ...]:
        """The rooms of the nights that are over; nobody rewrites them."""
        return rooms_until(self.rooms, today)

    def needs_search(self, stay: Stay) -> bool:
        """Whether the room is looked for anew, so that the stay leaves its rooms first (A6)."""
        if self.row in {Row.NEW, Row.REINSTATED, Row.MOVED, Row.TO_THIRD}:
            return True
        if self.row is Row.UNMAPPED:
            return self.moved
        return self.row is Row.TO_MANUAL and (self.moved or stay.is_waiting())


@dataclass(frozen=True, slots=True)
class Attack:
    """What a row and a column come to: categories to try in turn, and what then becomes of X.

    `keeps_manual` holds for each category whether X lives on when a room of it is given;
    `notices` whether its end is worth a notice. `otherwise_keeps` is X's fate when none is.
    """

    categories: tuple[str, ...]
    keeps_manual: frozenset[str] = frozenset()
    notices: frozenset[str] = frozenset()
    otherwise_keeps: bool = False


def attack(draft: Draft, placing: Placing, stay: Stay) -> Attack:
    """What the table says for a stay without a pin."""
    booked, manual = stay.booked_category, stay.manual_category_code
    policy = draft.policy
    here = (booked,) if booked is not None else ()
    frozen = policy.ota_room_policy == "freeze_room"
    if frozen and (placing.row is Row.TO_THIRD or waits_frozen(draft, placing)):
        return Attack(())
    if placing.row is Row.TO_THIRD:
        return Attack(here, notices=frozenset(here) if manual else frozenset())
    if manual is None or placing.row in {Row.NEW, Row.REINSTATED, Row.TO_MANUAL}:
        return Attack(here)
    if policy.ota_room_policy == "follow_channel":
        return Attack(here, notices=frozenset(here))
    kept = frozenset({manual})
    if draft.house.rank(manual) < draft.house.rank(booked):
        return Attack((*here, manual), keeps_manual=kept, otherwise_keeps=True)
    if policy.manual_category_full == "assign":
        return Attack((manual,), keeps_manual=kept, otherwise_keeps=True)
    return Attack((manual, *here), keeps_manual=kept, notices=frozenset(here), otherwise_keeps=True)


def is_left_to_a_person(draft: Draft, line: str) -> bool:
    """Whether a policy keeps the stay's open room task from being settled by the program."""
    return any(task.details.get("left_to_a_person") for task in draft.open_tasks(line))


def waits_frozen(draft: Draft, placing: Placing) -> bool:
    """Whether a person has yet to carry out an earlier change of category: it ended X."""
    return placing.manual is None and is_left_to_a_person(draft, placing.line)


def searched_column(placing: Placing, stay: Stay, offer: Offer | None) -> Column:
    """The column of a stay without a pin that was searched for; `stay` as it stood before."""
    if placing.manual is None:
        return Column.NOTHING
    if placing.row is Row.TO_THIRD:
        return untouched_column(stay)
    given = offer is not None and offer.fits and offer.category == placing.manual
    return Column.MANUAL if given else Column.MANUAL_FULL


def untouched_column(stay: Stay) -> Column:
    """The column of a stay as it stands."""
    waiting = stay.is_waiting()
    if stay.pinned_room is not None:
        return Column.PINNED_TAKEN if waiting else Column.PINNED
    if stay.manual_category_code is not None:
        return Column.MANUAL_FULL if waiting else Column.MANUAL
    return Column.NOTHING
