"""Two other ways to the same answer: a constraint solver, and trying everything out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from ortools.sat.python import cp_model

from tests.oracle.instances import Instance

Cost = tuple[int, int, int]
"""Stays moved, nights moved, and how long before the latest arrival those moved arrive."""


@dataclass(frozen=True)
class Question:
    """An instance in plain numbers, read from what it is and not from what the program reads.

    A stay that may be moved is (first night, end, its room now, the rooms it may have).
    """

    asked: tuple[int, int, tuple[str, ...]]
    stays: tuple[tuple[int, int, str, tuple[str, ...]], ...]
    held: frozenset[tuple[str, int]]

    @classmethod
    def of(cls, instance: Instance) -> Question:
        rooms = [r for r in instance.house.rooms if r.category == "STD" and r.active]
        ask = instance.ask
        wanted = [r.code for r in rooms if r.capacity >= ask.party]
        if instance.only_room is not None:
            wanted = [r.code for r in rooms if r.code == instance.only_room]
        held = {_night for block in instance.blocks for _night in _nights(block)}
        held |= {n for _, promise in instance.promised for n in _nights(promise)}
        stays = []
        for guest in instance.guests:
            (here,) = guest.stay.rooms
            kept = instance.keeps_staffs_choice and guest.stay.room_chosen_by_staff
            if guest.fixed is not None or kept:
                held |= _nights(here)
                continue
            fits = tuple(r.code for r in rooms if r.capacity >= (guest.stay.adults or 0))
            first, end = here.from_date.toordinal(), here.to_date.toordinal()
            stays.append((first, end, here.room, fits))
        asked = (ask.from_date.toordinal(), ask.to_date.toordinal(), tuple(wanted))
        return cls(asked, tuple(stays), frozenset(held))

    @cached_property
    def latest(self) -> int:
        return max((stay[0] for stay in self.stays), default=0)

    def cost(self, moved: list[int]) -> Cost:
        """What it costs to move these stays."""
        chosen = [self.stays[n] for n in moved]
        return (
            len(moved),
            sum(end - first for first, end, _, _ in chosen),
            sum(self.latest - first for first, *_ in chosen),
        )


def _nights(allocation: object) -> set[tuple[str, int]]:
    room, first, end = allocation.room, allocation.from_date, allocation.to_date  # type: ignore[attr-defined]
    return {(room, night) for night in range(first.toordinal(), end.toordinal())}


def solved(question: Question) -> Cost | None:
    """The cheapest plan by CP-SAT; None: there is none."""
    model = cp_model.CpModel()
    first, end, wanted = question.asked
    holders: dict[tuple[str, int], list[cp_model.IntVar]] = {}

    def choice(
        first: int, end: int, rooms: tuple[str, ...], home: str | None = None
    ) -> dict[str, cp_model.IntVar]:
        ways = {}
        for room in rooms:
            nights = [(room, night) for night in range(first, end)]
            if room != home and any(night in question.held for night in nights):
                continue  # who has a room that is promised to another may stay there
            ways[room] = model.new_bool_var("")
            for night in nights:
                holders.setdefault(night, []).append(ways[room])
        model.add_exactly_one(ways.values())
        return ways

    choice(first, end, wanted)
    moved = []
    for first, end, home, fits in question.stays:
        at_home = choice(first, end, tuple(dict.fromkeys((*fits, home))), home)[home]
        nights, late = end - first, question.latest - first
        moved.append((1_000_000 + 1_000 * nights + late) * (1 - at_home))
    for each in holders.values():
        model.add_at_most_one(each)
    model.minimize(sum(moved))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    assert status == cp_model.OPTIMAL
    value = round(solver.objective_value)
    return (value // 1_000_000, value // 1_000 % 1_000, value % 1_000)


def tried_out(question: Question) -> Cost | None:
    """The cheapest plan of all there are; for a handful of stays and rooms."""
    first, end, wanted = question.asked
    best: Cost | None = None
    ways = [tuple(dict.fromkeys((home, *fits))) for _, _, home, fits in question.stays]
    for mine, *theirs in product(wanted, *ways):
        taken: set[tuple[str, int]] = set()
        if not seat(taken, question.held, mine, first, end):
            continue
        if not all(
            seat(taken, question.held if room != home else frozenset(), room, start, stop)
            for room, (start, stop, home, _) in zip(theirs, question.stays, strict=True)
        ):
            continue
        moved = [n for n, room in enumerate(theirs) if room != question.stays[n][2]]
        cost = question.cost(moved)
        best = cost if best is None else min(best, cost)
    return best


def seat(
    taken: set[tuple[str, int]], held: frozenset[tuple[str, int]], room: str, first: int, end: int
) -> bool:
    """Whether nobody has the room on these nights; now somebody has.

    Who stays at home may do so though the room is promised to another: nothing is `held` then.
    """
    nights = {(room, night) for night in range(first, end)}
    if nights & taken or nights & held:
        return False
    taken |= nights
    return True
