"""The cells of the decision table, and how often each was met."""

from __future__ import annotations

from collections import Counter

from channel_sync.core.begun import Standing
from channel_sync.core.making_room import CELL
from channel_sync.core.table import ROOM_TOO_SMALL, Column, Row

LEAST = 100
"""How many cases the laws must meet in each cell."""

MET: Counter[str] = Counter()

IMPOSSIBLE: dict[str, str] = {
    **{
        f"4: {row} / {column}": "a stay that begins anew has nothing manual (M14)"
        for row in (Row.NEW, Row.REINSTATED)
        for column in Column
        if column is not Column.NOTHING
    },
    f"4: {Row.TO_MANUAL} / {Column.NOTHING}": "without X and pin no category is the given one",
    **{
        f"4: {row} / {Column.PINNED_SMALL}": "untouched: why it waits is not asked, see not free"
        for row in (Row.QUIET, Row.REPEATED, Row.CANCEL)
    },
    f"4: {ROOM_TOO_SMALL} / {Column.MANUAL}": "a fitting room of X is given by the row that asked",
    **{
        f"4: {ROOM_TOO_SMALL} / {column}": "met as the row that asked, in the column of the pin"
        for column in (Column.PINNED, Column.PINNED_TAKEN, Column.PINNED_SMALL)
    },
}
"""Cells that are no cells, and why."""

COLUMNS_BEGUN = ("comments", "price", "occupancy", "departure", "arrival", "category", "cancel")

TABLE: tuple[str, ...] = (
    *(
        cell
        for row in (*Row, ROOM_TOO_SMALL)
        for column in Column
        if (cell := f"4: {row} / {column}") not in IMPOSSIBLE
    ),
    *(
        f"4 begun: {where} / {column}"
        for where in Standing
        if where is not Standing.AHEAD
        for column in COLUMNS_BEGUN
    ),
    *(f"R9: {row}" for row in (Row.NEW, Row.MOVED, Row.TO_THIRD)),
    "R9: no night",
    "A7: no night",
    CELL,
)


def report() -> list[str]:
    """The cells and their counts, a line each."""
    width = max(map(len, TABLE))
    return [f"{cell:{width}}  {MET[cell]:6}" for cell in TABLE]
