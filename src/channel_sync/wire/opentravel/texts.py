"""What people wrote, in OpenTravel XML: comments, special requests, lists of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from channel_sync.wire.xml_part import XmlPart

_WAYS = (
    "Comments/Comment",
    "SpecialRequests/SpecialRequest",
)


def read_comments(part: XmlPart, field: str) -> str | None:
    """All comments and requests below a part, one a line, whoever indented them."""
    said: list[str] = []
    for way in _WAYS:
        for comment in part.parts(way):
            for key in ("Text", "ListItem", ""):
                said += (
                    tidy
                    for text in ([comment] if not key else comment.parts(key))
                    if (tidy := _tidy(text.take("", field)))
                )
    return "\n".join(dict.fromkeys(said)) or None


def _tidy(text: str | None) -> str:
    """Without the indentation of the file that it was written into."""
    lines = [line.strip() for line in (text or "").strip().splitlines()]
    return "\n".join(lines)
