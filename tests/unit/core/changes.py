"""What a channel, the staff and the calendar do to a stay: the rows of the decision table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from tests.unit.core import desk
from tests.unit.core.channel import once_more
from tests.unit.core.house import CHANNEL
from tests.unit.core.story import Story

CODES = ("STD", "DLX", "SUI", "ST2")
UNMAPPED = ("NEW1", "NEW2")


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


def day_use(story: Story) -> None:
    """Arrival and departure on one day."""
    line = story.hero.lines[0]
    story.hero.change(0, departure=line.arrival)
    story.receive(story.hero.tells())


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
    house = story.hotel.house
    known = {house.map_category(CHANNEL, story.hero.lines[0].category_code)}
    if story.is_known():
        stay = story.stay()
        known |= {stay.booked_category, stay.manual_category_code}
        known |= {house.category_of(stay.pinned_room)}
    codes = [code for code in CODES if house.map_category(CHANNEL, code) not in known]
    codes = codes or [code for code in CODES if code != story.hero.lines[0].category_code]
    story.hero.change(0, category_code=story.dice.choice(codes))
    story.receive(story.hero.tells())


def unmapped(story: Story) -> None:
    """A code that nobody mapped, alone or with other dates."""
    story.hero.change(0, category_code=story.dice.choice(UNMAPPED))
    if story.dice.random() < 0.7:
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


def called_off(story: Story) -> None:
    """A cancel of the whole."""
    story.receive(story.hero.calls_off())


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
