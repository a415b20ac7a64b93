"""The states of a stay that the columns of the decision table speak of, brought about."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.core import desk
from tests.unit.core.story import Story


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


def camping(story: Story) -> None:
    """In a category that is counted."""
    story.book(in_days=story.dice.randint(2, 4), code="TENT")


def seen_late(story: Story) -> None:
    """First heard of after it was over, or while it should be in house."""
    story.book(in_days=story.dice.choice([-6, -5, -4, -1]))


AHEAD = (nothing, by_hand, by_hand_waiting, pinned, pinned_waiting, pinned_too_small, waiting)
BEGUN = (begun, checked_in, checked_out, departed, no_show, off)
