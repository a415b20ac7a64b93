"""The command `channel-sync`: parses, calls, prints. Nothing imports it."""

import contextlib
import os
import sys

import typer

from channel_sync.cli import listings, messages, operate, own, parked, properties, rooms, staff

app = typer.Typer(
    name="channel-sync",
    help="Keeps hotels' bookings in line with the messages of their booking channels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
operate.add_to(app)
properties.add_to(app)
messages.add_to(app)
listings.add_to(app)
rooms.add_to(app)
staff.add_to(app)
own.add_to(staff.app)
parked.add_to(app)


def main() -> None:
    """Run the command line; a reader who went away (`| head`) is no error worth a word."""
    try:
        app()
    except BrokenPipeError:
        # What is still buffered would be flushed, and fail again, at the exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
