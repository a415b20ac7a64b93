"""A hotel in memory that knows its guests: what a message and the planner make of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from channel_sync.core.attend import attend, spell
from channel_sync.core.model import (
    Decision,
    Guest,
    GuestChange,
    Guests,
    Policy,
    Property,
    Reason,
    Reservation,
    Revision,
)
from channel_sync.core.welcome import emails_and_guests, welcome
from channel_sync.core.world import Missing, Step, apply
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import HOTEL, line, new, property_of, says

EMAIL = "ada@example.org"
ADA: dict[str, Any] = {
    "booker_name": "Ada Byron",
    "contact_email": EMAIL,
    "contact_phone": "+43111111",
}
CARL: dict[str, Any] = {
    "booker_name": "Carl Gauss",
    "contact_email": EMAIL,
    "contact_phone": "+43222222",
}


@dataclass(slots=True)
class Reception:
    """One hotel with its guests; nothing of them is carried from message to message."""

    hotel: Hotel
    guests: dict[int, Guest] = field(default_factory=dict)
    changes: list[GuestChange] = field(default_factory=list)
    loads: int = 0

    def receive(self, revision: Revision) -> Step:
        """Apply a revision, and link its booking; everything is looked up as it is asked for."""
        revision = self.hotel.stamp(revision)
        self.hotel.carried = replace(self.hotel.world, guests=Guests())
        while True:
            step = self._try(revision)
            if not isinstance(step, Missing):
                break
            self.loads += 1
            if step.references or step.neighbours:
                self.hotel._load(step)
            self._load(step)
        self.hotel._save(step)
        self._write(step.decisions[0][1])
        return step

    def _try(self, revision: Revision) -> Step | Missing:
        world = self.hotel.world
        spelled = spell(world, revision)
        if isinstance(spelled, Missing):
            return spelled
        step = apply(world, spelled)
        if isinstance(step, Missing):
            return step
        assert isinstance(step, Step)
        return attend(world, step)

    def books(self, reference: str, first: int = 1, **said: Any) -> Step:
        """A new booking of this person."""
        return self.receive(new(reference, line("STD", first, first + 2), revision=1, **said))

    def changes_to(self, reference: str, revision: int, first: int = 1, **said: Any) -> Step:
        """The channel's next revision of a booking."""
        return self.receive(
            says(reference, line("STD", first, first + 2), revision=revision, **said)
        )

    def plan_again(self) -> tuple[tuple[Reservation, Decision], ...]:
        """Let the planner look at every booking."""
        bookings = tuple(self.hotel.bookings.values())
        keys, ids = emails_and_guests({HOTEL: self.hotel.house}, bookings)
        known = self._known(tuple(keys), tuple(ids))
        changed = welcome(self.hotel.house, known, bookings, self.hotel.today)
        self.hotel._write(changed)
        for _, decision in changed:
            self._write(decision)
        self.hotel.reload()
        return changed

    def edit(self, number: int, **values: Any) -> None:
        """Staff change a guest."""
        self.guests[number] = replace(self.guests[number], **values)

    def give(self, reference: str, number: int) -> None:
        """Staff choose a booking's main guest."""
        booking = self.hotel.booking(reference)
        self.hotel.put(replace(booking, guest_id=number, guest_set_by_staff=True))

    def guest_of(self, reference: str) -> Guest:
        """The main guest of a booking."""
        number = self.hotel.booking(reference).guest_id
        assert number is not None
        return self.guests[number]

    def booker_of(self, reference: str) -> int | None:
        return self.hotel.booking(reference).booker_guest_id

    def tasks(self, reference: str) -> list[Reason]:
        """The open tasks of a booking as a whole."""
        return self.hotel.tasks(reference, None)

    def _load(self, missing: Missing) -> None:
        found = self._known(missing.emails, missing.guests)
        world = self.hotel.world
        self.hotel.carried = replace(world, guests=world.guests.joined(found))

    def _known(
        self, emails: tuple[tuple[str, str], ...], ids: tuple[tuple[str, int], ...]
    ) -> Guests:
        """As the database answers: with those that others were merged into, and with counts."""
        under = {
            key: tuple(
                guest.guest_id
                for guest in self.guests.values()
                if key[1] in {guest.email_key, guest.separated_from}
            )
            for key in emails
        }
        wanted = {number for known in under.values() for number in known}
        wanted |= {number for _, number in ids}
        while more := {self.guests[n].merged_into for n in wanted} - wanted - {None}:
            wanted |= {number for number in more if number is not None}
        counted = [booking.guest_id for booking in self.hotel.bookings.values()]
        by_id = {
            (HOTEL, n): replace(self.guests[n], bookings=counted.count(n)) for n in sorted(wanted)
        }
        return Guests(by_id, under)

    def _write(self, decision: Decision) -> None:
        for guest in decision.guests:
            self.guests[guest.guest_id] = guest
        self.changes += decision.guest_changes
        most = max(self.guests, default=0)
        self.hotel.house = replace(self.hotel.house, last_guest_id=most)


def reception(house: Property | None = None, **policy: Any) -> Reception:
    """An empty hotel of six rooms."""
    made = house or property_of({"STD": [(str(number), 4) for number in range(1, 7)]})
    return Reception(Hotel(replace(made, policy=Policy(**policy))))
