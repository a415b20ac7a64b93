"""The fixtures: messages as each provider shapes them, with invented guests; how to read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from channel_sync.core.model import (
    Arrival,
    Category,
    Channel,
    Policy,
    Property,
    Reservation,
    Revision,
    Room,
)
from channel_sync.core.plan import Layout, Plan
from channel_sync.core.world import Missing, Step, World, apply
from channel_sync.wire.decode import FORMATS, Decoded, decode
from channel_sync.wire.limits import Limits
from tests.wire.messages import ARRIVED

FIXTURES = Path(__file__).parent / "fixtures"
HOTEL = "seaview"


def fixtures() -> list[tuple[str, Path]]:
    """Every fixture with its format: the name of the folder it lies in."""
    return [
        (name, path)
        for name in FORMATS
        for path in sorted((FIXTURES / name).glob("*"))
        if path.is_file()
    ]


def fixture(content_format: str, name: str) -> Any:
    """A JSON fixture's value, to be changed and read."""
    return json.loads((FIXTURES / content_format / f"{name}.json").read_text())


def look(
    body: bytes | dict[str, Any] | list[Any],
    *,
    arrived: Arrival = ARRIVED,
    limits: Limits | None = None,
    **headers: str,
) -> Decoded:
    """Reads a body under the hotel's key, its format detected unless a header says it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(
        raw, headers=headers, key=HOTEL.encode(), arrived=arrived, limits=limits or Limits()
    )


def only(body: bytes | dict[str, Any] | list[Any], **told: Any) -> Revision:
    """The one revision of a body."""
    (item,) = look(body, **told).items
    assert isinstance(item, Revision), item
    return item


def of(content_format: str, name: str) -> Revision:
    """The one revision of a fixture."""
    return only(fixture(content_format, name))


def arriving(revisions: Iterable[Revision]) -> list[Revision]:
    """The revisions at offsets that follow one another."""
    return [
        replace(revision, arrived=Arrival("bookings", 0, offset))
        for offset, revision in enumerate(revisions)
    ]


def empty_world() -> World:
    """A hotel with rooms enough that knows no channel's codes, on a day before all fixtures."""
    house = Property(
        property_id=HOTEL,
        name="Sea View",
        timezone="Europe/Lisbon",
        currency="EUR",
        categories=(Category("DBL", "Double", 4),),
        rooms=tuple(Room(str(number), "DBL", 4) for number in range(101, 107)),
        channels=(Channel("booking.com", frozenset({"Booking.com"}), {}),),
        policy=Policy(),
    )
    return World(
        properties={HOTEL: house},
        today={HOTEL: date(2026, 3, 1)},
        plans={HOTEL: Plan(Layout.of(house), {}, {}, {})},
    )


def receive(world: World, revisions: Iterable[Revision]) -> tuple[World, list[str]]:
    """The world after the revisions, one after another, and what each of them became."""
    outcomes = []
    for revision in revisions:
        step = apply(world, revision)
        while isinstance(step, Missing):
            unknown = dict.fromkeys(step.references)
            world = replace(world, references={**world.references, **unknown})
            step = apply(world, revision)
        if isinstance(step, Step):
            world = step.world
        outcomes.append(str(step.outcome if isinstance(step, Step) else step.reason))
    return world, outcomes


def bookings(world: World) -> list[Reservation]:
    """The bookings that are listed: those called off for another are not."""
    return [booking for booking in world.reservations.values() if not booking.replaced_by]
