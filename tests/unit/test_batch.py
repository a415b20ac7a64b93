"""What a slice is short of, it asks for at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from channel_sync.batch import Read, decide_all
from channel_sync.core.model import Guests
from channel_sync.core.world import Missing
from channel_sync.records import Record
from channel_sync.wire.scrub import Scrubbed
from tests.unit.core.drawing import hotel
from tests.unit.core.house import CHANNEL, HOTEL, line, new

EMPTY = "room | 01 02 03\n STD 101 | . . .\n STD 102 | . . ."
OTHER = "other"


def test_what_several_properties_are_short_of_is_asked_for_in_one() -> None:
    made = hotel(EMPTY)
    world = made.world
    world = replace(
        world,
        properties={HOTEL: made.house, OTHER: replace(made.house, property_id=OTHER)},
        today={HOTEL: made.today, OTHER: made.today},
        plans={HOTEL: made.plan(), OTHER: made.plan()},
        references={(HOTEL, CHANNEL, "A"): None},
        guests=Guests(),
    )
    short_of_email = new("A", line("STD", 1, 3), revision=1, contact_email="ada@example.org")
    short_of_reference = replace(
        new("B", line("STD", 1, 3), revision=1, contact_email="b@example.org"), property_id=OTHER
    )
    record = Record("t", 0, 0, datetime(2026, 3, 1, tzinfo=UTC), b"")
    reads = [
        Read(record, (made.stamp(revision),), "canonical", Scrubbed(b"", 0))
        for revision in (short_of_email, short_of_reference)
    ]
    missing = decide_all(world, reads)
    assert isinstance(missing, Missing)
    assert missing.emails
    assert {property_id for property_id, _ in missing.emails} == {HOTEL, OTHER}
    known = Guests(under=dict.fromkeys(missing.emails, ()))
    missing = decide_all(replace(world, guests=known), reads)
    assert isinstance(missing, Missing)
    assert missing.references == ((OTHER, CHANNEL, "B"),)
    assert missing.wanted == {("references", (OTHER, CHANNEL, "B"))}
