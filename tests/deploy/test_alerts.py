from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.files import (
    ALERT_TESTS,
    ALERTS,
    DASHBOARD,
    OPERATING,
    alerts,
    dashboard_expressions,
    metrics_named,
    metrics_told,
    promtool,
)

EVERY = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])


def check(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [promtool(), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


# Names -------------------------------------------------------------------------------------


def test_there_are_ten_alarms() -> None:
    assert len({alert["alert"] for alert in alerts()}) == 10


@EVERY
def test_an_alarm_rests_on_numbers_that_the_worker_tells(alert: dict[str, Any]) -> None:
    named = metrics_named(alert["expr"])
    assert named
    assert named <= metrics_told()


@EVERY
def test_an_alarm_says_how_bad_it_is_and_where_to_read_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    page, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert page == "docs/operating.md"
    assert anchor == alert["alert"].lower()
    assert f"### {alert['alert']}\n" in OPERATING.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*ALERT_TESTS, DASHBOARD, OPERATING], ids=lambda path: path.name)
def test_no_file_names_a_number_that_nobody_tells(path: Path) -> None:
    named = metrics_named(path.read_text(encoding="utf-8"))
    assert named
    assert named <= metrics_told()


def test_a_number_misspelled_is_found() -> None:
    text = ALERTS.read_text(encoding="utf-8").replace("parked_messages", "parked_mesages")
    assert metrics_named(text) - metrics_told() == {"channel_sync_parked_mesages"}


def test_every_number_of_the_worker_is_on_the_dashboard() -> None:
    """Of a histogram one sample is enough; the verdicts of the probes are one stat."""
    shown = metrics_named(" ".join(dashboard_expressions()))
    ends = ("_bucket", "_sum", "_count")
    missing = {name for name in metrics_told() - shown if not name.endswith(ends)}
    assert missing == {"channel_sync_live"}


# The dashboard -----------------------------------------------------------------------------


def test_the_dashboard_s_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(dashboard_expressions())
    ]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    code, said = check("check", "rules", path)
    assert code == 0, said


# By Prometheus' own tool -------------------------------------------------------------------


def test_prometheus_takes_the_rules() -> None:
    code, said = check("check", "rules", ALERTS)
    assert code == 0, said


def test_each_alarm_sounds_when_it_should_and_is_quiet_before() -> None:
    code, said = check("test", "rules", *ALERT_TESTS)
    assert code == 0, said


def test_each_alarm_is_heard_and_each_is_quiet_when_all_is_well() -> None:
    checks = [
        one
        for path in ALERT_TESTS
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for one in test["alert_rule_test"]
    ]
    names = {alert["alert"] for alert in alerts()}
    assert {one["alertname"] for one in checks if one.get("exp_alerts")} == names
    assert {one["alertname"] for one in checks if not one.get("exp_alerts")} == names


@pytest.mark.parametrize(
    ("right", "wrong", "is_readable"),
    [
        ("sum by (what) (increase(", "sum by (what) (increase((", False),
        ("> 300", "> 3000", True),
        ("offset 1w))\n", "offset 1d))\n", True),
    ],
)
def test_a_broken_copy_of_the_rules_fails(
    tmp_path: Path, right: str, wrong: str, is_readable: bool
) -> None:
    text = ALERTS.read_text(encoding="utf-8")
    assert right in text
    (tmp_path / ALERTS.name).write_text(text.replace(right, wrong))
    for path in ALERT_TESTS:
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"))
    assert (check("check", "rules", tmp_path / ALERTS.name)[0] == 0) is is_readable
    assert check("test", "rules", *(tmp_path / path.name for path in ALERT_TESTS))[0] != 0
