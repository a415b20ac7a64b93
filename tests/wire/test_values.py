from __future__ import annotations

from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.wire.scrub import scrub
from channel_sync.wire.values import (
    UnfitError,
    ages_of,
    as_day,
    as_flag,
    as_instant,
    as_money,
    as_whole,
    day_after,
    joined,
    nights_from,
)


@pytest.mark.parametrize(
    ("value", "money"),
    [
        ("330.00", "330.00"),
        (" 330 ", "330"),
        (Decimal("0.10"), "0.10"),
        (Decimal("1E+2"), "100"),
        (12, "12"),
        ("+1.5", "1.5"),
        ("5.", "5"),
        ("1.1234567890000", "1.123456789"),
        ("", None),
        (None, None),
    ],
)
def test_an_amount_has_one_spelling(value: Any, money: str | None) -> None:
    assert as_money(value) == money


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1,50", "1e3", True, "9" * 20, "\uff11", "."])
def test_what_is_no_amount_is_none(value: Any) -> None:
    with pytest.raises(UnfitError):
        as_money(value)


def test_whole_numbers_come_as_text_and_as_fractions_of_nothing() -> None:
    assert [as_whole(value) for value in ("2", Decimal("2.0"), 2, "")] == [2, 2, 2, None]
    for value in ("2.5", "two", True):
        with pytest.raises(UnfitError):
            as_whole(value)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-01T10:15:00Z", "2026-03-01T10:15:00+00:00"),
        ("2026-03-01T10:15:00+0200", "2026-03-01T08:15:00+00:00"),
        ("2026-03-01T10:15:00.5+02", "2026-03-01T08:15:00.500000+00:00"),
        ("2019-06-17 23:40:07", "2019-06-17T23:40:07+00:00"),
        ("2026-03-01T10:15", "2026-03-01T10:15:00+00:00"),
        ("2026-03-01T10:15:00.123456789", "2026-03-01T10:15:00.123456+00:00"),
        ("2026-03-01 10:15:00 UTC", "2026-03-01T10:15:00+00:00"),
        ("", None),
    ],
)
def test_instants_are_read_leniently(value: str, instant: str | None) -> None:
    assert as_instant(value, UTC) == instant


def test_an_instant_without_a_zone_is_of_the_zone_given() -> None:
    assert as_instant("2026-03-01 10:15:00", timezone(timedelta(hours=2))) == (
        "2026-03-01T08:15:00+00:00"
    )


@pytest.mark.parametrize(
    "value", ["soon", "2026-02-30T10:15:00Z", "2026-03-01", "0001-01-01T00:00:00+14:00", 5]
)
def test_what_is_no_instant_is_none(value: Any) -> None:
    with pytest.raises(UnfitError):
        as_instant(value, UTC)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-04-10", "2026-04-10"),
        ("2026-04-10T15:00:00", "2026-04-10"),
        ("1/4/2026", "2026-04-01"),
        ("10/04/2026 12:00", "2026-04-10"),
        ("2010- 10-24", "2010- 10-24"),
        ("", None),
    ],
)
def test_dates_are_read_and_what_is_none_is_left_to_be_refused(value: str, day: str | None) -> None:
    assert as_day(value) == day


def test_days_after_and_nights_of_what_is_no_date() -> None:
    assert [day_after(day) for day in ("2026-04-30", "soon", None, "9999-12-31")] == [
        "2026-05-01",
        "soon",
        None,
        "9999-12-31",
    ]
    assert nights_from("2026-04-30", 2) == ["2026-04-30", "2026-05-01"]
    assert nights_from("soon", 2) == nights_from(None, 2) == nights_from("9999-12-31", 2) == []


def test_ages_are_known_or_not_and_absurd_counts_cost_nothing() -> None:
    assert ages_of(None, [], None) is None
    assert ages_of(3, [7, "x"], 1) == [7, None, None, 0]
    assert len(ages_of(10**18, [], 10**18) or ()) == 101


def test_flags_and_paragraphs() -> None:
    assert [as_flag(value) for value in (1, "0", True, "FALSE", "", None)] == [
        True,
        False,
        True,
        False,
        None,
        None,
    ]
    assert joined(None, None) is None
    assert joined("a", None, "", "a", "b") == "a\nb"
    assert joined("", None) == ""


# --- What scrubbing leaves as it is --------------------------------------------------------


def test_numbers_stay_as_they_are_spelled_where_something_else_is_removed() -> None:
    body = (
        b'{"cvv": "123", "price": 1234567890123456.78, "id": 123456789012345678901111, '
        b'"rate": 330.10, "tiny": 1e-7}'
    )
    kept = scrub(body).body or b""
    for spelled in (
        b"1234567890123456.78",
        b"123456789012345678901111",
        b"330.10",
        b"1e-7",
    ):
        assert b":" + spelled in kept
    assert b'"123"' not in kept


def test_a_card_number_sent_as_a_number_goes_whatever_its_length() -> None:
    for number in (b"4111111111111111", b"4.111111111111111e15", b"4000000000000000006"):
        kept = scrub(b'{"remark": ' + number + b', "cvv": "1"}').body or b""
        assert number not in kept


def test_of_a_masked_number_the_last_four_digits_stay() -> None:
    assert scrub(b'{"card_number": "411111******1111"}').body == b'{"card_number":"****1111"}'
    masked = b'{"card_number":"****1111"}'
    assert scrub(masked).body == masked
    assert b"4111" not in (scrub(b'{"card_number": "4111111111111111"}').body or b"")


def test_json_sent_as_text_can_still_be_read_as_json() -> None:
    kept = scrub(rb'{"booking_json": "{\"OrderId\": \"1\", \"SeriesCode\": \"737\"}"}').body
    assert kept == rb'{"booking_json":"{\"OrderId\":\"1\",\"SeriesCode\":\"[removed]\"}"}'
