from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from channel_sync.core.assignment import best_assignment
from tests.unit.core.histories import lawful

tables = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 30), min_size=columns, max_size=columns), min_size=1, max_size=4
    )
)


def best_by_trying(weights: list[list[int]]) -> int:
    """The greatest total of as many pairs as possible, found by trying them all."""
    rows, columns = len(weights), len(weights[0])
    if rows > columns:
        weights = [list(row) for row in zip(*weights, strict=True)]
        rows, columns = columns, rows
    return max(
        sum(weights[row][column] for row, column in enumerate(chosen))
        for chosen in permutations(range(columns), rows)
    )


@lawful()
@given(tables)
def test_no_other_pairing_weighs_more(weights: list[list[int]]) -> None:
    pairs = best_assignment(weights)
    assert len(pairs) == min(len(weights), len(weights[0]))
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    assert sum(weights[row][column] for row, column in pairs) == best_by_trying(weights)


def test_more_rows_than_columns_are_paired_as_well() -> None:
    assert best_assignment([[1], [5], [3]]) == [(1, 0)]


def test_more_columns_than_rows_are_paired_as_well() -> None:
    assert best_assignment([[1, 5, 3]]) == [(0, 1)]


def test_weights_of_any_size_are_exact() -> None:
    huge = 10**40
    assert best_assignment([[huge, huge + 1], [huge + 1, huge + 3]]) == [(0, 0), (1, 1)]


def test_a_chain_of_exchanges_is_found() -> None:
    assert best_assignment([[9, 8, 0], [9, 0, 0], [8, 7, 1]]) == [(0, 1), (1, 0), (2, 2)]
