"""What the channel says of a booking as a whole: references, contact, remarks, payment, fee."""

from __future__ import annotations

from dataclasses import fields, replace

from channel_sync.core.begun import notice_replaced
from channel_sync.core.draft import Draft
from channel_sync.core.evolve import BOOKING_BASE, BOOKING_FIELDS, facts_between
from channel_sync.core.merge import (
    Verdict,
    is_nothing,
    merge_header,
    overlay_header,
    values_to_hold,
)
from channel_sync.core.model import Fact, Header, Reason, Revision

HEADER_FIELDS = tuple(f.name for f in fields(Header))


def take_header(draft: Draft, revision: Revision) -> bool:
    """Record what the revision says of the booking as a whole; True if anything changed."""
    facts = [
        *reference_facts(draft, revision),
        *header_facts(draft, revision.header, is_live=True),
    ]
    base = draft.reservation.base or Header()
    changes = merge_header(base, overlay_header(base, revision.header), draft.reservation)
    named = [change.aspect.replace("_", " ") for change in changes]
    reason = "the channel changed " + (", ".join(named) or "details of the booking")
    draft.record("modified", None, facts, reason=reason, rule="1, 3")
    notice_replaced(draft, None, changes)
    if any(fact.field == BOOKING_BASE + "is_live" for fact in facts):
        _withdraw_cancellation(draft)
    return bool(facts)


def _withdraw_cancellation(draft: Draft) -> None:
    """The channel takes a cancel back that a person was asked about (section 4, begun)."""
    for stay in draft.reservation.stays:
        withdraw_cancellation_of(draft, stay.line)


def withdraw_cancellation_of(draft: Draft, line: str) -> None:
    """The channel speaks of one stay again as live."""
    draft.settle(line, [Reason.IN_HOUSE_CANCELLATION])
    for task in draft.open_tasks(line):
        added = task.reason is Reason.REVIEW and task.details.get("kind") == "added_stay"
        gone = task.reason is Reason.STATUS_CONFLICT and _asks_to_cancel(task.details)
        if added or gone:
            draft.settle(line, [task.reason])


def _asks_to_cancel(details: dict[str, object]) -> bool:
    changes: list[dict[str, object]] = details.get("changes", [])  # type: ignore[assignment]
    return any(c["field"] == "status" and c["new"] == "cancelled" for c in changes)


def header_facts(draft: Draft, said: Header, *, is_live: bool) -> list[Fact]:
    """The facts of what a header says, on ours and on its base."""
    known = draft.reservation.base
    base = known or Header()
    theirs = replace(overlay_header(base, said), is_live=is_live)
    changes = merge_header(base, theirs, draft.reservation)
    held = {
        name: value
        for change in changes
        if change.verdict is not Verdict.AGREE
        for name, value in values_to_hold(change).items()
    }
    ours = facts_between(draft.reservation, replace(draft.reservation, **held), BOOKING_FIELDS)  # type: ignore[arg-type]
    base_facts = [
        fact
        for fact in facts_between(known, theirs, HEADER_FIELDS, BOOKING_BASE)
        if not (is_nothing(fact.old) and is_nothing(fact.new))
    ]
    return [*ours, *base_facts]


def reference_facts(draft: Draft, revision: Revision) -> list[Fact]:
    """The newest reference shown, all others kept (M12)."""
    ours = draft.reservation
    known = dict.fromkeys((*ours.references, *revision.replaces, revision.reference))
    after = replace(ours, reference=revision.reference, references=tuple(known))
    return list(facts_between(ours, after, ("reference", "references")))


def fee_facts(draft: Draft, revision: Revision) -> list[Fact]:
    """The cancellation fee, if the message names one."""
    fee = revision.header.cancellation_fee
    if fee is None or fee == draft.reservation.cancellation_fee:
        return []
    return [
        Fact("cancellation_fee", draft.reservation.cancellation_fee, fee),
        Fact(BOOKING_BASE + "cancellation_fee", None, fee),
    ]


def flag_fact(draft: Draft, name: str, *, now: bool) -> list[Fact]:
    was = getattr(draft.reservation, name)
    return [] if was == now else [Fact(name, was, now)]
