"""At every statement of a story the worker is cut off; another goes on, and nothing differs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from bench.traffic import property_file
from channel_sync.clock import RealClock
from channel_sync.parked import retry_parked
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.store import claims
from channel_sync.store.claims import PartitionId, SliceFence
from channel_sync.store.connect import open_pool
from channel_sync.store.properties import load_property
from channel_sync.store.slices import Houses
from tests.chaos.fail_points import METHODS, around
from tests.integration.checker import (
    EVERYTHING,
    broken_invariants,
    differences,
    faults_of_outcomes,
    lists_of,
    told,
)
from tests.integration.feed import ROOMS, template
from tests.integration.rough import RoughTraffic
from tests.integration.running import settings_for
from tests.parts.postgres import PostgresPart

HERE = PartitionId("bookings", 0)
HOTELS = 2
SLICE = 30
DERIVED = {"receipt", "stay as shown", "availability"}
FACTS = [what for what in EVERYTHING if what not in DERIVED]
GONE = (ConnectionResetError, asyncpg.InterfaceError)
"""The second is what asyncpg says of the first, where a transaction was under way."""
AT = datetime(2099, 1, 1, tzinfo=UTC)
LATE_HOTEL = "house-late"
"""Loaded after its message came: that one is parked, and retried."""


Act = Callable[[str, list[Record]], Awaitable[None]]


def story() -> tuple[list[Record], dict[tuple[int, int], int]]:
    """Two slices of everything, a parked message among them; how many outcomes each owes."""
    sent = list(RoughTraffic(HOTELS, seed=5).messages(50))
    records = [
        Record(*HERE, offset, AT, one.body or b"", one.key.encode())
        for offset, one in enumerate(sent)
    ]
    owed = {(0, offset): one.reservations for offset, one in enumerate(sent)}
    booking = RoughTraffic(1)._made()
    late = json.dumps({**booking, "property": LATE_HOTEL, "message_id": "late"}).encode()
    records.append(Record(*HERE, len(sent), AT, late, LATE_HOTEL.encode()))
    return records, {**owed, (0, len(sent)): 1}


@dataclass(slots=True)
class Cut:
    """Counts passings; at the chosen one the connection is gone, as when a process dies."""

    at: int | None
    passed: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) - 1 == self.at:
            raise ConnectionResetError(name)


@contextmanager
def cutting(at: int | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cut]:
    """Within it every named statement of any connection is a place to be cut off at.

    "before COMMIT" never reaches the server; "after COMMIT" is a reply that got lost.
    """
    cut = Cut(at)
    with monkeypatch.context() as patched:
        for name in METHODS:
            method = getattr(asyncpg.Connection, name)
            patched.setattr(asyncpg.Connection, name, _ending(around(method, cut)))
        yield cut


def _ending(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def call(self: asyncpg.Connection, *arguments: Any, **options: Any) -> Any:
        try:
            return await method(self, *arguments, **options)
        except ConnectionResetError:
            self.terminate()
            raise

    return call


async def consume(url: str, records: list[Record]) -> None:
    """A worker: claims, goes on where the row stands, slice by slice; then it plans."""
    pool = await open_pool(settings_for(url, "", HERE.topic), size=1)
    try:
        claim = await claims.claim(pool, HERE, "worker")
        at = claim.next_offset
        if at is None:
            at = records[0].offset
            await claims.begin(pool, HERE, epoch=claim.epoch, offset=at)
        options: dict[str, Any] = {"today_of": RealClock(), "houses": Houses()}
        while at < len(records):
            part = tuple(records[at : (at // SLICE + 1) * SLICE])
            fence = SliceFence(HERE, epoch=claim.epoch, expected=at, records=part)
            await apply_slice(pool, part, fence=fence, **options)
            at = part[-1].offset + 1
        await plan(pool)
    finally:
        pool.terminate()


async def retry(url: str, _: list[Record]) -> None:
    """A person, who tries the parked message of the hotel that was missing; then it is planned."""
    pool = await open_pool(settings_for(url, "", HERE.topic), size=1)
    try:
        parked = await pool.fetch(
            "SELECT parked_id FROM parked WHERE state = 'parked' AND property_id = $1", LATE_HOTEL
        )
        for row in parked:
            await retry_parked(pool, row["parked_id"], today_of=RealClock(), actor="anna")
        await plan(pool)
    finally:
        pool.terminate()


async def plan(pool: asyncpg.Pool) -> None:
    while await plan_next(pool, today_of=RealClock()) is not None:
        pass


async def load_late_hotel(url: str) -> None:
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    described = {**property_file(0, ROOMS), "property": LATE_HOTEL}
    await load_property(connection, parse_property(described))
    await connection.close()


@pytest.mark.parametrize("act", [consume, retry])
async def test_a_worker_cut_off_at_any_statement_leaves_what_another_can_go_on_from(
    postgres: PostgresPart, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    records, owed = story()
    made = await template(postgres, HOTELS, "on")
    async with postgres.database(made) as ready, postgres.database(made) as whole:
        if act is retry:
            for url in (ready, whole):
                await consume(url, records)
                await load_late_hotel(url)
        with cutting(None, monkeypatch) as uncut:
            await act(whole, records)
        assert not (faults := await faults_of_outcomes(whole, HERE.topic, owed)), told(faults)
        assert not (broken := await broken_invariants(whole)), told(broken)
        assert len(uncut.passed) > 50
        wanted = await lists_of(whole, FACTS)
        for point, name in enumerate(uncut.passed):
            async with postgres.database(ready.rpartition("/")[2]) as url:
                with cutting(point, monkeypatch) as cut, pytest.raises(GONE):
                    await act(url, records)
                assert cut.passed[point] == name
                await act(url, records)
                faults = await faults_of_outcomes(url, HERE.topic, owed)
                assert not faults, f"{name}: {told(faults)}"
                found, _ = differences(await lists_of(url, FACTS), wanted)
                assert not found, f"{name}: {told(found)}"
