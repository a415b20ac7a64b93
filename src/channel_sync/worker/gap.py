"""Whether the log has a gap where a partition goes on, or the client stands elsewhere than sought.

The database says where to go on and nothing else can tell a record passed over from one that was
never there: offsets have gaps of their own (compaction, commit markers of a producer).
"""

from __future__ import annotations


class Gap:
    """Believed of the second seek to one offset within one assignment, not of the first."""

    def __init__(self) -> None:
        self._sought: tuple[int, int] | None = None
        self._doubted: tuple[int, int] | None = None

    def sought(self, offset: int, *, generation: int) -> None:
        """The client was told to go on at `offset`, within that assignment of the group."""
        self._sought = (offset, generation)

    def is_doubtful(self, first: int) -> bool:
        """Whether to seek once more, having been given `first` as the first record of a fetch.

        Only of the first fetch after a seek: what follows it, the client gives in order.
        """
        sought, self._sought = self._sought, None
        if sought is None or first == sought[0]:
            return False
        doubted, self._doubted = self._doubted, sought
        return doubted != sought
