"""Writes `schemas/postgres/schema.sql`: what the migrations make of an empty database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from channel_sync.demo.embedded import embedded_postgres
from channel_sync.store.golden import picture
from channel_sync.store.migrate import migrate

GOLDEN = Path(__file__).parents[1] / "schemas" / "postgres" / "schema.sql"


async def draw(url: str) -> str:
    """Migrates an empty database and describes it."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        return await picture(connection)
    finally:
        await connection.close()


def main() -> None:
    """Draws the picture anew."""
    with embedded_postgres() as server:
        GOLDEN.write_text(asyncio.run(draw(server.dsn())))


if __name__ == "__main__":
    main()
