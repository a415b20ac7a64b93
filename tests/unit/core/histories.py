"""Whole histories, drawn: rounds of a state, a change that is wanted, and whatever else."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from channel_sync.core.model import Policy
from tests.unit.core import changes, states, told
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import day
from tests.unit.core.story import Story, house_of

Deed = Callable[[Story], None]

SIZES = {"quick": 1, "whole": 14, "long": 600}
"""Histories of a course by the profile that LAWS names: a first look, every day, a night."""

PROFILE = os.environ.get("LAWS", "whole")


def lawful(times: int = 12) -> settings:
    """So many times as often as the profile says, on the same examples every time."""
    return settings(
        max_examples=SIZES[PROFILE] * times,
        derandomize=PROFILE != "long",
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


AHEAD_ROWS: tuple[Deed, ...] = (
    changes.quiet,
    changes.redate,
    changes.to_given,
    changes.third,
    changes.repeated,
    changes.unmapped,
    changes.cancelled,
    changes.too_many,
    changes.revived,
)
BESIDES: tuple[Deed, ...] = (
    *(changes.once_again, changes.two_of_them, changes.counted, changes.staff_edit),
    *(changes.staff_settle, changes.tomorrow, changes.redate, changes.repeated),
)

Course = tuple[Deed, ...]
"""A state, then what changes."""

SAME = (changes.quiet, changes.repeated)
"""What leaves a stay as it is."""

LITTLE = (changes.remarks, changes.price, changes.party)
"""What a stay that has begun is told first."""

WEIGHTY = (
    (changes.depart, changes.third),
    (changes.depart, changes.called_off),
    (changes.arrive, changes.called_off),
    (changes.arrive, changes.depart, changes.called_off),
    (changes.third, changes.depart, changes.arrive),
)
"""And what then."""

MORE: dict[Course, int] = {
    (states.nothing, changes.too_many): 8,
    (states.nothing, changes.third): 3,
    (states.nothing, changes.counted, changes.redate): 6,
    (states.nothing, changes.day_use): 3,
    (states.by_hand, *SAME, changes.redate): 10,
    (states.by_hand, *SAME, changes.to_given): 8,
    (states.by_hand, changes.third): 6,
    (states.by_hand, changes.too_many): 11,
    (states.by_hand, changes.unmapped): 9,
    (states.by_hand, changes.called_off): 4,
    (states.by_hand_waiting, *SAME, changes.to_given): 11,
    (states.by_hand_waiting, *SAME, changes.third): 9,
    (states.by_hand_waiting, *SAME, changes.called_off): 9,
    (states.by_hand_waiting, changes.unmapped): 6,
    (states.pinned, *SAME, changes.to_given): 8,
    (states.pinned, *SAME, changes.redate): 4,
    (states.pinned, *SAME, changes.called_off): 9,
    (states.pinned, changes.third): 4,
    (states.pinned, changes.unmapped): 8,
    (states.pinned_waiting, *SAME, changes.to_given): 8,
    (states.pinned_waiting, *SAME, changes.third): 5,
    (states.pinned_waiting, *SAME, changes.unmapped): 7,
    (states.pinned_waiting, *SAME, changes.called_off): 5,
    (states.pinned_too_small, changes.to_given): 9,
    (states.pinned_too_small, changes.third): 3,
    (states.pinned_too_small, changes.unmapped): 20,
    (states.seen_late, changes.quiet): 9,
    (states.camping, changes.redate): 8,
    (states.no_show, *LITTLE, changes.arrive): 4,
    (states.off, *LITTLE, changes.arrive): 4,
    (states.off, *LITTLE, changes.third): 4,
    (states.checked_in, *LITTLE, changes.third): 3,
    (states.off, *LITTLE, changes.called_off): 2,
    (states.no_show, *LITTLE, changes.third): 3,
    (states.no_show, *LITTLE, changes.called_off): 2,
}
"""What seldom succeeds is tried more often, so that every cell is met."""

COURSES: dict[Course, int] = {
    **{(state, row): 1 for state in states.AHEAD for row in AHEAD_ROWS},
    **{(state, *LITTLE, *rows): 2 for state in states.BEGUN for rows in WEIGHTY},
    **MORE,
}
"""Every course, and how often it is taken."""

Round = tuple[Course, tuple[Deed, ...], int]
"""A course, what happens besides, and a seed for the dice."""

besides = st.lists(st.sampled_from(BESIDES), max_size=2).map(tuple)
seeds = st.integers(0, 2**32)
rounds = st.tuples(st.sampled_from(list(COURSES)), besides, seeds)
nobody: st.SearchStrategy[list[Round]] = st.just([])
earlier = st.one_of(nobody, nobody, nobody, rounds.map(lambda told: [told]))


def name_of(course: Course) -> str:
    return "-".join(deed.__name__ for deed in course)


policies = st.builds(
    Policy,
    ota_room_policy=st.sampled_from(
        ["keep_manual", "keep_manual", "follow_channel", "freeze_room"]
    ),
    manual_category_full=st.sampled_from(["booked", "booked", "assign"]),
    reshuffle=st.sampled_from(["suggest", "auto", "auto", "off"]),
    auto_resolve=st.sampled_from(["on", "on", "suggest", "off"]),
    extend_in_house=st.sampled_from(["task", "same_room"]),
)


def tell(policy: Policy, rounds_told: list[Round]) -> Story:
    """Play a history; every law is held to on the way, and what history tells at the end."""
    story = Story(Hotel(house_of(policy), today=day(1)), Random(0))
    for course, others, seed in rounds_told:
        story.dice.seed(seed)
        for deed in (*course, *others):
            deed(story)
        if story.dice.random() < 0.5:
            story.plan()
        story.days_pass(story.dice.choice([1, 6]))
    told.history_tells_the_state(story.hotel)
    return story
