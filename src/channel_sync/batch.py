"""The middle verbs of the pipeline over one slice: match, merge, decide, message by message."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from channel_sync.core.attend import attend, spell
from channel_sync.core.judge import SetAside
from channel_sync.core.model import Arrival, Completeness
from channel_sync.core.world import (
    Missing,
    Step,
    World,
    apply,
    normalise,
    reference_keys,
)
from channel_sync.wire.decode import Decoded, decode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.scrub import Scrubbed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from channel_sync.core.model import Revision
    from channel_sync.core.world import ReferenceKey
    from channel_sync.records import Record
    from channel_sync.wire.limits import Limits
    from channel_sync.wire.reading import Sources

INTERNAL_ERROR = "internal_error"
"""The reason of a message that is parked because of a fault of ours."""

SLICE_NODES = 500_000
"""How many rooms the searches for moves of one slice may look at, some seconds of work.

The hotels of a slice are locked while it is decided, and the database ends a transaction that
idles for longer than it allows.
"""

OVERTAKEN = frozenset({Completeness.PARTIAL, Completeness.CANCEL_ONLY})
"""What later messages of a booking may not overtake while it is parked."""


KeepRaw: TypeAlias = Literal["all", "parked", "none"]
"""Whose bodies are stored, without card data: of all messages, of parked ones, of none."""


class TooMuchToSearch(Exception):
    """The slice is to be applied in parts: deciding it whole would lock its hotels for too long."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Why a message, or one reservation of it, is parked."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Read:
    """A record as it was decoded: of each reservation a revision, or why it could not be read.

    `most_nights` is the limit that it was read under.
    """

    record: Record
    items: tuple[Revision | Aside, ...]
    format: str
    scrubbed: Scrubbed
    warnings: tuple[str, ...] = ()
    sources: tuple[Sources, ...] = ()
    dialect: str = ""
    keep_raw: KeepRaw = "all"
    most_nights: int | None = None

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """Those of its reservations that could be read."""
        return tuple(item for item in self.items if not isinstance(item, Aside))


@dataclass(frozen=True, slots=True)
class Entry:
    """What one reservation of one record came to: a step, or parked."""

    read: Read
    ordinal: int
    revision: Revision | None
    step: Step | None = None
    aside: Aside | None = None


def read_all(
    records: Sequence[Record], limits: Limits, keep_raw: KeepRaw = "all"
) -> tuple[Read, ...]:
    """Decode every record; what cannot be decoded says why and keeps its scrubbed body."""
    most_nights = limits.stay_nights
    return tuple(
        replace(_read(record, limits), keep_raw=keep_raw, most_nights=most_nights)
        for record in records
    )


def _read(record: Record, limits: Limits) -> Read:
    arrived = Arrival(record.topic, record.partition, record.offset)
    try:
        decoded: Decoded = decode(
            record.body, headers=record.headers, key=record.key, arrived=arrived, limits=limits
        )
    except Unreadable as error:
        scrubbed = error.scrubbed or Scrubbed(None, 0)
        return Read(record, (_aside(error),), error.format_name, scrubbed)
    except Exception as error:  # noqa: BLE001 - a fault of ours costs this message only
        aside = Aside(INTERNAL_ERROR, trace_of(error))
        return Read(record, (aside,), "", Scrubbed(None, 0))
    items = tuple(_aside(item) if isinstance(item, Unreadable) else item for item in decoded.items)
    return Read(
        record,
        items,
        decoded.format,
        decoded.scrubbed,
        decoded.warnings,
        decoded.sources,
        decoded.dialect,
    )


def nameless(read: Read) -> Read:
    """A message of which nothing can be stored but where it came from, its hash and its length."""
    record = replace(read.record, key=None, headers={})
    aside = Aside(INTERNAL_ERROR, "the database refused even to set it aside as it came")
    return Read(record, (aside,), "", Scrubbed(None, 0), keep_raw=read.keep_raw)


def _aside(error: Unreadable) -> Aside:
    return Aside(error.reason.value, error.detail)


def keys_of(world: World, reads: Sequence[Read]) -> list[tuple[ReferenceKey, Revision]]:
    """Every reference that the revisions of a slice may be known by, with its revision."""
    return [
        (key, revision)
        for read in reads
        for revision in read.revisions
        if world.properties.get(revision.property_id) is not None
        for key in reference_keys(normalise(world, revision))
    ]


def decide_all(
    world: World,
    reads: Sequence[Read],
    *,
    failed: frozenset[int] = frozenset(),
    only_ordinal: int | None = None,
) -> tuple[list[Entry], World] | Missing:
    """Decide every revision of a slice in order; each sees the world after the ones before.

    Where something has to be loaded first, it says what, of all properties at once.

    `failed` are the positions of records that the database refused: they are parked.
    `only_ordinal` decides one reservation of each record.

    Raises:
        TooMuchToSearch: the searches looked at more rooms than one slice may, and there are
            more records than one.
    """
    entries: list[Entry] = []
    nodes = 0
    missing: dict[str, Missing] = {}
    for position, read in enumerate(reads):
        for ordinal, revision in enumerate(read.items):
            if only_ordinal is not None and ordinal != only_ordinal:
                continue
            if isinstance(revision, Aside):
                entries.append(Entry(read, ordinal, None, aside=revision))
                continue
            if revision.property_id in missing:
                continue
            step = _decide(world, revision, is_refused=position in failed)
            if isinstance(step, Missing):
                missing[revision.property_id] = step
                continue
            if isinstance(step, Step):
                nodes = _searched(nodes, step, reads)
                world = step.world
                entries.append(Entry(read, ordinal, normalise(world, revision), step))
                continue
            if isinstance(step, SetAside):
                step = Aside(step.reason.value, step.detail)
            known = normalise(world, revision)
            if revision.completeness in OVERTAKEN:
                world = replace(world, blocked=world.blocked | _kin(world, known))
            entries.append(Entry(read, ordinal, known, aside=step))
    return (entries, world) if not missing else _joined(missing.values())


def _searched(nodes: int, step: Step, reads: Sequence[Read]) -> int:
    """How many rooms the searches of the slice looked at, those of this step among them."""
    nodes += sum(decision.nodes for _, decision in step.decisions)
    if nodes > SLICE_NODES and len(reads) > 1:
        raise TooMuchToSearch
    return nodes


def _joined(missing: Collection[Missing]) -> Missing:
    """What several properties are short of, in one."""
    return Missing(
        references=tuple(key for each in missing for key in each.references),
        neighbours=tuple(property_id for each in missing for property_id in each.neighbours),
        emails=tuple(key for each in missing for key in each.emails),
        guests=tuple(key for each in missing for key in each.guests),
    )


def _kin(world: World, revision: Revision) -> set[ReferenceKey]:
    """Every reference of the bookings that a revision speaks of, as `load_blocked` finds them."""
    kin = set(reference_keys(revision))
    for key in tuple(kin):
        number = world.references.get(key)
        if number is not None:
            references = world.reservations[key[0], number].references
            kin |= {(key[0], key[1], reference) for reference in references}
    return kin


def _decide(
    world: World, revision: Revision, *, is_refused: bool
) -> Step | SetAside | Missing | Aside:
    if is_refused:
        return Aside(INTERNAL_ERROR, "the database refused what was decided")
    try:
        spelled = spell(world, revision)
        step = spelled if isinstance(spelled, Missing) else apply(world, spelled)
        return attend(world, step) if isinstance(step, Step) else step
    except Exception as error:  # noqa: BLE001 - the core is pure: only this message is parked
        return Aside(INTERNAL_ERROR, trace_of(error))


def trace_of(error: BaseException) -> str:
    """Where an error arose, without the values that its message may hold."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(
        f"{frame.filename.rpartition('channel_sync/')[2]}:{frame.lineno} {frame.name}"
        for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {where}"
