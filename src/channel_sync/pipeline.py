"""One message's life: poll → decode → match → merge → decide → save, over a slice of messages.

Read under lock, decide in plain values, write once, then commit the offset. Everything that
applies a message comes through here: the worker, replays, explanations, retries, the demo and
the tests. `poll` is the worker's; `match`, `merge` and `decide` are the core's, message by
message, in `batch.decide_all`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from channel_sync.applied import applied_of
from channel_sync.batch import (
    INTERNAL_ERROR,
    Entry,
    Read,
    TooMuchToSearch,
    decide_all,
    keys_of,
    nameless,
    read_all,
)
from channel_sync.core.welcome import emails_and_guests
from channel_sync.core.world import Missing, World
from channel_sync.errors import DependencyError
from channel_sync.laps import Clocked
from channel_sync.records import Explained, SliceResult
from channel_sync.rows import write_entries
from channel_sync.store.connect import Fault, borrowed, classify
from channel_sync.store.neighbours import load_moved, load_neighbours
from channel_sync.store.properties import load_properties
from channel_sync.store.slices import (
    House,
    Houses,
    PlanChanged,
    Trips,
    load_blocked,
    load_guests,
    load_kept,
    load_plans,
    load_reservations,
    lock_properties,
    save,
)
from channel_sync.wire.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from channel_sync.batch import KeepRaw
    from channel_sync.core.model import Property
    from channel_sync.records import Fence, Record, TodayOf

PLAN_CHANGES = 5
"""How often a slice is decided again because the front desk moved a stay meanwhile."""


async def apply_slice(
    pool: asyncpg.Pool,
    records: tuple[Record, ...],
    *,
    today_of: TodayOf,
    fence: Fence | None = None,
    limits: Limits | None = None,
    houses: Houses | None = None,
    keep_raw: KeepRaw = "all",
) -> SliceResult:
    """Apply the records of one slice in order, in one transaction.

    The first statement is the fence's. What the database refuses as data costs that record
    only: the slice is split until it is found, and parked, without any word of its sender's where
    that is refused too. A slice that would have to search for too many moves is split as well, and
    its parts are transactions of their own.

    Raises:
        Fenced: the partition belongs to another worker; nothing was written.
        asyncpg.PostgresError, OSError: the database cannot be had; nothing was written.
    """
    houses = houses if houses is not None else Houses()
    clock = Clocked()
    reads = await asyncio.to_thread(read_all, records, limits or Limits(), keep_raw)
    clock.lap("decode")
    return await _apply_or_split(pool, reads, today_of, fence, houses, clock)


async def _apply_or_split(
    pool: asyncpg.Pool,
    reads: tuple[Read, ...],
    today_of: TodayOf,
    fence: Fence | None,
    houses: Houses,
    clock: Clocked,
    failed: frozenset[int] = frozenset(),
) -> SliceResult:
    """One transaction for the slice; after a data error, or too long a search, one a half."""
    for _ in range(PLAN_CHANGES):
        try:
            return await _apply_once(pool, reads, today_of, fence, houses, clock, failed)
        except PlanChanged:
            houses.forget(_property_ids(reads))
        except Exception as error:
            houses.forget(_property_ids(reads))
            if not isinstance(error, TooMuchToSearch) and classify(error) is not Fault.DATA:
                raise
            if len(reads) == 1:
                least = (nameless(reads[0]),)
                if reads == least:
                    raise
                one, reads = frozenset({0}), least if failed else reads
                return await _apply_or_split(pool, reads, today_of, fence, houses, clock, one)
            half = len(reads) // 2
            first = await _apply_or_split(pool, reads[:half], today_of, fence, houses, clock)
            second = await _apply_or_split(pool, reads[half:], today_of, fence, houses, clock)
            return first.joined(second)
    raise DependencyError("the rooms changed under every attempt to decide")


async def _apply_once(
    pool: asyncpg.Pool,
    reads: tuple[Read, ...],
    today_of: TodayOf,
    fence: Fence | None,
    houses: Houses,
    clock: Clocked,
    failed: frozenset[int],
) -> SliceResult:
    """Load, decide and save one slice in one transaction."""
    async with borrowed(pool) as connection:
        async with connection.transaction():
            trips = Trips(connection)
            if fence is not None:
                await fence.move(connection, tuple(read.record for read in reads))
                trips.count += 1
            world = await load_world(trips, reads, today_of, houses)
            clock.lap("load")
            entries, before, after = await decide_slice(trips, world, reads, failed)
            clock.lap("decide")
            writes = write_entries(entries, before, after, received_at=datetime.now(UTC))
            await save(trips, writes)
        clock.lap("save")
    for property_id, (version, _, _) in writes.properties.items():
        _keep(houses, after, property_id, version)
    applied = applied_of(entries)
    return SliceResult(
        applied=applied,
        round_trips=trips.count,
        internal_errors=sum(a.outcome_reason == INTERNAL_ERROR for a in applied),
        stages_us=clock.stages_us,
        cpu_us=clock.cpu_us,
        properties={p: version for p, (version, _, _) in writes.properties.items()},
        warnings=sum(len(read.warnings) for read in reads),
    )


async def load_world(
    trips: Trips,
    reads: Sequence[Read],
    today_of: TodayOf,
    houses: Houses,
    retried: int | None = None,
) -> World:
    """Lock the properties of a slice, and load what its revisions are likely to need.

    `retried` is the `parked_id` of a message that is tried again: it does not wait for itself,
    nor for those that were parked after it.
    """
    versions = await lock_properties(trips, _property_ids(reads))
    known: dict[str, Property] = {}
    stale = []
    for property_id, version in versions.items():
        house = houses.kept.get(property_id)
        if house is not None and house.property.version == version:
            known[property_id] = house.property
        else:
            stale.append(property_id)
    if stale:
        trips.count += 1
        for house_loaded in await load_properties(trips.connection, stale):
            known[house_loaded.property_id] = house_loaded
    today = {p: today_of(house.timezone, house.policy.day_starts) for p, house in known.items()}
    plans = {}
    unplanned = {}
    for property_id, house_known in known.items():
        kept = houses.get(property_id, house_known.version, today[property_id])
        if kept is not None:
            plans[property_id] = kept.plan
        else:
            unplanned[property_id] = (house_known, today[property_id])
    plans |= await load_plans(trips, unplanned)
    world = World(
        properties={p: known.get(p) for p in _property_ids(reads)},
        today=today,
        plans=plans,
        most_nights=next((read.most_nights for read in reads), None),
    )
    wanted = keys_of(world, reads)
    keys = list(dict.fromkeys(key for key, _ in wanted))
    references, reservations = await load_reservations(trips, keys)
    world = replace(world, references=references, reservations=reservations)
    revisions = [revision for _, revision in wanted]
    emails, guests = emails_and_guests(world.properties, reservations.values(), revisions)
    return replace(
        world,
        guests=await load_guests(trips, emails, guests),
        kept=await load_kept(trips, wanted),
        blocked=await load_blocked(trips, keys, retried),
    )


async def decide_slice(
    trips: Trips,
    world: World,
    reads: Sequence[Read],
    failed: frozenset[int] = frozenset(),
    only_ordinal: int | None = None,
) -> tuple[list[Entry], World, World]:
    """Decide off the event loop, loading what turns out to be missing; world before and after.

    Nearly always everything is there at once, or after one more round trip.

    Raises:
        RuntimeError: a slice asked for what it had been given.
    """
    asked: set[object] = set()
    while True:
        decided = await asyncio.to_thread(
            decide_all,
            world,
            reads,
            failed=failed,
            only_ordinal=only_ordinal,
        )
        if not isinstance(decided, Missing):
            entries, after = decided
            return entries, await _with_those_moved(trips, world, entries), after
        if decided.wanted <= asked:
            raise RuntimeError("a slice asked for what it had been given")
        asked |= decided.wanted
        references, reservations = await load_reservations(trips, decided.references)
        today = world.today
        houses = {
            p: (house, today[p]) for p in decided.neighbours if (house := world.properties[p])
        }
        world = replace(
            world,
            references={**world.references, **references},
            reservations={**world.reservations, **reservations},
            neighbours={**world.neighbours, **await load_neighbours(trips, houses)},
        )
        emails, guests = emails_and_guests(world.properties, reservations.values())
        found = await load_guests(trips, emails | {*decided.emails}, guests | {*decided.guests})
        world = replace(world, guests=world.guests.joined(found))


async def _with_those_moved(trips: Trips, before: World, entries: Sequence[Entry]) -> World:
    """The world before a slice, with the bookings of which only a stay made room for another."""
    steps = [entry.step for entry in entries if entry.step is not None]
    decided = [(r.property_id, r.reservation_id, d) for step in steps for r, d in step.decisions]
    known = {(property_id, number) for property_id, number, _ in decided}
    moves = [(property_id, moved) for property_id, _, d in decided for moved in d.moves]
    loaded = await load_moved(trips, moves, known | before.reservations.keys())
    return replace(before, reservations={**before.reservations, **loaded})


async def explain_record(
    pool: asyncpg.Pool, record: Record, *, today_of: TodayOf, limits: Limits | None = None
) -> tuple[Explained, ...]:
    """Decide one record as it would be decided now, and write nothing."""
    reads = read_all((record,), limits or Limits())
    async with borrowed(pool) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            trips = Trips(connection)
            world = await load_world(trips, reads, today_of, Houses())
            entries, _, _ = await decide_slice(trips, world, reads)
        finally:
            await transaction.rollback()
    return tuple(
        Explained(
            applied,
            entry.revision,
            entry.read.format,
            entry.read.warnings,
            dict(enumerate(entry.read.sources)).get(entry.ordinal, {}),
            entry.read.dialect,
        )
        for applied, entry in zip(applied_of(entries), entries, strict=True)
    )


def _keep(houses: Houses, after: World, property_id: str, version: int) -> None:
    """Remember a property as it was committed."""
    house = after.properties[property_id]
    if house is not None:
        houses.keep(
            House(
                replace(house, version=version),
                after.plans[property_id],
                after.today[property_id],
            )
        )


def _property_ids(reads: Sequence[Read]) -> list[str]:
    return sorted({revision.property_id for read in reads for revision in read.revisions})
