"""Every state that the claim, the fence and a crash can lead to, in a model small enough to see.

A row (epoch, next offset, effects), workers that each remember a claim and hold at most one
transaction, and steps that may come in any order. A transaction's compare-and-set locks the row,
so at most one is open; its COMMIT takes effect or does not, and the reply may be lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

MESSAGES = 3


@dataclass(frozen=True, slots=True)
class Worker:
    """`expected` is where it believes to stand; None: it has to claim."""

    epoch: int = 0
    expected: int | None = None
    takes: int = 0
    """Messages in the transaction that it holds open; 0: none."""


@dataclass(frozen=True, slots=True)
class State:
    """`effects` are the messages in the order in which they took effect."""

    epoch: int
    next_offset: int
    effects: tuple[int, ...]
    workers: tuple[Worker, ...]

    def put(self, number: int, worker: Worker) -> State:
        workers = (*self.workers[:number], worker, *self.workers[number + 1 :])
        return replace(self, workers=workers)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is compared before a slice is written; the real one compares both."""

    claims: int = 4
    """So many in all: beyond that states only repeat with higher numbers."""
    compares_epoch: bool = True
    compares_offset: bool = True
    trusts_memory_after_a_lost_reply: bool = False
    forgets: bool = False
    """Whether the server loses its last commits, claims too: a fail-over to a late replica."""

    def steps(self, state: State) -> Iterator[State]:
        """Every state that one step of one worker leads to."""
        locked = any(worker.takes for worker in state.workers)
        if self.forgets and not locked:
            for epoch in range(max(0, state.epoch - 1), state.epoch + 1):
                for end in range(max(0, state.next_offset - 1), state.next_offset + 1):
                    yield replace(state, epoch=epoch, next_offset=end, effects=tuple(range(end)))
        for number, worker in enumerate(state.workers):
            # Dies, or is frozen until the server ends its transaction: what it held is undone.
            yield state.put(number, Worker())
            if not locked and state.epoch < self.claims:
                claimed = Worker(state.epoch + 1, state.next_offset)
                yield replace(state, epoch=state.epoch + 1).put(number, claimed)
            if worker.takes:
                yield from self._ends(state, number, worker)
            elif worker.expected is not None and not locked:
                yield from self._begins(state, number, worker, worker.expected)

    def _begins(self, state: State, number: int, worker: Worker, expected: int) -> Iterator[State]:
        fits = (not self.compares_epoch or worker.epoch == state.epoch) and (
            not self.compares_offset or expected == state.next_offset
        )
        if not fits:
            yield state.put(number, replace(worker, expected=None))  # fenced: it claims again
            return
        for count in range(1, MESSAGES - expected + 1):
            yield state.put(number, replace(worker, takes=count))

    def _ends(self, state: State, number: int, worker: Worker) -> Iterator[State]:
        assert worker.expected is not None
        end = worker.expected + worker.takes
        idle = replace(worker, takes=0)
        rolled_back = state.put(number, idle)
        written = replace(
            state,
            next_offset=end,
            effects=(*state.effects, *range(worker.expected, end)),
        )
        yield rolled_back  # an error of the server: it tries the same slice again
        yield written.put(number, replace(idle, expected=end))
        # The reply is lost: the worker looks at the row, and goes on from there if it is its own.
        for after in (state, written):
            known = idle if self.trusts_memory_after_a_lost_reply else replace(
                idle, expected=after.next_offset
            )  # fmt: skip
            yield after.put(number, known)


def explore(protocol: Protocol, workers: int) -> tuple[dict[State, set[State]], State | None]:
    """Every state with those that follow it, and one with a message missing or twice in it."""
    first = State(0, 0, (), (Worker(),) * workers)
    after: dict[State, set[State]] = {}
    open_states = [first]
    while open_states:
        state = open_states.pop()
        if state in after:
            continue
        if state.effects != tuple(range(state.next_offset)):
            return after, state
        after[state] = set(protocol.steps(state))
        open_states += after[state] - after.keys()
    return after, None


@pytest.mark.parametrize(("workers", "forgets"), [(2, True), (2, False), (3, False)])
def test_in_every_state_each_message_before_the_offset_took_effect_once_and_in_order(
    workers: int, forgets: bool
) -> None:
    after, wrong = explore(Protocol(claims=3, forgets=forgets), workers)
    assert wrong is None
    assert len(after) > 300


def test_from_every_state_all_messages_can_still_be_applied() -> None:
    protocol = Protocol()
    after, _ = explore(protocol, 2)
    before: dict[State, set[State]] = defaultdict(set)
    for state, following in after.items():
        for one in following:
            before[one].add(state)
    hopeful = {state for state in after if state.next_offset == MESSAGES}
    open_states = list(hopeful)
    while open_states:
        fresh = before[open_states.pop()] - hopeful
        hopeful |= fresh
        open_states += fresh
    assert {state for state in after if state.epoch < protocol.claims} <= hopeful


@pytest.mark.parametrize(
    ("weaker", "holds"),
    [
        (Protocol(compares_epoch=False, compares_offset=False), False),
        # The epoch alone would do, if nobody trusted his memory and no server lost a commit.
        (Protocol(compares_offset=False), True),
        (Protocol(compares_offset=False, trusts_memory_after_a_lost_reply=True), False),
        (Protocol(claims=3, compares_offset=False, forgets=True), False),
    ],
)
def test_what_each_half_of_the_comparison_is_for(weaker: Protocol, holds: bool) -> None:
    _, wrong = explore(weaker, 2)
    assert (wrong is None) is holds
