"""The dialects: how senders of one format differ, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class Dialect:
    """One sender's way of speaking a format.

    `zone` is that of instants that come without one.
    """

    name: str
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class OpenTravel(Dialect):
    """One sender's OpenTravel XML.

    `channel` is the channel's name where the messages do not say it themselves; "" is read from
    POS. `created_is_revised`: CreateDateTime is the time of the transaction, not of the booking.
    `index_is_stable`: RoomStay@IndexNumber is the same in every revision of a booking.
    `minor_units`: whether amounts come in cents: "no", "yes", or "auto" (a whole number beside
    DecimalPlaces). `detects`: marks of which any one, anywhere in a body, tells the dialect.
    """

    channel: str = ""
    created_is_revised: bool = False
    index_is_stable: bool = False
    minor_units: str = "no"
    marks: tuple[str, ...] = ()


OPENTRAVEL = {
    dialect.name: dialect
    for dialect in (
        OpenTravel("siteminder", marks=("SITEMINDER", "MESSAGE_UNIQUE_ID")),
        OpenTravel(
            "expedia-bn",
            channel="expedia",
            created_is_revised=True,
            marks=("ExpediaDirectConnect", "newtrade.com/expedia"),
        ),
        OpenTravel("alpinebits", channel="alpinebits"),
        OpenTravel("bookingcom", channel="booking.com", index_is_stable=True, minor_units="auto"),
        OpenTravel("generic"),
    )
}

DIALECTS: dict[str, Mapping[str, Dialect]] = {"opentravel": OPENTRAVEL}
"""By format and by the name that the header `dialect` bears; formats with one dialect are not
listed."""


def dialect_of(content_format: str, said: str | None, default: str) -> Dialect:
    """The dialect that a header names, else the one that was detected."""
    known = DIALECTS[content_format]
    return known.get((said or "").strip().casefold(), known[default])
