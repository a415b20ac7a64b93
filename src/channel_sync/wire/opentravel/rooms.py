"""RoomStays of OpenTravel XML as room lines."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.wire import limits
from channel_sync.wire.opentravel.amounts import (
    read_amount,
    read_currency,
    read_nights,
    spaceless,
    stay_from_rates,
)
from channel_sync.wire.opentravel.people import read_guests
from channel_sync.wire.opentravel.texts import read_comments

if TYPE_CHECKING:
    from channel_sync.wire.dialects import OpenTravel
    from channel_sync.wire.xml_part import XmlPart


def read_rooms(reservation: XmlPart, dialect: OpenTravel) -> list[dict[str, Any]] | None:
    """A line for each RoomStay; None where there is none."""
    stays = reservation.parts("RoomStays/RoomStay")
    if not stays:
        return None
    guests = read_guests(reservation, stays)
    whole = reservation.part("ResGlobalInfo/TimeSpan")
    return [
        {**_line(stay, dialect, whole), "guests": who}
        for stay, who in zip(stays, guests, strict=True)
    ]


def _line(stay: XmlPart, dialect: OpenTravel, whole: XmlPart | None) -> dict[str, Any]:
    units = _units(stay)
    arrival, departure = _dates(stay, whole)
    adults, children = _occupancy(stay, units)
    amount = read_amount(stay.part("Total"), dialect, "rooms.amount")
    nights = _fitting(stay, read_nights(stay, dialect), arrival, departure)
    index = stay.code("@IndexNumber", "rooms.line")
    return {
        "line": index,
        "line_is_stable": dialect.index_is_stable and index is not None,
        "units": units,
        "category": stay.code("RoomTypes/RoomType@RoomTypeCode", "rooms.category")
        or stay.code("RoomRates/RoomRate@RoomTypeCode", "rooms.category"),
        "rate_plan": stay.code("RatePlans/RatePlan@RatePlanCode", "rooms.rate_plan")
        or stay.code("RoomRates/RoomRate@RatePlanCode", "rooms.rate_plan"),
        "arrival": arrival,
        "departure": departure,
        "adults": adults,
        "children": children,
        "amount": _of_each(stay, amount, units),
        "currency": read_currency(stay.part("Total"), "rooms.currency") or _currency_of_rates(stay),
        "nights": nights,
        "comments": read_comments(stay, "rooms.comments"),
    }


# --- How many ------------------------------------------------------------------------------


def _units(stay: XmlPart) -> int:
    """How many equal rooms one RoomStay is."""
    for key in ("RoomTypes/RoomType@NumberOfUnits", "RoomRates/RoomRate@NumberOfUnits"):
        said = stay.whole(key, "rooms.units")
        if said:
            return said
    return 1


def _of_each(stay: XmlPart, amount: str | None, units: int) -> str | None:
    """The Total of a RoomStay is that of all its rooms."""
    if amount is None or units <= 1:
        return amount
    each = Decimal(amount) / units
    if each * units == Decimal(amount) and each.as_tuple().exponent >= -4:  # type: ignore[operator]
        return format(each, "f")
    stay.notes.warnings.append(f"{stay.path}/Total: not divisible by {units} rooms; no amount")
    return None


def _currency_of_rates(stay: XmlPart) -> str | None:
    for way in ("RoomRates/RoomRate/Rates/Rate/Total", "RoomRates/RoomRate/Rates/Rate/Base"):
        for part in stay.parts(way):
            if said := part.look("@CurrencyCode"):
                stay.notes.note("rooms.currency", part.below("@CurrencyCode"))
                return str(said).strip()
    return None


# --- When ----------------------------------------------------------------------------------


def _dates(stay: XmlPart, whole: XmlPart | None) -> tuple[str | None, str | None]:
    """Arrival and departure: of TimeSpan, of that of the whole booking, else of the rates."""
    for span in (stay.part("TimeSpan"), whole):
        if span is None:
            continue
        arrival = spaceless(span.look("@Start"))
        departure = spaceless(span.look("@End"))
        nights = _duration(span.look("@Duration"))
        if arrival is None:
            arrival, departure = _window(span, nights)
        if arrival and departure is None and nights:
            departure = _after(arrival, nights)
            span.notes.note("rooms.departure", span.below("@Duration"))
        if arrival and departure:
            span.take("@Start", "rooms.arrival")
            span.take("@End", "rooms.departure")
            return arrival, departure
    return stay_from_rates(stay)


def _window(span: XmlPart, nights: int | None) -> tuple[str | None, str | None]:
    """An enquiry may leave the day open: its earliest day counts, the window stays in extra."""
    window = span.part("StartDateWindow")
    if window is None:
        return None, None
    earliest = spaceless(window.look("@EarliestDate"))
    latest = spaceless(window.look("@LatestDate"))
    if earliest is None:
        return None, None
    span.notes.note("rooms.arrival", window.below("@EarliestDate"))
    if nights:
        return earliest, None
    span.notes.note("rooms.departure", window.below("@LatestDate"))
    return earliest, latest


def _duration(value: str | None) -> int | None:
    """Nights of a duration: P4N, P4D, P1W."""
    found = re.fullmatch(r"P([0-9]{1,3})([NDW])", (value or "").strip())
    return int(found[1]) * (7 if found[2] == "W" else 1) if found else None


def _after(arrival: str, nights: int) -> str | None:
    try:
        return (date.fromisoformat(arrival) + timedelta(days=nights)).isoformat()
    except (ValueError, OverflowError):
        return None


def _fitting(
    stay: XmlPart, nights: list[dict[str, Any]] | None, arrival: str | None, departure: str | None
) -> list[dict[str, Any]] | None:
    if nights is None or arrival is None or departure is None:
        return nights
    if all(arrival <= night["date"] < departure for night in nights):
        return nights
    stay.notes.warnings.append(f"{stay.path}: prices of nights outside the stay; left in extra")
    return None


# --- Who -----------------------------------------------------------------------------------

_ADULTS = {"1", "2", "6", "10", "11"}
_CHILDREN = {"3", "4", "5", "8", "9"}
_INFANT = "7"


def _occupancy(stay: XmlPart, units: int) -> tuple[int | None, list[int | None] | None]:
    """Adults, and an age for each child: of one room of a RoomStay.

    Without AgeQualifyingCode a count with an Age is children, one without is adults. An infant
    of no age counts as 0 years old.
    """
    adults = 0
    children: list[int | None] = []
    counts = stay.parts("GuestCounts/GuestCount")
    for part in counts:
        code = part.look("@AgeQualifyingCode")
        age = part.whole("@Age", "rooms.children")
        is_child = code in _CHILDREN or code == _INFANT or (code is None and age is not None)
        count = part.whole("@Count", "rooms.children" if is_child else "rooms.adults")
        count = 1 if count is None else max(count, 0)
        part.drop("@AgeQualifyingCode")
        if is_child:
            age = 0 if age is None and code == _INFANT else age
            children += [age] * min(count, limits.CHILDREN_PER_LINE + 1)
        else:
            adults += count
            if code is not None and code not in _ADULTS:
                stay.notes.warnings.append(f"{part.path}: unknown age group taken for adults")
    if not counts:
        return None, None
    of_all = stay.look("GuestCounts@IsPerRoom") in {"false", "0"}
    if units > 1 and of_all:
        if adults % units == 0 and not children:
            return adults // units, []
        stay.notes.warnings.append(f"{stay.path}/GuestCounts: of {units} rooms together")
        return None, None
    return adults, children
