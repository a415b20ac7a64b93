"""Compares what the database holds with what was told again, by natural keys."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

from channel_sync.applied import PERSONAL
from channel_sync.rebuild.guests import (
    TASKS,
    is_about_guests,
    rules_without,
    spelled_alike,
    without,
)
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import asyncpg

SQL = statements("rebuild")

Rows: TypeAlias = "list[tuple[str, dict[str, Any]]]"
"""Part of the booking, and the row, in order."""

State: TypeAlias = "dict[str, dict[str, Rows]]"
"""Booking → kind of row → rows."""

SHOWN = 120
"""Characters of a value that a difference shows."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the database holds, and what telling it all again came to; None: nothing."""

    booking: str
    what: str
    held: str | None
    told: str | None

    def __str__(self) -> str:
        """The difference as a line for people."""
        held, told = (side if side is not None else "nothing" for side in (self.held, self.told))
        return f"{self.booking}: {self.what}: the database has {held}, told again it is {told}"


async def load_state(connection: asyncpg.Connection, property_id: str) -> State:
    """All rows that tell of a property's bookings, without numbers and times of ours."""
    state: State = defaultdict(lambda: defaultdict(list))
    for row in await connection.fetch(SQL["load_state"], property_id):
        doc = json.loads(row["doc"])
        if not _is_left_out(row["kind"], doc):
            state[row["booking"]][row["kind"]].append((row["part"], _comparable(doc)))
    return state


def _is_left_out(kind: str, doc: dict[str, Any]) -> bool:
    if kind == "event":
        return is_about_guests(doc["event"], doc["facts"])
    return kind == "task" and doc["reason"] in TASKS


def _comparable(doc: dict[str, Any]) -> dict[str, Any]:
    """A row without who its guest is."""
    facts = {"facts": without(doc["facts"])} if "facts" in doc else {}
    ruled = [name for name in ("rule", "outcome_reason") if name in doc]
    rules: dict[str, Any] = {name: rules_without(doc[name]) for name in ruled}
    return spelled_alike({**without(doc), **facts, **rules})


def compare(held: State, told: State, apart: Collection[str]) -> Iterator[Difference]:
    """Every difference, booking by booking; those `apart` (natural keys) are not looked at."""
    for booking in sorted({*held, *told} - set(apart)):
        yield from _compare_booking(booking, held.get(booking, {}), told.get(booking, {}))


def _compare_booking(
    booking: str,
    held: Mapping[str, Rows],
    told: Mapping[str, Rows],
) -> Iterator[Difference]:
    if "booking" not in held or "booking" not in told:
        yield Difference(
            booking,
            "the booking",
            "a booking" if "booking" in held else None,
            "a booking" if "booking" in told else None,
        )
        return
    for kind in ("booking", "stay", "message"):
        have, want = dict(held.get(kind, ())), dict(told.get(kind, ()))
        for part in sorted({*have, *want}):
            yield from _compare_rows(booking, _named(kind, part), have.get(part), want.get(part))
    yield from _compare_tasks(booking, held.get("task", []), told.get("task", []))
    yield from _compare_events(booking, held.get("event", []), told.get("event", []))


def _compare_events(booking: str, held: Rows, told: Rows) -> Iterator[Difference]:
    """One after the other, until the two tell of different things."""
    for number, (one, other) in enumerate(zip_longest(held, told), 1):
        part = (one or other or ("",))[0]
        here, there = one and one[1], other and other[1]
        found = list(_compare_rows(booking, f"event {number}{_of(part)}", here, there))
        yield from found
        if found and (here is None or there is None or here["event"] != there["event"]):
            return  # all that follows is only shifted


def _compare_rows(
    booking: str, what: str, held: dict[str, Any] | None, told: dict[str, Any] | None
) -> Iterator[Difference]:
    if held is None or told is None:
        yield Difference(booking, what, _title(held), _title(told))
        return
    for name in sorted({*held, *told}):
        here, there = held.get(name), told.get(name)
        if here == there:
            continue
        if isinstance(here, dict) and isinstance(there, dict):
            yield from _compare_values(booking, f"{what}: {name}", here, there)
        else:
            yield Difference(booking, f"{what}: {name}", _shown(name, here), _shown(name, there))


def _compare_values(
    booking: str, what: str, held: dict[str, Any], told: dict[str, Any]
) -> Iterator[Difference]:
    """The values of an object that differ: of a row of history, the fact."""
    for name in sorted({*held, *told}):
        if held.get(name) != told.get(name):
            here, there = _shown(name, held.get(name)), _shown(name, told.get(name))
            yield Difference(booking, f"{what}.{name}", here, there)


def _compare_tasks(booking: str, held: Rows, told: Rows) -> Iterator[Difference]:
    """As a bag: a task bears no name that both sides know."""
    here = Counter(_task_key(part, task) for part, task in held)
    there = Counter(_task_key(part, task) for part, task in told)
    for key in sorted((here - there).elements()):
        yield Difference(booking, f"task{_of(key[0])}", _task_text(key), None)
    for key in sorted((there - here).elements()):
        yield Difference(booking, f"task{_of(key[0])}", None, _task_text(key))


def _task_key(part: str, task: dict[str, Any]) -> tuple[str, str, str, str]:
    about = {name: value for name, value in task.items() if name not in {"reason", "state"}}
    return part, task["reason"], task["state"], json.dumps(about, sort_keys=True)


def _task_text(key: tuple[str, str, str, str]) -> str:
    closed_by = json.loads(key[3])["closed_by"]
    return f"{key[1]}, {key[2]}" + (f" by {closed_by}" if closed_by else "")


def _named(kind: str, part: str) -> str:
    return f"{kind} {part}" if part else f"the {kind}"


def _of(part: str) -> str:
    return f" of stay {part}" if part else ""


def _title(row: dict[str, Any] | None) -> str | None:
    if row is None:
        return None
    title = row.get("event") or row.get("outcome") or row.get("status") or "a row"
    return str(title)


def _shown(name: str, value: object) -> str | None:
    """A value as a line shows it: not what guests are or wrote."""
    if value is None:
        return None
    if name in PERSONAL or name == "base" or name.startswith(("base.", "booking_base")):
        return "a value that is not shown"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
