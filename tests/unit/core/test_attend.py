"""Whose booking it is, message by message: rules G2 to G6, G10 and G12."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channel_sync.core.attend import missing_for
from channel_sync.core.model import (
    BlockedGuest,
    Contact,
    Event,
    Fact,
    Guest,
    Guests,
    Outcome,
    Policy,
    Reason,
    StayStatus,
)
from channel_sync.core.world import World
from tests.unit.core.drawing import hotel
from tests.unit.core.house import HOTEL, cancels, day, line, new, says
from tests.unit.core.reception import ADA, CARL, EMAIL, Reception, reception

OTHER = "other@example.org"


@pytest.fixture
def desk() -> Reception:
    return reception()


def event_of(desk: Reception, name: str) -> Event:
    """The last event of this name."""
    return next(event for _, event in reversed(desk.hotel.events) if event.name == name)


def test_a_new_booking_of_nobody_known_makes_a_guest_in_its_own_row(desk: Reception) -> None:
    step = desk.books("A", **ADA, language="en", country="AT")
    assert desk.guest_of("A") == Guest(
        HOTEL,
        1,
        "1",
        "Ada Byron",
        EMAIL,
        "+43111111",
        "en",
        "AT",
        email_key=EMAIL,
        base=Contact("Ada Byron", EMAIL, "+43111111", "en", "AT"),
        bookings=1,
    )
    (event,) = step.decisions[0][1].events
    assert event.name == "created"
    assert Fact("guest_id", None, 1) in event.facts
    (change,) = desk.changes
    assert (change.event, change.guest_id) == ("created", 1)
    assert {fact.field for fact in change.facts} == {
        "guest_number",
        "name",
        "email",
        "phone",
        "language",
        "country",
    }


def test_a_known_email_and_name_is_the_known_guest(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **{**ADA, "contact_email": "ADA@Example.ORG"})
    assert desk.guest_of("B").guest_id == 1
    assert desk.hotel.booking("B").contact_email == EMAIL
    assert len(desk.changes) == 1


def test_nothing_is_looked_up_twice_nor_for_a_message_that_says_nothing_new(
    desk: Reception,
) -> None:
    desk.books("A", **ADA)
    loads = desk.loads
    assert desk.receive(says("A", line("STD", 1, 3), revision=2, **ADA)).outcome is (
        Outcome.UNCHANGED
    )
    assert desk.loads == loads + 1  # the spelling of its e-mail
    assert desk.changes_to("A", 3, booking_comments="x", **ADA).outcome is Outcome.MODIFIED
    assert len(desk.changes) == 1


@pytest.mark.parametrize(
    "email", [None, "no address", "a.1@guest.booking.com", "Desk@hotel.example"]
)
def test_without_a_usable_email_each_booking_has_its_own_guest(
    desk: Reception, email: str | None
) -> None:
    desk.hotel.change(
        replace(desk.hotel.house, own_email_addresses=frozenset({"desk@HOTEL.example"}))
    )
    desk.books("A", **{**ADA, "contact_email": email})
    desk.books("B", 4, **{**ADA, "contact_email": email})
    assert (desk.guest_of("A").guest_id, desk.guest_of("B").guest_id) == (1, 2)
    assert desk.guest_of("A").email == email
    assert desk.guest_of("A").email_key is None


def test_another_name_is_kept_apart_and_the_known_guest_is_the_booker(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **CARL)
    carl = desk.guest_of("B")
    assert (carl.guest_id, carl.name, carl.email, carl.phone) == (
        2,
        "Carl Gauss",
        None,
        "+43222222",
    )
    assert (carl.email_key, carl.separated_from) == (None, EMAIL)
    assert desk.booker_of("B") == 1
    assert desk.guest_of("A").phone == "+43111111"
    task = desk.hotel.task("B", Reason.GUEST_CONFLICT, None)
    assert task.details["changes"] == [{"line": None, "field": "guest_id", "old": 1, "new": 2}]


def test_who_was_kept_apart_is_found_by_name(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **CARL)
    desk.books("C", 7, **{**CARL, "contact_phone": "+43333333"})
    assert desk.guest_of("C").guest_id == 2
    assert desk.booker_of("C") == 1
    assert desk.tasks("C") == []
    assert desk.guest_of("C").phone == "+43333333"
    assert desk.guest_of("C").email is None


def test_an_email_whose_guest_has_another_now_keys_the_next_one(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **CARL)
    desk.edit(1, email=OTHER, email_key=OTHER)
    desk.books("C", 7, **{**ADA, "booker_name": "Emmy Noether"})
    assert (desk.guest_of("C").guest_id, desk.guest_of("C").email_key) == (3, EMAIL)
    assert desk.tasks("C") == []


def test_under_overwrite_the_latest_data_win_over_staff_too() -> None:
    desk = reception(guest_name_conflict="overwrite")
    desk.books("A", **ADA)
    desk.edit(1, phone="+43777777")
    desk.books("B", 4, **CARL)
    guest = desk.guest_of("A")
    assert (guest.guest_id, guest.name, guest.phone) == (1, "Carl Gauss", "+43222222")
    assert desk.guest_of("B") == guest
    assert desk.booker_of("B") is None
    assert desk.tasks("B") == []
    assert desk.changes[-1].event == "overwritten"
    assert Fact("phone", "+43777777", "+43222222") in desk.changes[-1].facts


def test_a_changed_email_that_nobody_has_is_the_only_bookings_guests(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.changes_to("A", 2, **{**ADA, "contact_email": OTHER})
    guest = desk.guest_of("A")
    assert (guest.guest_id, guest.email, guest.email_key) == (1, OTHER, OTHER)
    assert desk.changes[-1].facts == (Fact("email", EMAIL, OTHER),)


def test_a_changed_email_on_one_of_several_bookings_makes_a_guest(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **ADA)
    desk.changes_to("B", 2, 4, **{**ADA, "contact_email": OTHER})
    assert (desk.guest_of("A").email_key, desk.guest_of("B").email_key) == (EMAIL, OTHER)
    assert event_of(desk, "guest linked").facts == (Fact("guest_id", 1, 2),)
    assert desk.guest_of("B").bookings == 1


def test_an_email_that_staff_edited_stays_with_its_key(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.edit(1, email="staff@example.org", email_key="staff@example.org")
    desk.changes_to("A", 2, **{**ADA, "contact_email": OTHER})
    guest = desk.guest_of("A")
    assert (guest.email, guest.email_key) == ("staff@example.org", "staff@example.org")


def test_who_was_kept_apart_and_gets_an_own_email_is_keyed_by_it(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **CARL)
    desk.changes_to("B", 2, 4, **{**CARL, "contact_email": OTHER})
    guest = desk.guest_of("B")
    assert (guest.guest_id, guest.email_key, guest.separated_from) == (2, OTHER, None)
    assert desk.booker_of("B") is None
    assert desk.tasks("B") == []


def test_an_alias_takes_no_address_away(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.changes_to(
        "A", 2, **{**ADA, "contact_email": "x@guest.booking.com", "contact_phone": "+43999999"}
    )
    guest = desk.guest_of("A")
    assert (guest.guest_id, guest.email, guest.email_key) == (1, EMAIL, EMAIL)
    assert guest.phone == "+43999999"


@pytest.mark.parametrize(("name", "number"), [("A. Byron", 1), ("Carl Gauss", 2)])
def test_an_alias_on_one_of_several_bookings_leaves_it_by_another_name_only(
    desk: Reception, name: str, number: int
) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **ADA)
    said = {**ADA, "booker_name": name, "contact_email": "x@guest.booking.com"}
    desk.changes_to("B", 2, 4, **said)
    assert desk.guest_of("B").guest_id == number


def test_an_email_that_turns_out_to_be_anothers_keeps_the_bookings_own_guest(
    desk: Reception,
) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **{**CARL, "contact_email": "x@guest.booking.com"})
    desk.changes_to("B", 2, 4, **CARL)
    assert desk.guest_of("B").guest_id == 2
    assert desk.guest_of("B").separated_from == EMAIL
    assert desk.booker_of("B") == 1
    assert desk.tasks("B") == [Reason.GUEST_CONFLICT]


def test_a_new_name_on_a_guests_own_booking_is_kept_apart_too(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.changes_to("A", 2, **CARL)
    assert desk.guest_of("A").guest_id == 2
    assert desk.booker_of("A") == 1
    desk.changes_to("A", 3, **ADA)
    assert desk.guest_of("A").guest_id == 1
    assert desk.booker_of("A") is None
    assert desk.tasks("A") == []


def test_a_phone_said_anew_is_the_guests(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.changes_to("A", 2, **{**ADA, "contact_phone": "+43999999"})
    assert desk.guest_of("A").phone == "+43999999"
    desk.edit(1, phone="+43777777")
    desk.changes_to("A", 3, **{**ADA, "contact_phone": "+43888888"})
    assert desk.guest_of("A").phone == "+43777777"
    assert desk.guest_of("A").base.phone == "+43888888"


def test_a_guest_that_staff_chose_is_kept(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **{**CARL, "contact_email": OTHER})
    desk.give("B", 1)
    for revision, name in enumerate(("Carla Gauss", "Karl Gauss", "C. Gauss"), 2):
        desk.changes_to("B", revision, 4, **{**CARL, "contact_email": OTHER, "booker_name": name})
    assert desk.guest_of("B").guest_id == 1
    assert desk.guest_of("B").name == "Ada Byron"
    assert desk.tasks("B") == []
    desk.changes_to("B", 9, 4, **{**CARL, "contact_email": "third@example.org"})
    assert desk.guest_of("B").guest_id == 1
    assert desk.tasks("B") == [Reason.GUEST_CONFLICT]


def test_a_guest_that_staff_chose_hears_of_its_own_phone(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.give("A", 1)
    desk.changes_to("A", 2, **{**ADA, "contact_phone": "+43999999"})
    assert desk.guest_of("A").phone == "+43999999"


def test_staff_may_choose_that_a_booking_has_no_guest(desk: Reception) -> None:
    desk.books("A", **ADA)
    booking = desk.hotel.booking("A")
    desk.hotel.put(replace(booking, guest_id=None, guest_set_by_staff=True))
    desk.changes_to("A", 2, **CARL)
    assert desk.hotel.booking("A").guest_id is None


def test_a_merged_guest_is_found_as_the_one_it_became(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 4, **{**CARL, "contact_email": OTHER})
    desk.edit(2, merged_into=1)
    desk.books("C", 7, **{**CARL, "contact_email": OTHER})
    guest = desk.guest_of("C")
    assert (guest.guest_id, guest.name, guest.email) == (1, "Ada Byron", EMAIL)
    assert guest.phone == "+43222222"
    assert desk.hotel.booking("C").contact_email == OTHER


def test_a_cancel_and_a_tombstone_touch_no_guest(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.receive(cancels("A", revision=2, **CARL))
    assert desk.guest_of("A").name == "Ada Byron"
    desk.receive(cancels("B", revision=2, **CARL))
    assert desk.hotel.booking("B").guest_id is None


def test_content_under_a_later_cancel_gets_its_guest_and_asks_nothing(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.receive(cancels("B", revision=2))
    step = desk.receive(new("B", line("STD", 4, 6), revision=1, **CARL))
    assert step.outcome is Outcome.STALE
    assert desk.guest_of("B").guest_id == 2
    assert desk.tasks("B") == []
    (event,) = step.decisions[0][1].events
    assert (event.name, event.actor_type) == ("filled in", "system")


def test_a_booking_seen_after_departure_asks_nothing(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.hotel.turn_to(day(20))
    desk.books("B", 4, **CARL)
    assert desk.booker_of("B") == 1
    assert desk.tasks("B") == []


def test_two_references_that_turn_out_to_be_one_booking_keep_its_guest(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.books("B", 1, **ADA)
    step = desk.receive(says("B", line("STD", 1, 3), revision=2, replaces=("A",), **ADA))
    assert len(step.decisions) == 2
    assert desk.guest_of("B").guest_id == 1


# --- those whom the hotel does not want -------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        BlockedGuest(email="ADA@example.org"),
        BlockedGuest(phone="0043 111111"),
        BlockedGuest(name="BYRON, Ada"),
        BlockedGuest(email="x@example.org", phone="+43111111", name="X"),
    ],
)
def test_a_booking_of_a_guest_on_the_list_is_asked_about(entry: BlockedGuest) -> None:
    desk = reception()
    desk.hotel.change(replace(desk.hotel.house, blocked_guests=(entry,)))
    step = desk.books("A", **ADA, country="AT")
    assert step.outcome is Outcome.CREATED
    assert desk.guest_of("A").is_listed
    assert desk.tasks("A") == [Reason.BLOCKED_GUEST]
    assert desk.hotel.rooms("A") == ["1"]


def test_others_are_not_on_the_list(desk: Reception) -> None:
    entries = (BlockedGuest(email=OTHER), BlockedGuest(phone="+43999999"), BlockedGuest(name="X"))
    desk.hotel.change(replace(desk.hotel.house, blocked_guests=entries))
    desk.books("A", **ADA)
    assert not desk.guest_of("A").is_unwanted
    assert desk.tasks("A") == []


def test_a_phone_that_is_on_the_list_comes_and_goes(desk: Reception) -> None:
    entry = BlockedGuest(phone="+43999999")
    desk.hotel.change(replace(desk.hotel.house, blocked_guests=(entry,)))
    desk.books("A", **ADA)
    desk.changes_to("A", 2, **{**ADA, "contact_phone": "+43999999"})
    assert desk.tasks("A") == [Reason.BLOCKED_GUEST]
    desk.changes_to("A", 3, **ADA)
    assert desk.tasks("A") == []


def test_a_guest_blocked_by_staff_is_asked_about_at_the_next_booking(desk: Reception) -> None:
    desk.books("A", **ADA)
    desk.edit(1, blocked=True)
    desk.books("B", 4, **ADA)
    assert desk.tasks("B") == [Reason.BLOCKED_GUEST]


# --- the planner ------------------------------------------------------------------------------


def unlinked(reference: str, number: int, **said: str) -> Reception:
    """A desk where the hotel's own booking stands that nobody linked yet."""
    desk = reception()
    put(desk, reference, number, **said)
    return desk


def put(desk: Reception, reference: str, number: int, **said: str) -> None:
    drawn = hotel("""
        room    | 01  02
        STD 1   | A   A
    """).booking("A")
    stays = tuple(replace(stay, base=None) for stay in drawn.stays)
    desk.hotel.put(
        replace(
            drawn,
            reservation_id=number,
            channel="direct",
            reference=reference,
            references=(reference,),
            base=None,
            stays=stays,
            **said,  # type: ignore[arg-type]
        )
    )


def test_the_planner_links_the_hotels_own_bookings_as_a_message_would() -> None:
    desk = unlinked("D1", 1, **ADA)
    put(desk, "D2", 2, **CARL)
    put(desk, "D3", 3, booker_name="Walk In")
    changed = desk.plan_again()
    assert [desk.guest_of(name).guest_id for name in ("D1", "D2", "D3")] == [1, 2, 3]
    assert desk.booker_of("D2") == 1
    assert desk.tasks("D2") == [Reason.GUEST_CONFLICT]
    (event,) = changed[0][1].events
    assert (event.name, event.line, event.actor_type) == ("guest linked", None, "system")
    assert desk.plan_again() == ()


def test_the_planner_leaves_alone_what_staff_chose_and_what_is_over() -> None:
    desk = unlinked("D1", 1, **ADA)
    booking = desk.hotel.booking("D1")
    desk.hotel.put(replace(booking, guest_set_by_staff=True))
    assert desk.plan_again() == ()
    desk.hotel.put(booking)
    desk.plan_again()
    over = replace(desk.hotel.booking("D1").stays[0], status=StayStatus.CHECKED_OUT)
    desk.hotel.put(replace(desk.hotel.booking("D1"), stays=(over,)))
    desk.edit(1, blocked=True)
    assert desk.plan_again() == ()
    assert desk.tasks("D1") == []


def test_the_planner_tells_of_a_guest_blocked_meanwhile_and_takes_it_back(
    desk: Reception,
) -> None:
    desk.books("A", **ADA)
    desk.edit(1, blocked=True)
    desk.plan_again()
    assert desk.tasks("A") == [Reason.BLOCKED_GUEST]
    assert desk.plan_again() == ()
    desk.edit(1, blocked=False)
    desk.plan_again()
    assert desk.tasks("A") == []


def test_who_made_room_for_a_booking_is_still_told_when_it_has_its_guest() -> None:
    gaps = "room | 01 02 03 04\n STD 101 | A A . .\n STD 102 | . . B B"
    desk = Reception(hotel(gaps, policy=Policy(reshuffle="auto")))
    step = desk.receive(new("C", line("STD", 1, 5), revision=1, **ADA))
    assert [moved.reference for moved in step.decisions[0][1].moves] == ["B"]
    assert desk.guest_of("C").name == "Ada Byron"


def test_what_is_known_already_is_not_asked_for(desk: Reception) -> None:
    desk.books("A", **ADA)
    booking = desk.hotel.booking("A")
    house = desk.hotel.house
    world = World(properties={HOTEL: house})
    missing = missing_for(world, booking)
    assert missing is not None
    assert (missing.emails, missing.guests) == (((HOTEL, EMAIL),), ((HOTEL, 1),))
    guests = Guests({(HOTEL, 1): desk.guests[1]}, {(HOTEL, EMAIL): (1,)})
    assert missing_for(replace(world, guests=guests), booking) is None
    nobody = replace(booking, guest_id=None, base=None, contact_email=None)
    assert missing_for(world, nobody) is None
