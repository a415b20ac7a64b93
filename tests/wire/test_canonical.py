from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel_sync.core.model import (
    Card,
    Completeness,
    Header,
    Line,
    Night,
    Payment,
    Revision,
    Said,
)
from channel_sync.wire.content import content_hash
from channel_sync.wire.encode import encode
from channel_sync.wire.json_body import dump_sorted
from tests.wire.messages import ARRIVED, message, read, refused, room


def revision_of(body: Any, **told: Any) -> Revision:
    (revision,) = read(body, **told).revisions
    return revision


def line_of(**changes: Any) -> Line:
    (line,) = revision_of(message(rooms=[room(**changes)])).lines or ()
    return line


def hash_of(**changes: Any) -> str:
    return revision_of(message(**changes)).content_hash


def test_a_whole_message_is_read() -> None:
    revision = revision_of(message())
    assert revision.property_id == "seaview"
    assert revision.said is Said.NEW
    assert revision.completeness is Completeness.FULL
    assert revision.arrived == ARRIVED
    assert revision.modified_at == datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
    assert revision.header == Header(
        booker_name="Ada Byron",
        contact_email="ada@example.org",
        booking_comments="Late arrival",
        total=Decimal("330.00"),
        total_currency="EUR",
        payment=Payment(collect="property", card=Card(brand="visa", last4="1111")),
    )
    assert revision.lines == (
        Line(
            channel_line="1",
            category_code="DBL-BK",
            rate_plan="1",
            arrival=date(2026, 4, 10),
            departure=date(2026, 4, 13),
            adults=2,
            children=(2,),
            guest_names=("Ada Byron",),
            amount=Decimal("330.00"),
            currency="EUR",
            nights=(Night(date(2026, 4, 10), Decimal("110.00")),),
            comments="Cot please",
        ),
    )


@pytest.mark.parametrize("amount", ["0.1", "0.10", "1234567890123456789", "4111111111111111.0"])
def test_money_is_exact(amount: str) -> None:
    assert str(revision_of(message(total=amount)).header.total) == amount


def test_absent_is_not_said_and_empty_contact_is_not_said_either() -> None:
    header = revision_of(
        message(
            booker={"first_name": " ", "email": "", "phone": "", "address": {"city": ""}},
            payment={"collect": "", "card": {"brand": ""}},
            comments=...,
            total=...,
        )
    ).header
    assert header == Header()
    assert revision_of(message(rooms=...)).lines is None
    assert revision_of(message(rooms=None)).lines is None
    assert revision_of(message(rooms=[])).lines == ()


def test_an_empty_comment_erases() -> None:
    assert revision_of(message(comments="")).header.booking_comments == ""
    assert line_of(comments="").comments == ""
    assert line_of(comments=...).comments is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ((0, []), (None, None)),
        ((0, ...), (None, None)),
        ((..., []), (None, None)),
        ((0, [5]), (0, (5,))),
        ((2, []), (2, ())),
        ((2, ...), (2, None)),
        ((2, [5, None]), (2, (5, None))),
    ],
)
def test_an_empty_occupancy_is_not_said(said: tuple[Any, Any], kept: tuple[Any, Any]) -> None:
    line = line_of(adults=said[0], children=said[1])
    assert (line.adults, line.children) == kept


def test_units_are_lines_under_one_id() -> None:
    lines = revision_of(message(rooms=[room(units=3), room(line="2")])).lines or ()
    assert [(line.channel_line, line.unit) for line in lines] == [
        ("1", 1),
        ("1", 2),
        ("1", 3),
        ("2", 1),
    ]
    assert len({replace(line, unit=1, channel_line="") for line in lines}) == 1


def test_a_line_without_an_id_is_named_by_its_place_and_not_stable() -> None:
    lines = revision_of(message(rooms=[room(line=...), room(line="")])).lines or ()
    assert [(line.channel_line, line.is_stable) for line in lines] == [("1", False), ("2", False)]


def test_a_stable_id_listed_twice_is_left_to_the_core() -> None:
    assert len(revision_of(message(rooms=[room(), room()])).lines or ()) == 2


def test_whole_numbers_are_taken_for_ids() -> None:
    revision = revision_of(message(reference=4411, rooms=[room(line=7, rate_plan=1)]))
    assert revision.reference == "4411"
    assert revision.lines is not None
    assert revision.lines[0].channel_line == "7"


def test_day_use_is_allowed() -> None:
    assert line_of(departure="2026-04-10").departure == date(2026, 4, 10)


def test_a_cancelled_message_is_read_whatever_its_dates() -> None:
    absurd = [room(arrival="2026-04-10", departure="2034-01-01"), room(arrival="0000-00-00")]
    decoded = read(message(status="cancelled", rooms=absurd))
    (revision,) = decoded.revisions
    assert not revision.header.is_live
    assert [(line.arrival, line.departure) for line in revision.lines or ()] == [(None, None)] * 2
    assert len(decoded.warnings) == 2
    assert not line_of(status="cancelled", departure="2026-01-01").is_live


def test_an_address_in_parts_is_joined() -> None:
    address = {"street": "1 Quay", "zip": "8000", "city": "Faro", "floor": "2"}
    decoded = read(message(booker={"address": address}))
    assert decoded.revisions[0].header.contact_address == "1 Quay, 8000, Faro"
    assert json.loads(decoded.revisions[0].extra) == {"booker.address.floor": "2"}
    assert revision_of(message(booker={"address": "1 Quay"})).header.contact_address == "1 Quay"


def test_unknown_keys_are_kept_with_a_warning() -> None:
    decoded = read(
        message(
            loyalty={"tier": 1.5},
            extra={"kept": [1]},
            rooms=[room(view="sea", guests=[{"age": 3}])],
            payment={"card": {"colour": "red"}},
        )
    )
    assert json.loads(decoded.revisions[0].extra) == {
        "kept": [1],
        "loyalty": {"tier": 1.5},
        "rooms[0].view": "sea",
        "rooms[0].guests[0].age": 3,
        "payment.card.colour": "red",
    }
    (warning,) = decoded.warnings
    for path in ("loyalty", "rooms[0].view", "rooms[0].guests[0].age", "payment.card.colour"):
        assert path in warning
    assert "kept," not in warning


def test_whole_numbers_of_any_size_are_kept_exactly() -> None:
    assert revision_of(message(unknown=10**30 + 1)).extra == '{"unknown":' + str(10**30 + 1) + "}"


def test_of_duplicate_keys_the_last_wins() -> None:
    body = json.dumps(message(unknown=1))[:-1] + ', "reference": "LAST", "unknown": 2}'
    revision = revision_of(body)
    assert (revision.reference, revision.extra) == ("LAST", '{"unknown":2}')


def test_nul_characters_go_from_texts_with_a_warning() -> None:
    decoded = read(message(comments="a\0b", **{"un\0known": "c\0"}))
    assert decoded.revisions[0].header.booking_comments == "ab"
    assert decoded.revisions[0].extra == '{"unknown":"c"}'
    assert any("comments" in warning for warning in decoded.warnings)


def test_the_property_comes_from_body_header_or_key() -> None:
    without = message(property=...)
    header = {"format": "canonical", "property": "from-header"}
    assert revision_of(without, headers=header, key=b"from-key").property_id == "from-header"
    assert revision_of(without, key=b"from-key").property_id == "from-key"
    decoded = read(message(), headers=header, key=b"from-key")
    assert decoded.revisions[0].property_id == "seaview"
    assert "from-header" in decoded.warnings[0]
    for unusable in (b"", b"\xff", b"a\0b", b"x" * 300):
        assert refused(without, key=unusable).reason == "invalid"


def test_the_format_is_detected_without_a_header() -> None:
    assert read(message(), headers={}).format == "canonical"
    assert read(message(schema=...), headers={}).format == "canonical"
    assert len(read([message(), message()], headers={}).revisions) == 2
    assert read(b"\xef\xbb\xbf" + json.dumps(message()).encode(), headers={}).revisions


def test_a_missing_message_id_is_a_hash_of_what_is_said() -> None:
    body = message(message_id=...)
    first = revision_of(body).message_id
    assert first.startswith("sha256:")
    assert revision_of(json.dumps(dict(reversed(body.items())), indent=3)).message_id == first
    assert revision_of({**body, "revision": 2}).message_id != first


# --- The content hash ----------------------------------------------------------------------


def test_ids_times_and_the_status_word_are_not_content() -> None:
    changes = {
        "message_id": "x",
        "property": "x",
        "channel": "x",
        "reference": "x",
        "replaces": ["x"],
        "group": "x",
        "revision": 9,
        "modified_at": "2030-01-01T00:00:00Z",
        "booked_at": "2030-01-01T00:00:00Z",
        "total": "330.0",
        "unknown": 1,
    }
    same = hash_of()
    for key, value in changes.items():
        assert hash_of(**{key: value}) == same, key
    for status in ("modified", "cancelled", "enquiry"):
        assert hash_of(status=status) == same
    card = {"brand": "visa", "last4": "1111", "token": "tok_2"}
    assert hash_of(payment={"collect": "property", "card": card}) == same


def test_all_else_is_content() -> None:
    rooms = [
        room(**{key: value})
        for key, value in {
            "line": "2",
            "status": "cancelled",
            "category": "SUI",
            "rate_plan": "2",
            "arrival": "2026-04-09",
            "departure": "2026-04-14",
            "adults": 1,
            "children": [3],
            "guests": [],
            "amount": "1",
            "currency": "USD",
            "nights": [],
            "comments": "",
        }.items()
    ]
    hashes = [hash_of(rooms=[changed]) for changed in rooms]
    hashes += [hash_of(rooms=...), hash_of(rooms=[]), hash_of(), hash_of(rooms=[room(units=2)])]
    hashes += [
        hash_of(**{key: value})
        for key, value in {
            "comments": "",
            "total": "331.00",
            "currency": "USD",
            "cancellation_fee": "1",
            "booker": {"email": "b@example.org"},
            "payment": {"card": {"balance": "1"}},
            "completeness": "partial",
        }.items()
    ]
    assert len(set(hashes)) == len(hashes)


def test_an_unstable_line_id_is_not_content() -> None:
    unstable = [hash_of(rooms=[room(line=name, line_is_stable=False)]) for name in ("1", "2", ...)]
    assert len(set(unstable)) == 1
    assert unstable[0] != hash_of()


def test_the_order_of_lines_is_not_content() -> None:
    rooms = [room(line=str(number), adults=number) for number in range(1, 8)]
    same = hash_of(rooms=rooms)
    for seed in range(5):
        random.Random(seed).shuffle(rooms)
        assert hash_of(rooms=rooms) == same


# --- There and back ------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
STRIPPED = WORDS.map(str.strip).filter(lambda text: text == text.strip("\x1c\x1d\x1e\x1f \u0085"))
IDS = st.text("abcXYZ-123", min_size=1, max_size=12)
FILLED = STRIPPED.filter(bool)
NAMES = WORDS.map(lambda text: " ".join(text.split())).filter(bool)
MONEY = st.decimals(
    min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False
)
DATES = st.dates(date(2020, 1, 1), date(2040, 1, 1))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    arrival = draw(st.none() | DATES)
    departure = None
    if arrival is not None and draw(st.booleans()):
        departure = date.fromordinal(arrival.toordinal() + draw(st.integers(0, 365)))
    adults = draw(st.none() | st.integers(1, 9))
    children = draw(st.none() | st.lists(st.none() | st.integers(0, 120), max_size=3).map(tuple))
    amount = draw(st.none() | MONEY)
    line = Line(
        channel_line=draw(IDS),
        is_stable=draw(st.booleans()),
        is_live=draw(st.booleans()),
        category_code=draw(st.none() | IDS),
        rate_plan=draw(st.none() | IDS),
        arrival=arrival,
        departure=departure,
        adults=adults,
        children=children if adults or children else None,
        guest_names=draw(st.none() | st.lists(NAMES, max_size=3).map(tuple)),
        amount=amount,
        currency=None if amount is None else draw(CURRENCIES),
        nights=None
        if amount is None
        else draw(st.none() | st.lists(st.builds(Night, DATES, MONEY), max_size=3).map(tuple)),
        comments=draw(st.none() | STRIPPED),
    )
    return [replace(line, unit=unit) for unit in range(1, draw(st.integers(1, 3)) + 1)]


CARDS = st.builds(
    Card,
    brand=st.none() | IDS,
    last4=st.none() | st.text("0123456789", min_size=4, max_size=4),
    expiry=st.just("2027-12"),
    is_virtual=st.none() | st.booleans(),
    active_from=st.none() | DATES,
    active_to=st.none() | DATES,
    balance=st.none() | MONEY,
    currency=st.none() | CURRENCIES,
    token=st.none() | IDS,
)
PAYMENTS = st.builds(
    Payment,
    collect=st.sampled_from(["property", "channel"]),
    method=st.none() | IDS,
    instructions=st.none() | FILLED,
    card=st.none() | CARDS,
)
EXTRAS = st.dictionaries(IDS, st.integers(0, 9) | st.lists(st.booleans()), max_size=3)


@st.composite
def revisions(draw: st.DrawFn) -> Revision:
    said = draw(st.sampled_from(Said))
    total = draw(st.none() | MONEY)
    header = Header(
        is_live=said is not Said.CANCELLED,
        booker_name=draw(st.none() | NAMES),
        contact_email=draw(st.none() | FILLED),
        contact_phone=draw(st.none() | st.just("+351210000000")),
        contact_address=draw(st.none() | FILLED),
        country=draw(st.none() | IDS),
        language=draw(st.none() | IDS),
        booking_comments=draw(st.none() | STRIPPED),
        total=total,
        total_currency=None if total is None else draw(st.none() | CURRENCIES),
        payment=draw(st.none() | PAYMENTS),
        cancellation_fee=draw(st.none() | MONEY),
        group=draw(st.none() | IDS),
    )
    revision = Revision(
        property_id=draw(IDS),
        channel=draw(IDS),
        reference=draw(IDS),
        message_id=draw(IDS),
        said=said,
        completeness=draw(st.sampled_from(Completeness)),
        arrived=ARRIVED,
        header=header,
        lines=draw(
            st.none() | st.lists(lines(), max_size=4).map(lambda rooms: tuple(chain(*rooms)))
        ),
        replaces=draw(st.lists(IDS, max_size=2).map(tuple)),
        revision=draw(st.none() | st.integers(0, 2**63 - 1)),
        modified_at=draw(st.none() | INSTANTS),
        booked_at=draw(st.none() | INSTANTS),
        extra=dump_sorted(draw(EXTRAS)),
    )
    return replace(revision, content_hash=content_hash(revision))


@given(revisions())
@settings(max_examples=400, deadline=None)
def test_decoding_what_was_encoded_yields_the_same_revision(revision: Revision) -> None:
    decoded = read(encode(revision))
    assert decoded.revisions == (revision,)
    assert not decoded.warnings
