"""All that the worker asks of Kafka: assigned partitions, records, a seek, a pause, a hint.

Narrow, so that another client could take aiokafka's place. It can read and commit, not write.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka import errors as kafka_errors
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from channel_sync.errors import DependencyError
from channel_sync.records import Record
from channel_sync.store.claims import PartitionId
from channel_sync.worker.broker import (
    CLOSE_SECONDS,
    client_options,
    in_plain_words,
    is_unreadable,
    kafka_time,
    prove_topics,
    stop,
    why_not,
)
from channel_sync.worker.peek import Peek
from channel_sync.worker.unpacking import bound_unpacking

if TYPE_CHECKING:
    from channel_sync.settings import Settings

_IDLE_MS = 24 * 60 * 60 * 1000
"""aiokafka leaves the group after so long without a fetch. A worker all of whose partitions are
halted fetches nothing and must stay; our own watchdog looks after a worker that is stuck."""
_FETCH_RECORDS = 2_000
"""Of one call: what it decodes, it decodes on the event loop."""
_ASK_SECONDS = 15.0
_JOINING_SECONDS = 1.0
_RETRY_MS = 500
"""Between aiokafka's own attempts at a broker that is away; each leaves two lines in the log."""


class FetchFault(Enum):
    """Why a fetch failed."""

    AWAY = "away"
    """Nobody answers, or not as one should: wait and seek again."""
    LOST = "lost"
    """Kafka has no record at that offset any more, which waiting will not mend."""
    UNREADABLE = "unreadable"
    """A batch that the client cannot unpack: damaged, or packed as it does not know."""


class FetchFailedError(Exception):
    """A fetch failed and these partitions have to be sought again."""

    def __init__(
        self, partitions: Collection[PartitionId], reason: str, fault: FetchFault = FetchFault.AWAY
    ) -> None:
        super().__init__(reason)
        self.partitions = frozenset(partitions)
        self.fault = fault


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Only marks state: aiokafka swallows what a listener raises, and goes on consuming."""

    def __init__(self, port: KafkaPort) -> None:
        self._port = port

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        del revoked
        self._port.mark(None)

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._port.mark(frozenset(PartitionId(*partition) for partition in assigned))


class KafkaPort:
    """A member of the consumer group.

    `generation` grows with every assignment lost or gained; a seek holds within one only, and
    what was fetched across two is the loop's to judge. `assigned` is None while the group is being
    shared out anew.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._hints: dict[PartitionId, int] = {}
        self._peek = Peek(settings)
        self.assigned: frozenset[PartitionId] | None = None
        self.generation = 0
        self.changed = asyncio.Event()

    async def open(self) -> None:
        """Connects and asks for partitions; the answer comes later, in `assigned`.

        Raises ConfigurationError (login, rights, no such topic) or DependencyError.
        """
        settings = self._settings
        bound_unpacking(settings.kafka_unpacked_bytes)
        consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # a lost offset is an alarm, not a skip
            isolation_level="read_committed",
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),  # two cost four joins
            session_timeout_ms=settings.kafka_session_timeout_ms,
            heartbeat_interval_ms=settings.kafka_heartbeat_ms,
            max_poll_interval_ms=_IDLE_MS,
            fetch_max_bytes=settings.kafka_fetch_bytes,
            max_partition_fetch_bytes=settings.kafka_partition_fetch_bytes,
            fetch_max_wait_ms=settings.kafka_poll_ms,
            retry_backoff_ms=_RETRY_MS,
        )
        try:
            await consumer.start()  # without topics, or it would wait for the group
            await prove_topics(consumer, settings)
        except kafka_errors.KafkaConnectionError as error:
            await stop(consumer)
            raise await why_not(settings) from error
        except (kafka_errors.KafkaError, OSError, TimeoutError) as error:
            await stop(consumer)
            raise in_plain_words(error, settings) from error
        except BaseException:
            await stop(consumer)
            raise
        self._consumer = consumer
        consumer.subscribe(settings.topics, listener=_Listener(self))

    def mark(self, assigned: frozenset[PartitionId] | None) -> None:
        """What the listener reports."""
        self.assigned = assigned
        self.generation += 1
        self._hints.clear()
        self.changed.set()

    def seek(self, partition: PartitionId, offset: int, *, generation: int) -> bool:
        """The next fetch begins at `offset`; False if the assignment is another by now."""
        if generation != self.generation or partition not in (self.assigned or ()):
            return False
        try:
            self._open.seek(TopicPartition(*partition), offset)
            self._open.resume(TopicPartition(*partition))
        except kafka_errors.IllegalStateError:
            return False
        return True

    def pause(self, partitions: Iterable[PartitionId]) -> None:
        """Fetches nothing for them until resumed, sought, or assigned anew."""
        for one in partitions:
            with contextlib.suppress(kafka_errors.IllegalStateError):
                self._open.pause(TopicPartition(*one))

    def resume(self, partitions: Iterable[PartitionId]) -> None:
        for one in partitions:
            with contextlib.suppress(kafka_errors.IllegalStateError):
                self._open.resume(TopicPartition(*one))

    async def fetch(
        self, wanted: Mapping[PartitionId, int], most: int | None = None
    ) -> dict[PartitionId, list[Record]]:
        """Records of the partitions named (at most so many), none below the offset wanted of each.

        A partition of which only such were found is there without any: the client stands behind
        them now. Never cancel it (aiokafka would never again notice that it idles); it waits some
        200 ms, seconds during a rebalance. Raises FetchFailedError. `wanted` must not be empty: to
        aiokafka that means every partition, those not yet sought too.
        """
        if not wanted:
            raise ValueError("no partition to fetch from")
        asked = [TopicPartition(*one) for one in wanted]
        try:
            batches = await self._open.getmany(
                *asked, timeout_ms=self._settings.kafka_poll_ms, max_records=most or _FETCH_RECORDS
            )
        except Exception as error:
            raise _fetch_failed(error, wanted, self._settings) from error
        found: dict[PartitionId, list[Record]] = {}
        for source, messages in batches.items():
            partition = PartitionId(*source)
            least = wanted[partition]
            found[partition] = [_record(one) for one in messages if one.offset >= least]
        return found

    async def bounds(self, partition: PartitionId) -> tuple[int, int]:
        """Where the log begins and where it ends; DependencyError if the broker will not say."""
        source = TopicPartition(*partition)
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                first = await self._open.beginning_offsets([source])
                end = await self._open.end_offsets([source])
        except (kafka_errors.KafkaError, TimeoutError) as error:
            raise in_plain_words(error, self._settings) from error
        return first[source], end[source]

    async def recorded_at(self, partition: PartitionId, offset: int) -> datetime | None:
        """When the record at exactly this offset was recorded; errors as `Peek`."""
        return await self._peek.recorded_at(partition, offset)

    async def lag(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        """Log end less the consumer's position, which passes over commit markers; in records.

        For partitions sought in this generation. Raises DependencyError.
        """
        sources = [TopicPartition(*one) for one in partitions]
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                ends = await self._open.end_offsets(sources)
                positions = {source: await self._open.position(source) for source in sources}
        except (kafka_errors.KafkaError, TimeoutError) as error:
            raise in_plain_words(error, self._settings) from error
        return {PartitionId(*one): max(0, ends[one] - positions[one]) for one in sources}

    def hint(self, partition: PartitionId, offset: int) -> None:
        """Remembers what to tell Kafka; the truth is in the database."""
        if partition in (self.assigned or ()):
            self._hints[partition] = offset

    async def commit_hints(self) -> None:
        """Tells Kafka, for the tools that show lag. Raises DependencyError."""
        hints, self._hints = self._hints, {}
        if hints:
            await self._commit(hints)

    async def is_member(self, partition: PartitionId, offset: int) -> bool:
        """Whether the group still knows this worker: it takes a commit from its members only."""
        try:
            await self._commit({partition: offset})
        except DependencyError:
            return False
        return True

    async def _commit(self, offsets: Mapping[PartitionId, int]) -> None:
        wanted = {TopicPartition(*one): offset for one, offset in offsets.items()}
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                await self._open.commit(wanted)
        except (kafka_errors.KafkaError, TimeoutError) as error:
            raise DependencyError(f"Kafka takes no commit: {error}") from error

    async def close(self, *, seconds: float = CLOSE_SECONDS) -> None:
        """Leaves the group."""
        consumer, self._consumer = self._consumer, None
        sharing_out = self.assigned is None
        self.mark(None)
        await self._peek.close()
        if consumer is not None:
            # While the group waits for its members, nobody can leave it.
            await stop(consumer, seconds=min(seconds, _JOINING_SECONDS) if sharing_out else seconds)

    @property
    def _open(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise DependencyError("the broker is not connected")
        return self._consumer


def _fetch_failed(
    error: Exception, wanted: Mapping[PartitionId, int], settings: Settings
) -> FetchFailedError:
    """Whose fault it is, as far as aiokafka tells; otherwise all of them are sought again."""
    match error:
        case kafka_errors.OffsetOutOfRangeError():
            named = error.args[0] if error.args else {}
            found = [PartitionId(*one) for one in named if PartitionId(*one) in wanted]
            return FetchFailedError(found or wanted, "its offset is gone", FetchFault.LOST)
        case _ if is_unreadable(error):
            reason = f"a batch cannot be unpacked: {type(error).__name__}: {error}"
            return FetchFailedError(wanted, reason, FetchFault.UNREADABLE)
        case kafka_errors.RecordTooLargeError():
            # aiokafka has stepped over the message by now, hence the seek.
            return FetchFailedError(wanted, f"a message is larger than a fetch: {error}")
        case kafka_errors.NoOffsetForPartitionError():
            # Shared out anew between the seek and the fetch: it is sought again.
            return FetchFailedError(wanted, "the partition was not sought yet")
        case _:
            return FetchFailedError(wanted, str(in_plain_words(error, settings)))


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        recorded_at=kafka_time(message.timestamp),
        body=message.value or b"",
        key=message.key,
        headers=_headers(message.headers),
    )


def _headers(pairs: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Those that are text; of several of one name the last."""
    found: dict[str, str] = {}
    for name, value in pairs:
        with contextlib.suppress(UnicodeDecodeError):
            found[name] = (value or b"").decode("utf-8")
    return found
