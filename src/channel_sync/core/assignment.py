"""The heaviest pairing of two lists, exact in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence


def best_assignment(weights: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Pair rows with columns: as many pairs as possible, of the greatest total weight.

    `weights[row][column]` are whole numbers of any size, so that several orders of preference
    fit into one. Returns (row, column) pairs by row; min(rows, columns) of them. Among equal
    totals the answer is always the same one. Shortest augmenting paths, cubic in the size.
    """
    rows, columns = len(weights), len(weights[0])
    if rows > columns:
        turned = [[weights[row][column] for row in range(rows)] for column in range(columns)]
        return sorted((row, column) for column, row in best_assignment(turned))
    top = max(max(row) for row in weights)
    row_price = [0] * (rows + 1)
    column_price = [0] * (columns + 1)
    row_of = [0] * (columns + 1)
    for row in range(1, rows + 1):
        _augment(weights, top, row, row_price, column_price, row_of)
    return sorted(
        (row_of[column] - 1, column - 1) for column in range(1, columns + 1) if row_of[column]
    )


def _augment(
    weights: Sequence[Sequence[int]],
    top: int,
    row: int,
    row_price: list[int],
    column_price: list[int],
    row_of: list[int],
) -> None:
    """Give one more row a column by the cheapest chain of exchanges; lists count from one."""
    columns = len(row_of) - 1
    far = (top + 1) * (columns + 2) * 2 + 1
    slack = [far] * (columns + 1)
    previous = [0] * (columns + 1)
    reached = [False] * (columns + 1)
    row_of[0] = row
    at = 0
    while row_of[at]:
        reached[at] = True
        here = row_of[at]
        step, following = far, 0
        for column in range(1, columns + 1):
            if reached[column]:
                continue
            cost = top - weights[here - 1][column - 1] - row_price[here] - column_price[column]
            if cost < slack[column]:
                slack[column], previous[column] = cost, at
            if slack[column] < step:
                step, following = slack[column], column
        for column in range(columns + 1):
            if reached[column]:
                row_price[row_of[column]] += step
                column_price[column] -= step
            else:
                slack[column] -= step
        at = following
    while at:
        row_of[at] = row_of[previous[at]]
        at = previous[at]
