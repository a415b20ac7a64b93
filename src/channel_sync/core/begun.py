"""Stays that have begun or are over: recorded, put to a person, never moved (section 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum

from channel_sync.core.draft import Draft, changes_of, wish
from channel_sync.core.merge import Change, Verdict, merge_line, values_to_hold
from channel_sync.core.model import Allocation, Line, Reason, Stay, StayStatus
from channel_sync.core.place import Ask, is_free, party_of


class Standing(StrEnum):
    """Where a stay stands on a day, as far as the channel's messages are concerned."""

    AHEAD = "not begun"
    IN_HOUSE = "checked in"
    GONE = "checked out"
    NO_SHOW = "no-show"
    OFF = "cancelled by staff"


def standing(stay: Stay, today: date) -> Standing:
    """Where a stay stands: one not checked in by hand counts by its dates (rule A7)."""
    if stay.status is StayStatus.CHECKED_IN:
        return Standing.IN_HOUSE
    if stay.status is StayStatus.CHECKED_OUT:
        return Standing.GONE
    if stay.status is StayStatus.NO_SHOW:
        return Standing.NO_SHOW
    if stay.status is StayStatus.CANCELLED:
        return Standing.OFF
    if stay.status is StayStatus.ENQUIRY or stay.arrival >= today:
        return Standing.AHEAD
    return Standing.IN_HOUSE if stay.departure >= today else Standing.GONE


RECORDED: dict[Standing, frozenset[str]] = {
    Standing.IN_HOUSE: frozenset({"price"}),
    Standing.GONE: frozenset({"price", "occupancy", "dates", "category"}),
    Standing.NO_SHOW: frozenset({"price", "occupancy"}),
    Standing.OFF: frozenset({"price", "occupancy"}),
}
"""Aspects whose column takes theirs while the rooms do not move; remarks are always taken."""

WEIGHTY = frozenset({"dates", "occupancy", "price", "category", "unmapped category"})
"""Aspects that the table of begun stays speaks of one by one."""


def record_begun(
    draft: Draft, line: str, changes: tuple[Change, ...], category: Change | None, *, recoded: bool
) -> bool:
    """Record a channel change on a stay that has begun or ended; True if a person decides.

    The base has moved already. `category` is a change of the category booked, to one of ours or
    to a code of the channel's that means nothing to us; `recoded` says that the channel spoke of
    the category at all, be it to take a change back.
    """
    stay = draft.reservation.stay(line)
    where = standing(stay, draft.today)
    taken: dict[str, object] = {}
    wishes: list[dict[str, object]] = []
    spoken: set[str] = {"booked_category"} if recoded else set()
    for change in (*changes, *((category,) if category else ())):
        draft.cells.append(f"4 begun: {where} / {_column(change)}")
        wanted = values_to_hold(change)
        spoken |= set(wanted)
        if where is Standing.GONE and change.aspect == "unmapped category":
            continue  # nothing to record, and nobody sleeps there any more
        if _applies(draft, stay, where, change):
            taken |= wanted
            notice_replaced(draft, line, (change,))
        else:
            wishes += changes_of(stay, wanted)
    _take(draft, stay, where, taken, changes)
    return _ask_about(draft, line, where, wishes, spoken)


def remarks_of(stay: Stay, theirs: Line) -> dict[str, object]:
    """What a line says of a stay beyond dates, party, price and category."""
    changes = merge_line(stay.base or Line(), theirs, stay)
    light = [change for change in changes if change.aspect not in WEIGHTY]
    return {name: value for change in light for name, value in values_to_hold(change).items()}


def _column(change: Change) -> str:
    """The column of the table of begun stays that a change comes under."""
    if change.aspect != "dates":
        return change.aspect
    return "departure" if change.base[0] == change.theirs[0] else "arrival"


def _applies(draft: Draft, stay: Stay, where: Standing, change: Change) -> bool:
    """Whether the value is the channel's to set on a stay that stands there."""
    if change.aspect not in WEIGHTY or change.aspect in RECORDED[where]:
        return True
    if where is not Standing.IN_HOUSE:
        return False
    wanted = replace(stay, **values_to_hold(change))  # type: ignore[arg-type]
    if change.aspect == "occupancy":
        return party_of(wanted, draft.policy) <= _beds(draft, stay)
    return change.aspect == "dates" and _may_extend(draft, stay, wanted)


def _beds(draft: Draft, stay: Stay) -> int:
    """How many the stay's room holds, or its category where that is counted; else none."""
    here = stay.current_room(draft.today)
    rooms = {room.code: room.capacity for room in draft.house.rooms}
    counted = {c.code: c.capacity for c in draft.house.categories if c.units is not None}
    return rooms.get(here or "", counted.get(stay.booked_category or "", 0))


def _may_extend(draft: Draft, stay: Stay, wanted: Stay) -> bool:
    """Whether the policy lets the guest stay on in the same room, and that room is free."""
    room = stay.rooms[-1].room if stay.rooms else None
    later = wanted.arrival == stay.arrival and wanted.departure > stay.departure
    if draft.policy.extend_in_house != "same_room" or not later or room is None:
        return False
    ask = Ask(draft.key(stay.line), stay.departure, wanted.departure, 0, draft.today)
    return is_free(draft.plan, ask, room)


def _take(
    draft: Draft,
    stay: Stay,
    where: Standing,
    taken: dict[str, object],
    changes: tuple[Change, ...],
) -> None:
    """Write what is taken, the room stretched along with an extension."""
    # A hold that the party now fits is the planner's to settle.
    draft.freed = draft.freed or (stay.held and "adults" in taken)
    if taken.get("booked_category") == stay.manual_category_code:
        taken["manual_category_code"] = None
    if where is Standing.IN_HOUSE and "departure" in taken and stay.rooms:
        last = stay.rooms[-1]
        until: date = taken["departure"]  # type: ignore[assignment]
        taken["rooms"] = (*stay.rooms[:-1], Allocation(last.room, last.from_date, until))
    draft.change(
        "modified",
        stay.line,
        taken,
        reason=f"recorded: the stay is {where}",
        rule=f"4 begun: {where}",
    )
    if "rooms" in taken:
        draft.set_down(stay.line)
    price = next((c for c in changes if c.aspect == "price"), None)
    asked = price is not None and price.verdict is not Verdict.AGREE
    if price is not None and asked and where in {Standing.IN_HOUSE, Standing.GONE}:
        draft.ask(
            Reason.PRICE_DIFFERENCE,
            stay.line,
            {
                "why": f"the channel changed the price of a stay that is {where}",
                "changes": [
                    wish(stay.line, name, old, new)
                    for name, old, new in zip(price.fields, price.ours, price.theirs, strict=True)
                    if old != new
                ],
            },
        )


def notice_replaced(draft: Draft, line: str | None, changes: tuple[Change, ...]) -> None:
    """Tell staff that values of theirs gave way to the channel's (section 1)."""
    replaced = [
        wish(line, name, old, new)
        for change in changes
        if change.verdict is Verdict.REPLACE
        for name, old, new in zip(change.fields, change.ours, change.theirs, strict=True)
        if old != new
    ]
    if not replaced:
        return
    known = next(
        (t for t in draft.open_tasks(line) if t.reason is Reason.LOCAL_VALUE_REPLACED), None
    )
    earlier = known.details.get("changes", []) if known else []
    names = {change["field"] for change in replaced}
    kept = [c for c in earlier if c["field"] not in names]  # type: ignore[attr-defined]
    draft.ask(
        Reason.LOCAL_VALUE_REPLACED,
        line,
        {"why": "staff and channel changed the same value", "changes": [*kept, *replaced]},
        notice=True,
    )


REASON_OF: dict[Standing, Reason] = {
    Standing.IN_HOUSE: Reason.IN_HOUSE_CHANGE,
    Standing.NO_SHOW: Reason.STATUS_CONFLICT,
    Standing.OFF: Reason.STATUS_CONFLICT,
}
"""Whom a change that may not be applied is put to."""


def _ask_about(
    draft: Draft,
    line: str,
    where: Standing,
    wishes: list[dict[str, object]],
    spoken: set[str],
) -> bool:
    """Open, renew or take back the task about what the channel wants of such a stay.

    `spoken` are the fields that the channel spoke of just now: an earlier wish about one of
    them is out of date. True if a wish of this message goes to a person.
    """
    reason = REASON_OF.get(where)
    if reason is None:
        return False
    known = next((t for t in draft.open_tasks(line) if t.reason is reason), None)
    earlier: list[dict[str, object]] = known.details.get("changes", []) if known else []  # type: ignore[assignment]
    kept = [c for c in earlier if c["field"] not in spoken and c["field"] != "status"]
    if not kept and not wishes:
        if known is not None and spoken & {str(change["field"]) for change in earlier}:
            draft.settle(line, [reason])
        return False
    status = draft.reservation.stay(line).status
    revived = (
        [wish(line, "status", status.value, StayStatus.CONFIRMED.value)]
        if where in {Standing.NO_SHOW, Standing.OFF}
        else []
    )
    if wishes or kept != earlier:
        why = f"the channel changed a stay that is {where}"
        draft.ask(reason, line, {"why": why, "changes": [*revived, *kept, *wishes]})
    return bool(wishes)


def drop_wishes(draft: Draft, line: str, spoken: set[str]) -> None:
    """End what a person was asked of a stay that is ahead again, where the channel spoke anew."""
    known = spoken | {"status"}
    asked = [
        task.reason
        for task in draft.open_tasks(line)
        if task.reason in {Reason.IN_HOUSE_CHANGE, Reason.STATUS_CONFLICT}
        and {str(change["field"]) for change in task.details.get("changes", [])} <= known  # type: ignore[attr-defined]
    ]
    draft.settle(line, asked)


def cancel_begun(draft: Draft, line: str, rule: str) -> bool:
    """A cancel of a stay that has begun or ended; True if a person decides."""
    stay = draft.reservation.stay(line)
    where = standing(stay, draft.today)
    draft.cells.append(f"4 begun: {where} / cancel")
    if where is Standing.NO_SHOW:
        return False
    if where is Standing.OFF:
        draft.settle(line, [Reason.STATUS_CONFLICT])
        reason = "the channel cancelled it too"
        draft.change("cancelled", line, {"cancelled_by": "channel"}, reason=reason, rule=rule)
        return False
    wanted = Reason.IN_HOUSE_CANCELLATION if where is Standing.IN_HOUSE else Reason.STATUS_CONFLICT
    draft.ask(
        wanted,
        line,
        {
            "why": f"the channel cancelled a stay that is {where}",
            "changes": [wish(line, "status", stay.status.value, StayStatus.CANCELLED.value)],
            "rule": rule,
        },
    )
    return True
