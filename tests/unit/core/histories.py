"""Whole histories, drawn: rounds of a state, a change that is wanted, and whatever else."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from channel_sync.core.model import Policy
from tests.unit.core import changes, laws, states
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import day
from tests.unit.core.story import Story, house_of

Deed = Callable[[Story], None]

SIZES = {"quick": 60, "whole": 1_900, "long": 20_000}
"""Histories by the profile that LAWS names: for a first look, for every day, for a night."""

PROFILE = os.environ.get("LAWS", "whole")


def lawful(share: float = 1.0) -> settings:
    """How many examples a law is tried on, the same ones every time."""
    return settings(
        max_examples=max(int(SIZES[PROFILE] * share), 10),
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

RARE: tuple[Course, ...] = (
    *[(states.nothing, changes.too_many)] * 4,
    *[(states.by_hand, changes.third)] * 4,
    *[(states.by_hand, *SAME, changes.to_given)] * 4,
    *[(states.by_hand, *SAME, changes.redate)] * 6,
    *[(states.by_hand, changes.too_many)] * 7,
    *[(states.by_hand, changes.unmapped)] * 5,
    *[(states.by_hand_waiting, changes.unmapped)] * 5,
    *[(states.nothing, changes.counted, changes.redate)] * 2,
    *[(states.by_hand, changes.cancelled)] * 4,
    *[(states.by_hand_waiting, *SAME, changes.called_off)] * 7,
    *[(states.by_hand_waiting, *SAME, changes.third)] * 6,
    *[(states.by_hand_waiting, *SAME, changes.to_given)] * 6,
    *[(states.pinned, *SAME, changes.to_given)] * 4,
    *[(states.pinned, *SAME, changes.cancelled)] * 4,
    *[(states.pinned, changes.third)] * 2,
    *[(states.pinned, changes.unmapped)] * 4,
    *[(states.pinned_waiting, *SAME, changes.to_given)] * 7,
    *[(states.pinned_waiting, *SAME, changes.unmapped)] * 4,
    *[(states.pinned_waiting, *SAME, changes.cancelled)] * 4,
    *[(states.pinned, changes.redate)] * 4,
    *[(state, *LITTLE, changes.third) for state in (*states.BEGUN, *states.ENDED)],
    *[(states.pinned_too_small, changes.to_given)] * 7,
    *[(states.pinned_too_small, changes.unmapped)] * 9,
    *[(states.seen_late, row) for row in (changes.quiet, changes.cancelled)] * 2,
)
"""What seldom succeeds is tried more often, so that every cell is met."""

COURSES: tuple[Course, ...] = (
    *((state, row) for state in states.AHEAD for row in AHEAD_ROWS),
    *((state, *LITTLE, *rows) for state in states.BEGUN for rows in WEIGHTY),
    *((state, *LITTLE, *rows) for state in states.ENDED for rows in WEIGHTY),
    *RARE,
)

Round = tuple[int, tuple[int, ...], int]
"""Which course, what else, and a seed for the dice."""

rounds = st.lists(
    st.tuples(
        st.integers(0, len(COURSES) - 1),
        st.lists(st.integers(0, len(BESIDES) - 1), max_size=2).map(tuple),
        st.integers(0, 9_999),
    ),
    min_size=3,
    max_size=5,
)

policies = st.builds(
    Policy,
    ota_room_policy=st.sampled_from(
        ["keep_manual", "keep_manual", "follow_channel", "freeze_room"]
    ),
    manual_category_full=st.sampled_from(["booked", "booked", "assign"]),
    auto_resolve=st.sampled_from(["on", "on", "suggest", "off"]),
    extend_in_house=st.sampled_from(["task", "same_room"]),
)


def tell(policy: Policy, told: list[Round]) -> Story:
    """Play a history; every law is held to on the way, and what history tells at the end."""
    story = Story(Hotel(house_of(policy), today=day(1)), Random(0))
    for course, besides, seed in told:
        story.dice.seed(seed)
        for deed in (*COURSES[course], *(BESIDES[beside] for beside in besides)):
            deed(story)
        if story.dice.random() < 0.5:
            story.plan()
        story.days_pass(story.dice.choice([1, 6]))
    laws.history_tells_the_state(story.hotel)
    return story
