"""One message, whatever its format, to revisions: scrubbed first, refused for one clear reason."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from channel_sync.wire import (
    beds24,
    bookingcom_xml,
    canonical,
    channex,
    cloudbeds,
    expedia_eqc,
    mews,
    opentravel,
    rentals_united,
    wubook,
)
from channel_sync.wire.context import Context
from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import is_xml
from channel_sync.wire.json_body import quote
from channel_sync.wire.limits import ID_CHARACTERS
from channel_sync.wire.scrub import NOTHING_SPARED, Scrubbed, scrub
from channel_sync.wire.xml_body import as_utf8, check_prolog, read_xml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from channel_sync.core.model import Arrival, Revision
    from channel_sync.wire.errors import Item
    from channel_sync.wire.format import Format
    from channel_sync.wire.limits import Limits
    from channel_sync.wire.reading import Sources


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a message says: for each of its reservations, in the message's order, a revision, or
    why that one could not be read; the others do not suffer for it.

    `sources` say of each item which canonical field was read from which paths; empty where the
    message was canonical.
    """

    items: tuple[Item, ...]
    format: str
    scrubbed: Scrubbed
    warnings: tuple[str, ...] = ()
    sources: tuple[Sources, ...] = ()
    dialect: str = ""

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """Those that could be read."""
        return tuple(item for item in self.items if not isinstance(item, Unreadable))


FORMATS: dict[str, Format] = {
    channex.NAME: channex.FORMAT,
    mews.NAME: mews.FORMAT,
    wubook.NAME: wubook.FORMAT,
    beds24.NAME: beds24.FORMAT,
    cloudbeds.NAME: cloudbeds.FORMAT,
    "canonical": canonical.FORMAT,
    opentravel.NAME: opentravel.FORMAT,
    bookingcom_xml.NAME: bookingcom_xml.FORMAT,
    expedia_eqc.NAME: expedia_eqc.FORMAT,
    rentals_united.NAME: rentals_united.FORMAT,
}
"""By the name that the header `format` bears; detection asks them in this order, after our own
schema's name, since canonical keys are words that others use too."""

_OTHER_NAMES = {"myallocator": cloudbeds.NAME}


def decode(
    body: bytes,
    *,
    headers: Mapping[str, str],
    key: bytes | None,
    arrived: Arrival,
    limits: Limits,
) -> Decoded:
    """Reads one Kafka message.

    `headers`: `format` (else the format is detected), `dialect`, `property`; `key` is the
    record's, the property's id where neither the body nor a header says it.

    Raises:
        Unreadable: the message as a whole, for one reason, with the scrubbed body; nothing else,
            whatever the bytes.
    """
    said = headers.get("format", "").strip().casefold()
    name = _OTHER_NAMES.get(said, said) or _detect(body)
    told = as_utf8(body)
    scrubbed = scrub(told, FORMATS[name].plain if name in FORMATS else NOTHING_SPARED)
    if told is not body:
        came = hashlib.sha256(body).hexdigest()
        scrubbed = replace(scrubbed, sha256=came, length=len(body))
    try:
        kept = _readable(name, told, scrubbed, limits)
        context = Context(
            arrived=arrived,
            limits=limits,
            property_id=_property_id(headers, key),
            dialect=headers.get("dialect"),
        )
        contents = FORMATS[name].decode(kept, context)
        warnings = (*contents.warnings, *_invalid(kept, limits))
    except Unreadable as error:
        error.scrubbed, error.format_name = scrubbed, name
        raise
    return Decoded(contents.items, name, scrubbed, warnings, contents.sources, contents.dialect)


def _detect(body: bytes) -> str:
    if canonical.is_marked(body):
        return "canonical"
    return next((name for name, known in FORMATS.items() if known.detects(body)), "")


def _readable(name: str, body: bytes, scrubbed: Scrubbed, limits: Limits) -> bytes:
    """The scrubbed body, if it is fit to be read at all."""
    if not body or body.isspace():
        raise Unreadable(UnreadableReason.EMPTY_BODY, "expected a message, got nothing")
    if len(body) > limits.body_bytes:
        raise Unreadable(
            UnreadableReason.TOO_LARGE,
            f"expected at most {limits.body_bytes} bytes, got {len(body)}",
        )
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(
            UnreadableReason.NOT_UTF8, f"expected UTF-8, got another byte at {error.start}"
        ) from None
    if name not in FORMATS:
        known = ", ".join(FORMATS)
        said = f"the header says {quote(name)}" if name else "no format's marks were found"
        raise Unreadable(UnreadableReason.UNKNOWN_FORMAT, f"expected {known}; {said}")
    if scrubbed.body is None:
        if is_xml(body):
            check_prolog(body.decode())  # the reason proper, where it is one of these
        raise Unreadable(
            UnreadableReason.NOT_SCRUBBED,
            "the body could not be proved free of card data and was discarded",
        )
    return scrubbed.body


def _invalid(body: bytes, limits: Limits) -> tuple[str, ...]:
    """The warning of the operator's schemas, where there are any and the body is XML."""
    if limits.schemas is None or not is_xml(body):
        return ()
    return limits.schemas.warnings(read_xml(body.decode(), limits.depth))


def _property_id(headers: Mapping[str, str], key: bytes | None) -> str | None:
    said = headers.get("property", "").strip()
    if not said and key:
        said = key.decode(errors="replace").strip()
    usable = said and len(said) <= ID_CHARACTERS and said.isprintable() and "\ufffd" not in said
    return said if usable else None
