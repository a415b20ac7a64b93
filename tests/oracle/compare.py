"""Ours beside the oracle's, instance by instance; `python -m tools.oracle` runs many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from channel_sync.core import reshuffle as reshuffle_module
from channel_sync.core.reshuffle import Reshuffled, reshuffle
from tests.oracle.answers import Cost, Question, seat, solved, tried_out
from tests.oracle.instances import Instance, draw

BUDGET = 50_000


@dataclass(slots=True)
class Tally:
    """What a comparison came to; `moves` counts the instances by the moves of their best plan."""

    instances: int = 0
    misses: int = 0
    extra_moves: int = 0
    worse_ties: int = 0
    unproved: int = 0
    impossible: int = 0
    moves: Counter[int] = field(default_factory=Counter)
    most_nodes: int = 0

    @property
    def wrong(self) -> int:
        """Instances in which ours is not the best plan."""
        return self.misses + self.extra_moves + self.worse_ties

    def __str__(self) -> str:
        """The figures in a line."""
        moves = ", ".join(f"{n}: {self.moves[n]:,}" for n in sorted(self.moves))
        return (
            f"{self.instances:,} instances; {self.misses} misses, {self.extra_moves} with a move"
            f" too many, {self.worse_ties} with a worse tie; {self.impossible:,} impossible,"
            f" {self.unproved} of them only for want of budget not proved so; by moves needed:"
            f" {moves}; at most {self.most_nodes:,} rooms looked at"
        )


def ours(instance: Instance, budget: int = BUDGET) -> Reshuffled:
    """Our answer."""
    neighbours = instance.neighbours.values()
    plan, ask = instance.plan, instance.ask
    return reshuffle(plan, ask, "STD", instance.wanted, neighbours, budget)


@contextmanager
def short_sight() -> Iterator[None]:
    """Searches begin with hardly any neighbours in sight, as they do in a house with long books."""
    before = reshuffle_module.REACH_NIGHTS
    reshuffle_module.REACH_NIGHTS = 1
    try:
        yield
    finally:
        reshuffle_module.REACH_NIGHTS = before


def cost_of(question: Question, answer: Reshuffled) -> Cost | None:
    """The cost of our plan, after a look that it can be carried out at all."""
    if answer.room is None:
        return None
    first, end, wanted = question.asked
    assert answer.room in wanted
    gone = {(move.from_room, move.from_date.toordinal()): move for move in answer.moves}
    taken: set[tuple[str, int]] = set()
    assert seat(taken, question.held, answer.room, first, end)
    moved = []
    for number, (first, end, home, fits) in enumerate(question.stays):
        move = gone.pop((home, first), None)
        room = home if move is None else move.to_room
        if move is not None:
            assert move.to_date.toordinal() == end
            assert room in fits
            assert room != home
            moved.append(number)
        held = question.held if move is not None else frozenset()
        assert seat(taken, held, room, first, end), "two stays in one room"
    assert not gone, "a stay was moved that may not be"
    return question.cost(moved)


def compare(seed: int, tally: Tally, *, small: bool = False) -> None:
    """Count one instance; every other one is searched with short sight, to look further itself."""
    instance = draw(seed, small=small)
    question = Question.of(instance)
    best = tried_out(question) if small else solved(question)
    with short_sight() if seed % 2 else nullcontext():
        answer = ours(instance)
    cost = cost_of(question, answer)
    tally.instances += 1
    tally.most_nodes = max(tally.most_nodes, answer.nodes)
    tally.unproved += not answer.is_proved
    if best is None:
        tally.impossible += 1
        assert cost is None
        return
    tally.moves[best[0]] += 1
    if cost is None:
        tally.misses += 1
    elif cost[0] > best[0]:
        tally.extra_moves += 1
    else:
        assert cost >= best, "better than the best: the oracle is wrong"
        tally.worse_ties += cost > best
