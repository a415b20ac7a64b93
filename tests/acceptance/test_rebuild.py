"""What a scenario left behind is told again from its messages and edits, and is the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from channel_sync.progress import Silence
from channel_sync.rebuild.run import Report, rebuild
from channel_sync.settings import Settings
from tests.acceptance.conftest import OWN, Theatre
from tests.acceptance.runner import play
from tests.acceptance.scenario import load
from tests.parts.postgres import PostgresPart

EVERY = sorted(OWN.rglob("*.yaml"))
CHOSEN = [path for path in EVERY if path.parent == OWN]


async def told_again(url: str, into: str) -> list[Report]:
    settings = Settings(database_url=SecretStr(url))
    audited = rebuild(settings, property_id=None, into=into, work=Silence())
    return [report async for report in audited]


@pytest.mark.parametrize(
    "path",
    EVERY if os.environ.get("REBUILD") == "every" else CHOSEN,
    ids=lambda path: str(path.relative_to(OWN).with_suffix("")),
)
async def test_a_scenario_told_again_is_the_same(
    theatre: Theatre, postgres: PostgresPart, migrated_template: str, path: Path
) -> None:
    scenario = load(path)
    if scenario.xfail:
        pytest.skip(scenario.xfail)
    await play(scenario, theatre.worker, theatre.owner_url)
    async with postgres.database(migrated_template) as elsewhere:
        (report,) = await told_again(theatre.owner_url, elsewhere)
    assert report.is_same, "\n".join(map(str, (*report.differences, *report.untold)))
    # Only what was erased cannot be told.
    assert all(why.endswith("has no body any more") for why in report.apart.values())
