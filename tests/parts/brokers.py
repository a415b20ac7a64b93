"""Apache Kafka as a process of this machine or a container: one KRaft node, configured alike."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient

from channel_sync.demo.servers import Household, ServerError, free_port, last_lines
from tests.parts.jars import kafka_version

IMAGE = f"apache/kafka:{kafka_version()}"
START_SECONDS = 90.0
PASSWORDS = {"admin": "admin-secret", "worker": "worker-secret"}
"""Who may log in at the SASL/PLAIN listener. `admin` may do everything, `worker` nothing yet."""


def broker_properties(
    *, open_port: int, rights_port: int, controller_port: int, log_dirs: str, host: str
) -> dict[str, str]:
    """One KRaft node, broker and controller, with an open listener and one that asks who is there.

    The listeners bear names of their own (OPEN, RIGHTS): the Docker image takes a listener named
    SASL_… as a sign that it has to find a JAAS file.
    """
    users = " ".join(f'user_{user}="{word}"' for user, word in PASSWORDS.items())
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"OPEN://{host}:{open_port},RIGHTS://{host}:{rights_port},"
        f"CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"OPEN://127.0.0.1:{open_port},RIGHTS://127.0.0.1:{rights_port}",
        "listener.security.protocol.map": "OPEN:PLAINTEXT,RIGHTS:SASL_PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "OPEN",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.rights.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain."
        f"PlainLoginModule required {users};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:ANONYMOUS",
        "log.dirs": log_dirs,
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A killed broker is let in again when its old session has ended: 9 s by default.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "auto.create.topics.enable": "false",
    }


def jar_version(libs: Path) -> str:
    names = [path.stem for path in libs.glob("kafka-clients-*.jar")]
    return names[0].removeprefix("kafka-clients-") if names else "of unknown version"


LOG4J = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
"""


def free_ports() -> tuple[int, int, int]:
    return free_port(), free_port(), free_port()


class JavaBroker:
    """Apache Kafka as a child process, in a household's folder.

    `ports` are those of the open listener, of the one with rights and of the controller; `more`
    are properties that go before ours.
    """

    def __init__(
        self,
        household: Household,
        libs: Path,
        *,
        ports: tuple[int, int, int] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._household = household
        self._libs = libs
        self._folder = household.folder
        self._log = self._folder / "broker.log"
        self._child: subprocess.Popen[bytes] | None = None
        self.open_port, self.rights_port, controller_port = ports or free_ports()
        properties = broker_properties(
            open_port=self.open_port,
            rights_port=self.rights_port,
            controller_port=controller_port,
            log_dirs=str(self._folder / "data"),
            host="127.0.0.1",
        ) | dict(more or {})
        lines = "".join(f"{key}={value}\n" for key, value in properties.items())
        (self._folder / "server.properties").write_text(lines, encoding="utf-8")
        (self._folder / "log4j2.properties").write_text(LOG4J, encoding="utf-8")
        self._format()

    def start(self) -> None:
        if self._child is not None:
            raise ServerError("the broker is running already")
        self._child = self._household.start(
            self._java("kafka.Kafka", "server.properties"),
            log=self._log,
            stop_signal=signal.SIGKILL,  # there is nothing to save
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._child.poll() is None:
            if answers(self.open_port):
                return
            time.sleep(0.1)
        raise ServerError(f"Apache Kafka did not start:\n{last_lines(self._log)}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._child is not None:
            self._household.stop(self._child, how)
            self._child = None

    def _java(self, main_class: str, *arguments: str) -> list[str | Path]:
        return [
            "java",
            *(
                "-Xms256m",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
            ),
            f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}",
            *("-cp", f"{self._libs}/*", main_class, *arguments),
        ]

    def _format(self) -> None:
        cluster = "channelSyncTestsAAAAAA"  # 16 bytes in URL-safe base64
        tool = "kafka.tools.StorageTool"
        done = subprocess.run(
            self._java(tool, "format", "-t", cluster, "-c", "server.properties"),
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerError(f"Kafka's storage could not be formatted: {done.stderr[-500:]}")


def answers(port: int) -> bool:
    """The port first: a client asked too early waits out its back-off."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    try:
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
        return bool(admin.list_topics(timeout=5).brokers)
    except Exception:  # noqa: BLE001 - not yet, whatever the reason
        return False


class DockerBroker:
    """Apache Kafka's own image; its container keeps ports and data over a stop."""

    def __init__(self, container: object, open_port: int) -> None:
        from testcontainers.core.container import DockerContainer

        assert isinstance(container, DockerContainer)
        self._container = container
        self._port = open_port

    def create(self) -> None:
        try:
            self._container.start()
        except Exception as error:
            raise ServerError(f"{IMAGE} does not start: {error}") from error
        self._wait()

    def start(self) -> None:
        self._container.get_wrapped_container().start()
        self._wait()

    def stop(self) -> None:
        self._container.get_wrapped_container().stop()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if answers(self._port):
                return
            time.sleep(0.2)
        raise ServerError(f"{IMAGE} does not answer")
