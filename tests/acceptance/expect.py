"""The `expect` step: reads the views as a PMS would and compares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.acceptance.compare import Row, difference, entry_matches, pair
from tests.acceptance.scenario import as_date
from tests.acceptance.stage import Stage, StepFailedError

STAYS = "SELECT * FROM channel_sync.v_stay WHERE property_id = $1"
TASKS = "SELECT * FROM channel_sync.v_task WHERE property_id = $1"
HISTORY = "SELECT * FROM channel_sync.v_history WHERE property_id = $1"
GUESTS = "SELECT * FROM channel_sync.v_guest WHERE property_id = $1"
GUEST_HISTORY = "SELECT * FROM channel_sync.v_guest_history WHERE property_id = $1"
MESSAGES = "SELECT * FROM channel_sync.v_message WHERE property_id = $1"
AVAILABILITY = "SELECT * FROM channel_sync.availability($1, $2, $3)"

EXACT = {
    "stays": (f"{STAYS} ORDER BY reference, line", ("reference", "line")),
    "live_stays": (f"{STAYS} AND status <> 'cancelled' ORDER BY reference, line", ("reference",)),
    "tasks": (f"{TASKS} AND state = 'open' ORDER BY task_id", ("reference", "reason")),
    "guests": (f"{GUESTS} ORDER BY guest_id", ("name",)),
}
"""Compared as whole lists."""
AT_LEAST = {
    "history": (f"{HISTORY} ORDER BY version", ("reference", "field", "old", "new")),
    "closed_tasks": (f"{TASKS} AND state <> 'open' ORDER BY task_id", ("reference", "reason")),
    "guest_history": (f"{GUEST_HISTORY} ORDER BY at", ("field", "old", "new")),
    "messages": (f'{MESSAGES} ORDER BY "offset"', ("reference", "outcome")),
}
"""Compared as lists that may hold more."""


async def check(stage: Stage, expected: dict[str, Any]) -> None:
    """Every key of one `expect` step.

    Raises:
        StepFailedError: something is not as expected; the message shows all of it.
    """
    failures: list[str] = []
    for key, value in expected.items():
        failure = await _check_key(stage, key, value)
        if failure:
            failures.append(f"{key}:\n{failure}")
    if failures:
        raise StepFailedError("\n\n".join(failures))


async def _check_key(stage: Stage, key: str, value: Any) -> str | None:
    if key in EXACT:
        statement, always = EXACT[key]
        return _exact(value or [], await stage.rows(statement, stage.property_id), always)
    if key in AT_LEAST:
        statement, always = AT_LEAST[key]
        return _at_least(value or [], await stage.rows(statement, stage.property_id), always)
    if key == "stay_of":
        return await _stay_of(stage, value)
    if key == "availability":
        return await _availability(stage, value)
    if key == "no_history_since":
        return await _no_history(stage) if value else None
    raise StepFailedError(f"`expect` knows no key {key!r}")


def _exact(expected: Sequence[Row], actual: Sequence[Row], always: Sequence[str]) -> str | None:
    if len(expected) == len(actual) == len(pair(expected, actual)):
        return None
    return difference(expected, actual, always)


def _at_least(expected: Sequence[Row], actual: Sequence[Row], always: Sequence[str]) -> str | None:
    if len(pair(expected, actual)) == len(expected):
        return None
    return difference(expected, actual, always)


async def _stay_of(stage: Stage, value: Any) -> str | None:
    rows = await stage.rows(EXACT["stays"][0], stage.property_id)
    found: list[str] = []
    for entry in value if isinstance(value, list) else [value]:
        named = {key: entry[key] for key in ("reference", "line") if key in entry}
        theirs = [row for row in rows if entry_matches(named, row)]
        if not any(entry_matches(entry, row) for row in theirs):
            found.append(difference([entry], theirs, ("reference", "line")))
    return "\n".join(found) or None


async def _availability(stage: Stage, expected: Sequence[Row]) -> str | None:
    nights = [as_date(entry["night"]) for entry in expected]
    rows = await stage.rows(
        AVAILABILITY, stage.property_id, min(nights), max(nights) + timedelta(days=1)
    )
    asked = [row for row in rows if any(_same_cell(entry, row) for entry in expected)]
    return _at_least(expected, asked, ("category", "night"))


def _same_cell(entry: Row, row: Row) -> bool:
    return bool(row["night"] == as_date(entry["night"]) and row["category"] == entry["category"])


async def _no_history(stage: Stage) -> str | None:
    rows = await stage.rows(
        f"{HISTORY} AND version > $2 ORDER BY version", stage.property_id, stage.version_before
    )
    if not rows:
        return None
    columns = ("reference", "line", "event", "field", "old", "new", "actor_type", "reason")
    return "history was written:\n" + difference([], rows, columns)
