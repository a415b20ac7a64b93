"""What the demonstration prints: rows as they happen, the open tasks, one booking's history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from channel_sync.telling import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from channel_sync.records import Applied

WIDTH = 130
"""Columns where no terminal says how many it has, and at most where one does."""
OUTCOME, GAP = 10, 2
"""Columns of an outcome, and between two cells."""

COLOURS = {
    "created": "green",
    "modified": "cyan",
    "reinstated": "green",
    "cancelled": "magenta",
    "tombstoned": "yellow",
    "deferred": "yellow",
    "parked": "red",
    "staff": "blue",
    "planner": "blue",
}
OUTCOMES_BY_RULE = {
    "duplicate": "M7: handled before",
    "unchanged": "M7: says what is held already",
    "stale": "M6: older than what is held",
    "parked": "8: kept whole, can be retried",
}
WAYS_OUT = {
    "in_house_cancellation": "accept what the channel wishes, or dismiss",
    "in_house_change": "accept what the channel wishes, or dismiss",
}
"""What a person can do where there is no room to choose."""
BASIC_RULES = frozenset({"1", "3", "1, 3"})
"""Rules that every change rests on: the three-way comparison, and that it is recorded."""
RULES = {
    "M5": "a cancel may come first",
    "M6": "revisions have an order",
    "M11": "a full snapshot names all rooms",
    "M13": "a cancel changes the status only",
}
"""What a rule says, in a few words."""


class Show:
    """A page for people: wide columns on a terminal, plain text into a file."""

    def __init__(self) -> None:
        tty = sys.stdout.isatty()
        self.console = Console(width=None if tty else WIDTH, highlight=False)
        room = min(WIDTH, self.console.width) - OUTCOME - 3 * GAP
        message, why = max(room * 32 // 100, 18), max(room * 30 // 100, 18)
        self._widths = (message, OUTCOME, max(room - message - why, 18), why)

    def title(self, text: str, under: str = "") -> None:
        """A heading, and a line under it."""
        self.console.print()
        self.console.print(Text(text, style="bold"))
        if under:
            self.console.print(Text(under, style="dim"))

    def line(self, text: str) -> None:
        self.console.print(Text(text, style="dim"))

    def head(self) -> None:
        """The head of the table of messages."""
        self._row(("message", "outcome", "what changed", "why (rule)"), style="bold")
        self.console.print(Text("─" * (sum(self._widths) + 3 * GAP), style="dim"))

    def message(self, title: str, applied: Applied) -> None:
        """A message and what became of it."""
        self._row(
            (_named(applied.reference, title), str(applied.outcome), told(applied), _why(applied))
        )

    def fact(self, actor: str, title: str, changed: str, why: str) -> None:
        """Something done by staff, or by the planner, between two messages."""
        self._row((title, actor, changed, why))

    def tasks(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """The tasks that wait for a person, with the ways out."""
        table = _table("task", "booking", "reason", "arrival", "ways out")
        for row in rows:
            ways = "; ".join(
                f"proposal {number}: {_way_out(each)}"
                for number, each in enumerate(row["proposals"], 1)
            ) or WAYS_OUT.get(row["reason"], "dismiss, once seen")
            reason = f"{row['reason']}{' (notice)' if row['notice'] else ''}"
            arrival = row["arrival"].isoformat() if row["arrival"] else ""
            table.add_row(str(row["task_id"]), row["reference"], reason, arrival, ways)
        self.console.print(table)

    def history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """One booking's history: an event a row, its changes in lines."""
        table = _table("", "who", "event", "what changed", "reason")
        events: dict[int, list[Mapping[str, Any]]] = {}
        for row in rows:
            events.setdefault(row["version"], []).append(row)
        for changes in events.values():
            first = changes[0]
            lines = [line for row in changes if (line := _change(row))]
            table.add_row(
                str(first["version"]),
                f"{first['actor_type']} {first['actor']}",
                first["event"],
                Text("\n".join(lines)),
                Text(first["reason"]),
            )
        self.console.print(table)

    def _row(self, cells: tuple[str, str, str, str], style: str | None = None) -> None:
        grid = Table.grid(padding=(0, GAP, 0, 0))
        for width in self._widths:
            grid.add_column(width=width, overflow="fold")
        colour = style or COLOURS.get(cells[1], "dim")
        grid.add_row(
            Text(cells[0], style=style or ""),
            Text(cells[1], style=colour),
            Text(cells[2], style=style or ""),
            Text(cells[3], style=style or "dim"),
        )
        self.console.print(grid)


def _named(reference: str | None, title: str) -> str:
    return f"{reference}  {title}" if reference else title


def _why(applied: Applied) -> str:
    """The rules that decided, most telling last; outcomes that change nothing have their own."""
    if not applied.rules:
        return OUTCOMES_BY_RULE.get(str(applied.outcome), "")
    rules = [rule for rule in applied.rules if rule not in BASIC_RULES]
    telling = [rule for rule in rules if " " in rule] or rules
    return "; ".join(f"{rule}: {RULES[rule]}" if rule in RULES else rule for rule in telling)


def _way_out(proposal: Mapping[str, Any]) -> str:
    return f"{proposal['kind']} to {proposal['room']}" if proposal.get("room") else proposal["kind"]


def _change(row: Mapping[str, Any]) -> str:
    """A change as "field: old → new"; what the other lines say already is left out."""
    if row["field"] in {None, "rooms", "reference", "booker_name"}:
        return ""
    if row["field"].startswith("contact_") or row["old"] == row["new"]:
        return ""
    new = "–" if row["new"] is None else row["new"]
    old = "" if row["old"] in {None, "[]", "false"} else f"{row['old']} → "
    return f"{row['field'].replace('_', ' ')}: {old}{new}"


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
