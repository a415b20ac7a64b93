"""Other stays moved so that one more fits: looked for, checked, and told stay by stay (rule R2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from channel_sync.core.draft import Draft
from channel_sync.core.model import Allocation, Event, Fact, Move, Moved, Proposal
from channel_sync.core.neighbours import Neighbour, Neighbours, NeighboursNeeded, with_booking
from channel_sync.core.place import Ask, join_rooms
from channel_sync.core.plan import StayKey
from channel_sync.core.reshuffle import Reshuffled, is_overfull, reshuffle

RULE = "R2"

CELL = "R2: others moved"
"""What is noted where a room was made by moving others."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Why a plan of moves cannot be carried out any more, in a sentence for the front desk."""

    why: str


def neighbours_now(draft: Draft) -> Neighbours:
    """Who may be moved as things stand in this decision.

    Raises:
        NeighboursNeeded: nobody has looked up yet who they are.
    """
    if draft.neighbours is None:
        raise NeighboursNeeded
    return with_booking(
        draft.neighbours, draft.reservation, draft.policy, draft.today, draft.lifted
    )


def make_room(draft: Draft, ask: Ask, categories: Sequence[str]) -> bool:
    """Move others within the last category, if that frees a room for a stay off the plan.

    Nobody looks at the plan, so those whose room staff chose stay. False: nobody was moved.

    Raises:
        NotThisTime: the planner's look has searched enough.
        NeighboursNeeded: nobody has looked up yet who may be moved.
    """
    if not categories or is_overfull(draft.plan, ask, categories[-1]):
        return False
    category = categories[-1]
    movable = [each for each in neighbours_now(draft).values() if not each.chosen_by_staff]
    if draft.look is not None:
        draft.look.begin(ask.key)
    layout = draft.plan.layout
    wanted = layout.fitting(layout.category(category), ask.party)
    found = look_for_moves(draft, ask, category, wanted, movable)
    if found.room is None:
        return False
    move(draft, found.moves, ask.key[1])
    draft.made_room[ask.key[1]] = len(found.moves)
    draft.cells.append(CELL)
    return True


def look_for_moves(
    draft: Draft, ask: Ask, category: str, wanted: int, movable: Iterable[Neighbour]
) -> Reshuffled:
    """The moves that free one of the rooms wanted, within the property's budget of nodes."""
    budget = draft.policy.reshuffle_node_budget
    found = reshuffle(draft.plan, ask, category, wanted, movable, budget)
    draft.gave_up |= not found.is_proved
    draft.nodes += found.nodes
    if draft.look is not None:
        draft.look.nodes -= found.nodes
    return found


def carry_out(draft: Draft, proposal: Proposal, ask: Ask) -> Stale | None:
    """Move the stays of a proposal, if every one of them can still be moved as it says."""
    known = neighbours_now(draft)
    plan = draft.plan
    for step in proposal.steps:
        neighbour = known.get((step.reservation_id, step.line))
        if neighbour is None or _left(step) not in neighbour.rooms:
            return Stale(f"{step.reference} cannot be moved out of {step.from_room} any more")
        plan = plan.release([_left(step)])
    for step in proposal.steps:
        party = known[step.reservation_id, step.line].party
        free = plan.layout.fitting(plan.free(step.from_date, step.to_date), party)
        if not free & plan.layout.mask([step.to_room]):
            return Stale(f"{step.to_room} cannot take {step.reference} any more")
        plan = plan.occupy([_taken(step)])
    move(draft, proposal.steps, ask.key[1])
    return None


def move(draft: Draft, steps: Sequence[Move], line: str) -> None:
    """Move these stays for the sake of a line of the booking decided upon; each gets its event."""
    known = dict(neighbours_now(draft))
    draft.plan = draft.plan.release(map(_left, steps)).occupy(map(_taken, steps))
    for key, own_steps in _by_stay(steps).items():
        neighbour = known[key]
        rooms = _after(neighbour.rooms, own_steps)
        ways = " and ".join(f"from {step.from_room} to {step.to_room}" for step in own_steps)
        reason = f"{ways}, so that {draft.reservation.reference} (stay {line}) has a room"
        _tell(draft, neighbour, rooms, reason)
        known[key] = replace(neighbour, rooms=rooms, chosen_by_staff=False)
    draft.neighbours = known
    draft.freed = True


def _tell(draft: Draft, neighbour: Neighbour, rooms: tuple[Allocation, ...], reason: str) -> None:
    """Write the event of one stay moved: here, or for its own booking."""
    number, line = neighbour.key
    if number == draft.reservation.reservation_id:
        values: dict[str, object] = {"rooms": rooms, "room_chosen_by_staff": False}
        draft.change("moved", line, values, reason=reason, rule=RULE)
        return
    facts = [Fact("rooms", neighbour.rooms, rooms)]
    if neighbour.chosen_by_staff:
        facts.append(Fact("room_chosen_by_staff", old=True, new=False))
    if neighbour.rooms[0].room != rooms[0].room:
        facts.append(Fact("room", neighbour.rooms[0].room, rooms[0].room))
    event = Event("moved", line, tuple(facts), reason, RULE, draft.actor_type)
    draft.moves.append(Moved(number, neighbour.channel, neighbour.reference, event))


def _by_stay(steps: Sequence[Move]) -> dict[StayKey, list[Move]]:
    by_stay: dict[StayKey, list[Move]] = {}
    for step in steps:
        by_stay.setdefault((step.reservation_id, step.line), []).append(step)
    return by_stay


def _after(rooms: Iterable[Allocation], steps: Sequence[Move]) -> tuple[Allocation, ...]:
    """The rooms of a stay after its moves; one room run on is one."""
    taken = {_left(step): _taken(step) for step in steps}
    joined: tuple[Allocation, ...] = ()
    for room in rooms:
        joined = join_rooms(joined, taken.get(room, room))
    return joined


def _left(step: Move) -> Allocation:
    return Allocation(step.from_room or "", step.from_date, step.to_date)


def _taken(step: Move) -> Allocation:
    return Allocation(step.to_room, step.from_date, step.to_date)


def tell_those_moved(draft: Draft, drafts: Mapping[int, Draft]) -> None:
    """Those who made room and are looked at themselves get their events in their own decision."""
    for moved in draft.moves:
        if moved.reservation_id in drafts:
            event = moved.event
            drafts[moved.reservation_id].record(
                event.name, event.line, event.facts, reason=event.reason, rule=event.rule
            )
    draft.moves = [moved for moved in draft.moves if moved.reservation_id not in drafts]


def known_after(draft: Draft) -> Neighbours | None:
    """Who may be moved after this decision; None: nobody looked."""
    if draft.neighbours is None:
        return None
    return with_booking(draft.neighbours, draft.reservation, draft.house.policy, draft.today)
