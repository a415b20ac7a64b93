"""How much a message may hold before it is refused: every limit by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from channel_sync.wire.xsd import Schemas

ID_CHARACTERS = 255
CODE_CHARACTERS = 64
NAME_CHARACTERS = 200
EMAIL_CHARACTERS = 320
PHONE_CHARACTERS = 64
ADDRESS_CHARACTERS = 1_000
TEXT_CHARACTERS = 16_384
ROOMS_PER_MESSAGE = 1_000
GUESTS_PER_LINE = 100
CHILDREN_PER_LINE = 100
NIGHTS_PER_LINE = 1_000
REPLACES_PER_MESSAGE = 100
UNITS_PER_ROOM = 100
ADULTS_PER_LINE = 999
AGE_YEARS = 120
REVISION_MAX = 2**63 - 1
XML_ELEMENTS = 50_000
XML_ATTRIBUTES = 100
NAMESPACE_CHARACTERS = 1_000
BROKEN_XML_CHARACTERS = 4_194_304
FIRST_YEAR = 1970
LAST_YEAR = 2199


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that an operator may set; the defaults suit what channels really send.

    `schemas` limit nothing: what is not valid by them is read all the same, with a warning.
    """

    body_bytes: int = 1_048_576
    depth: int = 32
    stay_nights: int = 365
    lines: int = 100
    messages: int = 500
    schemas: Schemas | None = None
