"""What a revision says, as one hash: equal content, equal hash (rule M7)."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from channel_sync.core.model import Card, Header, Line, Night, Payment, Revision

# Ids, the status word and what it implies are not content; neither is our mapping, nor a token
# that a gateway issues anew each time.
_LEFT_OUT = {
    Header: {"is_live", "group"},
    Line: {"channel_line", "unit", "is_stable", "category"},
    Payment: set[str](),
    Card: {"token"},
    Night: set[str](),
}
_FIELDS = {
    kind: tuple(f.name for f in fields(kind) if f.name not in left_out)
    for kind, left_out in _LEFT_OUT.items()
}


def content_hash(revision: Revision) -> str:
    """SHA-256 (hex) of what a revision says, whatever the order of its lines.

    Left out: ids (stable line ids stay in), revision, times, the status word, `extra`. What is
    not said is not hashed either, so that a field added later changes no hash.
    """
    said: dict[str, Any] = {
        "completeness": revision.completeness.value,
        "header": _said(revision.header),
    }
    if revision.lines is not None:
        said["lines"] = sorted(map(_line, revision.lines))
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _line(line: Line) -> str:
    said = _said(line)
    if line.is_stable and line.channel_line is not None:
        said["channel_line"] = line.channel_line
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()


def _said(value: Header | Line | Payment | Card | Night) -> dict[str, Any]:
    return {
        name: _plain(item)
        for name in _FIELDS[type(value)]
        if (item := getattr(value, name)) is not None
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        # Equal amounts have one spelling: 330, 330.0 and 330.00.
        return format(value.normalize() + 0, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if value is None else _said(value)
