"""Says in a line what one message did to one booking: for replays and for the demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channel_sync.core.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from channel_sync.records import Applied, Told

_OBVIOUS = frozenset({"reference", "created_from_modification", "is_tombstone", "manual_category"})
"""Fields that the outcome says already, or that another field says better."""
_IN_WORDS = {"contact_email": "e-mail", "contact_phone": "phone", "booked_category": "category"}
_SILENT = frozenset(
    {Outcome.DUPLICATE, Outcome.UNCHANGED, Outcome.STALE, Outcome.PARKED, Outcome.DEFERRED}
)
"""Outcomes whose reason is worth a word where nothing changed."""


def told(applied: Applied) -> str:
    """What changed, stay by stay, and which tasks it left; the rules are not in it."""
    by_place: dict[str, list[Told]] = {}
    for change in applied.changes:
        by_place.setdefault(change.where, []).append(change)
    parts = [
        f"{f'{place}: ' if len(by_place) > 1 else ''}{text}"
        for place, changes in by_place.items()
        if (text := _place(changes))
    ]
    parts += [f"asks: {reason}" for reason in applied.tasks]
    if not parts and applied.outcome in _SILENT and not applied.rules:
        return applied.outcome_reason
    return "; ".join(parts)


def _place(changes: list[Told]) -> str:
    """The changes of one stay, or of the booking as a whole."""
    last = {change.field: change for change in changes}
    status = last.get("status")
    if status is not None and status.old is None:
        return _new_stay(last)
    return ", ".join(text for change in changes if (text := _one(change, last)))


def _new_stay(by_field: Mapping[str, Told]) -> str:
    def new(field: str) -> str | None:
        change = by_field.get(field)
        return None if change is None else change.new

    room = new("room")
    category = new("booked_category") or "unmapped"
    dates = f"{new('arrival')} → {new('departure')}"
    where = f"room {room}{' held' if new('held') else ''}" if room else "no room"
    return f"{dates}, {category}, {where}"


def _one(change: Told, beside: Mapping[str, Told]) -> str:
    field, old, new = change.field, change.old, change.new
    name = _IN_WORDS.get(field, field.replace("_", " "))
    if field in _OBVIOUS:
        return ""
    if change.is_hidden:
        return f"{name} changed"
    if field == "status" and new is not None:
        return new.replace("_", " ")
    if field == "held":
        return "held" if new is not None else "hold ended"
    if field == "pinned_room":
        return f"pinned to {new}" if new is not None else "pin ended"
    if field == "manual_category_code":
        return f"manual category {new}" if new is not None else "manual category ended"
    if field == "room" and new is None:
        return f"room {old} released" if "status" in beside else f"room {old} → no room"
    return f"{name} {old} → {new or 'none'}" if old is not None else f"{name} {new}"
