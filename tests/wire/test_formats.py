"""What holds for every format: it is told apart, read without loss, and comes round again."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from channel_sync.core.model import Revision
from channel_sync.wire.content import content_hash
from channel_sync.wire.decode import FORMATS
from channel_sync.wire.encode import encode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.luhn import is_luhn
from tests.wire.fixtures_of import (
    FIXTURES,
    arriving,
    bookings,
    empty_world,
    fixtures,
    look,
    of,
    receive,
)

NO_RESERVATION = {
    "channex/notice_of_a_message",
    "cloudbeds/receipt",
    "beds24/closed_room",
    "opentravel/alpinebits_empty",
    "opentravel/receipt",
}
"""Fixtures that carry no booking, and are set aside saying so."""

PARKED_WHOLE = re.compile(r"no_reservation: .+")

EVERY = pytest.mark.parametrize(
    ("content_format", "path"),
    [pytest.param(name, path, id=f"{name}/{path.stem}") for name, path in fixtures()],
)
JSON = pytest.mark.parametrize(
    ("content_format", "path"),
    [
        pytest.param(name, path, id=f"{name}/{path.stem}")
        for name, path in fixtures()
        if path.suffix == ".json"
    ],
)


def revisions_of(path: Path) -> list[Revision]:
    try:
        items = look(path.read_bytes()).items
    except Unreadable:
        return []
    return [item for item in items if isinstance(item, Revision)]


def told_apart(body: bytes, **headers: Any) -> str:
    try:
        return look(body, **headers).format
    except Unreadable as error:
        return error.format_name


def test_every_format_has_fixtures() -> None:
    without = {name for name in FORMATS if not list((FIXTURES / name).glob("*"))}
    assert without == {"canonical"}  # its examples are published under schemas/


@EVERY
def test_a_format_is_told_by_its_marks(content_format: str, path: Path) -> None:
    assert told_apart(path.read_bytes()) == content_format


@EVERY
def test_a_header_names_the_format(content_format: str, path: Path) -> None:
    body = path.read_bytes()
    assert told_apart(body, format=content_format) == content_format
    with contextlib.suppress(Unreadable):
        assert list(map(repr, look(body, format=content_format).items)) == list(
            map(repr, look(body).items)
        )


@EVERY
def test_every_fixture_is_read_or_says_that_it_carries_no_booking(
    content_format: str, path: Path
) -> None:
    try:
        items = look(path.read_bytes()).items
    except Unreadable as error:
        items = (error,)
    if f"{content_format}/{path.stem}" in NO_RESERVATION:
        assert [PARKED_WHOLE.fullmatch(str(item)) is not None for item in items] == [True]
    else:
        assert items
        assert [item for item in items if isinstance(item, Unreadable)] == []


@EVERY
def test_a_revision_comes_back_from_its_canonical_json(content_format: str, path: Path) -> None:
    for revision in revisions_of(path):
        (again,) = look(encode(revision)).items
        assert again == revision
        assert content_hash(again) == revision.content_hash


@EVERY
def test_the_same_body_is_the_same_message(content_format: str, path: Path) -> None:
    assert revisions_of(path) == revisions_of(path)
    for revision in revisions_of(path):
        assert revision.message_id
        assert revision.reference
        assert revision.property_id == "seaview"


@EVERY
def test_no_secret_and_no_card_number_is_left(content_format: str, path: Path) -> None:
    try:
        kept = look(path.read_bytes())
        scrubbed = kept.scrubbed
    except Unreadable as error:
        kept, scrubbed = error, error.scrubbed  # type: ignore[assignment]
    left = f"{kept!r} {scrubbed!r}"
    assert "not-for-keeping" not in left
    assert not re.search(r'"(?:cvv|SeriesCode|cvc)"\s*:\s*"?\d', left)
    assert not any(is_luhn(run) for run in re.findall(r"(?<!\d)4\d{12,18}(?!\d)", left))


# --- Nothing is lost -----------------------------------------------------------------------


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, f"{path}[]")
    elif value is not None and value != "":
        yield path, value


@JSON
def test_what_is_not_read_is_left_in_extra(content_format: str, path: Path) -> None:
    """Every value of a message with one booking was read from its path, or is in extra."""
    try:
        told = look(path.read_bytes())
    except Unreadable:
        return
    (item, *others), (sources, *_) = told.items, told.sources
    if others or isinstance(item, Unreadable):
        return
    read = {source for paths in sources.values() for source in paths}
    extra = {source for source, _ in leaves(json.loads(item.extra))}
    for source, _ in leaves(json.loads(path.read_text())):
        above = re.sub(r"\.[^.]+$", ".*", source)
        assert source in read | extra | IMPLIED or above in read, source


IMPLIED = {
    "booking_json",  # an object sent as text: its members are read or left
    "rooms",  # WuBook lists the codes of booked_rooms once more
    "reservations[].guestCounts[].code",
    "rooms_occupancies[].id",
}


@EVERY
def test_what_is_said_has_a_source(content_format: str, path: Path) -> None:
    try:
        told = look(path.read_bytes())
    except Unreadable:
        return
    assert len(told.sources) == len(told.items)
    for item, sources in zip(told.items, told.sources, strict=True):
        if isinstance(item, Revision):
            assert {"reference"} <= sources.keys()
            assert not item.lines or {"rooms.arrival", "rooms.departure"} <= sources.keys()


# --- New, modified, cancelled, in any order ------------------------------------------------

FLOWS = {
    "channex": ["new", "modified", "cancelled"],
    "cloudbeds": ["new", "modified", "cancelled"],
    "beds24": ["new", "modified", "cancelled"],
}
"""Formats whose messages carry an order of their own."""


@pytest.mark.parametrize("content_format", FLOWS)
@pytest.mark.parametrize("doubled", [False, True])
def test_any_order_of_arrival_ends_the_same(content_format: str, *, doubled: bool) -> None:
    """Law 3: status and content are those of the newest, whatever came first or twice."""
    told = [of(content_format, name) for name in FLOWS[content_format]]
    newest = told[1].lines or ()
    for order in permutations(told):
        sent = arriving(one for one in order for _ in range(1 + doubled))
        world, outcomes = receive(empty_world(), sent)
        (booking,) = bookings(world)
        assert booking.is_cancelled, order
        bases = {(s.base.arrival, s.base.departure) for s in booking.stays if s.base}
        assert bases == {(line.arrival, line.departure) for line in newest}
        assert len(booking.stays) == len(newest)
        if doubled:
            assert outcomes[1::2] == ["duplicate"] * len(told)


@pytest.mark.parametrize("content_format", FLOWS)
def test_without_the_cancel_any_order_ends_live_and_newest(content_format: str) -> None:
    told = [of(content_format, name) for name in FLOWS[content_format][:2]]
    for order in permutations(told):
        world, _ = receive(empty_world(), arriving(order))
        (booking,) = bookings(world)
        assert not booking.is_cancelled
        assert {stay.departure for stay in booking.stays} == {
            line.departure for line in told[1].lines or ()
        }


def test_mews_has_no_order_and_is_taken_as_it_arrives() -> None:
    names = ["new", "one_room_gone", "cancelled", "cancelled"]
    world, outcomes = receive(empty_world(), arriving(of("mews", name) for name in names))
    assert outcomes == ["created", "modified", "cancelled", "duplicate"]
    (booking,) = bookings(world)
    assert booking.is_cancelled


@pytest.mark.parametrize("order", list(permutations(["new", "superseded", "modified"])))
def test_wubooks_new_code_takes_the_place_of_the_old_one(order: tuple[str, ...]) -> None:
    """Rule M12: one booking, shown by its newest code, live whatever came first."""
    world, _ = receive(empty_world(), arriving(of("wubook", name) for name in order))
    (booking,) = bookings(world)
    assert booking.reference == "1772446500"
    assert set(booking.references) == {"1772360100", "1772446500"}
    assert not booking.is_cancelled
    assert [stay.departure.isoformat() for stay in booking.stays] == ["2026-04-13"]


@pytest.mark.parametrize(
    "order", list(permutations(["new", "superseded", "modified", "cancelled"]))
)
def test_wubooks_codes_in_any_order_end_as_one_cancelled_booking(order: tuple[str, ...]) -> None:
    sent = arriving(of("wubook", name) for name in order for _ in range(2))
    world, _ = receive(empty_world(), sent)
    (booking,) = bookings(world)
    assert booking.is_cancelled
    assert booking.reference == "1772446500"


def test_wubooks_cancel_of_the_newest_code_cancels_the_booking() -> None:
    names = ["new", "superseded", "modified", "cancelled"]
    world, outcomes = receive(empty_world(), arriving(of("wubook", name) for name in names))
    (booking,) = bookings(world)
    assert booking.is_cancelled
    assert outcomes == ["created", "duplicate", "modified", "cancelled"]


@pytest.mark.parametrize(
    ("content_format", "body"),
    [
        ("channex", {"data": [], "meta": {"total": 0}}),
        ("cloudbeds", {"success": True, "Bookings": []}),
        ("beds24", {"success": True, "data": []}),
        ("beds24", []),
        ("wubook", [0, []]),
        ("channex", []),
        ("mews", []),
    ],
)
def test_an_answer_without_a_booking_says_so(content_format: str, body: Any) -> None:
    with pytest.raises(Unreadable, match="no_reservation: the message holds no reservation"):
        look(body, format=content_format)
