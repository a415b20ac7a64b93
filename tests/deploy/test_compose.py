from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from channel_sync.settings import PREFIX, Settings
from tests.house.sources import ROOT
from tests.parts.brokers import IMAGE as KAFKA_IMAGE
from tests.parts.postgres import IMAGE as POSTGRES_IMAGE

COMPOSE = ROOT / "compose.yaml"
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
OURS = [name for name in SERVICES if name not in {"kafka", "postgres"}]


@pytest.mark.parametrize("name", list(SERVICES))
def test_every_image_can_be_replaced_by_a_variable(name: str) -> None:
    assert re.fullmatch(r"\$\{[A-Z_]+_IMAGE:-[a-z0-9./:-]+\}", SERVICES[name]["image"])


def test_kafka_and_postgresql_are_those_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"].endswith(f":-{KAFKA_IMAGE}}}")
    assert SERVICES["postgres"]["image"].endswith(f":-{POSTGRES_IMAGE}}}")


@pytest.mark.parametrize("name", OURS)
def test_our_containers_write_to_no_disk_and_know_their_settings(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    known = {f"{PREFIX}{one.upper()}" for one in Settings.model_fields}
    assert service["environment"].keys() <= known


def test_the_worker_is_given_longer_to_end_than_it_takes_to_drain() -> None:
    grace = SERVICES["worker"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) >= Settings.model_fields["drain_seconds"].default + 10


def test_only_the_demo_s_services_bypass_the_program_s_own_command() -> None:
    assert {name for name in OURS if "entrypoint" in SERVICES[name]} == {"hotel", "feeder"}


def test_compose_reads_the_file() -> None:
    if shutil.which("docker") is None:
        pytest.skip("no docker on this machine")
    has = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    command = ["docker", "compose"] if has.returncode == 0 else [shutil.which("docker-compose")]
    if command[0] is None:
        pytest.skip("docker has no compose here")
    done = subprocess.run(
        [*map(str, command), "--file", str(COMPOSE), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
