"""The feeder of the stack of containers plays the demo's day, today, through a real topic."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from channel_sync.demo import feeder
from channel_sync.worker.run import run
from tests.integration.running import settings_for
from tests.parts.kafka import KafkaPart


def test_a_message_is_moved_by_its_nights_alone() -> None:
    body = json.dumps(
        {
            "modified_at": "2026-05-04T06:00:01+00:00",
            "rooms": [{"arrival": "2026-05-30", "departure": "2026-06-02"}],
            "comments": "arrival 2026-05-30",
        }
    ).encode()
    assert json.loads(feeder.moved(body, 30)) == {
        "modified_at": "2026-05-04T06:00:01+00:00",
        "rooms": [{"arrival": "2026-06-29", "departure": "2026-07-02"}],
        "comments": "arrival 2026-05-30",
    }
    assert feeder.moved(b'{"arrival": "cut o', 30) == b'{"arrival": "cut o'


@pytest.mark.parametrize("arguments", [[], ["pause"], ["play", "many"]])
def test_wrong_use_ends_with_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://db/hotel",
        "KAFKA_BOOTSTRAP": "k:1",
        "TOPICS": "t",
    }.items():
        monkeypatch.setenv(f"CHANNEL_SYNC_{name}", value)
    assert feeder.main(arguments) == 2
    assert capsys.readouterr().err == "feeder: prepare, or play [N]\n"


@pytest.mark.real_kafka
async def test_it_prepares_plays_and_played_again_only_repeats_itself(
    database: str,
    kafka: KafkaPart,
    make_topic: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = settings_for(
        database, kafka.bootstrap, make_topic(), planner_interval_seconds=0.1, log_level="error"
    )
    await feeder.prepare(settings)
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(run(settings, stopping=stopping))
        try:
            await feeder.play(settings, 20)
            first = capsys.readouterr().out
            await feeder.play(settings, 20)
            again = capsys.readouterr().out
        finally:
            stopping.set()
    assert worker.result() == 0
    # The guest in house is in house: the story plays today.
    assert "cancel of a guest in house      BK-7001   deferred" in first
    assert "upgrade by hand to 204          BK-8001   staff       done" in first
    assert "1 deferred, 1 tombstoned, 1 parked" in first
    assert again.splitlines()[-2].startswith("outcomes: ")
    assert set(again.splitlines()[-2].split()[2::2]) == {"duplicate,", "parked"}
