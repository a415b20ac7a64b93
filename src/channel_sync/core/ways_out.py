"""The proposals of an open room task as things stand, moves of others among them."""

from __future__ import annotations

from channel_sync.core.draft import Draft
from channel_sync.core.making_room import look_for_moves, neighbours_now
from channel_sync.core.model import Proposal, Stay
from channel_sync.core.place import Ask
from channel_sync.core.proposals import propose
from channel_sync.core.reshuffle import is_overfull


def proposals_now(draft: Draft, stay: Stay, ask: Ask) -> tuple[Proposal, ...]:
    """The ways out for a stay that is off the plan, moves of others among them.

    Raises:
        NotThisTime: a search would be needed, and this look makes no more.
        NeighboursNeeded: nobody has looked up yet who may be moved.
    """

    def reshuffled(category: str, wanted: int) -> Proposal | None:
        if is_overfull(draft.plan, ask, category):
            return None
        movable = neighbours_now(draft).values()
        if draft.look is not None:
            draft.look.begin(ask.key)
        found = look_for_moves(draft, ask, category, wanted, movable)
        if found.room is None:
            return None
        many = len(found.moves)
        return Proposal("reshuffle", found.room, category, moves=many, steps=found.moves)

    return propose(
        draft.house,
        draft.plan,
        ask,
        stay.booked_category,
        reference=draft.reservation.reference,
        pinned=stay.pinned_room,
        reshuffler=reshuffled if draft.policy.reshuffle != "off" else None,
    )
