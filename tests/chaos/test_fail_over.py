"""The database fails over to its standby under traffic: the worker finds it and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from channel_sync.demo import servers
from channel_sync.demo.servers import Household, Postgres, free_port
from tests.chaos.servers import WAL
from tests.integration.checker import broken_invariants, compare, faults_of_outcomes, told
from tests.integration.feed import Feed, apply_in_order, template
from tests.integration.program import NOW, Program, until_outcomes, until_planned
from tests.integration.rough import RoughTraffic
from tests.integration.running import until
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart, binaries_or_skip

HOTELS = 8


@contextlib.contextmanager
def standby_of(primary: Postgres, binaries: Path) -> Iterator[int]:
    """The port of a server that follows another one over a stream."""
    account = servers.unprivileged_account()
    with Household("channel-sync-standby") as household:
        data, log, port = household.folder / "data", household.folder / "log", free_port()
        copied = subprocess.run(
            [
                *(binaries / "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast"),
                *("-d", f"{primary.dsn()}?application_name=standby"),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert copied.returncode == 0, copied.stderr
        if account is not None:
            for path in (data, *data.rglob("*")):
                os.chown(path, account.uid, account.gid, follow_symlinks=False)
        options = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", **WAL,
            "max_connections": "200",
        }  # fmt: skip
        child = household.start(
            [binaries / "postgres", "-D", data,
             *(part for pair in options.items() for part in ("-c", "=".join(map(str, pair))))],
            log=log, stop_signal=signal.SIGQUIT, account=account, env={"LC_ALL": "C"},
        )  # fmt: skip
        servers._wait_for_postgres(child, data, log)
        yield port


@pytest.fixture(params=["synchronous", "asynchronous"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Postgres, int]]:
    """A primary that waits for its standby, or one that loses what it has not sent yet."""
    binaries, origin = binaries_or_skip("two PostgreSQL of this machine")
    if not (binaries / "pg_basebackup").exists():
        pytest.skip("there is no pg_basebackup beside this PostgreSQL")
    names = "standby" if request.param == "synchronous" else ""
    waits = f"ALTER SYSTEM SET synchronous_standby_names = '{names}'"
    with (
        servers.postgres(binaries, origin, settings=WAL) as primary,
        standby_of(primary, binaries) as port,
    ):
        asyncio.run(_ask(primary.dsn(), [waits, "SELECT pg_reload_conf()"]))
        yield primary, port


async def _ask(url: str, statements: list[str]) -> object:
    connection = await asyncpg.connect(url)
    try:
        found: object = None
        for statement in statements:
            found = await connection.fetchval(statement)
        return found
    finally:
        await connection.close()


async def test_a_fail_over_under_traffic_costs_a_wait_and_no_message(
    pair: tuple[Postgres, int], kafka: KafkaPart, make_topic: Callable[..., str]
) -> None:
    primary, port = pair
    part = PostgresPart(primary.dsn(), "a primary")
    made = await template(part, HOTELS, "off")
    names = [(await part.create(f"hotels{n}", made)).rpartition("/")[2] for n in (1, 2)]
    either = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{port}/{names[0]}"
    left, in_order = (f"postgresql://postgres@127.0.0.1:{port}/{name}" for name in names)

    async def has_followed() -> bool:
        end = await _ask(part.dsn, ["SELECT pg_current_wal_lsn()::text"])
        told_so = f"SELECT pg_last_wal_replay_lsn() >= '{end}'"
        return bool(await _ask(left.replace(names[0], "postgres"), [told_so]))

    await until(has_followed)
    feed = Feed(make_topic(partitions=3), kafka.bootstrap, RoughTraffic(HOTELS, seed=4))
    enough = asyncio.Event()
    async with Program(NOW, either, kafka.bootstrap, feed.topic).working():
        traffic = asyncio.create_task(
            feed.produce(rate=60, may=lambda: feed.sent < 900, until=enough)
        )
        await until_outcomes(part.url(names[0]), 200)
        primary.household.stop(primary.child, signal.SIGQUIT)
        await _ask(left.replace(names[0], "postgres"), ["SELECT pg_promote()"])
        await until_outcomes(left, 600)
        enough.set()
        await traffic
        await feed.flush()
        await until_outcomes(left, sum(feed.reservations.values()))

        await until_planned(left)
    assert await faults_of_outcomes(left, feed.topic, feed.reservations) == []
    assert await broken_invariants(left) == []
    await apply_in_order(in_order, feed)
    differences, rows = await compare(left, in_order)
    assert not differences, told(differences)
    assert rows > 1_000
