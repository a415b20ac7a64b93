"""The command `rebuild`: an audit that history and state tell the same story."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from channel_sync.cli.output import Json, as_json_line
from channel_sync.cli.session import NOT_DONE, run
from channel_sync.progress import progress
from channel_sync.settings import Settings, why_no_database

if TYPE_CHECKING:
    from channel_sync.rebuild.run import Report


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(rebuild)


def rebuild(
    *,
    from_messages: Annotated[
        bool, typer.Option("--from-messages", help="from stored messages and staff's edits")
    ] = False,
    property_id: Annotated[
        str | None, typer.Option("--property", help="this one; else all there are")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="URL", help="an empty database; else one is made, and goes"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell all that happened again in another database, and compare; 1 if anything differs."""
    if not from_messages:
        raise typer.BadParameter("say from what: --from-messages")
    wrong = why_no_database(into) if into is not None else None
    if wrong:
        raise typer.BadParameter(f"--into: {wrong}")
    if not run(_rebuild(property_id, into, as_json=as_json)):
        raise typer.Exit(NOT_DONE)


async def _rebuild(property_id: str | None, into: str | None, *, as_json: bool) -> bool:
    from channel_sync.rebuild.run import rebuild as audit  # noqa: PLC0415 - brings the pipeline

    is_same = True
    with progress(quiet=as_json) as work:
        reports = audit(Settings.load(), property_id=property_id, into=into, work=work)
        async with aclosing(reports):
            async for report in reports:
                is_same = is_same and report.is_same
                for line in _objects(report) if as_json else _lines(report):
                    typer.echo(line)
    return is_same


def _lines(report: "Report") -> Iterator[str]:
    yield (
        f"{report.property_id}: {report.bookings} bookings compared, told again from "
        f"{report.messages} messages, {report.edits} edits of staff, {report.looks} looks of the "
        f"planner and {report.hotels} states of the hotel"
    )
    for booking, why in report.apart.items():
        yield f"  not compared  {booking}: {why}"
    for one in report.untold:
        yield f"  not told      {one.booking}: {one.what}: {one.why}"
    for difference in report.differences:
        yield f"  differs       {difference}"
    found = len(report.differences) + len(report.untold)
    yield f"  {found} differences" if found else "  no difference"


def _objects(report: "Report") -> Iterator[str]:
    def line(kind: str, **said: Any) -> str:
        return as_json_line({"kind": kind, "property_id": report.property_id, **said})

    for booking, why in report.apart.items():
        yield line("not_compared", booking=booking, why=why)
    for one in report.untold:
        yield line("not_told", booking=one.booking, what=one.what, why=one.why)
    for found in report.differences:
        sides = {"held": found.held, "told": found.told}
        yield line("difference", booking=found.booking, what=found.what, **sides)
    yield line(
        "compared",
        bookings=report.bookings,
        messages=report.messages,
        edits=report.edits,
        looks=report.looks,
        hotels=report.hotels,
        same=report.is_same,
    )
