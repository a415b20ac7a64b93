"""A database is brought to this version, once, in order, by whoever comes first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from channel_sync.errors import ConfigurationError
from channel_sync.store.migrate import Migration, migrate, read_migrations
from tests.parts.postgres import PostgresPart


async def test_a_second_run_finds_nothing_to_do(blank_database: str) -> None:
    applied = await migrate(blank_database)
    assert applied == [migration.name for migration in read_migrations()]
    assert await migrate(blank_database) == []


async def test_several_machines_at_once_apply_each_file_once(blank_database: str) -> None:
    results = await asyncio.gather(*(migrate(blank_database) for _ in range(4)))
    assert sorted(name for names in results for name in names) == [
        migration.name for migration in read_migrations()
    ]


async def test_databases_of_one_cluster_do_not_disturb_each_other(postgres: PostgresPart) -> None:
    async with postgres.database() as one, postgres.database() as two:
        assert all(await asyncio.gather(migrate(one), migrate(two)))


async def test_an_applied_file_that_was_changed_is_refused(blank_database: str) -> None:
    await migrate(blank_database)
    first, *others = read_migrations()
    changed = (replace(first, sql=first.sql + "\n-- changed"), *others)
    with pytest.raises(ConfigurationError, match=f"{first.name} was changed"):
        await migrate(blank_database, migrations=changed)


async def test_line_ends_are_no_change(blank_database: str) -> None:
    await migrate(blank_database)
    windows = tuple(replace(m, sql=m.sql.replace("\n", "\r\n")) for m in read_migrations())
    assert await migrate(blank_database, migrations=windows) == []


async def test_a_file_that_fails_leaves_nothing_behind(blank_database: str) -> None:
    broken = Migration(9999, "pre", "9999_pre_broken.sql", "CREATE TABLE half (); SELECT 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(blank_database, migrations=(*read_migrations(), broken))
    connection = await asyncpg.connect(blank_database)
    assert await connection.fetchval("SELECT to_regclass('channel_sync.property')") is None
    await connection.close()


async def test_files_for_afterwards_wait_until_they_are_asked_for(blank_database: str) -> None:
    later = Migration(9999, "post", "9999_post_later.sql", "CREATE TABLE later ()")
    known = (*read_migrations(), later)
    assert later.name not in await migrate(blank_database, only="pre", migrations=known)
    assert await migrate(blank_database, migrations=known) == [later.name]


async def test_months_of_messages_are_made_ahead(blank_database: str) -> None:
    await migrate(blank_database, today=date(2026, 12, 24))
    await migrate(blank_database, today=date(2027, 1, 1))
    connection = await asyncpg.connect(blank_database)
    names = [
        row["name"]
        for row in await connection.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
            " WHERE inhparent = 'channel_sync.message'::regclass ORDER BY 1"
        )
    ]
    await connection.close()
    assert names[0] == "channel_sync.message_2026_11"
    assert names[-2:] == ["channel_sync.message_2029_01", "channel_sync.message_default"]
    assert len(names) == 3 + 24 + 1


async def test_messages_in_the_default_move_into_their_month(blank_database: str) -> None:
    await migrate(blank_database, today=date(2026, 1, 1))
    connection = await asyncpg.connect(blank_database)
    await connection.execute("SET search_path = channel_sync")
    await connection.execute(
        'INSERT INTO message (recorded_at, topic, partition, "offset", ordinal, outcome,'
        " received_at) VALUES ('2030-05-17', 't', 0, 0, 0, 'created', now())"
    )
    await migrate(blank_database, today=date(2030, 5, 1))
    where = await connection.fetchval("SELECT tableoid::regclass::text FROM message")
    await connection.close()
    assert where == "message_2030_05"


async def test_whoever_may_make_roles_can_migrate_without_being_superuser(
    blank_database: str,
) -> None:
    connection = await asyncpg.connect(blank_database)
    await connection.execute(
        "DO $$ BEGIN CREATE ROLE migrator LOGIN CREATEROLE;"
        " EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    database = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'GRANT CREATE ON DATABASE "{database}" TO migrator')
    # Roles are the cluster's: other tests made them, so this one has to be let in by hand.
    for role in ("channel_sync_owner", "channel_sync_worker", "channel_sync_pms"):
        if await connection.fetchval("SELECT to_regrole($1) IS NOT NULL", role):
            await connection.execute(f"GRANT {role} TO migrator WITH ADMIN OPTION")
    url = blank_database.replace("//postgres@", "//migrator@")
    assert await migrate(url)
    await connection.execute("REVOKE ALL ON SCHEMA channel_sync FROM migrator")
    await connection.close()


def test_a_file_with_another_name_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "1_first.sql").write_text("SELECT 1")
    with pytest.raises(ConfigurationError, match=r"1_first\.sql"):
        read_migrations(folder)
