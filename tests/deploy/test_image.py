"""The image, built and run for real where a Docker engine answers; its file is read elsewhere.

CHANNEL_SYNC_TEST_PYTHON_IMAGE names another base, CHANNEL_SYNC_TEST_IMAGE_ARGS more options of
`docker build`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from channel_sync import __version__
from channel_sync.demo.servers import free_port
from tests.house.sources import ROOT
from tests.integration.running import PATIENCE_SECONDS
from tests.parts.docker import docker_answers
from tests.parts.kafka import KafkaPart

TAG = "channel-sync:tested"
MEGABYTES = 250
"""At most: on a slim base it is some 170."""

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LAST_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


# As it is written --------------------------------------------------------------------------


def test_every_stage_stands_on_the_base_that_the_builder_chooses() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(bases) == {"${PYTHON_IMAGE}"}
    assert len(bases) == 2


def test_the_last_stage_installs_nothing_and_ends_as_nobody_with_a_health_check() -> None:
    assert "RUN" not in LAST_STAGE
    assert re.search(r"^USER \d+:\d+$", LAST_STAGE, re.MULTILINE)
    assert "HEALTHCHECK" in LAST_STAGE
    # As a list: a shell in between would keep the signals to itself.
    assert 'ENTRYPOINT ["python", "-m", "channel_sync"]' in LAST_STAGE
    assert f"ARG VERSION={__version__}\n" in LAST_STAGE


def test_whatever_is_fetched_is_fetched_by_its_hash_and_compiled_nowhere() -> None:
    joined = DOCKERFILE.replace("\\\n", " ")
    installs = re.findall(r"pip\s[^&\n]*install[^&\n]*", joined)
    fetching = [one for one in installs if "--no-index" not in one]
    assert len(fetching) == 2
    assert all("--require-hashes" in one and "--only-binary :all:" in one for one in fetching)


# As it runs --------------------------------------------------------------------------------


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if not docker_answers():
        pytest.skip("no Docker engine answers")
    base = os.environ.get("CHANNEL_SYNC_TEST_PYTHON_IMAGE")
    done = subprocess.run(
        [
            *("make", "image", f"IMAGE={TAG}"),
            *([f"PYTHON_IMAGE={base}"] if base else []),
            f"IMAGE_ARGS={os.environ.get('CHANNEL_SYNC_TEST_IMAGE_ARGS', '')}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and "pull access denied" in done.stderr + done.stdout:
        pytest.skip("the base image cannot be pulled here")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"{TAG}: \d+\.\d MB\n", done.stdout)
    yield TAG
    docker("image", "rm", "--force", TAG)


@pytest.fixture
def start(image: str) -> Iterator[Callable[..., str]]:
    """`start("run", **environment)`: a container that can write nothing, on the host's network."""
    names: list[str] = []

    def starting(*command: str, **environment: str) -> str:
        names.append(f"channel-sync-{uuid.uuid4().hex[:8]}")
        given = [f"--env=CHANNEL_SYNC_{name}={value}" for name, value in environment.items()]
        docker(
            *("run", "--detach", "--name", names[-1], "--network=host", "--read-only"),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
            *given,
            *(image, *command),
        )
        return names[-1]

    yield starting
    for name in names:
        docker("rm", "--force", name)


def wait_for(happened: Callable[[], bool], name: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, docker("logs", name)
        time.sleep(0.2)


def test_the_image_is_small_and_says_what_it_is(image: str) -> None:
    (found,) = json.loads(docker("image", "inspect", image))
    assert found["Size"] < MEGABYTES * 1_000_000
    labels = found["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "channel-sync"
    assert labels["org.opencontainers.image.version"] == __version__


def test_inside_nobody_is_root_nothing_is_written_and_nothing_compiles(image: str) -> None:
    say = (
        "id -u; touch /opt/channel-sync/x 2>&1; touch /tmp/x 2>&1;"
        " for tool in gcc cc make pip; do command -v $tool; done; true"
    )
    said = docker("run", "--rm", "--read-only", "--entrypoint=sh", image, "-c", say).splitlines()
    assert said[0] == "10001"
    assert all("Read-only file system" in line for line in said[1:])
    assert len(said) == 3


def test_sigterm_drains_the_worker_and_it_leaves_with_0(
    start: Callable[..., str], database: str, kafka: KafkaPart, make_topic: Callable[..., str]
) -> None:
    topic = make_topic()
    name = start(
        "run",
        DATABASE_URL=database,
        KAFKA_BOOTSTRAP=kafka.bootstrap,
        TOPICS=topic,
        GROUP=topic,
        HEALTH_PORT=str(free_port()),
    )

    def healthy() -> bool:
        return docker("inspect", "--format={{.State.Health.Status}}", name) == "healthy"

    wait_for(healthy, name)
    docker("stop", "--time=40", name)
    assert docker("inspect", "--format={{.State.ExitCode}}", name) == "0"
    logged = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
    assert '"clean": true, "event": "drained"' in logged.stderr


def test_sigterm_ends_a_migration_that_waits_for_its_database(start: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE_SECONDS)
        port = silent.getsockname()[1]
        name = start("migrate", DATABASE_URL=f"postgresql://nobody@127.0.0.1:{port}/none")
        connection, _ = silent.accept()
        with connection:
            docker("stop", "--time=20", name)
    # 137 would be the kill after 20 seconds: process 1 hears only what it handles.
    assert docker("inspect", "--format={{.State.ExitCode}}", name) == "143"


def test_sigterm_ends_a_worker_that_waits_for_its_database(start: Callable[..., str]) -> None:
    name = start(
        "run",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        KAFKA_BOOTSTRAP="127.0.0.1:1",
        TOPICS="t",
        HEALTH_PORT="0",
    )

    def waits() -> bool:
        done = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
        return "waits_to_start" in done.stderr

    wait_for(waits, name)
    docker("stop", "--time=60", name)
    assert docker("inspect", "--format={{.State.ExitCode}}", name) == "0"


def test_a_missing_setting_ends_it_with_2(start: Callable[..., str]) -> None:
    name = start("run", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert docker("wait", name) == "2"
