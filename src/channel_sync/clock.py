"""What day it is at a hotel: its own calendar, which turns when its day starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable


def property_today(timezone: str, day_starts: str, *, now: datetime) -> date:
    """The property-local date at `now` (aware): the previous day before `day_starts` ("04:00").

    Raises KeyError (ZoneInfoNotFoundError) for an unknown zone, ValueError for a bad time.
    """
    return _day_of(now.astimezone(ZoneInfo(timezone)), day_starts)


def _day_of(local: datetime, day_starts: str) -> date:
    began = local.time().replace(tzinfo=None) >= time.fromisoformat(day_starts)
    return local.date() if began else local.date() - timedelta(days=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RealClock:
    """`TodayOf` by this machine's clock."""

    now: Callable[[], datetime] = _utc_now

    def __call__(self, timezone: str, day_starts: str) -> date:
        return property_today(timezone, day_starts, now=self.now())


@dataclass(frozen=True, slots=True)
class FixedToday:
    """`TodayOf` for replays: the same date everywhere."""

    today: date

    def __call__(self, timezone: str, day_starts: str) -> date:
        del timezone, day_starts
        return self.today


@dataclass(frozen=True, slots=True)
class FixedLocalClock:
    """`TodayOf` for replays: every hotel's wall clock shows `local` (naive)."""

    local: datetime

    def __call__(self, timezone: str, day_starts: str) -> date:
        del timezone
        return _day_of(self.local, day_starts)
