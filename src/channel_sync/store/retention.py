"""How long messages are kept: months that are over end, bodies of settled parked messages too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg

from channel_sync.store.migrate import OWNER, SCHEMA
from channel_sync.store.statements import statements

SQL = statements("retention")


@dataclass(frozen=True, slots=True)
class Ended:
    """What is kept no longer: months of the message log, and bodies of parked messages."""

    months: tuple[str, ...] = ()
    bodies: int = 0


async def end_what_is_over(
    dsn: str, *, months: int, parked_days: int, now: datetime | None = None
) -> Ended:
    """Keeps `months` before the present one, and bodies for `parked_days` after they were closed.

    0 keeps for ever. A message that is still parked keeps its body until a person has closed it.
    What is needed to know a repeat stands beside the booking and stays.
    """
    if not months and not parked_days:
        return Ended()
    now = now or datetime.now(UTC)
    connection: asyncpg.Connection = await asyncpg.connect(dsn, timeout=30)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {OWNER}")
            await connection.execute(f"SET LOCAL search_path = {SCHEMA}, pg_temp")
            dropped: list[str] = []
            forgotten = 0
            if months:
                dropped = await connection.fetchval(
                    SQL["drop_message_months"], _months_before(now.date(), months)
                )
            if parked_days:
                forgotten = await connection.fetchval(
                    SQL["forget_parked_bodies"], now - timedelta(days=parked_days)
                )
    finally:
        await connection.close()
    return Ended(tuple(dropped), forgotten)


def _months_before(day: date, months: int) -> date:
    """The first of the month so many months before that of `day`."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)
