from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka import errors as kafka_errors
from pydantic import SecretStr

from channel_sync.clock import FixedToday
from channel_sync.core.model import Outcome
from channel_sync.observe import logs
from channel_sync.observe.metrics import Metrics
from channel_sync.records import Applied, Planned, Record, SliceResult, Told
from channel_sync.settings import Settings
from channel_sync.store.claims import PartitionId
from channel_sync.worker.broker import kafka_time
from channel_sync.worker.halts import internal_errors_in_a_row, lost_offset
from channel_sync.worker.loop import Loop
from channel_sync.worker.means import Means
from channel_sync.worker.partition import Partition
from channel_sync.worker.planner_loop import PlannerLoop
from channel_sync.worker.port import FetchFailedError, FetchFault, KafkaPort
from channel_sync.worker.queue import SliceQueue
from channel_sync.worker.suspects import Suspects

HERE, THERE = PartitionId("t", 0), PartitionId("t", 1)
SETTINGS = Settings(database_url=SecretStr("postgresql://db/hotel"), kafka_bootstrap="k:1")


def record(offset: int, body: bytes = b"x" * 10) -> Record:
    return Record("t", 0, offset, datetime(2026, 1, 1, tzinfo=UTC), body)


def applied(*outcomes: str) -> SliceResult:
    """One outcome a character: an exclamation mark is an internal error, the rest are fine."""
    return SliceResult(
        tuple(
            Applied(
                record(offset),
                0,
                Outcome.PARKED if mark == "!" else Outcome.CREATED,
                "internal_error: ZeroDivisionError" if mark == "!" else "",
            )
            for offset, mark in enumerate(outcomes)
        )
    )


# The queue ---------------------------------------------------------------------------------


def offsets(taken: tuple[Record, ...]) -> list[int]:
    return [one.offset for one in taken]


async def test_a_slice_is_what_is_there_up_to_its_limits() -> None:
    queue = SliceQueue(most_records=10, most_bytes=1_000)
    queue.put(record(n) for n in range(7))
    assert offsets(await queue.take(records=4, size=1_000, wait_seconds=0)) == [0, 1, 2, 3]
    assert offsets(await queue.take(records=4, size=25, wait_seconds=0)) == [4, 5]
    assert offsets(await queue.take(records=4, size=1_000, wait_seconds=0.01)) == [6]
    assert (len(queue), queue.bytes) == (0, 0)


async def test_a_record_larger_than_a_slice_is_a_slice_of_its_own() -> None:
    queue = SliceQueue(most_records=10, most_bytes=100)
    queue.put([record(0, b"x" * 500), record(1)])
    assert queue.full
    assert offsets(await queue.take(records=10, size=50, wait_seconds=0)) == [0]
    assert offsets(await queue.take(records=10, size=50, wait_seconds=0)) == [1]


async def test_a_slice_waits_for_more_only_until_it_is_full() -> None:
    queue = SliceQueue(most_records=10, most_bytes=1_000)
    queue.put([record(0)])
    taking = asyncio.create_task(queue.take(records=2, size=1_000, wait_seconds=600))
    await asyncio.sleep(0)
    queue.put([record(1)])
    assert offsets(await taking) == [0, 1]


async def test_an_interruption_ends_a_wait_and_lasts_until_the_queue_is_cleared() -> None:
    queue = SliceQueue(most_records=10, most_bytes=1_000)
    taking = asyncio.create_task(queue.take(records=2, size=1_000, wait_seconds=0))
    await asyncio.sleep(0)
    queue.interrupt()
    assert await taking == ()
    queue.put([record(0)])
    assert await queue.take(records=2, size=1_000, wait_seconds=0) == ()
    queue.clear()
    queue.put([record(1)])
    assert offsets(await queue.take(records=2, size=1_000, wait_seconds=0)) == [1]


def test_a_queue_is_full_by_records_or_bytes_and_low_at_half() -> None:
    queue = SliceQueue(most_records=4, most_bytes=100)
    queue.put([record(0), record(1)])
    assert queue.low
    queue.put([record(2)])
    assert not queue.low
    assert not queue.full
    queue.put([record(3)])
    assert queue.full


# Halts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "outcomes", "after"),
    [
        (0, "...", 0),
        (0, ".!!", 2),
        (2, "!!.", 0),
        (2, ".!", 1),
        (4, "!..", 5),
        (0, "!!!!!..", 5),
        (3, "", 3),
    ],
)
def test_internal_errors_count_when_they_follow_each_other(
    before: int, outcomes: str, after: int
) -> None:
    assert internal_errors_in_a_row(applied(*outcomes), before=before, cap=5) == after


def test_a_list_of_many_reservations_is_one_message_however_many_of_them_failed() -> None:
    one = applied("!").applied[0]
    many = SliceResult(tuple(replace(one, ordinal=ordinal) for ordinal in range(500)))
    assert internal_errors_in_a_row(many, before=0, cap=5) == 1


def test_a_lost_offset_says_what_was_lost_and_where_a_resume_goes_on() -> None:
    assert "3 messages were never read; a resume goes on at 10" in lost_offset(7, 10, 20)
    assert "beyond the log's end 5" in lost_offset(9, 0, 5)


# The port ----------------------------------------------------------------------------------


class Message(NamedTuple):
    offset: int
    topic: str = "t"
    partition: int = 0
    timestamp: int = 1_000
    key: bytes | None = None
    value: bytes | None = b"body"
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Client:
    """In aiokafka's place: answers what it was told, and does something meanwhile."""

    def __init__(self, answer: Any, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.answer = answer
        self.meanwhile = meanwhile
        self.asked: list[Any] = []

    async def getmany(self, *partitions: Any, timeout_ms: int, max_records: int) -> Any:
        del timeout_ms, max_records
        self.asked = list(partitions)
        self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def port_over(client: Client) -> KafkaPort:
    port = KafkaPort(SETTINGS)
    port._consumer = client
    port.mark(frozenset({HERE, THERE}))
    return port


async def test_records_below_the_offset_wanted_are_dropped_and_gaps_above_accepted() -> None:
    client = Client({TopicPartition("t", 0): [Message(n) for n in (3, 4, 5, 9)]})
    found = await port_over(client).fetch({HERE: 5})
    assert [one.offset for one in found[HERE]] == [5, 9]
    assert client.asked == [TopicPartition("t", 0)]


async def test_nothing_is_fetched_for_no_partition_since_that_would_mean_all() -> None:
    with pytest.raises(ValueError, match="no partition"):
        await port_over(Client({})).fetch({})


def loop_with(partition_id: PartitionId) -> tuple[Loop, Partition]:
    """A loop that holds one partition, sought within the present assignment."""
    means = Means(
        settings=SETTINGS,
        pool=None,  # type: ignore[arg-type]
        port=port_over(Client({})),
        apply=None,  # type: ignore[arg-type]
        today_of=FixedToday(date(2026, 1, 1)),
        metrics=Metrics(),
        claimed_by="here",
    )
    loop, partition = Loop(means), Partition(partition_id, means)
    loop._held[partition_id] = partition
    partition.seat, partition._generation = 1, means.port.generation
    return loop, partition


def take_over(partition: Partition, *, seat: int, offset: int) -> None:
    """What `run` does once the row was claimed and the client told where to go on."""
    generation = partition._means.port.generation
    partition.seat, partition.wanted, partition._generation = seat, offset, generation
    partition.gap.sought(offset, generation=generation)
    partition.queue.clear()


async def test_records_fetched_for_the_present_seat_are_offered() -> None:
    loop, partition = loop_with(HERE)
    loop._hand_out({HERE: [record(5), record(6)]}, {partition: 1})
    assert len(partition.queue) == 2
    assert partition.wanted == 7
    assert partition.is_ready()


async def test_records_of_an_earlier_seat_are_dropped_and_sought_again_lest_they_be_a_gap() -> None:
    loop, partition = loop_with(HERE)
    loop._hand_out({HERE: [record(5)]}, {partition: 0})
    assert len(partition.queue) == 0
    assert not partition.is_ready()  # it claims and seeks before anything is fetched for it
    assert await partition.queue.take(records=1, size=1, wait_seconds=0) == ()


async def test_what_an_earlier_seat_did_not_want_any_more_is_sought_again_by_the_present_one() -> (
    None
):
    """5 was queued and not applied when the group was shared out anew: the client gives it again
    to the fetch that was under way, which wants 6, and stands behind it then.
    """
    loop, partition = loop_with(HERE)
    client = Client({TopicPartition("t", 0): [Message(5)]})
    found = await port_over(client).fetch({HERE: 6})
    assert found == {HERE: []}
    loop._hand_out(found, {partition: 0})
    assert not partition.is_ready()


async def test_what_the_present_seat_has_had_is_not_sought_again() -> None:
    loop, partition = loop_with(HERE)
    loop._hand_out({HERE: []}, {partition: 1})
    assert partition.is_ready()
    assert len(partition.queue) == 0


async def test_a_gap_where_a_partition_goes_on_is_believed_when_a_second_seek_finds_it() -> None:
    loop, partition = loop_with(HERE)
    for seat in (2, 3):
        assert len(partition.queue) == 0
        take_over(partition, seat=seat, offset=5)
        loop._hand_out({HERE: [record(7)]}, {partition: seat})
    assert partition.is_ready()
    assert partition.wanted == 8


async def test_what_a_second_seek_finds_where_there_seemed_to_be_a_gap_is_applied() -> None:
    loop, partition = loop_with(HERE)
    take_over(partition, seat=2, offset=5)
    loop._hand_out({HERE: [record(7)]}, {partition: 2})
    take_over(partition, seat=3, offset=5)
    loop._hand_out({HERE: [record(5), record(6), record(7)]}, {partition: 3})
    taken = await partition.queue.take(records=9, size=9_000, wait_seconds=0)
    assert [one.offset for one in taken] == [5, 6, 7]


async def test_a_gap_seen_within_an_assignment_that_is_over_is_no_second_sight_of_it() -> None:
    loop, partition = loop_with(HERE)
    take_over(partition, seat=2, offset=5)
    loop._hand_out({HERE: [record(7)]}, {partition: 2})
    partition._means.port.mark(frozenset({HERE}))
    take_over(partition, seat=3, offset=5)
    loop._hand_out({HERE: [record(7)]}, {partition: 3})
    assert not partition.is_ready()


async def test_a_gap_behind_what_was_given_since_the_seek_is_believed_at_once() -> None:
    loop, partition = loop_with(HERE)
    take_over(partition, seat=2, offset=5)
    loop._hand_out({HERE: [record(5)]}, {partition: 2})
    loop._hand_out({HERE: [record(9)]}, {partition: 2})
    assert partition.is_ready()
    assert len(partition.queue) == 2


async def test_records_of_a_holder_that_was_replaced_meanwhile_are_sought_again() -> None:
    loop, partition = loop_with(HERE)
    _, earlier = loop_with(HERE)
    loop._hand_out({HERE: [record(5)]}, {earlier: 1})
    assert len(partition.queue) == 0
    assert not partition.is_ready()


async def test_records_of_an_assignment_that_ended_meanwhile_are_dropped() -> None:
    loop, partition = loop_with(HERE)
    partition._means.port.mark(frozenset({HERE}))
    loop._hand_out({HERE: [record(5)], THERE: [record(6)]}, {partition: 1})
    assert len(partition.queue) == 0


async def test_a_lost_offset_is_an_alarm_for_its_partition_alone() -> None:
    error = kafka_errors.OffsetOutOfRangeError({TopicPartition("t", 1): 40})
    with pytest.raises(FetchFailedError) as caught:
        await port_over(Client(error)).fetch({HERE: 5, THERE: 40})
    assert caught.value.partitions == {THERE}
    assert caught.value.fault is FetchFault.LOST


async def test_a_failure_without_a_name_sends_every_partition_back_to_its_offset() -> None:
    error = kafka_errors.NotLeaderForPartitionError()
    with pytest.raises(FetchFailedError) as caught:
        await port_over(Client(error)).fetch({HERE: 5, THERE: 40})
    assert caught.value.partitions == {HERE, THERE}
    assert caught.value.fault is FetchFault.AWAY


@pytest.mark.parametrize(
    "error",
    [
        kafka_errors.CorruptRecordException("Invalid CRC"),
        kafka_errors.UnsupportedCodecError("no zstd here"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_the_client_cannot_unpack_is_no_reason_to_die(error: Exception) -> None:
    with pytest.raises(FetchFailedError, match="cannot be unpacked") as caught:
        await port_over(Client(error)).fetch({HERE: 5, THERE: 40})
    assert caught.value.fault is FetchFault.UNREADABLE


async def test_a_record_keeps_its_time_and_the_headers_that_are_text() -> None:
    headers = (("format", b"canonical"), ("odd", b"\xff"), ("none", None))
    client = Client({TopicPartition("t", 0): [Message(1, value=None, headers=headers)]})
    (found,) = (await port_over(client).fetch({HERE: 0}))[HERE]
    assert found.headers == {"format": "canonical", "none": ""}
    assert found.body == b""
    assert found.recorded_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        (-1, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_700_000_000_123, datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)),
        (1_700_000_000_123_456, datetime(9999, 1, 1, tzinfo=UTC)),
        (2**63 - 1, datetime(9999, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_stamp_that_no_calendar_has_is_the_latest_time(stamp: int, at: datetime) -> None:
    assert kafka_time(stamp) == at


# Suspects ----------------------------------------------------------------------------------


def two_partitions() -> tuple[Partition, Partition]:
    _, here = loop_with(HERE)
    _, there = loop_with(THERE)
    return here, there


def test_partitions_are_suspected_together_and_fetched_alone_until_one_is_found() -> None:
    here, there = two_partitions()
    suspects = Suspects()
    assert suspects.choose([here, there]) == ([here, there], None)
    assert suspects.failed({HERE: 5, THERE: 40}) is None
    assert suspects.choose([here, there]) == ([here], None)
    suspects.passed({HERE: 5}, {HERE: [record(5)]})
    assert suspects.choose([here, there]) == ([there], None)
    assert suspects.failed({THERE: 40}) is None
    assert suspects.choose([here, there]) == ([there], 1)
    assert suspects.failed({THERE: 40}) is None
    assert suspects.failed({THERE: 40}) == THERE
    assert suspects.choose([here, there]) == ([here, there], None)


def test_a_suspect_is_read_one_by_one_and_each_is_applied_before_the_next() -> None:
    here, there = two_partitions()
    suspects = Suspects()
    suspects.failed({THERE: 40})
    there.queue.put([record(40)])
    assert suspects.choose([here, there]) == ([here], None)
    there.queue.clear()
    for offset in range(40, 50):
        assert suspects.choose([here, there]) == ([there], 1)
        suspects.passed({THERE: offset}, {THERE: [record(offset)]})
    # It got further than the batch was thought to be: the count begins anew.
    assert [suspects.failed({THERE: 50}) for _ in range(3)] == [None, None, THERE]


def test_a_suspect_that_has_nothing_for_a_while_is_as_good_as_any_but_its_failures_count() -> None:
    here, there = two_partitions()
    suspects = Suspects()
    for _ in range(2):
        suspects.failed({THERE: 40})
        while suspects.choose([here, there]) != ([here, there], None):
            suspects.passed({THERE: 40}, {})
    assert suspects.failed({THERE: 40}) == THERE


def test_the_longer_nobody_is_found_the_longer_each_is_waited_for() -> None:
    here, there = two_partitions()
    suspects = Suspects()
    waits = []
    for _ in range(3):
        suspects.failed({HERE: 5, THERE: 40})
        waits.append(0)
        while (chosen := suspects.choose([here, there])[0]) != [here, there]:
            suspects.passed({chosen[0].id: 0}, {})
            waits[-1] += 1
    assert waits == sorted(set(waits))


# The planner -------------------------------------------------------------------------------


async def test_the_planner_plans_until_nothing_is_due_and_again_when_woken() -> None:
    stopping = asyncio.Event()
    due: list[str | Exception] = ["a", OSError("away"), ZeroDivisionError("a bug"), "b"]
    asleep = asyncio.Event()
    planned: list[str] = []
    told: list[Mapping[str, int]] = []

    def tell(properties: Mapping[str, int]) -> None:
        told.append(properties)

    async def plan_next(pool: Any, *, today_of: Any) -> Planned | None:
        del pool, today_of
        if not due:
            asleep.set()
            return None
        found = due.pop(0)
        if isinstance(found, Exception):
            raise found
        planned.append(found)
        return Planned(found, version=7)

    means = Means(
        settings=SETTINGS.model_copy(
            update={"planner_interval_seconds": 3_600, "retry_first_ms": 1, "retry_cap_ms": 1}
        ),
        pool=None,  # type: ignore[arg-type]
        port=KafkaPort(SETTINGS),
        apply=None,  # type: ignore[arg-type]
        today_of=FixedToday(date(2026, 1, 1)),
        metrics=Metrics(),
        claimed_by="here",
        tell=tell,
        stopping=stopping,
    )
    planner = PlannerLoop(means, plan_next)
    task = asyncio.create_task(planner.run())
    await asyncio.wait_for(asleep.wait(), 60)
    assert planned == ["a", "b"]
    assert told == [{"a": 7}, {"b": 7}]
    asleep.clear()
    due.append("c")
    planner.wake()
    await asyncio.wait_for(asleep.wait(), 60)
    assert planned == ["a", "b", "c"]
    stopping.set()
    await asyncio.wait_for(task, 60)


# Logs and numbers --------------------------------------------------------------------------


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.configure(level="info", style="json", stream=stream)
    yield stream
    root.handlers = before
    root.setLevel(level)


def test_a_library_that_loses_a_server_says_so_once_in_ten_seconds(written: io.StringIO) -> None:
    """As asyncpg's pool does. An error of a library keeps its traceback."""
    pool, other = logging.getLogger("asyncpg.pool"), logging.getLogger("aiokafka.consumer")
    for attempt in range(20):
        pool.warning("cannot connect; retrying", exc_info=ConnectionRefusedError(attempt))
    other.error("the coordinator died", exc_info=ValueError("a bug"))
    pool.info("chatter")
    warning, error = [json.loads(line) for line in written.getvalue().splitlines()]
    assert warning["event"] == "cannot connect; retrying"
    assert "exception" not in warning
    assert "ValueError: a bug" in error["exception"]


def test_a_message_that_changed_something_has_a_line_and_the_others_are_counted(
    written: io.StringIO,
) -> None:
    changed = Applied(
        record(5),
        0,
        Outcome.MODIFIED,
        property_id="seaview",
        reference="B1",
        changes=(Told("1", "arrival", "2026-04-10", "2026-04-11"),),
        tasks=("no_room",),
    )
    parked = Applied(record(6), 0, Outcome.PARKED, "no_rooms", property_id="seaview")
    same = [
        Applied(record(n), 0, outcome)
        for n, outcome in enumerate((Outcome.UNCHANGED, Outcome.DUPLICATE, Outcome.STALE), start=7)
    ]
    result = SliceResult((changed, parked, *same), warnings=3)
    logs.log_slice(logs.logger("test"), result, records=5, next_offset=10, seconds=0.0123)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["message", "message", "slice"]
    assert lines[0]["changes"] == ["stay 1: arrival 2026-04-10 → 2026-04-11"]
    assert lines[0]["tasks"] == ["no_room"]
    assert lines[1]["level"] == "warning"
    assert lines[1]["reason"] == "no_rooms"
    assert lines[2]["outcomes"] == {
        "duplicate": 1, "modified": 1, "parked": 1, "stale": 1, "unchanged": 1,
    }  # fmt: skip
    assert lines[2]["warnings"] == 3
    assert lines[2]["duration_ms"] == 12.3


def test_a_library_may_not_fill_the_log_with_one_sentence(written: io.StringIO) -> None:
    for attempt in range(5):
        logging.getLogger("aiokafka.client").error("no broker, attempt %s", attempt)
    assert len(written.getvalue().splitlines()) == 1


def test_a_reason_is_a_label_only_by_its_first_word() -> None:
    metrics = Metrics()
    reasons = ("no_rooms", "internal_error: KeyError: 'x'", "Ädä", "")
    result = SliceResult(tuple(Applied(record(1), 0, Outcome.PARKED, one) for one in reasons))
    metrics.count_slice(result, records=4, seconds=0.1)
    text = metrics.text().decode()
    assert 'channel_sync_parked_total{reason="internal_error"} 1.0' in text
    assert 'channel_sync_parked_total{reason="other"} 2.0' in text
    assert 'channel_sync_messages_total{outcome="parked"} 4.0' in text
