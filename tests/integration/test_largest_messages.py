"""Messages as large as the limits let in: each is applied, and none is a fault of ours."""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg
import pytest

from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.store.properties import load_property
from channel_sync.wire.limits import Limits
from tests.integration.checker import broken_invariants
from tests.integration.seaview import TODAY, booking, line, records, worker_pool

LIMITS = Limits()
YEAR = {"arrival": "2030-04-10", "departure": "2031-04-10"}
NIGHT = {"arrival": "2030-04-10", "departure": "2030-04-11"}
HOTEL = {
    "property": "seaview", "name": "Sea View", "timezone": "Europe/Lisbon", "currency": "EUR",
    "categories": [
        {"code": "DBL", "name": "Double", "capacity": 9, "rooms": [str(n) for n in range(150)]},
        {"code": "BED", "name": "Bed", "capacity": 1, "units": 300},
    ],
    "policy": {"reshuffle": "auto"},
}  # fmt: skip


def lines(**said: Any) -> list[dict[str, Any]]:
    return [line(line=str(number), **said) for number in range(LIMITS.lines)]


def guest(number: int) -> dict[str, str]:
    return {
        "first_name": "A" * 40,
        "last_name": f"Guest {number}",
        "email": f"{number}@example.org",
    }


def bookings(**said: Any) -> list[dict[str, Any]]:
    return [booking(f"B{number}", **said) for number in range(LIMITS.messages)]


def revisions() -> list[dict[str, Any]]:
    """One booking, changed as often as a list has messages: longer and longer."""
    days = [f"2030-{month:02}-{day:02}" for month in range(5, 13) for day in range(1, 29)]
    return [
        booking("B", revision=n + 1, comments=f"{n}", status="modified",
                rooms=[line(arrival="2030-04-10", departure=days[n % len(days)])])
        for n in range(LIMITS.messages)
    ]  # fmt: skip


CASES: dict[str, Any] = {
    "a booking of as many stays as may be, each of a year": booking("B", rooms=lines(**YEAR)),
    "a list of bookings of a year": bookings(rooms=[line(**YEAR)]),
    "a list of beds": bookings(rooms=[line(category="BED", adults=1, **YEAR)]),
    "a list of codes that mean nothing": bookings(rooms=[line(category="ATTIC")]),
    "a list of one guest": bookings(booker=guest(1)),
    "a list of parties that fit nowhere": bookings(rooms=[line(adults=99)]),
    "a list of revisions": revisions(),
    "a house full of guests": booking(
        "B", rooms=lines(guests=[guest(n) for n in range(60)], **NIGHT)
    ),
    "long remarks": booking("B", rooms=lines(comments="x" * 9_000, **NIGHT)),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_message_as_large_as_may_be_is_applied(
    connection: asyncpg.Connection, database: str, case: str
) -> None:
    """In a house that is full already, where each needs the longest search."""
    await load_property(connection, parse_property(HOTEL))
    async with worker_pool(database) as pool:
        full = [booking(f"F{n}", rooms=[line(**YEAR)]) for n in range(150)]
        (record,) = records(CASES[case], start=1)
        assert len(record.body) <= LIMITS.body_bytes
        await apply_slice(pool, records(full), today_of=TODAY)
        result = await apply_slice(pool, (record,), today_of=TODAY)
        while await plan_next(pool, today_of=TODAY) is not None:
            pass
    assert result.internal_errors == 0
    found = Counter(one.outcome.value for one in result.applied)
    assert not found.keys() - {"created", "modified"}
    assert found.total() == (len(CASES[case]) if isinstance(CASES[case], list) else 1)
    assert await broken_invariants(database) == []
