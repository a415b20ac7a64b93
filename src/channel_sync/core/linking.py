"""One booking being given its guest: by e-mail and name, by staff, or anew (G4 to G6, G10)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from channel_sync.core.draft import FOLDED, Draft
from channel_sync.core.guests import (
    changes_of,
    find_keyed,
    find_same,
    is_named,
    make_guest,
    said_anew,
    update,
    usable_key,
)
from channel_sync.core.model import (
    GUEST_FIELDS,
    Contact,
    Decision,
    Event,
    Fact,
    Guest,
    GuestChange,
    Guests,
    Outcome,
    Reason,
    StayStatus,
)

IDENTITY = frozenset({"name", "email"})
"""A change of these decides anew whose booking it is (rule G4)."""

TO_COME = frozenset({StayStatus.CONFIRMED, StayStatus.CHECKED_IN, StayStatus.ENQUIRY})


def is_to_come(draft: Draft) -> bool:
    """Whether a stay of the booking is not over yet."""
    return any(
        stay.status in TO_COME and stay.departure >= draft.today for stay in draft.reservation.stays
    )


def tell_unwanted(draft: Draft, guest: Guest) -> None:
    """Ask about a guest whom the hotel does not want, or end the asking (rule G12)."""
    if not guest.is_unwanted:
        draft.settle(None, [Reason.BLOCKED_GUEST])
    elif is_to_come(draft):
        why = f"guest {guest.guest_id} is on the hotel's list of those it does not want"
        details: dict[str, object] = {"why": why, "guest_id": guest.guest_id, "changes": []}
        draft.ask(Reason.BLOCKED_GUEST, None, details)


@dataclass(slots=True)
class Linking:
    """One booking being given its guest: what is said of the person, and what that changes.

    `changed` are the fields that the channel said anew; `is_quiet` keeps tasks from being opened.
    """

    draft: Draft
    guests: Guests
    told: Contact
    changed: frozenset[str]
    had_email: bool = False
    is_quiet: bool = False
    touched: dict[int, Guest] = field(default_factory=dict)
    changes: list[GuestChange] = field(default_factory=list)

    @property
    def current(self) -> Guest | None:
        """The booking's main guest."""
        booking = self.draft.reservation
        if booking.guest_id is None:
            return None
        return self.guests.by_id[booking.property_id, booking.guest_id]

    def decide(self) -> None:
        """Decide identity where it is open, else take what is said anew of the guest."""
        booking, current = self.draft.reservation, self.current
        if booking.guest_set_by_staff:
            self._respect_staff(current)
        elif current is None or self.changed & IDENTITY:
            self._identify(current)
        elif self.changed:
            self._update(current, self.changed)

    def decided(self, outcome: Outcome) -> Decision:
        """The decision as it stands, with the guests it changed."""
        return replace(
            self.draft.decided(outcome),
            guests=tuple(self.touched.values()),
            guest_changes=tuple(self.changes),
        )

    # --- whose booking it is ----------------------------------------------------------------

    def _respect_staff(self, current: Guest | None) -> None:
        """Staff chose the guest: no message chooses another; a new e-mail is asked about (G10)."""
        if current is None:
            return
        if is_named(current, self.told.name):
            self._update(current, self.changed - {"email"})
        if "email" in self.changed and self.had_email and not self.is_quiet:
            why = "the channel changed the e-mail of a booking whose guest staff chose"
            changes = [{"line": None, "field": "guest_id", "old": current.guest_id, "new": None}]
            self.draft.ask(Reason.GUEST_CONFLICT, None, {"why": why, "changes": changes})

    def _identify(self, current: Guest | None) -> None:
        """Whose booking it is, by e-mail and name, by e-mail, or nobody known (G3, G4, G6)."""
        house = self.draft.house
        key = usable_key(house, self.told.email)
        if key is None:
            self._keep_or_make(current, None)
            return
        same = find_same(self.guests, house, key, self.told.name)
        keyed = find_keyed(self.guests, house, key)
        if same is not None:
            apart = keyed is not None and keyed.guest_id != same.guest_id
            booker = keyed.guest_id if keyed is not None and apart else None
            self._attach(same, booker, "the same e-mail and name")
            self._update(same, self._said_of(same, current))
        elif keyed is None:
            self._keep_or_make(current, key)
        elif self.draft.policy.guest_name_conflict == "overwrite":
            self._attach(keyed, None, "the same e-mail: the policy lets the latest name win")
            self._update(keyed, frozenset(GUEST_FIELDS), over_staff=True)
        else:
            self._separate(keyed, current, key)

    def _said_of(self, guest: Guest, current: Guest | None) -> frozenset[str]:
        """What of the booking is news of the guest: all of it, if the booking was another's.

        The e-mail is the guest's already, or one that keys another; the name may be that of one
        who was merged into the guest.
        """
        is_theirs = current is not None and current.guest_id == guest.guest_id
        news = self.changed if is_theirs else said_anew(guest.base, self.told)
        return news - (IDENTITY if not is_named(guest, self.told.name) else {"email"})

    def _keep_or_make(self, current: Guest | None, key: str | None) -> None:
        """An e-mail that nobody has, or none: the booking's own guest, updated or new (G4)."""
        if current is None or (current.bookings > 1 and not self._is_still(current, key)):
            made = make_guest(self.draft.house, self.told, key, None)
            self._make(made, None, "nobody is known by this e-mail" if key else "no usable e-mail")
            return
        names = self.changed
        if key is None and current.email_key is not None:
            names -= {"email"}  # an alias is no reason to forget the guest's own address
        after = self._update(current, names)
        if key is not None and after.email != current.email:
            self._put(replace(after, email_key=key, separated_from=None))
            self._attach(after, None, "the e-mail is the guest's own")

    def _is_still(self, current: Guest, key: str | None) -> bool:
        """Whether a booking without a usable e-mail stays with its guest: the name is the same."""
        return key is None and is_named(current, self.told.name)

    def _separate(self, keyed: Guest, current: Guest | None, key: str) -> None:
        """Another name under a known e-mail: a guest of its own, the known one is the booker."""
        why = "the e-mail is known under another name"
        own = current is not None and current.bookings <= 1 and current.guest_id != keyed.guest_id
        if current is not None and own and is_named(current, self.told.name):
            self._put(replace(current, separated_from=key))
            self._attach(current, keyed.guest_id, why)
            self._update(current, self.changed - {"email"})
        else:
            made = make_guest(self.draft.house, self.told, None, key)
            self._make(made, keyed.guest_id, why)
        if not self.is_quiet:
            number = self.draft.reservation.guest_id
            change = {"line": None, "field": "guest_id", "old": keyed.guest_id, "new": number}
            self.draft.ask(Reason.GUEST_CONFLICT, None, {"why": why, "changes": [change]})

    # --- what is written --------------------------------------------------------------------

    def _make(self, made: Guest, booker: int | None, why: str) -> None:
        """Write a new guest; the booking is its first."""
        self.draft.house = replace(self.draft.house, last_guest_id=made.guest_id)
        self.changes.append(GuestChange(made.guest_id, "created", changes_of(None, made)))
        self._put(replace(made, bookings=0))
        self._attach(made, booker, why)

    def _update(self, guest: Guest, names: frozenset[str], *, over_staff: bool = False) -> Guest:
        """Take fields of the booking on a guest, with a row of its history if any changed."""
        before = self.guests.by_id[guest.property_id, guest.guest_id]
        after = update(self.draft.house, before, self.told, names, over_staff=over_staff)
        if after == before:
            return before
        self._put(after)
        facts = changes_of(before, after)
        event: Literal["updated", "overwritten"] = "overwritten" if over_staff else "updated"
        if facts:
            self.changes.append(GuestChange(guest.guest_id, event, facts))
        if after.is_unwanted != before.is_unwanted and not self.is_quiet:
            tell_unwanted(self.draft, after)
        return after

    def _put(self, guest: Guest) -> None:
        self.touched[guest.guest_id] = guest
        self.guests = self.guests.put(guest)

    def _attach(self, guest: Guest, booker: int | None, why: str) -> None:
        """Make a guest the booking's main guest, and note who booked."""
        booking, draft = self.draft.reservation, self.draft
        new = {"guest_id": guest.guest_id, "booker_guest_id": booker}
        facts = [
            Fact(n, getattr(booking, n), v) for n, v in new.items() if getattr(booking, n) != v
        ]
        moved = booking.guest_id != guest.guest_id
        if moved:
            self._count(booking.guest_id, -1)
            self._count(guest.guest_id, 1)
        row = _row_of(draft.events)
        if row is None:
            draft.record("guest linked", None, facts, reason=why, rule="G4")
        else:
            draft.record("guest linked", row.line, facts)
        if booker is None:
            draft.settle(None, [Reason.GUEST_CONFLICT])
        if moved and not self.is_quiet:
            tell_unwanted(draft, self.guests.by_id[guest.property_id, guest.guest_id])

    def _count(self, number: int | None, more: int) -> None:
        """One booking more or less of a guest; counted here, not written."""
        if number is not None:
            guest = self.guests.by_id[self.draft.house.property_id, number]
            counted = replace(guest, bookings=guest.bookings + more)
            self.guests = self.guests.put(counted)
            if number in self.touched:
                self.touched[number] = counted


def _row_of(events: list[Event]) -> Event | None:
    """The row that made the booking: its guest belongs in it."""
    return next((event for event in reversed(events) if event.name in FOLDED), None)
