"""Where a stay stands on a day (A7), as the table of begun stays asks first."""

from __future__ import annotations

import pytest

from channel_sync.core.begun import Standing, standing
from channel_sync.core.model import StayStatus
from tests.unit.core.house import day, held, line

# --- where a stay stands (A7) ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "where"),
    [
        (1, Standing.AHEAD),
        (2, Standing.AHEAD),
        (3, Standing.IN_HOUSE),
        (4, Standing.IN_HOUSE),
        (5, Standing.GONE),
    ],
)
def test_a_confirmed_stay_counts_by_its_dates(today: int, where: Standing) -> None:
    stay = held("1", line(first=2, end=4))
    assert standing(stay, day(today)) is where


@pytest.mark.parametrize(
    ("status", "where"),
    [
        (StayStatus.CHECKED_IN, Standing.IN_HOUSE),
        (StayStatus.CHECKED_OUT, Standing.GONE),
        (StayStatus.NO_SHOW, Standing.NO_SHOW),
        (StayStatus.CANCELLED, Standing.OFF),
        (StayStatus.ENQUIRY, Standing.AHEAD),
    ],
)
def test_any_other_status_says_where_it_stands(status: StayStatus, where: Standing) -> None:
    for today in (1, 3, 9):
        assert standing(held("1", line(first=2, end=4), status=status), day(today)) is where
