"""What of a booking is about its guest: who a guest is, is not told again, and not compared.

Guests are linked across bookings and repaired by hand, and an erased one must not come back; an
audit of bookings leaves them out. A booking's own contact data are the booking's, and compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = frozenset({"guest_id", "booker_guest_id", "guest_set_by_staff"})
"""Columns of a booking, and facts of its history."""

TASKS = frozenset({"guest_conflict", "blocked_guest"})
"""Reasons of tasks."""

_RULE = re.compile(r"G\d+")
_EVENTS = ("guest", "guests")
"""Words that an event about guests alone begins with."""


def without(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns or facts without those about guests."""
    return {name: value for name, value in values.items() if name not in FIELDS}


def rules_without(rules: str) -> str:
    """The rules that decided, without those of guests (G1 to G13)."""
    parts = rules.split("; ")
    return "; ".join(part for part in parts if not _RULE.fullmatch(part))


def is_about_guests(event: str, facts: Mapping[str, Any]) -> bool:
    """Whether an event tells of nothing but guests."""
    return event.partition(" ")[0] in _EVENTS or (bool(facts) and not without(facts))
