"""Finding a room: best fit within a category, holds, and proposals for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from channel_sync.core.model import Allocation, Policy, Property, Proposal, Stay
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
    """How many the room must hold: adults, and children old enough or of unknown age."""
    counted = [age for age in stay.children if age is None or age >= policy.child_counts_from]
    return (stay.adults or 0) + len(counted)


def search(plan: Plan, ask: Ask, categories: Sequence[str]) -> Offer | None:
    """The room for a stay: the first category with a free, fitting room gives it.

    Within a category the room held now comes first, then best fit. Where no room fits, the
    first category with any free room offers that; None where nothing is free.
    """
    free = plan.free(ask.from_date, ask.to_date, ask_for=ask.key)
    fitting = plan.layout.fitting(free, ask.party)
    for mask, fits in ((fitting, True), (free, False)):
        for category in categories:
            room = _choose(plan, ask, mask & plan.layout.category(category))
            if room is not None:
                return Offer(room, category, fits)
    return None


def _choose(plan: Plan, ask: Ask, mask: int) -> str | None:
    if ask.present is not None and mask & plan.layout.mask([ask.present]):
        return ask.present
    return plan.best_fit(mask, ask.from_date, ask.to_date, ask.today)


def is_free(plan: Plan, ask: Ask, room: str) -> bool:
    """Whether a room is active and free on every night asked for."""
    return bool(plan.free(ask.from_date, ask.to_date, ask_for=ask.key) & plan.layout.mask([room]))


def is_fitting(plan: Plan, ask: Ask, room: str) -> bool:
    """Whether a room holds the party."""
    return bool(plan.layout.fitting(plan.layout.mask([room]), ask.party))


def propose(house: Property, plan: Plan, ask: Ask, category: str | None) -> tuple[Proposal, ...]:
    """Ways out for a person, in the order of rule R4, each with its cost.

    A room of the category itself, of the nearest higher one that has any, of the nearest lower
    one. Only free rooms that hold the party; the room held now comes first in its category.
    """
    free = plan.free(ask.from_date, ask.to_date, ask_for=ask.key)
    fitting = plan.layout.fitting(free, ask.party)
    rank = house.rank(category)
    codes = [c.code for c in house.categories]
    found = []
    for kind, candidates in (
        ("room", codes[rank : rank + 1] if rank >= 0 else []),
        ("upgrade", codes[rank + 1 :] if rank >= 0 else codes),
        ("downgrade", codes[:rank][::-1] if rank > 0 else []),
    ):
        for code in candidates:
            room = _choose(plan, ask, fitting & plan.layout.category(code))
            if room is not None:
                found.append(Proposal(kind, room, code))  # type: ignore[arg-type]
                break
    return tuple(found)
