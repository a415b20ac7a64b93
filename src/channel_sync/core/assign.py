"""A person gives a stay the room of a proposal, or any other: checked, then applied in one step."""

from __future__ import annotations

from dataclasses import dataclass

from channel_sync.core.draft import Draft
from channel_sync.core.model import ROOM_REASONS, Decision, Outcome, Task, TaskState
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
    becomes the manual category.
    """
    if task.reason not in ROOM_REASONS or task.line is None:
        return NotAssigned(f"a task {task.reason.value} is not settled by giving a room")
    if proposal is not None:
        if not 1 <= proposal <= len(task.proposals):
            return NotAssigned(f"the task has {len(task.proposals)} proposals, not {proposal}")
        room = task.proposals[proposal - 1].room
    if room is None or draft.house.room(room) is None:
        return NotAssigned(f"the property has no room {room}")
    stay = draft.reservation.stay(task.line)
    before = stay.rooms
    draft.lift(stay.line)
    ask = Ask.of(draft.key(stay.line), stay, draft.policy, draft.today, None)
    if not ask.nights:
        return NotAssigned("the stay has no night left to give a room for")
    if not is_free(draft.plan, ask, room):
        return NotAssigned(f"room {room} is not free on every night of the stay any more")
    if proposal is not None and not is_fitting(draft.plan, ask, room):
        return NotAssigned(f"room {room} is too small for the party now")
    category = draft.house.category_of(room)
    values: dict[str, object] = {
        "rooms": join_rooms(rooms_until(before, draft.today), ask.allocation(room)),
        "held": False,
        "last_room": None,
        "room_chosen_by_staff": True,
        "manual_category_code": None if category == stay.booked_category else category,
    }
    if stay.pinned_room is not None and stay.pinned_room != room:
        values["pinned_room"] = None
    how = f"proposal {proposal}" if proposal is not None else "chosen by hand"
    draft.change("assigned", stay.line, values, reason=f"room {room}: {how}", rule="R4")
    draft.set_down(stay.line)
    draft.settle(stay.line, ROOM_REASONS, state=TaskState.DONE, by=actor)
    draft.freed = bool(before)
    return draft.decided(Outcome.MODIFIED)
