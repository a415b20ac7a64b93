"""Looks at single records of a log, beside the group: to see whether it is still the same log."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka import errors as kafka_errors

from channel_sync.worker.broker import (
    client_options,
    in_plain_words,
    is_unreadable,
    kafka_time,
    stop,
)

if TYPE_CHECKING:
    from channel_sync.settings import Settings
    from channel_sync.store.claims import PartitionId

_SECONDS = 15.0
_WAIT_MS = 2_000


class Peek:
    """A client without a group, opened when it is first needed; one look at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def recorded_at(self, partition: PartitionId, offset: int) -> datetime | None:
        """When the record at exactly this offset was recorded; None where there is none.

        Raises ConfigurationError or DependencyError.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(_SECONDS):
                    return await self._look(TopicPartition(*partition), offset)
            except (kafka_errors.KafkaError, OSError, TimeoutError) as error:
                await self.close()
                raise in_plain_words(error, self._settings) from error

    async def _look(self, source: TopicPartition, offset: int) -> datetime | None:
        consumer = await self._open()
        first = await consumer.beginning_offsets([source])
        end = await consumer.end_offsets([source])
        if not first[source] <= offset < end[source]:
            return None
        consumer.assign([source])
        try:
            consumer.seek(source, offset)
            found = await consumer.getmany(source, timeout_ms=_WAIT_MS, max_records=1)
        except Exception as error:
            if not is_unreadable(error):
                raise
            return None  # what cannot be unpacked any more tells nothing of another log
        finally:
            consumer.unsubscribe()  # or it goes on to fetch what nobody reads
        for record in found.get(source, ()):
            if record.offset == offset:
                return kafka_time(record.timestamp)
        return None

    async def _open(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                **client_options(self._settings),
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                max_partition_fetch_bytes=self._settings.kafka_partition_fetch_bytes,
            )
            try:
                await consumer.start()
            except BaseException:
                await stop(consumer)
                raise
            self._consumer = consumer
        return self._consumer

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(kafka_errors.KafkaError, OSError):
                await stop(consumer, seconds=1.0)
