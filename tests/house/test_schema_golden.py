"""The picture of the database in the repository is that of the migrations."""

from __future__ import annotations

import asyncpg

from channel_sync.store.golden import picture
from tests.house.sources import ROOT

GOLDEN = ROOT / "schemas" / "postgres" / "schema.sql"


async def test_the_golden_picture_is_what_the_migrations_make(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        made = await picture(connection)
    finally:
        await connection.close()
    assert made == GOLDEN.read_text(encoding="utf-8"), (
        "renew it: python -m channel_sync.store.golden URL > schemas/postgres/schema.sql"
    )
