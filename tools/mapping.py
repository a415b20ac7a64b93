"""The mapping tables of docs/formats: field by field, the paths that decoders read on fixtures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from channel_sync.core.model import Arrival
from channel_sync.wire.decode import FORMATS, decode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "wire" / "fixtures"
PAGES = ROOT / "docs" / "formats"
ORDER = (
    "message_id",
    "property",
    "channel",
    "reference",
    "replaces",
    "group",
    "status",
    "revision",
    "modified_at",
    "booked_at",
    "rooms",
    "booker",
    "comments",
    "currency",
    "total",
    "payment",
    "cancellation_fee",
)
ROOM = (
    "line",
    "units",
    "status",
    "category",
    "rate_plan",
    "arrival",
    "departure",
    "adults",
    "children",
    "guests",
    "amount",
    "currency",
    "nights",
    "comments",
)

Table = dict[str, dict[str, None]]


def pages() -> dict[Path, str]:
    """Every page with a table, as it should be; a format without fixtures has none."""
    return {
        PAGES / f"{name}.md": _page(name, bodies)
        for name in FORMATS
        if (bodies := _bodies(FIXTURES / name))
    }


def _bodies(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()]


def _page(name: str, bodies: list[bytes]) -> str:
    tables: dict[str, Table] = {}
    left: dict[str, dict[str, None]] = {}
    for body in bodies:
        for dialect, sources, extra in _read(name, body):
            table = tables.setdefault(dialect, {})
            for field, paths in sources.items():
                table.setdefault(field, {}).update(dict.fromkeys(paths))
            left.setdefault(dialect, {}).update(dict.fromkeys(extra))
    about = (sys.modules[FORMATS[name].decode.__module__].__doc__ or "").strip()
    lines = [
        f"# `{name}`",
        "",
        about,
        "",
        "Written by `make generated` from what the decoder recorded reading on",
        f"`tests/wire/fixtures/{name}/`. A field of the canonical message stands beside every path",
        "that it was read from; what no field was read from is left in `extra`.",
    ]
    for dialect, table in sorted(tables.items()):
        if dialect:
            lines += ["", f"## Dialect `{dialect}`"]
        lines += ["", "| canonical | path |", "|---|---|"]
        lines += [
            f"| `{field}` | {'<br>'.join(f'`{path}`' for path in sorted(table[field]))} |"
            for field in sorted(table, key=_rank)
        ]
        unread = [p for p in sorted(left[dialect]) if not _is_read(p, table)]
        if unread:
            lines += ["", "Left in `extra`: " + ", ".join(f"`{path}`" for path in unread)]
    return "\n".join(lines) + "\n"


def _is_read(path: str, table: Table) -> bool:
    """Whether a path is read elsewhere: a cancel leaves what a booking is read from."""
    paths = (read for found in table.values() for read in found)
    below = (f".{path}", f"].{path}", f"/{path}")
    return any(read == path or read.endswith(below) for read in paths)


def _rank(field: str) -> tuple[int, int, str]:
    first, _, rest = field.partition(".")
    inner = rest.partition(".")[0]
    place = ORDER.index(first) if first in ORDER else len(ORDER)
    return place, ROOM.index(inner) if inner in ROOM else len(ROOM), field


def _read(name: str, body: bytes) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Dialect, sources, and paths left in extra, for each reservation of a fixture."""
    try:
        told = decode(
            body,
            headers={"format": name},
            key=b"seaview",
            arrived=Arrival("bookings", 0, 0),
            limits=Limits(),
        )
    except Unreadable:
        return
    for item, sources in zip(told.items, told.sources, strict=True):
        if not isinstance(item, Unreadable):
            extra = json.loads(item.extra)
            extra.pop("property", None)  # theirs, where the envelope named ours
            left = list(_leaves(extra, ""))
            is_xml = body.lstrip().startswith(b"<")
            yield told.dialect, dict(sources), [_xml_path(one) for one in left] if is_xml else left


def _xml_path(path: str) -> str:
    """A path of extra as the decoders of XML spell it: "RoomStay/TimeSpan@Start"."""
    return path.removesuffix(".text").replace("[]", "").replace(".@", "@").replace(".", "/")


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, f"{path}[]")
    else:
        yield path
