from __future__ import annotations

from dataclasses import replace

from channel_sync.core.guests import is_named, said_anew, update, usable_key
from channel_sync.core.merge import overlay_header
from channel_sync.core.model import Contact, Guest, Guests, Header
from channel_sync.core.welcome import emails_and_guests, look_at
from tests.unit.core.house import HOTEL, property_of, says

HOUSE = property_of({"STD": [("1", 2)]})
ADA = Contact("Ada Byron", "ada@example.org", "+43 1 5880123", "en", "AT")
GUEST = Guest(
    HOTEL,
    1,
    "1",
    ADA.name,
    ADA.email,
    ADA.phone,
    ADA.language,
    ADA.country,
    email_key="ada@example.org",
    base=ADA,
)


def test_what_is_spelled_otherwise_is_not_said_anew() -> None:
    again = Contact("Ada Byron", "ADA@example.org", "0043 1 5880123", "en", "AT")
    assert said_anew(ADA, again) == frozenset()
    assert said_anew(ADA, Contact()) == frozenset()
    assert said_anew(Contact(), ADA) == {"name", "email", "phone", "language", "country"}
    assert said_anew(ADA, replace(ADA, phone="ring twice")) == {"phone"}
    assert said_anew(replace(ADA, phone="ring"), replace(ADA, phone="ring twice")) == {"phone"}


def test_only_the_fields_named_are_taken_and_nothing_empty_erases() -> None:
    said = Contact("Ada King", None, "+43999", "", "DE")
    after = update(HOUSE, GUEST, said, {"name", "email", "language", "country"})
    assert (after.name, after.email, after.phone) == ("Ada King", GUEST.email, GUEST.phone)
    assert (after.language, after.country) == ("en", "DE")


def test_what_staff_erased_stays_erased() -> None:
    after = update(HOUSE, replace(GUEST, phone=None), replace(ADA, phone="+43999"), {"phone"})
    assert after.phone is None
    assert after.base.phone == "+43999"


def test_a_field_nobody_said_before_is_taken() -> None:
    empty = replace(GUEST, phone=None, base=replace(ADA, phone=None))
    assert update(HOUSE, empty, ADA, {"phone"}).phone == ADA.phone


def test_a_guest_goes_by_the_name_of_staff_and_by_that_of_the_channel() -> None:
    renamed = replace(GUEST, name="Augusta King")
    assert is_named(renamed, "Ada Byron")
    assert is_named(renamed, "A. King")
    assert not is_named(renamed, "Carl Gauss")
    assert is_named(Guest(HOTEL, 2), "Carl Gauss")
    assert is_named(replace(GUEST, name=None), "A. Byron")
    assert is_named(GUEST, None)


def test_an_own_address_and_an_alias_are_no_keys() -> None:
    house = replace(
        HOUSE,
        own_email_addresses=frozenset({"Desk@hotel.example", "not an address"}),
        alias_email_domains=frozenset({"relay.example"}),
    )
    assert usable_key(house, "desk@hotel.example") is None
    assert usable_key(house, "x@relay.example") is None
    assert usable_key(house, "x@guest.booking.com") == "x@guest.booking.com"
    assert usable_key(house, "not an address") is None


def test_a_look_at_a_guest_compares_the_list_and_the_key() -> None:
    assert look_at(HOUSE, GUEST) == GUEST
    alias = replace(GUEST, email="x@guest.booking.com", email_key="x@guest.booking.com")
    assert look_at(HOUSE, alias).email_key is None


def test_a_key_goes_with_the_guest_it_belongs_to() -> None:
    key, other = (HOTEL, "ada@example.org"), (HOTEL, "other@example.org")
    guests = Guests({(HOTEL, 1): GUEST}, {key: (1,), other: ()})
    moved = guests.put(replace(GUEST, email_key="other@example.org"))
    assert (moved.under[key], moved.under[other]) == ((), (1,))
    apart = moved.put(Guest(HOTEL, 2, separated_from="other@example.org"))
    assert [guest.guest_id for guest in apart.found(HOTEL, "other@example.org")] == [1, 2]
    unknown = apart.put(Guest(HOTEL, 3, email_key="third@example.org"))
    assert (HOTEL, "third@example.org") not in unknown.under


def test_what_was_decided_since_is_kept_when_more_is_loaded() -> None:
    mine = Guests({(HOTEL, 1): replace(GUEST, name="Ada King")}, {})
    joined = mine.joined(Guests({(HOTEL, 1): GUEST}, {(HOTEL, "ada@example.org"): (1,)}))
    assert joined.by_id[HOTEL, 1].name == "Ada King"
    assert joined.found(HOTEL, "ada@example.org")[0].name == "Ada King"


def test_the_same_address_in_capitals_leaves_the_base_as_it_is() -> None:
    base = Header(contact_email="ada@example.org")
    assert overlay_header(base, Header(contact_email="ADA@example.org")) == base
    other = Header(contact_email="carl@example.org")
    assert overlay_header(base, other) == other


def test_what_a_slice_may_look_up_are_its_emails() -> None:
    revisions = [
        says("A", contact_email="ADA@example.org"),
        says("B", contact_email="none"),
        replace(says("C", contact_email="x@example.org"), property_id="unknown"),
    ]
    assert emails_and_guests({HOTEL: HOUSE}, (), revisions) == ({(HOTEL, "ada@example.org")}, set())
