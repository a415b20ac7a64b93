"""Finding a room: what a stay asks for, and the best fit for it within a category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from channel_sync.core.model import Allocation, Policy, Stay
from channel_sync.core.plan import Plan, StayKey


@dataclass(frozen=True, slots=True)
class Ask:
    """A stay that looks for a room: its nights, how many it must hold, the room it has now."""

    key: StayKey
    from_date: date
    to_date: date
    party: int
    today: date
    present: str | None = None

    @classmethod
    def of(cls, key: StayKey, stay: Stay, policy: Policy, today: date, present: str | None) -> Ask:
        """What a stay asks for: its nights that are not over yet (rule A7)."""
        return cls(
            key=key,
            from_date=max(stay.arrival, today),
            to_date=stay.departure,
            party=party_of(stay, policy),
            today=today,
            present=present,
        )

    @property
    def nights(self) -> int:
        """How many nights a room is needed for; none for day use and what is over."""
        return max((self.to_date - self.from_date).days, 0)

    def allocation(self, room: str) -> Allocation:
        """A room for all nights asked for."""
        return Allocation(room, self.from_date, self.to_date)


@dataclass(frozen=True, slots=True)
class Offer:
    """A free room of a category, and whether it holds the party."""

    room: str
    category: str
    fits: bool


def rooms_until(rooms: Sequence[Allocation], until: date) -> tuple[Allocation, ...]:
    """The allocations of the nights before a date."""
    return tuple(
        replace(each, to_date=min(each.to_date, until)) for each in rooms if each.from_date < until
    )


def join_rooms(earlier: Sequence[Allocation], later: Allocation) -> tuple[Allocation, ...]:
    """Earlier allocations and a later one; one room run on is one."""
    last = earlier[-1] if earlier else None
    if last is not None and (last.room, last.to_date) == (later.room, later.from_date):
        return (*earlier[:-1], replace(last, to_date=later.to_date))
    return (*earlier, later)


def party_of(stay: Stay, policy: Policy) -> int:
    """How many the room of a stay must hold."""
    return how_many(stay.adults, stay.children, policy)


def how_many(adults: int | None, children: Sequence[int | None], policy: Policy) -> int:
    """How many of a party count: adults, and children old enough or of unknown age."""
    counted = [age for age in children if age is None or age >= policy.child_counts_from]
    return (adults or 0) + len(counted)


def search(plan: Plan, ask: Ask, categories: Sequence[str]) -> Offer | None:
    """The room for a stay: the first category with a free, fitting room gives it.

    Within a category the room held now comes first, then best fit. Where no room fits, the
    first category with any free room offers that; None where nothing is free.
    """
    free = plan.free(ask.from_date, ask.to_date, ask_for=ask.key)
    fitting = plan.layout.fitting(free, ask.party)
    for mask, fits in ((fitting, True), (free, False)):
        for category in categories:
            room = choose(plan, ask, mask & plan.layout.category(category))
            if room is not None:
                return Offer(room, category, fits)
    return None


def choose(plan: Plan, ask: Ask, mask: int) -> str | None:
    """The room held now if it is among these rooms (bits), else the best fit; None: no room."""
    if ask.present is not None and mask & plan.layout.mask([ask.present]):
        return ask.present
    return plan.best_fit(mask, ask.from_date, ask.to_date, ask.today)


def is_free(plan: Plan, ask: Ask, room: str) -> bool:
    """Whether a room is active and free on every night asked for."""
    return bool(plan.free(ask.from_date, ask.to_date, ask_for=ask.key) & plan.layout.mask([room]))


def is_fitting(plan: Plan, ask: Ask, room: str) -> bool:
    """Whether a room holds the party."""
    return bool(plan.layout.fitting(plan.layout.mask([room]), ask.party))
