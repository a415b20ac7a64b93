"""How the cost of some work grows with its size: a ratio, which a busy machine does not change."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 8
"""How much larger the larger size is: linear work costs 8 times as much, quadratic 64 times."""

MOST = 22.0
"""Above this ratio, as far from the one as from the other, work is taken for more than linear."""

LEAST_SECONDS = 0.002
"""What costs less than this is too short to be measured, and short enough."""


def growth(work: Callable[[int], object], size: int) -> float:
    """The CPU time of `work(8 * size)` over that of `work(size)`, the least of several runs each.

    They take turns: a neighbour that slows this machine down for a while slows down both.
    """
    small, large = [], []
    for _ in range(3):
        small += [cpu_seconds(work, size) for _ in range(TIMES // 2)]
        large.append(cpu_seconds(work, TIMES * size))
    return min(large) / max(min(small), LEAST_SECONDS)


def cpu_seconds(work: Callable[[int], object], size: int) -> float:
    """The CPU time of one run in this thread."""
    started = time.thread_time()
    work(size)
    return time.thread_time() - started
