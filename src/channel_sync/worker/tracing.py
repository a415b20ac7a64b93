"""One span for each batch, with links to the traces that its messages came from (OpenTelemetry).

Imported only where tracing is on. A span for each message would cost more than the message.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, Tracer

import channel_sync

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span

    from channel_sync.records import Fence, Record, SliceResult, TodayOf
    from channel_sync.settings import Settings
    from channel_sync.worker.means import Apply

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(-.*)?"
)
"""W3C Trace Context; a later version may say more behind the flags."""

_FLUSH_SECONDS = 2.0
"""For the last spans, at the end: a collector that is away must not keep the worker."""


def context_of(record: Record) -> SpanContext | None:
    """The span that sent a record, as its header `traceparent` names it; None without a valid one.

    Read by hand: of the propagator's ways only this one is wanted, and it may not raise.
    """
    said = _TRACEPARENT.fullmatch(record.headers.get("traceparent", "").strip())
    if said is None:
        return None
    context = SpanContext(
        trace_id=int(said["trace"], 16),
        span_id=int(said["span"], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(said["flags"], 16)),
    )
    return context if context.is_valid else None


def links_of(records: Iterable[Record]) -> list[Link]:
    """A link to each span that sent one of these records, in their order."""
    found = [one for record in records if (one := context_of(record)) is not None]
    return [Link(one) for one in {(one.trace_id, one.span_id): one for one in found}.values()]


@dataclass(frozen=True, slots=True)
class Traced:
    """An `Apply` in a span: each attempt at a batch is one, also one that fails."""

    apply: Apply
    tracer: Tracer
    group: str

    async def __call__(
        self,
        pool: asyncpg.Pool,
        records: tuple[Record, ...],
        *,
        today_of: TodayOf,
        fence: Fence | None = None,
    ) -> SliceResult:
        first = records[0]
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": first.topic,
            "messaging.destination.partition.id": str(first.partition),
            "messaging.consumer.group.name": self.group,
            "messaging.kafka.offset": first.offset,
            "messaging.batch.message_count": len(records),
        }
        with self.tracer.start_as_current_span(
            f"process {first.topic}",
            kind=SpanKind.CONSUMER,
            links=links_of(records),
            attributes=attributes,
        ) as span:
            result = await self.apply(pool, records, today_of=today_of, fence=fence)
            _describe(span, result)
            return result


def _describe(span: Span, result: SliceResult) -> None:
    """What became of the batch: numbers only, no hotel and nobody."""
    for outcome, number in Counter(one.outcome.value for one in result.applied).items():
        span.set_attribute(f"channel_sync.outcome.{outcome}", number)
    for stage, microseconds in result.stages_us.items():
        span.set_attribute(f"channel_sync.stage.{stage}_us", microseconds)
    span.set_attribute("channel_sync.round_trips", result.round_trips)


def _resource(settings: Settings) -> Resource:
    """Who tells; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES outweigh what is said here."""
    ours = {SERVICE_NAME: settings.client_id, SERVICE_VERSION: channel_sync.__version__}
    return Resource(ours).merge(OTELResourceDetector().detect())


class Tracing:
    """Where spans go, for as long as the worker runs. `OTEL_*` says where and how."""

    def __init__(self, settings: Settings, processor: SpanProcessor | None = None) -> None:
        self._group = settings.group
        self._provider = TracerProvider(
            resource=_resource(settings),
            # A batch may hold as many messages, each with a trace of its own.
            span_limits=SpanLimits(max_links=settings.slice_records),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))

    def traced(self, apply: Apply) -> Apply:
        """The same, in spans."""
        return Traced(apply, self._provider.get_tracer("channel_sync"), self._group)

    async def close(self) -> None:
        """Send what is left, if somebody takes it soon."""
        flushing = threading.Thread(target=self._provider.shutdown, daemon=True)
        flushing.start()
        await asyncio.to_thread(flushing.join, _FLUSH_SECONDS)
