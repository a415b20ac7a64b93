"""Who stays and who booked, as values: guests, and what a channel says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

GUEST_FIELDS = ("name", "email", "phone", "language", "country")
"""What a channel says of a guest, field by field."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What a channel says of the person who booked. None means not said."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """One person of one property; `guest_id` never changes.

    `email_key` is the e-mail as bookings find the guest by it; an e-mail keys at most one guest.
    `separated_from` is the key under which a booking of this name came in while it keyed another
    guest. `base` is what a channel last said and we took: a field that differs was edited by
    staff. `bookings` counts those whose main guest this is. `merged_into` is the guest that this
    one has become.
    """

    property_id: str
    guest_id: int
    guest_number: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    country: str | None = None
    email_key: str | None = None
    separated_from: str | None = None
    base: Contact = Contact()
    blocked: bool = False
    is_listed: bool = False
    merged_into: int | None = None
    bookings: int = 0

    @property
    def is_unwanted(self) -> bool:
        """Whether the hotel does not want this guest: marked by staff, or on its list."""
        return self.blocked or self.is_listed


EmailKey = tuple[str, str]
"""Property, e-mail key."""

GuestKey = tuple[str, int]
"""Property, guest id."""


@dataclass(frozen=True, slots=True)
class Guests:
    """The guests known while a slice is decided.

    `under` holds for each e-mail key that was looked up the ids of those known under it: the one
    that it keys, and those separated from that one. A key that is missing was not looked up.
    """

    by_id: Mapping[GuestKey, Guest] = field(default_factory=dict)
    under: Mapping[EmailKey, tuple[int, ...]] = field(default_factory=dict)

    def root(self, guest: Guest) -> Guest:
        """The guest that a merged one has become."""
        while guest.merged_into is not None:
            guest = self.by_id[guest.property_id, guest.merged_into]
        return guest

    def found(self, property_id: str, key: str) -> tuple[Guest, ...]:
        """Those known under an e-mail key that was looked up; the one that it keys first."""
        ids = self.under[property_id, key]
        known = [self.by_id[property_id, number] for number in ids]
        return tuple(sorted(known, key=lambda g: (g.email_key != key, g.guest_id)))

    def joined(self, more: Guests) -> Guests:
        """With those that were loaded later; what is known already is as decided since."""
        return Guests({**more.by_id, **self.by_id}, {**more.under, **self.under})

    def put(self, guest: Guest) -> Guests:
        """With this guest as it is now."""
        key = (guest.property_id, guest.guest_id)
        before = self.by_id.get(key)
        left = {before.email_key, before.separated_from} if before else set()
        under = dict(self.under)
        for named in left | {guest.email_key, guest.separated_from}:
            known = under.get((guest.property_id, named or ""))
            if named is not None and known is not None:
                rest = tuple(number for number in known if number != guest.guest_id)
                is_theirs = named in {guest.email_key, guest.separated_from}
                under[guest.property_id, named] = (*rest, *([guest.guest_id] if is_theirs else ()))
        return replace(self, by_id={**self.by_id, key: guest}, under=under)
