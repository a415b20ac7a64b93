"""Where the time of a slice went, verb by verb."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clocked:
    """Where the time of a slice went, by verb, in microseconds: on the clock and of CPU.

    CPU is the whole process's, so it tells the truth only while one slice is in hand.
    """

    stages_us: dict[str, int] = field(default_factory=dict)
    cpu_us: dict[str, int] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)
    cpu_since: float = field(default_factory=time.process_time)

    def lap(self, verb: str) -> None:
        """The time since the last lap belongs to this verb."""
        now, cpu = time.perf_counter(), time.process_time()
        self.stages_us[verb] = self.stages_us.get(verb, 0) + int((now - self.since) * 1e6)
        self.cpu_us[verb] = self.cpu_us.get(verb, 0) + int((cpu - self.cpu_since) * 1e6)
        self.since, self.cpu_since = now, cpu
