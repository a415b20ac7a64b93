"""All that happened to a property's bookings, in the order of `property.version`."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from channel_sync.core.model import Outcome
from channel_sync.rebuild.guests import TASKS, is_about_guests
from channel_sync.rebuild.kept import BookingRow, Kept, sort_out
from channel_sync.records import Record
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    import asyncpg

SQL = statements("rebuild")

PLANNER = "system"
SETTLED = {"done": "accepted", "dismissed": "dismissed"}
"""The event that the settling of a task leaves in history, by the task's state."""
VERBS = {"accepted": "accept", "dismissed": "dismiss"}
"""The function that settles a task, by what the task says of it."""
IN_SEVERAL_ROWS = frozenset({"booked", "room_added", "amended", "split"})
"""Events of staff of which one call may write several rows."""
FOLLOWS = frozenset({"released"})
"""Events of staff that follow from a change of the hotel, and come again with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One reservation of one message, to be decided again on its day."""

    record: Record
    ordinal: int
    today: date
    reservation_id: int | None
    is_alone: bool
    """Whether all of its record is told with it: then records can be told together."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of history."""

    version: int
    reservation_id: int
    line: str | None
    at: datetime
    actor_type: str
    actor: str
    event: str
    facts: Mapping[str, list[Any]]
    reason: str
    rule: str
    message_id: str | None
    revision: str | None
    today: date


@dataclass(frozen=True, slots=True)
class Edit:
    """What staff did to a booking by one call, or by one plan of the program: all its rows."""

    rows: tuple[Row, ...]
    today: date


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of history to be written as they stand: of bookings that cannot be decided again."""

    rows: tuple[Row, ...]
    today: date


@dataclass(frozen=True, slots=True)
class Settled:
    """A task that staff accepted or dismissed, or did by leaving a stay in the room it has.

    `verb` is then what they did with the stay: "moved" or "amended".
    """

    reservation_id: int
    line: str | None
    reason: str
    verb: str
    actor: str
    why: str | None
    today: date


@dataclass(frozen=True, slots=True)
class Look:
    """A look of the planner that changed something."""

    today: date


@dataclass(frozen=True, slots=True)
class Hotel:
    """What the hotel was from here on: its rows, by table."""

    rows: Mapping[str, Any]
    today: date


Step: TypeAlias = "Message | Edit | Facts | Settled | Look | Hotel"
Place: TypeAlias = "tuple[object, ...]"
"""Version first; at one version, who wrote it stands before those who only met it."""

WROTE, MET, TOLD_APART, LOOKED = 1, 5, 6, 7


@dataclass(slots=True)
class Tape:
    """The steps in order, the bookings they are about, and those that cannot be told again."""

    steps: list[Step]
    bookings: dict[int, BookingRow]
    apart: dict[int, str] = field(default_factory=dict)
    """Reservations that are not compared, each with the reason."""


async def load_tape(connection: asyncpg.Connection, property_id: str) -> Tape:
    """Read the tape of a property, within the caller's transaction."""
    messages = await connection.fetch(SQL["load_messages"], property_id)
    rows = [
        Row(**{**row, "facts": json.loads(row["facts"])})
        for row in await connection.fetch(SQL["load_history"], property_id)
        if row["reservation_id"] is not None
        and not is_about_guests(row["event"], json.loads(row["facts"]))
    ]
    hotels = await connection.fetch(SQL["load_hotels"], property_id)
    looks = await connection.fetch(SQL["load_looks"], property_id)
    settled = await connection.fetch(SQL["load_settled"], property_id)
    bookings = {
        row["reservation_id"]: BookingRow(**row)
        for row in await connection.fetch(SQL["load_bookings"], property_id)
    }
    for row in messages:
        _remember(bookings, row)
    began = hotels[0]["version"] if hotels else 0
    kept = sort_out(bookings, messages, rows, began)
    placed: list[tuple[Place, Step]] = [
        ((hotel["version"], 0), Hotel(json.loads(hotel["hotel"]), hotel["today"]))
        for hotel in hotels
    ]
    placed += [((look["version"], LOOKED), Look(look["today"])) for look in looks]
    placed += _messages(property_id, messages, rows, kept)
    placed += _history(rows, kept, settled, {look["at"]: look["version"] for look in looks})
    placed.sort(key=lambda pair: pair[0])
    return Tape([step for _, step in placed], bookings, kept.apart)


def _remember(bookings: dict[int, BookingRow], message: asyncpg.Record) -> None:
    """A booking of which no row is left is known by its messages."""
    number = message["reservation_id"]
    if number is not None and number not in bookings:
        channel, reference = message["channel"], message["reference"]
        bookings[number] = BookingRow(number, channel, reference, None, [reference], [])


def _messages(
    property_id: str, messages: Iterable[asyncpg.Record], rows: Iterable[Row], kept: Kept
) -> Iterator[tuple[Place, Step]]:
    written = {row.version: row.message_id for row in rows}
    ordinals: dict[tuple[object, ...], int] = defaultdict(int)
    for row in messages:
        ordinals[_record_key(row)] += 1
    for number, row in enumerate(messages):
        if not kept.is_played(row):
            continue
        # A repeat bears the id of what wrote, and may have begun to wait for the hotel before it.
        is_repeat = row["outcome"] == Outcome.DUPLICATE
        wrote = row["message_id"] and written.get(row["version"]) == row["message_id"]
        place = (row["version"], WROTE if wrote and not is_repeat else MET, number)
        alone = ordinals[_record_key(row)] == 1 and row["ordinal"] == 0
        record = _record(row, property_id)
        yield place, Message(record, row["ordinal"], row["today"], row["reservation_id"], alone)


def _record_key(row: asyncpg.Record) -> tuple[object, ...]:
    return row["topic"], row["partition"], row["offset"], row["recorded_at"]


def _record(row: asyncpg.Record, property_id: str) -> Record:
    """As it was consumed, but for card data and headers that say nothing to a decoder."""
    said = {"format": row["format"], "dialect": row["dialect"], "property": property_id}
    return Record(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        recorded_at=row["recorded_at"],
        body=row["body"].encode(),
        headers={name: value for name, value in said.items() if value},
    )


def _history(
    rows: list[Row],
    kept: Kept,
    settled: Iterable[asyncpg.Record],
    looks: Mapping[datetime, int],
) -> Iterator[tuple[Place, Step]]:
    tasks = {(task["reservation_id"], task["closed_at"]): task for task in settled}
    told: set[tuple[int, datetime]] = set()
    calls: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        key = (row.reservation_id, row.at)
        if kept.is_of_played(row) or _comes_again(row, kept):
            continue
        if row.reservation_id in kept.apart or row.actor_type != "staff":
            yield _place_apart(row, looks), Facts((row,), row.today)
        elif key in tasks and row.event == SETTLED[tasks[key]["state"]]:
            if tasks[key]["reason"] in TASKS:
                yield (row.version, WROTE), Facts((row,), row.today)
            elif key not in told:
                yield (row.version, WROTE), _settled(tasks[key], row)
            told.add(key)
        else:
            calls[_call_of(row)].append(row)
    for call in calls.values():
        yield (call[0].version, WROTE), Edit(tuple(call), call[0].today)
    for key, task in tasks.items():
        before = [row for row in rows if row.at <= key[1]]
        if key not in told and key[0] not in kept.apart and before:
            # It changed nothing but the task.
            yield (before[-1].version, MET, key[1].timestamp()), _settled(task, before[-1])


def _call_of(row: Row) -> tuple[object, ...]:
    """What the rows of one call share, and no row of another."""
    if row.rule:  # only the program names one: what it wrote at once may have to be, again
        return (row.at,)
    if row.event in IN_SEVERAL_ROWS:
        return row.at, row.reservation_id, row.event, row.actor
    return (row.version,)


def _comes_again(row: Row, kept: Kept) -> bool:
    """Whether a row follows from a change of the hotel, or from a look of the planner."""
    if row.actor_type == "staff":
        return row.event in FOLLOWS
    is_planned = row.actor_type == PLANNER and row.message_id is None
    return is_planned and row.reservation_id not in kept.apart


def _place_apart(row: Row, looks: Mapping[datetime, int]) -> Place:
    """What the planner did to a booking that is told by its facts stands before its look."""
    seen = looks.get(row.at) if row.actor_type == PLANNER else None
    return (row.version, WROTE) if seen is None else (seen, TOLD_APART, row.version)


def _settled(task: asyncpg.Record, row: Row) -> Settled:
    actor, _, did = task["closed_by"].rpartition(" (")
    did = did.removesuffix(")")
    is_told = row.at == task["closed_at"]
    why = row.reason if is_told and row.reason != task["reason"] else None
    return Settled(
        reservation_id=task["reservation_id"],
        line=task["line"],
        reason=task["reason"],
        verb=VERBS.get(did, did),
        actor=actor,
        why=why,
        today=row.today,
    )
