"""A decision in the making: what was recorded, given, asked and settled so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from channel_sync.core.evolve import evolve
from channel_sync.core.look import Look
from channel_sync.core.merge import base_after
from channel_sync.core.model import (
    ROOM_REASONS,
    Decision,
    Event,
    Fact,
    Line,
    Moved,
    Outcome,
    Policy,
    Property,
    Proposal,
    Reason,
    Reservation,
    Stay,
    Task,
    TaskState,
)
from channel_sync.core.neighbours import Neighbours
from channel_sync.core.plan import Plan, StayKey

FOLDED = frozenset({"created", "reinstated", "filled in"})
"""Events that take what follows on the same stay into their own row (`created` is one row)."""


@dataclass(slots=True)
class Draft:
    """Collects what one decision writes; every change goes through an event.

    `cause` names what is decided upon ("revision 3"), for the tasks that it closes. `actor_type`
    is who the events are by: the channel for a message, the system for the planner. `lifted` are
    the lines off the plan just now. `neighbours` are who may be moved, None where nobody looked;
    `moves` those of other bookings that were, `made_room` how many for each line. `nodes` are the
    rooms that searches for moves looked at; `gave_up`: one hit its budget of them. `look` is the
    planner's, who searches only so much. `most_nights` is how long a stay may become.
    """

    house: Property
    reservation: Reservation
    plan: Plan
    today: date
    cause: str
    actor_type: Literal["channel", "staff", "system"] = "channel"
    events: list[Event] = field(default_factory=list)
    closed: list[Task] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    asked: list[Reason] = field(default_factory=list)
    freed: bool = False
    lifted: set[str] = field(default_factory=set)
    neighbours: Neighbours | None = None
    moves: list[Moved] = field(default_factory=list)
    made_room: dict[str, int] = field(default_factory=dict)
    nodes: int = 0
    gave_up: bool = False
    look: Look | None = None
    most_nights: int | None = None

    @property
    def policy(self) -> Policy:
        """The property's policy, with the room policy that staff set for this booking."""
        own = self.reservation.ota_room_policy
        policy = self.house.policy
        return policy if own is None else replace(policy, ota_room_policy=own)

    def key(self, line: str) -> StayKey:
        """The stay as the plan knows it."""
        return (self.reservation.reservation_id, line)

    def base_after(self, stay: Stay, line: Line) -> Line:
        """The base of a stay after a line of its channel is taken."""
        channel = self.reservation.channel
        return base_after(self.house, channel, stay, line, self.most_nights)

    def rename(self, stay: Stay, theirs: Line) -> None:
        """Follow the channel's new name for a line that otherwise says what it said before.

        Names that a provider deals out anew are bookkeeping: no event tells of them.
        """
        base = replace(stay.base or Line(), channel_line=theirs.channel_line, unit=theirs.unit)
        renamed = replace(stay, base=base)
        stays = tuple(renamed if s.line == stay.line else s for s in self.reservation.stays)
        self.reservation = replace(self.reservation, stays=stays)

    # --- facts -------------------------------------------------------------------------

    def record(
        self,
        name: str,
        line: str | None,
        facts: Iterable[Fact],
        *,
        reason: str = "",
        rule: str = "",
    ) -> None:
        """Write an event of these facts and let the reservation follow; no facts, no event."""
        written = tuple(facts)
        if not written:
            return
        event = Event(name, line, written, reason, rule, self.actor_type)
        self.reservation = evolve(self.reservation, event)
        last = max((i for i, e in enumerate(self.events) if e.line == line), default=None)
        if last is not None and self.events[last].name in FOLDED:
            self.events[last] = fold(self.events[last], event)
        else:
            self.events.append(event)

    def change(
        self, name: str, line: str, values: dict[str, object], *, reason: str = "", rule: str = ""
    ) -> None:
        """Write an event of what these values change on a stay, if they change anything."""
        stay = self.reservation.stay(line)
        facts = [
            Fact(field_name, getattr(stay, field_name), value)
            for field_name, value in values.items()
            if getattr(stay, field_name) != value
        ]
        if "rooms" in {fact.field for fact in facts}:
            after = replace(stay, rooms=values["rooms"])  # type: ignore[arg-type]
            old, new = stay.current_room(self.today), after.current_room(self.today)
            if old != new:
                facts.append(Fact("room", old, new))
        self.record(name, line, facts, reason=reason, rule=rule)

    # --- rooms -------------------------------------------------------------------------

    def lift(self, line: str) -> None:
        """Take a stay's rooms off the plan, from today on, before it is placed anew."""
        key = self.key(line)
        self.plan = self.plan.release(self.reservation.stay(line).rooms)
        self.plan = self.plan.promise(key, None).count(key, None)
        self.lifted.add(line)

    def set_down(self, line: str) -> None:
        """Put a stay back on the plan as it now stands: its rooms, or its count."""
        self.plan = self.plan.occupy(self.reservation.stay(line).rooms)
        self.lifted.discard(line)
        self.recount(line)

    def recount(self, line: str) -> None:
        """Count a stay where its category is counted and not numbered, and nowhere else."""
        stay = self.reservation.stay(line)
        self.plan = self.plan.count(self.key(line), None)
        category = stay.booked_category
        counted = category is not None and self.house.units(category) is not None
        if category is not None and counted and (stay.held or not stay.rooms):
            nights = (category, stay.arrival.toordinal(), stay.departure.toordinal())
            self.plan = self.plan.count(self.key(line), nights)

    # --- tasks -------------------------------------------------------------------------

    def open_tasks(self, line: str | None) -> tuple[Task, ...]:
        """The open tasks of a stay, or of the booking as a whole."""
        return tuple(task for task in self.reservation.tasks if task.line == line)

    def ask(
        self,
        reason: Reason,
        line: str | None,
        details: dict[str, object],
        *,
        proposals: tuple[Proposal, ...] = (),
        notice: bool = False,
    ) -> None:
        """Open a task, or renew the one that is open for the same reason (rule A4)."""
        self.asked.append(reason)
        if reason in ROOM_REASONS:
            self.settle(line, ROOM_REASONS - {reason})
        known = next((t for t in self.open_tasks(line) if t.reason is reason), None)
        task = replace(
            known or Task(reason, line), details=details, proposals=proposals, notice=notice
        )
        tasks = self.reservation.tasks
        renewed = tuple(task if t is known else t for t in tasks) if known else (*tasks, task)
        self.reservation = replace(self.reservation, tasks=renewed)

    def settle(
        self,
        line: str | None,
        reasons: Iterable[Reason],
        *,
        state: TaskState = TaskState.SUPERSEDED,
        by: str | None = None,
    ) -> None:
        """Close the open tasks of a stay that are no longer true."""
        wanted = frozenset(reasons)
        ending = [t for t in self.open_tasks(line) if t.reason in wanted]
        if ending:
            self.closed += [replace(t, state=state, closed_by=by or self.cause) for t in ending]
            left = tuple(t for t in self.reservation.tasks if t not in ending)
            self.reservation = replace(self.reservation, tasks=left)

    def settle_all(self, line: str | None) -> None:
        """Close every open task of a stay, or of the booking as a whole."""
        self.settle(line, [task.reason for task in self.open_tasks(line)])

    # --- the end -----------------------------------------------------------------------

    def decided(self, outcome: Outcome) -> Decision:
        """The decision as it stands."""
        return Decision(
            outcome=outcome,
            events=tuple(self.events),
            tasks=(*self.reservation.tasks, *self.closed),
            freed=self.freed,
            cells=tuple(self.cells),
            asked=tuple(dict.fromkeys(self.asked)),
            moves=tuple(self.moves),
            nodes=self.nodes,
        )


def fold(first: Event, second: Event) -> Event:
    """One event of two on the same stay: the older old values, the newer new ones."""
    facts: dict[str, Fact] = {fact.field: fact for fact in first.facts}
    for fact in second.facts:
        old = facts[fact.field].old if fact.field in facts else fact.old
        facts[fact.field] = Fact(fact.field, old, fact.new)
    reason = "; ".join(part for part in (first.reason, second.reason) if part)
    rule = "; ".join(part for part in (first.rule, second.rule) if part)
    return replace(first, facts=tuple(facts.values()), reason=reason, rule=rule)


def plain(value: object) -> object:
    """A value as JSON holds it in the details of a task: dates and money as text."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def wish(line: str | None, field_name: str, old: object, new: object) -> dict[str, object]:
    """One change that a person is asked about, as the details of a task list it."""
    return {"line": line, "field": field_name, "old": plain(old), "new": plain(new)}


def changes_of(stay: Stay, values: dict[str, object]) -> list[dict[str, object]]:
    """What these values would change on a stay, as the details of a task list it."""
    return [
        wish(stay.line, name, getattr(stay, name), value)
        for name, value in values.items()
        if getattr(stay, name) != value
    ]
