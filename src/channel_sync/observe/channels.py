"""What each channel sends: how much, and when it last did. A silent channel is a broken one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from channel_sync.records import Applied

MOST_CHANNELS = 50
"""Channels with a label of their own: a sender's invention must not make labels without end."""


class ChannelNumbers:
    """By the channel's own name, once its aliases are resolved."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "channel_sync_channel_messages",
            "Reservations by channel, parked ones too",
            ["channel"],
            registry=registry,
        )
        self.last = Gauge(
            "channel_sync_channel_last_message_timestamp_seconds",
            "Kafka's time of the latest message of a channel",
            ["channel"],
            registry=registry,
        )
        self._latest: dict[str, float] = {}

    def count(self, applied: Applied) -> None:
        """A message that could not be read names no channel, and is not counted here."""
        if not applied.channel:
            return
        known = applied.channel in self._latest or len(self._latest) < MOST_CHANNELS
        name = applied.channel if known else "other"
        self.messages.labels(name).inc()
        # What comes late does not turn the clock back, nor does a wrong stamp turn it forward: a
        # channel that falls silent would not be noticed.
        recorded_at = min(applied.record.recorded_at, datetime.now(UTC)).timestamp()
        self._latest[name] = max(self._latest.get(name, 0.0), recorded_at)
        self.last.labels(name).set(self._latest[name])
