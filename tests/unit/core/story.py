"""A tale of one hotel: what happens to it, every law held to on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from channel_sync.core.judge import SetAside
from channel_sync.core.model import (
    Basis,
    Policy,
    Property,
    Revision,
    Said,
    Stay,
)
from tests.unit.core import desk, laws
from tests.unit.core.channel import Sold
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import property_of

ROOMS = {
    "STD": [("101", 2), ("102", 2), ("103", 3)],
    "DLX": [("201", 2), ("202", 3)],
    "SUI": [("301", 4)],
}


def house_of(policy: Policy) -> Property:
    """Three categories of rooms, one that is counted, and a second code for the lowest."""
    return property_of(ROOMS, policy=policy, units={"TENT": 2}, mapping={"ST2": "STD"})


@dataclass(slots=True)
class Story:
    """A hotel, its channel, and the booking that the tale is about."""

    hotel: Hotel
    dice: Random
    sold: list[Sold] = field(default_factory=list)
    received: list[Revision] = field(default_factory=list)
    staff_acted: bool = False

    # --- who is spoken of --------------------------------------------------------------

    @property
    def hero(self) -> Sold:
        return self.sold[-1]

    def is_known(self) -> bool:
        return self.hero.reference in self.hotel.names

    def stay(self) -> Stay:
        """The first stay of the booking that the tale is about."""
        return self.hotel.stay(self.hero.reference)

    # --- what happens ------------------------------------------------------------------

    def receive(self, revision: Revision) -> None:
        """A message arrives, and every law holds."""
        before = laws.Before.of(self.hotel)
        revision = self.hotel.stamp(revision)
        self.received.append(revision)
        step = self.hotel.try_to_receive(revision)
        if isinstance(step, SetAside):
            assert self.hotel.bookings == before.bookings
            return
        laws.hold(self.hotel, before, revision, step)
        if self.dice.random() < 0.2:
            self.hotel.reload()

    def staff(self, act: Callable[..., object], *words: object, **more: object) -> None:
        """Staff do something to the stay if they may; then the planner looks."""
        with suppress(desk.Refused):
            act(self.hotel, *words, **more)
        self.plan()

    def plan(self) -> None:
        """The planner looks; looking again at once changes nothing."""
        before = laws.Before.of(self.hotel)
        for after, decision in self.hotel.plan_again():
            was = before.bookings[after.reservation_id]
            for stay in was.stays:
                if not stay.to_place and not decision.events:
                    assert after.stay(stay.line).rooms == stay.rooms
        laws.in_order(self.hotel)
        assert self.hotel.plan_again() == ()

    def book(self, *, in_days: int, code: str | None = None) -> None:
        """A new booking of one room, seldom two."""
        dice = self.dice
        sold = Sold(
            f"R{len(self.sold)}",
            dice.choice([Basis.REVISION, Basis.REVISION, Basis.MODIFIED_AT, Basis.ARRIVAL]),
            dice.random() < 0.8,
        )
        self.sold.append(sold)
        for _ in range(dice.choice([1, 1, 1, 2])):
            arrival = self.hotel.today + timedelta(days=in_days)
            nights = dice.choice([1, 2, 2, 3])
            wanted = code or dice.choice(["STD", "STD", "ST2", "DLX", "DLX", "SUI"])
            if dice.random() < 0.05:
                wanted = dice.choice(["TENT", "NEW1"])
            sold.add(wanted, arrival, arrival + timedelta(days=nights), dice.choice([1, 2]))
        self.receive(sold.tells(Said.NEW))

    def move_out_of_category(self) -> None:
        """Staff give the stay a room of another category than the one booked."""
        rooms = [r for r in self.hotel.house.rooms if r.category != self.stay().booked_category]
        self.dice.shuffle(rooms)
        for room in rooms:
            if self.stay().manual_category_code is None:
                with suppress(desk.Refused):
                    desk.move(self.hotel, self.hero.reference, room.code)
        self.plan()

    def close_rooms(self, *, only: str | None = None) -> None:
        """Rooms are out of order in the days after the stay."""
        start = self.stay().departure
        for room in self.hotel.house.rooms:
            if only is None or room.code == only:
                with suppress(desk.Refused):
                    desk.block(self.hotel, room.code, start, start + timedelta(days=2))
        self.plan()

    def stay_longer(self) -> None:
        """The channel lets the stay run into the days after it."""
        sold = self.hero
        end = sold.lines[0].departure
        assert end is not None
        sold.change(0, departure=end + timedelta(days=1))
        self.receive(sold.tells())

    def days_pass(self, days: int) -> None:
        self.hotel.turn_to(self.hotel.today + timedelta(days=days))
        if self.dice.random() < 0.5:
            self.plan()
