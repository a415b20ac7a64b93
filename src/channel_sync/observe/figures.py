"""The numbers that are the database's and not the worker's: every worker tells the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from prometheus_client import Gauge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from channel_sync.store.figures import Counted


class WaitingGauges:
    """Tasks and parked messages that wait for people; a dashboard takes the greatest of workers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tasks = Gauge(
            "channel_sync_open_tasks",
            "Open tasks and notices; age: hour, day, older",
            ["reason", "age"],
            registry=registry,
        )
        self.oldest_task = Gauge(
            "channel_sync_open_task_oldest_seconds",
            "Age of the oldest open task",
            ["reason"],
            registry=registry,
        )
        self.urgent = Gauge(
            "channel_sync_urgent_task_oldest_seconds",
            "Age of the oldest open task whose guest comes by tomorrow or is in house",
            registry=registry,
        )
        self.parked = Gauge(
            "channel_sync_parked_messages",
            "Messages set aside and neither retried nor discarded",
            ["reason"],
            registry=registry,
        )
        self.oldest_parked = Gauge(
            "channel_sync_parked_oldest_seconds",
            "Age of the oldest message set aside",
            registry=registry,
        )

    def show(self, counted: Counted) -> None:
        """Replaces all of them: a reason that is gone has no number any more."""
        for gauge in (self.tasks, self.oldest_task, self.parked):
            gauge.clear()
        for tasks in counted.tasks:
            for age in ("hour", "day", "older"):
                self.tasks.labels(tasks.reason, age).set(getattr(tasks, age))
            self.oldest_task.labels(tasks.reason).set(tasks.oldest_seconds)
        self.urgent.set(counted.urgent_seconds)
        for waiting in counted.parked:
            self.parked.labels(waiting.reason).set(waiting.messages)
        self.oldest_parked.set(max((one.oldest_seconds for one in counted.parked), default=0.0))


class PoolSize(Protocol):
    """What is asked of an `asyncpg.Pool`."""

    def get_size(self) -> int: ...

    def get_idle_size(self) -> int: ...

    def get_max_size(self) -> int: ...


class PoolGauges:
    """The worker's connections to the database, asked for at every scrape."""

    def __init__(self, registry: CollectorRegistry, pool: PoolSize) -> None:
        connections = Gauge(
            "channel_sync_database_connections",
            "Connections of the pool, by whether they are in use",
            ["state"],
            registry=registry,
        )
        connections.labels("idle").set_function(pool.get_idle_size)
        connections.labels("used").set_function(lambda: pool.get_size() - pool.get_idle_size())
        most = Gauge(
            "channel_sync_database_connections_max", "Connections at most", registry=registry
        )
        most.set(pool.get_max_size())
