"""Loads what a slice of messages needs as values, and writes what was decided, in bulk."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from channel_sync.core.model import Allocation, Basis, Guest, Guests, Kept, Order
from channel_sync.core.plan import Layout, Plan
from channel_sync.errors import ChannelSyncError
from channel_sync.store.codec import read_guest, read_reservation
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import asyncpg

    from channel_sync.core.model import EmailKey, GuestKey, Property, Reservation, Revision
    from channel_sync.core.world import ReferenceKey, ReservationKey

SQL = statements("slice")

DAYS_BEHIND = 1
"""How far before today a plan is loaded: a hotel's day may turn while a slice is decided."""


@dataclass(slots=True)
class Trips:
    """A connection that counts the statements it sends, so that a slice's cost stays known."""

    connection: asyncpg.Connection
    count: int = 0

    async def fetch(self, name: str, *values: object) -> list[asyncpg.Record]:
        """The rows of a statement of `slice.sql`."""
        self.count += 1
        rows: list[asyncpg.Record] = await self.connection.fetch(SQL[name], *values)
        return rows

    async def execute(self, name: str, *values: object) -> int:
        """Run a statement of `slice.sql`; the number of rows it touched."""
        self.count += 1
        status: str = await self.connection.execute(SQL[name], *values)
        return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class House:
    """A property with its plan as loaded on some day, valid while the version stands."""

    property: Property
    plan: Plan
    loaded_for: date


@dataclass(slots=True)
class Houses:
    """The properties seen last, to spare loading them again while nobody changed them."""

    most: int = 1_000
    kept: dict[str, House] = field(default_factory=dict)

    def get(self, property_id: str, version: int, today: date) -> House | None:
        """The house as kept, if its version is this one and its plan reaches back to today."""
        house = self.kept.get(property_id)
        if house is None or house.property.version != version or house.loaded_for > today:
            return None
        return house

    def keep(self, house: House) -> None:
        """Remember a house as it was committed, forgetting the oldest beyond the limit."""
        self.kept.pop(house.property.property_id, None)
        self.kept[house.property.property_id] = house
        while len(self.kept) > self.most:
            self.kept.pop(next(iter(self.kept)))

    def forget(self, property_ids: Iterable[str]) -> None:
        """Drop what may no longer be true."""
        for property_id in property_ids:
            self.kept.pop(property_id, None)


async def lock_properties(trips: Trips, property_ids: Sequence[str]) -> dict[str, int]:
    """Lock the properties that exist, in order of id; their versions."""
    rows = await trips.fetch("lock_properties", sorted(property_ids))
    return {row["property_id"]: row["version"] for row in rows}


async def load_plans(trips: Trips, wanted: Mapping[str, tuple[Property, date]]) -> dict[str, Plan]:
    """The room plans of these properties from the day before the date beside each on."""
    if not wanted:
        return {}
    starts = [today - timedelta(days=DAYS_BEHIND) for _, today in wanted.values()]
    rows = await trips.fetch("load_plans", list(wanted), starts)
    plans = {}
    for row in rows:
        layout = Layout.of(wanted[row["property_id"]][0])
        held = {_ordinal(night): layout.mask(rooms) for night, rooms in orjson.loads(row["nights"])}
        promised = {
            (number, line): Allocation(room, date.fromisoformat(start), date.fromisoformat(end))
            for number, line, room, start, end in orjson.loads(row["promised"])
        }
        counted = {
            (number, line): (code, _ordinal(start), _ordinal(end))
            for number, line, code, start, end in orjson.loads(row["counted"])
        }
        plans[row["property_id"]] = Plan(layout, held, promised, counted)
    return plans


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


async def load_reservations(
    trips: Trips, keys: Sequence[ReferenceKey]
) -> tuple[dict[ReferenceKey, int | None], dict[ReservationKey, Reservation]]:
    """The reservations that ever bore these references, locked; None for an unknown reference."""
    if not keys:
        return {}, {}
    rows = await trips.fetch("load_reservations", *_columns(keys))
    references: dict[ReferenceKey, int | None] = {}
    reservations: dict[ReservationKey, Reservation] = {}
    for row in rows:
        references[row["property_id"], row["channel"], row["reference"]] = row["reservation_id"]
        if row["reservation"] is not None:
            reservation = read_reservation(row["reservation"])
            reservations[reservation.property_id, reservation.reservation_id] = reservation
    return references, reservations


async def load_kept(
    trips: Trips, revisions: Sequence[tuple[ReferenceKey, Revision]]
) -> dict[ReservationKey, tuple[Kept, ...]]:
    """What is kept of earlier revisions that bear the id or the content of one of these."""
    if not revisions:
        return {}
    keys = _columns([key for key, _ in revisions])
    ids = [revision.message_id for _, revision in revisions]
    hashes = [revision.content_hash for _, revision in revisions]
    kept: dict[ReservationKey, list[Kept]] = defaultdict(list)
    for row in await trips.fetch("load_kept", *keys, ids, hashes):
        order = Order(Basis(row["basis"]), int(row["value"]), row["source"])
        kept[row["property_id"], row["reservation_id"]].append(
            Kept(row["message_id"], order, row["content_hash"])
        )
    return {key: tuple(found) for key, found in kept.items()}


async def load_blocked(
    trips: Trips, keys: Sequence[ReferenceKey], before: int | None = None
) -> frozenset[ReferenceKey]:
    """The references behind a parked partial or cancel-only message of their booking.

    `before`: only behind those parked before this one (`parked_id`).
    """
    if not keys:
        return frozenset()
    rows = await trips.fetch("load_blocked", *_columns(keys), before)
    return frozenset((r["property_id"], r["channel"], r["reference"]) for r in rows)


async def load_guests(
    trips: Trips, emails: Collection[EmailKey], ids: Collection[GuestKey]
) -> Guests:
    """The guests known under these e-mails, those of these ids, and whom they were merged into."""
    if not emails and not ids:
        return Guests()
    rows = await trips.fetch(
        "load_guests",
        [property_id for property_id, _ in emails],
        [key for _, key in emails],
        [property_id for property_id, _ in ids],
        [number for _, number in ids],
    )
    by_id: dict[GuestKey, Guest] = {}
    under: dict[EmailKey, tuple[int, ...]] = dict.fromkeys(emails, ())
    for row in rows:
        guest = read_guest(row["guest"])
        by_id[guest.property_id, guest.guest_id] = guest
        for named in {guest.email_key, guest.separated_from}:
            key = (guest.property_id, named or "")
            if key in under:
                under[key] = (*under[key], guest.guest_id)
    return Guests(by_id, under)


def _columns(keys: Sequence[ReferenceKey]) -> tuple[list[str], list[str], list[str]]:
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]


@dataclass(slots=True)
class Writes:
    """The rows of one slice, collected while it is decided and written together."""

    guests: dict[GuestKey, dict[str, Any]] = field(default_factory=dict)
    guest_history: list[dict[str, Any]] = field(default_factory=list)
    reservations: dict[ReservationKey, dict[str, Any]] = field(default_factory=dict)
    references: dict[ReferenceKey, int] = field(default_factory=dict)
    stays_before: list[dict[str, Any]] = field(default_factory=list)
    stays: list[dict[str, Any]] = field(default_factory=list)
    new_stays: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    new_tasks: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    parked: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    """Version, last reservation id and whether the planner has to look, by property."""

    def last_guest_id(self, property_id: str) -> int:
        """The highest number of a guest written for a property; 0 for none."""
        return max((number for of, number in self.guests if of == property_id), default=0)


class PlanChanged(ChannelSyncError):
    """Somebody moved a stay while it was decided upon: decide again."""

    def __init__(self) -> None:
        super().__init__("somebody moved a stay meanwhile: try again")


async def save(trips: Trips, writes: Writes) -> None:
    """Write a slice: rooms left before rooms taken, a statement a table.

    Raises:
        PlanChanged: a stay is no longer in the rooms that were decided upon.
    """
    if writes.guests:
        guests = [writes.guests[key] for key in sorted(writes.guests)]
        await _insert(trips, "release_email_keys", guests)
        await _insert(trips, "save_guests", guests)
        await _insert(trips, "save_guest_history", writes.guest_history)
    await _insert(trips, "save_reservations", list(writes.reservations.values()))
    if writes.references:
        await trips.execute(
            "save_references",
            *_columns(list(writes.references)),
            list(writes.references.values()),
        )
    if writes.stays:
        moved = await trips.execute("update_stays", _json(writes.stays), _json(writes.stays_before))
        if moved != len(writes.stays):
            raise PlanChanged
    await _insert(trips, "insert_stays", writes.new_stays)
    await _insert(trips, "save_history", writes.history)
    await _insert(trips, "update_tasks", writes.tasks)
    await _insert(trips, "open_tasks", writes.new_tasks)
    await _insert(trips, "save_kept", writes.kept)
    await _insert(trips, "save_messages", writes.messages)
    await _insert(trips, "save_parked", writes.parked)
    if writes.properties:
        versions, numbers, due = zip(*writes.properties.values(), strict=True)
        await trips.execute(
            "bump_properties",
            *(list(writes.properties), list(versions), list(numbers), list(due)),
            [writes.last_guest_id(property_id) for property_id in writes.properties],
        )


async def _insert(trips: Trips, statement: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await trips.execute(statement, _json(rows))


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
