"""What was decided, as the rows to write and as the lines that tell of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from channel_sync.batch import INTERNAL_ERROR
from channel_sync.core.model import Outcome, TaskState
from channel_sync.records import Applied
from channel_sync.store.codec import facts_json, reservation_row, stay_row
from channel_sync.store.slices import Writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from channel_sync.batch import Entry
    from channel_sync.core.model import Decision, Event, Reservation, Task
    from channel_sync.core.world import ReservationKey, World

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


@dataclass(slots=True)
class Scribe:
    """Turns decisions into rows: one version a history row, the last state of each booking."""

    before: Mapping[ReservationKey, Reservation]
    versions: dict[str, int]
    writes: Writes = field(default_factory=Writes)
    touched: dict[ReservationKey, Reservation] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    opened_by: dict[tuple[ReservationKey, str | None, str], str | None] = field(
        default_factory=dict
    )

    def write(
        self,
        reservation: Reservation,
        decision: Decision,
        *,
        actor: str,
        message_id: str | None = None,
        revision: str | None = None,
    ) -> None:
        """Take one decision: its events, its tasks, the booking after it."""
        key = (reservation.property_id, reservation.reservation_id)
        self.touched[key] = reservation
        for event in decision.events:
            self._history(key, event, actor, message_id, revision)
        if decision.freed or any(_moves_room(event) for event in decision.events):
            self.due.add(reservation.property_id)
        for task in decision.tasks:
            self._task(key, task, message_id)

    def _history(
        self,
        key: ReservationKey,
        event: Event,
        actor: str,
        message_id: str | None,
        revision: str | None,
    ) -> None:
        property_id, reservation_id = key
        self.versions[property_id] += 1
        self.writes.history.append(
            {
                "property_id": property_id,
                "version": self.versions[property_id],
                "reservation_id": reservation_id,
                "line": event.line,
                "actor_type": event.actor_type,
                "actor": actor,
                "event": event.name,
                "facts": facts_json(event.facts),
                "reason": event.reason,
                "rule": event.rule,
                "message_id": message_id,
                "revision": revision,
            }
        )

    def _task(self, key: ReservationKey, task: Task, message_id: str | None) -> None:
        """Note who opened a new task; write those closed now, whatever happens afterwards."""
        about = (key, task.line, task.reason.value)
        if task.task_id is None:
            self.opened_by.setdefault(about, message_id)
        if task.state is TaskState.OPEN:
            return
        row = _task_row(key, task, self.opened_by.pop(about, None))
        (self.writes.new_tasks if task.task_id is None else self.writes.tasks).append(row)

    def finish(self, numbers: Mapping[str, int]) -> Writes:
        """The rows of everything taken; `numbers` are the last reservation ids by property."""
        for key, after in self.touched.items():
            before = self.before.get(key)
            if before != after:
                self.writes.reservations[key] = reservation_row(after)
            for reference in after.references if after.replaced_by is None else ():
                self.writes.references[after.property_id, after.channel, reference] = (
                    after.reservation_id
                )
            self._stays(before, after)
            known = before.tasks if before else ()
            for task in after.tasks:
                row = _task_row(key, task, self.opened_by.get((key, task.line, task.reason.value)))
                if task.task_id is None:
                    self.writes.new_tasks.append(row)
                elif task not in known:
                    self.writes.tasks.append(row)
        for property_id in {key[0] for key in self.touched}:
            self.writes.properties[property_id] = (
                self.versions[property_id],
                numbers[property_id],
                property_id in self.due,
            )
        return self.writes

    def _stays(self, before: Reservation | None, after: Reservation) -> None:
        known = {stay.line: stay for stay in before.stays} if before else {}
        for stay in after.stays:
            was = known.get(stay.line)
            if was is None:
                self.writes.new_stays.append(stay_row(after, stay))
            elif was != stay:
                self.writes.stays.append(stay_row(after, stay))
                self.writes.stays_before.append(stay_row(after, was))


def _moves_room(event: Event) -> bool:
    return any(fact.field == "rooms" for fact in event.facts)


def _task_row(key: ReservationKey, task: Task, message_id: str | None) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "property_id": key[0],
        "reservation_id": key[1],
        "line": task.line,
        "reason": task.reason.value,
        "notice": task.notice,
        "state": task.state.value,
        "details": task.details,
        "proposals": to_jsonable_python(task.proposals),
        "opened_by_message": message_id,
        "closed_by": task.closed_by,
    }


def write_entries(
    entries: Sequence[Entry],
    before: World,
    after: World,
    *,
    received_at: datetime,
) -> Writes:
    """All rows of a slice."""
    versions = {p: house.version for p, house in before.properties.items() if house is not None}
    scribe = Scribe(before.reservations, versions)
    for entry in entries:
        step, revision = entry.step, entry.revision
        if step is not None and revision is not None:
            for reservation, decision in step.decisions:
                scribe.write(
                    reservation,
                    decision,
                    actor=revision.channel,
                    message_id=revision.message_id,
                    revision=revision.label,
                )
            scribe.writes.kept.append(_kept_row(step.decisions[0][0], entry))
        else:
            scribe.writes.parked.append(_parked_row(entry))
        scribe.writes.messages.append(_message_row(entry, before.today, received_at))
    numbers = {p: h.last_reservation_id for p, h in after.properties.items() if h is not None}
    return scribe.finish(numbers)


def _kept_row(reservation: Reservation, entry: Entry) -> dict[str, Any]:
    assert entry.step is not None  # noqa: S101 - the caller looked
    kept = entry.step.kept
    return {
        "property_id": reservation.property_id,
        "reservation_id": reservation.reservation_id,
        "message_id": kept.message_id,
        "revision_order": to_jsonable_python(kept.order),
        "content_hash": kept.content_hash,
    }


def _message_row(entry: Entry, today: Mapping[str, date], received_at: datetime) -> dict[str, Any]:
    record, revision, step = entry.read.record, entry.revision, entry.step
    property_id = revision.property_id if revision else ""
    return {
        "property_id": property_id,
        "recorded_at": record.recorded_at,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "ordinal": entry.ordinal,
        "message_id": revision.message_id if revision else None,
        "channel": revision.channel if revision else None,
        "reference": revision.reference if revision else None,
        "reservation_id": step.decisions[0][0].reservation_id if step else None,
        "outcome": outcome_of(entry).value,
        "outcome_reason": reason_of(entry),
        "outcome_detail": entry.aside.detail if entry.aside else "",
        "order_basis": revision.order.basis.value if revision else None,
        "revision": revision.label if revision else None,
        "today": today.get(property_id),
        "format": entry.read.format or None,
        "body": _text(entry) if entry.ordinal == 0 else None,
        "received_at": received_at,
    }


def _parked_row(entry: Entry) -> dict[str, Any]:
    record, revision, aside = entry.read.record, entry.revision, entry.aside
    return {
        "property_id": revision.property_id if revision else "",
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "ordinal": entry.ordinal,
        "recorded_at": record.recorded_at,
        "message_id": revision.message_id if revision else None,
        "channel": revision.channel if revision else None,
        "reference": revision.reference if revision else None,
        "completeness": revision.completeness.value if revision else None,
        "reason": aside.reason if aside else INTERNAL_ERROR,
        "detail": aside.detail if aside else "",
        "format": entry.read.format or None,
        "headers": _headers(entry),
        "body": _text(entry),
        "body_sha256": hashlib.sha256(record.body).hexdigest(),
        "body_bytes": len(record.body),
    }


def _headers(entry: Entry) -> dict[str, str]:
    """The headers and the key, as a retry needs them."""
    record = entry.read.record
    key = {"kafka_key": record.key.decode(errors="replace")} if record.key else {}
    return {k: v.replace("\0", "") for k, v in {**record.headers, **key}.items()}


def _text(entry: Entry) -> str | None:
    """The scrubbed body as text that PostgreSQL can hold; None where it had to be discarded."""
    body = entry.read.scrubbed.body
    return None if body is None else body.decode(errors="replace").replace("\0", "\ufffd")


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
    tasks = [
        task.reason.value
        for _, decision in decisions
        for task in decision.tasks
        if task.state is TaskState.OPEN
    ]
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
        changes=tuple(line for event in events for line in told(event)),
        rules=_rules(entry),
        tasks=tuple(dict.fromkeys(tasks)),
    )


def told(event: Event) -> list[str]:
    """An event as lines for people, without what guests are or wrote."""
    where = f"stay {event.line}" if event.line is not None else "booking"
    lines = []
    for fact in event.facts:
        if fact.field in UNTOLD or "base." in fact.field:
            continue
        if fact.field in PERSONAL:
            lines.append(f"{where}: {fact.field} changed")
        else:
            lines.append(f"{where}: {fact.field} {_short(fact.old)} → {_short(fact.new)}")
    if event.reason and any(fact.field == "rooms" for fact in event.facts):
        lines.append(f"{where}: {event.reason}")
    return lines


def _short(value: object) -> str:
    plain = to_jsonable_python(value)
    if plain is None:
        return "none"
    if isinstance(plain, list):
        return "[" + ", ".join(_short(item) for item in plain) + "]"
    return str(plain)
