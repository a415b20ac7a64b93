"""The command `check`: settings, database, broker, topics, each proved by using it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka import errors as kafka_errors

from channel_sync.errors import ChannelSyncError, ConfigurationError, DependencyError
from channel_sync.store import connect
from channel_sync.store.migrate import read_migrations
from channel_sync.wire.xsd import load_schemas
from channel_sync.worker.broker import client_options, in_plain_words, stop, why_not

if TYPE_CHECKING:
    from channel_sync.settings import Settings

_READ_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing proved, or why not: `detail` is one line and names no secret."""

    name: str
    ok: bool
    detail: str


async def check(settings: Settings) -> list[Checked]:
    """Proves each in turn; what depends on something that failed is left out. Writes nothing."""
    found = [await _settings(settings), *_schemas(settings)]
    found += await _database(settings)
    if found[0].ok:
        found += await _broker(settings)
    return found


async def prove_schema(pool: asyncpg.Pool | asyncpg.Connection) -> str:
    """The migration level in words; ConfigurationError where the database is behind the program."""
    known = {migration.number: migration for migration in read_migrations()}
    if await pool.fetchval("SELECT to_regclass('channel_sync.migration')") is None:
        raise ConfigurationError("the database is not migrated: run `channel-sync migrate`")
    rows = await pool.fetch("SELECT number, sha256 FROM channel_sync.migration ORDER BY number")
    applied = {row["number"]: row["sha256"] for row in rows}
    changed = [
        one.name for number, one in known.items() if applied.get(number) not in {one.sha256, None}
    ]
    if changed:
        raise ConfigurationError(f"{changed[0]} was changed after it was applied")
    # A `post` file comes when no older program runs any more: this one may run before it.
    missing = [
        one.name for number, one in known.items() if number not in applied and one.phase == "pre"
    ]
    if missing:
        raise ConfigurationError(
            f"{len(missing)} migrations are missing, {missing[0]} first: run `channel-sync migrate`"
        )
    newer = len(applied.keys() - known.keys())
    return f"level {max(applied)}" + (f", {newer} newer than this program" if newer else "")


async def _settings(settings: Settings) -> Checked:
    try:
        settings.require_broker()
    except ConfigurationError as error:
        return Checked("settings", ok=False, detail=str(error).replace("\n", "; "))
    changed = sum(row.value != row.default for row in settings.described())
    return Checked("settings", ok=True, detail=f"{changed} set, the others by default")


def _schemas(settings: Settings) -> list[Checked]:
    """Compiles the operator's schemas, where a folder of them is named."""
    try:
        schemas = load_schemas(settings.xsd_dir)
    except ConfigurationError as error:
        return [Checked("schemas", ok=False, detail=str(error))]
    return [] if schemas is None else [Checked("schemas", ok=True, detail=str(schemas))]


async def _database(settings: Settings) -> list[Checked]:
    try:
        connection = await connect.open_connection(settings)
    except ChannelSyncError as error:
        return [Checked("database", ok=False, detail=str(error))]
    try:
        (row,) = await connection.fetch(
            "SELECT current_setting('server_version') AS version,"
            " current_setting('server_version_num')::integer AS number,"
            " current_user AS role, session_user AS login"
        )
        found = [
            Checked(
                "database",
                ok=row["number"] >= connect.MIN_SERVER_VERSION,
                detail=f"PostgreSQL {row['version']}, takes writes",
            ),
            Checked(
                "role",
                ok=row["role"] == (settings.database_role or row["login"]),
                detail=f"{row['role']}, logged in as {row['login']}",
            ),
        ]
        try:
            found.append(Checked("schema", ok=True, detail=await prove_schema(connection)))
        except (ConfigurationError, asyncpg.PostgresError) as error:
            found.append(Checked("schema", ok=False, detail=str(error)))
        return found
    finally:
        await connection.close()


async def _broker(settings: Settings) -> list[Checked]:
    try:
        consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
        )
    except ChannelSyncError as error:
        return [Checked("broker", ok=False, detail=str(error))]
    try:
        await consumer.start()
        seen = await consumer.topics()
        who = settings.kafka_sasl_username or "nobody in particular"
        return [
            Checked("broker", ok=True, detail=f"{settings.kafka_bootstrap}, as {who}"),
            *[await _topic(consumer, topic, settings, seen) for topic in settings.topics],
        ]
    except kafka_errors.KafkaConnectionError:
        return [Checked("broker", ok=False, detail=str(await why_not(settings)))]
    except (kafka_errors.KafkaError, OSError, TimeoutError) as error:
        return [Checked("broker", ok=False, detail=str(in_plain_words(error, settings)))]
    finally:
        await stop(consumer)


async def _topic(
    consumer: AIOKafkaConsumer, topic: str, settings: Settings, seen: set[str]
) -> Checked:
    """Reads from it and asks for the group's offsets: the two rights that the worker needs."""
    name = f"topic {topic}"
    if topic not in seen:
        return Checked(name, ok=False, detail="no such topic, or no right to see it")
    try:
        async with asyncio.timeout(_READ_SECONDS):
            detail = await _read(consumer, topic)
    except (kafka_errors.KafkaError, TimeoutError) as error:
        return Checked(name, ok=False, detail=str(in_plain_words(error, settings)))
    return Checked(name, ok=True, detail=detail)


async def _read(consumer: Any, topic: str) -> str:
    await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - nothing public waits for it
    partitions = sorted(consumer.partitions_for_topic(topic) or ())
    if not partitions:
        raise DependencyError(f"{topic} has no partitions")
    sources = [TopicPartition(topic, number) for number in partitions]
    first = await consumer.beginning_offsets(sources)
    end = await consumer.end_offsets(sources)
    consumer.assign(sources)
    for source in sources:
        consumer.seek(source, first[source])
    await consumer.getmany(*sources, timeout_ms=1_000, max_records=1)
    committed = await consumer.committed(sources[0])
    records = sum(end[source] - first[source] for source in sources)
    group = "the group is new to it" if committed is None else "the group has read from it"
    return f"{len(sources)} partitions, {records} offsets, readable; {group}"
