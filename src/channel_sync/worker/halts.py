"""What makes a partition halt until a person resumes it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from channel_sync.core.model import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from channel_sync.records import Applied, SliceResult


def internal_errors_in_a_row(result: SliceResult, *, before: int, cap: int) -> int:
    """How many messages in a row ended in an internal error by the end of a slice.

    `cap` as soon as a run within the slice is so long: what follows it may be luck. A message of
    many reservations is one, however many of them failed.
    """
    count = before
    for _, of_it in groupby(result.applied, key=lambda applied: applied.record.offset):
        failed = any(map(_is_internal_error, of_it))
        count = count + 1 if failed else 0
        if count >= cap:
            return cap
    return count


def _is_internal_error(applied: Applied) -> bool:
    return applied.outcome is Outcome.PARKED and applied.outcome_reason.startswith("internal_error")


def lost_offset(offset: int, first: int, end: int) -> str:
    """What to tell whoever has to decide; `first` and `end` bound Kafka's log."""
    if offset < first:
        return (
            f"offset {offset} is gone: the log begins at {first}, {first - offset} messages were "
            f"never read; a resume goes on at {first}"
        )
    return (
        f"offset {offset} is beyond the log's end {end}: the topic was made anew or lost its tail; "
        f"a resume goes on at {first}"
    )


def unreadable_batch(offset: int, reason: str) -> str:
    """What to tell where the client cannot unpack what Kafka has at an offset."""
    return (
        f"offset {offset}: {reason}; a resume tries again; to go on behind it, delete it from the "
        "topic (kafka-delete-records.sh), then resume"
    )


def another_log(offset: int, recorded_at: datetime, found: datetime, first: int) -> str:
    """What to tell where the record applied last is not that record any more."""
    return (
        f"offset {offset} was recorded at {recorded_at.isoformat()} and is now a record of "
        f"{found.isoformat()}: the topic was made anew; a resume goes on at {first}"
    )
