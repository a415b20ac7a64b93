"""People at the desk throughout a run: whoever loses the database comes back and goes on."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg

from bench.traffic import property_file
from channel_sync.clock import RealClock
from channel_sync.store.connect import Fault, classify
from tests.chaos.desk import Desk
from tests.integration.feed import ROOMS
from tests.integration.rough import DAYS, FIRST_DAY
from tests.integration.seaview import worker_pool

MAY_WRITE_TABLES = """
GRANT SELECT, UPDATE ON channel_sync.stay, channel_sync.reservation TO channel_sync_pms
"""
MIDST = FIRST_DAY + timedelta(days=DAYS // 2)
AWAY = "the database was away"
PAUSE_SECONDS = 0.1
"""Between what one person does and what the same one does next."""


@asynccontextmanager
async def a_pms(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection with the rights of those who write facts."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    try:
        await connection.execute("SET ROLE channel_sync_pms")
        yield connection
    finally:
        connection.terminate()  # a server that is away would not answer a good-bye


@dataclass(slots=True)
class People:
    """So many at the desks of so many hotels; counted by what they did. `faults` must stay empty.

    `url` leads where faults do.
    """

    url: str
    count: int
    hotels: int
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    async def work(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.count):
                group.create_task(self._stand(self.seed * 100 + number))

    async def _stand(self, seed: int) -> None:
        houses = [property_file(number, ROOMS) for number in range(self.hotels)]
        hotels = [house["property"] for house in houses]
        rooms = [room for each in houses[0]["categories"] for room in each["rooms"]]
        for attempt in itertools.count():
            try:
                async with a_pms(self.url) as connection, worker_pool(self.url) as pool:
                    desk = Desk(
                        connection, pool, MIDST, hotels, rooms, 1_000 * seed + attempt, RealClock(),
                        done=self.done, refused=self.refused, again=self.again, faults=self.faults,
                    )  # fmt: skip
                    while True:
                        await desk.act()
                        await asyncio.sleep(PAUSE_SECONDS)
            except Exception as error:
                if classify(error) is not Fault.TRANSIENT:
                    raise
                self.again[AWAY] += 1
                await asyncio.sleep(0.5)
