"""A hotel drawn as a room plan, in a database; and the plan of that database, drawn again.

    room     | 01  02  03  04
    DBL 101  | A   A   .   B
    DBL 102  | .   #   #   .
    wait DBL | .   C   C   .

Columns are nights of April 2026. A letter is a booking's reference (line "1"), "#" a block. A row
`wait CATEGORY` holds stays without a room.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg

from channel_sync.property_file import parse_property
from channel_sync.store.properties import load_property

PROPERTY = "seaview"
FREE = "."
BLOCKED = "#"


def april(day: int) -> date:
    return date(2026, 4, 1) + timedelta(days=day - 1)


def drawn(text: str) -> str:
    """A drawing without its indentation and superfluous spaces, to compare by."""
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    return "\n".join(line for line in lines if not line.startswith("wait"))


@dataclass(slots=True)
class House:
    """One drawn hotel. `connection` is a superuser's, in the schema, in no role."""

    connection: asyncpg.Connection
    days: list[int]
    rooms: list[tuple[str, str]]
    ids: dict[str, int] = field(default_factory=dict)

    async def today(self, day: int) -> None:
        """Sets the day for this connection, as replays do."""
        await self.connection.execute(
            "SELECT set_config('channel_sync.today', $1, false)", april(day).isoformat()
        )

    async def as_worker(self, statement: str, *arguments: object) -> None:
        """Writes as the worker does: no trigger of staff facts fires."""
        async with self.connection.transaction():
            await self.connection.execute("SET LOCAL ROLE channel_sync_worker")
            await self.connection.execute(statement, *arguments)

    async def book(
        self, reference: str, category: str, nights: dict[int, str | None], **columns: Any
    ) -> None:
        """Makes a booking of one stay; `nights` says the room of each, None for none."""
        reservation_id = self.ids.setdefault(reference, len(self.ids) + 1)
        rooms: list[dict[str, str]] = []
        for day, room in sorted(nights.items()):
            leaves = april(day + 1).isoformat()
            if room is not None and rooms and rooms[-1]["room"] == room:
                rooms[-1]["to_date"] = leaves
            elif room is not None:
                rooms.append({"room": room, "from_date": april(day).isoformat(), "to_date": leaves})
        row = {
            "property_id": PROPERTY,
            "reservation_id": reservation_id,
            "line": "1",
            "status": "confirmed",
            "arrival": april(min(nights)).isoformat(),
            "departure": april(max(nights) + 1).isoformat(),
            "adults": 2,
            "children": [],
            "guest_names": [],
            "booked_category": category,
            "held": False,
            "room_chosen_by_staff": False,
            "to_place": False,
            "rooms": rooms,
            **columns,
        }
        await self.as_worker(
            "INSERT INTO reservation (property_id, reservation_id, channel, reference)"
            " VALUES ($1, $2, 'booking.com', $3) ON CONFLICT DO NOTHING",
            *(PROPERTY, reservation_id, reference),
        )
        await self.as_worker(
            "INSERT INTO reservation_reference VALUES ($1, 'booking.com', $2, $3)"
            " ON CONFLICT DO NOTHING",
            *(PROPERTY, reference, reservation_id),
        )
        await self.as_worker(
            "INSERT INTO stay SELECT * FROM jsonb_populate_record(NULL::stay, $1::jsonb)",
            json.dumps(row),
        )

    async def ask(
        self, reference: str, reason: str, *, line: str | None = "1", notice: bool = False,
        changes: list[dict[str, Any]] | None = None,
    ) -> int:  # fmt: skip
        """Opens a task as the worker does; returns its id."""
        details = json.dumps({"changes": changes or []})
        task_id: int = await self.connection.fetchval(
            "INSERT INTO task (property_id, reservation_id, line, reason, notice, details)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING task_id",
            *(PROPERTY, self.ids[reference], line, reason, notice, details),
        )
        return task_id

    async def call(self, function: str, **arguments: object) -> Any:
        """Calls a staff function as a PMS does, and says what it answers; the actor is anna unless
        said.
        """
        named = {"property_id": PROPERTY, "actor": "anna", **arguments}
        parameters = ", ".join(f"{name} => ${i}" for i, name in enumerate(named, 1))
        async with self.connection.transaction():
            await self.connection.execute("SET LOCAL ROLE channel_sync_pms")
            return await self.connection.fetchval(
                f"SELECT {function}({parameters})", *named.values()
            )

    async def stay(self, reference: str, line: str = "1") -> asyncpg.Record:
        row: asyncpg.Record | None = await self.connection.fetchrow(
            "SELECT v.*, s.last_room, s.to_place, s.manual_category_code, s.cancelled_by,"
            " s.room_chosen_by_staff FROM v_stay v"
            " JOIN reservation r USING (property_id, reference)"
            " JOIN stay s USING (property_id, reservation_id, line)"
            " WHERE property_id = $1 AND reference = $2 AND line = $3",
            *(PROPERTY, reference, line),
        )
        assert row is not None
        return row

    async def task(self, task_id: int) -> asyncpg.Record:
        row: asyncpg.Record | None = await self.connection.fetchrow(
            "SELECT * FROM v_task WHERE task_id = $1", task_id
        )
        assert row is not None
        return row

    async def history(self) -> list[asyncpg.Record]:
        """What was written since the house was drawn, in order."""
        rows: list[asyncpg.Record] = await self.connection.fetch(
            "SELECT * FROM v_history WHERE property_id = $1 ORDER BY version, field", PROPERTY
        )
        return rows

    async def plan(self) -> str:
        """The room plan as the database has it, as `drawn` puts it."""
        held: dict[tuple[str, date], str] = {
            (row["room"], row["night"]): row["holder"]
            for row in await self.connection.fetch(
                "SELECT n.room, n.night, coalesce(r.reference, '#') AS holder FROM room_night n"
                " LEFT JOIN reservation r USING (property_id, reservation_id)"
                " WHERE n.property_id = $1",
                PROPERTY,
            )
        }
        lines = ["room | " + " ".join(f"{day:02d}" for day in self.days)]
        for category, room in self.rooms:
            nights = " ".join(held.get((room, april(day)), FREE) for day in self.days)
            lines.append(f"{category} {room} | {nights}")
        return "\n".join(lines)


async def build(
    connection: asyncpg.Connection, drawing: str, *, today: int = 1, **booked: str
) -> House:
    """Makes the hotel of a drawing; `booked` says the category of a booking if not its room's."""
    head, *rows = [line for line in drawing.strip().splitlines() if line.strip()]
    days = [int(day) for day in head.partition("|")[2].split()]
    house = House(connection, days, [])
    nights: dict[str, dict[int, str | None]] = defaultdict(dict)
    categories: dict[str, str] = {}
    blocks = []
    for row in rows:
        name, _, cells = row.partition("|")
        category, room = name.split()
        if category == "wait":
            category, number = room, None
        else:
            number = room
            house.rooms.append((category, room))
        for day, cell in zip(days, cells.split(), strict=True):
            if cell == BLOCKED:
                blocks.append({"room": room, "from": april(day), "to": april(day + 1)})
            elif cell != FREE:
                nights[cell][day] = number
                categories.setdefault(cell, booked.get(cell, category))
    await _make_property(connection, house.rooms, blocks)
    await house.today(today)
    for reference in sorted(nights):
        await house.book(reference, categories[reference], nights[reference])
    return house


async def _make_property(
    connection: asyncpg.Connection, rooms: list[tuple[str, str]], blocks: list[dict[str, Any]]
) -> None:
    capacities = {"DBL": 2, "SUI": 4}
    codes: dict[str, list[str]] = {}
    for category, room in rooms:
        codes.setdefault(category, []).append(room)
    described = {
        "property": PROPERTY,
        "name": "Sea View",
        "timezone": "Europe/Lisbon",
        "currency": "EUR",
        "categories": [
            {"code": code, "capacity": capacities.get(code, 2), "rooms": numbers}
            for code, numbers in codes.items()
        ],
        "blocks": blocks,
    }
    await load_property(connection, parse_property(described))
