"""The laws that hold after every message and every look of the planner."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

from channel_sync.core.begun import Standing, standing
from channel_sync.core.match import pair_lines
from channel_sync.core.merge import (
    HEADER_ASPECTS,
    LINE_ASPECTS,
    _as_held,
    base_after,
    category_change,
    merge_header,
    merge_line,
    overlay_header,
)
from channel_sync.core.model import (
    ROOM_REASONS,
    Basis,
    Decision,
    Header,
    Line,
    Outcome,
    Reason,
    Reservation,
    Revision,
    Said,
    Stay,
    StayStatus,
)
from channel_sync.core.plan import Plan, StayKey
from channel_sync.core.world import Step, apply
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import HOTEL

TAKEN = {Outcome.CREATED, Outcome.MODIFIED, Outcome.UNCHANGED, Outcome.REINSTATED}


@dataclass(frozen=True, slots=True)
class Before:
    """The hotel as it stood before something happened."""

    bookings: dict[int, Reservation]

    @classmethod
    def of(cls, hotel: Hotel) -> Before:
        return cls(dict(hotel.bookings))


def hold(hotel: Hotel, before: Before, revision: Revision, step: Step) -> None:
    """All laws that speak of one message."""
    converged(hotel, revision, step)
    repeated_without_effect(hotel, revision, step)
    for after, decision in step.decisions:
        was = before.bookings.get(after.reservation_id)
        if was is not None:
            for stay in was.stays:
                staff_survive(hotel, was, stay, after.stay(stay.line), decision)
            staff_of_booking_survive(was, after)
            took_what_changed(hotel, was, after)
    touched = {after.reservation_id for after, _ in step.decisions}
    moved = {m.reservation_id for _, decision in step.decisions for m in decision.moves}
    for number, was in before.bookings.items():
        if number in moved:
            made_room(hotel, was, hotel.bookings[number])
        elif number not in touched:
            assert hotel.bookings[number] == was, "a neighbour was touched"
    in_order(hotel)
    carried_as_loaded(hotel.world.plans[HOTEL], hotel.plan(), hotel.today)
    assert hotel.world.neighbours.get(HOTEL, hotel.neighbours()) == hotel.neighbours()


def in_order(hotel: Hotel) -> None:
    """All laws that speak of the state alone."""
    nobody_shares_a_room(hotel)
    for booking in hotel.bookings.values():
        tasks_are_single(booking)
        for stay in booking.stays:
            waits_with_a_task(hotel, booking, stay)


# --- 1 Convergence ----------------------------------------------------------------------


def converged(hotel: Hotel, revision: Revision, step: Step) -> None:
    """After a revision is taken, nothing is left of it to take."""
    if step.outcome not in TAKEN or revision.said is Said.CANCELLED:
        return
    booking = step.decisions[0][0]
    base = booking.base or Header()
    assert merge_header(base, overlay_header(base, revision.header), booking) == ()
    pairing = pair_lines(booking.stays, revision.lines or (), hotel.today)
    assert not [line for line in pairing.new_lines if line.is_live], "a line was not taken"
    for stay, line in pairing.pairs:
        assert stay.base is not None
        if line.is_live and not stay.is_cancelled:
            theirs = base_after(hotel.house, booking.channel, stay, line)
            assert merge_line(stay.base, theirs, stay) == ()
            assert category_change(stay, theirs) is None


def took_what_changed(hotel: Hotel, was: Reservation, after: Reservation) -> None:
    """What the channel changed on a stay that has not begun is what the hotel holds now."""
    for stay in after.stays:
        earlier = next((s for s in was.stays if s.line == stay.line), None)
        if earlier is None or earlier.base is None or stay.base is None:
            continue
        if standing(earlier, hotel.today) is not Standing.AHEAD:
            continue
        for names in LINE_ASPECTS.values():
            if values(names, stay.base) != values(names, earlier.base):
                assert values(names, stay) == values(names, stay.base), names
        if stay.is_cancelled or stay.base.category_code == earlier.base.category_code:
            continue
        if stay.base.category is not None:
            assert stay.booked_category == stay.base.category
        elif stay.departure > max(stay.arrival, hotel.today):
            asked = {task.reason for task in after.tasks if task.line == stay.line}
            assert Reason.UNMAPPED_CATEGORY in asked, "a code is not mapped, and nobody is asked"


def values(
    names: tuple[str, ...], holder: Line | Header | Stay | Reservation
) -> tuple[object, ...]:
    """Fields that count as one value, nothing and empty alike."""
    return _as_held(names, tuple(getattr(holder, name) for name in names))


# --- 2 Idempotence ----------------------------------------------------------------------


def repeated_without_effect(hotel: Hotel, revision: Revision, taken: Step) -> None:
    """The same revision again, under its own id or another one, yields no event.

    What has no order but its arrival, and was not the last word, is under another id a new one.
    """
    later = replace(revision.arrived, offset=hotel.offset + 1)
    last_word = taken.outcome is not Outcome.DUPLICATE
    message_id = revision.message_id
    if revision.order.basis is not Basis.ARRIVAL or last_word:
        message_id = "repeated"
    step = apply(hotel.world, replace(revision, arrived=later, message_id=message_id))
    assert isinstance(step, Step)
    assert [d.events for _, d in step.decisions] == [()], ("a repeat was written", step.outcome)
    for after, _ in step.decisions:
        assert after.stays == hotel.bookings[after.reservation_id].stays


# --- 4 Staff survive --------------------------------------------------------------------


def staff_survive(
    hotel: Hotel, was: Reservation, earlier: Stay, stay: Stay, decision: Decision
) -> None:
    """What staff set stays, unless the channel changed it or a named row says otherwise."""
    assert stay.staff_note == earlier.staff_note
    base, now = earlier.base, stay.base
    if base is None or now is None:
        assert stay == earlier or earlier.base is None
        return
    for names in LINE_ASPECTS.values():
        if values(names, now) == values(names, base):
            assert values(names, stay) == values(names, earlier), names
    if earlier.is_cancelled or stay.is_cancelled:
        return
    if standing(earlier, hotel.today) is not Standing.AHEAD:
        never_moved(hotel, earlier, stay)
        return
    assert stay.pinned_room == earlier.pinned_room
    if stay.pinned_room is not None:
        assert {a.room for a in stay.rooms if a.to_date > hotel.today} <= {stay.pinned_room}
    quiet = all(
        getattr(now, name) == getattr(base, name)
        for name in ("category_code", "arrival", "departure", "adults", "children")
    )
    if quiet and earlier.status is not StayStatus.ENQUIRY:
        if any(e.rule == "R2" and e.line == stay.line for e in decision.events):
            moved_to_make_room(hotel, earlier, stay)
        else:
            assert (stay.rooms, stay.held) == (earlier.rooms, earlier.held)
        assert stay.manual_category_code == earlier.manual_category_code
    if stay.manual_category_code != earlier.manual_category_code:
        assert stay.manual_category_code is None, "only staff give a category by hand"
        assert may_end_manual(hotel, was, earlier, stay, decision)


def may_end_manual(
    hotel: Hotel, was: Reservation, earlier: Stay, stay: Stay, decision: Decision
) -> bool:
    """Whether a row of the table or the policy lets the manual category end."""
    policy = was.ota_room_policy or hotel.house.policy.ota_room_policy
    if stay.booked_category != earlier.booked_category or policy == "follow_channel":
        return True
    manual = earlier.manual_category_code
    lower = hotel.house.rank(manual) < hotel.house.rank(stay.booked_category)
    full = any(cell.endswith("manual X, X has none") for cell in decision.cells)
    given = hotel.house.units(stay.booked_category) is not None
    if stay.rooms:
        given = hotel.house.category_of(stay.rooms[-1].room) == stay.booked_category
    return given and (lower or full)


def staff_of_booking_survive(was: Reservation, after: Reservation) -> None:
    """What staff set on the booking as a whole."""
    assert after.ota_room_policy == was.ota_room_policy
    assert after.invoice_contact == was.invoice_contact
    for names in HEADER_ASPECTS.values():
        if values(names, after.base or Header()) == values(names, was.base or Header()):
            assert values(names, after) == values(names, was), names


# --- 5 No move puts two in one room -----------------------------------------------------


def never_moved(hotel: Hotel, earlier: Stay, stay: Stay) -> None:
    """A stay that has begun keeps status and room; the policy may let it stay on there."""
    assert stay.status is earlier.status
    if stay.rooms == earlier.rooms:
        return
    if standing(earlier, hotel.today) is Standing.GONE:
        # Over by its dates alone, and the channel gave it new ones: nights ahead are placed.
        assert standing(stay, hotel.today) is not Standing.GONE
        assert stay.status is StayStatus.CONFIRMED
        return
    assert hotel.house.policy.extend_in_house == "same_room"
    last, grown = earlier.rooms[-1], stay.rooms[-1]
    assert stay.rooms[:-1] == earlier.rooms[:-1]
    assert (grown.room, grown.from_date) == (last.room, last.from_date)
    assert grown.to_date == stay.departure > last.to_date


def made_room(hotel: Hotel, was: Reservation, now: Reservation) -> None:
    """A booking that was moved for another one: its rooms changed, and nothing else."""
    for earlier, stay in zip(was.stays, now.stays, strict=True):
        if stay != earlier:
            moved_to_make_room(hotel, earlier, stay)
    assert replace(now, stays=was.stays) == was


def moved_to_make_room(hotel: Hotel, earlier: Stay, stay: Stay) -> None:
    """Only under `auto`, only one that may be moved, and only within its category."""
    assert hotel.house.policy.reshuffle == "auto"
    assert replace(stay, rooms=earlier.rooms) == earlier
    assert (earlier.status, earlier.arrival > hotel.today) == (StayStatus.CONFIRMED, True)
    assert (earlier.pinned_room, earlier.manual_category_code) == (None, None)
    assert not any((earlier.held, earlier.to_place, earlier.room_chosen_by_staff))
    categories = [{hotel.house.category_of(a.room) for a in s.rooms} for s in (earlier, stay)]
    assert categories[0] == categories[1]


def nobody_shares_a_room(hotel: Hotel) -> None:
    """No room is held twice on one night."""
    held = [a for _, stay in hotel.stays() for a in stay.rooms] + hotel.blocks
    nights = Counter(
        (a.room, a.from_date + timedelta(days=n))
        for a in held
        for n in range((a.to_date - a.from_date).days)
        if a.from_date + timedelta(days=n) >= hotel.today
    )
    assert not [night for night, holders in nights.items() if holders > 1]


# --- 6 Batching -------------------------------------------------------------------------


def carried_as_loaded(carried: Plan, loaded: Plan, today: date) -> None:
    """The plan that a slice carries on is the plan that the next one would load."""
    first = today.toordinal()

    def held(plan: Plan) -> dict[int, int]:
        return {night: bits for night, bits in plan.held.items() if bits and night >= first}

    assert held(carried) == held(loaded)

    def promised(plan: Plan) -> dict[StayKey, tuple[str, date]]:
        ahead = {key: kept for key, kept in plan.promised.items() if kept.to_date > today}
        return {key: (kept.room, kept.to_date) for key, kept in ahead.items()}

    def counted(plan: Plan) -> dict[StayKey, tuple[str, int, int]]:
        return {key: nights for key, nights in plan.counted.items() if nights[2] > first}

    assert promised(carried) == promised(loaded)
    assert counted(carried) == counted(loaded)


# --- tasks ------------------------------------------------------------------------------


def tasks_are_single(booking: Reservation) -> None:
    """One open task per stay and reason; the room reasons exclude each other (A4)."""
    known = Counter((task.line, task.reason) for task in booking.tasks)
    assert not [key for key, many in known.items() if many > 1]
    rooms = Counter(task.line for task in booking.tasks if task.reason in ROOM_REASONS)
    assert not [line for line, many in rooms.items() if many > 1]


def waits_with_a_task(hotel: Hotel, booking: Reservation, stay: Stay) -> None:
    """Who waits for a room has an open room task, and who has a room has none."""
    asked = [t.reason for t in booking.tasks if t.line == stay.line and t.reason in ROOM_REASONS]
    if stay.status is not StayStatus.CONFIRMED:
        assert not asked, "a room is asked for nobody"
        return
    if stay.departure <= max(stay.arrival, hotel.today) or stay.to_place:
        return
    by_hand = stay.pinned_room or stay.manual_category_code
    if hotel.house.units(stay.booked_category) is not None and not by_hand:
        return
    if stay.is_waiting():
        assert asked, "a stay waits and nobody is asked"
        return
    assert asked in ([], [Reason.UNMAPPED_CATEGORY]), "a stay has its room and one is asked for"
    if stay.arrival >= hotel.today:
        ahead = [a for a in stay.rooms if a.to_date > hotel.today]
        assert ahead[0].from_date == stay.arrival
        assert ahead[-1].to_date == stay.departure
