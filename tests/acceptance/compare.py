"""Compares what a scenario expects with rows, and draws the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Row = Mapping[str, Any]

SETS = frozenset({"references", "booked_references"})
"""Lists whose order says nothing."""
TASK_KEYS = frozenset({"first_proposal", "no_proposal_of_kind", "proposals"})
OTHER_NAMES = {"from": "from_date", "to": "to_date"}
WIDTH = 44


def same(expected: object, actual: object) -> bool:
    """Whether a value is the one expected; types that say the same are the same."""
    if expected == "any":
        return actual is not None
    if isinstance(expected, Mapping) and set(expected) == {"any_of"}:
        return any(same(one, actual) for one in expected["any_of"])
    if expected is None or actual is None:
        return expected is None and actual is None
    if isinstance(expected, Mapping):
        return isinstance(actual, Mapping) and all(
            _has(actual, key) and same(value, _get(actual, key)) for key, value in expected.items()
        )
    if isinstance(expected, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(expected) == len(actual)
            and all(same(*pair) for pair in zip(expected, actual, strict=True))
        )
    return _same_scalar(expected, actual)


def entry_matches(expected: Row, actual: Row) -> bool:
    """Whether a row is the one expected, on the keys given."""
    return all(key_matches(key, value, actual) for key, value in expected.items())


def key_matches(key: str, expected: object, actual: Row) -> bool:
    """One key of an entry; proposals and lists without order have rules of their own."""
    if key in TASK_KEYS:
        return _proposals_match(key, expected, actual.get("proposals") or [])
    if not _has(actual, key):
        return False
    value = _get(actual, key)
    if key in SETS and isinstance(expected, list) and isinstance(value, list | tuple):
        return sorted(map(str, expected)) == sorted(map(str, value))
    return same(expected, value)


def pair(expected: Sequence[Row], actual: Sequence[Row]) -> dict[int, int]:
    """As many entries as possible, each with a row of its own: entry → row."""
    taken: dict[int, int] = {}  # row → entry

    def find(entry: int, seen: set[int]) -> bool:
        for row, candidate in enumerate(actual):
            if row in seen or not entry_matches(expected[entry], candidate):
                continue
            seen.add(row)
            if row not in taken or find(taken[row], seen):
                taken[row] = entry
                return True
        return False

    for entry in range(len(expected)):
        find(entry, set())
    return {entry: row for row, entry in taken.items()}


def difference(expected: Sequence[Row], actual: Sequence[Row], always: Sequence[str] = ()) -> str:
    """A small table: what was expected, then what is there; `!` marks what has no partner."""
    pairs = pair(expected, actual)
    partners = set(pairs.values())
    wanted = list(dict.fromkeys(key for entry in expected for key in entry))
    columns = [*(key for key in always if key not in wanted), *wanted]
    shown = list(dict.fromkeys("proposals" if key in TASK_KEYS else key for key in columns))
    lines = [["", *shown]]
    for number, entry in enumerate(expected):
        mark = "expected" if number in pairs else "expected !"
        lines.append([mark, *(_expected_cell(column, entry) for column in shown)])
    for number, row in enumerate(actual):
        mark = "actual" if number in partners else "actual !"
        lines.append([mark, *(_cell(row, column) for column in shown)])
    if not actual:
        lines.append(["actual", "(nothing)"])
    return table(lines)


def table(lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell."""
    count = max(len(line) for line in lines)
    padded = [[*line, *[""] * (count - len(line))] for line in lines]
    widths = [max(len(line[column]) for line in padded) for column in range(count)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in padded
    )


def _proposals_match(key: str, expected: Any, proposals: Sequence[Any]) -> bool:
    if key == "proposals":
        return len(proposals) >= len(expected) and all(
            same(*pair) for pair in zip(expected, proposals, strict=False)
        )
    if key == "first_proposal":
        return same(expected, proposals[0] if proposals else None)
    kinds = [expected] if isinstance(expected, str) else expected
    return all(proposal.get("kind") not in kinds for proposal in proposals)


def _same_scalar(expected: object, actual: object) -> bool:
    if isinstance(expected, date) or isinstance(actual, date):
        return _moment(expected) == _moment(actual)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return str(expected).lower() == str(actual).lower()
    if str(expected) == str(actual):
        return True
    left, right = _number(expected), _number(actual)
    either_is_number = not (isinstance(expected, str) and isinstance(actual, str))
    money = "." in str(expected) and "." in str(actual)
    return left is not None and left == right and (either_is_number or money)


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp() if value.tzinfo else value
    if isinstance(value, str) and len(value) > len("2026-03-01"):
        try:
            return _moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value.isoformat() if isinstance(value, date) else value


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _has(row: Row, key: str) -> bool:
    return key in row or OTHER_NAMES.get(key) in row


def _get(row: Row, key: str) -> Any:
    return row[key] if key in row else row[OTHER_NAMES[key]]


def _expected_cell(column: str, entry: Row) -> str:
    if column == "proposals":
        parts = [f"{key}: {_text(entry[key])}" for key in sorted(TASK_KEYS) if key in entry]
        return "; ".join(parts) or "·"
    return _text(entry[column]) if column in entry else "·"


def _cell(row: Row, column: str) -> str:
    return _text(_get(row, column)) if _has(row, column) else "(no such column)"


def _text(value: object) -> str:
    if value is None:
        return "null"
    text = "; ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
