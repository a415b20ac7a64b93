"""A hotel in memory: it receives revisions, its staff write facts, its planner looks again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from channel_sync.core.evolve import evolve
from channel_sync.core.judge import SetAside
from channel_sync.core.look import Look
from channel_sync.core.model import (
    ROOM_REASONS,
    Allocation,
    Decision,
    Event,
    Kept,
    Outcome,
    Policy,
    Property,
    Reason,
    Reservation,
    Revision,
    Stay,
    StayStatus,
    Task,
    TaskState,
)
from channel_sync.core.neighbours import Neighbours, NeighboursNeeded, with_booking
from channel_sync.core.plan import Layout, Plan, StayKey
from channel_sync.core.replan import replan
from channel_sync.core.world import Missing, Step, World, apply
from channel_sync.wire.content import content_hash
from tests.unit.core.house import HOTEL, TODAY

IN_THE_BOOKS = {StayStatus.CONFIRMED, StayStatus.CHECKED_IN}


@dataclass(slots=True)
class Hotel:
    """The database of one property, and the world as a worker carries it from slice to slice.

    `bookings` are the reservations by number; `names` leads every reference to its reservation.
    """

    house: Property
    today: date = TODAY
    bookings: dict[int, Reservation] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    kept: dict[int, tuple[Kept, ...]] = field(default_factory=dict)
    blocks: list[Allocation] = field(default_factory=list)
    events: list[tuple[int, Event]] = field(default_factory=list)
    closed: list[Task] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    offset: int = 0
    carried: World | None = None

    # --- what a worker loads -----------------------------------------------------------

    @property
    def world(self) -> World:
        """What the worker carries; loaded where it carries nothing."""
        if self.carried is None:
            self.carried = World(
                properties={HOTEL: self.house},
                today={HOTEL: self.today},
                plans={HOTEL: self.plan()},
            )
        return self.carried

    def reload(self) -> None:
        """Forget what was carried: what comes next is decided on what the database holds."""
        self.carried = None

    def plan(self) -> Plan:
        """The room plan as the database holds it, from yesterday on."""
        start = self.today - timedelta(days=1)
        held: list[Allocation] = [*self.blocks]
        promised: dict[StayKey, Allocation] = {}
        counted: dict[StayKey, tuple[str, int, int]] = {}
        for number, stay in self.stays():
            held += stay.rooms
            first, end = max(stay.arrival, start), stay.departure
            if stay.is_waiting() and stay.pinned_room and not stay.rooms and end > first:
                promised[number, stay.line] = Allocation(stay.pinned_room, first, end)
            booked = stay.booked_category
            is_counted = booked is not None and self.house.units(booked) is not None
            no_room = stay.held or not stay.rooms
            in_books = stay.status in IN_THE_BOOKS and no_room and end > start
            if booked and is_counted and in_books:
                nights = (booked, stay.arrival.toordinal(), end.toordinal())
                counted[number, stay.line] = nights
        ahead = [replace(a, from_date=max(a.from_date, start)) for a in held]
        return Plan(Layout.of(self.house), {}, promised, counted).occupy(ahead)

    def neighbours(self) -> Neighbours:
        """Who may be moved, as the database tells it."""
        found: Neighbours = {}
        for booking in self.bookings.values():
            found = with_booking(found, booking, self.house.policy, self.today)
        return found

    def stays(self) -> list[tuple[int, Stay]]:
        """Every stay with the number of its reservation."""
        return [(number, s) for number, booking in self.bookings.items() for s in booking.stays]

    def booking(self, reference: str) -> Reservation:
        """The reservation that ever bore this reference."""
        return self.bookings[self.names[reference]]

    def stay(self, reference: str, line: str = "1") -> Stay:
        return self.booking(reference).stay(line)

    def rooms(self, reference: str, line: str = "1") -> list[str]:
        """The rooms of a stay, one after another."""
        return [allocation.room for allocation in self.stay(reference, line).rooms]

    def tasks(self, reference: str, line: str | None = "1") -> list[Reason]:
        """The reasons of the open tasks of a stay, or (None) of the booking as a whole."""
        return [task.reason for task in self.booking(reference).tasks if task.line == line]

    def task(self, reference: str, reason: Reason, line: str | None = "1") -> Task:
        """The one open task of this reason."""
        (task,) = (t for t in self.booking(reference).tasks if (t.reason, t.line) == (reason, line))
        return task

    # --- messages ----------------------------------------------------------------------

    def stamp(self, revision: Revision) -> Revision:
        """The revision with its place in Kafka, its id and its content's hash."""
        if revision.arrived.offset < 0:
            self.offset += 1
            revision = replace(revision, arrived=replace(revision.arrived, offset=self.offset))
        if not revision.message_id:
            revision = replace(revision, message_id=f"m{revision.arrived.offset}")
        return replace(revision, content_hash=content_hash(revision))

    def try_to_receive(self, revision: Revision, *, is_retry: bool = False) -> Step | SetAside:
        """Apply a revision and write what it came to."""
        revision = self.stamp(revision)
        while True:
            step = apply(self.world, revision, is_retry=is_retry)
            if isinstance(step, SetAside):
                return step
            if isinstance(step, Step):
                self._save(step)
                return step
            self._load(step)

    def step(self, revision: Revision) -> Step:
        """Apply a revision that can be applied."""
        step = self.try_to_receive(revision)
        assert isinstance(step, Step), step
        return step

    def receive(self, *revisions: Revision) -> Outcome:
        """Apply revisions that can be applied; the outcome of the last one."""
        return [self.step(revision).outcome for revision in revisions][-1]

    def _load(self, missing: Missing) -> None:
        """Look up what a decision asked for."""
        assert not missing.plans
        world = self.world
        known = {key: self.names.get(key[2]) for key in missing.references}
        found = {number for number in known.values() if number is not None}
        looked_up = dict.fromkeys(missing.neighbours, self.neighbours())
        self.carried = replace(
            world,
            references={**world.references, **known},
            reservations={
                **{(HOTEL, number): self.bookings[number] for number in found},
                **world.reservations,
            },
            kept={
                **{(HOTEL, number): self.kept.get(number, ()) for number in found},
                **world.kept,
            },
            neighbours={**world.neighbours, **looked_up},
        )

    def _save(self, step: Step) -> None:
        self.carried = step.world
        house = step.world.properties[HOTEL]
        assert house is not None
        self.house = house
        self._write(step.decisions)
        for (_, number), kept in step.world.kept.items():
            self.kept[number] = kept
        for key, found in step.world.references.items():
            if found is not None:
                self.names[key[2]] = found

    def _write(self, decisions: Sequence[tuple[Reservation, Decision]]) -> None:
        for reservation, decision in decisions:
            self.bookings[reservation.reservation_id] = reservation
            self.events += [(reservation.reservation_id, event) for event in decision.events]
            self.closed += [t for t in decision.tasks if t.state is not TaskState.OPEN]
            self.cells += decision.cells
            for moved in decision.moves:
                number = moved.reservation_id
                self.bookings[number] = evolve(self.bookings[number], moved.event)
                self.events.append((number, moved.event))

    # --- the planner, the calendar and the property file -------------------------------

    def plan_again(self) -> tuple[tuple[Reservation, Decision], ...]:
        """Let the planner look at what waits; what changed."""
        waiting = [b for b in self.bookings.values() if self._may_wait(b)]
        look = Look(10**9)
        plan = self.plan()
        try:
            replanned = replan(self.house, plan, waiting, self.today, look=look)
        except NeighboursNeeded:
            known = self.neighbours()
            replanned = replan(self.house, plan, waiting, self.today, neighbours=known, look=look)
        self._write(replanned.changed)
        self.reload()
        return replanned.changed

    def _may_wait(self, booking: Reservation) -> bool:
        open_room_task = any(task.reason in ROOM_REASONS for task in booking.tasks)
        return open_room_task or any(
            stay.to_place
            or (
                stay.is_waiting()
                and stay.departure > self.today
                and self.house.units(stay.booked_category) is None
            )
            for stay in booking.stays
        )

    def turn_to(self, today: date) -> None:
        """Another day begins."""
        self.today = today
        self.reload()

    def change(self, house: Property) -> None:
        """The property file is read anew; reservations go on being counted."""
        self.house = replace(house, last_reservation_id=self.house.last_reservation_id)
        self.reload()

    def set_policy(self, policy: Policy) -> None:
        self.change(replace(self.house, policy=policy))

    def put(self, booking: Reservation) -> None:
        """A booking as the database holds it, whoever wrote it."""
        self.bookings[booking.reservation_id] = booking
        self.names |= dict.fromkeys(booking.references, booking.reservation_id)
        most = max(self.house.last_reservation_id, booking.reservation_id)
        self.house = replace(self.house, last_reservation_id=most)
        self.reload()
