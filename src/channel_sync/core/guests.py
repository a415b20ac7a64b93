"""Whose booking it is, and what a booking changes of its guest: rules section 6."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from channel_sync.core.contact import email_key, is_alias, is_same_email, phone_key
from channel_sync.core.evolve import facts_between
from channel_sync.core.model import (
    GUEST_FIELDS,
    Contact,
    Fact,
    Guest,
    Guests,
    Header,
    Property,
    Reservation,
)
from channel_sync.core.names import is_fuller, is_same_person

SHOWN_FIELDS = ("guest_number", *GUEST_FIELDS)
"""What of a guest has a history."""


def contact_of(booking: Reservation) -> Contact:
    """What is said of the person: by the channel, or by staff for the hotel's own bookings."""
    said: Header | Reservation = booking if booking.base is None else booking.base
    return Contact(
        name=said.booker_name,
        email=said.contact_email,
        phone=said.contact_phone,
        language=said.language,
        country=said.country,
    )


def said_anew(before: Contact, now: Contact) -> frozenset[str]:
    """The fields that are said now and were not said so before; what is empty says nothing."""
    return frozenset(
        name
        for name in GUEST_FIELDS
        if getattr(now, name) and not _is_same(name, getattr(before, name), now)
    )


def usable_key(house: Property, email: str | None) -> str | None:
    """The key under which bookings of one guest are found by this e-mail (rule G3).

    None for no address, for an alias that a channel made for one booking, for the hotel's own.
    """
    key = email_key(email)
    if key is None or is_alias(key, house.alias_email_domains):
        return None
    return None if key in {email_key(own) for own in house.own_email_addresses} else key


def find_same(guests: Guests, house: Property, key: str, name: str | None) -> Guest | None:
    """The guest of this e-mail and name, those separated earlier included (rule G4)."""
    for known in guests.found(house.property_id, key):
        root = guests.root(known)
        if any(is_named(guest, name) for guest in (known, root)):
            return root
    return None


def find_keyed(guests: Guests, house: Property, key: str) -> Guest | None:
    """The guest that this e-mail keys, whatever the name."""
    for known in guests.found(house.property_id, key):
        if known.email_key == key:
            return guests.root(known)
    return None


def is_named(guest: Guest, name: str | None) -> bool:
    """Whether a name is the guest's, as staff have it or as a channel last said it."""
    if not name or not (guest.name or guest.base.name):
        return True
    known = [one for one in (guest.name, guest.base.name) if one]
    return any(is_same_person(one, name) for one in known)


def make_guest(
    house: Property, said: Contact, key: str | None, separated_from: str | None
) -> Guest:
    """A new guest of one booking; one that is kept apart from another has no e-mail (rule G6)."""
    if separated_from is not None:
        said = replace(said, email=None)
    number = house.last_guest_id + 1
    guest = Guest(
        house.property_id,
        number,
        str(number),
        **{name: getattr(said, name) for name in GUEST_FIELDS},
        email_key=key,
        separated_from=separated_from,
        base=said,
        bookings=1,
    )
    return replace(guest, is_listed=is_on_list(house, guest))


def update(
    house: Property,
    guest: Guest,
    said: Contact,
    names: Collection[str],
    *,
    over_staff: bool = False,
) -> Guest:
    """The guest after these fields of a booking: empty never erases, staff's values stay (G5)."""
    values: dict[str, Any] = {}
    base: dict[str, Any] = {}
    for name in GUEST_FIELDS:
        value = getattr(said, name)
        if not value or name not in names:
            continue
        base[name] = value
        edited = not _is_same(name, getattr(guest, name), guest.base)
        if _says_more(name, getattr(guest, name), said) and (over_staff or not edited):
            values[name] = value
    after = replace(guest, **values, base=replace(guest.base, **base))
    return replace(after, is_listed=is_on_list(house, after)) if values else after


def changes_of(before: Guest | None, after: Guest) -> tuple[Fact, ...]:
    """What has changed of a guest, for its history."""
    return facts_between(before, after, SHOWN_FIELDS)


def is_on_list(house: Property, guest: Guest) -> bool:
    """Whether any entry of the property's blocked list fits the guest (rule G12)."""
    for entry in house.blocked_guests:
        if entry.email and is_same_email(guest.email or guest.separated_from, entry.email):
            return True
        phone = phone_key(entry.phone, guest.country)
        if phone is not None and phone == phone_key(guest.phone, guest.country):
            return True
        if entry.name and guest.name and is_same_person(guest.name, entry.name):
            return True
    return False


def _is_same(name: str, held: str | None, said: Contact) -> bool:
    """Whether two values of a field are the same, however they are spelled."""
    value = getattr(said, name)
    if held == value or not held or not value:
        return bool(held == value)
    if name == "email":
        return is_same_email(held, value)
    key = phone_key(held, said.country) if name == "phone" else None
    return key is not None and key == phone_key(value, said.country)


def _says_more(name: str, held: str | None, said: Contact) -> bool:
    """Whether a value is another one; a shorter form of the same name tells nothing new."""
    if name == "name" and held and is_same_person(held, said.name):
        return is_fuller(said.name, held)
    return not _is_same(name, held, said)
