"""Shows how far long work has come: a bar on a terminal, plain lines elsewhere; never on stdout."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID

LINE_SECONDS = 5.0
"""Between two lines, and before the first: a log is not flooded, and short work says nothing."""


class Work(Protocol):
    """Long work that tells how far it has come."""

    def begin(self, what: str, total: int) -> None:
        """A part of the work begins: what it is, and how many steps it has."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the part in hand are done."""


@dataclass(slots=True)
class Bar:
    """On a terminal."""

    bars: Progress
    task: TaskID | None = None

    def begin(self, what: str, total: int) -> None:
        """A bar in place of the last."""
        if self.task is not None:
            self.bars.remove_task(self.task)
        self.task = self.bars.add_task(what, total=total)

    def advance(self, steps: int = 1) -> None:
        """The bar grows."""
        if self.task is not None:
            self.bars.advance(self.task, steps)


@dataclass(slots=True)
class Lines:
    """In a file or a log: a line now and then, and a last one where there was a first."""

    write: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    what: str = ""
    total: int = 0
    done: int = 0
    has_spoken: bool = False
    said_at: float = field(default=0.0)

    def begin(self, what: str, total: int) -> None:
        """Says nothing yet."""
        self.what, self.total, self.done, self.has_spoken = what, total, 0, False
        self.said_at = self.clock()

    def advance(self, steps: int = 1) -> None:
        """Says so if it is long since the last line, or the end of work that was spoken of."""
        self.done += steps
        is_over = self.done >= self.total
        if (is_over and self.has_spoken) or self.clock() - self.said_at >= LINE_SECONDS:
            self.write(f"{self.what}: {self.done} of {self.total}\n")
            self.has_spoken, self.said_at = True, self.clock()


@dataclass(slots=True)
class Silence:
    """For a reader that wants nothing but results."""

    def begin(self, what: str, total: int) -> None:
        """Says nothing."""

    def advance(self, steps: int = 1) -> None:
        """Says nothing."""


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Work]:
    """Show work on the error output until the block ends.

    `quiet`: nothing but a bar on a terminal (for `--json`, whose reader wants no other lines).
    """
    if not sys.stderr.isatty():
        yield Silence() if quiet else Lines(sys.stderr.write)
        return
    with _bars() as bars:
        yield Bar(bars)


def _bars() -> Progress:
    """Imports what draws only where there is something to draw on."""
    from rich import progress as drawn  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    return drawn.Progress(
        drawn.TextColumn("{task.description}"),
        drawn.BarColumn(),
        drawn.MofNCompleteColumn(),
        drawn.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
