"""Brings a database to this version: numbered SQL files, applied once, in order, under a lock."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources
from typing import TYPE_CHECKING, Literal

import asyncpg

from channel_sync.errors import ConfigurationError
from channel_sync.progress import Silence, Work

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Phase = Literal["pre", "post"]

SCHEMA = "channel_sync"
OWNER = "channel_sync_owner"
GROUPS = ("channel_sync_owner", "channel_sync_worker", "channel_sync_pms")
"""Roles nobody logs in as: the owner of the schema, the worker's rights, a PMS's rights."""

LOCK_KEY = 0x6368_616E_5379_6E63
"""Of the advisory lock: "chanSync" in ASCII. One migration at a time in a database."""

MONTHS_BACK = 1
MONTHS_AHEAD = 24
"""How many months of `message` are made beside the present one; a default takes the rest."""

_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<phase>pre|post)_(?P<name>[a-z0-9_]+)\.sql")

# A role made at the same moment through another database of the cluster is as good as ours.
_MAKE_ROLE = """
DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$do$
"""

# Who is no superuser has to be a member of the owner, or cannot act as the owner. The first of
# two that grant the same at once wins, and the other finds it done.
_JOIN_OWNER = """
DO $do$
DECLARE
    mode text := CASE WHEN current_setting('server_version_num')::integer >= 160000
                      THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF NOT pg_catalog.pg_has_role(current_user, 'channel_sync_owner', mode) THEN
        EXECUTE format('GRANT channel_sync_owner TO %I', current_user);
    END IF;
EXCEPTION WHEN unique_violation OR object_in_use THEN
    NULL;
END
$do$
"""

_MAKE_SCHEMA = """
DO $do$
BEGIN
    IF to_regnamespace('channel_sync') IS NULL THEN
        CREATE SCHEMA channel_sync AUTHORIZATION channel_sync_owner;
    END IF;
END
$do$
"""

_MAKE_MIGRATION_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `pre` files run before the new program starts, `post` files once no old one runs.

    Whoever runs both (`only="all"`) runs them in the order of their numbers.
    """

    number: int
    phase: Phase
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The hash by which an applied file is known; line ends do not count."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()


def read_migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """Read the numbered files of a folder (default: those of this package), in order.

    Raises:
        ConfigurationError: a file's name has another form, or two files share a number.
    """
    folder = folder or resources.files("channel_sync.store") / "migrations"
    migrations = []
    for file in folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            raise ConfigurationError(f"not the name of a migration: {file.name}")
        phase: Phase = "pre" if match["phase"] == "pre" else "post"
        text = file.read_text(encoding="utf-8")
        migrations.append(Migration(int(match["number"]), phase, file.name, text))
    migrations.sort(key=lambda migration: migration.number)
    numbers = [migration.number for migration in migrations]
    if len(set(numbers)) < len(numbers):
        raise ConfigurationError(f"two migrations share a number: {numbers}")
    return tuple(migrations)


async def migrate(
    dsn: str,
    *,
    only: Literal["all", "pre"] = "all",
    migrations: tuple[Migration, ...] | None = None,
    today: date | None = None,
    work: Work | None = None,
) -> list[str]:
    """Apply what is missing, all of it or nothing, and return the names of the files applied.

    Safe at once from several machines: the second waits and finds nothing to do. The months of
    `message` are made ahead each time. `today` (default: the date in UTC) says where they begin.
    `work` hears of each file.
    Files that only the database knows are left alone: an older worker, restarted while a newer
    version is being rolled out, has to get past this.

    Raises:
        ConfigurationError: an applied file has changed since.
    """
    known = read_migrations() if migrations is None else migrations
    connection: asyncpg.Connection = await asyncpg.connect(dsn, timeout=30)
    try:
        # Alone, and before the transaction: who waits here waits for moments, not for a migration.
        for role in GROUPS:
            await connection.execute(_MAKE_ROLE.format(role=role))
        await connection.execute(_JOIN_OWNER)
        async with connection.transaction():
            # Of the transaction, not the session: it is released however the transaction ends.
            await connection.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", LOCK_KEY)
            await connection.execute(_MAKE_SCHEMA)
            await connection.execute(f"SET LOCAL ROLE {OWNER}")
            await connection.execute(f"SET LOCAL search_path = {SCHEMA}, pg_temp")
            await connection.execute(_MAKE_MIGRATION_TABLE)
            first = today or datetime.now(UTC).date()
            return await _apply(connection, known, only, first, work or Silence())
    finally:
        await connection.close()


async def _apply(
    connection: asyncpg.Connection,
    known: tuple[Migration, ...],
    only: Literal["all", "pre"],
    today: date,
    work: Work,
) -> list[str]:
    """Run the missing files inside the caller's transaction."""
    applied = {
        row["number"]: (row["name"], row["sha256"])
        for row in await connection.fetch("SELECT number, name, sha256 FROM migration")
    }
    names = []
    work.begin("migrate", len(known))
    for migration in known:
        work.advance()
        if migration.number in applied:
            if applied[migration.number][1] != migration.sha256:
                raise ConfigurationError(f"{migration.name} was changed after it was applied")
            continue
        if migration.phase == "post" and only == "pre":
            continue
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)",
            *(migration.number, migration.name, migration.sha256),
        )
        names.append(migration.name)
    if await connection.fetchval("SELECT to_regproc('make_message_months') IS NOT NULL"):
        first = date(today.year, today.month, 1)
        await connection.execute(
            "SELECT make_message_months(($1::date - make_interval(months => $2))::date, $3)",
            *(first, MONTHS_BACK, MONTHS_BACK + 1 + MONTHS_AHEAD),
        )
    return names
