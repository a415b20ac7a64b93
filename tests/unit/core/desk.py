"""The front desk: what staff do to a stay, with what the database's own triggers make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Literal

from channel_sync.core.evolve import STAY_FIELDS, facts_between
from channel_sync.core.model import (
    ROOM_REASONS,
    Allocation,
    Event,
    Stay,
    StayStatus,
    Task,
    TaskState,
)
from tests.unit.core.hotel import Hotel

OVER = {StayStatus.CHECKED_OUT, StayStatus.NO_SHOW}
BY_STAFF: Literal["staff"] = "staff"


class Refused(Exception):
    """The database refuses what staff asked for."""


def write(hotel: Hotel, reference: str, line: str, **changes: Any) -> Stay:
    """Staff write columns of a stay; what follows from them follows."""
    booking = hotel.booking(reference)
    was = booking.stay(line)
    now = keep_consistent(hotel, booking.reservation_id, was, replace(was, **changes))
    _refuse_leaving_the_pin(hotel, was, now)
    stays = tuple(now if stay.line == line else stay for stay in booking.stays)
    facts = tuple(f for f in facts_between(was, now, STAY_FIELDS) if f.field != "to_place")
    if facts:
        event = Event("edited", line, facts, actor_type=BY_STAFF)
        hotel.events.append((booking.reservation_id, event))
    hotel.put(replace(booking, stays=stays))
    _settle(hotel, reference, was, now)
    return now


def keep_consistent(hotel: Hotel, number: int, was: Stay, now: Stay) -> Stay:
    """The derived columns of a stay after a write of staff."""
    entered = now.status is not was.status
    dates = (now.arrival, now.departure) != (was.arrival, was.departure)
    party = (now.adults, now.children) != (was.adults, was.children)
    given = bool(now.rooms) and (now.rooms != was.rooms or (was.held and not now.held))
    if now.status is StayStatus.CANCELLED:
        now = replace(
            now,
            rooms=(),
            held=False,
            pinned_room=None,
            manual_category_code=None,
            to_place=False,
            cancelled_by=now.cancelled_by or "staff",
        )
    elif now.status in OVER:
        rooms = _until(now.rooms, hotel.today) if entered else now.rooms
        now = replace(now, cancelled_by=None, rooms=rooms, held=False, to_place=False)
    else:
        now = replace(now, cancelled_by=None)
        if given:
            category = hotel.house.category_of(now.rooms[-1].room)
            now = replace(
                now,
                held=False,
                to_place=False,
                room_chosen_by_staff=True,
                manual_category_code=None if category == now.booked_category else category,
            )
        elif now.rooms and dates:
            now = replace(now, rooms=_stretched(hotel, number, was, now))
        if now.status is StayStatus.CONFIRMED and not given and now.arrival >= hotel.today:
            now = replace(now, to_place=now.to_place or dates or party or entered)
    if was.rooms and not now.rooms:
        room = was.current_room(hotel.today)
        now = replace(now, held=False, room_chosen_by_staff=False, last_room=room)
    return now


def _stretched(hotel: Hotel, number: int, was: Stay, now: Stay) -> tuple[Allocation, ...]:
    """The same room for other dates; none where somebody else is in it."""
    start = now.arrival
    past: tuple[Allocation, ...] = ()
    begun = has_begun(hotel, was) and has_begun(hotel, now)
    if begun:
        start, past = max(now.arrival, hotel.today), _until(was.rooms, hotel.today)
    room = was.current_room(hotel.today)
    assert room is not None
    if start >= now.departure:
        return past
    wanted = Allocation(room, start, now.departure)
    if not is_free(hotel, number, was.line, wanted):
        if begun:
            raise Refused("move the guest in house first")
        return ()
    if past and past[-1].room == room and past[-1].to_date == start:
        return (*past[:-1], replace(past[-1], to_date=now.departure))
    return (*past, wanted)


def is_free(hotel: Hotel, number: int, line: str, wanted: Allocation) -> bool:
    """Whether nobody else holds a room on these nights."""
    others = [
        a
        for other, stay in hotel.stays()
        if (other, stay.line) != (number, line)
        for a in stay.rooms
    ]
    return not any(
        a.room == wanted.room and a.from_date < wanted.to_date and wanted.from_date < a.to_date
        for a in (*others, *hotel.blocks)
    )


def _until(rooms: tuple[Allocation, ...], end: date) -> tuple[Allocation, ...]:
    """The allocations of the nights before a day."""
    return tuple(replace(a, to_date=min(a.to_date, end)) for a in rooms if a.from_date < end)


def _refuse_leaving_the_pin(hotel: Hotel, was: Stay, now: Stay) -> None:
    pin = now.pinned_room
    if pin is None or now.held or (pin == was.pinned_room and now.rooms == was.rooms):
        return
    if any(a.to_date > hotel.today and a.room != pin for a in now.rooms):
        raise Refused(f"pinned to {pin}")


def _settle(hotel: Hotel, reference: str, was: Stay, now: Stay) -> None:
    """The tasks that a fact settles."""
    if now.is_cancelled:
        close(hotel, reference, lambda t: t.line == now.line, TaskState.SUPERSEDED)
        if all(stay.is_cancelled for stay in hotel.booking(reference).stays):
            close(hotel, reference, lambda t: t.line is None, TaskState.SUPERSEDED)
        return
    if now.rooms and not now.held and (now.rooms != was.rooms or was.held):
        close(hotel, reference, lambda t: _is_about_room(t, now.line), TaskState.DONE)
    if now.status in OVER and was.status is not now.status:
        close(hotel, reference, lambda t: _is_about_room(t, now.line), TaskState.SUPERSEDED)
    if now.status is StayStatus.CHECKED_IN and was.status is not now.status:
        lines = (now.line, None)
        close(hotel, reference, lambda t: t.notice and t.line in lines, TaskState.SUPERSEDED)


def _is_about_room(task: Task, line: str) -> bool:
    return task.reason in ROOM_REASONS and task.line == line


def close(hotel: Hotel, reference: str, which: Any, state: TaskState) -> None:
    """Close the open tasks of a booking that `which` picks."""
    booking = hotel.booking(reference)
    ending = [task for task in booking.tasks if which(task)]
    hotel.closed += [replace(task, state=state, closed_by="desk") for task in ending]
    hotel.put(replace(booking, tasks=tuple(t for t in booking.tasks if t not in ending)))


# --- what staff ask for -----------------------------------------------------------------


def has_begun(hotel: Hotel, stay: Stay) -> bool:
    is_due = stay.status is StayStatus.CONFIRMED and stay.arrival < hotel.today
    return stay.status is StayStatus.CHECKED_IN or is_due


def move(hotel: Hotel, reference: str, room: str, line: str = "1") -> Stay:
    """Staff give a stay a room, from today on if it has begun."""
    number, stay = hotel.names[reference], hotel.stay(reference, line)
    _refuse_unless(stay, StayStatus.CONFIRMED, StayStatus.CHECKED_IN)
    if stay.pinned_room not in {None, room}:
        raise Refused(f"pinned to {stay.pinned_room}")
    start = max(hotel.today, stay.arrival) if has_begun(hotel, stay) else stay.arrival
    wanted = Allocation(room, start, stay.departure)
    if start >= stay.departure or not is_free(hotel, number, line, wanted):
        raise Refused(f"no night of {room} is to be had")
    kept = _until(stay.rooms, start)
    if kept and kept[-1].room == room:
        kept, wanted = kept[:-1], replace(wanted, from_date=kept[-1].from_date)
    if (*kept, wanted) != stay.rooms or stay.held:
        write(hotel, reference, line, rooms=(*kept, wanted), held=False)
    close(hotel, reference, lambda t: _is_about_room(t, line), TaskState.DONE)
    return hotel.stay(reference, line)


def pin(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    """Staff tie a stay to the room it has."""
    stay = hotel.stay(reference, line)
    _refuse_unless(stay, StayStatus.CONFIRMED, StayStatus.CHECKED_IN)
    ahead = {a.room for a in stay.rooms if a.to_date > hotel.today}
    if stay.held or not stay.rooms or len(ahead) > 1:
        raise Refused("there is no one room to be pinned to")
    return write(hotel, reference, line, pinned_room=stay.current_room(hotel.today))


def unpin(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    return write(hotel, reference, line, pinned_room=None)


def edit(hotel: Hotel, reference: str, line: str = "1", **changes: Any) -> Stay:
    """Staff edit dates, party, price, remarks or note of a stay."""
    stay = hotel.stay(reference, line)
    arrival = changes.get("arrival", stay.arrival)
    if stay.status is StayStatus.CHECKED_IN and arrival > hotel.today:
        raise Refused("a guest in house cannot arrive later")
    return write(hotel, reference, line, **changes)


def edit_booking(hotel: Hotel, reference: str, **changes: Any) -> None:
    """Staff edit what the booking as a whole says."""
    booking = hotel.booking(reference)
    after = replace(booking, **changes)
    facts = facts_between(booking, after, tuple(changes))
    hotel.events.append((booking.reservation_id, Event("edited", None, facts, actor_type=BY_STAFF)))
    hotel.put(after)


def check_in(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    stay = hotel.stay(reference, line)
    _refuse_unless(stay, StayStatus.CONFIRMED)
    needs_room = hotel.house.units(stay.booked_category) is None
    if stay.arrival > hotel.today or (needs_room and not stay.rooms):
        raise Refused("not yet, or no room")
    return write(hotel, reference, line, status=StayStatus.CHECKED_IN, held=False)


def check_out(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    stay = hotel.stay(reference, line)
    if not has_begun(hotel, stay):
        raise Refused("nobody has checked in")
    return write(hotel, reference, line, status=StayStatus.CHECKED_OUT, held=False)


def no_show(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    stay = hotel.stay(reference, line)
    _refuse_unless(stay, StayStatus.CONFIRMED)
    if stay.arrival > hotel.today:
        raise Refused("not yet")
    return write(hotel, reference, line, status=StayStatus.NO_SHOW, held=False)


def cancel(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    stay = hotel.stay(reference, line)
    if stay.status in {StayStatus.CANCELLED, StayStatus.CHECKED_OUT}:
        raise Refused("nothing to cancel")
    return write(hotel, reference, line, status=StayStatus.CANCELLED, held=False)


def reinstate(hotel: Hotel, reference: str, line: str = "1") -> Stay:
    """Staff take their own cancel or no-show back."""
    stay = hotel.stay(reference, line)
    _refuse_unless(stay, StayStatus.CANCELLED, StayStatus.NO_SHOW)
    if stay.cancelled_by == "channel" or stay.departure < hotel.today:
        raise Refused("the channel cancelled it, or it is over")
    return write(
        hotel,
        reference,
        line,
        status=StayStatus.CONFIRMED,
        rooms=(),
        manual_category_code=None,
        pinned_room=None,
        to_place=True,
    )


def add_stay(hotel: Hotel, reference: str, stay: Stay) -> None:
    """Staff add a stay of their own to a booking."""
    booking = hotel.booking(reference)
    assert stay.base is None
    facts = facts_between(None, stay, STAY_FIELDS)
    event = Event("booked", stay.line, facts, actor_type=BY_STAFF)
    hotel.events.append((booking.reservation_id, event))
    hotel.put(replace(booking, stays=(*booking.stays, stay)))


def block(hotel: Hotel, room: str, start: date, end: date) -> None:
    """A room out of order: stays that have not begun leave it and are placed anew."""
    wanted = Allocation(room, start, end)
    if any(b.room == room and b.from_date < end and start < b.to_date for b in hotel.blocks):
        raise Refused("blocked already")
    touched = [
        (number, stay)
        for number, stay in hotel.stays()
        if any(
            a.room == room and max(a.from_date, hotel.today) < end and start < a.to_date
            for a in stay.rooms
        )
    ]
    if any(has_begun(hotel, stay) for _, stay in touched):
        raise Refused("a guest is in house there")
    for number, stay in touched:
        write(hotel, hotel.bookings[number].reference, stay.line, rooms=(), to_place=True)
    hotel.blocks.append(wanted)
    hotel.reload()


def _refuse_unless(stay: Stay, *allowed: StayStatus) -> None:
    if stay.status not in allowed:
        raise Refused(f"the stay is {stay.status}")
