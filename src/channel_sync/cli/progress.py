"""Shows how far long work has come: a bar on a terminal, plain lines elsewhere; never on stdout."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

LINE_SECONDS = 5.0
"""Between two lines, where lines are plain: a log is not to be flooded."""


class Work(Protocol):
    """Long work that tells how far it has come."""

    def begin(self, what: str, total: int) -> None:
        """A part of the work begins: what it is, and how many steps it has."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the part in hand are done."""


@dataclass(slots=True)
class _Bar:
    """On a terminal."""

    bars: Progress
    task: TaskID | None = None

    def begin(self, what: str, total: int) -> None:
        if self.task is not None:
            self.bars.remove_task(self.task)
        self.task = self.bars.add_task(what, total=total)

    def advance(self, steps: int = 1) -> None:
        if self.task is not None:
            self.bars.advance(self.task, steps)


@dataclass(slots=True)
class _Lines:
    """In a file or a log: a line when a part begins to take its time, and when it is done."""

    what: str = ""
    total: int = 0
    done: int = 0
    said: int = -1
    said_at: float = field(default_factory=time.monotonic)

    def begin(self, what: str, total: int) -> None:
        self.what, self.total, self.done, self.said = what, total, 0, -1

    def advance(self, steps: int = 1) -> None:
        self.done += steps
        is_over = self.done >= self.total
        if is_over or time.monotonic() - self.said_at >= LINE_SECONDS:
            self._say()

    def _say(self) -> None:
        if self.said != self.done:
            print(f"{self.what}: {self.done} of {self.total}", file=sys.stderr)  # noqa: T201
            self.said, self.said_at = self.done, time.monotonic()


class _Silence:
    """Where machines read and nobody waits before a screen."""

    def begin(self, what: str, total: int) -> None:
        del what, total

    def advance(self, steps: int = 1) -> None:
        del steps


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Work]:
    """Show work on the error output until the block ends.

    `quiet`: nothing but a bar on a terminal (for `--json`, whose reader wants no other lines).
    """
    if not sys.stderr.isatty():
        yield _Silence() if quiet else _Lines()
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bars:
        yield _Bar(bars)
