"""Time to find a room in houses of 20, 200 and 2,000 rooms that are all but full.

`python -m bench rooms [--write]`: `--write` puts the table into docs/rooms.md. Categories have
at most 500 rooms; the books reach a year ahead at 95 % occupancy, with gaps of 1 to 3 nights.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import TypeVar

from channel_sync.core.model import Allocation, Category, Property, Room
from channel_sync.core.neighbours import Neighbour
from channel_sync.core.place import Ask, search
from channel_sync.core.plan import Layout, Plan
from channel_sync.core.reshuffle import Reshuffled, is_overfull, reshuffle

T = TypeVar("T")

TODAY = date(2026, 6, 1)
HOUSES = (20, 200, 2_000)
IN_A_CATEGORY = 500
ASKS = 60
BUDGET = 50_000
PAGE = Path(__file__).parents[1] / "docs" / "rooms.md"
BEGIN, END = "<!-- bench: `python -m bench rooms --write` -->", "<!-- /bench -->"


@dataclass(frozen=True, slots=True)
class House:
    """A full house: its plan, and who may be moved."""

    plan: Plan
    neighbours: tuple[Neighbour, ...]
    occupancy: float


@dataclass(slots=True)
class Figures:
    """Times in microseconds, and the moves of the plans found (-1: none)."""

    best_fit: list[float] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)
    needed: Counter[int] = field(default_factory=Counter)
    most_nodes: int = 0
    unproved: int = 0


def full_house(rooms: int, chance: random.Random) -> House:
    """Rooms filled one by one with stays of 1 to 14 nights."""
    numbers = range(rooms)
    names = {number: f"C{number // IN_A_CATEGORY}" for number in numbers}
    listed = tuple(Room(f"{number:04}", names[number], 2) for number in numbers)
    categories = tuple(Category(code, code, 2) for code in dict.fromkeys(names.values()))
    house = Property("h", "h", "UTC", "EUR", categories, listed)
    held, neighbours = [], []
    for room in listed:
        night = chance.randint(1, 4)
        while night < 365:
            nights = chance.choice((1, 2, 2, 3, 3, 4, 7, 14))
            here = Allocation(room.code, _day(night), _day(night + nights))
            number = len(held)
            held.append(here)
            key = (number, "1")
            neighbours.append(Neighbour(key, "c", f"B{number}", here.from_date, 2, (here,)))
            night += nights + (chance.randint(1, 3) if chance.random() < 0.12 else 0)
    plan = Plan(Layout.of(house), {}, {}, {}).occupy(held)
    taken = sum(
        bits.bit_count() for night, bits in plan.held.items() if night < _day(365).toordinal()
    )
    return House(plan, tuple(neighbours), taken / rooms / 364)


def _day(number: int) -> date:
    return TODAY + timedelta(days=number)


def measure(rooms: int) -> tuple[House, Figures]:
    """Asks for rooms on dates on which there is one every night."""
    chance = random.Random(rooms)
    house = full_house(rooms, chance)
    figures = Figures()
    category = house.plan.layout.rooms[0].category
    wanted = house.plan.layout.category(category)
    tried = 0
    while len(figures.moves) < ASKS and tried < 20_000:
        tried += 1
        first, nights = chance.randint(5, 300), chance.choice((2, 3, 4, 5, 7))
        ask = Ask((-1, "1"), _day(first), _day(first + nights), 2, TODAY)
        offer, spent = _timed(lambda: search(house.plan, ask, (category,)))  # noqa: B023
        figures.best_fit.append(spent)
        if offer is not None or is_overfull(house.plan, ask, category):
            continue
        found, spent = _timed(
            lambda: reshuffle(house.plan, ask, category, wanted, house.neighbours, BUDGET)  # noqa: B023
        )
        _note(figures, found, spent)
    return house, figures


def _note(figures: Figures, found: Reshuffled, spent: float) -> None:
    figures.moves.append(spent)
    figures.needed[len(found.moves) if found.room else -1] += 1
    figures.most_nodes = max(figures.most_nodes, found.nodes)
    figures.unproved += not found.is_proved


def _timed(do: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    done = do()
    return done, (time.perf_counter() - began) * 1e6


def main(*, write: bool) -> None:
    """Prints the table."""
    head = (
        "| rooms | stays | occupancy | best fit, µs | moves: median, ms | slowest, ms"
        " | moves needed | rooms looked at, at most | budget hit |"
    )
    lines = [head, "|---" * 9 + "|"]
    medians = []
    for rooms in HOUSES:
        house, found = measure(rooms)
        fit, moves = median(found.best_fit), median(found.moves) / 1e3
        medians.append((fit, moves))
        needed = ", ".join(
            f"{'none possible' if n < 0 else n}: {found.needed[n]}" for n in sorted(found.needed)
        )
        lines.append(
            f"| {rooms:,} | {len(house.neighbours):,} | {house.occupancy:.1%} | {fit:.0f} |"
            f" {moves:.1f} | {max(found.moves) / 1e3:.0f} | {needed} | {found.most_nodes:,} |"
            f" {found.unproved} of {len(found.moves)} |"
        )
    growth = [f"{b[0] / a[0]:.1f} and {b[1] / a[1]:.1f}" for a, b in itertools.pairwise(medians)]
    note = f"Ten times the rooms take {' times, then '.join(growth)} times as long."
    text = "\n".join([*lines, "", note])
    print(text)
    if write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
