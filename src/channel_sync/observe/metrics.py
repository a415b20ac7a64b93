"""The worker's numbers, in a registry of their own; those of the database are in `figures`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from channel_sync.core.model import Outcome
from channel_sync.observe.channels import ChannelNumbers

if TYPE_CHECKING:
    from channel_sync.records import SliceResult

_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_PARTITION = ("topic", "partition")


class Metrics:
    """Every number once; a label has few values, and none is a hotel or a person."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.messages = Counter(
            "channel_sync_messages", "Reservations applied", ["outcome"], registry=registry
        )
        self.parked = Counter(
            "channel_sync_parked", "Reservations set aside", ["reason"], registry=registry
        )
        self.slice_seconds = Histogram(
            "channel_sync_slice_seconds",
            "Time of a slice, in all and by stage",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.slice_records = Histogram(
            "channel_sync_slice_records", "Messages in a slice", buckets=_SIZES, registry=registry
        )
        self.channels = ChannelNumbers(registry)
        self.lag = Gauge(
            "channel_sync_lag_records",
            "Log end less the consumer's position",
            _PARTITION,
            registry=registry,
        )
        self.unapplied = Gauge(
            "channel_sync_oldest_unapplied_seconds",
            "Age of the oldest message not applied yet; 0 where all are",
            _PARTITION,
            registry=registry,
        )
        self.halted = Gauge(
            "channel_sync_halted",
            "1 while the partition waits for `channel-sync resume`",
            _PARTITION,
            registry=registry,
        )
        self.partitions = Gauge(
            "channel_sync_partitions", "Partitions in this worker's hands", registry=registry
        )
        self.rebalances = Counter(
            "channel_sync_rebalances", "Assignments begun anew", registry=registry
        )
        self.fences = Counter(
            "channel_sync_fences",
            "Slices rolled back since the partition was another's",
            registry=registry,
        )
        self.retries = Counter(
            "channel_sync_retries",
            "Attempts that failed and were repeated",
            ["what"],
            registry=registry,
        )
        self.planned = Counter(
            "channel_sync_planned", "Properties the planner looked at", registry=registry
        )
        self.live = Gauge("channel_sync_live", "1 while /livez says yes", registry=registry)
        self.ready = Gauge("channel_sync_ready", "1 while /readyz says yes", registry=registry)
        for outcome in Outcome:
            self.messages.labels(outcome.value)
        # An increase from nothing is none to Prometheus: what alarms begins at 0.
        self.parked.labels("internal_error")

    def count_slice(self, result: SliceResult, *, records: int, seconds: float) -> None:
        self.slice_records.observe(records)
        self.slice_seconds.labels("all").observe(seconds)
        for stage, microseconds in result.stages_us.items():
            self.slice_seconds.labels(stage).observe(microseconds / 1e6)
        for applied in result.applied:
            self.messages.labels(applied.outcome.value).inc()
            self.channels.count(applied)
            if applied.outcome is Outcome.PARKED:
                self.parked.labels(_reason(applied.outcome_reason)).inc()

    def forget(self, topic: str, partition: int) -> None:
        """Another worker tells of this partition from now on."""
        for gauge in (self.lag, self.unapplied, self.halted):
            gauge.remove(topic, str(partition))

    def judge(self, *, live: bool, ready: bool) -> None:
        """What the probes would say now."""
        self.live.set(int(live))
        self.ready.set(int(ready))

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


def _reason(reason: str) -> str:
    """The word a reason begins with; anything else would make a label without end."""
    found = _WORD.match(reason)
    return found[0] if found else "other"
