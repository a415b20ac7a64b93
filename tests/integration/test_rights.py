"""What the worker's role may not do, by trying it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

READ_ONLY = (
    "category", "room", "channel", "block", "room_night", "migration",
)  # fmt: skip
"""The hotel is the staff's, the nights are the triggers', the migrations are the owner's."""

APPEND_ONLY = ("history", "kept_revision")
"""What happened is not unsaid."""

FORBIDDEN = {
    "change the hotel": "UPDATE property SET policy = '{}'",
    "make a hotel": "INSERT INTO property (property_id, name, timezone, currency)"
    " VALUES ('x', 'x', 'UTC', 'EUR')",
    "change what a message said": "UPDATE message SET body = ''",
    "change when a message came": "UPDATE message SET recorded_at = now()",
    "make a table": "CREATE TABLE channel_sync.mine (a integer)",
    "make a function": "CREATE FUNCTION channel_sync.mine() RETURNS integer LANGUAGE sql"
    " AS 'SELECT 1'",
    "make a schema": "CREATE SCHEMA mine",
    "change a table": "ALTER TABLE stay ADD COLUMN mine integer",
    "take a trigger away": "ALTER TABLE stay DISABLE TRIGGER ALL",
    "switch triggers off": "SET session_replication_role = replica",
    "make months": "SELECT make_message_months(current_date, 1)",
    "read passwords": "SELECT rolpassword FROM pg_authid",
    "read files": "SELECT pg_read_file('/etc/passwd')",
    "run programs": "COPY stay TO PROGRAM 'cat'",
    "become the owner": "SET ROLE channel_sync_owner",
    "make a role": "CREATE ROLE mine",
}


@pytest.fixture
async def worker(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Logged in as somebody who is the worker and nothing else."""
    admin = await asyncpg.connect(database)
    await admin.execute(
        "DROP ROLE IF EXISTS only_a_worker; CREATE ROLE only_a_worker LOGIN IN ROLE"
        " channel_sync_worker"
    )
    url = database.replace("postgres@", "only_a_worker@")
    connection = await asyncpg.connect(url)
    await connection.execute("SET ROLE channel_sync_worker; SET search_path = channel_sync")
    yield connection
    await connection.close()
    await admin.execute("DROP ROLE only_a_worker")
    await admin.close()


async def test_the_worker_may_not_do_what_it_need_not(worker: asyncpg.Connection) -> None:
    done = [what for what, statement in FORBIDDEN.items() if await _may(worker, statement)]
    assert done == []


async def test_the_worker_deletes_and_empties_nothing(worker: asyncpg.Connection) -> None:
    tables = await _tables(worker)
    assert len(tables) > 15
    done = [
        statement
        for table in tables
        for statement in (f'DELETE FROM "{table}"', f'TRUNCATE "{table}"', f'DROP TABLE "{table}"')
        if await _may(worker, statement)
    ]
    assert done == []


async def test_what_is_the_staffs_or_happened_is_not_rewritten(worker: asyncpg.Connection) -> None:
    done = []
    for table in (*READ_ONLY, *APPEND_ONLY):
        (column,) = await worker.fetch(
            "SELECT quote_ident(attname) AS name FROM pg_attribute"
            " WHERE attrelid = $1::text::regclass AND attnum = 1", table
        )  # fmt: skip
        update = f"UPDATE {table} SET {column['name']} = {column['name']}"
        done += [update] if await _may(worker, update) else []
        insert = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table} WHERE false"
        if table in READ_ONLY:
            done += [insert] if await _may(worker, insert) else []
    assert done == []


async def test_what_it_needs_the_worker_may_do(worker: asyncpg.Connection) -> None:
    """Lest the tests above pass because it may do nothing at all."""
    assert await _may(worker, "UPDATE stay SET comments = comments")
    assert await _may(worker, "INSERT INTO history SELECT * FROM history WHERE false")


async def _tables(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'channel_sync'::regnamespace"
    )
    return [row["relname"] for row in rows]


async def _may(connection: asyncpg.Connection, statement: str) -> bool:
    """Whether it is let do it; nothing is kept either way. Any other error is an error."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await transaction.rollback()
    return True
