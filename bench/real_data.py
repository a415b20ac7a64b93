"""Real bookings of two hotels as a channel would have told them, day by day.

The file is the sample of N. Antonio, A. de Almeida, L. Nunes, "Hotel booking demand datasets"
(2019); it is not part of this repository. Bookings without a night are left out.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

DATA = Path(__file__).parents[2] / "shared" / "data" / "hotel-bookings-sample.csv.gz"


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking as it was made, and what became of it.

    `changed_to` is the category given in the end, where it was another one and the booking was
    amended: the channel says so on `changed_on`, half-way to the arrival.
    """

    reference: str
    hotel: str
    booked_on: date
    arrival: date
    departure: date
    category: str
    changed_to: str | None
    changed_on: date
    cancelled_on: date | None

    @property
    def last_category(self) -> str:
        """The category in the end."""
        return self.changed_to or self.category


@dataclass(frozen=True, slots=True)
class Told:
    """What the channel says of a booking on a day."""

    booking: Booking
    what: Literal["new", "changed", "cancelled"]

    @property
    def category(self) -> str:
        """The category that the message names."""
        return self.booking.category if self.what == "new" else self.booking.last_category


def read_bookings(path: Path) -> tuple[Booking, ...]:
    """Every booking with a night, in the file's order."""
    with gzip.open(path, "rb") as packed, io.TextIOWrapper(packed, encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return tuple(_booking(row) for row in rows if int(row["nights"]) > 0)


def _booking(row: dict[str, str]) -> Booking:
    booked_on, arrival = date.fromisoformat(row["booked_on"]), date.fromisoformat(row["arrival"])
    other = row["assigned_category"] != row["reserved_category"] and int(row["changes"]) > 0
    off = row["final_status"] == "Canceled"
    return Booking(
        reference=row["id"],
        hotel=row["hotel"],
        booked_on=booked_on,
        arrival=arrival,
        departure=date.fromisoformat(row["departure"]),
        category=row["reserved_category"],
        changed_to=row["assigned_category"] if other else None,
        changed_on=booked_on + (arrival - booked_on) / 2,
        cancelled_on=date.fromisoformat(row["final_status_on"]) if off else None,
    )


def by_day(bookings: Iterable[Booking]) -> Iterator[tuple[date, list[Told]]]:
    """What the channel says on each day, in order of booking; of older bookings first."""
    days: dict[date, list[Told]] = defaultdict(list)
    for booking in bookings:
        days[booking.booked_on].append(Told(booking, "new"))
        off = booking.cancelled_on
        if booking.changed_to is not None and (off is None or booking.changed_on < off):
            days[booking.changed_on].append(Told(booking, "changed"))
        if off is not None:
            days[off].append(Told(booking, "cancelled"))
    for day in sorted(days):
        yield day, sorted(days[day], key=partial(_is_of, day))


def _is_of(day: date, told: Told) -> bool:
    """Whether a message is about a booking made on this day."""
    return told.booking.booked_on == day


def kept(bookings: Iterable[Booking], category: str) -> list[Booking]:
    """Who was to come in the end, in a category."""
    return [b for b in bookings if b.cancelled_on is None and b.last_category == category]


def peak(bookings: Iterable[Booking]) -> int:
    """How many of these there are on the fullest night."""
    nights: dict[date, int] = defaultdict(int)
    for booking in bookings:
        for number in range((booking.departure - booking.arrival).days):
            nights[booking.arrival + timedelta(days=number)] += 1
    return max(nights.values(), default=0)


def most_that_fit(bookings: Iterable[Booking], rooms: int) -> int:
    """How many of these fit into so many equal rooms, each in one room, if all is known before.

    Whenever one too many is there, the one that would stay longest is sent away: for intervals
    on equal machines no choice keeps more (Faigle and Nawijn, 1995; Carlisle and Lloyd, 1995).
    """
    here: list[date] = []
    sent_away = 0
    listed = sorted(bookings, key=lambda b: b.arrival)
    for booking in listed:
        here = sorted(departure for departure in here if departure > booking.arrival)
        here.append(booking.departure)
        if len(here) > rooms:
            here.remove(max(here))
            sent_away += 1
    return len(listed) - sent_away
