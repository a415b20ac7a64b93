"""A PostgreSQL and an Apache Kafka of one's own, to be killed, each also behind a proxy."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from channel_sync.demo import servers
from channel_sync.demo.servers import Household, Postgres, unprivileged_account
from tests.chaos.proxy import Proxy
from tests.parts.brokers import JavaBroker, jar_version
from tests.parts.jars import kafka_jars
from tests.parts.postgres import PostgresPart, machine_binaries

WAL = {"synchronous_commit": "on", "full_page_writes": "on", "deadlock_timeout": "200ms"}


class Database:
    """PostgreSQL on its port and data over every restart; what crashes is the server alone."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        number = server.version.split(" ", maxsplit=1)[0]
        self.label = f"PostgreSQL {number} ({server.origin})"
        self.part = PostgresPart(server.dsn(), self.label)
        self.proxy = Proxy(server.port)

    def through_proxy(self, url: str) -> str:
        return url.replace(f":{self._server.port}/", f":{self.proxy.port}/")

    def restart(self, *, forgets: bool, down_seconds: float = 0.0) -> None:
        """As by a crash. A server that `forgets` loses the last moments of what it confirms, at
        its next crash: as after a fail-over to a replica that lagged behind.
        """
        server = self._server
        server.household.stop(server.child, signal.SIGQUIT)
        time.sleep(down_seconds)
        data = server.household.folder / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        wanted = f"synchronous_commit={'off' if forgets else 'on'}"
        arguments = server.child.args
        assert isinstance(arguments, list)
        command = [wanted if one.startswith("synchronous_commit=") else one for one in arguments]
        log = server.household.folder / "postgres.log"
        server.child = server.household.start(
            command,
            log=log,
            stop_signal=signal.SIGQUIT,
            account=unprivileged_account(),
            env=servers._environment(),
        )
        servers._wait_for_postgres(server.child, data, log)


@contextlib.contextmanager
def database() -> Iterator[Database]:
    binaries, origin = machine_binaries()
    with servers.postgres(binaries, origin, settings=WAL) as server:
        yield Database(server)


class Broker:
    """Apache Kafka; it tells its clients to come by the proxy."""

    def __init__(self, household: Household, libs: Path) -> None:
        self._java = JavaBroker(household, libs)
        self.label = f"Apache Kafka {jar_version(libs)} (one KRaft node)"
        self.proxy = Proxy(self._java.open_port)
        self.bootstrap = f"127.0.0.1:{self.proxy.port}"
        self.direct = f"127.0.0.1:{self._java.open_port}"
        file = household.folder / "server.properties"
        told = f"advertised.listeners=OPEN://{self.direct},"
        text = file.read_text(encoding="utf-8")
        assert told in text
        told_now = f"advertised.listeners=OPEN://{self.bootstrap},"
        file.write_text(text.replace(told, told_now), encoding="utf-8")
        self._java.start()

    def restart(self, *, kill: bool, down_seconds: float = 0.0) -> None:
        if kill:
            self._java.kill()
        else:
            self._java.stop()
        time.sleep(down_seconds)
        self._java.start()


@contextlib.contextmanager
def broker() -> Iterator[Broker]:
    """Raises NoJarsError where there is no Apache Kafka to be had."""
    libs = kafka_jars()
    with Household("channel-sync-chaos") as household:
        yield Broker(household, libs)
