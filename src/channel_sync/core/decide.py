"""What a revision does to its reservation: changes and the decision table → events and tasks."""

from __future__ import annotations

from dataclasses import replace

from channel_sync.core.begun import Standing, remarks_of, standing
from channel_sync.core.draft import Draft, changes_of, plain, wish
from channel_sync.core.evolve import BASE, BOOKING_BASE, facts_between
from channel_sync.core.header import (
    fee_facts,
    flag_fact,
    header_facts,
    reference_facts,
    take_header,
)
from channel_sync.core.lines import (
    add_lines,
    cancel_line,
    drop_line,
    lists_everything,
    revive,
    take_lines,
    take_pair,
)
from channel_sync.core.match import pair_lines
from channel_sync.core.merge import (
    LINE_FIELDS,
    changed_facts,
    merge_header,
    merged,
    overlay_header,
)
from channel_sync.core.model import (
    Fact,
    Header,
    Outcome,
    Reason,
    Reservation,
    Revision,
    Said,
    StayStatus,
)
from channel_sync.core.rooms import place_all


def create(draft: Draft, revision: Revision) -> Outcome:
    """Make the booking: every line a stay, placed as a new line (also from a tombstone)."""
    enquiry = revision.said is Said.ENQUIRY
    facts = [
        *reference_facts(draft, revision),
        *header_facts(draft, revision.header, is_live=True),
        *flag_fact(draft, "created_from_modification", now=revision.said is Said.MODIFIED),
        *flag_fact(draft, "is_tombstone", now=False),
    ]
    status = StayStatus.ENQUIRY if enquiry else StayStatus.CONFIRMED
    lines = pair_lines((), revision.lines or (), draft.today).new_lines
    placings = add_lines(draft, lines, "created", status, facts)
    draft.settle(None, [Reason.ORIGINAL_MISSING, Reason.STATUS_CONFLICT])
    if enquiry:
        return Outcome.ENQUIRY
    place_all(draft, placings)
    return Outcome.CREATED


def entomb(draft: Draft, revision: Revision) -> Outcome:
    """Leave a tombstone for a cancel of an unknown booking, and ask for the original (M5)."""
    facts = [
        *reference_facts(draft, revision),
        *flag_fact(draft, "is_tombstone", now=True),
        Fact(BOOKING_BASE + "is_live", None, new=False),
        *fee_facts(draft, revision),
    ]
    draft.record("tombstoned", None, facts, reason="cancelled before it was known", rule="M5")
    why = "the channel cancelled a booking that never arrived"
    draft.ask(Reason.ORIGINAL_MISSING, None, {"why": why, "changes": []})
    return Outcome.TOMBSTONED


def modify(draft: Draft, revision: Revision) -> Outcome:
    """Take a new or modified revision of a live booking: merge, then place what must move."""
    header = take_header(draft, revision)
    taken = take_lines(draft, revision)
    place_all(draft, taken.placings)
    if taken.deferred:
        return Outcome.DEFERRED
    if taken.booked:
        return Outcome.CREATED
    if not header and not taken.changed:
        return Outcome.UNCHANGED
    return Outcome.ENQUIRY if revision.said is Said.ENQUIRY else Outcome.MODIFIED


def cancel(draft: Draft, revision: Revision) -> Outcome:
    """Cancel all lines, whatever the message lists; nothing but status and fee moves (M13)."""
    was_cancelled = draft.reservation.is_cancelled
    was_live = draft.reservation.base is None or draft.reservation.base.is_live
    facts = [*reference_facts(draft, revision), *fee_facts(draft, revision)]
    if was_live:
        facts.append(Fact(BOOKING_BASE + "is_live", old=True, new=False))
    draft.record("cancelled", None, facts, reason="the channel cancelled it", rule="M13")
    deferred = False
    live_before = sum(not stay.is_cancelled for stay in draft.reservation.stays)
    for stay in draft.reservation.stays:
        if stay.base is None:
            if not stay.is_cancelled:
                why = "the channel cancelled the booking that staff added this stay to"
                draft.ask(Reason.REVIEW, stay.line, {"kind": "added_stay", "why": why})
        elif stay.cancelled_by != "channel" and (was_live or not stay.is_cancelled):
            deferred |= cancel_line(draft, stay.line, "M13")
    if draft.reservation.is_cancelled and not draft.reservation.is_tombstone:
        draft.settle_all(None)
    if was_cancelled and not was_live:
        return Outcome.MODIFIED if facts else Outcome.UNCHANGED
    if deferred:
        return Outcome.DEFERRED
    live_after = sum(not stay.is_cancelled for stay in draft.reservation.stays)
    cancelled = draft.reservation.is_cancelled or live_after < live_before
    return Outcome.CANCELLED if cancelled else Outcome.MODIFIED


def reinstate(draft: Draft, revision: Revision) -> Outcome:
    """Bring a cancelled booking back as the channel now describes it (M14)."""
    if draft.reservation.is_tombstone:
        return create(draft, revision)
    draft.settle(None, [Reason.STATUS_CONFLICT])
    take_header(draft, revision)
    pairing = pair_lines(draft.reservation.stays, revision.lines or (), draft.today)
    placings = []
    for stay, line in pairing.pairs:
        if stay.is_cancelled and line.is_live:
            placings.append(revive(draft, stay, line, "M14"))
        else:
            placings += take_pair(draft, stay, line).placings
    placings += add_lines(draft, pairing.new_lines, "created", StayStatus.CONFIRMED, [])
    if lists_everything(revision):
        for stay in pairing.gone:
            drop_line(draft, stay)
    place_all(draft, placings)
    return Outcome.REINSTATED


def fill_in(draft: Draft, revision: Revision) -> Outcome:
    """Record newer content under a later cancel: no room, no task, one row by the system (M6)."""
    draft.actor_type = "system"
    reason = "content newer than that held, under a later cancel"
    facts = [
        *header_facts(draft, revision.header, is_live=False),
        *flag_fact(draft, "is_tombstone", now=False),
    ]
    pairing = pair_lines(draft.reservation.stays, revision.lines or (), draft.today)
    for stay, line in pairing.pairs:
        theirs = draft.base_after(stay, line)
        values = merged(stay, theirs) if stay.is_cancelled else remarks_of(stay, theirs)
        facts += changed_facts(stay, values)
        facts += facts_between(stay.base, theirs, LINE_FIELDS, BASE)
        draft.record("filled in", stay.line, facts, reason=reason, rule="M6")
        facts = []
    add_lines(draft, pairing.new_lines, "filled in", StayStatus.CANCELLED, facts, reason=reason)
    if lists_everything(revision):
        for stay in pairing.gone:
            drop_line(draft, stay)
    draft.settle(None, [Reason.ORIGINAL_MISSING])
    return Outcome.STALE


def defer(draft: Draft, revision: Revision) -> Outcome:
    """Put it to a person whether a cancelled booking lives again: no order can tell (M9, M14).

    What the channel says becomes base only if the person accepts, so the task carries it.
    """
    tombstone = draft.reservation.is_tombstone
    facts = header_facts(draft, revision.header, is_live=False) if tombstone else []
    facts += flag_fact(draft, "is_tombstone", now=False)
    pairing = pair_lines(draft.reservation.stays, revision.lines or (), draft.today)
    reason = "recorded as cancelled until a person decides"
    before = {stay.line for stay in draft.reservation.stays}
    add_lines(draft, pairing.new_lines, "deferred", StayStatus.CANCELLED, facts, reason=reason)
    wishes: list[dict[str, object]] = []
    bases: dict[str, object] = {}
    for stay, line in pairing.pairs:
        theirs = draft.base_after(stay, line)
        bases[stay.line] = plain(theirs)
        wishes.append(wish(stay.line, "status", "cancelled", "confirmed"))
        wishes += changes_of(stay, merged(stay, theirs))
    wishes += [
        wish(stay.line, "status", "cancelled", "confirmed")
        for stay in draft.reservation.stays
        if stay.line not in before
    ]
    known = draft.reservation.base or Header()
    header = replace(overlay_header(known, revision.header), is_live=True)
    wishes += [
        wish(None, name, old, new)
        for change in merge_header(known, header, draft.reservation)
        for name, old, new in zip(change.fields, change.ours, change.theirs, strict=True)
        if old != new
    ]
    draft.settle(None, [Reason.ORIGINAL_MISSING])
    details: dict[str, object] = {
        "why": f"the booking is cancelled, and now the channel says {revision.said.value}",
        "changes": wishes,
        "bases": bases,
        "booking_base": plain(header),
    }
    draft.ask(Reason.STATUS_CONFLICT, None, details)
    return Outcome.DEFERRED


def absorb(draft: Draft, heir: Reservation) -> None:
    """Call off a booking that turns out to be an older reference of another one (M12)."""
    for stay in draft.reservation.stays:
        if standing(stay, draft.today) is Standing.AHEAD:
            cancel_line(draft, stay.line, "M12")
    facts = [
        Fact(BOOKING_BASE + "is_live", old=True, new=False),
        Fact("replaced_by", None, heir.reservation_id),
    ]
    draft.record(
        "replaced", None, facts, reason=f"the booking goes on as {heir.reference}", rule="M12"
    )
    draft.settle_all(None)
