"""What waiting stays and open room tasks look like after somebody changed something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from channel_sync.core.begun import Standing, standing
from channel_sync.core.draft import Draft
from channel_sync.core.giving import asked_changes, gave_up_note
from channel_sync.core.look import Look, NotThisTime
from channel_sync.core.making_room import known_after, make_room, tell_those_moved
from channel_sync.core.model import (
    ROOM_REASONS,
    Decision,
    Fact,
    Outcome,
    Property,
    Reason,
    Reservation,
    Stay,
    StayStatus,
    Task,
)
from channel_sync.core.neighbours import Neighbours
from channel_sync.core.place import Ask, is_fitting, is_free, search
from channel_sync.core.plan import Plan
from channel_sync.core.rooms import (
    has_unit,
    is_counted,
    is_of_category,
    place,
    promise_pin,
    takes_unit,
)
from channel_sync.core.table import Placing, Row, attack, is_left_to_a_person
from channel_sync.core.ways_out import proposals_now


@dataclass(frozen=True, slots=True)
class Replanned:
    """What a look came to: the bookings changed, and the plan and the neighbours after it."""

    changed: tuple[tuple[Reservation, Decision], ...]
    plan: Plan
    neighbours: Neighbours | None = None


def replan(
    house: Property,
    plan: Plan,
    reservations: Sequence[Reservation],
    today: date,
    *,
    neighbours: Neighbours | None = None,
    look: Look | None = None,
) -> Replanned:
    """Look again at the stays that wait and the tasks that are open (rules A4 and R7).

    `reservations` are those with a stay that waits, a stay that staff changed, or an open room
    task. Stays that staff changed are placed first, then those who wait, earliest arrival first.
    Asking again at once changes nothing.

    Raises:
        NeighboursNeeded: moves of others could help, and `neighbours` was not given.
    """
    drafts = {
        r.reservation_id: Draft(
            house, r, plan, today, cause="planner", actor_type="system", look=look
        )
        for r in reservations
    }
    turns = _in_turn(reservations, today)
    plan = _uncounted(plan, drafts, turns)
    for number, line in turns:
        draft = drafts[number]
        draft.plan, draft.neighbours = plan, neighbours
        _look_at(draft, line)
        draft.recount(line)
        tell_those_moved(draft, drafts)
        plan, neighbours = draft.plan, known_after(draft)
    changed = []
    for before in reservations:
        draft = drafts[before.reservation_id]
        draft.plan, draft.neighbours = plan, neighbours
        for stay in draft.reservation.stays:
            _renew(draft, stay)
        if draft.events or draft.closed or draft.moves or draft.reservation != before:
            changed.append((draft.reservation, draft.decided(Outcome.UNCHANGED)))
    return Replanned(tuple(changed), plan, neighbours)


def _in_turn(reservations: Sequence[Reservation], today: date) -> list[tuple[int, str]]:
    """The stays to look at: changed by staff first, then by arrival, then in booking order."""
    turns = [
        (not stay.to_place, stay.arrival, reservation.reservation_id, stay.line)
        for reservation in reservations
        for stay in reservation.stays
        if stay.to_place
        or (stay.is_waiting() and stay.departure > today)
        or _room_task(reservation, stay, Reason.UNMAPPED_CATEGORY) is not None
    ]
    return [(number, line) for _, _, number, line in sorted(turns)]


def _uncounted(plan: Plan, drafts: Mapping[int, Draft], turns: Sequence[tuple[int, str]]) -> Plan:
    """The plan without the units of stays yet to be placed: each is counted in its turn (A6)."""
    for number, line in turns:
        if drafts[number].reservation.stay(line).to_place:
            plan = plan.count((number, line), None)
    return plan


def _look_at(draft: Draft, line: str) -> None:
    """Place one stay that staff changed, or try one that waits again."""
    stay = draft.reservation.stay(line)
    if stay.to_place:
        _place_changed(draft, stay)
        stay = draft.reservation.stay(line)
    if stay.status is StayStatus.CONFIRMED and not _take_mapping(draft, stay):
        _try_again(draft, stay)


def _place_changed(draft: Draft, stay: Stay) -> None:
    """A stay whose dates, party or status staff changed: by the row for dates (section 4)."""
    stays = draft.reservation.stays
    placed = tuple(replace(s, to_place=False) if s.line == stay.line else s for s in stays)
    draft.reservation = replace(draft.reservation, stays=placed)
    where = standing(stay, draft.today)
    over = where is Standing.GONE or (where is Standing.IN_HOUSE and bool(stay.rooms))
    if stay.status is not StayStatus.CONFIRMED or over:
        return
    draft.lift(stay.line)
    returning = None if stay.rooms else stay.last_room
    place(draft, _placing(stay, _row_of(stay), first_choice=returning))


def _take_mapping(draft: Draft, stay: Stay) -> bool:
    """Place a stay whose code a person was asked to map, if it has a mapping now."""
    base = stay.base
    if base is None or base.category is not None:
        return False
    category = draft.house.map_category(draft.reservation.channel, base.category_code)
    if category is None:
        return False
    facts = [Fact("base.category", None, category)]
    manual = stay.manual_category_code
    same = category == stay.booked_category
    if not same:
        facts.append(Fact("booked_category", stay.booked_category, category))
    if manual == category:
        facts.append(Fact("manual_category_code", manual, None))
    reason = f"the channel's code {base.category_code} means {category} now"
    draft.record("category mapped", stay.line, facts, reason=reason, rule="M1, R7")
    if stay.is_waiting():
        row = Row.MOVED if same else Row.TO_MANUAL if manual == category else Row.TO_THIRD
        _place_or_ask(draft, draft.reservation.stay(stay.line), _placing(stay, row))
    elif not same and manual != category:
        _ask_about_room(draft, stay)
    draft.settle(stay.line, [Reason.UNMAPPED_CATEGORY])
    return True


def _place_or_ask(draft: Draft, stay: Stay, placing: Placing) -> None:
    """Place a stay that waits, or go on asking where rooms are not given by themselves."""
    draft.lift(stay.line)
    if draft.house.policy.auto_resolve == "on" or not _has_room_for(draft, placing, stay):
        place(draft, placing)
        return
    draft.set_down(stay.line)
    promise_pin(draft, stay.line)
    why = f"a room of {stay.booked_category} is free, and the policy leaves it to a person"
    draft.ask(Reason.NO_ROOM, stay.line, {"why": why, "changes": asked_changes(draft, stay.line)})


def _ask_about_room(draft: Draft, stay: Stay) -> None:
    """A mapping moves nobody: the room is held, and a person decides about the one booked."""
    draft.change("held room", stay.line, {"held": True}, reason="a mapping moves nobody", rule="4")
    booked = draft.reservation.stay(stay.line).booked_category
    why = f"the channel's code means {booked} now, and the stay has another room"
    changes = asked_changes(draft, stay.line)
    details: dict[str, object] = {"why": why, "changes": changes, "left_to_a_person": True}
    draft.ask(Reason.NO_ROOM, stay.line, details)


def _try_again(draft: Draft, stay: Stay) -> None:
    """Give a waiting stay its room if there is one now and nobody reserved the choice (R7)."""
    over = stay.departure <= max(stay.arrival, draft.today)
    task = _any_room_task(draft.reservation, stay)
    if over or not stay.is_waiting() or (task is None and is_counted(draft, stay)):
        return
    if task is None:  # staff left it without a room, and nobody was asked yet
        draft.lift(stay.line)
        place(draft, _placing(stay, _row_of(stay)))
        return
    if draft.house.policy.auto_resolve != "on":
        return
    if is_left_to_a_person(draft, stay.line):
        return
    placing = _placing(stay, _row_of(stay))
    draft.lift(stay.line)
    if _has_room_for(draft, placing, stay) or _can_make_room(draft, placing, stay):
        place(draft, placing)
    else:
        draft.set_down(stay.line)
        promise_pin(draft, stay.line)


def _has_room_for(draft: Draft, placing: Placing, stay: Stay) -> bool:
    """Whether the table would now give the stay a room that holds its party."""
    ask = Ask.of(draft.key(stay.line), stay, draft.policy, draft.today, None)
    if is_counted(draft, stay):
        return has_unit(draft, ask, stay.booked_category)
    if stay.pinned_room is not None:
        room = stay.pinned_room
        serves = is_of_category(draft, stay, room)
        return serves and is_free(draft.plan, ask, room) and is_fitting(draft.plan, ask, room)
    if takes_unit(draft, placing, stay, ask) is not None:
        return True
    offer = search(draft.plan, ask, attack(draft, placing, stay).categories)
    return offer is not None and offer.fits


def _can_make_room(draft: Draft, placing: Placing, stay: Stay) -> bool:
    """Move others for a stay that waits, under `auto`; never for one that is pinned or counted."""
    by_itself = stay.pinned_room is None and not is_counted(draft, stay)
    if draft.policy.reshuffle != "auto" or not by_itself:
        return False
    ask = Ask.of(draft.key(stay.line), stay, draft.policy, draft.today, None)
    try:
        return make_room(draft, ask, attack(draft, placing, stay).categories)
    except NotThisTime:
        return False


def _placing(stay: Stay, row: Row, first_choice: str | None = None) -> Placing:
    return Placing(
        line=stay.line,
        row=row,
        rooms=stay.rooms,
        manual=stay.manual_category_code,
        first_choice=first_choice,
    )


def _row_of(stay: Stay) -> Row:
    """The row that a stay waits under: a code without a mapping goes on being asked about."""
    base = stay.base
    unmapped = base is not None and base.category is None and base.category_code is not None
    return Row.UNMAPPED if unmapped else Row.MOVED


def _renew(draft: Draft, stay: Stay) -> None:
    """Bring the open room task of a stay up to date, or end it where it is no longer true."""
    task = _any_room_task(draft.reservation, stay)
    if task is None:
        return
    over = stay.departure <= max(stay.arrival, draft.today)
    live = stay.status is StayStatus.CONFIRMED and not over
    if not live or (not stay.is_waiting() and task.reason is not Reason.UNMAPPED_CATEGORY):
        draft.settle(stay.line, ROOM_REASONS)
        draft.change("hold ended", stay.line, {"held": False}, reason="nothing waits", rule="4")
        return
    if not stay.is_waiting():
        return
    present = stay.current_room(draft.today)
    draft.lift(stay.line)
    ask = Ask.of(draft.key(stay.line), stay, draft.policy, draft.today, present)
    draft.gave_up = False
    try:
        proposals = proposals_now(draft, stay, ask)
        details = _with_note(draft, task)
    except NotThisTime:
        proposals, details = task.proposals, task.details
    draft.set_down(stay.line)
    promise_pin(draft, stay.line)
    reason = task.reason
    if reason is Reason.PINNED_ROOM_CONFLICT and stay.pinned_room is None:
        reason = Reason.NO_ROOM
        details = {**details, "why": f"unpinned, and no room of {stay.booked_category} is free"}
    if (proposals, details, reason) != (task.proposals, task.details, task.reason):
        draft.ask(reason, stay.line, details, proposals=proposals)


def _with_note(draft: Draft, task: Task) -> dict[str, object]:
    """The details of a task, with a word on a search that was given up, or without it."""
    others = {name: value for name, value in task.details.items() if name != "search"}
    return others | gave_up_note(draft)


def _any_room_task(reservation: Reservation, stay: Stay) -> Task | None:
    """The open room task of a stay; there is at most one (rule A4)."""
    return next(
        (t for t in reservation.tasks if t.line == stay.line and t.reason in ROOM_REASONS), None
    )


def _room_task(reservation: Reservation, stay: Stay, reason: Reason) -> Task | None:
    task = _any_room_task(reservation, stay)
    return task if task is not None and task.reason is reason else None
