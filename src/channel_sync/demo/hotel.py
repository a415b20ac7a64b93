"""The demonstration's hotel: forty rooms in four categories, as a property file describes it."""

from __future__ import annotations

from datetime import date
from typing import Any

PROPERTY = "alpenrose"
TODAY = date(2026, 5, 4)
"""The day that the demonstration plays on, whatever day it is."""


def _floor(floor: int, rooms: int) -> list[str]:
    return [f"{floor}{number:02d}" for number in range(1, rooms + 1)]


HOTEL: dict[str, Any] = {
    "property": PROPERTY,
    "name": "Hotel Alpenrose",
    "timezone": "Europe/Vienna",
    "currency": "EUR",
    "categories": [
        {"code": "STD", "name": "Standard", "capacity": 2, "rooms": _floor(1, 16)},
        {"code": "SUP", "name": "Superior", "capacity": 2, "rooms": _floor(2, 12)},
        {"code": "FAM", "name": "Family", "capacity": 4, "rooms": _floor(3, 8)},
        {"code": "SUI", "name": "Suite", "capacity": 4, "rooms": _floor(4, 4)},
    ],
    "blocks": [
        {"room": "108", "from": date(2026, 5, 1), "to": date(2026, 6, 30), "reason": "new bathroom"}
    ],
    "channels": {
        "booking.com": {
            "aliases": ["BookingCom", "BDC"],
            "categories": {"DBL-ECO": "STD", "DBL-SUP": "SUP", "FAM-4": "FAM", "STE": "SUI"},
        },
        "expedia": {"categories": {"2001": "STD", "2002": "SUP", "2003": "FAM", "2004": "SUI"}},
    },
}
