"""People at the desk: staff functions called at random, each as a PMS calls it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg

from bench.traffic import CATEGORIES
from channel_sync.assign import assign
from channel_sync.errors import Refused
from channel_sync.parked import retry_parked
from channel_sync.records import TodayOf
from channel_sync.store.connect import Fault, classify

REFUSALS = ("CS001", "CS002")
"""What the functions say no with, in a sentence for people."""
RULED_OUT = ("23505", "23514")
"""What the database says to who writes tables: of a room that is held, of a stay called off."""
AGAIN = ("40P01", "40001")
"""A deadlock that another won: whoever meets one asks again."""

STAYS = """
    SELECT channel || '/' || reference AS reference, line, arrival, departure, status
    FROM v_stay WHERE property_id = $1 ORDER BY channel, reference, line
"""
OPEN_TASKS = """
    SELECT task_id, jsonb_array_length(proposals) AS proposals FROM v_task
    WHERE property_id = $1 AND state = 'open' ORDER BY task_id
"""

PARKED_OF = (
    "SELECT parked_id FROM parked WHERE property_id = $1 AND state = 'parked' ORDER BY parked_id"
)

Call = tuple[str, dict[str, object]]
"""A function, and its arguments beside property and actor."""


@dataclass(slots=True)
class Desk:
    """One person: a connection of role `channel_sync_pms`, and a pool for what is no SQL.

    Acts on the days around `today`. `done` and `refused` count by function, `again` deadlocks;
    `faults` must stay empty. What a database that is away raises is raised.
    """

    connection: asyncpg.Connection
    pool: asyncpg.Pool
    today: date
    hotels: list[str]
    rooms: list[str]
    seed: int
    today_of: TodayOf
    actor: str = field(init=False)
    chance: random.Random = field(init=False)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.actor = f"person {self.seed}"
        self.chance = random.Random(self.seed)

    async def act(self) -> None:
        """One thing, on one booking or room of one hotel."""
        hotel = self.chance.choice(self.hotels)
        stays = await self.connection.fetch(STAYS, hotel)
        if not stays:
            return
        if self.chance.random() < PARKED:
            await self._retry(hotel)
            return
        if self.chance.random() < TASKS:
            await self._settle(hotel)
            return
        stay = self.chance.choice(stays)
        if self.chance.random() < BY_HAND:
            await self._write_by_hand(hotel, stay)
            return
        count = 2 if self.chance.random() < TOGETHER else 1
        makers = self.chance.choices(list(ACTS), list(ACTS.values()), k=count)
        await self._call(hotel, *(make(self, stay) for make in makers))

    async def _write_by_hand(self, hotel: str, stay: asyncpg.Record) -> None:
        """As a PMS does that may write tables: nobody has locked the property."""
        change, value = self.chance.choice([
            ("staff_note = $1", f"by hand {self.chance.randrange(99)}"),
            ("adults = $1", self.chance.randrange(1, 3)),
            ("departure = $1", self.day(stay["departure"], 1, 2)),
            ("rooms = ARRAY[($1, arrival, departure)::allocation]", self.chance.choice(self.rooms)),
        ])  # fmt: skip
        channel, _, reference = stay["reference"].partition("/")
        await self._try(
            f"UPDATE {change}",
            lambda: self.connection.execute(
                f"UPDATE stay SET {change} WHERE property_id = $2 AND line = $3 AND"
                " reservation_id = (SELECT reservation_id FROM reservation r"
                " WHERE r.property_id = $2 AND r.channel = $4 AND r.reference = $5)",
                *(value, hotel, stay["line"], channel, reference),
            ),
            allowed=(*REFUSALS, *RULED_OUT),
        )

    async def _retry(self, hotel: str) -> None:
        parked = await self.pool.fetch(PARKED_OF, hotel)
        if parked:
            who: dict[str, Any] = {"today_of": self.today_of, "actor": self.actor}
            number = self.chance.choice(parked)["parked_id"]
            await self._try("retry", lambda: retry_parked(self.pool, number, **who))

    async def _settle(self, hotel: str) -> None:
        tasks = await self.connection.fetch(OPEN_TASKS, hotel)
        if not tasks:
            return
        task = self.chance.choice(tasks)
        verb = self.chance.choice(["accept_task", "dismiss_task", "assign", "assign"])
        if verb != "assign":
            await self._call(hotel, (verb, {"task_id": task["task_id"]}))
            return
        who: dict[str, Any] = {"today_of": self.today_of, "actor": self.actor}
        choice: dict[str, Any] = {"room": self.chance.choice(self.rooms)}
        if task["proposals"] and self.chance.random() < 0.8:
            choice = {"proposal": self.chance.randrange(task["proposals"]) + 1}
        await self._try(
            verb,
            lambda: assign(self.pool, task_id=task["task_id"], property_id=hotel, **who, **choice),
        )

    async def _call(self, hotel: str, *calls: Call) -> None:
        """All of them in one transaction."""

        async def call() -> None:
            async with self.connection.transaction():
                for name, arguments in calls:
                    named = {"property_id": hotel, "actor": self.actor, **arguments}
                    parameters = ", ".join(f"{one} => ${i}" for i, one in enumerate(named, 1))
                    await self.connection.execute(f"SELECT {name}({parameters})", *named.values())

        await self._try(" and ".join(name for name, _ in calls), call, str((hotel, *calls)))

    async def _try(
        self,
        name: str,
        call: Callable[[], Awaitable[object]],
        said: str = "",
        allowed: tuple[str, ...] = REFUSALS,
    ) -> None:
        try:
            await call()
        except Refused:
            self.refused[name] += 1
        except asyncpg.PostgresError as error:
            if error.sqlstate in allowed:
                self.refused[name] += 1
            elif error.sqlstate in AGAIN:
                self.again[name] += 1
            else:
                self._note(error, f"{name} {said}: {error.sqlstate} {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
            self._note(error, f"{name} {said}: {error!r}")
        else:
            self.done[name] += 1

    def _note(self, error: Exception, fault: str) -> None:
        if classify(error) is Fault.TRANSIENT:
            raise error
        self.faults.append(fault)

    def day(self, around: date, before: int = 2, after: int = 5) -> date:
        """A day near another."""
        return around + timedelta(days=self.chance.randint(-before, after))


def _of(stay: asyncpg.Record, **others: object) -> dict[str, object]:
    return {"reference": stay["reference"], "line": stay["line"], **others}


def _plainly(name: str) -> Callable[[Desk, asyncpg.Record], Call]:
    return lambda _, stay: (name, _of(stay))


def _move(desk: Desk, stay: asyncpg.Record) -> Call:
    start = desk.day(stay["arrival"], 0) if desk.chance.random() < 0.2 else None
    return "move_stay", _of(stay, room=desk.chance.choice(desk.rooms), from_date=start)


def _edit(desk: Desk, stay: asyncpg.Record) -> Call:
    arrival = desk.day(stay["arrival"], 2, 2)
    changes: dict[str, object] = desk.chance.choice([
        {"departure": desk.day(stay["departure"], 2, 3).isoformat()},
        {"arrival": arrival.isoformat(), "departure": desk.day(arrival, -1, 6).isoformat()},
        {"adults": desk.chance.randrange(1, 4), "children": [5]},
        {"comments": f"by hand {desk.chance.randrange(99)}", "amount": "123.40"},
        {"booker_name": "Ada Desk", "contact_email": f"desk{desk.chance.randrange(9)}@example.org"},
        {"booking_comments": "late", "staff_note": "likes quiet"},
    ])  # fmt: skip
    return "edit_stay", _of(stay, changes=json.dumps(changes))


def _cancel(desk: Desk, stay: asyncpg.Record) -> Call:
    return "cancel_stay", _of(stay) if desk.chance.random() < 0.7 else {
        "reference": stay["reference"]
    }


def _lightly(desk: Desk, stay: asyncpg.Record) -> Call:
    """What moves nobody by itself."""
    of = {"reference": stay["reference"]}
    policies = ["keep_manual", "follow_channel", "freeze_room", None]
    return desk.chance.choice([
        ("note_stay", _of(stay, staff_note=f"note {desk.chance.randrange(99)}")),
        ("set_policy", {**of, "ota_room_policy": desk.chance.choice(policies)}),
        ("set_invoice_contact", {**of, "contact": json.dumps({"name": "Firm"})}),
    ])  # fmt: skip


def _room_line(desk: Desk) -> dict[str, object]:
    arrival = desk.day(desk.today, 1, 20)
    said: dict[str, object] = {
        "arrival": arrival.isoformat(),
        "departure": desk.day(arrival, -1, 5).isoformat(),
        "adults": desk.chance.randrange(1, 3),
        "amount": "99.90",
    }
    if desk.chance.random() < 0.3:
        return {**said, "room": desk.chance.choice(desk.rooms)}
    return {**said, "category": desk.chance.choice(list(CATEGORIES))}


def _book(desk: Desk, _: asyncpg.Record) -> Call:
    number = desk.chance.randrange(12)
    booker = {
        "first_name": desk.chance.choice(["Ada", "Ben"]),
        "last_name": f"Person{number}",
        "email": f"person{number}@example.org",
    }
    line = json.dumps({**_room_line(desk), "units": 1})
    return "book_stay", {"room_line": line, "booker": json.dumps(booker)}


def _add_room(desk: Desk, stay: asyncpg.Record) -> Call:
    return "add_room", {"reference": stay["reference"], "room_line": json.dumps(_room_line(desk))}


def _amend(desk: Desk, stay: asyncpg.Record) -> Call:
    line = _room_line(desk)
    kept = desk.chance.sample(sorted(line), desk.chance.randrange(1, len(line)))
    return "amend_stay", _of(stay, room_line=json.dumps({key: line[key] for key in kept}))


def _split(desk: Desk, stay: asyncpg.Record) -> Call:
    room = desk.chance.choice([None, desk.chance.choice(desk.rooms)])
    return "split_stay", _of(stay, from_date=desk.day(stay["arrival"], 0, 4), room=room)


def _block(desk: Desk, _: asyncpg.Record) -> Call:
    start = desk.day(desk.today, 1, 20)
    room = desk.chance.choice(desk.rooms)
    return "block_room", {"room": room, "from_date": start, "to_date": desk.day(start, 0, 4)}


def _unblock(desk: Desk, _: asyncpg.Record) -> Call:
    start = desk.chance.choice([None, desk.day(desk.today, 1, 20)])
    end = None if start is None else desk.day(start, 0, 6)
    room = desk.chance.choice(desk.rooms)
    return "unblock_room", {"room": room, "from_date": start, "to_date": end}


def _guest(desk: Desk, stay: asyncpg.Record) -> Call:
    of = {"reference": stay["reference"]}
    other = f"#{desk.chance.randrange(1, 40)}"
    number = desk.chance.randrange(99)
    email = f"person{number % 12}@example.org"
    return desk.chance.choice([
        ("edit_guest", {**of, "changes": json.dumps({"phone": f"+3512100{number}"})}),
        ("edit_guest", {**of, "changes": json.dumps({"email": email})}),
        ("split_guest", of),
        ("split_guest", {**of, "name": "Eve Ono", "email": f"eve{number}@example.org"}),
        ("set_main_guest", {**of, "to_guest": other}),
        ("merge_guests", {**of, "into_guest": other}),
        ("merge_guests", {"reference": other, "into_guest": stay["reference"]}),
        ("unmerge_guest", {"reference": other}),
        ("restore_guest", of),
        ("restore_guest", {**of, "field": "phone"}),
        ("block_guest", {**of, "blocked": number % 2 == 0}),
    ])  # fmt: skip


PARKED = 0.02
"""How often a person tries a parked message again."""
TASKS = 0.2
"""How often a person looks at what is asked."""
BY_HAND = 0.03
"""How often one writes a table."""
TOGETHER = 0.08
"""How often two things are one transaction."""

ACTS: dict[Callable[[Desk, asyncpg.Record], Call], int] = {
    _move: 14,
    _plainly("pin_stay"): 9,
    _plainly("unpin_stay"): 4,
    _edit: 12,
    _plainly("check_in"): 5,
    _plainly("check_out"): 3,
    _plainly("mark_no_show"): 2,
    _cancel: 3,
    _plainly("reinstate_stay"): 4,
    _lightly: 9,
    _book: 5,
    _add_room: 3,
    _amend: 5,
    _split: 5,
    _block: 4,
    _unblock: 3,
    _guest: 14,
}
