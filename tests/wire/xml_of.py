"""XML fixtures, as text to be changed and as what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.wire.fixtures_of import FIXTURES, only

if TYPE_CHECKING:
    from channel_sync.core.model import Line, Revision


def xml(name: str, *changes: tuple[str, str]) -> bytes:
    """The fixture "format/stem", with texts replaced; each must be there."""
    text = (FIXTURES / f"{name}.xml").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def told(name: str, *changes: tuple[str, str], **headers: Any) -> Revision:
    """The one revision of a fixture."""
    return only(xml(name, *changes), **headers)


def lines_of(revision: Revision) -> tuple[Line, ...]:
    assert revision.lines is not None
    return revision.lines


def line_of(revision: Revision) -> Line:
    (line,) = lines_of(revision)
    return line
