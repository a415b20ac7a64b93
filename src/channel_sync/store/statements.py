"""Named SQL: the statements of `store/sql/*.sql` by name, each under a header of two lines.

```sql
-- name: load_properties
-- Whole properties as JSON, in the order asked for.
SELECT …;
```
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

_HEADER = re.compile(r"^-- name: (.*)$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def read_statements(file: Traversable) -> dict[str, str]:
    """Read one file of named statements: name → SQL without header and final semicolon.

    Raises:
        ValueError: a name is not snake_case or stands twice, or a statement lacks its purpose.
    """
    _, *parts = _HEADER.split(file.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        purpose, _, sql = body.lstrip("\n").partition("\n")
        if not _NAME.fullmatch(name) or name in found:
            raise ValueError(f"{file.name}: not a name of its own in snake_case: {name}")
        if not purpose.startswith("-- ") or not sql.strip():
            raise ValueError(f"{file.name}: {name} lacks its line of purpose or its SQL")
        found[name] = sql.strip().removesuffix(";")
    return found


@cache
def statements(topic: str) -> Mapping[str, str]:
    """The statements of `sql/TOPIC.sql`; asking for a name it does not have is a KeyError."""
    return read_statements(resources.files("channel_sync.store") / "sql" / f"{topic}.sql")


def topics() -> tuple[str, ...]:
    """Every file of named statements, without its suffix."""
    folder = resources.files("channel_sync.store") / "sql"
    return tuple(
        sorted(f.name.removesuffix(".sql") for f in folder.iterdir() if f.name.endswith(".sql"))
    )
