from __future__ import annotations

import json
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from channel_sync.wire import canonical_model, scrub_json
from channel_sync.wire import scrub as scrub_module
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.luhn import is_luhn
from channel_sync.wire.scrub import CANONICAL, scrub, scrub_text
from tests.growth import MOST, growth
from tests.wire.messages import MESSAGE, message, read, refused, room

# The card schemes' and gateways' published test numbers.
CARDS = [
    "4111111111111111",
    "4012888888881881",
    "4222222222222",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
    "38520000023237",
    "6759649826438453",
    "6240008631401148",
    "6304000000000000",
    "4000000000000000006",
]
NOT_LUHN = ["9999999999999999", "1111000011110000"]
CODE = "737"
TELLING_KEYS = """
cvv CVV2 cvc card_cvc cc_cvc series_code seriesCode securityCode cvn csc password shared_secret
client_secret apiKey clientToken access_token ota_property_password Authentication credentials
"""


def spaced(number: str, between: str) -> str:
    return between.join(number[i : i + 4] for i in range(0, len(number), 4))


def digits_in(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())


def everything(body: bytes | str | dict[str, Any]) -> str:
    """All that reading a body leaves behind, as one text."""
    try:
        return repr(read(body))
    except Unreadable as error:
        return repr((str(error), error.detail, error.scrubbed, error.args))


def survives(number: str, kept: str) -> bool:
    """Whether a number is still there, however it is spaced."""
    kept = kept.replace("\\n", " ").replace("\\t", " ")
    return number in re.sub(r"[^\w\"',:{}\[\]]", "", kept) or number in kept


def test_the_numbers_are_what_they_are_said_to_be() -> None:
    assert all(map(is_luhn, CARDS))
    assert not any(map(is_luhn, NOT_LUHN))


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("between", ["", " ", "-", "\u00a0", "\u2011", " - ", "\n", "\u200b", "\t"])
def test_a_card_number_survives_in_no_text(number: str, between: str) -> None:
    text = f"my card is {spaced(number, between)}, thanks"
    for body in (
        message(comments=text),
        message(rooms=[room(comments=text)]),
        message(booker={"first_name": text}),
        message(unknown={"deep": [{"er": text}]}),
        message(rooms=[room(unknown=text)]),
        message(extra={text: 1}),
        message(status=text),
        message(total=text),
        message(payment={"card": {"brand": text, "token": text}}),
    ):
        assert not survives(number, everything(body)), body
        unescaped = json.dumps(body, ensure_ascii=False)
        assert not survives(number, everything(unescaped)), body
        assert not survives(number, everything(unescaped[:-3])), "broken"
        assert not survives(number, everything(f"plain text: {text}"))


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_survives_in_no_disguise(number: str) -> None:
    escaped = "".join(f"\\u00{ord(digit):02x}" for digit in number)
    arabic = "".join(chr(0x660 + int(digit)) for digit in number)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in number)
    for text in (escaped, arabic, wide):
        body = json.dumps(message(comments="HERE"), ensure_ascii=False).replace("HERE", text)
        for variant in (body, body[:-3]):
            assert number not in digits_in(everything(variant).split("sha256=")[0])


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("where", ["unknown", "rooms", "extra", "comments", "status"])
def test_a_card_number_sent_as_a_json_number_does_not_survive(number: str, where: str) -> None:
    for value in (int(number), [int(number)], {"x": float(number)}):
        assert not survives(number, everything(message(**{where: value})))


@pytest.mark.parametrize("number", [*CARDS, *NOT_LUHN])
@pytest.mark.parametrize(
    "key", ["number", "card_number", "cardNumber", "cc_number", "pan", "PAN", "c\\u0061rd_number"]
)
def test_a_card_number_under_a_telling_key_does_not_survive(number: str, key: str) -> None:
    card = json.dumps(message(payment={"card": {"KEY": number, "brand": "visa"}}))
    body = card.replace("KEY", key)
    assert not survives(number, everything(body))
    assert not survives(number, everything(body[:-2]))
    assert not survives(number, everything(body.replace(f'"{number}"', number)))


@pytest.mark.parametrize(
    "key",
    TELLING_KEYS.split(),
)
def test_codes_and_credentials_do_not_survive(key: str) -> None:
    for value in ("s3cr3t737", {"user": "u", "key": "s3cr3t737"}, ["s3cr3t737"]):
        for body in (
            message(**{key: value}),
            message(payment={"card": {key: value}}),
            message(extra={"gateway": {key: value}}),
            message(extra=[{"name": key, "value": "s3cr3t737"}]),
        ):
            assert "s3cr3t737" not in everything(body)
    broken = json.dumps(message(**{key: "s3cr3t737"}))[:-1]
    if key not in {"csc", "cvn", "Authentication", "credentials"}:
        assert "s3cr3t737" not in everything(broken)
    assert CODE not in everything(message(**{key: int(CODE)})).split("sha256=")[0]


@pytest.mark.parametrize("text", ["CVV 737", "cvc: 737", "the security code is 737", "CVV2=737"])
def test_a_code_named_as_such_in_text_does_not_survive(text: str) -> None:
    assert CODE not in scrub_text(text)
    assert CODE not in everything(message(comments=text)).split("sha256=")[0]


def test_an_unnamed_code_or_number_in_a_card_does_not_survive() -> None:
    for value in (CODE, int(CODE), "9999 9999 9999 9999"):
        kept = read(message(payment={"card": {"brand": "visa", "whatever": value}}))
        assert json.loads(kept.revisions[0].extra) == {"payment.card.whatever": "[removed]"}


def test_what_may_stay_stays() -> None:
    card = {
        "brand": "visa",
        "last4": "1111",
        "expiry": "2027-12",
        "is_virtual": True,
        "active_from": "2026-04-10",
        "balance": "330.00",
        "token": "tok_1",
    }
    body = json.dumps(message(payment={"collect": "channel", "card": card})).encode()
    assert scrub(body, CANONICAL).body is body
    kept = read(body).revisions[0].header.payment
    assert kept is not None
    assert kept.card is not None
    assert (kept.card.last4, kept.card.token) == ("1111", "tok_1")


@pytest.mark.parametrize("value", ["4111111111111111", "9999999999991111", "**** **** **** 1111"])
def test_a_number_sent_as_last_four_keeps_its_last_four(value: str) -> None:
    decoded = read(message(payment={"card": {"last4": value, "brand": "visa"}}))
    payment = decoded.revisions[0].header.payment
    assert payment is not None
    assert payment.card is not None
    assert payment.card.last4 == "1111"
    assert value[:8] not in repr(decoded).replace("*", "") or value.startswith("*")


def test_ids_and_telephones_that_pass_luhn_are_left() -> None:
    number = CARDS[0]
    body = message(
        reference=number,
        message_id=number,
        replaces=[number],
        group=number,
        rooms=[room(line=number, category=number, rate_plan=number)],
        booker={"phone": "+378282246310005"},
    )
    decoded = read(body)
    assert decoded.scrubbed.removed == 0
    assert decoded.revisions[0].reference == number
    assert decoded.revisions[0].header.contact_phone == "+378282246310005"


def test_a_telephone_too_long_to_be_one_is_searched() -> None:
    assert not survives(CARDS[0], everything(message(booker={"phone": CARDS[0]})))


def test_money_is_not_taken_for_a_card_number() -> None:
    amount = "41111111111111.11"
    assert str(read(message(total=amount)).revisions[0].header.total) == amount


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-10 2026-04-11 2026-04-12 2026-04-13",
        "10-04-2026 - 13-04-2026",
        "call +351 210 000 000 or +44 20 7946 0958",
        "booking 12345678901",
        "4111 1111 1111 1112",
        "Expedia A-12",
    ],
)
def test_ordinary_text_is_left(text: str) -> None:
    assert scrub_text(text) == text


def test_several_numbers_in_one_text_all_go() -> None:
    text = f"{CARDS[0]} {CARDS[3]} or {spaced(CARDS[6], '.')}; {CARDS[1]}1227"
    kept = scrub_text(text)
    assert not any(survives(number, kept) for number in CARDS)


def test_a_clean_body_comes_back_byte_for_byte() -> None:
    for body in (json.dumps(MESSAGE).encode(), b"not json", b"", b'{"a": 1.10}'):
        assert scrub(body, CANONICAL).body is body or scrub(body, CANONICAL).body == body


def test_what_cannot_be_read_as_text_is_discarded() -> None:
    for body in (json.dumps(MESSAGE).encode("utf-16"), b"\x1f\x8b\x08\x00", b"4\x001\x001\x001"):
        scrubbed = scrub(body, CANONICAL)
        assert scrubbed.body is None
        assert (len(scrubbed.sha256), scrubbed.length) == (64, len(body))


def test_a_failure_discards_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(scrub_module, "_is_clean", fail)
    assert refused(message()).reason == "not_scrubbed"


def test_the_keys_passed_over_are_those_of_the_models() -> None:
    models = [
        model
        for model in vars(canonical_model).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
    ]
    names = {info.alias or name for model in models for name, info in model.model_fields.items()}
    assert CANONICAL.keys == names
    assert not any(
        scrub_json._says(scrub_json._normal(name), scrub_json._INSIDE) is scrub_json._Says.SECRET
        for name in names
    )


@given(st.text(alphabet="0123456789 -x\n", max_size=80))
@settings(max_examples=500, deadline=None)
def test_no_whole_group_of_digits_that_passes_luhn_is_left(text: str) -> None:
    for group in re.findall(r"(?<![\d -])\d{13,19}(?![\d -])", scrub_text(text)):
        assert not is_luhn(group)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_scrubbing_twice_is_scrubbing_once(text: str) -> None:
    once = scrub_text(text)
    assert scrub_text(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "4",
        "1 ",
        "4" * 39 + "x",
        '"',
        "\\",
        "[",
        '{"cvv":',
        "cvv ",
        "\\u0034",
        "password",
        " ",
    ],
    ids=range(11),
)
def test_hostile_bodies_cost_time_in_proportion(piece: str) -> None:
    def scrub_both(characters: int) -> None:
        text = "1" + piece * (characters // len(piece))
        scrub(text.encode(), CANONICAL)
        scrub(json.dumps({"x": text}).encode(), CANONICAL)

    assert growth(scrub_both, 30_000) < MOST
    scrub_both(1_000_000)


def test_a_key_that_fills_the_body_is_not_copied_for_each_value_below_it() -> None:
    """A message of a megabyte would fill gigabytes: measured as what is held at its height."""
    many = ",".join(f'"{number}":[]' for number in range(20_000))
    body = f'{{"{"k" * 200_000}":{{{many}}}}}'.encode()
    tracemalloc.start()
    try:
        scrubbed = scrub(body, CANONICAL)
        _, height = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert scrubbed.body == body
    assert height < 100 * len(body)


def test_of_a_body_far_too_large_none_is_kept_where_to_search_it_would_take_too_long() -> None:
    dense = b'{"card":[' + b"[[]]," * 1_000_000 + b"0]}"
    assert scrub(dense, CANONICAL).body is None
    long = b'{"card":["' + b"x" * len(dense) + b'"]}'
    assert scrub(long, CANONICAL).body == long
