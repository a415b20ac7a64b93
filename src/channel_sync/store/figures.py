"""Counts what waits for people, in the whole database: open tasks and messages set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from channel_sync.store.statements import statements

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy

SQL = statements("figures")


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """Of one reason: those opened within the hour, within the day, and before."""

    reason: str
    hour: int
    day: int
    older: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages set aside for one reason."""

    reason: str
    messages: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Counted:
    """All of it at one time; `urgent_seconds` is 0 where nothing urgent waits."""

    tasks: tuple[OpenTasks, ...]
    urgent_seconds: float
    parked: tuple[Waiting, ...]


async def count(connection: Connection) -> Counted:
    """Three statements, each over a partial index of what is open."""
    tasks = await connection.fetch(SQL["open_tasks"])
    urgent = await connection.fetchval(SQL["urgent_seconds"])
    parked = await connection.fetch(SQL["parked"])
    return Counted(
        tuple(OpenTasks(**row) for row in tasks), urgent, tuple(Waiting(**row) for row in parked)
    )
