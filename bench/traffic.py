"""Made-up traffic: many hotels and their channel messages, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

FIRST_DAY = date(2026, 3, 1)
CATEGORIES = {"SGL": 1, "DBL": 2, "TWN": 2, "SUI": 4}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the property it is keyed by, and its body."""

    property_id: str
    body: bytes


def property_file(number: int, rooms: int = 40) -> dict[str, Any]:
    """A hotel with this many rooms in four categories, as its property file describes it."""
    each = rooms // len(CATEGORIES)
    return {
        "property": f"house-{number:03}",
        "name": f"House {number}",
        "timezone": "Europe/Vienna",
        "currency": "EUR",
        "categories": [
            {
                "code": code,
                "name": code.title(),
                "capacity": capacity,
                "rooms": [f"{rank}{room:02}" for room in range(1, each + 1)],
            }
            for rank, (code, capacity) in enumerate(CATEGORIES.items(), start=1)
        ],
    }


@dataclass(slots=True)
class Traffic:
    """Bookings of many hotels that are made, changed, repeated, reordered and cancelled."""

    properties: int
    seed: int = 7
    first_day: date = FIRST_DAY
    days: int = 300
    """Arrivals lie within so many days from the first one on."""
    known: list[dict[str, Any]] = field(default_factory=list)

    def messages(self, count: int) -> Iterator[Message]:
        """This many messages; about a third new, the rest about bookings made before."""
        chance = random.Random(self.seed)
        held: list[Message] = []
        for number in range(count):
            message = self._next(chance, number)
            if chance.random() < 0.03:
                held.append(message)  # overtaken by what comes next
                message = self._next(chance, number + count)
            yield message
            if held and chance.random() < 0.5:
                yield held.pop()
        yield from held

    def _next(self, chance: random.Random, number: int) -> Message:
        if not self.known or chance.random() < 0.34:
            booking = self._book(chance, number)
            self.known.append(booking)
        else:
            booking = chance.choice(self.known[-2_000:])
            self._change(chance, booking)
        body = {**booking, "message_id": f"m-{booking['reference']}-{booking['revision']}"}
        return Message(booking["property"], json.dumps(body).encode())

    def _book(self, chance: random.Random, number: int) -> dict[str, Any]:
        arrival = self.first_day + timedelta(days=chance.randrange(5, self.days))
        lines = 1 + (chance.random() < 0.08)
        return {
            "schema": "channel-sync/1",
            "property": f"house-{chance.randrange(self.properties):03}",
            "channel": "booking.com",
            "reference": f"R{number:07}",
            "status": "new",
            "revision": 1,
            "currency": "EUR",
            "rooms": [
                {
                    "line": str(line + 1),
                    "category": chance.choice(list(CATEGORIES)),
                    "arrival": arrival.isoformat(),
                    "departure": (arrival + timedelta(days=chance.randrange(1, 8))).isoformat(),
                    "adults": 1,
                    "amount": f"{chance.randrange(80, 900)}.00",
                }
                for line in range(lines)
            ],
            "booker": {
                "first_name": "Guest",
                "last_name": f"Number{number}",
                "email": f"guest{number}@example.org",
                "phone": f"+43{number:09}",
            },
        }

    @staticmethod
    def _change(chance: random.Random, booking: dict[str, Any]) -> None:
        """The booking's next revision; one in eight repeats what was said before."""
        kind = chance.choice(
            ["dates", "dates", "comment", "price", "category", "cancel", "same", "repeat"]
        )
        if kind == "repeat" or booking["status"] == "cancelled":
            return
        booking["revision"] += 1
        booking["status"] = "cancelled" if kind == "cancel" else "modified"
        room = booking["rooms"][0] = dict(booking["rooms"][0])
        if kind == "dates":
            arrival = date.fromisoformat(room["arrival"]) + timedelta(days=chance.randrange(-2, 4))
            room["arrival"] = arrival.isoformat()
            room["departure"] = (arrival + timedelta(days=chance.randrange(1, 8))).isoformat()
        elif kind == "comment":
            booking["comments"] = f"Remark {booking['revision']}"
        elif kind == "price":
            room["amount"] = f"{chance.randrange(80, 900)}.00"
        elif kind == "category":
            room["category"] = chance.choice(list(CATEGORIES))
