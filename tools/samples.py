"""What becomes of every sample message in ../shared/samples: `python -m tools.samples`.

One line a reservation: file, format, dialect, and the outcome in a hotel that knows no booking.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from channel_sync.core.model import Arrival, Policy, Property, Revision
from channel_sync.core.plan import Layout, Plan
from channel_sync.core.world import Missing, Step, World, apply
from channel_sync.wire.decode import decode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
HOTEL = "seaview"
TODAY = date(2010, 1, 1)  # before the oldest of them


@dataclass(frozen=True, slots=True)
class Row:
    """One reservation of a sample, or a sample that holds none."""

    file: str
    format: str
    dialect: str
    reference: str
    outcome: str


def message_files() -> list[Path]:
    """Every message among the samples: neither a schema nor a README."""
    return sorted(
        path
        for path in SAMPLES.rglob("*")
        if path.suffix in {".json", ".xml"} and path.parent.name != "xsd"
    )


def rows() -> Iterator[Row]:
    """What each sample comes to, each in a hotel of its own."""
    for path in message_files():
        name = str(path.relative_to(SAMPLES))
        try:
            told = decode(
                path.read_bytes(),
                headers={},
                key=HOTEL.encode(),
                arrived=Arrival("samples", 0, 0),
                limits=Limits(),
            )
        except Unreadable as error:
            yield Row(name, error.format_name, "", "", f"parked: {error.reason}")
            continue
        world = _hotel()
        for item in told.items:
            if isinstance(item, Unreadable):
                yield Row(name, told.format, told.dialect, "", f"parked: {item.reason}")
                continue
            world, outcome = _receive(world, item)
            yield Row(name, told.format, told.dialect, item.reference, outcome)


def _hotel() -> World:
    house = Property(
        property_id=HOTEL,
        name="Sea View",
        timezone="Europe/Lisbon",
        currency="EUR",
        categories=(),
        rooms=(),
        channels=(),
        policy=Policy(),
    )
    return World(
        properties={HOTEL: house},
        today={HOTEL: TODAY},
        plans={HOTEL: Plan(Layout.of(house), {}, {}, {})},
    )


def _receive(world: World, revision: Revision) -> tuple[World, str]:
    step = apply(world, revision)
    while isinstance(step, Missing):
        unknown = dict.fromkeys(step.references)
        world = replace(world, references={**world.references, **unknown})
        step = apply(world, revision)
    if isinstance(step, Step):
        return step.world, step.outcome.value
    return world, f"parked: {step.reason}"


def main() -> int:
    """Prints the table; 0 where there is nothing to read."""
    if not SAMPLES.is_dir():
        print(f"no samples: {SAMPLES} is missing", file=sys.stderr)
        return 0
    found = list(rows())
    widths = [max(len(getattr(row, name)) for row in found) for name in Row.__slots__]
    for row in found:
        cells = (getattr(row, name) for name in Row.__slots__)
        print("  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
