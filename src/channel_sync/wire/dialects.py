"""The dialects: how senders of one format differ, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class Dialect:
    """One sender's way of speaking a format.

    `zone` is that of instants that come without one.
    """

    name: str
    zone: tzinfo = UTC


DIALECTS: dict[str, dict[str, Dialect]] = {}
"""By format and by the name that the header `dialect` bears; formats with one dialect are not
listed."""


def dialect_of(content_format: str, said: str | None, default: str) -> Dialect:
    """The dialect that a header names, else the one that was detected."""
    known = DIALECTS[content_format]
    return known.get((said or "").strip().casefold(), known[default])
