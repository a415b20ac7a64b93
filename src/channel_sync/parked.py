"""Messages set aside: tried again in their own place, or given up by a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from channel_sync.applied import applied_of
from channel_sync.batch import read_all
from channel_sync.core.model import Outcome
from channel_sync.errors import Refused
from channel_sync.pipeline import decide_slice, load_world
from channel_sync.records import Record
from channel_sync.rows import write_entries
from channel_sync.store.connect import borrowed
from channel_sync.store.slices import Houses, Trips, save
from channel_sync.store.statements import statements
from channel_sync.wire.limits import Limits

if TYPE_CHECKING:
    import asyncpg

    from channel_sync.records import Applied, TodayOf

SQL = statements("planning")


async def retry_parked(
    pool: asyncpg.Pool,
    parked_id: int,
    *,
    today_of: TodayOf,
    actor: str,
    limits: Limits | None = None,
) -> tuple[Applied, ...]:
    """Apply a parked message again, with its own topic, partition, offset and time.

    A full snapshot that was overtaken meanwhile becomes `stale` by itself. What was parked
    behind it follows in order of arrival, as long as nothing is parked again.

    Raises:
        Refused: there is no such parked message, its body had to be discarded, or the list that
            it was one of cannot be read any more.
    """
    applied = list(await _retry(pool, parked_id, today_of, actor, limits or Limits()))
    if any(one.outcome is Outcome.PARKED for one in applied):
        return tuple(applied)
    for one in tuple(applied):
        rows = await pool.fetch(
            SQL["load_parked_behind"], one.property_id, one.channel, one.reference
        )
        for row in rows:
            applied += await _retry(pool, row["parked_id"], today_of, actor, limits or Limits())
            if applied[-1].outcome is Outcome.PARKED:
                return tuple(applied)
    return tuple(applied)


async def _retry(
    pool: asyncpg.Pool, parked_id: int, today_of: TodayOf, actor: str, limits: Limits
) -> tuple[Applied, ...]:
    async with borrowed(pool) as connection, connection.transaction():
        row = await connection.fetchrow(SQL["load_parked"], parked_id)
        if row is None or row["state"] != "parked":
            raise Refused(f"no parked message {parked_id}")
        if row["body"] is None:
            raise Refused(f"the body of {parked_id} could not be kept; the sender must send again")
        reads = read_all((_record(row),), limits)
        trips = Trips(connection)
        world = await load_world(trips, reads, today_of, Houses(), parked_id)
        only = None if row["is_alone"] else row["ordinal"]
        entries, before, after = await decide_slice(trips, world, reads, only_ordinal=only)
        if not entries:
            raise Refused(f"{parked_id} was one of a list that cannot be read at all now")
        writes = write_entries(entries, before, after, received_at=datetime.now(UTC))
        messages, writes.messages = writes.messages, []
        await save(trips, writes)
        await connection.execute(SQL["replace_messages"], orjson.dumps(messages).decode())
        applied = applied_of(entries)
        if not any(
            one.outcome is Outcome.PARKED and one.ordinal == row["ordinal"] for one in applied
        ):
            await connection.execute(SQL["close_parked"], parked_id, "retried", actor)
        return applied


def _record(row: asyncpg.Record) -> Record:
    headers: dict[str, str] = json.loads(row["headers"])
    key = headers.pop("kafka_key", None)
    return Record(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        recorded_at=row["recorded_at"],
        body=row["body"].encode(),
        key=key.encode() if key is not None else None,
        headers=headers,
    )


async def discard_parked(pool: asyncpg.Pool, parked_id: int, *, actor: str) -> None:
    """Give a parked message up; it stays in the list with who did it.

    Raises:
        Refused: there is no such parked message.
    """
    status = await pool.execute(SQL["close_parked"], parked_id, "discarded", actor)
    if status != "UPDATE 1":
        raise Refused(f"no parked message {parked_id}")
