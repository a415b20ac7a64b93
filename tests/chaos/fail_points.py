"""`channel-sync run`, killed by itself at a named point, and with a clock that jumps when told.

Nothing of this is in the program: asyncpg's and aiokafka's classes are wrapped from outside.
The argument "after COMMIT:7" kills with SIGKILL at the seventh passing of that point; SIGUSR1
moves the wall clock by up to 36 hours either way.
"""

from __future__ import annotations

import functools
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from types import FrameType
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from channel_sync import clock, pipeline
from channel_sync.cli import main as channel_sync
from channel_sync.store.statements import statements, topics

METHODS = ("execute", "fetch", "fetchval", "fetchrow")
REACHED = {
    "claims": ("claim", "begin", "move"),
    "slice": tuple(statements("slice")),
    "planning": ("take_due_property", "load_waiting", "mark_planned"),
}
"""The statements that a worker runs on a plain day; the others are of a halt or a person's."""

POINTS = tuple(
    f"{when} {what}"
    for what in (
        "BEGIN",
        "COMMIT",
        "Kafka commit",
        *(n for names in REACHED.values() for n in names),
    )
    for when in ("before", "after")
)


def statement_names() -> dict[str, str]:
    """The name of every statement of the program, by its text, and of those that asyncpg adds."""
    named = {sql: name for topic in topics() for name, sql in statements(topic).items()}
    return {**named, "BEGIN;": "BEGIN", "COMMIT;": "COMMIT", "ROLLBACK;": "ROLLBACK"}


def around(method: Callable[..., Awaitable[Any]], passing: Callable[[str], None]) -> Any:
    """The method of a connection, with a passing before and after each named statement."""
    names = statement_names()

    @functools.wraps(method)
    async def call(self: object, query: str, *arguments: Any, **options: Any) -> Any:
        name = names.get(query)
        if name is None:
            return await method(self, query, *arguments, **options)
        passing(f"before {name}")
        result = await method(self, query, *arguments, **options)
        passing(f"after {name}")
        return result

    return call


def die_at(point: str, passes: int) -> None:
    """Wraps the clients so that the process ends there, as by a power cut."""
    left = passes

    def passing(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    for name in METHODS:
        setattr(asyncpg.Connection, name, around(getattr(asyncpg.Connection, name), passing))
    commit = AIOKafkaConsumer.commit

    async def committed(self: object, *arguments: Any) -> None:
        passing("before Kafka commit")
        await commit(self, *arguments)
        passing("after Kafka commit")

    AIOKafkaConsumer.commit = committed


def let_the_clock_jump() -> None:
    """SIGUSR1 sets the wall clock elsewhere; what measures durations goes on as before."""
    chance = random.Random()
    shift = timedelta()
    wall = time.time

    class Elsewhere(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + shift

    def jump(number: int, frame: FrameType | None) -> None:
        nonlocal shift
        shift = timedelta(hours=chance.uniform(-36, 36))

    for module in (clock, pipeline):
        setattr(module, "datetime", Elsewhere)  # noqa: B010 - a plain assignment has no type
    time.time = lambda: wall() + shift.total_seconds()
    signal.signal(signal.SIGUSR1, jump)


def main() -> None:
    let_the_clock_jump()
    for where in sys.argv[1:]:
        point, _, passes = where.rpartition(":")
        die_at(point, int(passes))
    sys.argv = ["channel-sync", "run"]
    channel_sync()


if __name__ == "__main__":
    main()
