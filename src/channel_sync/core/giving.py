"""What a placed stay gets written: a room, a hold, or a task for a person."""

from __future__ import annotations

from channel_sync.core.draft import Draft, plain
from channel_sync.core.model import ROOM_REASONS, Proposal, Reason, Stay
from channel_sync.core.place import Ask, Offer, is_free, join_rooms
from channel_sync.core.proposals import propose
from channel_sync.core.table import Placing, Row, waits_frozen


def give_room(
    draft: Draft, placing: Placing, ask: Ask, offer: Offer, *, ends_manual: bool, rule: str
) -> None:
    """The stay gets a room for its nights."""
    stay = draft.reservation.stay(placing.line)
    before = placing.room_before(draft.today)
    values: dict[str, object] = {
        "rooms": join_rooms(placing.past(draft.today), ask.allocation(offer.room)),
        "held": False,
        "last_room": None,
    }
    if ends_manual:
        values["manual_category_code"] = None
    if offer.room != before:
        values["room_chosen_by_staff"] = False
    draft.change(
        _name_of_move(before, offer.room),
        placing.line,
        values,
        reason=_why_given(draft, stay, ask, offer, before),
        rule=rule,
    )
    if before is not None and offer.room != before:
        draft.freed = True
        _review_if_today(draft, placing, stay, before, offer.room)
    elif placing.rooms and draft.reservation.stay(placing.line).rooms != placing.rooms:
        draft.freed = True


def _name_of_move(before: str | None, room: str) -> str:
    """What it is called when a stay gets a room."""
    if before is None:
        return "placed"
    return "kept room" if before == room else "moved"


def _why_given(draft: Draft, stay: Stay, ask: Ask, offer: Offer, before: str | None) -> str:
    """The reason of a room in a sentence."""
    category = draft.house.category_of(offer.room)
    manual = stay.manual_category_code
    moved = draft.made_room.get(stay.line)
    if moved is not None:
        others = "another stay" if moved == 1 else f"{moved} other stays"
        return f"{offer.room} is free now: {others} moved within {category}"
    if offer.room == before:
        if stay.pinned_room == offer.room:
            return f"{offer.room} is pinned and free on the nights wanted"
        if category == manual:
            return f"{offer.room} keeps the manual category {category}: free on the nights wanted"
        return f"{offer.room} is still free on the nights wanted"
    if stay.pinned_room == offer.room:
        return f"back in {offer.room}, where staff pinned the stay"
    if offer.room == ask.present:
        return f"back in {offer.room}, its room before, which is free on the nights wanted"
    idle = draft.plan.idle_nights(offer.room, ask.from_date, ask.to_date, ask.today)
    return f"best fit in {category}: {offer.room} leaves {idle} idle nights around the stay"


def hold_too_small(
    draft: Draft,
    placing: Placing,
    ask: Ask,
    offer: Offer,
    *,
    keeps_manual: bool,
    rule: str,
    unmapped: bool,
) -> None:
    """Only rooms too small are free: the best of them is held and a person asked."""
    why = f"{offer.room} is the best free room, but too small for the party of {ask.party}"
    values: dict[str, object] = {"rooms": (ask.allocation(offer.room),), "held": True}
    if not keeps_manual:
        values["manual_category_code"] = None
    leave(draft, placing, values, why, rule)
    stay = draft.reservation.stay(placing.line)
    details = details_of(draft, placing, why)
    if keeps_manual and _asks_at_once(draft):
        details["left_to_a_person"] = True
    draft.ask(
        Reason.UNMAPPED_CATEGORY if unmapped else Reason.OVER_CAPACITY,
        placing.line,
        details,
        proposals=proposed(draft, ask, stay),
    )


def leave_waiting(
    draft: Draft, placing: Placing, ask: Ask, reason: Reason, *, keeps_manual: bool, rule: str
) -> None:
    """ASSIGN: a person is asked; the present room is held where it is free."""
    stay = draft.reservation.stay(placing.line)
    present = placing.room_before(draft.today)
    held = present is not None and is_free(draft.plan, ask, present)
    rooms = (ask.allocation(present),) if held and present is not None else ()
    values: dict[str, object] = {"rooms": rooms, "held": held}
    if not keeps_manual:
        values["manual_category_code"] = None
    category = stay.booked_category
    why = (
        f"the channel's category {stay.base.category_code if stay.base else None} has no mapping"
        if reason is Reason.UNMAPPED_CATEGORY
        else f"no room of {category} is free on the nights wanted"
    )
    details: dict[str, object] = {}
    if _is_frozen(draft, placing):
        why = "the policy freeze_room leaves a change of category to a person"
        details["left_to_a_person"] = True
    if placing.manual is not None and keeps_manual and _asks_at_once(draft):
        why = f"no room of {placing.manual} is free, and the policy leaves it to a person"
        details["left_to_a_person"] = True
    leave(draft, placing, values, why, rule)
    draft.ask(
        reason,
        placing.line,
        {**details_of(draft, placing, why), **details},
        proposals=proposed(draft, ask, stay),
    )


def _asks_at_once(draft: Draft) -> bool:
    return draft.policy.manual_category_full == "assign"


def _is_frozen(draft: Draft, placing: Placing) -> bool:
    """Whether a change of category, now or before, is a person's to carry out."""
    if draft.policy.ota_room_policy != "freeze_room":
        return False
    return placing.row is Row.TO_THIRD or waits_frozen(draft, placing)


def leave(draft: Draft, placing: Placing, values: dict[str, object], why: str, rule: str) -> None:
    """The stay waits: it holds a room for now, or has none and remembers the last one."""
    before = placing.room_before(draft.today)
    if not values["rooms"]:
        values["last_room"] = before or draft.reservation.stay(placing.line).last_room
    now = values["rooms"]
    name = "held room" if values["held"] else "released" if placing.rooms and not now else "waits"
    draft.change(name, placing.line, values, reason=why, rule=rule)
    if placing.rooms and draft.reservation.stay(placing.line).rooms != placing.rooms:
        draft.freed = True


def proposed(draft: Draft, ask: Ask, stay: Stay) -> tuple[Proposal, ...]:
    """The ways out that need no search for moves: the planner adds those after the commit."""
    category, reference = stay.booked_category, draft.reservation.reference
    return propose(
        draft.house, draft.plan, ask, category, reference=reference, pinned=stay.pinned_room
    )


def ask_unmapped(draft: Draft, placing: Placing, ask: Ask) -> None:
    stay = draft.reservation.stay(placing.line)
    code = stay.base.category_code if stay.base else None
    waiting = stay.is_waiting()
    draft.ask(
        Reason.UNMAPPED_CATEGORY,
        placing.line,
        details_of(draft, placing, f"the channel's category {code} has no mapping"),
        proposals=proposed(draft, ask, stay) if waiting else (),
    )


def notice_manual_dropped(draft: Draft, line: str, manual: str | None, given: str) -> None:
    draft.ask(
        Reason.MANUAL_CATEGORY_DROPPED,
        line,
        {
            "why": f"the manual category {manual} was given up for {given}",
            "manual_category": manual,
            "given": given,
        },
        notice=True,
    )


def _review_if_today(draft: Draft, placing: Placing, stay: Stay, before: str, room: str) -> None:
    """A stay that arrives today and was moved is worth a look at the desk."""
    arrivals = {stay.arrival, *(a.from_date for a in placing.rooms[:1])}
    if draft.today in arrivals:
        draft.ask(
            Reason.REVIEW,
            placing.line,
            {"kind": "moved_today", "why": f"moved from {before} to {room} on the day of arrival"},
            notice=True,
        )


def asked_changes(draft: Draft, line: str) -> list[object]:
    """What changed, as the open room task of a stay tells it: renewing a task forgets nothing."""
    tasks = [t for t in draft.open_tasks(line) if t.reason in ROOM_REASONS]
    return [change for task in tasks for change in task.details.get("changes", [])]  # type: ignore[attr-defined]


def details_of(draft: Draft, placing: Placing, why: str) -> dict[str, object]:
    """What a room task tells a person; a block that stands in the way is named (R10)."""
    stay = draft.reservation.stay(placing.line)
    details: dict[str, object] = {
        "why": why,
        "changes": list(placing.changes) or asked_changes(draft, placing.line),
        "category": stay.booked_category,
        "arrival": stay.arrival.isoformat(),
        "departure": stay.departure.isoformat(),
        **gave_up_note(draft),
    }
    meant = (placing.room_before(draft.today), stay.pinned_room, stay.last_room)
    here = max(stay.arrival, draft.today)
    block = draft.house.block_over({room for room in meant if room}, here, stay.departure)
    if block is not None:
        details |= {"why": f"{why}; {block}", "block": plain(block)}
    return details


def gave_up_note(draft: Draft) -> dict[str, object]:
    """What a task tells of a search for moves that hit its budget; nothing where none did."""
    budget = draft.policy.reshuffle_node_budget
    note = f"the search for moves ended at its budget of {budget}: a better plan may exist"
    return {"search": note} if draft.gave_up else {}
