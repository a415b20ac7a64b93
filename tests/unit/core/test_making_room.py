"""R2, R3: others moved so that one more fits: by a message, by the planner, by staff."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channel_sync.core.assign import NotAssigned, assign
from channel_sync.core.draft import Draft
from channel_sync.core.look import Look
from channel_sync.core.model import (
    Allocation,
    Decision,
    Move,
    Policy,
    Proposal,
    Reason,
    Reservation,
    TaskState,
)
from channel_sync.core.neighbours import NeighboursNeeded
from channel_sync.core.replan import replan
from tests.unit.core import desk
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import cancels, day, line, new, says

AUTO = Policy(reshuffle="auto")
NO_ROOM = Reason.NO_ROOM
PINNED = Reason.PINNED_ROOM_CONFLICT
GAPS = "room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B"
MADE = "room | 01 02 03 04\n STD 101 | A A B B\n STD 102 | C C C C"


def assigned(made: Hotel, reference: str, reason: Reason, proposal: int) -> Decision | NotAssigned:
    """Staff settle a task by one of its proposals."""
    booking = made.booking(reference)
    draft = Draft(made.house, booking, made.plan(), made.today, cause="anna", actor_type="staff")
    draft.neighbours = made.neighbours()
    task = made.task(reference, reason)
    decision = assign(draft, task, proposal=proposal, room=None, actor="anna")
    if isinstance(decision, Decision):
        made._write([(draft.reservation, decision)])
        made.reload()
    return decision


# --- auto, by a message ------------------------------------------------------------------------


def test_under_auto_a_message_moves_another_stay_and_both_histories_tell_of_it() -> None:
    made = hotel(GAPS, policy=AUTO)
    made.receive(new("C", line("STD", 1, 5)))
    assert_plan(made, MADE)
    (moved,) = [e for number, e in made.events if number == made.booking("B").reservation_id]
    assert (moved.name, moved.rule, moved.actor_type) == ("moved", "R2", "channel")
    assert moved.reason == "from 102 to 101, so that C (stay 1) has a room"
    own = [e for number, e in made.events if number == made.booking("C").reservation_id]
    assert own[-1].reason.endswith("102 is free now: another stay moved within STD")
    assert made.tasks("C") == []


def test_several_moves_are_counted_in_the_reason() -> None:
    made = hotel(
        "room | 01 02 03 04\n STD 101 | . . B B\n STD 102 | x x . C\n STD 103 | x x x .",
        policy=AUTO,
    )
    made.receive(new("D", line("STD", 1, 4)))
    own = [e for number, e in made.events if number == made.booking("D").reservation_id]
    assert own[-1].reason.endswith("101 is free now: 2 other stays moved within STD")


def test_a_booking_that_the_slice_knows_is_moved_in_what_it_knows() -> None:
    made = hotel(GAPS, policy=AUTO)
    made.receive(says("B", line("STD", 3, 5, comments="late"), revision=2))
    made.receive(new("C", line("STD", 1, 5)))
    assert_plan(made, MADE)
    assert made.world.reservations["H", 2] == made.booking("B")
    made.receive(says("B", line("STD", 3, 5), revision=3))
    assert_plan(made, MADE)


def test_another_stay_of_the_same_booking_may_make_room() -> None:
    made = hotel(GAPS, policy=AUTO)
    made.receive(says("B", line("STD", 3, 5), line("STD", 1, 5, name="2"), revision=2))
    assert (made.rooms("B"), made.rooms("B", "2")) == (["101"], ["102"])
    (moved,) = [e for _, e in made.events if e.name == "moved"]
    assert moved.line == "1"


def test_a_stay_lifted_by_the_same_message_is_no_neighbour() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A A2 A2\n STD 102 | . . B B", policy=AUTO)
    made.receive(
        says("A", line("STD", 1, 5), line("STD", 1, 3, name="2"), revision=2),
    )
    assert made.tasks("A") == []
    assert made.tasks("A", "2") == []
    assert made.rooms("B") in (["101"], ["102"])


def test_under_auto_a_room_that_staff_chose_is_not_changed() -> None:
    made = hotel("room | 01 02\n STD 101 | . .\n STD 102 | . x\n STD 103 | x .", policy=AUTO)
    made.receive(new("A", line("STD", 1, 2)))
    desk.move(made, "A", "101")
    made.reload()
    made.receive(new("C", line("STD", 1, 3)))
    assert made.tasks("C") == [NO_ROOM]
    made.plan_again()
    (first, *_) = made.task("C", NO_ROOM).proposals
    assert (first.kind, first.room, first.moves) == ("reshuffle", "101", 1)


def test_nobody_is_looked_up_where_every_room_is_taken_on_a_night() -> None:
    made = hotel("room | 01 02\n STD 101 | A .\n STD 102 | B .", policy=AUTO)
    made.receive(new("C", line("STD", 1, 3)))
    assert made.world.neighbours == {}
    assert made.tasks("C") == [NO_ROOM]


def test_the_last_category_that_is_searched_is_the_one_that_makes_room() -> None:
    made = hotel(
        "room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B\n DLX 201 | C C C x",
        booked={"C": "STD"},
        policy=AUTO,
    )
    made.receive(says("C", line("STD", 1, 5), revision=2))
    assert made.rooms("C") == ["102"]
    assert made.stay("C").manual_category_code is None
    assert made.tasks("C") == [Reason.MANUAL_CATEGORY_DROPPED]


def test_a_pinned_stay_moves_nobody_by_itself() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A! A! B\n STD 102 | . . .", policy=AUTO)
    made.receive(says("A", line("STD", 1, 4), revision=2))
    made.plan_again()
    assert made.tasks("A") == [PINNED]
    assert made.rooms("B") == ["101"]


def test_under_suggest_and_off_a_message_moves_nobody() -> None:
    for policy in (Policy(), Policy(reshuffle="off")):
        made = hotel(GAPS, policy=policy)
        made.receive(new("C", line("STD", 1, 5)))
        made.plan_again()
        assert made.tasks("C") == [NO_ROOM]
        assert made.rooms("B") == ["102"]


def test_a_search_that_hits_its_budget_is_told_on_the_task() -> None:
    made = hotel(GAPS, policy=replace(AUTO, reshuffle_node_budget=1))
    made.receive(new("C", line("STD", 1, 5)))
    note = made.task("C", NO_ROOM).details["search"]
    assert note == "the search for moves ended at its budget of 1: a better plan may exist"


def test_a_reference_that_turns_out_to_be_another_s_leaves_the_neighbours_right() -> None:
    made = hotel(GAPS, policy=AUTO)
    made.receive(new("C", line("STD", 1, 5)))
    made.receive(new("D", line("STD", 11, 13)), new("E", line("STD", 11, 13)))
    made.receive(says("E", line("STD", 11, 13), revision=2, replaces=("D",)))
    assert made.world.neighbours["H"] == made.neighbours()


# --- the planner -------------------------------------------------------------------------------


def test_the_planner_adds_the_moves_to_the_proposals_and_asks_again_without_change() -> None:
    made = hotel(GAPS + "\n DLX 201 | . . . .")
    made.receive(new("C", line("STD", 1, 5)))
    before = made.task("C", NO_ROOM).proposals
    assert [p.kind for p in before] == ["upgrade", "split"]
    made.plan_again()
    after = made.task("C", NO_ROOM).proposals
    assert [p.kind for p in after] == ["reshuffle", "upgrade", "split"]
    assert after[0].moves == 1
    assert after[0].steps == (Move(2, "B", "1", "102", "101", day(3), day(5)),)
    assert made.plan_again() == ()


def test_under_auto_who_waits_is_helped_by_moving_others() -> None:
    made = hotel(GAPS + "\n STD - | C C C C", policy=AUTO)
    made.plan_again()
    assert_plan(made, MADE)
    assert [t.state for t in made.closed] == [TaskState.SUPERSEDED]
    assert made.plan_again() == ()


def test_under_auto_who_makes_room_may_be_looked_at_in_the_same_go() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B", policy=AUTO)
    made.receive(says("B", line("STD", 3, 5), line("DLX", 1, 2, name="2"), revision=2))
    booking = made.booking("B")
    assert made.tasks("B", "2") == [Reason.UNMAPPED_CATEGORY]
    made.put(booking)
    made.receive(new("C", line("STD", 1, 5)))
    assert_plan(made, MADE)


def test_who_waits_makes_another_line_of_a_waiting_booking_move() -> None:
    made = hotel(
        "room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B\n STD - | C C C C\n"
        " DLX 201 | x x x x\n DLX - | B2 B2 B2 B2",
        policy=AUTO,
    )
    made.plan_again()
    assert made.rooms("C") == ["102"]
    assert made.rooms("B") == ["101"]
    assert made.tasks("B", "2") == [NO_ROOM]


def test_a_pinned_or_counted_stay_that_waits_moves_nobody() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . B\n STD 102 | . . .", policy=AUTO)
    made.receive(new("A", line("STD", 1, 4)))
    made.plan_again()
    assert made.rooms("B") == ["101"]


def test_a_look_that_has_searched_enough_leaves_the_rest_to_the_next() -> None:
    made = hotel(GAPS)
    made.receive(new("C", line("STD", 1, 5)))
    waiting = [made.booking("C")]
    look = Look(0)
    plan, known = made.plan(), made.neighbours()
    first = replan(made.house, plan, waiting, made.today, neighbours=known, look=look)
    assert (first.changed, look.is_cut_short, look.searched) == ((), True, set())
    again = Look(10_000)
    second = replan(made.house, plan, waiting, made.today, neighbours=known, look=again)
    assert len(second.changed) == 1
    assert (again.is_cut_short, again.searched) == (False, {(3, "1")})
    assert again.nodes < 10_000
    third = Look(10_000, frozenset(again.searched))
    left = replan(made.house, plan, waiting, made.today, neighbours=known, look=third)
    assert (left.changed, third.is_cut_short) == ((), False)


def test_under_auto_a_look_that_has_searched_enough_moves_nobody() -> None:
    made = hotel(GAPS + "\n STD - | C C C C", policy=AUTO)
    plan, known, waiting = made.plan(), made.neighbours(), [made.booking("C")]
    look = Look(0)
    replanned = replan(made.house, plan, waiting, made.today, neighbours=known, look=look)
    assert all(not decision.events for _, decision in replanned.changed)
    assert look.is_cut_short
    fresh = replace(made.booking("C"), tasks=())
    look = Look(0)
    asked = replan(made.house, plan, [fresh], made.today, neighbours=known, look=look)
    ((_, decision),) = asked.changed
    assert decision.asked == (NO_ROOM,)
    assert look.is_cut_short


def test_without_a_look_to_count_the_search_is_not_bounded() -> None:
    made = hotel(GAPS + "\n STD - | C C C C")
    known, waiting = made.neighbours(), [made.booking("C")]
    replanned = replan(made.house, made.plan(), waiting, made.today, neighbours=known)
    ((after, _),) = replanned.changed
    assert after.tasks[0].proposals[0].kind == "reshuffle"
    with pytest.raises(NeighboursNeeded):
        replan(made.house, made.plan(), waiting, made.today)


def test_the_note_on_a_search_ends_with_it() -> None:
    made = hotel(GAPS, policy=Policy(reshuffle_node_budget=1))
    made.receive(new("C", line("STD", 1, 5)))
    made.plan_again()
    assert "search" in made.task("C", NO_ROOM).details
    made.set_policy(Policy())
    made.plan_again()
    assert "search" not in made.task("C", NO_ROOM).details


# --- proposals ---------------------------------------------------------------------------------


def kinds(made: Hotel, reference: str, reason: Reason) -> list[tuple[str, str | None]]:
    return [(p.kind, p.room) for p in made.task(reference, reason).proposals]


def test_a_pinned_stay_is_first_offered_its_room() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A! A! B\n STD 102 | . . .")
    made.receive(says("A", line("STD", 1, 4), revision=2))
    made.plan_again()
    assert kinds(made, "A", PINNED) == [("reshuffle", "101"), ("room", "102")]


def test_one_reshuffle_a_category_is_proposed_for_a_pinned_stay() -> None:
    made = hotel("room | 01 02 03\n STD 101 | A! A! B\n STD 102 | C . .\n STD 103 | . x x")
    made.receive(says("A", line("STD", 1, 4), revision=2))
    made.plan_again()
    assert kinds(made, "A", PINNED) == [("reshuffle", "101"), ("split", "101")]


def test_a_pinned_room_that_is_too_small_or_gone_is_not_offered() -> None:
    made = hotel("room | 01 02 03\n STD 101/2 | A! A! B\n STD 102/3 | . . .")
    made.receive(says("A", line("STD", 1, 4, adults=3), revision=2))
    made.plan_again()
    assert kinds(made, "A", PINNED) == [("room", "102")]


def test_a_split_changes_rooms_as_late_as_can_be_and_once() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | . . . x\n STD 102 | x x . .", policy=Policy())
    made.receive(new("C", line("STD", 1, 5)))
    (split,) = made.task("C", NO_ROOM).proposals
    steps = (
        Move(1, "C", "1", None, "101", day(1), day(4)),
        Move(1, "C", "1", "101", "102", day(4), day(5)),
    )
    assert split == Proposal("split", "101", "STD", steps=steps, splits=1)


def test_no_split_where_a_night_has_no_room_or_the_stay_only_one() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . x .")
    made.receive(new("C", line("STD", 1, 4)), new("D", line("STD", 2, 3)))
    assert made.task("C", NO_ROOM).proposals == ()
    assert made.task("D", NO_ROOM).proposals == ()


# --- staff assign a proposal -------------------------------------------------------------------


def waiting_for_moves(drawn: str = GAPS) -> Hotel:
    made = hotel(drawn)
    made.receive(new("C", line("STD", 1, 5)))
    made.plan_again()
    return made


def test_staff_carry_out_a_reshuffle_in_one_step() -> None:
    made = waiting_for_moves()
    decision = assigned(made, "C", NO_ROOM, 1)
    assert isinstance(decision, Decision)
    assert_plan(made, MADE)
    assert [m.event.actor_type for m in decision.moves] == ["staff"]
    assert made.closed[-1].state is TaskState.DONE
    assert decision.freed


def test_a_stay_that_staff_had_chosen_a_room_for_is_the_program_s_to_place_again() -> None:
    made = hotel(GAPS)
    booking = made.booking("B")
    chosen = replace(booking.stays[0], room_chosen_by_staff=True)
    made.put(replace(booking, stays=(chosen,)))
    made.receive(new("C", line("STD", 1, 5)))
    made.plan_again()
    assigned(made, "C", NO_ROOM, 1)
    (event,) = [e for _, e in made.events if e.rule == "R2"]
    assert {f.field for f in event.facts} == {"rooms", "room", "room_chosen_by_staff"}
    assert not made.stay("B").room_chosen_by_staff


def test_a_stay_in_two_rooms_that_gives_way_into_its_other_one_is_in_one_room() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . A A\n STD 103 | x x . .")
    made.receive(new("C", line("STD", 1, 5)))
    made.plan_again()
    assigned(made, "C", NO_ROOM, 1)
    assert made.stay("A").rooms == (Allocation("102", day(1), day(5)),)


def test_a_stay_in_two_rooms_may_change_the_second_alone() -> None:
    made = hotel("room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | x . A A\n STD 103 | x x . .")
    made.receive(new("C", line("STD", 2, 5)))
    made.plan_again()
    decision = assigned(made, "C", NO_ROOM, 1)
    assert isinstance(decision, Decision)
    assert made.rooms("C") == ["102"]
    assert made.rooms("A") == ["101"]
    (moved,) = decision.moves
    assert {f.field for f in moved.event.facts} == {"rooms"}


@pytest.mark.parametrize("deed", ["pinned", "moved", "taken"])
def test_a_reshuffle_that_is_no_longer_true_is_refused_whole(deed: str) -> None:
    made = waiting_for_moves(GAPS + "\n STD 103 | x x x .")
    why = "B cannot be moved out of 102 any more"
    if deed == "pinned":
        desk.pin(made, "B")
    elif deed == "moved":
        desk.move(made, "A", "102")
        desk.move(made, "B", "101")
    else:
        made.blocks.append(Allocation("101", day(3), day(4)))
        why = "101 cannot take B any more"
    made.reload()
    before = dict(made.bookings)
    assert assigned(made, "C", NO_ROOM, 1) == NotAssigned(why)
    assert made.bookings == before


def test_a_reshuffle_whose_room_was_taken_meanwhile_is_refused() -> None:
    made = waiting_for_moves()
    made.blocks.append(Allocation("102", day(1), day(2)))
    made.reload()
    refused = "room 102 is not free on every night of the stay any more"
    assert assigned(made, "C", NO_ROOM, 1) == NotAssigned(refused)


SPLIT = "room | 01 02 03 04\n STD 101 | . . . x\n STD 102 | x x . ."


def test_staff_carry_out_a_split() -> None:
    made = hotel(SPLIT)
    made.receive(new("C", line("STD", 1, 5)))
    assert isinstance(assigned(made, "C", NO_ROOM, 1), Decision)
    assert_plan(made, "room | 01 02 03 04\n STD 101 | C C C x\n STD 102 | x x . C")
    assert made.stay("C").manual_category_code is None
    assert made.events[-1][1].reason == "room 101 then 102: proposal 1"


def test_a_split_of_other_nights_is_refused() -> None:
    made = hotel(SPLIT)
    made.receive(new("C", line("STD", 1, 5)))
    task = made.task("C", NO_ROOM)
    made.receive(says("C", line("STD", 1, 5), revision=2))
    booking: Reservation = made.booking("C")
    stay = replace(booking.stays[0], departure=day(4))
    made.put(replace(booking, stays=(stay,), tasks=(task,)))
    assert assigned(made, "C", NO_ROOM, 1) == NotAssigned("the stay has other nights now")


def test_a_cancelled_stay_is_a_neighbour_no_more() -> None:
    made = hotel(GAPS, policy=AUTO)
    made.receive(new("C", line("STD", 1, 5)))
    made.receive(cancels("B", revision=2))
    assert made.world.neighbours["H"] == made.neighbours()
