"""What the planner does about guests: bookings without one, and those whom nobody wants (G12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from channel_sync.core.draft import Draft
from channel_sync.core.guests import contact_of, is_on_list, said_anew, usable_key
from channel_sync.core.linking import Linking, is_to_come, tell_unwanted
from channel_sync.core.model import (
    Contact,
    Decision,
    EmailKey,
    Guest,
    GuestKey,
    Guests,
    Outcome,
    Property,
    Reservation,
    Revision,
)
from channel_sync.core.plan import Layout, Plan


def welcome(
    house: Property, guests: Guests, bookings: Sequence[Reservation], today: date
) -> tuple[tuple[Reservation, Decision], ...]:
    """Give each booking without a guest its guest, and say of each whether the guest is wanted.

    What is decided is what a message would have brought (rules, section 10: the hotel's own
    bookings too). Asking again at once changes nothing.
    """
    plan = Plan(Layout.of(house), {}, {}, {})
    changed = []
    for booking in bookings:
        draft = Draft(house, booking, plan, today, cause="planner", actor_type="system")
        told = contact_of(booking)
        linking = Linking(draft, guests, told, said_anew(Contact(), told))
        linking.is_quiet = not is_to_come(draft)
        if booking.guest_id is None and not booking.guest_set_by_staff:
            linking.decide()
        elif linking.current is not None:
            tell_unwanted(draft, linking.current)
        guests, house = linking.guests, draft.house
        if draft.events or draft.closed or draft.reservation != booking:
            changed.append((draft.reservation, linking.decided(Outcome.UNCHANGED)))
    return tuple(changed)


def look_at(house: Property, guest: Guest) -> Guest:
    """A guest that staff changed, or the list did: is it on the list, does its e-mail key it?"""
    key = guest.email_key if usable_key(house, guest.email) else None
    return replace(guest, is_listed=is_on_list(house, guest), email_key=key)


def emails_and_guests(
    houses: Mapping[str, Property | None],
    bookings: Iterable[Reservation],
    revisions: Iterable[Revision] = (),
) -> tuple[set[EmailKey], set[GuestKey]]:
    """The e-mail keys and guests that decisions on these are likely to look up."""
    bookings = tuple(bookings)
    said = [(r.property_id, r.header.contact_email) for r in revisions]
    said += [(b.property_id, contact_of(b).email) for b in bookings]
    emails = set()
    for property_id, email in said:
        house = houses.get(property_id)
        key = usable_key(house, email) if house is not None else None
        if key is not None:
            emails.add((property_id, key))
    guests = {
        (booking.property_id, number)
        for booking in bookings
        for number in (booking.guest_id, booking.booker_guest_id)
        if number is not None
    }
    return emails, guests
