from __future__ import annotations

import pytest

from channel_sync.core.contact import (
    ALIAS_DOMAINS,
    email_key,
    is_alias,
    is_same_email,
    phone_key,
)


@pytest.mark.parametrize(
    ("received", "key"),
    [
        ("ada@example.org", "ada@example.org"),
        (" ADA@Example.ORG\n", "ada@example.org"),
        ("Ada+trip@example.org", "ada+trip@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("ada@xn--mnchen-3ya.example", "ada@münchen.example"),
        ("ada@MÜNCHEN.example", "ada@münchen.example"),
        ("", None),
        (None, None),
        ("no address", None),
        ("ada@", None),
        ("@example.org", None),
        ("ada@@example.org", None),
        ("ada byron@example.org", None),
        ("a" * 400 + "@example.org", None),
    ],
)
def test_an_email_is_compared_trimmed_and_folded(received: str | None, key: str | None) -> None:
    assert email_key(received) == key


@pytest.mark.parametrize(
    ("received", "country", "key"),
    [
        ("+351 210 000 000", None, "+351210000000"),
        ("00351 210-000-000", "PT", "+351210000000"),
        ("210 000 000", "pt", "+351210000000"),
        ("210 000 000", None, "210000000"),
        ("+31101", None, "+31101"),
        ("(0)43.111", None, "043111"),
        ("ring twice", None, None),
        ("12", None, None),
        ("", "PT", None),
        (None, None, None),
    ],
)
def test_a_phone_is_compared_by_its_number(
    received: str | None, country: str | None, key: str | None
) -> None:
    assert phone_key(received, country) == key


def test_an_alias_domain_covers_what_lies_below_it() -> None:
    assert is_alias("x@guest.booking.com", ALIAS_DOMAINS)
    assert is_alias("x@eu.guest.booking.com", ALIAS_DOMAINS)
    assert not is_alias("x@booking.com", ALIAS_DOMAINS)
    assert not is_alias("x@notguest.booking.com", ALIAS_DOMAINS)


def test_what_is_no_address_is_the_same_only_as_it_stands() -> None:
    assert is_same_email("none given", "none given")
    assert not is_same_email("none given", "None given")
    assert is_same_email(None, None)
    assert is_same_email("Ada@example.org", "ada@EXAMPLE.org")
    assert not is_same_email("ada@example.org", "carl@example.org")
    assert not is_same_email("ada@example.org", None)
