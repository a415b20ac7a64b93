"""E-mails and phone numbers as they are compared; as received they are kept for display (G3)."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

ALIAS_DOMAINS = frozenset(
    {
        "guest.booking.com",
        "m.expediapartnercentral.com",
        "guest.airbnb.com",
        "agoda-messaging.com",
        "guest.trip.com",
        "guest.hostelworld.com",
        "messages.homeaway.com",
        "messages.vrbo.com",
    }
)
"""Where channels give a guest an address of each booking's own."""

_SEPARATORS = re.compile(r"[\s().\-/]+")


@lru_cache(maxsize=8192)
def email_key(email: str | None) -> str | None:
    """An e-mail trimmed and case-folded, its domain in one spelling; None for no address.

    Nothing is looked up. Two addresses are the same where their keys are equal.
    """
    text = (email or "").strip()
    if not text:
        return None
    try:
        valid = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return valid.normalized.casefold()


def is_alias(key: str, domains: frozenset[str]) -> bool:
    """Whether an e-mail key lies in one of these domains or below it."""
    domain = key.rpartition("@")[2]
    return any(domain == alias or domain.endswith("." + alias) for alias in domains)


def phone_key(phone: str | None, country: str | None = None) -> str | None:
    """A phone number as E.164 ("+351210000000"), None for no number.

    `country` (ISO 3166, two letters) says where a number without its country code belongs. A
    number that no numbering plan knows keeps its digits, if there are enough of them.
    """
    text = (phone or "").strip()
    region = (country or "").strip().upper() or None
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        digits = _SEPARATORS.sub("", text)
        return digits if re.fullmatch(r"\+?\d{4,20}", digits) else None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_same_email(one: str | None, other: str | None) -> bool:
    """Whether two e-mails are one address; what is no address is compared as it stands."""
    if one == other:
        return True
    key = email_key(one)
    return key is not None and key == email_key(other)
