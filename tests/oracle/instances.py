"""Random houses in which a stay looks for a room: whoever may be in the way is there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce

from channel_sync.core.model import (
    Allocation,
    Policy,
    Property,
    Reservation,
    Room,
    Stay,
    StayStatus,
)
from channel_sync.core.neighbours import Neighbours, with_booking
from channel_sync.core.place import Ask
from channel_sync.core.plan import Layout, Plan, StayKey
from tests.unit.core.drawing import known
from tests.unit.core.house import property_of

TODAY = date(2026, 6, 1)
NEVER_MOVED = ("pinned", "held", "checked in", "begun", "arrives today", "manual", "to place")


@dataclass(frozen=True, slots=True)
class Guest:
    """A stay in the house, and why it may not be moved, if it may not."""

    stay: Stay
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Instance:
    """A house of one category that matters (STD), its guests and blocks, and who asks for a room.

    `only_room`: the stay that asks is pinned to it. `keeps_staffs_choice`: rooms that staff
    chose are not to be changed, as where nobody looks at the plan.
    """

    house: Property
    guests: tuple[Guest, ...]
    blocks: tuple[Allocation, ...]
    promised: tuple[tuple[StayKey, Allocation], ...]
    ask: Ask
    only_room: str | None
    keeps_staffs_choice: bool

    @property
    def plan(self) -> Plan:
        """The room plan as it is loaded, the stay that asks off it."""
        layout = Layout.of(self.house)
        held = [*self.blocks, *(a for guest in self.guests for a in guest.stay.rooms)]
        return Plan(layout, {}, dict(self.promised), {}).occupy(held)

    @property
    def wanted(self) -> int:
        """The rooms that would do."""
        layout = Layout.of(self.house)
        if self.only_room is not None:
            return layout.mask([self.only_room])
        return layout.fitting(layout.category("STD"), self.ask.party)

    @property
    def neighbours(self) -> Neighbours:
        """Who may be moved, as the program sees it."""
        empty: Neighbours = {}
        all_of_them = reduce(
            lambda found, booking: with_booking(found, booking, Policy(), TODAY),
            self.bookings(),
            empty,
        )
        if not self.keeps_staffs_choice:
            return all_of_them
        return {key: each for key, each in all_of_them.items() if not each.chosen_by_staff}

    def bookings(self) -> Iterator[Reservation]:
        """Each guest's booking."""
        for number, guest in enumerate(self.guests, 1):
            yield known(number, f"B{number}", guest.stay)


def draw(seed: int, *, small: bool = False) -> Instance:
    """The instance of this number; a small one can be tried out in full."""
    chance = random.Random(seed)
    rooms = chance.randint(2, 4 if small else 9)
    nights = chance.randint(4, 7 if small else 18)
    listed = [(f"1{n:02d}", chance.choice((2, 2, 2, 3, 4))) for n in range(rooms)]
    house = property_of({"STD": listed, "DLX": [("201", 4)]})
    if chance.random() < 0.2:
        closed = chance.randrange(rooms)
        house = replace(house, rooms=tuple(_closed(r, listed[closed][0]) for r in house.rooms))
    share = chance.choice((0.6, 0.8, 0.95))
    guests: list[Guest] = []
    blocks: list[Allocation] = []
    for code, capacity in listed:
        _fill(chance, code, capacity, nights, share, guests, blocks)
    if small:
        movable = [n for n, guest in enumerate(guests) if guest.fixed is None]
        for number in movable[6:]:
            guests[number] = _fixed(guests[number], "pinned")
    first, length = chance.choice(
        _windows(house, [*blocks, *(g.stay.rooms[0] for g in guests)], nights)
    )
    party = chance.choice((1, 2, 2, 2, 3))
    from_date = TODAY + timedelta(days=first)
    to_date = from_date + timedelta(days=length)
    ask = Ask((0, "1"), from_date, to_date, party, TODAY)
    fitting = [code for code, capacity in listed if capacity >= party]
    only_room = chance.choice(fitting) if fitting and chance.random() < 0.2 else None
    promised = _promises(chance, listed, ask, only_room)
    return Instance(
        house, tuple(guests), tuple(blocks), promised, ask, only_room, chance.random() < 0.5
    )


def _windows(house: Property, held: list[Allocation], nights: int) -> list[tuple[int, int]]:
    """The dates worth asking for: a room is free every night, and none is free on all of them.

    Where there are none, any dates will do.
    """
    taken = {
        (a.room, n)
        for a in held
        for n in range((a.from_date - TODAY).days, (a.to_date - TODAY).days)
    }
    rooms = [room.code for room in house.rooms if room.category == "STD" and room.active]
    free = [{code for code in rooms if (code, night) not in taken} for night in range(nights)]
    any_dates = [
        (first, length)
        for first in range(nights)
        for length in range(1, min(6, nights - first) + 1)
    ]
    tight = [
        (first, length)
        for first, length in any_dates
        if all(free[first : first + length]) and not set.intersection(*free[first : first + length])
    ]
    return tight or any_dates


def _closed(room: Room, code: str) -> Room:
    return replace(room, active=False) if room.code == code else room


def _promises(
    chance: random.Random, listed: list[tuple[str, int]], ask: Ask, only_room: str | None
) -> tuple[tuple[StayKey, Allocation], ...]:
    """Now and then a room that somebody pinned waits for: nobody else is to get it."""
    code = chance.choice(listed)[0]
    if chance.random() > 0.15 or code == only_room:
        return ()
    start = ask.from_date + timedelta(days=chance.randint(-1, 2))
    return (((999, "1"), Allocation(code, start, start + timedelta(days=2))),)


def _fill(
    chance: random.Random,
    code: str,
    capacity: int,
    nights: int,
    share: float,
    guests: list[Guest],
    blocks: list[Allocation],
) -> None:
    """One room from a few nights before today on: stays, blocks, and gaps between them."""
    night = -2
    while night < nights:
        if chance.random() > share:
            night += chance.randint(1, 3)
            continue
        end = night + chance.choice((1, 1, 2, 2, 3, 4, 6))
        here = Allocation(code, TODAY + timedelta(days=night), TODAY + timedelta(days=end))
        if chance.random() < 0.05:
            blocks.append(here)
        else:
            # Now and then a party is in a room too small for it: a person put it there.
            party = chance.randint(1, capacity + (chance.random() < 0.05))
            guests.append(_guest(chance, here, party))
        night = end


def _guest(chance: random.Random, here: Allocation, party: int) -> Guest:
    stay = Stay(
        "1",
        StayStatus.CONFIRMED,
        here.from_date,
        here.to_date,
        adults=party,
        booked_category="STD",
        rooms=(here,),
        room_chosen_by_staff=chance.random() < 0.1,
    )
    if here.from_date < TODAY:
        return Guest(stay, "begun")
    if here.from_date == TODAY:
        return Guest(stay, "arrives today")
    guest = Guest(stay, None)
    if chance.random() < 0.06:
        return _fixed(guest, chance.choice(NEVER_MOVED))
    return guest


def _fixed(guest: Guest, why: str) -> Guest:
    """The guest with what keeps them in their room."""
    stay = guest.stay
    changed = {
        "pinned": replace(stay, pinned_room=stay.rooms[0].room),
        "held": replace(stay, held=True),
        "checked in": replace(stay, status=StayStatus.CHECKED_IN),
        "manual": replace(stay, manual_category_code="STD", booked_category="DLX"),
        "to place": replace(stay, to_place=True),
    }
    return Guest(changed[why], why) if why in changed else guest
