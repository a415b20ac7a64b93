from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel_sync.core.model import Revision
from channel_sync.wire.decode import Decoded
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.json_body import split_list
from channel_sync.wire.limits import Limits
from tests.growth import MOST, growth
from tests.wire.messages import MESSAGE, message, read, refused, room

if TYPE_CHECKING:
    from collections.abc import Callable


def nested(depth: int) -> str:
    return json.dumps(message(deep=0)).replace('"deep": 0', '"deep": ' + "[" * depth + "]" * depth)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_body"),
        (b" \n\t ", "empty_body"),
        (b"{" + b" " * (1 << 20), "too_large"),
        (b"4" * 20_000_000, "too_large"),
        (b'{"a": "\xff"}', "not_utf8"),
        (json.dumps(MESSAGE).encode("utf-16"), "not_utf8"),
        (gzip.compress(json.dumps(MESSAGE).encode()), "not_utf8"),
        (b"not json", "not_json"),
        (b'{"reference": "1"', "not_json"),
        (b"{'reference': '1'}", "not_json"),
        (json.dumps(MESSAGE).encode() + b"x", "not_json"),
        (json.dumps(message(extra={"x": float("nan")})), "not_json"),
        (json.dumps(message(extra={"x": float("inf")})), "not_json"),
        (json.dumps(message(unknown=float("-inf"))), "not_json"),
        (nested(32), "too_deep"),
        (nested(100_000), "too_deep"),
        ("[" * 500_000, "too_deep"),
        ('{"a":' * 150_000, "too_deep"),
        ("[]", "invalid"),
        ('"text"', "invalid"),
        ("5", "invalid"),
        ("null", "invalid"),
        ("{}", "invalid"),
    ],
)
def test_a_body_that_is_no_message_has_one_reason(body: bytes | str, reason: str) -> None:
    assert refused(body).reason == reason


@pytest.mark.parametrize("piece", ["[", '{"a":', '"a",'])
def test_a_refusal_costs_time_in_proportion(piece: str) -> None:
    def refuse(characters: int) -> None:
        refused("[" + piece * (characters // len(piece)))

    assert growth(refuse, 30_000) < MOST


LONG = "x" * 20_000

BAD_VALUES: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: message(schema="channel-sync/2"), "invalid", "schema: expected"),
    (lambda: message(reference=...), "invalid", "reference: expected, but missing"),
    (lambda: message(reference=""), "invalid", "reference: expected text"),
    (lambda: message(reference=" "), "invalid", "reference: expected text"),
    (lambda: message(reference=None), "invalid", "reference: "),
    (lambda: message(reference=True), "invalid", "reference: "),
    (lambda: message(reference=10**80), "invalid", "reference: expected at most 64 digits"),
    (lambda: message(reference="B\0"), "invalid", "reference: expected an id without NUL"),
    (lambda: message(channel=...), "invalid", "channel: expected, but missing"),
    (lambda: message(property=...), "invalid", "property: expected in the body"),
    (lambda: message(status=...), "invalid", "status: expected, but missing"),
    (lambda: message(status="booked"), "invalid", 'got "booked"'),
    (lambda: message(completeness="half"), "invalid", 'got "half"'),
    (lambda: message(total=330), "invalid", "total: expected a decimal string"),
    (lambda: message(total=330.5), "invalid", "total: expected a decimal string"),
    (lambda: message(total="NaN"), "invalid", "total: expected a decimal string"),
    (lambda: message(total="Infinity"), "invalid", "total: expected a decimal string"),
    (lambda: message(total="1e3"), "invalid", "total: expected a decimal string"),
    (lambda: message(total="1,50"), "invalid", "total: expected a decimal string"),
    (lambda: message(total="\uff11"), "invalid", "total: expected a decimal string"),
    (lambda: message(total="9" * 20), "invalid", "total: expected a decimal string"),
    (lambda: message(currency="EURO"), "invalid", "currency: expected three letters"),
    (lambda: message(currency="E1R"), "invalid", "currency: expected three letters"),
    (lambda: message(revision=2**63), "invalid", "revision: expected"),
    (lambda: message(revision=-1), "invalid", "revision: expected"),
    (lambda: message(revision="1"), "invalid", "revision: expected"),
    (lambda: message(revision=1.0), "invalid", "revision: expected"),
    (lambda: message(modified_at="2026-03-01T10:15:00"), "invalid", "modified_at: expected an"),
    (lambda: message(modified_at="1775779200"), "invalid", "modified_at: expected an instant"),
    (lambda: message(modified_at="2026-02-30T10:15:00Z"), "invalid", "an instant that exists"),
    (lambda: message(modified_at="2026-03-01T10:15:00+99:00"), "invalid", "that exists"),
    (lambda: message(modified_at="0001-01-01T00:00:00+14:00"), "invalid", "expected a year"),
    (lambda: message(rooms=[5]), "invalid", "rooms[0]: expected"),
    (lambda: message(rooms=[room(arrival="2026-02-30")]), "invalid", "rooms[0].arrival"),
    (lambda: message(rooms=[room(arrival="10.04.2026")]), "invalid", "a date such as"),
    (lambda: message(rooms=[room(arrival="1775779200")]), "invalid", "a date such as"),
    (lambda: message(rooms=[room(arrival=20260410)]), "invalid", "a date such as"),
    (lambda: message(rooms=[room(arrival="0000-01-01")]), "invalid", "that exists"),
    (lambda: message(rooms=[room(arrival="0001-01-01")]), "invalid", "expected a year"),
    (
        lambda: message(rooms=[room(departure="2026-04-09")]),
        "invalid",
        "rooms[0].departure: expected a date after arrival 2026-04-10, got 2026-04-09",
    ),
    (lambda: message(rooms=[room(departure="2027-05-15")]), "stay_too_long", "365 nights, got 400"),
    (lambda: message(rooms=[room(adults=-1)]), "invalid", "rooms[0].adults: expected"),
    (lambda: message(rooms=[room(children=[-1])]), "invalid", "rooms[0].children[0]: expected"),
    (lambda: message(rooms=[room(children=[121])]), "invalid", "got 121"),
    (lambda: message(rooms=[room(children=2)]), "invalid", "rooms[0].children: expected"),
    (lambda: message(rooms=[room(units=0)]), "invalid", "rooms[0].units: expected"),
    (lambda: message(rooms=[room(units=101)]), "invalid", "rooms[0].units: expected"),
    (lambda: message(rooms=[room()] * 101), "too_many_lines", "at most 100 lines, got 101"),
    (lambda: message(rooms=[room(units=60)] * 2), "too_many_lines", "got 120"),
    (lambda: message(rooms=[{}] * 1001), "too_many_lines", "rooms"),
    (lambda: [message()] * 501, "too_many_messages", "at most 500"),
    (lambda: message(comments=LONG), "invalid", "comments: expected"),
    (lambda: message(booker={"first_name": LONG}), "invalid", "booker.first_name: expected"),
    (lambda: message(booker={"address": LONG}), "invalid", "booker.address"),
    (lambda: message(reference=LONG), "invalid", "reference"),
    (lambda: message(booker=[]), "invalid", "booker: expected"),
    (lambda: message(extra=[]), "invalid", "extra: expected"),
]


@pytest.mark.parametrize(("body", "reason", "detail"), BAD_VALUES)
def test_a_bad_value_has_one_reason_and_names_its_place(
    body: Callable[[], Any], reason: str, detail: str
) -> None:
    error = refused(body())
    assert error.reason == reason
    assert detail in error.detail


def test_in_a_list_an_unreadable_message_is_named_by_its_place_and_costs_no_other() -> None:
    bad = [
        message(rooms=[room(departure="2026-04-01")]),
        message(reference=...),
        5,
        message(comments=LONG),
        message(rooms=[{}] * 1001),
    ]
    items = read([message(), *bad, message(reference="LAST")]).items
    assert [item.reference for item in items if isinstance(item, Revision)] == ["BDC-4411", "LAST"]
    assert [item.detail[:36] for item in items if isinstance(item, Unreadable)] == [
        "[1].rooms[0].departure: expected a d",
        "[2].reference: expected, but missing",
        "[3]: expected an object, got a numbe",
        "[4].comments: expected at most 16384",
        "[5].rooms: List should have at most ",
    ]


@pytest.mark.parametrize(
    "body",
    ["[", "[{}", "[{},", "[{},]", "[{} {}]", "[{}] 5", "[{}]]", "[,]", "[{'a': 1}]", "[nul]"],
)
def test_a_list_that_is_no_json_is_refused_as_a_whole(body: str) -> None:
    assert refused(body).reason == "not_json"


def test_a_list_is_split_where_its_messages_end() -> None:
    texts = ['{"a": "]},{\\"[ "}', "[1, [2]]", "-1.50e+3", "9" * 5000, '"\\ud83d"', "null", "{}"]
    spaced = b"\n[ " + b" ,\t".join(text.encode() for text in texts) + b" ]\r\n"
    assert split_list(spaced) == [text.encode() for text in texts]
    assert split_list(b"[ ]") == []


def test_a_lone_surrogate_is_refused() -> None:
    body = json.dumps(message()).replace("Late arrival", "\\ud800")
    assert refused(body).reason == "invalid"


def test_a_number_beyond_all_range_is_refused() -> None:
    body = json.dumps(message(unknown=0)).replace('"unknown": 0', '"unknown": [1e999]')
    assert refused(body).reason == "invalid"


def test_wrong_guests_words_are_not_repeated_in_the_error() -> None:
    error = refused(message(booker={"first_name": "Ada" * 200}))
    assert "Ada" not in error.detail


def test_limits_can_be_set() -> None:
    assert refused(message(), limits=Limits(body_bytes=100)).reason == "too_large"
    assert refused(message(), limits=Limits(stay_nights=2)).reason == "stay_too_long"
    assert refused(message(), limits=Limits(depth=2)).reason == "too_deep"
    assert refused(message(rooms=[room()] * 2), limits=Limits(lines=1)).reason == "too_many_lines"
    assert refused([message()] * 2, limits=Limits(messages=1)).reason == "too_many_messages"
    read(message(rooms=[room(departure="2027-05-15")]), limits=Limits(stay_nights=400))


def test_the_deepest_allowed_nesting_is_read() -> None:
    assert len(read(nested(31)).revisions) == 1


def test_brackets_in_text_are_no_nesting() -> None:
    assert read(message(comments="[" * 1000)).revisions


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"format": "opentravel-2"}, b"<xml/>"),
        ({"format": "nonsense"}, json.dumps(MESSAGE).encode()),
        ({}, b"<xml/>"),
        ({}, b'{"booking_id": 5}'),
    ],
)
def test_a_format_that_is_not_known_is_refused(headers: dict[str, str], body: bytes) -> None:
    assert refused(body, headers=headers).reason == "unknown_format"


# --- Anything at all -----------------------------------------------------------------------


def one_outcome(body: bytes) -> None:
    try:
        outcome: Decoded | Unreadable = read(body)
    except Unreadable as error:
        outcome = error
    assert isinstance(outcome, Decoded) or (outcome.detail and outcome.scrubbed is not None)


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=300)
def test_arbitrary_bytes_are_refused_and_no_more(body: bytes) -> None:
    one_outcome(body)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-04-10", "330.00", "EUR", "", "new", "\0", "4111111111111111", "1e9"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*MESSAGE, "x"]) | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(MESSAGE)), JSON_VALUES, min_size=1, max_size=3))
@settings(deadline=None, max_examples=500)
def test_a_message_with_any_value_anywhere_has_one_outcome(changes: dict[str, Any]) -> None:
    one_outcome(json.dumps(message(**changes)).encode())


@given(st.dictionaries(st.sampled_from(list(room())), JSON_VALUES, min_size=1, max_size=3))
@settings(deadline=None, max_examples=500)
def test_a_room_with_any_value_anywhere_has_one_outcome(changes: dict[str, Any]) -> None:
    one_outcome(json.dumps(message(rooms=[room(**changes)])).encode())


@given(st.data())
@settings(deadline=None, max_examples=500)
def test_a_mutated_message_has_one_outcome(data: st.DataObject) -> None:
    body = bytearray(json.dumps(MESSAGE).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 6)))
        body[start:end] = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"\\", b"}"]))
    one_outcome(bytes(body))
