"""Every string of a message is tried as SQL, as a format, as a path: it stays a string."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from channel_sync.clock import RealClock
from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.property_file import parse_property
from channel_sync.records import Record
from channel_sync.store.connect import open_pool
from channel_sync.store.golden import picture
from channel_sync.store.properties import load_property
from tests.integration.running import settings_for

EXAMPLES = {
    file.stem: file.read_text(encoding="utf-8")
    for file in sorted((Path(__file__).parents[2] / "schemas/message/examples").glob("*.json"))
}
ATTACKS = (
    "'); DROP TABLE channel_sync.stay CASCADE; --",
    "'; UPDATE channel_sync.property SET name = 'taken'; --",
    '"; DELETE FROM channel_sync.history; --',
    "$1 $$ ; DROP SCHEMA channel_sync CASCADE; $$",
    "\\'; SELECT pg_sleep(60); --",
    "%s {0} {self.__class__} ${jndi:ldap://x}",
    "a\u0000b\u202e\U0001f600",
    "half a pair \ud83d",
    '{"a": [1, "b"]}',
    "NULL",
)
HOTEL = {
    "name": "Sea View", "timezone": "Europe/Lisbon", "currency": "EUR",
    "categories": [{"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101", "102"]}],
}  # fmt: skip
AT = datetime(2026, 3, 1, tzinfo=UTC)


def strings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every string in it."""
    match value:
        case str():
            yield path
        case dict():
            for key, inner in value.items():
                yield from strings(inner, (*path, key))
        case list():
            for number, inner in enumerate(value):
                yield from strings(inner, (*path, number))


def with_string(message: Any, path: tuple[Any, ...], attack: str) -> Any:
    changed = copy.deepcopy(message)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = attack
    return changed


def attacks(example: Any) -> list[tuple[Any, ...]]:
    return [(path, attack) for path in strings(example) for attack in ATTACKS]


@pytest.mark.parametrize("file", EXAMPLES)
async def test_a_string_is_never_taken_for_anything_else(database: str, file: str) -> None:
    example = json.loads(EXAMPLES[file])
    admin = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    before = await picture(admin)
    described = {"property": example["property"], **HOTEL}
    await load_property(admin, parse_property(described))
    pool = await open_pool(settings_for(database, "", "bookings"))
    tried = attacks(example)
    records = []
    for offset, (path, attack) in enumerate(tried):
        message = with_string(example, path, attack)
        if path != ("message_id",):
            message["message_id"] = f"m{offset}"
        body = json.dumps(message).encode()
        key = attack.encode(errors="replace")
        said = key.decode()
        headers = {"format": "canonical", "traceparent": said, said: said}
        records.append(Record("bookings", 0, offset, AT, body, key, headers))
    try:
        for start in range(0, len(records), 200):
            await apply_slice(pool, tuple(records[start : start + 200]), today_of=RealClock())
        while await plan_next(pool, today_of=RealClock()) is not None:
            pass
        outcomes = Counter(
            row["offset"] for row in await admin.fetch('SELECT "offset" FROM message')
        )
        assert outcomes == Counter(range(len(tried)))
        reasons = await admin.fetch("SELECT * FROM message WHERE outcome_reason ~ 'internal_error'")
        assert reasons == []
        assert await picture(await _afresh(admin)) == before
        assert await admin.fetchval("SELECT array_agg(name) FROM property") == ["Sea View"]
        kept = await admin.fetchval("SELECT bool_or(v::text ~ 'DROP TABLE') FROM v_stay v")
        assert kept or file in SAY_NOTHING
    finally:
        await pool.close()
        await admin.close()


SAY_NOTHING = {"cancel-only", "replaces"}
"""Examples of whose strings none is shown at a stay."""


async def _afresh(connection: asyncpg.Connection) -> asyncpg.Connection:
    await connection.reload_schema_state()
    return connection
