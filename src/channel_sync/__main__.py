"""`python -m channel_sync`, which is also how a container starts the program."""

import os
import signal
from typing import NoReturn


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    """The command line; as process 1 it can be ended from the first moment on.

    To process 1 the kernel delivers no signal that it does not handle: without this, one that
    comes while the program loads, or during a migration, would be lost.
    """
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, _end)
    from channel_sync.cli import main as run  # noqa: PLC0415 - takes most of a second

    run()


if __name__ == "__main__":
    main()
