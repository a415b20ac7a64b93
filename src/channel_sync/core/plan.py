"""The room plan: one integer per night, one bit per room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from channel_sync.core.model import Allocation, Property, Room

OPEN_SIDE_NIGHTS = 365
"""What a side counts on which no neighbour stands, and the most any side counts (rule R1)."""

StayKey = tuple[int, str]
"""A stay within its property: reservation id and line."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The rooms of a property as bit masks; bit i is the i-th room in room order."""

    rooms: tuple[Room, ...]
    bits: Mapping[str, int]
    categories: Mapping[str, int]
    capacities: Mapping[int, int]
    active: int

    @classmethod
    def of(cls, house: Property) -> Layout:
        """The layout of a property."""
        bits = {room.code: index for index, room in enumerate(house.rooms)}
        categories: dict[str, int] = {category.code: 0 for category in house.categories}
        capacities: dict[int, int] = {}
        active = 0
        for room in house.rooms:
            bit = 1 << bits[room.code]
            categories[room.category] |= bit
            capacities[room.capacity] = capacities.get(room.capacity, 0) | bit
            if room.active:
                active |= bit
        return cls(house.rooms, bits, categories, capacities, active)

    def mask(self, rooms: Iterable[str]) -> int:
        """The bits of these rooms; rooms that the property does not have count for nothing."""
        mask = 0
        for code in rooms:
            if code in self.bits:
                mask |= 1 << self.bits[code]
        return mask

    def category(self, code: str | None) -> int:
        """The bits of all rooms of a category; none for no category."""
        return self.categories.get(code, 0) if code is not None else 0

    def fitting(self, mask: int, party: int) -> int:
        """The bits of `mask` whose rooms hold a party of this many."""
        big_enough = 0
        for capacity, rooms in self.capacities.items():
            if capacity >= party:
                big_enough |= rooms
        return mask & big_enough


@dataclass(frozen=True, slots=True)
class Plan:
    """Who may sleep where: the rooms held on each night, and the rooms promised to pins.

    `held` maps the ordinal of a night to the rooms that a stay or a block holds then. `promised`
    are rooms that a pinned stay waits for: no automatic choice gives them to another stay.
    `counted` are the stays of categories that are counted and not numbered, with their nights as
    ordinals [from, to).
    """

    layout: Layout
    held: Mapping[int, int]
    promised: Mapping[StayKey, Allocation]
    counted: Mapping[StayKey, tuple[str, int, int]] = field(default_factory=dict)

    def free(self, from_date: date, to_date: date, *, ask_for: StayKey | None = None) -> int:
        """The active rooms that nobody holds on any night in [from_date, to_date).

        Rooms promised to other stays than `ask_for` on one of these nights are left out.
        """
        mask = self.layout.active
        for night in range(from_date.toordinal(), to_date.toordinal()):
            mask &= ~self.held.get(night, 0)
            if not mask:
                return 0
        for key, promise in self.promised.items():
            if key != ask_for and promise.from_date < to_date and from_date < promise.to_date:
                mask &= ~self.layout.mask([promise.room])
        return mask

    def occupy(self, allocations: Iterable[Allocation]) -> Plan:
        """The plan with these rooms held on these nights."""
        held = dict(self.held)
        for allocation in allocations:
            bit = self.layout.mask([allocation.room])
            for night in _nights(allocation):
                held[night] = held.get(night, 0) | bit
        return replace(self, held=held)

    def release(self, allocations: Iterable[Allocation]) -> Plan:
        """The plan with these rooms free on these nights."""
        held = dict(self.held)
        for allocation in allocations:
            bit = self.layout.mask([allocation.room])
            for night in _nights(allocation):
                held[night] = held.get(night, 0) & ~bit
        return replace(self, held=held)

    def promise(self, key: StayKey, promise: Allocation | None) -> Plan:
        """The plan with this room promised to a stay, or with its promise gone."""
        promised = {other: kept for other, kept in self.promised.items() if other != key}
        if promise is not None:
            promised[key] = promise
        return replace(self, promised=promised)

    def count(self, key: StayKey, counted: tuple[str, int, int] | None) -> Plan:
        """The plan with a stay counted in a category from one night to another, or no more."""
        others = {other: kept for other, kept in self.counted.items() if other != key}
        if counted is not None:
            others[key] = counted
        return replace(self, counted=others)

    def most_counted(self, category: str, from_date: date, to_date: date) -> int:
        """How many stays of a counted category there are on the fullest of these nights."""
        first, end = from_date.toordinal(), to_date.toordinal()
        here = [
            (start, stop)
            for code, start, stop in self.counted.values()
            if code == category and start < end and first < stop
        ]
        nights = {max(start, first) for start, _ in here}
        return max((sum(a <= n < b for a, b in here) for n in nights), default=0)

    def best_fit(self, mask: int, from_date: date, to_date: date, today: date) -> str | None:
        """The room of `mask` with the fewest idle nights around the stay (rule R1).

        The gap before is counted from today, the gap after to the next holder; a side on which
        nobody follows counts 365. Ties go by room order. None for an empty mask.
        """
        before = self._gaps(mask, from_date.toordinal() - 1, today.toordinal() - 1, -1)
        after = self._gaps(mask, to_date.toordinal(), to_date.toordinal() + OPEN_SIDE_NIGHTS, 1)
        best = min(bits_of(mask), key=lambda bit: (before[bit] + after[bit], bit), default=None)
        return None if best is None else self.layout.rooms[best].code

    def idle_nights(self, room: str, from_date: date, to_date: date, today: date) -> int:
        """The idle nights that a stay leaves around itself in this room (rule R1)."""
        bit = self.layout.bits[room]
        mask = 1 << bit
        before = self._gaps(mask, from_date.toordinal() - 1, today.toordinal() - 1, -1)
        after = self._gaps(mask, to_date.toordinal(), to_date.toordinal() + OPEN_SIDE_NIGHTS, 1)
        return before[bit] + after[bit]

    def _gaps(self, mask: int, first: int, end: int, step: int) -> dict[int, int]:
        """Nights free in a row from `first` towards `end`, for each bit of the mask."""
        gaps: dict[int, int] = {}
        held_on = self.held.get
        gap = 0
        still_free = mask
        for night in range(first, end, step):
            if gap == OPEN_SIDE_NIGHTS or not still_free:
                break
            held = still_free & held_on(night, 0)
            if held:
                gaps |= dict.fromkeys(bits_of(held), gap)
                still_free ^= held
            gap += 1
        return gaps | dict.fromkeys(bits_of(still_free), gap)


def bits_of(mask: int) -> Iterator[int]:
    """The indices of the bits that are set, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _nights(allocation: Allocation) -> range:
    return range(allocation.from_date.toordinal(), allocation.to_date.toordinal())
