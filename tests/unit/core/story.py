"""Whole histories: a stay is brought into a state, the channel changes it, days pass."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random

from channel_sync.core.model import (
    Basis,
    Policy,
    Property,
    Revision,
    Said,
    Stay,
)
from channel_sync.core.world import SetAside
from tests.unit.core import desk, laws
from tests.unit.core.channel import Sold, once_more
from tests.unit.core.house import day, property_of
from tests.unit.core.hotel import Hotel

ROOMS = {
    "STD": [("101", 2), ("102", 2), ("103", 3)],
    "DLX": [("201", 2), ("202", 3)],
    "SUI": [("301", 4)],
}
CODES = ("STD", "DLX", "SUI", "ST2", "TENT")
UNMAPPED = ("NEW1", "NEW2")


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

    def book(self, *, in_days: int, said: Said = Said.NEW) -> None:
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
            code = dice.choice(["STD", "STD", "ST2", "DLX", "DLX", "SUI"])
            if dice.random() < 0.05:
                code = dice.choice(["TENT", "NEW1"])
            sold.add(code, arrival, arrival + timedelta(days=nights), dice.choice([1, 2]))
        self.receive(sold.tells(said))

    def move_out_of_category(self) -> None:
        """Staff give the stay a room of another category than the one booked."""
        rooms = [r for r in self.hotel.house.rooms if r.category != self.stay().booked_category]
        self.dice.shuffle(rooms)
        for room in rooms:
            if self.stay().manual_category_code is None:
                self.staff(desk.move, self.hero.reference, room.code)

    def close_rooms(self, *, only: str | None = None) -> None:
        """Rooms are out of order in the days after the stay."""
        start = self.stay().departure
        for room in self.hotel.house.rooms:
            if only is None or room.code == only:
                end = start + timedelta(days=self.dice.choice([2, 3]))
                self.staff(desk.block, room.code, start, end)

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


# --- states -----------------------------------------------------------------------------


def nothing(story: Story) -> None:
    story.book(in_days=story.dice.randint(2, 4))


def by_hand(story: Story) -> None:
    nothing(story)
    story.move_out_of_category()


def by_hand_waiting(story: Story) -> None:
    """In a room by hand, then no room at all."""
    by_hand(story)
    story.close_rooms()
    story.stay_longer()


def pinned(story: Story) -> None:
    story.dice.choice([nothing, nothing, by_hand])(story)
    story.staff(desk.pin, story.hero.reference)


def pinned_waiting(story: Story) -> None:
    """Pinned, and the room is out of order on a night that comes to it."""
    pinned(story)
    room = story.stay().pinned_room
    if room is not None:
        story.close_rooms(only=room)
        story.stay_longer()


def pinned_too_small(story: Story) -> None:
    pinned(story)
    story.hero.change(0, adults=5)
    story.receive(story.hero.tells())


def waiting(story: Story) -> None:
    nothing(story)
    story.close_rooms()
    story.stay_longer()


def begun(story: Story) -> None:
    """Begun by its dates: nobody checked the guest in."""
    story.book(in_days=story.dice.choice([0, 1]))
    for index in range(len(story.hero.lines)):
        end = story.hero.lines[index].departure
        assert end is not None
        story.hero.change(index, departure=end + timedelta(days=1))
    story.receive(story.hero.tells())
    story.days_pass(1)


def checked_in(story: Story) -> None:
    begun(story)
    if story.dice.random() < 0.3:
        story.staff(desk.pin, story.hero.reference)
    story.staff(desk.check_in, story.hero.reference)


def checked_out(story: Story) -> None:
    checked_in(story)
    story.staff(desk.check_out, story.hero.reference)


def departed(story: Story) -> None:
    """Over by its dates: nobody checked the guest out."""
    begun(story)
    story.days_pass(5)


def no_show(story: Story) -> None:
    begun(story)
    story.staff(desk.no_show, story.hero.reference)


def off(story: Story) -> None:
    nothing(story)
    story.staff(desk.cancel, story.hero.reference)


AHEAD = (nothing, by_hand, by_hand_waiting, pinned, pinned_waiting, pinned_too_small, waiting)
BEGUN = (begun, checked_in, checked_out, departed, no_show, off)


# --- rows -------------------------------------------------------------------------------


def quiet(story: Story) -> None:
    """Remarks or price."""
    sold, dice = story.hero, story.dice
    if dice.random() < 0.5:
        sold.change(0, amount=Decimal(dice.randint(1, 9) * 25))
    else:
        sold.change(0, comments=dice.choice(["late", "", "cot", "quiet"]))
    story.receive(sold.tells())


def price(story: Story) -> None:
    story.hero.change(0, amount=Decimal(story.dice.randint(1, 99)))
    story.receive(story.hero.tells())


def remarks(story: Story) -> None:
    story.hero.change(0, comments=f"remark {story.dice.randint(1, 99)}")
    story.hero.header["booking_comments"] = story.dice.choice(["", "by train", "by car"])
    story.receive(story.hero.tells())


def redate(story: Story, *, tell: bool = True) -> None:
    """Dates: all moved, or only the end."""
    sold, dice = story.hero, story.dice
    line = sold.lines[0]
    assert line.arrival is not None
    assert line.departure is not None
    arrival = max(line.arrival + timedelta(days=dice.choice([-1, 0, 1])), story.hotel.today)
    nights = max((line.departure - line.arrival).days + dice.choice([-1, 0, 1]), 0)
    sold.change(0, arrival=arrival, departure=arrival + timedelta(days=nights))
    if tell:
        story.receive(sold.tells())


def depart(story: Story) -> None:
    """Departure alone."""
    sold = story.hero
    line = sold.lines[0]
    assert line.arrival is not None
    assert line.departure is not None
    end = line.departure + timedelta(days=story.dice.choice([-1, 1, 1, 2]))
    sold.change(0, departure=max(end, line.arrival))
    if sold.is_stable and story.dice.random() < 0.3:
        story.receive(sold.tells_part(0, departure=sold.lines[0].departure))
    story.receive(sold.tells())


def arrive(story: Story) -> None:
    """Arrival, with or without departure."""
    sold = story.hero
    line = sold.lines[0]
    assert line.arrival is not None
    assert line.departure is not None
    by = timedelta(days=story.dice.choice([-1, 1, 2]))
    sold.change(0, arrival=line.arrival + by, departure=line.departure + max(by, timedelta()))
    story.receive(sold.tells())


def party(story: Story) -> None:
    sold = story.hero
    sold.change(0, adults=story.dice.randint(1, 4), children=story.dice.choice([(), (2,), (9,)]))
    story.receive(sold.tells())


def too_many(story: Story) -> None:
    story.hero.change(0, adults=story.dice.choice([3, 4, 5]))
    story.receive(story.hero.tells())


def to_given(story: Story) -> None:
    """The channel changes the category to what staff gave already."""
    if not story.is_known():
        return
    stay = story.stay()
    given = stay.manual_category_code or story.hotel.house.category_of(stay.pinned_room)
    if given is not None:
        if given == stay.booked_category:
            third(story)
        story.hero.change(0, category_code=given)
        if story.dice.random() < 0.3:
            redate(story, tell=False)
    story.receive(story.hero.tells())


def third(story: Story) -> None:
    """The channel changes the category to one that staff did not give."""
    known = {story.hero.lines[0].category_code}
    if story.is_known():
        stay = story.stay()
        known |= {stay.manual_category_code, story.hotel.house.category_of(stay.pinned_room)}
    codes = [code for code in CODES[:4] if code not in known]
    story.hero.change(0, category_code=story.dice.choice(codes))
    story.receive(story.hero.tells())


def unmapped(story: Story) -> None:
    """A code that nobody mapped, alone or with other dates."""
    story.hero.change(0, category_code=story.dice.choice(UNMAPPED))
    if story.dice.random() < 0.6:
        redate(story, tell=False)
    story.receive(story.hero.tells())


def counted(story: Story) -> None:
    """A category that is counted, and two others for it."""
    story.hero.change(0, category_code="TENT")
    story.receive(story.hero.tells())


def repeated(story: Story) -> None:
    """The channel says again what it said."""
    story.receive(story.hero.tells())


def cancelled(story: Story) -> None:
    """A cancel of the whole, or of one line."""
    sold = story.hero
    if sold.is_stable and len(sold.lines) > 1 and story.dice.random() < 0.4:
        if story.dice.random() < 0.5:
            sold.change(0, is_live=not sold.lines[0].is_live)
        else:
            sold.lines.pop()
        story.receive(sold.tells())
    else:
        story.receive(sold.calls_off())


def revived(story: Story) -> None:
    """A cancel, and then the booking again."""
    story.receive(story.hero.calls_off())
    if story.dice.random() < 0.5:
        redate(story, tell=False)
    story.hero.is_live = True
    story.receive(story.hero.tells())


def once_again(story: Story) -> None:
    """A message delivered again: the last one, or an older one."""
    story.receive(once_more(story.dice.choice(story.received[-6:]), story.dice))


def two_of_them(story: Story) -> None:
    """The channel adds a room to the booking."""
    line = story.hero.lines[0]
    assert line.arrival is not None
    assert line.departure is not None
    story.hero.add("STD", line.arrival, line.departure, 1)
    story.receive(story.hero.tells())


def staff_edit(story: Story) -> None:
    """Staff edit what the channel also speaks of."""
    if not story.is_known():
        return
    dice, reference, stay = story.dice, story.hero.reference, story.stay()
    edits: list[dict[str, object]] = [
        {"comments": "of staff"},
        {"amount": Decimal(77)},
        {"adults": dice.choice([1, 2, 3])},
        {"departure": stay.departure + timedelta(days=1)},
        {"arrival": stay.arrival + timedelta(days=1), "departure": stay.departure + timedelta(3)},
        {"staff_note": "of staff"},
    ]
    story.staff(desk.edit, reference, **dice.choice(edits))


def staff_settle(story: Story) -> None:
    """Staff give the stay any room, or change the policy for the booking."""
    if not story.is_known():
        return
    dice, reference = story.dice, story.hero.reference
    rooms = [room.code for room in story.hotel.house.rooms]
    policy = dice.choice([None, "keep_manual", "follow_channel", "freeze_room"])
    acts: list[Callable[[], None]] = [
        lambda: story.staff(desk.move, reference, dice.choice(rooms)),
        lambda: story.staff(desk.unpin, reference),
        lambda: story.staff(desk.reinstate, reference),
        lambda: story.staff(desk.edit_booking, reference, ota_room_policy=policy),
    ]
    dice.choice(acts)()


def tomorrow(story: Story) -> None:
    story.days_pass(1)


AHEAD_ROWS = (
    quiet,
    redate,
    to_given,
    third,
    repeated,
    unmapped,
    cancelled,
    too_many,
    revived,
)
BEGUN_ROWS = (remarks, price, party, depart, arrive, third, cancelled)
ANY_ROWS = (once_again, two_of_them, counted, staff_edit, staff_settle, tomorrow, redate)

START = day(1)


def tell(
    policy: Policy, rounds: list[tuple[int, list[int], int]], *, house: Property | None = None
) -> Story:
    """Play the rounds of a history: a state, rows, and what the dice say."""
    story = Story(Hotel(house or house_of(policy), today=START), Random(0))
    for state, rows, seed in rounds:
        story.dice.seed(seed)
        states = AHEAD + BEGUN
        (states[state % len(states)])(story)
        own = AHEAD_ROWS if state % len(states) < len(AHEAD) else BEGUN_ROWS
        for row in rows:
            choice = own if row < 100 else ANY_ROWS
            choice[row % len(choice)](story)
        if story.dice.random() < 0.5:
            story.plan()
        story.days_pass(story.dice.choice([1, 6]))
    laws.history_tells_the_state(story.hotel)
    return story


