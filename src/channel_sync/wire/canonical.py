"""The canonical format: one body to the revisions it holds."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from channel_sync.core.model import Completeness, Revision, Said
from channel_sync.wire.canonical_model import CanonicalMessage
from channel_sync.wire.canonical_parts import (
    Reading,
    read_header,
    read_id,
    read_instant,
    read_lines,
)
from channel_sync.wire.content import content_hash
from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents, Format, is_json
from channel_sync.wire.json_body import (
    check_json,
    dump_sorted,
    quote,
    refuse_invalid,
    split_list,
)
from channel_sync.wire.scrub import CANONICAL

if TYPE_CHECKING:
    from channel_sync.wire.context import Context
    from channel_sync.wire.errors import Item

_PATHS_NAMED = 20  # unknown keys that a warning names


_SCHEMA = re.compile(rb'"schema"\s{0,20}:\s{0,20}"channel-sync/')
_KEYS = (b'"reference"', b'"status"', b'"rooms"', b'"property"', b'"message_id"')


def is_marked(body: bytes) -> bool:
    """Whether a body names our own schema."""
    return is_json(body) and _SCHEMA.search(body) is not None


def _detects(body: bytes) -> bool:
    return is_json(body) and sum(key in body for key in _KEYS) >= 3


def decode_canonical(body: bytes, context: Context) -> Contents:
    """The revisions of a scrubbed body (one message or a list of them), and warnings.

    In a list, what is wrong with one message costs that one only.

    Raises:
        Unreadable: not_json, too_deep, invalid, too_many_messages, too_many_lines, stay_too_long.
    """
    limits = context.limits
    body, warnings = check_json(body, limits.depth, CANONICAL.ids)
    if body.lstrip()[:1] != b"[":
        item = _read(body, Reading(context, "", warnings))
        return Contents((item,), tuple(warnings))
    messages = split_list(body)
    if not messages:
        raise Unreadable(UnreadableReason.INVALID, "expected at least one message, got none")
    if len(messages) > limits.messages:
        raise Unreadable(
            UnreadableReason.TOO_MANY_MESSAGES,
            f"expected at most {limits.messages}, got {len(messages)}",
        )
    items = tuple(
        _read_one_of_many(message, Reading(context, f"[{index}].", warnings))
        for index, message in enumerate(messages)
    )
    return Contents(items, tuple(warnings))


def _read_one_of_many(body: bytes, reading: Reading) -> Item:
    try:
        return _read(body, reading)
    except Unreadable as error:
        return error


def _read(body: bytes, reading: Reading) -> Revision:
    try:
        message = CanonicalMessage.model_validate_json(body)
    except ValidationError as error:
        raise refuse_invalid(error, reading.prefix) from None
    return revision_of(message, reading)


def revision_of(message: CanonicalMessage, reading: Reading) -> Revision:
    """What a canonical message means.

    Raises:
        Unreadable: invalid, too_many_lines, stay_too_long.
    """
    said = Said(message.status)
    message_id = read_id(message.message_id, "message_id", reading)
    revision = Revision(
        property_id=_property_id(message, reading),
        channel=_required(message.channel, "channel", reading),
        reference=_required(message.reference, "reference", reading),
        message_id=message_id or _message_id(message),
        said=said,
        completeness=Completeness(message.completeness),
        arrived=reading.context.arrived,
        header=read_header(message, said, reading),
        lines=read_lines(message, said, reading),
        replaces=tuple(
            old
            for index, value in enumerate(message.replaces or ())
            if (old := read_id(value, f"replaces[{index}]", reading))
        ),
        revision=message.revision,
        modified_at=read_instant(message.modified_at, "modified_at", reading),
        booked_at=read_instant(message.booked_at, "booked_at", reading),
    )
    return replace(revision, content_hash=content_hash(revision), extra=_extra(message, reading))


def _message_id(message: CanonicalMessage) -> str:
    spelled = dump_sorted(message.model_dump(exclude_unset=True, by_alias=True))
    return f"sha256:{hashlib.sha256(spelled.encode()).hexdigest()}"


def _property_id(message: CanonicalMessage, reading: Reading) -> str:
    said = read_id(message.property, "property", reading)
    envelope = reading.context.property_id
    if said and envelope and said != envelope:
        reading.warnings.append(
            f"{reading.prefix}property: the body says {quote(said)}, the envelope "
            f"{quote(envelope)}; the body's was taken"
        )
    if found := said or envelope:
        return found
    raise reading.refuse("property", "expected in the body, the header or the key, but missing")


def _required(value: str | int, path: str, reading: Reading) -> str:
    if found := read_id(value, path, reading):
        return found
    raise reading.refuse(path, "expected text, got none")


def _extra(message: CanonicalMessage, reading: Reading) -> str:
    reading.keep_unknown(message, "")
    unknown = list(reading.extra)
    kept = {**(message.extra or {}), **reading.extra}
    if not kept:
        return "{}"
    _refuse_infinite(kept, reading)
    if unknown:
        named = ", ".join(f"{reading.prefix}{path}"[:100] for path in unknown[:_PATHS_NAMED])
        more = len(unknown) - _PATHS_NAMED
        reading.warnings.append(
            f"unknown keys kept in extra: {named}" + (f" and {more} more" if more > 0 else "")
        )
    return dump_sorted(kept)


def _refuse_infinite(kept: dict[str, Any], reading: Reading) -> None:
    """A number such as 1e999 is JSON, but neither PostgreSQL nor we can hold it."""
    todo: list[Any] = [kept]
    while todo:
        node = todo.pop()
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, (dict, list)):
                todo.append(value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise reading.refuse("extra", "expected finite numbers, got one beyond all range")


FORMAT = Format(_detects, decode_canonical, CANONICAL)
