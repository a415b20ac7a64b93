"""A Kafka broker for the session: Apache Kafka where it can be had, else an imitation, so named.

Taken in this order: CHANNEL_SYNC_TEST_KAFKA_BOOTSTRAP, Docker, KAFKA_HOME, the jars from Maven
Central, librdkafka's mock cluster. CHANNEL_SYNC_TEST_KAFKA=real|mock allows one kind only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from channel_sync.demo.embedded import MockBroker, mock_broker
from channel_sync.demo.servers import Household, ServerError, free_port
from tests.parts.brokers import (
    IMAGE,
    PASSWORDS,
    DockerBroker,
    JavaBroker,
    broker_properties,
    jar_version,
)
from tests.parts.docker import docker_answers
from tests.parts.jars import NoJarsError, kafka_jars, kafka_version

__all__ = ["PASSWORDS", "KafkaPart", "Switch", "kafka_part"]

ADMIN_SECONDS = 20.0


class Switch(Protocol):
    """Turns a broker off and on, for the tests that do."""

    def start(self) -> None:
        """On the same ports and data; returns when it answers."""

    def stop(self) -> None:
        """As an operator would: SIGTERM."""

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""


@dataclass(frozen=True, slots=True)
class KafkaPart:
    """A broker that tests may do with as they like."""

    bootstrap: str
    """Where nobody need log in."""
    label: str
    """What served, for people; an imitation says so."""
    real: bool
    """Apache Kafka itself."""
    sasl_bootstrap: str | None = None
    """Where one logs in by SASL/PLAIN (PASSWORDS) and ACLs hold."""
    switch: Switch | None = None
    """None where the broker is not ours to stop."""
    mock: MockBroker | None = None
    reasons: tuple[str, ...] = field(default=())
    """Why nothing better was to be had."""
    owed: bool = False
    """The jars are here, so Apache Kafka should have run: its absence is a failure in CI."""

    def create_topic(self, topic: str | None = None, partitions: int = 1, **config: str) -> str:
        """Makes it (config: `retention_ms="1000"`, …) and returns its name, a new one if none."""
        name = topic or f"topic-{uuid.uuid4().hex[:12]}"
        if self.mock is not None:
            self.mock.create_topic(name, partitions)
            return name
        settings = {key.replace("_", "."): value for key, value in config.items()}
        # -1: as many replicas as the broker makes unless told
        wanted = NewTopic(name, num_partitions=partitions, replication_factor=-1, config=settings)
        admin = self._admin()  # to be held until its answers are in
        for done in admin.create_topics([wanted]).values():
            done.result(ADMIN_SECONDS)
        self._wait_until(admin, name, exists=True)
        return name

    def delete_topic(self, topic: str) -> None:
        if self.mock is not None:
            self.mock.delete_topic(topic)
            return
        admin = self._admin()
        for done in admin.delete_topics([topic]).values():
            done.result(ADMIN_SECONDS)
        self._wait_until(admin, topic, exists=False)

    def grant_read(self, topic: str, group: str, user: str = "worker") -> None:
        """Lets `user` read a topic and commit in a group, and nothing else."""
        wanted = [
            AclBinding(
                kind,
                name,
                ResourcePatternType.LITERAL,
                f"User:{user}",
                "*",
                operation,
                AclPermissionType.ALLOW,
            )
            for kind, name in ((ResourceType.TOPIC, topic), (ResourceType.GROUP, group))
            for operation in (AclOperation.READ, AclOperation.DESCRIBE)
        ]
        admin = self._admin()
        for done in admin.create_acls(wanted).values():
            done.result(ADMIN_SECONDS)

    def start(self) -> None:
        self._switch().start()

    def stop(self) -> None:
        self._switch().stop()

    def kill(self) -> None:
        self._switch().kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _switch(self) -> Switch:
        if self.switch is None:
            raise ServerError(f"{self.label} is not ours to stop")
        return self.switch

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 3})

    def _wait_until(self, admin: AdminClient, topic: str, *, exists: bool) -> None:
        """The answer to a request precedes the news of it in the broker's metadata."""
        deadline = time.monotonic() + ADMIN_SECONDS
        while time.monotonic() < deadline:
            known = topic in admin.list_topics(timeout=ADMIN_SECONDS).topics
            if known is exists:
                return
            time.sleep(0.05)
        raise ServerError(f"topic {topic}: no news of it in {ADMIN_SECONDS:.0f} s")


@contextlib.contextmanager
def kafka_part() -> Iterator[KafkaPart]:
    """The first kind that works; what was tried before it stands in `reasons`."""
    given = os.environ.get("CHANNEL_SYNC_TEST_KAFKA_BOOTSTRAP")
    if given:
        yield KafkaPart(given, "Kafka (CHANNEL_SYNC_TEST_KAFKA_BOOTSTRAP)", real=True)
        return
    forced = os.environ.get("CHANNEL_SYNC_TEST_KAFKA", "")
    if forced not in {"", "real", "mock"}:
        raise ServerError("CHANNEL_SYNC_TEST_KAFKA is real or mock")
    reasons: list[str] = []
    owed = False
    with contextlib.ExitStack() as stack:
        kinds: list[Callable[[], AbstractContextManager[KafkaPart]]] = [_docker, _machine]
        for start in [] if forced == "mock" else kinds:
            try:
                part = stack.enter_context(start())
            except NoJarsError as error:
                reasons.append(str(error))
            except ServerError as error:
                reasons.append(str(error))
                owed = owed or start is _machine
            else:
                yield part
                return
        if forced == "real":
            raise ServerError("no Apache Kafka for the tests: " + "; ".join(reasons))
        if forced == "mock":
            reasons.append("CHANNEL_SYNC_TEST_KAFKA=mock")
        broker = stack.enter_context(mock_broker())
        label = f"an imitation of Kafka (mock cluster of librdkafka {broker.version})"
        yield KafkaPart(
            broker.bootstrap, label, real=False, mock=broker, reasons=tuple(reasons), owed=owed
        )


@contextlib.contextmanager
def _machine() -> Iterator[KafkaPart]:
    home = os.environ.get("KAFKA_HOME")
    if home and shutil.which("java"):
        libs, origin = Path(home) / "libs", "KAFKA_HOME"
    else:
        libs, origin = kafka_jars(), "jars from Maven Central"
    with Household("channel-sync-kafka") as household:
        broker = JavaBroker(household, libs)
        broker.start()
        yield KafkaPart(
            f"127.0.0.1:{broker.open_port}",
            f"Apache Kafka {jar_version(libs)} ({origin}, KRaft)",
            real=True,
            sasl_bootstrap=f"127.0.0.1:{broker.rights_port}",
            switch=broker,
        )


@contextlib.contextmanager
def _docker() -> Iterator[KafkaPart]:
    if not docker_answers():
        raise ServerError("no Docker engine answers")
    from testcontainers.core.container import DockerContainer

    # The same numbers inside and outside, since the broker tells its clients where it is.
    open_port, rights_port = free_port(), free_port()
    properties = broker_properties(
        open_port=open_port,
        rights_port=rights_port,
        controller_port=9093,
        log_dirs="/tmp/kafka-data",  # noqa: S108 - inside the container
        host="0.0.0.0",
    )
    container = DockerContainer(IMAGE).with_bind_ports(open_port, open_port)
    container = container.with_bind_ports(rights_port, rights_port)
    for key, value in properties.items():
        name = key.upper().replace("_", "__").replace("-", "___").replace(".", "_")
        container = container.with_env(f"KAFKA_{name}", value)
    broker = DockerBroker(container, open_port)
    try:
        broker.create()
        yield KafkaPart(
            f"127.0.0.1:{open_port}",
            f"Apache Kafka {kafka_version()} (image {IMAGE}, KRaft)",
            real=True,
            sasl_bootstrap=f"127.0.0.1:{rights_port}",
            switch=broker,
        )
    finally:
        container.stop()
