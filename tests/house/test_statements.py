"""Every named statement is one that the migrated database understands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from channel_sync.store.statements import read_statements, statements, topics
from tests.parts.postgres import PostgresPart

EVERY = [(topic, name) for topic in topics() for name in statements(topic)]


@pytest.fixture(scope="module")
async def connection(
    postgres: PostgresPart, migrated_template: str
) -> AsyncIterator[asyncpg.Connection]:
    async with postgres.database(migrated_template) as url:
        connection = await asyncpg.connect(url)
        await connection.execute("SET search_path = channel_sync, pg_temp")
        yield connection
        await connection.close()


@pytest.mark.parametrize(("topic", "name"), EVERY, ids=lambda part: part)
async def test_the_statement_fits_the_schema(
    connection: asyncpg.Connection, topic: str, name: str
) -> None:
    await connection.prepare(statements(topic)[name])


@pytest.mark.parametrize(
    "text",
    [
        "-- name: Two Words\n-- Purpose.\nSELECT 1;\n",
        "-- name: no_purpose\nSELECT 1;\n",
        "-- name: no_sql\n-- Purpose.\n",
        "-- name: twice\n-- Purpose.\nSELECT 1;\n-- name: twice\n-- Purpose.\nSELECT 2;\n",
    ],
)
def test_a_statement_has_a_name_of_its_own_a_purpose_and_sql(tmp_path: Path, text: str) -> None:
    file = tmp_path / "topic.sql"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"topic\.sql"):
        read_statements(file)
