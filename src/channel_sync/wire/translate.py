"""A provider's reservation, put in canonical terms by its decoder, to a revision."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from channel_sync.core.model import Basis
from channel_sync.wire.canonical import revision_of
from channel_sync.wire.canonical_model import CanonicalMessage
from channel_sync.wire.canonical_parts import Reading
from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents
from channel_sync.wire.json_body import dump_sorted, refuse_invalid, spell_path
from channel_sync.wire.reading import Notes, Part

if TYPE_CHECKING:
    from channel_sync.core.model import Revision
    from channel_sync.wire.context import Context
    from channel_sync.wire.errors import Item

_NOT_NEEDED = frozenset(
    {"booker", "payment", "comments", "total", "currency", "cancellation_fee", "group"}
)
_NOT_NEEDED_OF_A_ROOM = frozenset(
    {"guests", "amount", "nights", "comments", "currency", "rate_plan", "adults", "children"}
)
"""What is left in extra, with a warning, where it is not as it should be: a booking exists at the
channel whether or not we like its price or telephone number."""


_TURNS = 20  # in which what does not fit is set aside

_Part = TypeVar("_Part", bound=Part)


def read_each(
    parts: Sequence[_Part],
    read: Callable[[_Part], dict[str, Any]],
    context: Context,
    warnings: Sequence[str] = (),
    root: Part | None = None,
) -> Contents:
    """Read one reservation from each part, with a reader that puts it in canonical terms.

    What is wrong with one costs that one only. `root` is the whole message: where it holds just
    one reservation, what is left of the envelope becomes extra too.

    Raises:
        Unreadable: too_many_messages, no_reservation.
    """
    most = context.limits.messages
    if len(parts) > most:
        raise Unreadable(
            UnreadableReason.TOO_MANY_MESSAGES, f"expected at most {most}, got {len(parts)}"
        )
    if not parts:
        raise Unreadable(UnreadableReason.NO_RESERVATION, "the message holds no reservation")
    items: list[Item] = []
    told = list(warnings)
    for index, part in enumerate(parts):
        prefix = f"[{index}]." if len(parts) > 1 else ""
        rest = root if root is not None and len(parts) == 1 else part
        try:
            items.append(translate(read(part), rest.rest, part.notes, context))
        except Unreadable as error:
            items.append(Unreadable(error.reason, f"{prefix}{error.detail}"))
        told += (f"{prefix}{warning}" for warning in part.notes.warnings)
    return Contents(tuple(items), tuple(told), tuple(part.notes.read for part in parts))


def translate(
    said: dict[str, Any], rest: Callable[[], Any], notes: Notes, context: Context
) -> Revision:
    """The revision that a reservation in canonical terms makes.

    `said` has the shape of a canonical message, values None for what is not said; `rest` gives
    what the decoder did not take: it becomes `extra`. The property is the envelope's where it names
    one: the provider's own id of it goes to `extra` (docs/decisions/0009). Warnings are added to
    the notes. Without an id of its own a message is named by its content, and by its place where
    it has no order either.

    Raises:
        Unreadable: invalid, too_many_lines, stay_too_long; the detail names the paths that the
            value was read from.
    """
    kept = _as_extra(rest())
    told = said.get("property")
    if context.property_id and told and told != context.property_id:
        kept["property"] = told
    said = _without_none({**said, "property": context.property_id or told})
    try:
        message, unfit = _message(said, notes)
        if unfit:
            kept["unfit"] = unfit
        if message.message_id is None:
            message.message_id = f"sha256:{hashlib.sha256(dump_sorted(said).encode()).hexdigest()}"
        message.extra = kept
        revision = revision_of(message, Reading(context, "", notes.warnings))
    except Unreadable as error:
        raise _with_source(error, notes) from None
    if "message_id" not in said and revision.order.basis is Basis.ARRIVAL:
        place = context.arrived.order
        named = f"{revision.message_id}@{place.source}/{place.value}"
        revision = replace(revision, message_id=named)
    return revision


def _as_extra(rest: Any) -> dict[str, Any]:
    if isinstance(rest, Mapping):
        return dict(rest)
    return {} if rest is None else {"rest": rest}


def _without_none(value: Any) -> Any:
    """Canonical values without the keys that say nothing."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


def _message(said: dict[str, Any], notes: Notes) -> tuple[CanonicalMessage, dict[str, Any]]:
    """The message, and the values that were set aside because they do not fit.

    Lists are checked no further than to what is wrong first, hence the turns: each sets something
    aside, or is the last.
    """
    unfit: dict[str, Any] = {}
    for turn in count():
        try:
            return CanonicalMessage.model_validate(said), unfit
        except ValidationError as error:
            found = [_set_aside(said, one["loc"]) for one in error.errors()]
            more = {path: value for path, value in found if path}
            if not more or turn == _TURNS:
                raise refuse_invalid(error) from None
        for path in more:
            where = notes.where(path)
            notes.warnings.append(f"{path}: not as it should be ({where}); left in extra")
        unfit |= more
    raise AssertionError  # turns end above


def _set_aside(said: dict[str, Any], location: tuple[int | str, ...]) -> tuple[str, Any]:
    """Takes out the value at a location if it is not needed: its path and it, else ("", None)."""
    keys = list(location)
    if keys[0] in _NOT_NEEDED:
        keys = keys[: 2 if isinstance(said.get(str(keys[0])), dict) else 1]
    elif keys[0] == "rooms" and len(keys) > 2 and keys[2] in _NOT_NEEDED_OF_A_ROOM:
        keys = keys[:3]
    else:
        return "", None
    holder: Any = said
    for key in keys[:-1]:
        holder = holder[key]
    value = holder.pop(keys[-1], None)
    return ("", None) if value is None else (spell_path(keys), value)


def _with_source(error: Unreadable, notes: Notes) -> Unreadable:
    where = notes.where(error.detail.partition(":")[0])
    detail = f"{error.detail} (read from {where})" if where else error.detail
    return Unreadable(error.reason, detail)
