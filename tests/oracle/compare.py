"""Ours beside the oracle's, instance by instance: `python -m tests.oracle.compare [COUNT]`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from channel_sync.core.reshuffle import Reshuffled, reshuffle
from tests.oracle.answers import Cost, Question, seat, solved, tried_out
from tests.oracle.instances import Instance, draw

BUDGET = 200_000


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


def ours(instance: Instance, budget: int = BUDGET) -> Reshuffled:
    """Our answer."""
    neighbours = instance.neighbours.values()
    plan, ask = instance.plan, instance.ask
    return reshuffle(plan, ask, "STD", instance.wanted, neighbours, budget)


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
    """Count one instance."""
    instance = draw(seed, small=small)
    question = Question.of(instance)
    best = tried_out(question) if small else solved(question)
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


def main() -> None:
    """Prints the figures; exit code 1 where ours is not the oracle's."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    began = time.perf_counter()
    wrong = 0
    for name, small, many in (
        ("CP-SAT", False, count),
        ("everything tried out", True, count // 4),
    ):
        tally = Tally()
        for seed in range(many):
            compare(seed, tally, small=small)
        moves = ", ".join(f"{n}: {tally.moves[n]:,}" for n in sorted(tally.moves))
        print(
            f"{name}: {tally.instances:,} instances; {tally.misses} misses, {tally.extra_moves}"
            f" with a move too many, {tally.worse_ties} with a worse tie, {tally.unproved} not"
            f" proved; {tally.impossible:,} impossible; by moves needed {moves}; at most"
            f" {tally.most_nodes:,} rooms looked at"
        )
        wrong += tally.misses + tally.extra_moves + tally.worse_ties + tally.unproved
    print(f"{time.perf_counter() - began:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
