"""What one format is to the others: how it is told, how it is read, what its ids are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channel_sync.wire.scrub_json import Plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from channel_sync.wire.context import Context
    from channel_sync.wire.errors import Item
    from channel_sync.wire.reading import Sources


@dataclass(frozen=True, slots=True)
class Contents:
    """What a body holds: an item for each of its reservations, in its order, and warnings.

    `sources` are, item by item, the canonical fields with the paths they were read from; none
    where the body is canonical. `dialect` is the one that was read, "" where there is just one.
    """

    items: tuple[Item, ...]
    warnings: tuple[str, ...] = ()
    sources: tuple[Sources, ...] = ()
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    `detects` sees a body as it came and looks only at its marks; `decode` sees the scrubbed one
    and raises nothing but `Unreadable`. `plain` are the paths that scrubbing spares.
    """

    detects: Callable[[bytes], bool]
    decode: Callable[[bytes, Context], Contents]
    plain: Plain = field(default_factory=Plain)


_MARK = b"\xef\xbb\xbf"


def is_json(body: bytes) -> bool:
    """Whether a body begins as a JSON object or list does."""
    return body.removeprefix(_MARK).lstrip()[:1] in {b"{", b"["}


def is_xml(body: bytes) -> bool:
    """Whether a body begins as XML does."""
    return body.removeprefix(_MARK).lstrip()[:1] == b"<"
