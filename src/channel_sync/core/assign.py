"""A person gives a stay the room of a proposal, or any other: checked, then applied in one step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from channel_sync.core.draft import Draft
from channel_sync.core.making_room import Stale, carry_out
from channel_sync.core.model import (
    ROOM_REASONS,
    Allocation,
    Decision,
    Outcome,
    Proposal,
    Task,
    TaskState,
)
from channel_sync.core.place import Ask, is_fitting, is_free, join_rooms, rooms_until


@dataclass(frozen=True, slots=True)
class NotAssigned:
    """Why the room cannot be given, in a sentence for the front desk."""

    why: str


def assign(
    draft: Draft, task: Task, *, proposal: int | None, room: str | None, actor: str
) -> Decision | NotAssigned:
    """Give the stay of a room task the room of its n-th proposal (from 1), or a named one.

    A proposal that is no longer true is refused; a named room may be too small, since a person
    decided. Another room than the pinned one ends the pin; a room outside the category booked
    becomes the manual category. A proposal that moves others moves them in the same step.
    """
    if task.reason not in ROOM_REASONS or task.line is None:
        return NotAssigned(f"a task {task.reason.value} is not settled by giving a room")
    chosen = Proposal("room", room)
    if proposal is not None:
        if not 1 <= proposal <= len(task.proposals):
            return NotAssigned(f"the task has {len(task.proposals)} proposals, not {proposal}")
        chosen = task.proposals[proposal - 1]
    if chosen.room is None or draft.house.room(chosen.room) is None:
        return NotAssigned(f"the property has no room {chosen.room}")
    stay = draft.reservation.stay(task.line)
    before = stay.rooms
    draft.lift(stay.line)
    ask = Ask.of(draft.key(stay.line), stay, draft.policy, draft.today, None)
    if not ask.nights:
        return NotAssigned("the stay has no night left to give a room for")
    stale = carry_out(draft, chosen, ask) if chosen.kind == "reshuffle" else None
    wanted = _rooms_of(chosen, ask)
    why_not = stale or _why_not(draft, ask, wanted, is_proposal=proposal is not None)
    if why_not is not None:
        return NotAssigned(why_not.why)
    how = f"proposal {proposal}" if proposal is not None else "chosen by hand"
    _give(draft, task.line, before, wanted, how)
    draft.settle(stay.line, ROOM_REASONS, state=TaskState.DONE, by=actor)
    draft.freed |= bool(before)
    return draft.decided(Outcome.MODIFIED)


def _rooms_of(chosen: Proposal, ask: Ask) -> tuple[Allocation, ...]:
    """The rooms that a proposal gives the stay: one, or one after another where it is split."""
    if chosen.kind == "split":
        return tuple(
            Allocation(step.to_room, step.from_date, step.to_date) for step in chosen.steps
        )
    return (ask.allocation(chosen.room or ""),)


def _why_not(
    draft: Draft, ask: Ask, wanted: tuple[Allocation, ...], *, is_proposal: bool
) -> Stale | None:
    """What keeps the stay from these rooms, if anything does."""
    if (wanted[0].from_date, wanted[-1].to_date) != (ask.from_date, ask.to_date):
        return Stale("the stay has other nights now")
    for part in wanted:
        nights = replace(ask, from_date=part.from_date, to_date=part.to_date)
        if not is_free(draft.plan, nights, part.room):
            return Stale(f"room {part.room} is not free on every night of the stay any more")
        if is_proposal and not is_fitting(draft.plan, nights, part.room):
            return Stale(f"room {part.room} is too small for the party now")
    return None


def _give(
    draft: Draft,
    line: str,
    before: tuple[Allocation, ...],
    wanted: tuple[Allocation, ...],
    how: str,
) -> None:
    """Write the rooms of a stay as staff chose them."""
    stay = draft.reservation.stay(line)
    category = draft.house.category_of(wanted[-1].room)
    rooms = rooms_until(before, draft.today)
    for part in wanted:
        rooms = join_rooms(rooms, part)
    values: dict[str, object] = {
        "rooms": rooms,
        "held": False,
        "last_room": None,
        "room_chosen_by_staff": True,
        "manual_category_code": None if category == stay.booked_category else category,
    }
    if stay.pinned_room is not None and {part.room for part in wanted} != {stay.pinned_room}:
        values["pinned_room"] = None
    named = " then ".join(part.room for part in wanted)
    draft.change("assigned", line, values, reason=f"room {named}: {how}", rule="R4")
    draft.set_down(line)
