"""The fewest other stays moved so that one more fits: exact, within a budget (rule R2).

The stay takes a room, those in its way leave, each takes a room in turn, and so on. Every plan
can be told so, whatever the order; so the search that allows one more move at a time finds one
of the fewest first. It counts the rooms it looks at, and gives up at its budget of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from channel_sync.core.chains import Chains, OutOfBudget
from channel_sync.core.model import Move
from channel_sync.core.neighbours import Neighbour
from channel_sync.core.place import Ask
from channel_sync.core.plan import Plan

GUESS_PART = 4
"""What part of the budget is added to find any plan at all, once the exact search has spent it."""

GUESS_MOVES = 30
"""How many moves such a plan may have."""

MOST_MOVES = 200
"""Where the exact search ends: nobody carries out a plan of more moves."""

REACH_NIGHTS = 45
"""How far around the nights asked for neighbours are looked at first; further where it matters."""


@dataclass(frozen=True, slots=True)
class Reshuffled:
    """What a search came to: the room made free and the moves that free it; None: no plan.

    `is_proved`: no plan has fewer moves, or there is none. Else the budget was hit, and this is
    the best that was found. `nodes` are the rooms looked at.
    """

    room: str | None = None
    moves: tuple[Move, ...] = ()
    nodes: int = 0
    is_proved: bool = True


def is_overfull(plan: Plan, ask: Ask, category: str) -> bool:
    """Whether on some night asked for every room of a category is taken: no moves can help."""
    mask = plan.layout.category(category) & plan.layout.active
    nights = range(ask.from_date.toordinal(), ask.to_date.toordinal())
    return any(not mask & ~plan.held.get(night, 0) for night in nights)


def reshuffle(
    plan: Plan, ask: Ask, category: str, wanted: int, neighbours: Iterable[Neighbour], budget: int
) -> Reshuffled:
    """Find the moves of other stays within a category that free a room for a stay.

    `wanted` are the rooms that would do (bits). The stay itself is off the plan. Fewest moves;
    then fewest nights moved, then latest arrivals, then room order: first the stay's own room,
    then those of the stays moved, in the order in which they give way.
    """
    if is_overfull(plan, ask, category):
        return Reshuffled()
    everybody = tuple(neighbours)
    reach, spent = REACH_NIGHTS, 0
    while True:
        span = (ask.from_date.toordinal() - reach, ask.to_date.toordinal() + reach)
        known = tuple(each for each in everybody if _is_within(each, span))
        search = Chains(plan, ask, category, wanted, known, span)
        found = _search(search, budget - spent)
        if not search.is_cramped or not found.is_proved or len(known) == len(everybody):
            return replace(found, nodes=spent + found.nodes)
        reach, spent = 4 * reach + 1, spent + search.nodes


def _is_within(neighbour: Neighbour, span: tuple[int, int]) -> bool:
    first, end = neighbour.rooms[0].from_date, neighbour.rooms[-1].to_date
    return first.toordinal() < span[1] and end.toordinal() > span[0]


def _search(search: Chains, budget: int) -> Reshuffled:
    """One move more at a time, until a plan is found, none can be, or the budget is spent."""
    search.budget = budget
    if search.is_short():
        return Reshuffled()
    try:
        while not search.found and search.limit < MOST_MOVES:
            search.limit += 1
            search.was_cut = False
            search.place((0,), 0, 0, 0)
            if not search.was_cut:
                break
    except OutOfBudget:
        if not search.found:
            return _guess(search)
        return Reshuffled(*search.plan_found(), search.nodes, is_proved=False)
    proved = bool(search.found) or not search.was_cut
    return Reshuffled(*search.plan_found(), search.nodes, is_proved=proved)


def _guess(search: Chains) -> Reshuffled:
    """Any plan, those that disturb the fewest at each step first: a person may find it enough."""
    search.start_over()
    search.budget += search.budget // GUESS_PART
    search.limit, search.is_guessing = GUESS_MOVES, True
    with contextlib.suppress(OutOfBudget):
        search.place((0,), 0, 0, 0)
    return Reshuffled(*search.plan_found(), search.nodes, is_proved=False)
