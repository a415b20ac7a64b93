"""What the tests of the core speak of: days, a property, lines, and what a channel says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from channel_sync.core.model import (
    Arrival,
    Category,
    Channel,
    Completeness,
    Header,
    Line,
    Policy,
    Property,
    Revision,
    Room,
    Said,
    Stay,
    StayStatus,
)

FIRST = date(2026, 6, 1)
"""The day that a drawn plan calls 01."""

TODAY = date(2026, 5, 4)
"""Long before it."""

HOTEL = "H"
CHANNEL = "booking.com"

HEADER_FIELDS = {f.name for f in fields(Header)}


def day(number: int) -> date:
    """The day that a drawn plan calls by this number."""
    return FIRST + timedelta(days=number - 1)


def property_of(
    rooms: dict[str, list[tuple[str, int]]],
    *,
    policy: Policy | None = None,
    units: dict[str, int] | None = None,
    mapping: dict[str, str] | None = None,
) -> Property:
    """A property: its rooms (number, capacity) by category, lowest first; counted ones last.

    `mapping` is what its one channel calls the categories by besides their own codes.
    """
    numbered = tuple(
        Category(code, code.title(), max((capacity for _, capacity in listed), default=2))
        for code, listed in rooms.items()
    )
    counted = tuple(Category(code, code.title(), 4, many) for code, many in (units or {}).items())
    return Property(
        property_id=HOTEL,
        name="Hotel",
        timezone="Europe/Berlin",
        currency="EUR",
        categories=(*numbered, *counted),
        rooms=tuple(
            Room(code, category, capacity)
            for category, listed in rooms.items()
            for code, capacity in listed
        ),
        channels=(Channel(CHANNEL, frozenset({"bdc", "Booking"}), mapping or {}),),
        policy=policy or Policy(),
    )


def line(
    code: str | None = "STD",
    first: int = 1,
    end: int = 3,
    *,
    name: str | None = "1",
    adults: int | None = 2,
    **more: Any,
) -> Line:
    """A room line of a channel: from the day `first` to the day `end`, under a stable id."""
    return Line(
        channel_line=name,
        category_code=code,
        arrival=day(first),
        departure=day(end),
        adults=adults,
        **more,
    )


def loose(code: str | None = "STD", first: int = 1, end: int = 3, **more: Any) -> Line:
    """A room line whose id the provider deals out anew each time."""
    return replace(line(code, first, end, **more), is_stable=False)


def says(
    reference: str,
    *lines: Line,
    said: Said = Said.MODIFIED,
    completeness: Completeness = Completeness.FULL,
    **more: Any,
) -> Revision:
    """A revision: fields of the header and of the revision by name.

    Its place in Kafka and its id are given when the hotel receives it.
    """
    header = {name: more.pop(name) for name in list(more) if name in HEADER_FIELDS}
    more.setdefault("message_id", "")
    more.setdefault("arrived", Arrival("bookings", 0, -1))
    more.setdefault("channel", CHANNEL)
    return Revision(
        property_id=HOTEL,
        reference=reference,
        said=said,
        completeness=completeness,
        header=Header(**header),
        lines=lines or None,
        **more,
    )


def new(reference: str, *lines: Line, **more: Any) -> Revision:
    """A channel's new booking."""
    return says(reference, *lines, said=Said.NEW, **more)


def partial(reference: str, *lines: Line, **more: Any) -> Revision:
    """A channel's message that speaks only of what it names."""
    return says(reference, *lines, completeness=Completeness.PARTIAL, **more)


def cancels(reference: str, *lines: Line, **more: Any) -> Revision:
    """A channel's cancel; what it lists besides means nothing."""
    more.setdefault("completeness", Completeness.CANCEL_ONLY)
    return says(reference, *lines, said=Said.CANCELLED, **more)


def euros(amount: int | str) -> dict[str, Any]:
    """A price, as the two fields of it."""
    return {"amount": Decimal(amount), "currency": "EUR"}


def held(number: str, base: Line, **more: Any) -> Stay:
    """A stay as the hotel holds it, its base a line of the channel; the room is not of interest."""
    assert base.arrival is not None
    assert base.departure is not None
    fields: dict[str, Any] = {
        "adults": base.adults,
        "children": base.children or (),
        "booked_category": base.category,
        "rate_plan": base.rate_plan,
        "amount": base.amount,
        "currency": base.currency,
        "comments": base.comments or None,
        "guest_names": base.guest_names or (),
        "base": base,
    }
    status = more.pop("status", StayStatus.CONFIRMED)
    return Stay(number, status, base.arrival, base.departure, **(fields | more))
