"""Staff and worker at the same time, in hotels nearly full: neither undoes the other."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from bench.traffic import property_file
from channel_sync.clock import FixedToday
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.store.properties import load_property
from channel_sync.store.slices import Houses
from tests.chaos.desk import AGAIN, Desk
from tests.chaos.people import MAY_WRITE_TABLES, a_pms
from tests.chaos.undone import (
    history,
    internal_errors,
    rebuilt,
    told_otherwise,
    undone_by_the_program,
)
from tests.integration.checker import broken_invariants, faults_of_outcomes, told
from tests.integration.feed import ROOMS
from tests.integration.rough import FIRST_DAY, RoughTraffic
from tests.integration.seaview import worker_pool

DAY = FIRST_DAY + timedelta(days=12)
"""Some have left, some are in house, most are to come."""
DAYS = 2
KINDS = 20
"""Of what staff can do, so many at the least were done and not only refused."""
DEADLOCKS = 20
"""Of UPDATEs by hand with others; the functions alone meet none."""
TOPIC = "bookings"
AT = datetime(2099, 1, 1, tzinfo=UTC)
POLICIES: list[dict[str, Any]] = [
    {"reshuffle": "suggest", "auto_resolve": "on"},
    {"reshuffle": "auto", "auto_resolve": "on", "manual_category_full": "assign"},
    {"reshuffle": "auto", "auto_resolve": "suggest", "extend_in_house": "same_room"},
]
"""Of as many hotels; the messages of the last come in both partitions."""
COUNTED = 2
"""The hotel whose singles have no numbers."""


@dataclass(slots=True)
class Scene:
    """Who works, and what they met; `faults` must stay empty."""

    url: str
    seed: int
    traffic: RoughTraffic
    day: date = DAY
    owed: dict[tuple[int, int], int] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    desks: list[Desk] = field(default_factory=list)

    async def fill(self, messages: int) -> None:
        """The books as staff find them."""
        await self._turn()
        async with worker_pool(self.url) as pool:
            await self._receive(pool, messages, most=40)
            await self._plan_all(pool)

    async def play(self, *, messages: int, desks: int, acts: int) -> None:
        """A day: so many messages, and so many acts of so many people meanwhile."""
        self.desks = []
        await self._turn()
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(worker_pool(self.url))
            for number in range(desks):
                connection = await stack.enter_async_context(a_pms(self.url))
                self.desks.append(self._desk(connection, pool, number))
            over = asyncio.Event()
            planning = asyncio.create_task(self._plan(pool, over))
            await asyncio.gather(
                self._receive(pool, messages, most=9),
                *(self._stand(desk, acts) for desk in self.desks),
            )
            over.set()
            await planning
            await self._plan_all(pool)
        self.day += timedelta(days=1)
        for desk in self.desks:
            self.faults += desk.faults
            self.done += desk.done
            self.refused += desk.refused
            self.met["deadlocks of staff"] += desk.again.total()

    async def _turn(self) -> None:
        """Whoever connects from now on does so on the scene's day."""
        connection = await asyncpg.connect(self.url)
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET channel_sync.today = '{self.day}'")
        await connection.close()

    def _desk(self, connection: asyncpg.Connection, pool: asyncpg.Pool, number: int) -> Desk:
        hotels = [house(one) for one in range(len(POLICIES))]
        rooms = [room for one in property_file(0, ROOMS)["categories"] for room in one["rooms"]]
        seed = self.seed * 10_000 + self.day.toordinal() % 100 * 100 + number
        return Desk(connection, pool, self.day, hotels, rooms, seed, FixedToday(self.day))

    async def _stand(self, desk: Desk, acts: int) -> None:
        for _ in range(acts):
            await desk.act()

    async def _receive(self, pool: asyncpg.Pool, count: int, *, most: int) -> None:
        """Two partitions, each in slices of its own."""
        parts: tuple[list[Record], list[Record]] = ([], [])
        for number, sent in enumerate(self.traffic.messages(count)):
            hotel = int(sent.key[-3:])
            part = hotel if hotel < 2 else number % 2
            offset = sum(one == part for one, _ in self.owed)
            self.owed[part, offset] = sent.reservations
            parts[part].append(Record(TOPIC, part, offset, AT, sent.body or b"", sent.key.encode()))
        await asyncio.gather(*(self._consume(pool, records, most) for records in parts))

    async def _consume(self, pool: asyncpg.Pool, records: list[Record], most: int) -> None:
        chance, houses = random.Random(self.seed), Houses()
        while records:
            size = chance.randint(1, most)
            part = tuple(records[:size])
            try:
                await apply_slice(pool, part, today_of=FixedToday(self.day), houses=houses)
            except asyncpg.PostgresError as error:
                self._meet("a slice", error)
                continue
            del records[:size]

    async def _plan(self, pool: asyncpg.Pool, over: asyncio.Event) -> None:
        while not over.is_set():
            try:
                if await plan_next(pool, today_of=FixedToday(self.day)) is None:
                    await asyncio.sleep(0.02)
            except asyncpg.PostgresError as error:
                self._meet("a look", error)

    async def _plan_all(self, pool: asyncpg.Pool) -> None:
        while await plan_next(pool, today_of=FixedToday(self.day)) is not None:
            pass

    def _meet(self, who: str, error: asyncpg.PostgresError) -> None:
        if error.sqlstate not in AGAIN:
            raise error
        self.met[f"deadlocks of {who}"] += 1


def house(number: int) -> str:
    return f"house-{number:03}"


async def prepare(url: str) -> None:
    """The hotels, whose PMS may write tables."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    await connection.execute(MAY_WRITE_TABLES)
    for number, policy in enumerate(POLICIES):
        described = {**property_file(number, ROOMS), "policy": policy}
        if number == COUNTED:
            single = described["categories"][0]
            single["units"] = len(single.pop("rooms"))
        await load_property(connection, parse_property(described))
    await connection.close()


@pytest.mark.parametrize("seed", [1, 2])
async def test_staff_and_worker_at_the_same_time_undo_nothing_of_each_other(
    database: str, seed: int
) -> None:
    await prepare(database)
    scene = Scene(database, seed, RoughTraffic(len(POLICIES), seed=seed))
    await scene.fill(250)
    for _ in range(DAYS):
        await scene.play(messages=130, desks=4, acts=50)
    assert scene.faults == [], told(scene.faults)
    assert len(scene.done) >= KINDS, scene.done
    assert scene.met.total() <= DEADLOCKS, scene.met
    assert await broken_invariants(database) == []
    assert await faults_of_outcomes(database, TOPIC, scene.owed) == []
    assert await internal_errors(database) == []
    assert list(undone_by_the_program(await history(database))) == []
    assert told_otherwise(await rebuilt(database)) == []
