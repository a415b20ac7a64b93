"""A disk that is really full: the worker waits, and goes on when there is room again."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from bench.traffic import property_file
from channel_sync.demo.servers import Household, postgres, unprivileged_account
from channel_sync.property_file import parse_property
from channel_sync.store.migrate import migrate
from channel_sync.store.properties import load_property
from tests.integration.checker import broken_invariants
from tests.integration.feed import ROOMS
from tests.integration.program import NOW, Program, outcomes, until_outcomes
from tests.integration.rough import RoughTraffic
from tests.integration.running import send, until
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import binaries_or_skip

HOTELS = 3
SIZE_MB = 64


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system of the database's own; its log of transactions lies elsewhere."""
    with Household("channel-sync-disk") as household:
        folder = household.folder / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0700", "tmpfs", str(folder)]
        with contextlib.suppress(FileNotFoundError):
            subprocess.run(command, capture_output=True, check=False)
        if not folder.is_mount():
            pytest.skip("nobody may mount a small disk here")
        account = unprivileged_account()
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
async def url(disk: Path) -> AsyncIterator[str]:
    """A database that lies on it, with its hotels."""
    binaries, origin = binaries_or_skip("a PostgreSQL of this machine")
    with postgres(binaries, origin) as server:
        connection = await asyncpg.connect(server.dsn())
        await connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        await connection.execute("CREATE DATABASE hotels TEMPLATE template0 TABLESPACE small")
        await connection.close()
        url = server.dsn("hotels")
        await migrate(url)
        connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
        for number in range(HOTELS):
            await load_property(connection, parse_property(property_file(number, ROOMS)))
        await connection.close()
        yield url


def fill(disk: Path) -> Path:
    """A file that takes what is left, to the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return filler


async def test_a_worker_waits_for_room_on_the_disk_and_then_loses_nothing(
    url: str, disk: Path, kafka: KafkaPart, make_topic: Callable[..., str]
) -> None:
    topic = make_topic()
    sent = list(RoughTraffic(HOTELS, seed=9).messages(400))
    bodies = [(one.body or b"").decode() for one in sent]
    async with Program(NOW, url, kafka.bootstrap, topic).working() as log:
        await send(kafka.bootstrap, topic, *bodies[:20])
        await until_outcomes(url, sum(one.reservations for one in sent[:20]))
        filler = fill(disk)
        await send(kafka.bootstrap, topic, *bodies[20:])

        async def refused() -> bool:
            return log().count("DiskFullError") > 2

        await until(refused)
        owed = sum(one.reservations for one in sent)
        assert await outcomes(url) < owed
        filler.unlink()
        await until_outcomes(url, owed)
    assert await outcomes(url) == owed
    assert await broken_invariants(url) == []
    connection = await asyncpg.connect(url)
    assert not await connection.fetchval(
        "SELECT count(*) FROM channel_sync.consumer_partition WHERE halted_at IS NOT NULL"
    )
    await connection.close()
