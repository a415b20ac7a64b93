from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from channel_sync.pipeline import apply_slice
from channel_sync.planner import plan_next
from channel_sync.wire.limits import Limits
from channel_sync.wire.xsd import load_schemas
from tests.integration.running import settings_for, until, working
from tests.integration.seaview import (
    CARD,
    TODAY,
    body,
    booking,
    line,
    open_hotel,
    outcomes,
    records,
    worker_pool,
)
from tests.parts.kafka import KafkaPart

MakeTopic = Callable[..., str]

WITH_A_CARD = {"comments": f"Charge {CARD} please"}
WHOLE = body(booking("BAD", **WITH_A_CARD))

PARKED: dict[str, tuple[bytes | None, str]] = {
    "an empty body": (b"", "empty_body"),
    "a deleted key": (None, "empty_body"),
    "blanks": (b" \n ", "empty_body"),
    "text": (f"Dear hotel, my card is {CARD}".encode(), "unknown_format"),
    "JSON cut off": (WHOLE[:-20], "not_json"),
    "JSON cut off in a card": (WHOLE[: WHOLE.index(b"1111 please") + 4], "not_json"),
    "not UTF-8": (WHOLE.replace(b"Ada", b"Ad\xe1"), "not_utf8"),
    "NaN for an amount": (WHOLE.replace(b'"400.00"', b"NaN"), "not_json"),
    "infinity for an amount": (WHOLE.replace(b'"400.00"', b"1e999"), "invalid"),
    "the word NaN": (WHOLE.replace(b"400.00", b"NaN"), "invalid"),
    "departure before arrival": (
        body(booking("BAD", rooms=[line(departure="2030-04-09")], **WITH_A_CARD)),
        "invalid",
    ),
    "400 nights": (
        body(booking("BAD", rooms=[line(departure="2031-05-15")], **WITH_A_CARD)),
        "stay_too_long",
    ),
    "an unknown property": (body(booking("BAD", property="elsewhere")), "unknown_property"),
    "deep nesting": (
        WHOLE[:-1] + b', "extra": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "too_deep",
    ),
    "no rooms": (body(booking("BAD", rooms=[])), "no_rooms"),
    "ids only": (body(booking("BAD", completeness="ids_only", rooms=...)), "needs_fetch"),
    "two megabytes": (
        body(booking("BAD", extra={"filling": "x" * 2_000_000}, **WITH_A_CARD)),
        "too_large",
    ),
}


async def produce(bootstrap: str, topic: str, *bodies: bytes | None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=30_000_000)
    await producer.start()
    try:
        for one in bodies:
            await producer.send_and_wait(topic, one, key=b"seaview", partition=0)
    finally:
        await producer.stop()


async def consume(url: str, bootstrap: str, topic: str, connection: asyncpg.Connection) -> None:
    """Lets the real worker work until all that lies there has its outcome."""
    settings = settings_for(url, bootstrap, topic)

    async def done() -> bool:
        last = await connection.fetchval(
            "SELECT max(\"offset\") FROM message WHERE reference = 'LAST'"
        )
        return last is not None

    async with working(settings, apply=None, plan_next=plan_next, today_of=TODAY):
        await until(done)


async def test_a_bad_message_is_parked_for_its_reason_and_the_next_one_is_processed(
    database: str, connection: asyncpg.Connection, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await open_hotel(connection)
    topic = make_topic(**({"max_message_bytes": "5000000"} if kafka.real else {}))
    expected: list[tuple[int, int, str, str]] = []
    sent: list[bytes | None] = []
    for number, (spoilt, reason) in enumerate(PARKED.values()):
        sent += [spoilt, body(booking(f"GOOD{number}"))]
        expected += [(2 * number, 0, "parked", reason), (2 * number + 1, 0, "created", "")]
    await produce(kafka.bootstrap, topic, *sent, body(booking("LAST")))
    await consume(database, kafka.bootstrap, topic, connection)
    assert await outcomes(connection) == [*expected, (len(sent), 0, "created", "")]
    assert await connection.fetchval("SELECT count(*) FROM v_stay") == len(PARKED) + 1
    parked = await connection.fetch('SELECT * FROM parked ORDER BY "offset"')
    assert [row["body_bytes"] for row in parked] == [len(b or b"") for b, _ in PARKED.values()]
    assert all(row["detail"] for row in parked)
    await no_card_is_kept(connection)


async def no_card_is_kept(connection: asyncpg.Connection) -> None:
    for table in ("parked", "message", "reservation", "history"):
        kept = await connection.fetchval(
            f"SELECT count(*) FROM {table} t WHERE translate(t::text, ' -', '') ~ '41111111'"
        )
        assert kept == 0, table


async def test_odd_messages_that_can_be_answered_are_answered(
    database: str, connection: asyncpg.Connection, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await open_hotel(connection)
    topic = make_topic()
    await produce(
        kafka.bootstrap,
        topic,
        body(booking("NOBODY", rooms=[line(adults=0)])),
        body(booking("ATTIC", rooms=[line(category="ATTIC")], **WITH_A_CARD)),
        body(booking("DAY", rooms=[line(departure="2030-04-10")])),
        body([booking("ONE"), booking("TWO")]),
        body(booking("LAST", unheard_of={"by": "us"})),
    )
    await consume(database, kafka.bootstrap, topic, connection)
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "created", ""),
        (2, 0, "created", ""),
        (3, 0, "created", ""),
        (3, 1, "created", ""),
        (4, 0, "created", ""),
    ]
    # No occupancy was said: that is not a party of nobody.
    stay = await connection.fetchrow("SELECT adults, room FROM v_stay WHERE reference = 'NOBODY'")
    assert stay is not None
    assert stay["adults"] is None
    assert stay["room"] is not None
    tasks = await connection.fetch("SELECT reference, reason FROM v_task WHERE state = 'open'")
    assert {tuple(row) for row in tasks} == {("ATTIC", "unmapped_category"), ("DAY", "review")}
    await no_card_is_kept(connection)


async def test_a_date_that_makes_a_stay_longer_than_may_be_costs_that_message_only(
    database: str, connection: asyncpg.Connection
) -> None:
    await open_hotel(connection)
    beds = [str(number) for number in range(100)]
    for_ever = [line(line=bed, arrival=..., departure="2199-12-31") for bed in beds]
    sent = records(
        booking("A", rooms=[line(line=bed) for bed in beds]),
        booking("A", revision=2, completeness="partial", status="modified", rooms=for_ever),
        booking("B"),
    )
    async with worker_pool(database) as pool:
        await apply_slice(pool, sent, today_of=TODAY)
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "parked", "stay_too_long"),
        (2, 0, "created", ""),
    ]


async def test_a_date_that_does_not_fit_the_one_held_costs_that_message_only(
    database: str, connection: asyncpg.Connection
) -> None:
    await open_hotel(connection)
    late = line(arrival="2030-04-20", departure=...)
    sent = records(
        booking("A"),
        booking("A", revision=2, completeness="partial", status="modified", rooms=[late]),
        booking("B"),
    )
    async with worker_pool(database) as pool:
        await apply_slice(pool, sent, today_of=TODAY)
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "parked", "incomplete_line"),
        (2, 0, "created", ""),
    ]


@pytest.mark.real_kafka
async def test_twenty_megabytes_are_parked_and_the_next_one_is_processed(
    database: str, connection: asyncpg.Connection, kafka: KafkaPart, make_topic: MakeTopic
) -> None:
    await open_hotel(connection)
    topic = make_topic(max_message_bytes="25000000")
    huge = body(booking("HUGE", extra={"filling": "x" * 20_000_000}, **WITH_A_CARD))
    await produce(kafka.bootstrap, topic, body(booking("FIRST")), huge, body(booking("LAST")))
    await consume(database, kafka.bootstrap, topic, connection)
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "parked", "too_large"),
        (2, 0, "created", ""),
    ]
    await no_card_is_kept(connection)


async def test_twenty_megabytes_in_a_slice_cost_that_message_only(
    database: str, connection: asyncpg.Connection
) -> None:
    await open_hotel(connection)
    huge = body(booking("HUGE", extra={"filling": "x" * 20_000_000}, **WITH_A_CARD))
    async with worker_pool(database) as pool, asyncio.timeout(60):
        await apply_slice(
            pool, records(booking("A"), huge, b"4" * 20_000_000, booking("B")), today_of=TODAY
        )
    assert await outcomes(connection) == [
        (0, 0, "created", ""),
        (1, 0, "parked", "too_large"),
        (2, 0, "parked", "too_large"),
        (3, 0, "created", ""),
    ]
    await no_card_is_kept(connection)


async def test_a_message_that_a_schema_refuses_is_applied_and_counted(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await open_hotel(connection)
    (tmp_path / "ota.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        ' targetNamespace="http://www.opentravel.org/OTA/2003/05">'
        '<xs:element name="OTA_HotelResNotifRQ" type="xs:string"/></xs:schema>'
    )
    fixtures = Path(__file__).parents[1] / "wire" / "fixtures" / "opentravel"
    sent = (fixtures / "alpinebits_2020_modified.xml").read_bytes()
    limits = Limits(schemas=load_schemas(str(tmp_path)))
    async with worker_pool(database) as pool:
        result = await apply_slice(pool, records(sent), today_of=TODAY, limits=limits)
    assert result.warnings == 1
    assert await outcomes(connection) == [(0, 0, "created", "")]
