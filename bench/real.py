"""Replays real bookings through the real pipeline, and tells who found a room and how.

`python -m bench real [--data FILE] [--write]`: `--write` puts the table into docs/rooms.md.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import asyncpg

from bench.real_data import Booking, Told, by_day, kept, most_that_fit, peak, read_bookings
from channel_sync.clock import FixedToday
from channel_sync.core.model import Allocation
from channel_sync.core.plan import Layout, Plan, bits_of
from channel_sync.demo.embedded import embedded_postgres
from channel_sync.demo.servers import Postgres
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.records import Applied, Record
from channel_sync.settings import Settings
from channel_sync.store.connect import open_pool
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_properties, load_property
from channel_sync.store.slices import Houses

SIZES = (0.9, 1.0, 1.1)
"""Rooms of a category: this part of what all who came in the end needed on the fullest night."""

PAGE = Path(__file__).parents[1] / "docs" / "rooms.md"
BEGIN, END = "<!-- real bookings: `python -m bench real --write` -->", "<!-- /real bookings -->"

WITHOUT = """
SELECT s.property_id, count(*) AS many
  FROM channel_sync.stay s
 WHERE s.status = 'confirmed'
   AND (s.held OR s.departure - s.arrival >
        (SELECT coalesce(sum(a.to_date - a.from_date), 0)
           FROM unnest(s.rooms) AS a
           JOIN channel_sync.room AS r ON r.property_id = s.property_id AND r.room = a.room
          WHERE r.category = s.booked_category))
 GROUP BY s.property_id
"""


@dataclass(slots=True)
class Tally:
    """How the messages that needed a room found one; `without` lacked one for some night."""

    ways: Counter[str] = field(default_factory=Counter)
    without: int = 0


@dataclass(frozen=True, slots=True)
class House:
    """A hotel of the file at one size."""

    property_id: str
    hotel: str
    size: float
    rooms: dict[str, int]

    def described(self) -> dict[str, object]:
        """The house as its property file."""
        return {
            "property": self.property_id,
            "name": self.property_id,
            "timezone": "Europe/Lisbon",
            "currency": "EUR",
            "policy": {"reshuffle": "auto"},
            "categories": [
                {
                    "code": code,
                    "name": code,
                    "capacity": 20,
                    "rooms": [f"{code}{number:03}" for number in range(1, many + 1)],
                }
                for code, many in sorted(self.rooms.items())
            ],
        }


def houses_of(bookings: tuple[Booking, ...]) -> list[House]:
    """Every hotel at every size."""
    found = []
    for hotel in sorted({b.hotel for b in bookings}):
        own = [b for b in bookings if b.hotel == hotel]
        codes = {b.category for b in own} | {b.last_category for b in own}
        peaks = {code: peak(kept(own, code)) for code in codes}
        for size in SIZES:
            rooms = {code: max(1, math.ceil(size * many)) for code, many in peaks.items()}
            found.append(House(f"{hotel}-{size:.0%}", hotel, size, rooms))
    return found


# --- through the pipeline ----------------------------------------------------------------


async def replay(
    url: str, houses: list[House], bookings: tuple[Booking, ...]
) -> tuple[dict[str, Tally], int]:
    """All messages day by day, a slice a day; how it went by house, and how many they were."""
    tallies = {house.property_id: Tally() for house in houses}
    pool = await open_pool(Settings(database_url=url), size=2)  # type: ignore[arg-type]
    known = Houses()
    offset = 0
    for day, told in by_day(bookings):
        today = FixedToday(day)
        records = []
        for each in told:
            for house in (h for h in houses if h.hotel == each.booking.hotel):
                records.append(_record(house.property_id, each, day, offset))
                offset += 1
        for start in range(0, len(records), 500):
            part = tuple(records[start : start + 500])
            result = await apply_slice(pool, part, today_of=today, houses=known)
            for applied in result.applied:
                _count(tallies[applied.property_id], applied)
        while await plan_next(pool, today_of=today) is not None:
            pass
    for row in await pool.fetch(WITHOUT):
        tallies[row["property_id"]].without = row["many"]
    await pool.close()
    return tallies, offset


def _record(property_id: str, told: Told, day: date, offset: int) -> Record:
    booking = told.booking
    revision = {"new": 1, "changed": 2, "cancelled": 3}[told.what]
    body = {
        "schema": "channel-sync/1",
        "message_id": f"{property_id}-{booking.reference}-{revision}",
        "property": property_id,
        "channel": "channel",
        "reference": booking.reference,
        "status": {"changed": "modified"}.get(told.what, told.what),
        "revision": revision,
        "rooms": [
            {
                "line": "1",
                "category": told.category,
                "arrival": booking.arrival.isoformat(),
                "departure": booking.departure.isoformat(),
                "adults": 2,
            }
        ],
    }
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    key, headers = property_id.encode(), {"format": "canonical"}
    return Record("real", 0, offset, at, json.dumps(body).encode(), key, headers)


def _count(tally: Tally, applied: Applied) -> None:
    """Which way a message found its room, if it needed one."""
    asks = "no_room" in applied.tasks
    if applied.outcome.value not in {"created", "modified"}:
        return
    if not asks and not any(change.field == "room" for change in applied.changes):
        return
    if asks:
        tally.ways["task"] += 1
    elif any("is free now:" in why for why in applied.why):
        tally.ways["reshuffle"] += 1
    else:
        tally.ways["at once"] += 1


# --- first fit, and what could be had ----------------------------------------------------


class Finder(Protocol):
    """Finds rooms in a house of its own."""

    def find(self, category: str, first: date, end: date) -> Allocation | None:
        """A room for these nights, taken from now on."""

    def release(self, room: Allocation) -> None:
        """The room is free again."""


@dataclass(slots=True)
class FirstFit:
    """The first free room in room order; nobody is ever moved."""

    plan: Plan

    def find(self, category: str, first: date, end: date) -> Allocation | None:
        free = self.plan.free(first, end) & self.plan.layout.category(category)
        bit = next(bits_of(free), None)
        if bit is None:
            return None
        room = Allocation(self.plan.layout.rooms[bit].code, first, end)
        self.plan = self.plan.occupy([room])
        return room

    def release(self, room: Allocation) -> None:
        self.plan = self.plan.release([room])


@dataclass(slots=True)
class Counted:
    """As if rooms bore no numbers: everybody may be moved at any time, guests in house too."""

    rooms: dict[str, int]
    taken: Counter[tuple[str, int]] = field(default_factory=Counter)

    def find(self, category: str, first: date, end: date) -> Allocation | None:
        nights = [(category, night) for night in range(first.toordinal(), end.toordinal())]
        if any(self.taken[night] >= self.rooms[category] for night in nights):
            return None
        self.taken.update(nights)
        return Allocation(category, first, end)

    def release(self, room: Allocation) -> None:
        first, end = room.from_date.toordinal(), room.to_date.toordinal()
        self.taken.subtract([(room.room, night) for night in range(first, end)])


def simulated(house: House, finder: Finder, bookings: tuple[Booking, ...]) -> Tally:
    """The same messages with another way of finding rooms.

    Who waits is tried again, earliest arrival first, whenever nights come free.
    """
    tally = Tally()
    rooms: dict[str, Allocation] = {}
    waiting: dict[str, Told] = {}
    for day, told in by_day(b for b in bookings if b.hotel == house.hotel):
        freed = False
        for each in told:
            reference = each.booking.reference
            left = rooms.pop(reference, None)
            waiting.pop(reference, None)
            if left is not None:
                finder.release(left)
                freed = True
            if each.what != "cancelled" and each.booking.departure > day:
                found = _seat(finder, each, day, rooms, waiting)
                tally.ways["at once" if found else "task"] += 1
        for each in sorted(waiting.values(), key=lambda t: t.booking.arrival) if freed else ():
            if each.booking.departure > day:
                _seat(finder, each, day, rooms, waiting)
    late = [
        b for b in bookings if b.reference in rooms and rooms[b.reference].from_date > b.arrival
    ]
    tally.without = len(waiting) + len(late)
    return tally


def _seat(
    finder: Finder,
    told: Told,
    day: date,
    rooms: dict[str, Allocation],
    waiting: dict[str, Told],
) -> bool:
    """Whether a room was found for the nights from today on."""
    booking = told.booking
    found = finder.find(told.category, max(booking.arrival, day), booking.departure)
    if found is None:
        waiting[booking.reference] = told
        return False
    rooms[booking.reference] = found
    waiting.pop(booking.reference, None)
    return True


def without_at_best(house: House, bookings: tuple[Booking, ...]) -> int:
    """How many of those who came cannot have a room for all nights, whatever one does."""
    own = [b for b in bookings if b.hotel == house.hotel]
    there = {code: kept(own, code) for code in house.rooms}
    return sum(len(there[code]) - most_that_fit(there[code], n) for code, n in house.rooms.items())


# --- the table ---------------------------------------------------------------------------


async def compare(path: Path, *, write: bool) -> None:
    """Prints the table, and puts it into docs/rooms.md."""
    bookings = read_bookings(path)
    houses = houses_of(bookings)
    began = time.perf_counter()
    with embedded_postgres() as server:
        url = await _database(server, houses)
        tallies, messages = await replay(url, houses, bookings)
        plans = await _plans(url, houses)
    seconds = time.perf_counter() - began
    lines = [
        "| house | rooms | who | at once | by moves | only as a task | short |",
        "|---" * 7 + "|",
    ]
    for house in houses:
        many = sum(house.rooms.values())
        first = simulated(house, FirstFit(plans[house.property_id]), bookings)
        counted = simulated(house, Counted(house.rooms), bookings)
        lines += [
            _line(f"{house.property_id} | {many}", "channel-sync", tallies[house.property_id]),
            _line(" | ", "first fit", first),
            _line(" | ", "rooms counted", counted),
            f"| | | known beforehand | | | | {without_at_best(house, bookings)} |",
        ]
    table = "\n".join(lines)
    note = (
        f"{len(bookings):,} bookings, {messages:,} messages through the pipeline in"
        f" {seconds:.0f} s on {os.cpu_count()} cores."
    )
    print(f"{note}\n\n{table}")
    if write:
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{note}\n\n{table}\n{END}{after}")


def _line(house: str, who: str, tally: Tally) -> str:
    total = sum(tally.ways.values())
    ways = [tally.ways[way] for way in ("at once", "reshuffle", "task")]
    shares = " | ".join(f"{many:,} ({many / total:.1%})" for many in ways)
    return f"| {house} | {who} | {shares} | {tally.without} |"


async def _database(server: Postgres, houses: list[House]) -> str:
    name = "bench_real"
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    url = server.dsn(name)
    await migrate(url)
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    for house in houses:
        await load_property(connection, parse_property(house.described()))
    await connection.close()
    return url


async def _plans(url: str, houses: list[House]) -> dict[str, Plan]:
    """Every house, empty."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    loaded = await load_properties(connection, [house.property_id for house in houses])
    await connection.close()
    return {house.property_id: Plan(Layout.of(house), {}, {}, {}) for house in loaded}


def main(path: Path, *, write: bool) -> None:
    """Runs the replay, where there is something to replay."""
    if path.is_file():
        asyncio.run(compare(path, write=write))
    else:
        print(f"skipped: there is no {path}; --data names the file")
