"""What it costs to refuse a double booking: three ways, and none, by stays inserted and moved.

`python bench/double_booking.py [--url URL] [--stays N] [--existing N]` makes a database of its own
on the server given (default: the embedded one), measures, prints a table and drops the database.
Every way has its table of stays; batches of 500 stays, about 3 nights each, in 50 rooms a property.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from channel_sync.demo.embedded import embedded_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "channel_sync_bench_double_booking"
BATCH = 500
ROOMS = 50
FIRST_NIGHT = date(2026, 1, 1)

COLUMNS = """
    property_id integer NOT NULL, stay_id bigint NOT NULL, room integer NOT NULL,
    arrival date NOT NULL, departure date NOT NULL, PRIMARY KEY (property_id, stay_id)
"""

NIGHTS = """
CREATE TABLE night_{name} (
    property_id integer NOT NULL, night date NOT NULL, room integer NOT NULL, stay_id bigint,
    PRIMARY KEY (property_id, night, room));
CREATE FUNCTION enter_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO night_{name}
    SELECT n.property_id, n.arrival + i, n.room, n.stay_id
      FROM new_rows n, generate_series(0, n.departure - n.arrival - 1) i ORDER BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE FUNCTION change_{name}() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    WITH gone AS MATERIALIZED (
        SELECT o.property_id, o.arrival + i AS night, o.room, o.stay_id
          FROM (SELECT * FROM old_rows EXCEPT SELECT * FROM new_rows) o,
               generate_series(0, o.departure - o.arrival - 1) i)
    DELETE FROM night_{name} held USING gone
     WHERE held.property_id = gone.property_id AND held.night = gone.night
       AND held.room = gone.room AND held.stay_id = gone.stay_id;
    INSERT INTO night_{name}
    SELECT n.property_id, n.arrival + i, n.room, n.stay_id
      FROM (SELECT * FROM new_rows EXCEPT SELECT * FROM old_rows) n,
           generate_series(0, n.departure - n.arrival - 1) i ORDER BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE TRIGGER enter AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION enter_{name}();
CREATE TRIGGER change AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION change_{name}();
"""


@dataclass(frozen=True, slots=True)
class Way:
    """`sql` makes what refuses, on a table of stays that is there already."""

    name: str
    title: str
    sql: str


WAYS = (
    Way("none", "nothing refuses", "SELECT 1"),
    Way("room_night", "room_night: primary key, statement triggers", NIGHTS),
    Way(
        "gist",
        "exclusion constraint, btree_gist, deferrable",
        "CREATE EXTENSION IF NOT EXISTS btree_gist;"
        "ALTER TABLE {table} ADD EXCLUDE USING gist (property_id WITH =, room WITH =,"
        " daterange(arrival, departure) WITH &&) DEFERRABLE INITIALLY IMMEDIATE",
    ),
    Way(
        "plain_gist",
        "exclusion constraint without extension, deferrable",
        # One range axis for all rooms of all properties: a stretch of days for each.
        "ALTER TABLE {table} ADD EXCLUDE USING gist (int8range("
        "(property_id::bigint * 1000 + room) * 100000 + (arrival - date '2000-01-01'),"
        "(property_id::bigint * 1000 + room) * 100000 + (departure - date '2000-01-01'))"
        " WITH &&) DEFERRABLE INITIALLY IMMEDIATE",
    ),
)

INSERT = """
INSERT INTO {table} SELECT * FROM unnest($1::integer[], $2::bigint[], $3::integer[], $4::date[],
                                         $5::date[])
"""
# Each stay of a batch goes to the next room over: every new place was another stay's before.
MOVE = "UPDATE {table} SET room = (room + 1) % {rooms} WHERE property_id = $1"

Stay = tuple[int, int, int, date, date]


def stays(count: int) -> Iterator[Stay]:
    """Gapless books, room by room and property by property: no two overlap."""
    chance = random.Random(7)
    made = 0
    property_id = 0
    while made < count:
        property_id += 1
        for room in range(ROOMS):
            night = FIRST_NIGHT
            for _ in range(100):
                leaves = night + timedelta(days=chance.choice((1, 2, 3, 3, 4, 6)))
                yield (property_id, made, room, night, leaves)
                night = leaves
                made += 1


async def fill(connection: asyncpg.Connection, table: str, rows: list[Stay]) -> float:
    """Insert in batches, a transaction each; return µs a stay."""
    statement = await connection.prepare(INSERT.format(table=table))
    began = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        await statement.fetch(*map(list, zip(*rows[start : start + BATCH], strict=True)))
    return (time.perf_counter() - began) / len(rows) * 1e6


async def move(connection: asyncpg.Connection, table: str, properties: list[int]) -> float | None:
    """Rotate the rooms of whole properties, an UPDATE each; return µs a stay, None: refused."""
    statement = MOVE.format(table=table, rooms=ROOMS)
    moved = 0
    began = time.perf_counter()
    for property_id in properties:
        try:
            status = await connection.execute(statement, property_id)
        except asyncpg.IntegrityConstraintViolationError:
            return None
        moved += int(status.split()[1])
    return (time.perf_counter() - began) / moved * 1e6


async def refuses(connection: asyncpg.Connection, table: str, row: Stay) -> bool:
    """Whether a second holder of the first night of a stay is turned away."""
    double = (row[0], -1, row[2], row[3], row[3] + timedelta(days=1))
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(INSERT.format(table=table), *([value] for value in double))
    except asyncpg.IntegrityConstraintViolationError:
        return True
    finally:
        await transaction.rollback()
    return False


async def measure(connection: asyncpg.Connection, way: Way, existing: int, count: int) -> str:
    """One line of the table."""
    table = f"stay_{way.name}"
    await connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
    try:
        await connection.execute(way.sql.format(table=table, name=way.name))
    except asyncpg.FeatureNotSupportedError:
        return f"| {way.title} | not on this server: no btree_gist | | |"
    rows = list(stays(existing + count))
    await fill(connection, table, rows[:existing])
    await connection.execute("ANALYZE")
    inserted = await fill(connection, table, rows[existing : existing + count])
    moved = await move(connection, table, [1, 2])
    refused = await refuses(connection, table, rows[-1])
    await connection.execute(f"DROP TABLE {table}")
    moved_text = "refused" if moved is None else f"{moved:.0f}"
    return f"| {way.title} | {inserted:.0f} | {moved_text} | {'yes' if refused else 'no'} |"


async def compare(url: str, existing: int, count: int) -> None:
    """Print the table for the server at this URL."""
    admin: asyncpg.Connection = await asyncpg.connect(url)
    await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
    await admin.execute(f"CREATE DATABASE {DATABASE}")
    connection: asyncpg.Connection = await asyncpg.connect(
        urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
    )
    try:
        version = await connection.fetchval("SHOW server_version")
        print(
            f"PostgreSQL {version.split()[0]}, {os.cpu_count()} processors; {count:,} stays in"
            f" batches of {BATCH}, {existing:,} there before; µs a stay\n"
        )
        print("| way | inserted | room changed | second holder refused |\n|---|---|---|---|")
        for way in WAYS:
            print(await measure(connection, way, existing, count), flush=True)
    finally:
        await connection.close()
        await admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        await admin.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a superuser's URL; default: an embedded PostgreSQL")
    parser.add_argument("--stays", type=int, default=20_000, help="how many are measured")
    parser.add_argument("--existing", type=int, default=50_000, help="how many are there before")
    asked = parser.parse_args()
    with contextlib.ExitStack() as stack:
        url = asked.url or stack.enter_context(embedded_postgres()).dsn()
        asyncio.run(compare(url, asked.existing, asked.stays))


if __name__ == "__main__":
    main()
