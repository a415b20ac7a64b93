"""A PostgreSQL server for the session, and a database for each test.

Taken in this order: CHANNEL_SYNC_TEST_DATABASE_URL, Docker, the machine's binaries, the wheel.
CHANNEL_SYNC_TEST_POSTGRES=docker|machine|embedded allows one kind only.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from channel_sync.demo.embedded import embedded_postgres
from channel_sync.demo.servers import ServerError, postgres
from tests.parts.docker import docker_answers

IMAGE = "postgres:18"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PostgresPart:
    """A server that tests may do with as they like."""

    dsn: str
    """Of a superuser, in a database that is not for tests."""
    label: str
    """What served, for people: "PostgreSQL 15.18 (Debian binaries)"."""

    def url(self, database: str, user: str | None = None) -> str:
        """The same server, another database and perhaps another user (no password is asked)."""
        parts = urlsplit(self.dsn)
        place = parts.netloc
        if user is not None:
            place = f"{user}@{place.rpartition('@')[2]}"
        return urlunsplit(parts._replace(path=f"/{database}", netloc=place))

    async def create(self, database: str, template: str | None = None) -> str:
        """Makes a database, as a copy if a template is given; returns its URL."""
        copy = f'TEMPLATE "{template}"' if template else "TEMPLATE template0"
        await self._execute(f'CREATE DATABASE "{database}" {copy}')
        return self.url(database)

    async def drop(self, database: str) -> None:
        """Also with connections in it."""
        await self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    @contextlib.asynccontextmanager
    async def database(self, template: str | None = None) -> AsyncIterator[str]:
        """A database of one's own, gone afterwards; yields its URL.

        `template` names a database to copy (nobody may be connected to it): some 30 ms, whatever
        was done to make the template.
        """
        name = f"test_{uuid.uuid4().hex[:12]}"
        url = await self.create(name, template)
        try:
            yield url
        finally:
            await self.drop(name)

    async def template(self, prepare: Callable[[str], Awaitable[None]]) -> str:
        """Makes a database, lets `prepare(url)` fill it, returns its name to copy from."""
        name = f"template_{uuid.uuid4().hex[:12]}"
        await prepare(await self.create(name))
        return name

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def postgres_part() -> Iterator[PostgresPart]:
    """The first kind that works; with none, the reasons of all."""
    given = os.environ.get("CHANNEL_SYNC_TEST_DATABASE_URL")
    if given:
        yield PostgresPart(given, "PostgreSQL (CHANNEL_SYNC_TEST_DATABASE_URL)")
        return
    kinds: dict[str, Callable[[], AbstractContextManager[PostgresPart]]] = {
        "docker": _docker,
        "machine": _machine,
        "embedded": _embedded,
    }
    forced = os.environ.get("CHANNEL_SYNC_TEST_POSTGRES")
    if forced:
        kinds = {forced: kinds[forced]}
    reasons: list[str] = []
    with contextlib.ExitStack() as stack:
        for kind, start in kinds.items():
            try:
                part = stack.enter_context(start())
            except ServerError as error:
                reasons.append(f"{kind}: {error}")
                continue
            yield part
            return
    raise ServerError("no PostgreSQL for the tests:\n" + "\n".join(reasons))


@contextlib.contextmanager
def _machine() -> Iterator[PostgresPart]:
    binaries, origin = machine_binaries()
    with postgres(binaries, origin) as server:
        number = server.version.split(" ", maxsplit=1)[0]
        yield PostgresPart(server.dsn(), f"PostgreSQL {number} ({origin})")


def machine_binaries() -> tuple[Path, str]:
    """Debian's newest, else whatever pg_config or PATH leads to."""
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if _complete(path)]
    if debian:
        return max(debian, key=lambda path: int(path.parent.name)), "Debian binaries"
    if shutil.which("pg_config"):
        found = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=True
        ).stdout.strip()
        if _complete(Path(found)):
            return Path(found), "this machine's binaries"
    initdb = shutil.which("initdb")
    if initdb and _complete(Path(initdb).resolve().parent):
        return Path(initdb).resolve().parent, "this machine's binaries"
    raise ServerError("no PostgreSQL server is installed on this machine")


def binaries_or_skip(needs: str) -> tuple[Path, str]:
    """The machine's binaries for a test, which is skipped without them; their origin."""
    try:
        return machine_binaries()
    except ServerError as error:
        pytest.skip(f"needs {needs}: {error}")


def _complete(binaries: Path) -> bool:
    return (binaries / "initdb").exists() and (binaries / "postgres").exists()


@contextlib.contextmanager
def _embedded() -> Iterator[PostgresPart]:
    with embedded_postgres() as server:
        yield PostgresPart(server.dsn(), f"PostgreSQL {server.version} ({server.origin})")


@contextlib.contextmanager
def _docker() -> Iterator[PostgresPart]:
    if not docker_answers():
        raise ServerError("no Docker engine answers")
    from testcontainers.core.container import DockerContainer

    container = (
        DockerContainer(IMAGE)
        .with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_exposed_ports(5432)
        .with_command("postgres -c fsync=off -c max_connections=200")
    )
    try:
        container.start()
    except Exception as error:
        raise ServerError(f"{IMAGE} does not start: {error}") from error
    try:
        host, port = container.get_container_host_ip(), container.get_exposed_port(5432)
        _wait_for_container(container)
        done = container.exec(["postgres", "--version"])
        found = re.search(r"\d+(\.\d+)?", done.output.decode())
        version = found[0] if found else "of unknown version"
        yield PostgresPart(
            f"postgresql://postgres@{host}:{port}/postgres", f"PostgreSQL {version} (image {IMAGE})"
        )
    finally:
        container.stop()


def _wait_for_container(container: object) -> None:
    """The image starts the server twice, the first time on its socket alone: ask over TCP."""
    from testcontainers.core.container import DockerContainer

    assert isinstance(container, DockerContainer)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if container.exec(["pg_isready", "-h", "127.0.0.1", "-q"]).exit_code == 0:
            return
        time.sleep(0.2)
    raise ServerError(f"{IMAGE} does not answer")
