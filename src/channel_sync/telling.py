"""Says in a line what one message did to one booking: for replays and for the demonstration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from channel_sync.core.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from channel_sync.records import Applied

NONE = "none"
_CHANGE = re.compile(r"(?P<where>[^:]+): (?P<field>\w+) (?P<old>.*?) → (?P<new>.*)")
_UNSEEN = re.compile(r"(?P<where>[^:]+): (?P<field>\w+) changed")
_OBVIOUS = frozenset({"reference", "created_from_modification", "is_tombstone", "manual_category"})
"""Fields that the outcome says already, or that another field says better."""
_IN_WORDS = {"contact_email": "e-mail", "contact_phone": "phone", "booked_category": "category"}
_UNMOVED = frozenset({Outcome.DUPLICATE, Outcome.UNCHANGED, Outcome.STALE})
"""Outcomes that open no task, though one may be open."""
_SILENT = _UNMOVED | {Outcome.PARKED, Outcome.DEFERRED}
"""Outcomes whose reason is worth a word where nothing changed."""


class _Change(NamedTuple):
    field: str
    old: str | None
    new: str | None
    """Both None where the values are not for showing."""


def told(applied: Applied) -> str:
    """What changed, stay by stay, and which tasks it left; the rules are not in it."""
    by_place: dict[str, list[_Change]] = {}
    for line in applied.changes:
        for place, change in _read(line):
            by_place.setdefault(place, []).append(change)
    parts = [
        f"{f'{place}: ' if len(by_place) > 1 else ''}{text}"
        for place, changes in by_place.items()
        if (text := _place(changes))
    ]
    if applied.outcome not in _UNMOVED:
        parts += [f"asks: {reason}" for reason in applied.tasks]
    if not parts and applied.outcome in _SILENT and not applied.rules:
        return applied.outcome_reason
    return "; ".join(parts)


def _read(line: str) -> Iterator[tuple[str, _Change]]:
    """A line of `Applied.changes`; a reason in words is none of ours."""
    if match := _CHANGE.fullmatch(line):
        yield match["where"], _Change(match["field"], match["old"], match["new"])
    elif match := _UNSEEN.fullmatch(line):
        yield match["where"], _Change(match["field"], None, None)


def _place(changes: list[_Change]) -> str:
    """The changes of one stay, or of the booking as a whole."""
    last = {change.field: change for change in changes}
    status = last.get("status")
    if status is not None and status.old == NONE:
        return _new_stay(last)
    return ", ".join(text for change in changes if (text := _one(change, last)))


def _new_stay(by_field: Mapping[str, _Change]) -> str:
    def new(field: str) -> str | None:
        change = by_field.get(field)
        return None if change is None or change.new == NONE else change.new

    room = new("room")
    category = new("booked_category") or "unmapped"
    dates = f"{new('arrival')} → {new('departure')}"
    where = f"room {room}{' held' if new('held') else ''}" if room else "no room"
    return f"{dates}, {category}, {where}"


def _one(change: _Change, beside: Mapping[str, _Change]) -> str:
    field, old, new = change
    name = _IN_WORDS.get(field, field.replace("_", " "))
    if field in _OBVIOUS:
        return ""
    if old is None or new is None:
        return f"{name} changed"
    if field == "status":
        return new.replace("_", " ")
    if field == "held":
        return "held" if new == "True" else "hold ended"
    if field == "pinned_room":
        return f"pinned to {new}" if new != NONE else "pin ended"
    if field == "manual_category_code":
        return f"manual category {new}" if new != NONE else "manual category ended"
    if field == "room" and new == NONE:
        return f"room {old} released" if "status" in beside else f"room {old} → no room"
    return f"{name} {old} → {new}" if old != NONE else f"{name} {new}"
