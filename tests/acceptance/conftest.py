"""The option `--scenarios DIR`, and the database that scenarios are played in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.loading import worker_pool
from tests.acceptance.scenario import ScenarioError, load
from tests.parts.postgres import PostgresPart

OWN = Path(__file__).parent / "scenarios"
SHARED = Path(__file__).parents[3] / "shared" / "scenarios"
"""Scenarios that several implementations share, where they lie beside this repository."""


@dataclass(frozen=True, slots=True)
class Theatre:
    """The database of the session, migrated; scenarios empty it before they play."""

    worker: asyncpg.Pool
    owner_url: str


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scenarios",
        metavar="DIR",
        default=None,
        help="play every *.yaml and *.json below DIR (default: tests/acceptance/scenarios)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario_file" in metafunc.fixturenames:
        given = metafunc.config.getoption("--scenarios", default=None)
        folder = (metafunc.config.invocation_params.dir / given) if given else OWN
        if not folder.is_dir():
            raise pytest.UsageError(f"--scenarios {given}: there is no such folder")
        metafunc.parametrize("scenario_file", _parameters(folder))
    if "shared_scenario_file" in metafunc.fixturenames:
        metafunc.parametrize("shared_scenario_file", _shared_parameters(metafunc.config))


@pytest.fixture(scope="session")
async def theatre(postgres: PostgresPart, migrated_template: str) -> AsyncIterator[Theatre]:
    async with postgres.database(migrated_template) as url, worker_pool(url) as pool:
        yield Theatre(pool, url)


def _shared_parameters(config: pytest.Config) -> list[object]:
    reason = None
    if config.getoption("--scenarios", default=None):
        reason = "--scenarios names the scenarios to play"
    elif not SHARED.is_dir():
        reason = "no folder of shared scenarios beside this repository"
    if reason:
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="none")]
    return _parameters(SHARED)


def _parameters(folder: Path) -> list[object]:
    """A test for each scenario; a file that a scenario receives is none."""
    files = sorted(path for kind in ("*.yaml", "*.json") for path in folder.rglob(kind))
    received = {received for path in files for received in _received(path)}
    return [
        pytest.param(path, marks=_marks(path), id=str(path.relative_to(folder).with_suffix("")))
        for path in files
        if path.resolve() not in received
    ]


def _received(path: Path) -> set[Path]:
    try:
        steps = load(path).steps
    except (ScenarioError, ValueError):
        return set()
    batches = [step["receive"]["batch"] for step in steps if "receive" in step]
    named = [message["file"] for batch in batches for message in batch if "file" in message]
    return {(path.parent / name).resolve() for name in named}


def _marks(path: Path) -> list[pytest.MarkDecorator]:
    try:
        reason = load(path).xfail
    except (ScenarioError, ValueError):
        return []  # it fails as a test of its own, with the reason
    return [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
