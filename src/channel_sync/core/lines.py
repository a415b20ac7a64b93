"""What the channel says of room lines: taken, added, brought back, cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from channel_sync.core.begun import (
    Standing,
    cancel_begun,
    drop_wishes,
    notice_replaced,
    record_begun,
    standing,
)
from channel_sync.core.draft import Draft, changes_of
from channel_sync.core.evolve import BASE, STAY_FIELDS, facts_between
from channel_sync.core.header import withdraw_cancellation_of
from channel_sync.core.match import pair_lines
from channel_sync.core.merge import (
    LINE_FIELDS,
    Change,
    category_change,
    changed_facts,
    is_moved,
    merge_line,
    merged,
    says_nothing_new,
    unknown_category,
    values_to_hold,
)
from channel_sync.core.model import Fact, Line, Revision, Said, Stay, StayStatus
from channel_sync.core.rooms import count_untouched
from channel_sync.core.table import Placing, Row, untouched_column


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking the lines of a revision came to, before any room is looked for."""

    placings: tuple[Placing, ...] = ()
    changed: bool = False
    deferred: bool = False
    booked: bool = False
    """Whether an enquiry became a booking."""


def take_lines(draft: Draft, revision: Revision) -> Taken:
    """Record what the revision says of its lines; rooms come later."""
    if revision.lines is None:
        return Taken()
    pairing = pair_lines(draft.reservation.stays, revision.lines, draft.today)
    parts = [take_pair(draft, stay, line, revision.said) for stay, line in pairing.pairs]
    enquiry = revision.said is Said.ENQUIRY
    status = StayStatus.ENQUIRY if enquiry else StayStatus.CONFIRMED
    new_lines = tuple(line for line in pairing.new_lines if line.is_live)
    added = add_lines(draft, new_lines, "created", status, [])
    deferred = False
    gone = pairing.gone if lists_everything(revision) else ()
    for stay in gone:
        deferred |= _cancel_gone(draft, stay, "M11")
    return Taken(
        placings=(*(p for part in parts for p in part.placings), *(() if enquiry else added)),
        changed=any(part.changed for part in parts) or bool(new_lines) or bool(gone),
        deferred=deferred or any(part.deferred for part in parts),
        booked=any(part.booked for part in parts),
    )


def take_pair(draft: Draft, stay: Stay, line: Line, said: Said = Said.MODIFIED) -> Taken:
    """Record what a line says of the stay it is."""
    base = stay.base or Line()
    if not line.is_live:
        if not base.is_live:
            return Taken()
        return Taken(changed=True, deferred=_cancel_gone(draft, stay, "M11"))
    if stay.cancelled_by == "channel":
        placing = revive(draft, stay, line, "M11", said)
        return Taken(placings=() if said is Said.ENQUIRY else (placing,), changed=True)
    if not base.is_live:
        withdraw_cancellation_of(draft, stay.line)
    theirs = draft.base_after(stay, line)
    if says_nothing_new(base, theirs) and stay.status is not StayStatus.ENQUIRY:
        draft.rename(stay, theirs)
        count_untouched(draft, stay, Row.REPEATED)
        return Taken()
    changes = merge_line(base, theirs, stay)
    category = category_change(stay, theirs)
    if standing(stay, draft.today) is not Standing.AHEAD:
        base_facts = facts_between(base, theirs, LINE_FIELDS, BASE)
        draft.record("revision taken", stay.line, base_facts, rule="4 begun")
        recoded = theirs.category_code != base.category_code
        if recoded and category is None and theirs.category is None:
            category = unknown_category(stay, theirs)
        deferred = record_begun(draft, stay.line, changes, category, recoded=recoded)
        return Taken(_placed_after_all(draft, stay), changed=True, deferred=deferred)
    return _take_ahead(draft, stay, theirs, said, changes, category)


def _take_ahead(
    draft: Draft,
    stay: Stay,
    theirs: Line,
    said: Said,
    changes: tuple[Change, ...],
    category: Change | None,
) -> Taken:
    """Record a channel change on a stay that has not begun; its room comes later."""
    base = stay.base or Line()
    booked = stay.status is StayStatus.ENQUIRY and said is not Said.ENQUIRY
    base_facts = facts_between(base, theirs, LINE_FIELDS, BASE)
    values = {name: v for change in changes for name, v in values_to_hold(change).items()}
    if booked:
        values["status"] = StayStatus.CONFIRMED
    row = _row(draft, stay, theirs, category, values)
    if category is not None:
        values |= values_to_hold(category)
    if row is Row.TO_MANUAL:
        values["manual_category_code"] = None
    facts = changed_facts(stay, values)
    reason = "the channel changed " + ", ".join(_aspects(changes, category, base, theirs))
    draft.record("modified", stay.line, [*facts, *base_facts], reason=reason, rule="1, 3")
    notice_replaced(draft, stay.line, changes)
    drop_wishes(draft, stay.line, set(values))
    placing = Placing(
        line=stay.line,
        row=Row.NEW if booked else row,
        moved=is_moved(stay, values),
        rooms=stay.rooms,
        manual=stay.manual_category_code,
        changes=tuple(changes_of(stay, {f.field: f.new for f in facts})),
    )
    placings = () if said is Said.ENQUIRY else (placing,)
    return Taken(placings=placings, changed=bool(facts or base_facts), booked=booked)


def _placed_after_all(draft: Draft, stay: Stay) -> tuple[Placing, ...]:
    """A stay that was over by its dates alone (A7), and by the dates recorded is not any more."""
    after = draft.reservation.stay(stay.line)
    if after.status is not StayStatus.CONFIRMED:
        return ()
    if standing(stay, draft.today) is not Standing.GONE:
        return ()
    if standing(after, draft.today) is Standing.GONE:
        return ()
    return (Placing(stay.line, Row.MOVED, rooms=stay.rooms, manual=stay.manual_category_code),)


def _row(
    draft: Draft, stay: Stay, theirs: Line, category: Change | None, values: dict[str, object]
) -> Row:
    """The row of the table that these changes come under, the weightiest first."""
    base = stay.base or Line()
    code_changed = theirs.category_code != base.category_code
    moved = is_moved(stay, values)
    if theirs.category is None and theirs.category_code is not None and (code_changed or moved):
        return Row.UNMAPPED
    if category is not None:
        wanted = category.theirs[0]
        manual = stay.manual_category_code
        pinned = draft.house.category_of(stay.pinned_room)
        return Row.TO_MANUAL if wanted in {manual, pinned} - {None} else Row.TO_THIRD
    if moved or (code_changed and base.category is None and stay.is_waiting()):
        return Row.MOVED
    return Row.QUIET


def _aspects(
    changes: tuple[Change, ...], category: Change | None, base: Line, theirs: Line
) -> list[str]:
    """What changed, in words for a reason."""
    named = [change.aspect.replace("_", " ") for change in changes]
    if category is not None:
        named.append("the category")
    elif theirs.category_code != base.category_code:
        named.append("the category's code")
    return named or ["details"]


def add_lines(
    draft: Draft,
    lines: Iterable[Line],
    name: str,
    status: StayStatus,
    facts: list[Fact],
    reason: str = "",
) -> tuple[Placing, ...]:
    """Make a stay of each line; the facts of the booking go into the first one's row."""
    placings = []
    rule = "M11" if name == "created" else "M6"
    for line in lines:
        number = str(max((int(s.line) for s in draft.reservation.stays), default=0) + 1)
        category = draft.house.map_category(draft.reservation.channel, line.category_code)
        base = replace(line, category=category)
        blank = Stay(number, status, base.arrival, base.departure)  # type: ignore[arg-type]
        stay = replace(blank, **merged(blank, base))  # type: ignore[arg-type]
        if status is StayStatus.CANCELLED or not line.is_live:
            stay = replace(stay, status=StayStatus.CANCELLED, cancelled_by="channel")
        stay_facts = [f for f in facts_between(None, stay, STAY_FIELDS) if f.new is not False]
        draft.record(
            name,
            number,
            [*facts, *stay_facts, *facts_between(None, base, LINE_FIELDS, BASE)],
            reason=reason,
            rule=rule,
        )
        facts = []
        if not stay.is_cancelled:
            placings.append(Placing(number, Row.NEW))
    if facts:
        draft.record(name, None, facts, reason=reason, rule=rule)
    return tuple(placings)


def revive(draft: Draft, stay: Stay, line: Line, rule: str, said: Said = Said.MODIFIED) -> Placing:
    """A cancelled stay comes back: notes and guest kept, manual decisions gone (M14)."""
    theirs = draft.base_after(stay, line)
    code = theirs.category_code  # received anew, so mapped anew
    theirs = replace(theirs, category=draft.house.map_category(draft.reservation.channel, code))
    values = {
        **merged(stay, theirs),
        "booked_category": theirs.category or stay.booked_category,
        "status": StayStatus.ENQUIRY if said is Said.ENQUIRY else StayStatus.CONFIRMED,
        "cancelled_by": None,
        "manual_category_code": None,
        "pinned_room": None,
        "held": False,
    }
    facts = changed_facts(stay, values)
    draft.record(
        "reinstated",
        stay.line,
        [*facts, *facts_between(stay.base, theirs, LINE_FIELDS, BASE)],
        reason="the channel brought it back",
        rule=rule,
    )
    return Placing(stay.line, Row.REINSTATED, first_choice=stay.last_room)


def _cancel_gone(draft: Draft, stay: Stay, rule: str) -> bool:
    """A line that has gone is cancelled, that stay alone; True if a person decides."""
    drop_line(draft, stay)
    if stay.cancelled_by == "channel":
        return False
    return cancel_line(draft, stay.line, rule)


def drop_line(draft: Draft, stay: Stay) -> None:
    """The channel no longer speaks of this line."""
    facts = [Fact(BASE + "is_live", old=True, new=False)]
    draft.record("line gone", stay.line, facts, reason="no longer in the message", rule="M11")


def cancel_line(draft: Draft, line: str, rule: str) -> bool:
    """Cancel one stay and release its room, or ask where it has begun; True if asked."""
    stay = draft.reservation.stay(line)
    if standing(stay, draft.today) is not Standing.AHEAD:
        return cancel_begun(draft, line, rule)
    draft.cells.append(f"4: {Row.CANCEL} / {untouched_column(stay)}")
    draft.freed = True
    draft.lift(line)
    values: dict[str, object] = {
        "status": StayStatus.CANCELLED,
        "cancelled_by": "channel",
        "rooms": (),
        "held": False,
        "pinned_room": None,
        "manual_category_code": None,
        "last_room": stay.current_room(draft.today),
    }
    draft.change("cancelled", line, values, reason="cancelled by the channel", rule=rule)
    draft.settle_all(line)
    return False


def lists_everything(revision: Revision) -> bool:
    """Whether a line that the revision leaves out has gone (M2, M11)."""
    return revision.completeness.value == "full"
