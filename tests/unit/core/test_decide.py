"""What becomes of a message: M2 to M16 and the outcomes of section 8."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from channel_sync.core.model import (
    Arrival,
    Basis,
    Card,
    Event,
    Line,
    Order,
    Outcome,
    Payment,
    Reason,
    StayStatus,
)
from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.hotel import Hotel
from tests.unit.core.house import day, euros, line, loose, new, partial, says

EMPTY = """
    room    | 01  02  03
    STD 101 | .   .   .
    STD 102 | .   .   .
    DLX 201 | .   .   .
"""
HELD = """
    room    | 01  02  03
    STD 101 | A   A   .
    STD 102 | .   .   .
    DLX 201 | .   .   .
"""
WHOLE = line("STD", 1, 3)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def facts(event: Event) -> dict[str, tuple[object, object]]:
    return {fact.field: (fact.old, fact.new) for fact in event.facts}


def events_of(made: Hotel) -> list[tuple[str, str | None]]:
    return [(event.name, event.line) for _, event in made.events]


# --- created -----------------------------------------------------------------------------------


def test_a_new_booking_is_one_row_per_line() -> None:
    made = hotel(EMPTY)
    said = new("A", WHOLE, line("DLX", 1, 2, name="2"), booker_name="Ada", revision=1)
    assert made.receive(said) is Outcome.CREATED
    assert events_of(made) == [("created", "1"), ("created", "2")]
    first = facts(made.events[0][1])
    assert first["reference"] == ("", "A")
    assert first["booker_name"] == (None, "Ada")
    assert first["booking_base.booker_name"] == (None, "Ada")
    assert first["base.category_code"] == (None, "STD")
    assert first["room"] == (None, "101")
    assert "booker_name" not in facts(made.events[1][1])
    assert made.events[0][1].reason == "best fit in STD: 101 leaves 393 idle nights around the stay"
    assert made.events[0][1].rule == "M11; 4: new line / nothing manual"
    assert made.events[0][1].actor_type == "channel"
    booking = made.booking("A")
    assert booking.status_order == booking.content_order == Order(Basis.REVISION, 1)
    assert (booking.revision, booking.arrived) == ("1", Arrival("bookings", 0, 1))
    assert not booking.created_from_modification
    assert made.house.last_reservation_id == 1


def test_new_for_a_known_booking_is_a_modification() -> None:
    made = hotel(HELD)
    assert made.receive(new("A", line("STD", 1, 4), revision=2)) is Outcome.MODIFIED


def test_modified_for_an_unknown_booking_creates_it_and_says_so() -> None:
    made = hotel(EMPTY)
    assert made.receive(says("A", WHOLE)) is Outcome.CREATED
    assert made.booking("A").created_from_modification


def test_a_line_that_is_cancelled_from_the_start_gets_no_room() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", WHOLE, line("STD", 1, 3, name="2", is_live=False)))
    stay = made.stay("A", "2")
    assert (stay.status, stay.cancelled_by, stay.rooms) == (StayStatus.CANCELLED, "channel", ())


def test_units_of_one_line_are_so_many_stays() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", WHOLE, replace(WHOLE, unit=2)))
    assert_plan(made, "room | 01 02 03\n STD 101 | A A .\n STD 102 | A2 A2 .\n DLX 201 | . . .")


def test_lines_of_one_message_release_their_rooms_first() -> None:
    made = hotel("room | 01 02\n STD 101 | A .\n STD 102 | . A2")
    swapped = (line("STD", 2, 3), line("STD", 1, 2, name="2"))
    made.receive(says("A", *swapped, revision=2))
    assert_plan(made, "room | 01 02\n STD 101 | . A\n STD 102 | A2 .")


def test_the_strongest_claim_is_placed_first() -> None:
    plan = "room | 01 02 03\n STD 101 | A A .\n STD 102 | A2! A2! .\n DLX 201 | . . ."
    made = hotel(plan)
    made.blocks.append(replace(made.stay("A").rooms[0], from_date=day(3), to_date=day(4)))
    made.reload()
    both = (line("STD", 2, 4), line("STD", 2, 4, name="2"))
    made.receive(says("A", *both, revision=2))
    assert made.rooms("A", "2") == ["102"]
    assert made.tasks("A") == [Reason.NO_ROOM]


def test_of_equal_claims_the_longest_stay_is_placed_first() -> None:
    made = hotel("room | 01 02 03\n STD 101 | . . .")
    made.receive(new("A", line("STD", 1, 2), line("STD", 1, 4, name="2")))
    assert_plan(made, "room | 01 02 03\n STD 101 | A2 A2 A2")


# --- modified, unchanged, duplicate, stale -----------------------------------------------------


def test_a_change_is_written_with_old_and_new_and_why() -> None:
    made = hotel(HELD)
    said = says("A", line("STD", 1, 3, **euros(90)), booker_name="Ada", revision=2)
    assert made.receive(said) is Outcome.MODIFIED
    (_, header), (_, stay) = made.events
    assert header.reason == "the channel changed booker name"
    assert facts(header) == {
        "booker_name": (None, "Ada"),
        "booking_base.booker_name": (None, "Ada"),
    }
    assert (stay.name, stay.reason, stay.rule) == ("modified", "the channel changed price", "1, 3")
    assert (header.name, header.rule) == ("modified", "1, 3")
    assert facts(stay)["amount"] == (None, Decimal(90))
    assert made.booking("A").revision == "2"


def test_details_of_a_booking_that_nobody_compares_are_recorded_as_such() -> None:
    made = hotel(HELD)
    made.receive(says("A", WHOLE, group="G7", revision=2))
    ((_, event),) = made.events
    assert event.reason == "the channel changed details of the booking"
    assert facts(event) == {"booking_base.group": (None, "G7")}


def test_the_same_content_under_a_later_order_is_unchanged_and_the_order_advances() -> None:
    made = hotel(HELD)
    assert made.receive(says("A", WHOLE, revision=5)) is Outcome.UNCHANGED
    assert made.events == []
    assert made.booking("A").status_order == Order(Basis.REVISION, 5)
    assert made.receive(says("A", line("STD", 1, 4), revision=4)) is Outcome.STALE


def test_the_same_message_again_is_a_duplicate() -> None:
    made = hotel(HELD)
    said = made.stamp(says("A", line("STD", 1, 4), revision=2))
    assert made.receive(said) is Outcome.MODIFIED
    assert made.receive(replace(said, arrived=Arrival("t", 0, 99))) is Outcome.DUPLICATE
    again = replace(said, arrived=Arrival("t", 0, 99), message_id="other")
    assert made.receive(again) is Outcome.DUPLICATE


def test_an_older_revision_is_stale_and_writes_nothing() -> None:
    made = hotel(HELD)
    made.receive(says("A", line("STD", 1, 4), revision=3))
    before = made.booking("A")
    step = made.step(says("A", line("STD", 2, 3), revision=2))
    assert step.outcome is Outcome.STALE
    assert step.decisions[0][1].events == ()
    assert made.booking("A") == before


def test_the_same_order_with_other_content_is_won_by_the_later_offset() -> None:
    made = hotel(HELD)
    made.receive(says("A", line("STD", 1, 4), revision=2))
    late = says("A", line("STD", 2, 4), revision=2)
    early = replace(says("A", line("STD", 1, 2), revision=2), arrived=Arrival("bookings", 0, 0))
    assert made.receive(late) is Outcome.MODIFIED
    assert made.receive(early) is Outcome.STALE
    assert made.stay("A").arrival == day(2)


def test_the_same_order_as_that_of_a_booking_whose_message_is_not_known_is_taken() -> None:
    assert hotel(HELD).receive(says("A", line("STD", 1, 4), revision=1)) is Outcome.MODIFIED


def test_orders_on_different_bases_are_decided_by_the_later_arrival() -> None:
    made = hotel(HELD)
    assert made.receive(says("A", line("STD", 1, 4), modified_at=NOON)) is Outcome.MODIFIED
    assert made.receive(says("A", line("STD", 1, 2), revision=1)) is Outcome.MODIFIED
    late = replace(says("A", WHOLE, modified_at=NOON), arrived=Arrival("bookings", 0, 0))
    assert made.receive(late) is Outcome.STALE


def test_a_partial_message_moves_only_what_it_names() -> None:
    made = hotel("room | 01 02\n STD 101 | A A\n STD 102 | A2 A2")
    said = partial("A", Line(channel_line="1", comments="late"), revision=2)
    assert made.receive(said) is Outcome.MODIFIED
    assert made.stay("A").comments == "late"
    assert made.stay("A").departure == day(3)
    assert_plan(made, "room | 01 02\n STD 101 | A A\n STD 102 | A2 A2")


def test_a_message_that_says_nothing_of_rooms_moves_none() -> None:
    made = hotel(HELD)
    assert made.receive(partial("A", booker_name="Ada", revision=2)) is Outcome.MODIFIED
    assert made.booking("A").booker_name == "Ada"
    assert_plan(made, HELD)


def test_an_empty_contact_is_not_said_and_an_empty_comment_erases() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", WHOLE, booker_name="Ada", booking_comments="late", revision=1))
    made.receive(says("A", WHOLE, booking_comments="", revision=2))
    assert (made.booking("A").booker_name, made.booking("A").booking_comments) == ("Ada", None)


def test_names_dealt_out_anew_are_followed_silently() -> None:
    made = hotel(EMPTY)
    made.receive(new("A", loose("STD", 1, 3, name="x-1"), revision=1))
    before = len(made.events)
    assert made.receive(says("A", loose("STD", 1, 3, name="x-2"), revision=2)) is Outcome.UNCHANGED
    assert len(made.events) == before
    base = made.stay("A").base
    assert base is not None
    assert base.channel_line == "x-2"


def test_a_virtual_card_sent_again_is_unchanged() -> None:
    made = hotel(EMPTY)
    card = Card(brand="visa", last4="1", is_virtual=True, balance=Decimal(9), token="t1")
    made.receive(new("A", WHOLE, payment=Payment("agency", card=card), revision=1))
    again = Payment("agency", card=replace(card, token="t2"))
    assert made.receive(says("A", WHOLE, payment=again, revision=2)) is Outcome.UNCHANGED
