from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from channel_sync.wire.luhn import card_number_spans, is_luhn
from channel_sync.wire.scrub import scrub
from tests.wire.fixtures_of import FIXTURES

CARD = "4111111111111111"
NO_LUHN = "9999999999999999"
CODE = "737"
XML_FIXTURES = [
    pytest.param(path, id=f"{path.parent.name}/{path.stem}")
    for path in sorted(FIXTURES.glob("*/*.xml"))
]


def kept(body: str) -> str:
    """What is kept of a body that was well-formed, and still is."""
    clean = scrub(body.encode()).body
    assert clean is not None
    etree.fromstring(clean)
    return clean.decode()


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)


@pytest.mark.parametrize(
    "body",
    [
        '<a><PaymentCard CardNumber="{n}" SeriesCode="737" ExpireDate="1230"/></a>',
        "<a><PaymentCard><CardNumber><PlainText>{n}\n </PlainText></CardNumber></PaymentCard></a>",
        '<a><o:PaymentCard xmlns:o="urn:x"><o:CardNumber>{n}</o:CardNumber></o:PaymentCard></a>',
        "<a><cc_number>{n}</cc_number><cc_cvc>737</cc_cvc></a>",
        '<a><PaymentCard cardCode="VI" cardNumber="{n}" seriesCode="737"/></a>',
        '<a><CreditCard Number="{n}" SecurityCode="737"/></a>',
        "<a><Card><Number>{n}</Number><CVV>737</CVV></Card></a>",
        '<a><CardNumber EncryptedValue="{n}"/></a>',
        '<a><PaymentCard><MagneticStripe Track1="{n}" Track2="737"/></PaymentCard></a>',
        "<a><CardNumber><PlainText><!-- x -->{n}<![CDATA[737]]></PlainText></CardNumber></a>",
    ],
)
@pytest.mark.parametrize("number", [CARD, NO_LUHN])
def test_a_card_is_taken_out_by_its_names_luhn_or_not(body: str, number: str) -> None:
    clean = kept(body.replace("{n}", number))
    assert number not in digits_of(clean)
    assert CODE not in clean
    assert clean.count(number[-4:]) <= 1


def test_of_a_card_brand_expiry_holder_and_last_four_stay() -> None:
    clean = kept(
        f'<a><PaymentCard CardCode="VI" CardNumber="{CARD}" SeriesCode="{CODE}" ExpireDate="1230">'
        '<CardHolderName>Ada Byron</CardHolderName><Address PostalCode="1234"/></PaymentCard></a>'
    )
    assert clean == (
        '<a><PaymentCard CardCode="VI" CardNumber="[removed] 1111" SeriesCode="[removed]" '
        'ExpireDate="1230"><CardHolderName>Ada Byron</CardHolderName>'
        '<Address PostalCode="1234"/></PaymentCard></a>'
    )


def test_a_virtual_cards_dates_and_balance_stay() -> None:
    body = (
        '<a><PaymentCard><TPA_Extensions><VirtualCreditCard ActivationDate="2026-04-10" '
        'CurrentBalance="150" CurrencyCode="EUR"/></TPA_Extensions></PaymentCard></a>'
    )
    assert kept(body) == body


@pytest.mark.parametrize(
    "mask", ["************1111", "XXXXXXXXXXXX1111", "***4327", "411111******1111"]
)
def test_of_a_masked_number_no_more_than_the_last_four_stay(mask: str) -> None:
    for body in (
        f'<a><PaymentCard CardNumber="{mask}"/></a>',
        f'<a><CardNumber Mask="{mask}" Token="tok_1"/></a>',
    ):
        clean = kept(body)
        assert mask[-4:] in clean
        assert "411111" not in clean
        assert "Token" not in body or 'Token="tok_1"' in clean


@pytest.mark.parametrize(
    "secret",
    [
        '<RequestorID ID="X" MessagePassword="s3cret"/>',
        "<w:Security xmlns:w='urn:w'><w:Password Type='text'>s3cret</w:Password></w:Security>",
        "<w:UsernameToken xmlns:w='urn:w'><w:Nonce>s3cret</w:Nonce></w:UsernameToken>",
        '<Authentication username="s3cret" password="s3cret"/>',
        "<Authentication><UserName>s3cret</UserName><Password>s3cret</Password></Authentication>",
        '<ThreeDomainSecurity><Results CAVV="s3cret" XID="s3cret"/></ThreeDomainSecurity>',
        "<BinarySecurityToken>s3cret</BinarySecurityToken>",
    ],
)
def test_credentials_are_taken_out(secret: str) -> None:
    assert "s3cret" not in kept(f"<a>{secret}</a>")


@pytest.mark.parametrize(
    "text",
    [
        "my card 4111 1111 1111 1111, thanks",
        "my card 4111<!-- x --> 1111 <![CDATA[1111]]> 1111, thanks",
        "my card 4111<?p x?>1111<!-- 12 -->11111111, thanks",
        "my card &#52;111&#x31;11111111111, thanks",
        "<Text>my card 4111 1111</Text>\n            <Text>1111 1111, thanks</Text>",
        "my card <b>4111</b><b>1111</b> <i>1111</i>1111, thanks",
        "<!-- my card 4111 1111 --> 1111 1111, thanks",
    ],
)
def test_a_number_that_is_spread_over_a_text_is_found(text: str) -> None:
    clean = kept(f"<a><Comment>{text}</Comment></a>")
    assert "thanks" in clean
    seen = etree.fromstring(clean).xpath("string()")
    assert not any(is_luhn(run) for run in re.findall(r"\d{13,19}", digits_of(seen)))
    assert not card_number_spans(re.sub(r"<[^>]*>", "", clean))


@pytest.mark.parametrize(
    "text",
    [
        "my CVV is 737, thanks",
        "my CVV <!-- as asked --> 737, thanks",
        "my <b>security code</b> <i>is</i> <i>737</i>, thanks",
        "<Text>my CVC:</Text>\n        <Text>7<!-- -->37, thanks</Text>",
    ],
)
def test_a_security_code_that_is_named_as_such_is_found_wherever_it_stands(text: str) -> None:
    seen = etree.fromstring(kept(f"<a><Comment>{text}</Comment></a>")).xpath("string()")
    assert "thanks" in seen
    assert CODE not in digits_of(seen)


@pytest.mark.parametrize(
    "text",
    [
        '<![CDATA[<PaymentCard CardNumber="9999999999999999" SeriesCode="737"/>]]>',
        "&lt;cc_number&gt;9999999999999999&lt;/cc_number&gt;&lt;cc_cvc&gt;737&lt;/cc_cvc&gt;",
        '{"cardNumber": "9999999999999999", "cvv": "737"}',
        "CVV 737, card 4111111111111111",
    ],
)
def test_a_message_within_a_text_is_as_telling_as_one(text: str) -> None:
    clean = kept(f"<a><Note>{text}</Note></a>")
    assert NO_LUHN not in clean
    assert CARD not in clean
    assert CODE not in clean


@pytest.mark.parametrize(
    "body",
    [
        f'<a><UniqueID Type="14" ID="{CARD}"/></a>',
        f"<reservations><reservation><id>{CARD}</id></reservation></reservations>",
        '<a><Telephone PhoneNumber="+49 151 12345678"/></a>',
        '<a><TimeSpan Start="2026-04-10" End="2026-04-13"/><Total Amount="330.00"/></a>',
        "<a><PostalCode>4111</PostalCode><Phone>111111111111</Phone></a>",
    ],
)
def test_what_is_no_card_stays_byte_for_byte(body: str) -> None:
    assert scrub(body.encode()).body == body.encode()


def test_only_what_is_removed_differs() -> None:
    body = (
        "<?xml version='1.0'?>\n<!-- a -->\n<a b='1'  c=\"2\">\n  <d/> <![CDATA[<x>]]> &amp; é\n"
        f"  <PaymentCard CardNumber='{CARD}'/>\n</a>"
    )
    before, after = etree.fromstring(body.encode()), etree.fromstring(kept(body).encode())
    before[-1].set("CardNumber", "[removed] 1111")
    assert etree.tostring(before, method="c14n") == etree.tostring(after, method="c14n")


@pytest.mark.parametrize(
    "body",
    [
        f"<a{CARD}/>",
        f'<a x{CARD}="1"/>',
        f'<a xmlns:x="urn:{CARD}"/>',
        f'<a xmlns:x="urn:\'{CARD}"/>',
        f'<a xmlns:x="urn:&#52;{CARD[1:]}"/>',
        f'<a xmlns:x{" " * 30}="{CARD}"/>',
        f'<a xmlns:{"x" * 200}="{CARD}"/>',
        f'<a xmlns:x{CARD}="urn:x"/>',
        f"<?x{CARD} y?><a/>",
        f"<a>x<?x{CARD} y?></a>",
        f"<a><Password><?x{CARD} y?></Password></a>",
        f'<!DOCTYPE a [<!ENTITY x "{CARD}">]><a>&x;</a>',
        "<a><b>4111<!-- cut off -->111111111111",
    ],
)
def test_what_cannot_be_proved_clean_is_discarded(body: str) -> None:
    scrubbed = scrub(body.encode())
    assert scrubbed.body is None
    assert scrubbed.length == len(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        f'<a><PaymentCard CardNumber="{NO_LUHN}" SeriesCode="{CODE}"',
        f"<a><cc_number>{NO_LUHN}</cc_number><cc_cvc>{CODE}</cc_cvc></b>",
        f"<a><CardNumber><PlainText>\n{NO_LUHN}</PlainText></b>",
        f"<a><x:Password>s3cret</x:Password><Comment>&#52;{CARD[1:]}</b>",
        f"<a><Authentication password=\"s3cret\"><R MessagePassword='s3cret'>{CARD}</b>",
        # Of two attributes of one name a parser that forgives keeps one.
        f'<z:a xmlns:p="u" xmlns:q="u"><Card p:cvv="1" q:cvv="{CODE}"/></z:a>',
    ],
)
def test_what_is_broken_is_scrubbed_by_its_names_too(body: str) -> None:
    clean = scrub(body.encode()).body
    assert clean is not None
    for secret in (NO_LUHN, CARD, CARD[1:], CODE, "s3cret"):
        assert secret not in clean.decode()


@pytest.mark.parametrize("path", XML_FIXTURES)
def test_scrubbing_twice_changes_nothing_more(path: Any) -> None:
    once = scrub(path.read_bytes())
    assert once.body is not None
    again = scrub(once.body)
    assert (again.body, again.removed) == (once.body, 0)


@pytest.mark.parametrize("path", XML_FIXTURES)
def test_every_element_and_every_other_value_of_a_fixture_stays(path: Any) -> None:
    before = etree.fromstring(path.read_bytes())
    after = etree.fromstring(scrub(path.read_bytes()).body)
    for one, other in zip(before.iter(), after.iter(), strict=True):
        assert one.tag == other.tag
        for key, value in one.attrib.items():
            assert other.get(key) == value or "[removed]" in other.get(key)
        text = (other.text or "").strip()
        assert text == (one.text or "").strip() or "removed]" in text


_PIECES = ["4111", "1111", CARD, " ", "\n   ", "<!--", "-->", "<![CDATA[", "]]>", "<b>", "</b>"]
_PIECES += ["&#49;", "<?p ", "?>", "<CardNumber>", "</CardNumber>", "&lt;", "x", '"', "<", ">", "&"]


@given(st.lists(st.sampled_from(_PIECES), max_size=14))
@settings(max_examples=400, deadline=None)
def test_no_mixture_of_markup_and_digits_keeps_a_card_number(pieces: list[str]) -> None:
    clean = scrub(f"<a><Comment>{''.join(pieces)}</Comment></a>".encode()).body
    if clean is None:
        return
    assert CARD not in clean.decode()
    try:
        root = etree.fromstring(clean)
    except etree.XMLSyntaxError:
        return
    assert CARD not in "".join(root.itertext()).replace(" ", "").replace("\n", "")
