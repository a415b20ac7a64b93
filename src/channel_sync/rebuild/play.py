"""Plays a tape into a database: messages decided again, edits told again, in their order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from channel_sync.batch import read_all
from channel_sync.clock import FixedToday
from channel_sync.errors import Refused
from channel_sync.pipeline import decide_slice, load_world
from channel_sync.planner import plan_property
from channel_sync.rebuild.facts import tell_facts
from channel_sync.rebuild.retell import MAKES_A_BOOKING, retell, settle
from channel_sync.rebuild.tape import Edit, Facts, Hotel, Look, Message, Settled, Step, Tape
from channel_sync.rows import write_entries
from channel_sync.store.slices import Houses, PlanChanged, Trips, save
from channel_sync.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from channel_sync.rebuild.tape import Row
    from channel_sync.wire.limits import Limits

SQL = statements("rebuild")

SLICE = 200
"""Messages told in one transaction, at most; how many are in one makes no difference."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A step that could not be told again, and why."""

    booking: str
    what: str
    why: str


@dataclass(slots=True)
class Player:
    """Tells one property again, on a connection with the worker's rights."""

    connection: asyncpg.Connection
    property_id: str
    tape: Tape
    limits: Limits
    day: date | None = None
    untold: list[Untold] = field(default_factory=list)

    async def play(self, told: Callable[[int], None]) -> None:
        """Tell all of it; `told` hears of every so many steps. What cannot be told is kept."""
        for steps in _pieces(self.tape.steps):
            await self._set_day(steps[0].today)
            await self._tell(steps)
            told(len(steps))

    async def _set_day(self, day: date) -> None:
        if day != self.day:
            await self.connection.execute(SQL["set_day"], day.isoformat())
            self.day = day

    async def _tell(self, steps: Sequence[Step]) -> None:
        """One piece in one transaction; several messages that fail are told one by one."""
        try:
            async with self.connection.transaction():
                await self._tell_once(steps)
        except (asyncpg.PostgresError, Refused, PlanChanged, KeyError, ValueError) as error:
            if isinstance(error, asyncpg.PostgresError) and error.sqlstate[:2] not in {
                *("22", "23", "CS"),
            }:
                raise
            if len(steps) > 1:
                for step in steps:
                    await self._tell([step])
            else:
                self._note(steps[0], error)

    async def _tell_once(self, steps: Sequence[Step]) -> None:
        match steps[0]:
            case Message():
                await self._decide([step for step in steps if isinstance(step, Message)])
            case Edit(rows=rows) as edit:
                if rows[0].rule or not await self._retell(edit):
                    await self._facts(rows, edit.today)
            case Facts(rows=rows, today=today):
                await self._facts(rows, today)
            case Settled() as settled:
                number, _ = await self._find(settled.reservation_id)
                await settle(self.connection, self.property_id, number, settled)
            case Look(today=today):
                apart = frozenset(self.tape.apart)
                calendar = FixedToday(today)
                await plan_property(
                    self.connection, self.property_id, today_of=calendar, apart=apart
                )
            case Hotel(rows=hotel):
                await _become(self.connection, self.property_id, hotel)

    async def _decide(self, messages: Sequence[Message]) -> None:
        """Through the pipeline, as when they came."""
        first = messages[0]
        reads = read_all([message.record for message in messages], self.limits)
        trips = Trips(self.connection)
        calendar = FixedToday(first.today)
        world = await load_world(trips, reads, calendar, Houses())
        only = None if first.is_alone else first.ordinal
        entries, before, after = await decide_slice(trips, world, reads, only_ordinal=only)
        if not entries:
            raise Refused("it is not in its message any more")
        await save(trips, write_entries(entries, before, after, received_at=datetime.now(UTC)))

    async def _retell(self, edit: Edit) -> bool:
        if edit.rows[0].event == MAKES_A_BOOKING:
            return await retell(self.connection, self.property_id, None, edit.rows)
        found = await self._find(edit.rows[0].reservation_id)
        return await retell(self.connection, self.property_id, found, edit.rows)

    async def _facts(self, rows: Sequence[Row], today: date) -> None:
        await tell_facts(self.connection, self.property_id, rows, self.tape.bookings, today)

    async def _find(self, reservation_id: int) -> tuple[int, str]:
        """The number of a booking here, and a reference that finds it whatever else bears it."""
        booking = self.tape.bookings[reservation_id]
        found = await self.connection.fetch(
            SQL["find_booking"], self.property_id, booking.channel, list(booking.reference_list)
        )
        if not found:
            raise Refused("no message made the booking")
        return found[0]["reservation_id"], f"{found[0]['channel']}/{found[0]['reference']}"

    def _note(self, step: Step, error: Exception) -> None:
        number, what = _about(step)
        booking = self.tape.bookings[number].name if number is not None else "the hotel"
        self.untold.append(Untold(booking, what, str(error) or type(error).__name__))


def _about(step: Step) -> tuple[int | None, str]:
    match step:
        case Message(record=record):
            where = f"{record.topic}/{record.partition}@{record.offset}"
            return step.reservation_id, f"message {where}"
        case Edit(rows=rows) | Facts(rows=rows):
            return rows[0].reservation_id, f"{rows[0].event} by {rows[0].actor}"
        case Settled():
            return step.reservation_id, f"{step.verb} task {step.reason} by {step.actor}"
        case Look():
            return None, "a look of the planner"
        case Hotel():
            return None, "a change of the hotel"


def _pieces(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Messages of one day that follow each other go together, all else by itself."""
    piece: list[Step] = []
    for step in steps:
        joins = isinstance(step, Message) and step.is_alone
        if piece and (not joins or piece[0].today != step.today or len(piece) == SLICE):
            yield piece
            piece = []
        if joins:
            piece.append(step)
        else:
            yield [step]
    if piece:
        yield piece


async def _become(
    connection: asyncpg.Connection, property_id: str, hotel: Mapping[str, object]
) -> None:
    """Make the hotel what it was; what follows for bookings, the triggers see to."""
    await connection.execute(SQL["act_as_owner"])
    rows = {table: json.dumps(value) for table, value in hotel.items()}
    await connection.execute(SQL["save_hotel_property"], rows["property"])
    await connection.execute(SQL["drop_hotel_blocks"], property_id, rows["block"])
    await connection.execute(SQL["save_hotel_categories"], rows["category"])
    await connection.execute(SQL["save_hotel_rooms"], rows["room"])
    await connection.execute(SQL["drop_hotel_rooms"], property_id, rows["room"])
    await connection.execute(SQL["drop_hotel_categories"], property_id, rows["category"])
    await connection.execute(SQL["save_hotel_channels"], rows["channel"])
    await connection.execute(SQL["drop_hotel_channels"], property_id, rows["channel"])
    await connection.execute(SQL["save_hotel_blocks"], rows["block"])
