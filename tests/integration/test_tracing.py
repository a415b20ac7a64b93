"""One span for each batch, linked to the traces its messages came from; nothing where it is off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from channel_sync.errors import Fenced
from channel_sync.pipeline import apply_slice
from channel_sync.records import Record
from channel_sync.store.claims import PartitionId, SliceFence
from channel_sync.worker.means import Apply
from channel_sync.worker.tracing import Tracing, context_of
from tests.integration.running import settings_for
from tests.integration.seaview import TODAY, booking, open_hotel, records, worker_pool

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"
OTHER = f"00-{TRACE[::-1]}-{SPAN}-00"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(exporter: InMemorySpanExporter) -> Apply:
    settings = settings_for("postgresql://nowhere/", "").model_copy(update={"group": "hotels"})
    return Tracing(settings, SimpleSpanProcessor(exporter)).traced(apply_slice)


@pytest.fixture
async def pool(database: str, connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Pool]:
    await open_hotel(connection)
    async with worker_pool(database) as pool:
        yield pool


def from_trace(record: Record, traceparent: str) -> Record:
    return replace(record, headers={**record.headers, "traceparent": traceparent})


def linked(span: ReadableSpan) -> list[tuple[str, str]]:
    return [(f"{one.context.trace_id:032x}", f"{one.context.span_id:016x}") for one in span.links]


async def test_a_batch_is_one_span_with_a_link_to_each_trace_it_came_from(
    pool: asyncpg.Pool, traced: Apply, exporter: InMemorySpanExporter
) -> None:
    one, two, three, four = records(booking("A"), booking("B"), booking("A"), b"{broken")
    run = (from_trace(one, HEADER), from_trace(two, OTHER), from_trace(three, HEADER), four)
    await traced(pool, run, today_of=TODAY)
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("process bookings", SpanKind.CONSUMER)
    assert linked(span) == [(TRACE, SPAN), (TRACE[::-1], SPAN)]
    assert all(link.context.is_remote for link in span.links)
    told = dict(span.attributes or {})
    assert told["messaging.batch.message_count"] == 4
    assert told["messaging.consumer.group.name"] == "hotels"
    assert told["messaging.destination.partition.id"] == "0"
    outcomes = {name: told.get(f"channel_sync.outcome.{name}") for name in ("created", "parked")}
    assert outcomes == {"created": 2, "parked": 1}
    assert told["channel_sync.outcome.duplicate"] == 1
    assert told["channel_sync.round_trips"]


async def test_a_span_names_no_hotel_and_nobody(
    pool: asyncpg.Pool, traced: Apply, exporter: InMemorySpanExporter
) -> None:
    await traced(pool, records(booking("A")), today_of=TODAY)
    (span,) = exporter.get_finished_spans()
    text = span.to_json()
    assert not [said for said in ("seaview", "Byron", "ada@", '"A"') if said in text]


async def test_a_batch_that_fails_is_a_span_with_its_error(
    pool: asyncpg.Pool, traced: Apply, exporter: InMemorySpanExporter
) -> None:
    run = records(booking("A"))
    fence = SliceFence(PartitionId("bookings", 0), epoch=7, expected=0, records=run)
    with pytest.raises(Fenced):
        await traced(pool, run, today_of=TODAY, fence=fence)
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize(
    "said",
    [
        "",
        "nonsense",
        HEADER.upper(),
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE[:-1]}-{SPAN}-01",
    ],
)
def test_a_header_that_names_no_span_is_left_alone(said: str) -> None:
    (record,) = records(b"{}")
    assert context_of(from_trace(record, said)) is None


def test_what_a_later_version_says_behind_the_flags_is_no_hindrance() -> None:
    (record,) = records(b"{}")
    found = context_of(from_trace(record, f"01-{TRACE}-{SPAN}-01-more"))
    assert found is not None
    assert (f"{found.trace_id:032x}", found.trace_flags.sampled) == (TRACE, True)


def test_where_tracing_is_off_nothing_of_it_is_imported() -> None:
    """Off unless said; and what it needs is an extra that need not be installed."""
    program = (
        "import sys; import channel_sync.worker.run, channel_sync.cli; "
        "from channel_sync.settings import Settings; "
        "print(Settings.model_fields['tracing'].default, "
        "[name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "off []"
