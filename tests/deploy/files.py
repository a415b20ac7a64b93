"""The files that people deploy, as the tests read them."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Metric

from channel_sync.observe.figures import PoolGauges, WaitingGauges
from channel_sync.observe.metrics import Metrics
from tests.house.sources import ROOT

DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
ALERT_TESTS = tuple(sorted((DEPLOY / "prometheus").glob("*.test.yaml")))
DASHBOARD = DEPLOY / "grafana" / "channel-sync.json"
MANIFESTS = tuple(sorted((DEPLOY / "kubernetes").glob("*.yaml")))
OPERATING = ROOT / "docs" / "operating.md"

_METRIC = re.compile(r"\bchannel_sync_[a-z_]+")
_ROLES = {"channel_sync_owner", "channel_sync_worker", "channel_sync_pms"}


def documents() -> list[dict[str, Any]]:
    """Every resource of the manifests, in their order."""
    return [
        document
        for path in MANIFESTS
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


def resource(kind: str, name: str = "channel-sync") -> dict[str, Any]:
    (found,) = (
        one for one in documents() if one["kind"] == kind and one["metadata"]["name"] == name
    )
    return found


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def metrics_named(text: str) -> set[str]:
    return set(_METRIC.findall(text)) - _ROLES


class _Pool:
    def get_size(self) -> int:
        return 2

    def get_idle_size(self) -> int:
        return 1

    def get_max_size(self) -> int:
        return 8


def metrics_told() -> set[str]:
    """Every name under which the worker's metrics port can tell a number."""
    registry: CollectorRegistry = Metrics().registry
    WaitingGauges(registry)
    PoolGauges(registry, _Pool())
    return {name for metric in registry.collect() for name in _samples(metric)}


def _samples(metric: Metric) -> set[str]:
    match metric.type:
        case "counter":
            return {f"{metric.name}_total"}
        case "histogram":
            return {f"{metric.name}{end}" for end in ("_bucket", "_sum", "_count")}
        case _:
            return {metric.name}


def promtool() -> str:
    """Its path; skips where there is none."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool on this machine (Debian's package `prometheus` has it)")
    return found
