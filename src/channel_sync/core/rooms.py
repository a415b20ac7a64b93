"""Placing stays by the decision table: release all, then the strongest claim first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from channel_sync.core.begun import Standing, standing
from channel_sync.core.change_of_room import keep_change_of_room
from channel_sync.core.draft import Draft
from channel_sync.core.giving import (
    ask_unmapped,
    details_of,
    give_room,
    hold_too_small,
    leave,
    leave_waiting,
    notice_manual_dropped,
    proposed,
)
from channel_sync.core.look import NotThisTime
from channel_sync.core.making_room import make_room
from channel_sync.core.model import ROOM_REASONS, Reason, Stay
from channel_sync.core.place import Ask, Offer, is_fitting, is_free, search
from channel_sync.core.table import (
    ROOM_TOO_SMALL,
    Column,
    Placing,
    Row,
    attack,
    searched_column,
    untouched_column,
)


def place_all(draft: Draft, placings: Iterable[Placing]) -> None:
    """Release the rooms of all stays that move, then place them, strongest claim first (A6)."""
    moving = []
    for placing in placings:
        stay = draft.reservation.stay(placing.line)
        if placing.needs_search(stay):
            draft.lift(placing.line)
            moving.append(placing)
        elif placing.row is Row.UNMAPPED:
            keep_and_ask_unmapped(draft, placing)
        else:
            draft.recount(placing.line)
            count_untouched(draft, replace(stay, manual_category_code=placing.manual), placing.row)
            _settle_unmapped(draft, stay)
    for placing in sorted(moving, key=lambda p: _claim(draft, p)):
        place(draft, placing)


def place(draft: Draft, placing: Placing) -> None:
    """Give one stay its room by the decision table, or ask a person; the stay is lifted."""
    stay = draft.reservation.stay(placing.line)
    draft.gave_up = False
    ask = Ask.of(
        draft.key(placing.line),
        stay,
        draft.policy,
        draft.today,
        placing.first_choice or placing.room_before(draft.today),
    )
    if not ask.nights:
        _place_without_nights(draft, placing, stay)
    elif is_counted(draft, stay):
        _place_counted(draft, placing, stay, ask)
    elif stay.pinned_room is not None:
        _place_pinned(draft, placing, stay, ask, stay.pinned_room)
    else:
        _place_free(draft, placing, stay, ask)
    if ask.nights:
        _end_day_use_review(draft, placing.line)
    draft.set_down(placing.line)
    promise_pin(draft, placing.line)


def promise_pin(draft: Draft, line: str) -> None:
    """Keep the pinned room of a stay that waits for it from everybody else's choice."""
    stay = draft.reservation.stay(line)
    waits = stay.is_waiting() and stay.pinned_room is not None and not stay.rooms
    if waits and stay.pinned_room is not None and stay.departure > stay.arrival:
        ask = Ask.of(draft.key(line), stay, draft.policy, draft.today, None)
        draft.plan = draft.plan.promise(draft.key(line), ask.allocation(stay.pinned_room))


def _place_free(draft: Draft, placing: Placing, stay: Stay, ask: Ask) -> None:
    """A stay without a pin: search, hold, or ask."""
    if keep_change_of_room(draft, placing, ask):
        draft.settle(placing.line, ROOM_REASONS)
        return
    plan_of_attack = attack(draft, placing, stay)
    unit = takes_unit(draft, placing, stay, ask)
    offer = search(draft.plan, ask, plan_of_attack.categories)
    if unit is None and (offer is None or not offer.fits):
        offer = _room_made(draft, ask, plan_of_attack.categories) or offer
    manual = stay.manual_category_code
    column = searched_column(placing, stay, offer)
    cell = f"4: {placing.row} / {column}"
    draft.cells.append(cell)
    unmapped = placing.row is Row.UNMAPPED or stay.booked_category is None
    if unit is not None:
        _take_unit(draft, placing, stay, ask, unit)
        return
    if offer is None:
        keeps = plan_of_attack.otherwise_keeps
        reason = Reason.UNMAPPED_CATEGORY if unmapped else Reason.NO_ROOM
        leave_waiting(draft, placing, ask, reason, keeps_manual=keeps, rule=cell)
        return
    if not offer.fits:
        draft.cells.append(f"4: {ROOM_TOO_SMALL} / {column}")
        keeps = manual is not None and plan_of_attack.otherwise_keeps
        hold_too_small(draft, placing, ask, offer, keeps_manual=keeps, rule=cell, unmapped=unmapped)
        return
    ends = manual is not None and offer.category not in plan_of_attack.keeps_manual
    give_room(draft, placing, ask, offer, ends_manual=ends, rule=cell)
    missed = offer.category in plan_of_attack.notices or not _has_manual_room(draft, ask, stay)
    if ends and missed:
        notice_manual_dropped(draft, placing.line, manual, offer.room)
    _settle_or_ask_unmapped(draft, placing, ask, unmapped=unmapped)


def _room_made(draft: Draft, ask: Ask, categories: Sequence[str]) -> Offer | None:
    """A room of the last of these categories, freed by moving others: under `auto` alone (R2)."""
    if draft.policy.reshuffle != "auto":
        return None
    try:
        return (
            search(draft.plan, ask, categories[-1:]) if make_room(draft, ask, categories) else None
        )
    except NotThisTime:
        return None


def _settle_or_ask_unmapped(draft: Draft, placing: Placing, ask: Ask, *, unmapped: bool) -> None:
    """The stay has what it needs; a code without a mapping is asked about all the same."""
    if unmapped:
        ask_unmapped(draft, placing, ask)
    else:
        draft.settle(placing.line, ROOM_REASONS)


def _has_manual_room(draft: Draft, ask: Ask, stay: Stay) -> bool:
    """Whether the manual category would have had a room all the same."""
    manual = stay.manual_category_code
    offer = search(draft.plan, ask, (manual,)) if manual is not None else None
    return offer is not None and offer.fits


def takes_unit(draft: Draft, placing: Placing, stay: Stay, ask: Ask) -> str | None:
    """The counted category that a stay with a manual one falls back to, if it has a unit (R9)."""
    categories = attack(draft, placing, stay).categories
    for number, category in enumerate(categories):
        if draft.house.units(category) is not None and has_unit(draft, ask, category):
            before = search(draft.plan, ask, categories[:number])
            return None if before is not None and before.fits else category
    return None


def _take_unit(draft: Draft, placing: Placing, stay: Stay, ask: Ask, category: str) -> None:
    """The manual category ends in favour of one that is counted: no room is needed any more."""
    manual = stay.manual_category_code
    values: dict[str, object] = {"rooms": (), "held": False, "manual_category_code": None}
    leave(draft, placing, values, f"{category} is counted, not numbered", draft.cells[-1])
    _settle_or_ask_unmapped(draft, placing, ask, unmapped=placing.row is Row.UNMAPPED)
    notice_manual_dropped(draft, placing.line, manual, category)


def is_of_category(draft: Draft, stay: Stay, room: str) -> bool:
    """Whether a pinned room is of the category booked, or of the one that staff chose."""
    return draft.house.category_of(room) in {stay.booked_category, stay.manual_category_code}


def _place_pinned(draft: Draft, placing: Placing, stay: Stay, ask: Ask, pinned: str) -> None:
    """A stay tied to a room: that room or a person, never another one."""
    free = is_free(draft.plan, ask, pinned)
    fits = is_fitting(draft.plan, ask, pinned)
    in_category = draft.house.category_of(pinned) == stay.booked_category
    outranked = placing.row is Row.TO_THIRD and not in_category
    conflict = outranked or not is_of_category(draft, stay, pinned)
    column = (
        Column.PINNED if free and fits else Column.PINNED_SMALL if free else Column.PINNED_TAKEN
    )
    cell = f"4: {placing.row} / {column}"
    draft.cells.append(cell)
    unmapped = placing.row is Row.UNMAPPED
    if free and fits and not conflict:
        give_room(
            draft, placing, ask, Offer(pinned, "", fits=True), ends_manual=in_category, rule=cell
        )
        _settle_or_ask_unmapped(draft, placing, ask, unmapped=unmapped)
        return
    reason = Reason.PINNED_ROOM_CONFLICT
    if unmapped:
        reason = Reason.UNMAPPED_CATEGORY
    elif free and not fits:
        reason = Reason.OVER_CAPACITY
    held = (ask.allocation(pinned),) if free else ()
    values: dict[str, object] = {"rooms": held, "held": bool(held)}
    if in_category or outranked:
        values["manual_category_code"] = None
    why = f"pinned to {pinned}, which " + (
        "is not of the category now booked"
        if free and fits
        else "is too small for the party"
        if free
        else "is not free on the new nights"
    )
    leave(draft, placing, values, why, cell)
    draft.ask(
        reason,
        placing.line,
        details_of(draft, placing, why),
        proposals=proposed(draft, ask, stay),
    )


def is_counted(draft: Draft, stay: Stay) -> bool:
    """Whether the stay needs no room: its category is counted, and nobody gave it one by hand."""
    by_hand = stay.pinned_room is not None or stay.manual_category_code is not None
    return draft.house.units(stay.booked_category) is not None and not by_hand


def has_unit(draft: Draft, ask: Ask, category: str | None) -> bool:
    """Whether one more stay may be counted in a category on every night asked for (R9)."""
    units = draft.house.units(category) or 0
    counted = draft.plan.most_counted(category, ask.from_date, ask.to_date) if category else 0
    return counted < units


def _place_counted(draft: Draft, placing: Placing, stay: Stay, ask: Ask) -> None:
    """A category that is counted: no room is looked for, a person asked only beyond the last."""
    draft.cells.append(f"R9: {placing.row}")
    draft.freed = True
    category = stay.booked_category
    unmapped = placing.row is Row.UNMAPPED
    if not has_unit(draft, ask, category):
        reason = Reason.UNMAPPED_CATEGORY if unmapped else Reason.NO_ROOM
        leave_waiting(draft, placing, ask, reason, keeps_manual=False, rule="R9")
        return
    values: dict[str, object] = {"rooms": (), "held": False}
    leave(draft, placing, values, f"{category} is counted, not numbered", "R9")
    _settle_or_ask_unmapped(draft, placing, ask, unmapped=unmapped)


def _place_without_nights(draft: Draft, placing: Placing, stay: Stay) -> None:
    """Day use, or a stay whose nights are over: recorded, no automatic room (R9, A7)."""
    rule = "R9" if stay.arrival == stay.departure else "A7"
    past = placing.past(draft.today) if rule == "A7" else ()
    values: dict[str, object] = {"rooms": past, "held": False}
    leave(draft, placing, values, "no night to give a room for", rule)
    draft.cells.append(f"{rule}: no night")
    draft.settle(placing.line, ROOM_REASONS)
    if stay.arrival == stay.departure:
        draft.ask(
            Reason.REVIEW,
            placing.line,
            {"kind": "day_use", "why": "day use: arrival and departure on one day"},
            notice=True,
        )


def _end_day_use_review(draft: Draft, line: str) -> None:
    """A day use that became a night needs no look any more (R9)."""
    for task in draft.open_tasks(line):
        if task.reason is Reason.REVIEW and task.details.get("kind") == "day_use":
            draft.settle(line, [Reason.REVIEW])


def keep_and_ask_unmapped(draft: Draft, placing: Placing) -> None:
    """A code without a mapping alone: the room is kept, a person maps the code."""
    stay = draft.reservation.stay(placing.line)
    draft.cells.append(f"4: {placing.row} / {untouched_column(stay)}")
    present = stay.current_room(draft.today)
    ask_unmapped(
        draft, placing, Ask.of(draft.key(placing.line), stay, draft.policy, draft.today, present)
    )


def _claim(draft: Draft, placing: Placing) -> tuple[object, ...]:
    """Sorts the strongest claim first: begun, pinned, manual, held room, longest (A6)."""
    stay = draft.reservation.stay(placing.line)
    begun = standing(stay, draft.today) is not Standing.AHEAD
    nights = (stay.departure - stay.arrival).days
    return (
        not begun,
        stay.pinned_room is None,
        placing.manual is None,
        not stay.held,
        -nights,
        int(stay.line),
    )


def _settle_unmapped(draft: Draft, stay: Stay) -> None:
    """A code that maps again needs nobody's help, if the stay has its room."""
    if stay.base and stay.base.category is not None and not stay.is_waiting():
        draft.settle(stay.line, [Reason.UNMAPPED_CATEGORY])


def count_untouched(draft: Draft, stay: Stay, row: Row) -> None:
    """Note the cell of a stay that nobody moves."""
    if standing(stay, draft.today) is Standing.AHEAD:
        draft.cells.append(f"4: {row} / {untouched_column(stay)}")
