"""The parts every test may ask for, and a last word on which parts served.

`postgres`, `kafka` start once, when a test first asks. `database` is a migrated database of the
test's own (its URL), `blank_database` an empty one, `make_topic` makes topics that are deleted
afterwards. A test that needs Apache Kafka itself is marked `real_kafka`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from channel_sync.store.migrate import migrate
from tests.parts.kafka import KafkaPart, kafka_part
from tests.parts.postgres import PostgresPart, postgres_part

PARTS = ("database", "broker")
SERVED: pytest.StashKey[dict[str, str]] = pytest.StashKey()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresPart]:
    with postgres_part() as part:
        _serves(request.config, "database", part.label)
        yield part


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaPart]:
    with kafka_part() as part:
        reasons = "".join(f"\n          - {reason}" for reason in part.reasons)
        _serves(request.config, "broker", part.label + reasons)
        yield part


@pytest.fixture(scope="session")
async def migrated_template(postgres: PostgresPart) -> str:
    """The name of a migrated database, to copy from: nobody connects to it."""

    async def prepare(url: str) -> None:
        await migrate(url)

    return await postgres.template(prepare)


@pytest.fixture
async def database(postgres: PostgresPart, migrated_template: str) -> AsyncIterator[str]:
    """The URL of a migrated database of the test's own, dropped after the test."""
    async with postgres.database(migrated_template) as url:
        yield url


@pytest.fixture
async def blank_database(postgres: PostgresPart) -> AsyncIterator[str]:
    """The URL of an empty database, dropped after the test."""
    async with postgres.database() as url:
        yield url


@pytest.fixture
def make_topic(kafka: KafkaPart) -> Iterator[Callable[..., str]]:
    """`make_topic(partitions=4)` returns a topic's new name."""
    made: list[str] = []

    def make(partitions: int = 1, **config: str) -> str:
        made.append(kafka.create_topic(partitions=partitions, **config))
        return made[-1]

    yield make
    for topic in made:
        kafka.delete_topic(topic)


@pytest.fixture(autouse=True)
def _real_kafka_only(request: pytest.FixtureRequest) -> None:
    """Skips what an imitation cannot prove; in CI, fails it where the real one ought to run."""
    if request.node.get_closest_marker("real_kafka") is None:
        return
    part: KafkaPart = request.getfixturevalue("kafka")
    if part.real:
        return
    reason = f"needs Apache Kafka: {'; '.join(part.reasons)}"
    if os.environ.get("CI") == "true" and part.owed:
        pytest.fail(reason)
    pytest.skip(reason)


def _serves(config: pytest.Config, what: str, label: str) -> None:
    config.stash.setdefault(SERVED, {})[what] = label
    output: dict[str, object] | None = getattr(config, "workeroutput", None)
    if output is not None:  # one of several processes: the first tells what served
        output[what] = label


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """What served in one of several test processes, told to the one that reports."""
    told = getattr(node, "workeroutput", {})
    for what in PARTS:
        if what in told:
            _serves(node.config, what, told[what])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    served = terminalreporter.config.stash.get(SERVED, {})
    terminalreporter.section("parts")
    for what in PARTS:
        terminalreporter.write_line(f"{what:9} {served.get(what, 'none was asked for')}")
