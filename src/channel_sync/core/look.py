"""How much one look of the planner may search for moves; the rest is left to the next look."""

from __future__ import annotations

from dataclasses import dataclass, field

from channel_sync.core.plan import StayKey


class NotThisTime(Exception):
    """The look has searched enough, or searched for this booking already: a later one goes on."""


@dataclass(slots=True)
class Look:
    """How many rooms a look may still look at, in all its searches, and for whom it searched.

    `done` are the stays searched for by earlier looks at the house as it is; `is_cut_short`
    says that somebody was left to the next look.
    """

    nodes: int
    done: frozenset[StayKey] = frozenset()
    searched: set[StayKey] = field(default_factory=set)
    is_cut_short: bool = False

    def begin(self, key: StayKey) -> None:
        """A search for this stay is about to begin.

        Raises:
            NotThisTime: it has been searched for already, or the look has searched enough.
        """
        if key in self.searched:
            return
        if key in self.done:
            raise NotThisTime
        if self.nodes <= 0:
            self.is_cut_short = True
            raise NotThisTime
        self.searched.add(key)
