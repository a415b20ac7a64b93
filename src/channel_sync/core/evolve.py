"""The state after an event: history and state cannot tell different stories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from channel_sync.core.model import Event, Fact, Header, Line, Reservation, Stay

BASE = "base."
"""Before the name of a fact about what the channel says of a line."""

WHOLE_BASE = "base"
"""A fact that replaces all that the channel says: of a line, or of the booking as a whole."""

BOOKING_BASE = "booking_base."
"""Before the name of a fact about what the channel says of the booking as a whole."""

STAY_FIELDS = tuple(f.name for f in fields(Stay) if f.name not in {"line", "base"})
"""What a fact about a stay may name."""

BOOKING_FIELDS = (
    "channel",
    "reference",
    "references",
    "booker_name",
    "contact_email",
    "contact_phone",
    "contact_address",
    "country",
    "language",
    "guest_id",
    "booker_guest_id",
    "guest_set_by_staff",
    "booking_comments",
    "payment",
    "cancellation_fee",
    "invoice_contact",
    "ota_room_policy",
    "created_from_modification",
    "is_tombstone",
    "replaced_by",
)
"""What a fact about a booking as a whole may name; the rest of its row is bookkeeping."""

DISPLAYED = frozenset({"room"})
"""Facts that only spare the reader a look at `rooms`."""


def evolve(reservation: Reservation, event: Event) -> Reservation:
    """The reservation after one event; an event of a line not yet known makes that stay.

    Raises:
        ValueError: a fact names a field that no reservation and no stay has.
    """
    booking: dict[str, object] = {}
    booking_base: dict[str, object] = {}
    stay: dict[str, object] = {}
    base: dict[str, object] = {}
    for fact in event.facts:
        if fact.field.startswith(BOOKING_BASE):
            booking_base[fact.field.removeprefix(BOOKING_BASE)] = fact.new
        elif fact.field.startswith(BASE):
            base[fact.field.removeprefix(BASE)] = fact.new
        elif fact.field == WHOLE_BASE:
            (booking if event.line is None else stay)[WHOLE_BASE] = fact.new
        elif fact.field in STAY_FIELDS:
            stay[fact.field] = fact.new
        elif fact.field in BOOKING_FIELDS:
            booking[fact.field] = fact.new
        elif fact.field not in DISPLAYED:
            message = f"no booking and no stay has a field {fact.field!r}"
            raise ValueError(message)
    if booking_base:
        booking["base"] = replace(reservation.base or Header(), **booking_base)  # type: ignore[arg-type]
    if event.line is not None and (stay or base):
        booking["stays"] = _evolve_stays(reservation.stays, event.line, stay, base)
    return replace(reservation, **booking) if booking else reservation  # type: ignore[arg-type]


def _evolve_stays(
    stays: tuple[Stay, ...],
    line: str,
    facts: Mapping[str, object],
    base_facts: Mapping[str, object],
) -> tuple[Stay, ...]:
    known = next((stay for stay in stays if stay.line == line), None)
    changed = dict(facts)
    if base_facts:
        base = (known.base if known else None) or Line()
        changed["base"] = replace(base, **base_facts)  # type: ignore[arg-type]
    if known is None:
        return (*stays, Stay(line=line, **changed))  # type: ignore[arg-type]
    return tuple(
        replace(stay, **changed) if stay.line == line else stay  # type: ignore[arg-type]
        for stay in stays
    )


def facts_between(
    old: object, new: object, names: tuple[str, ...], prefix: str = ""
) -> tuple[Fact, ...]:
    """The facts that lead from one value to another, in the order of `names`.

    `old` may be None: then everything that is neither None nor empty in `new` is a fact.
    """
    facts = []
    for name in names:
        was = getattr(old, name) if old is not None else None
        now = getattr(new, name)
        if was != now and not (old is None and now == ()):
            facts.append(Fact(prefix + name, was, now))
    return tuple(facts)
