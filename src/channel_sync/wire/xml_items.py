"""The reservations of one XML body, each read for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import Contents
from channel_sync.wire.reading import Notes
from channel_sync.wire.translate import translate
from channel_sync.wire.xml_part import XmlPart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from channel_sync.wire.context import Context
    from channel_sync.wire.errors import Item
    from channel_sync.wire.reading import Sources
    from channel_sync.wire.xml_part import Node


def read_items(
    nodes: Sequence[Node],
    context: Context,
    read: Callable[[XmlPart, int], dict[str, Any]],
    *,
    around: Mapping[str, Any] | None = None,
    dialect: str = "",
) -> Contents:
    """An item for each node; what is wrong with one costs that one only.

    `read` puts a reservation, and its place among them, in canonical terms, taking out what it
    reads; `around` is what the envelope says of all, for their extra.

    Raises:
        Unreadable: too_many_messages; and that of the reservation if it is the only one.
    """
    most = context.limits.messages
    if len(nodes) > most:
        raise Unreadable(
            UnreadableReason.TOO_MANY_MESSAGES, f"expected at most {most}, got {len(nodes)}"
        )
    items: list[Item] = []
    warnings: list[str] = []
    sources: list[Sources] = []
    for index, node in enumerate(nodes):
        notes = Notes()
        prefix = f"[{index}]." if len(nodes) > 1 else ""
        part = XmlPart(node, node.name, notes)
        try:
            said = read(part, index)
            rest = part.rest()
            kept = dict(rest) if isinstance(rest, dict) else {}
            if around:
                kept["envelope"] = around
            items.append(translate(said, kept, notes, context, prefix))
        except Unreadable as error:
            if len(nodes) == 1:
                raise
            items.append(Unreadable(error.reason, f"{prefix}{error.detail.removeprefix(prefix)}"))
        warnings += notes.warnings
        sources.append(notes.read)
    return Contents(tuple(items), tuple(warnings), tuple(sources), dialect)
