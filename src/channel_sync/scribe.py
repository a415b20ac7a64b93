"""Turns decisions into rows: a version for each event, the last state of each booking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from channel_sync.core.evolve import evolve
from channel_sync.core.model import ROOM_REASONS, TaskState
from channel_sync.store.codec import facts_json, guest_row, reservation_row, stay_row
from channel_sync.store.slices import Writes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from channel_sync.core.model import Decision, Event, GuestChange, Reservation, Task
    from channel_sync.core.world import ReservationKey


@dataclass(slots=True)
class Scribe:
    """Turns decisions into rows: one version a history row, the last state of each booking.

    `before` are the bookings as they were loaded, those that only make room among them.
    """

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
        for moved in decision.moves:
            other = (reservation.property_id, moved.reservation_id)
            known = self.touched.get(other) or self.before[other]
            self.touched[other] = evolve(known, moved.event)
            self._history(other, moved.event, actor, message_id, revision)
        asks_for_a_room = not ROOM_REASONS.isdisjoint(decision.asked)
        moves_room = any(_moves_room(event) for event in decision.events)
        if decision.freed or moves_room or asks_for_a_room:
            self.due.add(reservation.property_id)
        for task in decision.tasks:
            self._task(key, task, message_id)
        for guest in decision.guests:
            self.writes.guests[guest.property_id, guest.guest_id] = guest_row(guest)
        for change in decision.guest_changes:
            self._guest_history(key, change, actor, message_id)

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

    def _guest_history(
        self, key: ReservationKey, change: GuestChange, actor: str, message_id: str | None
    ) -> None:
        self.writes.guest_history.append(
            {
                "property_id": key[0],
                "guest_id": change.guest_id,
                "actor_type": "channel" if message_id is not None else "system",
                "actor": actor,
                "event": change.event,
                "facts": facts_json(change.facts),
                "reservation_id": key[1],
                "message_id": message_id,
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
