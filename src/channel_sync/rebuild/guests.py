"""What of a booking is about its guest: who a guest is, is not told again, and not compared.

Guests are linked across bookings and repaired by hand, and an erased one must not come back; an
audit of bookings leaves them out. A booking's own contact data are the booking's, and compared;
of an address not the spelling, which is that of the guest it leads to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from channel_sync.core.contact import email_key

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


def spelled_alike(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns or facts with every booking's address in the one form it is compared in.

    A known guest's address is shown as the guest's, and staff may have corrected that.
    """
    wished = values.get("field")  # the wish of a task names its field beside old and new
    return {
        name: _spelled_alike(value, str(wished) if wished and name in {"old", "new"} else name)
        for name, value in values.items()
    }


def _spelled_alike(value: Any, name: str) -> Any:
    match value:
        case dict():
            return spelled_alike(value)
        case list():
            return [_spelled_alike(one, name) for one in value]
        case str() if name.endswith("contact_email"):
            return email_key(value) or value
    return value


def rules_without(rules: str) -> str:
    """The rules that decided, without those of guests (G1 to G13)."""
    parts = rules.split("; ")
    return "; ".join(part for part in parts if not _RULE.fullmatch(part))


def is_about_guests(event: str, facts: Mapping[str, Any]) -> bool:
    """Whether an event tells of nothing but guests."""
    return event.partition(" ")[0] in _EVENTS or (bool(facts) and not without(facts))
