"""What each reservation of a message became, for logs, replays and explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import to_jsonable_python

from channel_sync.core.model import Outcome
from channel_sync.records import Applied, Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from channel_sync.batch import Entry
    from channel_sync.core.model import Event

PERSONAL = frozenset(
    {
        "booker_name",
        "contact_email",
        "contact_phone",
        "contact_address",
        "country",
        "language",
        "guest_names",
        "payment",
        "invoice_contact",
        "comments",
        "booking_comments",
        "staff_note",
    }
)
"""Fields whose values no log line and no table of outcomes shows."""

UNTOLD = frozenset({"references", "rooms", "last_room", "room_chosen_by_staff", "cancelled_by"})
"""Fields that a line about a change leaves out: others beside them say it."""


def outcome_of(entry: Entry) -> Outcome:
    """The one outcome of a reservation of a message."""
    return entry.step.outcome if entry.step else Outcome.PARKED


def reason_of(entry: Entry) -> str:
    """Why: the rules that decided, or the one word for what keeps a message parked."""
    if entry.aside is not None:
        return entry.aside.reason
    return "; ".join(_rules(entry))


def _rules(entry: Entry) -> tuple[str, ...]:
    decisions = entry.step.decisions if entry.step else ()
    rules = [event.rule for _, decision in decisions for event in decision.events if event.rule]
    cells = [cell for _, decision in decisions for cell in decision.cells]
    return tuple(dict.fromkeys(part for rule in (*rules, *cells) for part in rule.split("; ")))


def applied_of(entries: Iterable[Entry]) -> tuple[Applied, ...]:
    """What each entry became, for logs, replays and explanations."""
    return tuple(_applied(entry) for entry in entries)


def _applied(entry: Entry) -> Applied:
    revision = entry.revision
    decisions = entry.step.decisions if entry.step else ()
    events = [event for _, decision in decisions for event in decision.events]
    asked = [reason.value for _, decision in decisions for reason in decision.asked]
    moves = [moved for _, decision in decisions for moved in decision.moves]
    return Applied(
        record=entry.read.record,
        ordinal=entry.ordinal,
        outcome=outcome_of(entry),
        outcome_reason=reason_of(entry),
        outcome_detail=entry.aside.detail if entry.aside else "",
        property_id=revision.property_id if revision else "",
        channel=revision.channel if revision else None,
        reference=revision.reference if revision else None,
        message_id=revision.message_id if revision else None,
        changes=tuple(told for event in events for told in _told(event)),
        why=(
            *(why for event in events if (why := _why(event)) is not None),
            *(f"{m.reference}, stay {m.event.line}: {m.event.reason}" for m in moves),
        ),
        rules=_rules(entry),
        tasks=tuple(dict.fromkeys(asked)),
    )


def _told(event: Event) -> list[Told]:
    """What an event changed, without what guests are or wrote."""
    return [
        Told(event.line, fact.field, None, None, is_hidden=True)
        if fact.field in PERSONAL
        else Told(event.line, fact.field, _text(fact.old), _text(fact.new))
        for fact in event.facts
        if fact.field not in UNTOLD and "base." not in fact.field
    ]


def _why(event: Event) -> str | None:
    """What was decided about the room of a stay, in a sentence."""
    moves = any(fact.field == "rooms" for fact in event.facts)
    return f"stay {event.line}: {event.reason}" if moves and event.reason else None


def _text(value: object) -> str | None:
    plain = to_jsonable_python(value)
    if isinstance(plain, list):
        return "[" + ", ".join(_text(item) or "?" for item in plain) + "]"
    if isinstance(plain, bool):
        return "yes" if plain else None
    return None if plain is None else str(plain)
