"""Rows for people and for machines: a table that fits, or one JSON object a line."""

import json
import sys
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]

WIDTH_WHEN_PIPED = 150
"""Columns of a table that goes into a file or another program."""

Json = Annotated[bool, typer.Option("--json", help="one JSON object a line")]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its title, and its text for a row."""

    title: str
    text: Callable[[Row], object]
    style: str | None = None
    no_wrap: bool = False


def column(name: str, title: str | None = None, *, no_wrap: bool = False) -> Column:
    """A column that shows one value as it is."""
    return Column(title or name.replace("_", " "), lambda row: row[name], no_wrap=no_wrap)


def console() -> Console:
    """The output for people; into a file it is wide and plain."""
    plain = not sys.stdout.isatty()
    return Console(width=WIDTH_WHEN_PIPED if plain else None, highlight=False)


async def print_rows(
    rows: AsyncIterable[Row], columns: tuple[Column, ...], *, as_json: bool, empty: str
) -> None:
    """A listing; rows are printed as they come where machines read them."""
    if as_json:
        async for row in rows:
            typer.echo(as_json_line(row))
        return
    table = new_table(*(one.title for one in columns))
    for one, shown in zip(columns, table.columns, strict=True):
        shown.no_wrap = one.no_wrap
        shown.style = one.style or ""
    async for row in rows:
        table.add_row(*(cell(one.text(row)) for one in columns))
    if table.row_count:
        console().print(table)
    else:
        typer.echo(empty)


def new_table(*titles: str) -> Table:
    """An empty table in our look."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def cell(value: object) -> Text:
    """A value as a person reads it; nothing in it is taken for markup."""
    return Text(shown(value))


def shown(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return str(value)


def as_json_line(row: Row) -> str:
    """One object; dates as texts, money as decimal texts."""
    return json.dumps(dict(row), default=_as_json, ensure_ascii=False)


def _as_json(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
