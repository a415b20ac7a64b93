from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfoNotFoundError

import pytest

from channel_sync.clock import FixedLocalClock, FixedToday, RealClock, property_today


@pytest.mark.parametrize(
    ("now", "zone", "starts", "day"),
    [
        ("2026-03-01T03:59:59+00:00", "Europe/Lisbon", "04:00", "2026-02-28"),
        ("2026-03-01T04:00:00+00:00", "Europe/Lisbon", "04:00", "2026-03-01"),
        ("2026-03-01T23:30:00+00:00", "Pacific/Auckland", "00:00", "2026-03-02"),
        ("2026-03-01T09:30:00+00:00", "Pacific/Pago_Pago", "04:00", "2026-02-28"),
        # The hour that summer time takes away, and the one that winter time gives twice.
        ("2026-03-29T00:59:00+00:00", "Europe/Berlin", "02:30", "2026-03-28"),
        ("2026-03-29T01:00:00+00:00", "Europe/Berlin", "02:30", "2026-03-29"),
        ("2026-10-25T00:45:00+00:00", "Europe/Berlin", "02:30", "2026-10-25"),
        ("2026-10-25T01:15:00+00:00", "Europe/Berlin", "02:30", "2026-10-24"),
    ],
)
def test_the_day_is_the_hotels_own_and_turns_when_its_day_starts(
    now: str, zone: str, starts: str, day: str
) -> None:
    moment = datetime.fromisoformat(now)
    assert property_today(zone, starts, now=moment) == date.fromisoformat(day)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        property_today("Europe/Atlantis", "04:00", now=datetime.now(UTC))


def test_clocks_say_the_day_as_they_are_set() -> None:
    moment = datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert RealClock(lambda: moment)("UTC", "04:00") == date(2026, 2, 28)
    assert RealClock()("UTC", "00:00") >= date(2026, 1, 1)
    assert FixedToday(date(2026, 5, 1))("Asia/Tokyo", "04:00") == date(2026, 5, 1)
    early = FixedLocalClock(datetime(2026, 5, 1, 3, 30))  # noqa: DTZ001 - a wall clock
    assert early("Asia/Tokyo", "04:00") == date(2026, 4, 30)
