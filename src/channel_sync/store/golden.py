"""The golden picture of the database: what all migrations together come to, for people to read.

`python -m channel_sync.store.golden URL > schemas/postgres/schema.sql`, on a migrated database.
It is made from the catalogs, since pg_dump's text differs between versions of PostgreSQL.
"""

from __future__ import annotations

import asyncpg

from channel_sync.store.statements import statements

PARTS = ("types", "relations", "indexes", "triggers", "functions", "grants")

HEADING = """\
-- The database as the migrations make it: a picture, not to be run. Views are shown by their
-- columns and functions by their signatures; the text of both is in the migrations.
"""


async def picture(connection: asyncpg.Connection) -> str:
    """The picture of the schema on this connection; the same on PostgreSQL 14 to 18."""
    sql = statements("golden")
    async with connection.transaction():
        # Names in definitions are qualified, or not, by what the search path finds.
        await connection.execute("SET LOCAL search_path = channel_sync, pg_temp")
        blocks = [HEADING]
        for part in PARTS:
            lines = [row["line"] for row in await connection.fetch(sql[part])]
            blocks.append("\n".join([f"-- {part.capitalize()}", *lines]) + "\n")
    return "\n".join(blocks)
