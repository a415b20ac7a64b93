"""What goes into the pipeline and what comes out of it: consumed messages, applied messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    import asyncpg

    from channel_sync.core.model import Outcome, Revision


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it was consumed, from Kafka or from a file.

    `recorded_at` is the time that Kafka stamped (aware UTC); `headers` are decoded as UTF-8,
    undecodable ones left out.
    """

    topic: str
    partition: int
    offset: int
    recorded_at: datetime
    body: bytes
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """One value that a message changed, fit to be shown: nothing of what guests are or wrote.

    `line` is the stay, None for the booking as a whole. `old` and `new` are None for no value;
    `is_hidden` says that the values are not for showing.
    """

    line: str | None
    field: str
    old: str | None
    new: str | None
    is_hidden: bool = False

    @property
    def where(self) -> str:
        """What changed: a stay, or the booking."""
        return "booking" if self.line is None else f"stay {self.line}"

    def __str__(self) -> str:
        """The change as a line for people."""
        if self.is_hidden:
            return f"{self.where}: {self.field} changed"
        return f"{self.where}: {self.field} {self.old or 'none'} → {self.new or 'none'}"


@dataclass(frozen=True, slots=True)
class Applied:
    """What one reservation of one record became.

    `ordinal` counts the reservations of a record from 0. `outcome_reason` are the rules that
    decided or the reason of a parked message, `outcome_detail` what exactly is wrong with it.
    `changes` are the values that changed, `why` what
    was decided about rooms in sentences, `rules` the rules that decided, `tasks` the reasons of
    the tasks opened or renewed. None of them names a guest.
    """

    record: Record
    ordinal: int
    outcome: Outcome
    outcome_reason: str = ""
    outcome_detail: str = ""
    property_id: str = ""
    channel: str | None = None
    reference: str | None = None
    message_id: str | None = None
    changes: tuple[Told, ...] = ()
    why: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """What a record would become, and what was read in it.

    `sources` are the canonical fields with the paths they were read from; empty where the message
    was canonical.
    """

    applied: Applied
    revision: Revision | None
    format: str
    warnings: tuple[str, ...] = ()
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What one slice became; `stages_us` and `cpu_us` say where the time went, by verb."""

    applied: tuple[Applied, ...]
    round_trips: int = 0
    internal_errors: int = 0
    stages_us: Mapping[str, int] = field(default_factory=dict)
    cpu_us: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, int] = field(default_factory=dict)
    """The properties written to, with their new version."""
    warnings: int = 0
    """Remarks of the decoders on messages that were read all the same."""

    def joined(self, later: SliceResult) -> SliceResult:
        """What two parts of a slice became; one clock ran for both."""
        return SliceResult(
            applied=(*self.applied, *later.applied),
            round_trips=self.round_trips + later.round_trips,
            internal_errors=self.internal_errors + later.internal_errors,
            stages_us=later.stages_us,
            cpu_us=later.cpu_us,
            properties={**self.properties, **later.properties},
            warnings=self.warnings + later.warnings,
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """A property that the planner looked at, and its version since."""

    property_id: str
    version: int


class Fence(Protocol):
    """Moves a partition's offset row as the first statement of a slice's transaction."""

    async def move(self, connection: asyncpg.Connection, records: tuple[Record, ...]) -> None:
        """Claims the records of this slice, or raises `Fenced` where the partition was lost."""


class TodayOf(Protocol):
    """Says the property-local date of a decision."""

    def __call__(self, timezone: str, day_starts: str) -> date:
        """Return the date in this zone, the previous day before `day_starts` ("04:00")."""
