"""What a scenario is played on: a database, a property, a calendar."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg

PMS_ROLE = "channel_sync_pms"
DAY_STARTS = "04:00"


class StepFailedError(Exception):
    """A step did not do what the scenario says; the message is for people."""


@dataclass(slots=True)
class Calendar:
    """The property-local time of the steps: a day, or a clock reading as well."""

    today: date
    now: datetime | None = None

    def __call__(self, timezone: str, day_starts: str) -> date:
        """The day of a decision; a clock reading before `day_starts` is the day before."""
        del timezone  # a scenario speaks in the property's own time
        if self.now is None:
            return self.today
        early = self.now.time() < time.fromisoformat(day_starts)
        return self.now.date() - timedelta(days=1) if early else self.now.date()


@dataclass(slots=True)
class Stage:
    """One property in a database of its own, with a connection as a PMS has it."""

    worker: asyncpg.Pool
    pms: asyncpg.Connection
    owner_url: str
    property_id: str
    calendar: Calendar
    own_name: str | None = None
    """The id that the scenario calls its property by, if it does."""
    policy: dict[str, Any] = field(default_factory=dict)
    planner_is_on: bool = True
    next_offset: int = 0
    version_before: int = 0
    """The last version of the history before the step that `expect` looks back on."""

    @property
    def topic(self) -> str:
        return f"scenario-{self.property_id}"

    @property
    def today(self) -> date:
        """Today as the SQL functions are told it."""
        return self.calendar("UTC", str(self.policy.get("day_starts") or DAY_STARTS))

    async def tell_today(self) -> None:
        """Makes the scenario's day that of every session of this database from now on."""
        connection = await asyncpg.connect(self.owner_url)
        try:
            name = await connection.fetchval("SELECT quote_ident(current_database())")
            day = self.today.isoformat()
            await connection.execute(f"ALTER DATABASE {name} SET channel_sync.today = '{day}'")
        finally:
            await connection.close()
        await self.worker.expire_connections()

    async def rows(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        """What a PMS reads on the scenario's day."""
        try:
            async with self.as_pms() as connection:
                records = await connection.fetch(statement, *arguments)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError) as error:
            raise StepFailedError(f"the database lacks something: {error}") from None
        return [plain_row(dict(record)) for record in records]

    @asynccontextmanager
    async def as_pms(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction under the PMS's role, on the scenario's day."""
        async with self.pms.transaction():
            await self.pms.execute(
                "SELECT set_config('channel_sync.today', $1, true)", self.today.isoformat()
            )
            yield self.pms

    async def version(self) -> int:
        """The last version of the property's history."""
        rows = await self.rows(
            "SELECT coalesce(max(version), 0) AS version FROM channel_sync.v_history"
            " WHERE property_id = $1",
            self.property_id,
        )
        return int(rows[0]["version"])


async def connect_pms(url: str) -> asyncpg.Connection:
    """A connection with a PMS's rights and no more."""
    connection = await asyncpg.connect(url)
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )
    await connection.execute(f"SET ROLE {PMS_ROLE}")
    return connection


def plain_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Rows within rows (a stay's allocations) as mappings too."""
    return {key: _plain(value) for key, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, asyncpg.Record):
        return plain_row(dict(value))
    return [_plain(item) for item in value] if isinstance(value, list) else value
