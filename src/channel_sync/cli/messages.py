"""The commands `replay` and `explain`: the pipeline without Kafka, applied or only decided."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from channel_sync.cli.bodies import records_of
from channel_sync.cli.output import Json, as_json_line, shown
from channel_sync.cli.session import Today, fail, let_plan, one_line, run, today_of, worker_pool
from channel_sync.progress import progress
from channel_sync.settings import Settings
from channel_sync.telling import told

if TYPE_CHECKING:
    from channel_sync.core.model import Header, Line, Revision
    from channel_sync.records import Applied, Explained, Record

SLICE = 200
"""Messages of one transaction of a replay."""
EXTRAS = 60
EXTRA_CHARACTERS = 160
"""Values left in extra that an explanation lists, and how much of each."""
INDENT = "  "

Files = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, readable=True, help="JSON, JSON lines, or XML; in this order"
    ),
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="canonical, …; told by the messages' own marks unless said"),
]
Dialect = Annotated[
    str | None,
    typer.Option("--dialect", help="of that format; told by the messages' own marks unless said"),
]
PropertyId = Annotated[
    str | None,
    typer.Option("--property", help="ours, where the messages name it by their sender's own id"),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(replay)
    app.command()(explain)


def replay(
    files: Files,
    message_format: Format = None,
    dialect: Dialect = None,
    property_id: PropertyId = None,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """Apply the messages in files in order; one line for each reservation."""
    headers = {"format": message_format, "dialect": dialect, "property": property_id}
    run(_replay(list(records_of(files, headers)), today, as_json=as_json))


def explain(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="one message or more")
    ],
    message_format: Format = None,
    dialect: Dialect = None,
    property_id: PropertyId = None,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """Say what messages would do, each to the hotel as it is now, and by which rule."""
    headers = {"format": message_format, "dialect": dialect, "property": property_id}
    run(_explain(list(records_of([file], headers)), today, as_json=as_json))


async def _replay(records: Sequence["Record"], today: date | None, *, as_json: bool) -> None:
    from channel_sync.limits import limits_of  # noqa: PLC0415 - lxml
    from channel_sync.pipeline import apply_slice  # noqa: PLC0415 - not needed by every command

    settings = Settings.load()
    apply = partial(
        apply_slice,
        today_of=today_of(today),
        limits=limits_of(settings),
        keep_raw=settings.keep_raw,
    )
    outcomes: Counter[str] = Counter()
    async with worker_pool() as pool:
        with progress(quiet=as_json) as work:
            work.begin("replay", len(records))
            for piece in _pieces(records):
                result = await apply(pool, piece)
                work.advance(len(piece))
                for applied in result.applied:
                    outcomes[str(applied.outcome)] += 1
                    print_applied(applied, as_json=as_json)
            await let_plan(pool, today_of(today), work)
    if sys.stderr.isatty():
        tally = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
        typer.echo(f"{len(records)} messages: {tally or 'nothing'}", err=True)


async def _explain(records: Sequence["Record"], today: date | None, *, as_json: bool) -> None:
    from channel_sync.limits import limits_of  # noqa: PLC0415 - lxml
    from channel_sync.pipeline import explain_record  # noqa: PLC0415 - not needed by every command

    if not records:
        fail("the file holds no message")
    limits = limits_of(Settings.load())
    async with worker_pool() as pool:
        for record in records:
            for explained in await explain_record(
                pool, record, today_of=today_of(today), limits=limits
            ):
                if as_json:
                    typer.echo(as_json_line(_explained_row(explained)))
                else:
                    typer.echo("\n".join(_explained_lines(explained)) + "\n")


def print_applied(applied: "Applied", *, as_json: bool) -> None:
    """One outcome: a line for people, or an object."""
    if as_json:
        typer.echo(as_json_line(applied_row(applied)))
        return
    what = f"{applied.channel or '?'} {applied.reference or '?'}"
    rules = f"  [{'; '.join(applied.rules)}]" if applied.rules else ""
    typer.echo(f"{applied.outcome:<10} {what:<28} {told(applied)}{rules}".rstrip())


def applied_row(applied: "Applied") -> dict[str, Any]:
    """An outcome as JSON; names as in the listing of messages where it has them."""
    record = applied.record
    return {
        "property_id": applied.property_id or None,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "ordinal": applied.ordinal,
        "message_id": applied.message_id,
        "channel": applied.channel,
        "reference": applied.reference,
        "outcome": str(applied.outcome),
        "outcome_reason": applied.outcome_reason,
        "outcome_detail": applied.outcome_detail,
        "changes": [str(change) for change in applied.changes],
        "why": list(applied.why),
        "rules": list(applied.rules),
        "tasks": list(applied.tasks),
    }


def _explained_row(explained: "Explained") -> dict[str, Any]:
    revision = explained.revision
    return {
        **applied_row(explained.applied),
        "format": explained.format,
        "dialect": explained.dialect or None,
        "warnings": list(explained.warnings),
        "order_basis": str(revision.order.basis) if revision else None,
        "revision": revision.label if revision else None,
        "read": [dict(_said(line)) for line in revision.lines or ()] if revision else None,
        "sources": {name: list(paths) for name, paths in explained.sources.items()},
        "extra": json.loads(revision.extra) if revision else None,
    }


def _explained_lines(explained: "Explained") -> Iterator[str]:
    applied, revision = explained.applied, explained.revision
    because = _parked_because(applied)
    yield f"{applied.channel or '?'} {applied.reference or '?'}: {applied.outcome}" + (
        f" ({one_line(because)})" if because and not applied.rules else ""
    )
    dialect = f", dialect {explained.dialect}" if explained.dialect else ""
    yield from _block("read", _read_lines(f"{explained.format}{dialect}", revision))
    paths = (f"{name} ← {', '.join(found)}" for name, found in explained.sources.items())
    yield from _block("from", paths)
    yield from _block("left in extra", _extra_lines(revision))
    yield from _block("warnings", explained.warnings)
    if revision is not None:
        yield from _block("order", [f"{revision.label}, by {revision.order.basis}"])
    yield from _block("changes", [str(change) for change in applied.changes] or ("nothing",))
    yield from _block("because", applied.why)
    yield from _block("asks a person", applied.tasks)
    yield from _block("by rule", applied.rules)


def _parked_because(applied: "Applied") -> str:
    return ": ".join(part for part in (applied.outcome_reason, applied.outcome_detail) if part)


def _read_lines(message_format: str, revision: "Revision | None") -> Iterator[str]:
    yield f"format {message_format or 'unknown'}"
    if revision is None:
        return
    yield f"{revision.said}, {revision.completeness}, property {revision.property_id}"
    if revision.replaces:
        yield f"replaces {', '.join(revision.replaces)}"
    said = dict(_said(revision.header))
    if said:
        yield f"booking: {shown(said)}"
    for line in revision.lines or ():
        yield f"room line: {shown(dict(_said(line)))}"


def _extra_lines(revision: "Revision | None") -> Iterator[str]:
    """What was read of a message and has no place in a booking, by its path."""
    if revision is None:
        return
    left = list(_leaves(json.loads(revision.extra), ""))
    for path, value in left[:EXTRAS]:
        yield f"{path} = {json.dumps(value, ensure_ascii=False)[:EXTRA_CHARACTERS]}"
    if len(left) > EXTRAS:
        yield f"and {len(left) - EXTRAS} more"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, f"{path}[]")
    else:
        yield path, value


def _said(part: "Line | Header") -> Iterator[tuple[str, object]]:
    """What a line or a header says; what it leaves unsaid is left out."""
    for one in fields(part):
        value = getattr(part, one.name)
        if value is not None and one.name not in {"is_live", "is_stable", "nights"}:
            yield one.name, _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {
            name: _plain(item)
            for name in value.__dataclass_fields__
            if (item := getattr(value, name)) is not None
        }
    return dict(value) if isinstance(value, Mapping) else value


def _block(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{INDENT}{title if number == 0 else '':<14} {line}"


def _pieces(records: Sequence["Record"]) -> Iterator[tuple["Record", ...]]:
    rest = iter(records)
    while piece := tuple(islice(rest, SLICE)):
        yield piece
