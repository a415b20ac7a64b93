"""How the cost of some work grows with its size: a ratio, which a busy machine does not change."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 4
"""How much larger the larger size is: linear work costs 4 times as much, quadratic 16 times."""

MOST = 9.0
"""Above this ratio the work is taken for more than proportional."""

LEAST_SECONDS = 0.002
"""What costs less than this is too short to be measured, and short enough."""


def growth(work: Callable[[int], object], size: int) -> float:
    """The CPU time of `work(4 * size)` over that of `work(size)`, each the best of three."""
    return cpu_seconds(work, TIMES * size) / max(cpu_seconds(work, size), LEAST_SECONDS)


def cpu_seconds(work: Callable[[int], object], size: int) -> float:
    """The least CPU time of this thread, of three runs."""
    taken = []
    for _ in range(3):
        started = time.thread_time()
        work(size)
        taken.append(time.thread_time() - started)
    return min(taken)
