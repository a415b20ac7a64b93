"""A small cut of the comparison with the oracle; `make oracle` makes the whole."""

from __future__ import annotations

from tests.oracle.compare import Tally, compare


def test_no_plan_is_missed_and_none_has_a_move_too_many() -> None:
    tally = Tally()
    for seed in range(150):
        compare(seed, tally)
    assert tally.wrong == 0
    assert sum(tally.moves[n] for n in tally.moves if n) > 30, "hardly any instance needs a move"


def test_the_solver_and_trying_everything_out_agree_with_ours() -> None:
    tally = Tally()
    for seed in range(100):
        compare(seed, tally, small=True)
    assert tally.wrong == 0
    assert tally.unproved == 0
