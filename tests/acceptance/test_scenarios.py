from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Theatre
from tests.acceptance.runner import ScenarioFailedError, play
from tests.acceptance.scenario import ScenarioError, load


async def test_scenario(theatre: Theatre, scenario_file: Path) -> None:
    await _play(theatre, scenario_file)


async def test_shared_scenario(theatre: Theatre, shared_scenario_file: Path) -> None:
    await _play(theatre, shared_scenario_file)


async def _play(theatre: Theatre, path: Path) -> None:
    failure = ""
    try:
        await play(load(path), theatre.worker, theatre.owner_url)
    except (ScenarioFailedError, ScenarioError) as error:
        failure = str(error)
    if failure:
        pytest.fail(failure, pytrace=False)
