from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from prometheus_client import CollectorRegistry

from channel_sync.core.model import Outcome
from channel_sync.observe.channels import MOST_CHANNELS
from channel_sync.observe.figures import WaitingGauges
from channel_sync.observe.health import HealthServer
from channel_sync.observe.metrics import Metrics
from channel_sync.observe.probe import main, probe
from channel_sync.records import Applied, Record, SliceResult
from channel_sync.store.figures import Counted, OpenTasks, Waiting

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)


def heard(metrics: Metrics, channel: str, at: datetime = NOON) -> None:
    record = Record("t", 0, 0, at, b"")
    applied = Applied(record, 0, Outcome.CREATED, channel=channel)
    metrics.count_slice(SliceResult((applied,)), records=1, seconds=0.1)


def last(metrics: Metrics, channel: str) -> float | None:
    name = "channel_sync_channel_last_message_timestamp_seconds"
    return metrics.registry.get_sample_value(name, {"channel": channel})


def test_the_last_message_of_a_channel_is_the_latest_and_not_the_one_handled_last() -> None:
    metrics = Metrics()
    heard(metrics, "expedia", NOON)
    heard(metrics, "expedia", NOON - timedelta(hours=3))
    assert last(metrics, "expedia") == NOON.timestamp()


def test_a_stamp_of_the_future_does_not_hide_that_a_channel_falls_silent() -> None:
    metrics = Metrics()
    heard(metrics, "expedia", datetime(9999, 1, 1, tzinfo=UTC))
    latest = last(metrics, "expedia")
    assert latest is not None
    assert latest <= datetime.now(UTC).timestamp()


def test_a_sender_who_invents_channels_makes_no_labels_without_end() -> None:
    metrics = Metrics()
    for number in range(MOST_CHANNELS + 5):
        heard(metrics, f"channel-{number}")
    heard(metrics, "channel-1")
    name, value = "channel_sync_channel_messages_total", metrics.registry.get_sample_value
    assert value(name, {"channel": "other"}) == 5
    assert value(name, {"channel": "channel-1"}) == 2
    assert value(name, {"channel": f"channel-{MOST_CHANNELS}"}) is None


def test_a_reason_that_nobody_waits_for_any_more_has_no_number() -> None:
    registry = CollectorRegistry()
    gauges = WaitingGauges(registry)
    parked = (Waiting("not_json", 2, 90.0), Waiting("no_rooms", 1, 60.0))
    gauges.show(Counted((OpenTasks("no_room", 1, 2, 3, 5_000.0),), 12.0, parked))
    value = registry.get_sample_value
    assert value("channel_sync_open_tasks", {"reason": "no_room", "age": "older"}) == 3
    assert value("channel_sync_parked_oldest_seconds") == 90
    gauges.show(Counted((), 0.0, ()))
    assert value("channel_sync_open_tasks", {"reason": "no_room", "age": "older"}) is None
    assert value("channel_sync_parked_messages", {"reason": "not_json"}) is None
    assert value("channel_sync_parked_oldest_seconds") == 0
    assert value("channel_sync_urgent_task_oldest_seconds") == 0


class Said:
    def __init__(self, *against: str) -> None:
        self.against = list(against)

    def dead(self) -> list[str]:
        return self.against

    def unready(self) -> list[str]:
        return self.against

    def remarks(self) -> list[str]:
        return []


@pytest.mark.parametrize(("said", "lives"), [(Said(), True), (Said("stuck"), False)])
async def test_the_image_s_health_check_says_what_livez_says(
    said: Said, lives: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = Metrics()
    server = HealthServer(said, metrics)
    await server.start("127.0.0.1", 0)
    monkeypatch.setenv("CHANNEL_SYNC_HEALTH_PORT", str(server.port))
    try:
        assert await asyncio.to_thread(main) == (0 if lives else 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert f"{HTTPStatus.OK.value}".encode() in await reader.readline()
        writer.close()
    finally:
        await server.stop()
    assert capsys.readouterr().out == ("ok\n" if lives else "stuck\n")
    for name in ("channel_sync_live", "channel_sync_ready"):
        assert metrics.registry.get_sample_value(name) == int(lives)


def test_a_health_check_fails_where_nobody_answers_and_passes_where_no_port_is_wished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert probe(1)[0] is False
    monkeypatch.setenv("CHANNEL_SYNC_HEALTH_PORT", "0")
    assert main() == 0
