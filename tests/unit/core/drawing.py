"""Room plans, drawn: a hotel is read from one and drawn as one.

    room     | 01  02  03  04
    DBL 101  | A   A   .   b!
    DBL 102  | .   C2  C2  x
    DBL -    | D   D   .   .

A letter is a booking, a digit after it a line other than the first. Small: the room is only held.
`!`: pinned to it. `x`: blocked. `-` instead of a room: waits for one. `101/3` holds three.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from channel_sync.core.model import (
    Allocation,
    Basis,
    Header,
    Line,
    Order,
    Policy,
    Reason,
    Reservation,
    Stay,
    StayStatus,
    Task,
)
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import CHANNEL, HOTEL, TODAY, day, property_of

WAITING = "-"
TOKEN = re.compile(r"([A-Za-z]+?)(\d?)(!?)$")


def rows_of(drawn: str) -> Iterator[tuple[str, str, int, dict[int, str]]]:
    """Category, room, capacity, and what stands under each day, row by row."""
    head, *rows = [row for row in drawn.strip().splitlines() if row.strip()]
    days = [int(number) for number in head.split("|")[1].split()]
    for row in rows:
        label, cells = row.split("|")
        category, room = label.split()
        room, _, capacity = room.partition("/")
        marks = {d: m for d, m in zip(days, cells.split(), strict=True) if m != "."}
        yield category, room, int(capacity or 2), marks


def hotel(
    drawn: str,
    *,
    booked: dict[str, str] | None = None,
    adults: dict[str, int] | None = None,
    policy: Policy | None = None,
    units: dict[str, int] | None = None,
    mapping: dict[str, str] | None = None,
    today: date = TODAY,
) -> Hotel:
    """The hotel of a drawn plan, every booking known at revision 1.

    `booked` is the category sold of those who are in a room of another one by hand; `adults`
    where they are not two. Both by mark ("A", "A2").
    """
    rooms: dict[str, list[tuple[str, int]]] = {}
    for category, room, capacity, _ in rows_of(drawn):
        rooms.setdefault(category, [])
        if room != WAITING:
            rooms[category].append((room, capacity))
    house = property_of(rooms, policy=policy, units=units, mapping=mapping)
    made = Hotel(house, today=today)
    nights: dict[str, list[tuple[int, str, str]]] = {}
    for category, room, _, marks in rows_of(drawn):
        for number, mark in marks.items():
            if mark == "x":
                made.blocks.append(Allocation(room, day(number), day(number + 1)))
            else:
                nights.setdefault(mark, []).append((number, category, room))
    bookings: dict[str, list[Stay]] = {}
    for mark, held in sorted(nights.items()):
        reference, own, pinned = parse(mark)
        name = reference + (own if own != "1" else "")
        stay = _stay(made, mark, own, sorted(held), (booked or {}).get(name))
        if pinned:
            stay = replace(stay, pinned_room=stay.rooms[0].room)
        many = (adults or {}).get(name, 2)
        assert stay.base is not None
        stay = replace(stay, adults=many, base=replace(stay.base, adults=many))
        bookings.setdefault(reference, []).append(stay)
    for count, (reference, stays) in enumerate(sorted(bookings.items()), start=1):
        made.put(known(count, reference, *stays))
    return made


def parse(mark: str) -> tuple[str, str, bool]:
    """The reference, the line and the pin of a mark."""
    found = TOKEN.match(mark)
    assert found, mark
    return found[1].upper(), found[2] or "1", bool(found[3])


def known(number: int, reference: str, *stays: Stay, **more: Any) -> Reservation:
    """A booking that the channel's first revision made."""
    order = Order(Basis.REVISION, 1)
    waiting = [stay for stay in stays if stay.is_waiting()]
    fields: dict[str, Any] = {
        "base": Header(),
        "stays": stays,
        "status_order": order,
        "content_order": order,
        "tasks": tuple(
            Task(Reason.PINNED_ROOM_CONFLICT if s.pinned_room else Reason.NO_ROOM, s.line)
            for s in waiting
        ),
    }
    return Reservation(HOTEL, number, CHANNEL, reference, (reference,), **(fields | more))


def _stay(
    made: Hotel, mark: str, number: str, held: list[tuple[int, str, str]], booked: str | None
) -> Stay:
    """A stay of the nights that bear its mark."""
    first, last = held[0][0], held[-1][0]
    rooms: list[Allocation] = []
    for night, _, room in held:
        if room == WAITING:
            continue
        if rooms and rooms[-1].room == room and rooms[-1].to_date == day(night):
            rooms[-1] = replace(rooms[-1], to_date=day(night + 1))
        else:
            rooms.append(Allocation(room, day(night), day(night + 1)))
    category = held[-1][1]
    sold = booked or category
    base = Line(
        channel_line=number,
        category_code=sold,
        category=sold,
        arrival=day(first),
        departure=day(last + 1),
        adults=2,
    )
    by_hand = category if rooms and category != sold else None
    return Stay(
        line=number,
        status=StayStatus.CONFIRMED,
        arrival=day(first),
        departure=day(last + 1),
        adults=2,
        booked_category=sold,
        manual_category_code=by_hand,
        held=mark[0].islower(),
        rooms=tuple(rooms),
        room_chosen_by_staff=by_hand is not None,
        base=base,
    )


def mark_of(reference: str, stay: Stay) -> str:
    """How a stay is drawn."""
    name = reference.lower() if stay.held else reference
    pinned = "!" if stay.pinned_room is not None and stay.rooms else ""
    return name + (stay.line if stay.line != "1" else "") + pinned


def drawn(made: Hotel, like: str) -> str:
    """The plan as it is now, with the rows and the days of another drawing."""
    head = next(row for row in like.strip().splitlines() if row.strip())
    days = [int(number) for number in head.split("|")[1].split()]
    lines = []
    for category, room, _, _ in rows_of(like):
        cells = [_cell(made, category, room, number) for number in days]
        lines.append(f"{category} {room} | " + " ".join(cells))
    return "\n".join(lines)


def _cell(made: Hotel, category: str, room: str, number: int) -> str:
    night = day(number)
    if any(b.room == room and b.from_date <= night < b.to_date for b in made.blocks):
        return "x"
    marks = []
    for owner, stay in made.stays():
        waits = stay.is_waiting() and not stay.rooms and stay.booked_category == category
        here = (
            waits and stay.arrival <= night < stay.departure
            if room == WAITING
            else stay.room_on(night) == room
        )
        if here:
            marks.append(mark_of(made.bookings[owner].reference, stay))
    return "+".join(sorted(marks)) or "."


def plain(like: str) -> str:
    """A drawing without its ornaments, to compare."""
    head = next(row for row in like.strip().splitlines() if row.strip())
    days = [int(number) for number in head.split("|")[1].split()]
    return "\n".join(
        f"{category} {room} | " + " ".join(marks.get(number, ".") for number in days)
        for category, room, _, marks in rows_of(like)
    )


def assert_plan(made: Hotel, like: str) -> None:
    """The hotel's plan is the one drawn."""
    assert drawn(made, like) == plain(like)
