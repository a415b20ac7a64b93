"""What the names of elements and attributes say of their values: secret, id, free text, harmless.

One list for all formats in XML: a body whose format was told wrongly is scrubbed all the same.
"""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from functools import lru_cache


class Place(IntEnum):
    """Where a name stands."""

    NOWHERE = 0
    NEAR = 1
    INSIDE = 2
    """In a payment card, at any depth."""


class Says(Enum):
    """What a name says of its value."""

    NOTHING = 0
    SECRET = 1
    LAST4 = 2
    UNNAMED = 3
    """In a card, and no name known to be harmless there."""


@lru_cache(maxsize=8192)
def local_name(tag: str) -> str:
    """A name without namespace or prefix, letters and digits only, in small letters."""
    return "".join(filter(str.isalnum, tag.rpartition("}")[2].rpartition(":")[2])).casefold()


_SECRET = re.compile(
    r"cvv|cvc|card(?:number|num|no|nr)(?!last|type|of)|cc(?:number|num|no|nr)(?!last|t)"
    r"|primaryaccountnumber|^pan$|cardpan|seriescode|securitycode|^c[svi]c2?$|^cvn2?$"
    r"|cavv|trackdata|^track[123]?$|magneticstripe|magstripe|pinblock|^dcissuenumber$"
    r"|passw|^pwd|secret$|secretkey|apikey|privatekey|(?:client|access|auth|refresh|bearer)token"
    r"|binarysecuritytoken|^nonce$|encryptedvalue|encryptionkey"
    r"|^authentication$|^authorization$|credential"
)
_IN_CARD = re.compile(r"^number$|^no$|^account(?:number)?$|^plaintext$|^cid$|^xid$|^pin$")
_LAST4 = re.compile(r"last(?:4|four)(?:digits)?$|lastdigits$")
_HARMLESS = re.compile(
    r"^(?:brand|type|last4|valid.*|isvirtual|active.*|activat.*|deactivat.*|token.*|vendor.*"
    r"|rph|remark|effective.*|start.*|end.*|mask|.*code.*type|.*reference.*id)$"
    r"|expir|^exp|amount|balance|limit|currency|decimalplaces|percent|date|time"
    r"|street|address|addr|city|zip|postal|state|country|phone|mobile|name|email|language"
)
IN_SECRET_KEPT = frozenset({"token", "tokenproviderid", "encryptionmethod", "schemalocation"})
"""Attributes of a secret element that may stay; `mask` too, down to its last four digits."""


@lru_cache(maxsize=8192)
def place_of(name: str) -> Place:
    """Where what lies below an element of this name stands."""
    if "card" in name and name not in {"cardholdername", "cardholder"}:
        return Place.INSIDE
    if name in {"cc", "pan"} or name.startswith("threedomain"):
        return Place.INSIDE
    if name in {"payment", "payments", "guarantee", "deposit"}:
        return Place.NEAR
    return Place.NOWHERE


@lru_cache(maxsize=8192)
def says(name: str, place: Place) -> Says:
    """What a name at such a place says of its value."""
    if _SECRET.search(name) or (place is not Place.NOWHERE and _IN_CARD.match(name)):
        return Says.SECRET
    if _LAST4.search(name):
        return Says.LAST4
    if place is Place.INSIDE and not _HARMLESS.search(name):
        return Says.UNNAMED
    return Says.NOTHING


@lru_cache(maxsize=8192)
def is_number_name(name: str) -> bool:
    """Whether a secret of this name is the number itself, whose last four digits may stay."""
    return bool(re.search(r"number|num$|pan$|plaintext|^no$|cardno|ccno", name)) and (
        "issue" not in name
    )


_FREE_TEXT = """
comments comment remarks remark specialrequests specialrequest notes note text description
instructions instruction listitem penaltydescription guaranteedescription additionaldetail
"""
FREE_TEXT = frozenset(_FREE_TEXT.split())
"""Elements in which people write: what lies below is searched as one text."""

IDS = frozenset(
    {
        ("uniqueid", "id"),
        ("hotelreservationid", "residvalue"),
        ("payloadinfo", "requestid"),
        ("messageid", ""),
        ("relatesto", ""),
        ("otahotelresnotifrq", "echotoken"),
        ("otahotelresmodifynotifrq", "echotoken"),
        ("otacancelrq", "echotoken"),
        ("otaresretrievers", "echotoken"),
        ("basicpropertyinfo", "hotelcode"),
        ("roomtype", "roomtypecode"),
        ("roomrate", "roomtypecode"),
        ("roomrate", "rateplancode"),
        ("rateplan", "rateplancode"),
        ("id", ""),
        ("roomreservationid", ""),
        ("hotelid", ""),
        ("booking", "id"),
        ("booking", "confirmnumber"),
        ("hotel", "id"),
        ("roomstay", "roomtypeid"),
        ("roomstay", "rateplanid"),
        ("reservationid", ""),
        ("referenceid", ""),
        ("propertyid", ""),
    }
)
"""Element and attribute ("" is the element's text) that hold an id."""

PHONES = frozenset(
    {
        ("telephone", "phonenumber"),
        ("telephoneinfo", "phonenumber"),
        ("phone", "number"),
        ("telephone", ""),
        ("phone", ""),
        ("mobilephone", ""),
    }
)
