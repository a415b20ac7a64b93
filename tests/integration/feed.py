"""The messages of a run: produced at a steady rate, noted as the broker confirmed them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from confluent_kafka import Message, Producer

from bench.traffic import property_file
from channel_sync.clock import RealClock
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.store.connect import open_pool
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_property
from channel_sync.store.slices import Houses
from tests.integration.rough import RoughTraffic, Sent
from tests.integration.running import settings_for
from tests.parts.postgres import PostgresPart

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROOMS = 8
"""Few enough that some nights are sold out."""


async def template(
    postgres: PostgresPart, hotels: int, auto_resolve: str, reshuffle: str = "suggest"
) -> str:
    """The name of a migrated database with its hotels, to copy from."""

    async def prepare(url: str) -> None:
        await migrate(url)
        connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
        for number in range(hotels):
            policy = {"auto_resolve": auto_resolve, "reshuffle": reshuffle}
            described = {**property_file(number, ROOMS), "policy": policy}
            await load_property(connection, parse_property(described))
        await connection.close()

    return await postgres.template(prepare)


@dataclass(slots=True)
class Feed:
    """`sent` counts what was handed to the client; `taken` is what the broker confirmed."""

    topic: str
    bootstrap: str
    source: RoughTraffic
    taken: dict[tuple[int, int], tuple[Sent, datetime]] = field(default_factory=dict)
    sent: int = 0
    refused: list[str] = field(default_factory=list)
    producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        self.producer = Producer({
            "bootstrap.servers": self.bootstrap,
            "enable.idempotence": True,
            "message.timeout.ms": 0,  # it waits for the broker, however long
            "reconnect.backoff.max.ms": 1_000,
            "log_level": 0,
        })  # fmt: skip

    async def produce(self, *, rate: float, may: Callable[[], bool], until: asyncio.Event) -> None:
        """So many messages a second while it `may`."""
        messages = self.source.messages(10**9)
        while not until.is_set():
            if may():
                for _ in range(max(1, int(rate / 5))):
                    self._send(next(messages))
            self.producer.poll(0)
            await asyncio.sleep(0.2)

    async def send(self, count: int) -> None:
        """So many messages, as fast as they are taken, each confirmed."""
        for sent in self.source.messages(count):
            self._send(sent)
            self.producer.poll(0)
        await self.flush()

    async def flush(self) -> None:
        left = await asyncio.to_thread(self.producer.flush, 120)
        assert left == 0, f"{left} messages were never confirmed"
        assert not self.refused, self.refused

    def _send(self, sent: Sent) -> None:
        # The time is ours: of a batch that was sent twice the broker confirms only the latest.
        stamp_ms = int(time.time() * 1000)

        def confirmed(error: object, message: Message) -> None:
            if error is not None:
                self.refused.append(str(error))
                return
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            at = EPOCH + timedelta(milliseconds=stamp_ms)
            self.taken[partition, offset] = (sent, at)

        self.sent += 1
        self.producer.produce(
            self.topic, sent.body, key=sent.key, timestamp=stamp_ms, on_delivery=confirmed
        )

    @property
    def reservations(self) -> dict[tuple[int, int], int]:
        return {place: sent.reservations for place, (sent, _) in self.taken.items()}

    def ends(self) -> dict[int, int]:
        """The offset after the last message of each partition."""
        found: dict[int, int] = {}
        for partition, offset in self.taken:
            found[partition] = max(offset + 1, found.get(partition, 0))
        return found

    def by_partition(self) -> Iterator[list[Record]]:
        """Each partition's records in order, one partition after the other."""
        records: dict[int, list[Record]] = defaultdict(list)
        for (partition, offset), (sent, at) in sorted(self.taken.items()):
            body, key = sent.body or b"", sent.key.encode()
            records[partition].append(Record(self.topic, partition, offset, at, body, key))
        yield from records.values()


async def apply_in_order(url: str, feed: Feed, sizes: Sequence[int] = (200,)) -> None:
    """The same messages through one process without faults, in slices of these sizes in turn."""
    pool = await open_pool(settings_for(url, "", feed.topic))
    options: dict[str, Any] = {"today_of": RealClock(), "houses": Houses()}
    for records in feed.by_partition():
        left, size = iter(records), itertools.cycle(sizes)
        while part := tuple(itertools.islice(left, next(size))):
            await apply_slice(pool, part, **options)
    while await plan_next(pool, today_of=RealClock()) is not None:
        pass
    await pool.close()
