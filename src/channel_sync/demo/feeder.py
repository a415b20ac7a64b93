"""Plays the demonstration's messages into a real topic, for a stack of containers.

`python -m channel_sync.demo.feeder prepare` makes the topic and the hotel, `… play [N]` sends the
day's messages and N ordinary ones, does what the desk does between them, and prints what became
of each. The days of the story are moved so that it plays today. Played again, it says nothing new.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from channel_sync.demo.feed import Edit, Message, Writer, book_so_far, ordinary, story
from channel_sync.demo.hotel import HOTEL, PROPERTY, TODAY
from channel_sync.errors import ChannelSyncError, ConfigurationError, DependencyError
from channel_sync.property_file import parse_property
from channel_sync.settings import Settings
from channel_sync.store.properties import load_property

PARTITIONS = 2
WAIT_SECONDS = 120.0
POLL_SECONDS = 0.05
BATCH = 200
"""Ordinary messages on their way at a time."""

_DATES = re.compile(rb'("(?:arrival|departure)": ")(\d{4}-\d\d-\d\d)"')
OUTCOMES = """
SELECT reference, outcome, outcome_reason
  FROM v_message WHERE topic = $1 AND partition = $2 AND "offset" = $3
"""
TASKS = "SELECT reason, count(*) FROM v_task WHERE property_id = $1 AND state = 'open' GROUP BY 1"
IS_DUE = "SELECT replan_due FROM property WHERE property_id = $1"


def moved(body: bytes, days: int) -> bytes:
    """The same message with its nights so many days later."""

    def later(found: re.Match[bytes]) -> bytes:
        day = date.fromisoformat(found[2].decode()) + timedelta(days=days)
        return found[1] + day.isoformat().encode() + b'"'

    return _DATES.sub(later, body)


async def prepare(settings: Settings) -> None:
    """Makes the topics that are missing, and the hotel; whoever logs in may write both."""
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await client.start()
    try:
        for topic in settings.topics:
            with contextlib.suppress(TopicAlreadyExistsError):
                await client.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await client.close()
    async with _connected(settings) as connection:
        days = (await connection.fetchval("SELECT current_date") - TODAY).days
        blocks = [
            {**block, **{key: block[key] + timedelta(days=days) for key in ("from", "to")}}
            for block in HOTEL["blocks"]
        ]
        await load_property(connection, parse_property({**HOTEL, "blocks": blocks}))
    _say(f"topics {', '.join(settings.topics)} and hotel {PROPERTY} are there")


@dataclass(slots=True)
class Player:
    """One run through the story."""

    topic: str
    producer: AIOKafkaProducer
    connection: asyncpg.Connection
    days: int
    tally: Counter[str] = field(default_factory=Counter)

    async def act(self, act: Message | Edit) -> None:
        """Sends a message and says what became of it, or does what the desk does."""
        if isinstance(act, Edit):
            await self._edit(act)
        else:
            for reference, outcome, reason in (await self.send([act]))[0]:
                _say(f"{act.title:<32}{reference or '':<10}{outcome:<12}{reason}")
        await self._planned()

    async def send(self, messages: Sequence[Message]) -> list[list[tuple[str, str, str]]]:
        """Sends them in order and waits until each has its outcomes."""
        sent = [
            await self.producer.send(
                self.topic,
                moved(message.body, self.days),
                key=PROPERTY.encode(),
                headers=[("format", b"canonical")],
            )
            for message in messages
        ]
        found = []
        for place in [await one for one in sent]:
            rows = await self._until(OUTCOMES, self.topic, place.partition, place.offset)
            self.tally.update(row["outcome"] for row in rows)
            found.append([tuple(row) for row in rows])
        return found

    async def _edit(self, act: Edit) -> None:
        """Through the function that a PMS would call too, with a PMS's rights."""
        given = {"property_id": PROPERTY, "reference": act.reference, **dict(act.arguments)}
        names = ", ".join(f"{name} => ${number}" for number, name in enumerate(given, 1))
        try:
            async with self.connection.transaction():
                await self.connection.execute("SET LOCAL ROLE channel_sync_pms")
                await self.connection.execute(f"SELECT {act.function}({names})", *given.values())
            said = "done"
        except asyncpg.PostgresError as error:
            said = f"refused: {error}"  # played before, for instance
        _say(f"{act.title:<32}{act.reference:<10}{'staff':<12}{said}")

    async def _planned(self) -> None:
        await self._until(f"SELECT 1 WHERE NOT ({IS_DUE})", PROPERTY)

    async def _until(self, question: str, *arguments: object) -> list[asyncpg.Record]:
        deadline = time.monotonic() + WAIT_SECONDS
        while not (rows := await self.connection.fetch(question, *arguments)):
            if time.monotonic() > deadline:
                raise DependencyError(f"no worker answered in {WAIT_SECONDS:.0f} seconds")
            await asyncio.sleep(POLL_SECONDS)
        return list(rows)


async def play(settings: Settings, messages: int) -> None:
    """The book so far, the day's story, and ordinary messages; then what all of it came to."""
    topic = settings.topics[0]
    async with (
        _connected(settings) as connection,
        AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer,
    ):
        today = await connection.fetchval("SELECT property_today($1)", PROPERTY)
        player = Player(topic, producer, connection, (today - TODAY).days)
        write = Writer()
        await player.send(book_so_far(write))
        for act in story(write):
            await player.act(act)
        rest = list(ordinary(write, messages))
        for first in range(0, len(rest), BATCH):
            await player.send(rest[first : first + BATCH])
        tasks = await connection.fetch(TASKS, PROPERTY)
    _say("outcomes: " + ", ".join(f"{n} {outcome}" for outcome, n in player.tally.most_common()))
    _say("open tasks: " + ", ".join(f"{row['count']} {row['reason']}" for row in tasks))


@contextlib.asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        settings.database_url.get_secret_value(), server_settings={"search_path": "channel_sync"}
    )
    try:
        yield connection
    finally:
        await connection.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """0 done, 1 it could not be done, 2 wrong use."""
    doing: Any
    try:
        settings = Settings.load(needs_broker=True)
        match arguments:
            case ["prepare"]:
                doing = prepare(settings)
            case ["play", *more] if all(one.isdigit() for one in more):
                doing = play(settings, int(more[0]) if more else 0)
            case _:
                raise ConfigurationError("prepare, or play [N]")
        asyncio.run(doing)
    except (ChannelSyncError, KafkaError, asyncpg.PostgresError, OSError) as error:
        sys.stderr.write(f"feeder: {error}\n")
        return 2 if isinstance(error, ConfigurationError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
