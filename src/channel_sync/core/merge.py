"""base × theirs × ours → changes: the three-way comparison that everything rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from channel_sync.core.contact import is_same_email
from channel_sync.core.evolve import BASE, facts_between
from channel_sync.core.model import (
    Fact,
    Header,
    Line,
    Parked,
    Payment,
    Property,
    Reservation,
    Stay,
)

Values = tuple[object, ...]

LINE_FIELDS = tuple(f.name for f in fields(Line))


class Verdict(StrEnum):
    """What a channel change means for ours (rules, section 1)."""

    TAKE = "take"
    """Staff left the value alone: ours becomes theirs."""
    AGREE = "agree"
    """Staff made the same change already: only the base moves."""
    REPLACE = "replace"
    """Both changed it differently: theirs is taken, staff's value goes to history."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs between base and theirs; several fields count as one value."""

    aspect: str
    fields: tuple[str, ...]
    base: Values
    theirs: Values
    ours: Values
    verdict: Verdict


LINE_ASPECTS: Mapping[str, tuple[str, ...]] = {
    "dates": ("arrival", "departure"),
    "occupancy": ("adults", "children"),
    "price": ("amount", "currency"),
    "rate_plan": ("rate_plan",),
    "comments": ("comments",),
    "guest_names": ("guest_names",),
}
"""What is compared of a line, and which fields are one value. The category is section 4's."""

HEADER_ASPECTS: Mapping[str, tuple[str, ...]] = {
    name: (name,)
    for name in (
        "booker_name",
        "contact_email",
        "contact_phone",
        "contact_address",
        "country",
        "language",
        "booking_comments",
        "payment",
        "cancellation_fee",
    )
}
"""What is compared of a booking as a whole: each contact field by itself."""

EMPTY: Mapping[str, object] = {"children": (), "guest_names": ()}
"""What ours holds where the channel never said anything; None for every other field."""


def overlay_line(base: Line, said: Line) -> Line:
    """The base of a line after a revision: what was not said stays (rule M2)."""
    merged = {
        f.name: getattr(said, f.name) for f in fields(Line) if getattr(said, f.name) is not None
    }
    return replace(base, **merged)


def overlay_header(base: Header, said: Header) -> Header:
    """The base of a booking after a revision: what was not said stays (rule M2)."""
    merged = {
        f.name: getattr(said, f.name) for f in fields(Header) if getattr(said, f.name) is not None
    }
    merged["payment"] = overlay_payment(base.payment, said.payment)
    if is_same_email(base.contact_email, said.contact_email):
        merged["contact_email"] = base.contact_email  # the same address spelled otherwise
    return replace(base, **merged)


def overlay_payment(base: Payment | None, said: Payment | None) -> Payment | None:
    """The payment after a revision; the same card under another token is no change (rule M7)."""
    if base is None or said is None:
        return said or base
    card = said.card or base.card
    if base.card and card and replace(card, token=base.card.token) == base.card:
        card = base.card
    return Payment(
        collect=said.collect or base.collect,
        method=said.method or base.method,
        instructions=base.instructions if said.instructions is None else said.instructions,
        card=card,
    )


def merge_line(base: Line, theirs: Line, ours: Stay) -> tuple[Change, ...]:
    """The channel changes of a line, category left out; `theirs` is the overlaid line."""
    return _merge(LINE_ASPECTS, base, theirs, ours)


def merge_header(base: Header, theirs: Header, ours: Reservation) -> tuple[Change, ...]:
    """The channel changes of a booking as a whole; `theirs` is the overlaid header."""
    return _merge(HEADER_ASPECTS, base, theirs, ours)


def _merge(
    aspects: Mapping[str, tuple[str, ...]],
    base: Line | Header,
    theirs: Line | Header,
    ours: Stay | Reservation,
) -> tuple[Change, ...]:
    changes = []
    for aspect, names in aspects.items():
        said_before = tuple(getattr(base, name) for name in names)
        said_now = tuple(getattr(theirs, name) for name in names)
        if said_before == said_now:
            continue
        was, now = _as_held(names, said_before), _as_held(names, said_now)
        if now != was:
            held = tuple(getattr(ours, name) for name in names)
            changes.append(Change(aspect, names, was, now, held, verdict_on(was, now, held)))
    return tuple(changes)


def verdict_on(was: Values, now: Values, held: Values) -> Verdict:
    """What a channel change from `was` to `now` means for a value that is held as `held`."""
    if held == now:
        return Verdict.AGREE
    if held == was:
        return Verdict.TAKE
    return Verdict.REPLACE


def _as_held(names: tuple[str, ...], said: Values) -> Values:
    """What ours holds when it follows what was said: an empty comment is no comment."""
    return tuple(
        EMPTY.get(name) if value in (None, "") else value
        for name, value in zip(names, said, strict=True)
    )


def values_to_hold(change: Change) -> dict[str, object]:
    """The fields of ours after the change is taken."""
    return dict(zip(change.fields, change.theirs, strict=True))


class UnfitDates(Exception):
    """One date of a line does not fit the other one, which was said before."""

    def __init__(self, reason: Parked, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def base_after(
    house: Property, channel: str, stay: Stay, line: Line, most_nights: int | None = None
) -> Line:
    """The base of a stay after a line: overlaid, its category as mapped on receipt.

    Raises:
        UnfitDates: it would leave before it arrives, or stay for more nights than may be.
    """
    base = stay.base or Line()
    theirs = overlay_line(base, line)
    if line.arrival or line.departure:
        _check_dates(stay.line, theirs, most_nights)
    if theirs.category_code == base.category_code:
        return replace(theirs, category=base.category)
    mapped = house.map_category(channel, theirs.category_code)
    return replace(theirs, category=mapped)


def _check_dates(name: str, theirs: Line, most_nights: int | None) -> None:
    """A message was read with its own dates alone; here they meet those that it left unsaid."""
    if theirs.arrival is None or theirs.departure is None:
        return
    nights = (theirs.departure - theirs.arrival).days
    if nights < 0:
        raise UnfitDates(
            Parked.INCOMPLETE_LINE,
            f"stay {name}: expected a departure from {theirs.arrival} on, got {theirs.departure}",
        )
    if most_nights is not None and nights > most_nights:
        raise UnfitDates(
            Parked.STAY_TOO_LONG,
            f"stay {name}: expected at most {most_nights} nights, got {nights}",
        )


def category_change(stay: Stay, theirs: Line) -> Change | None:
    """The change of the category booked: a new code that maps to another category."""
    base = stay.base or Line()
    if theirs.category_code == base.category_code or theirs.category is None:
        return None
    if theirs.category == stay.booked_category:
        return None
    names = ("booked_category",)
    was, now = (stay.booked_category,), (theirs.category,)
    return Change("category", names, was, now, was, verdict_on(was, now, was))


def unknown_category(stay: Stay, theirs: Line) -> Change:
    """The change to a code that means none of our categories, as a person is asked about it."""
    was, now = (stay.booked_category,), (theirs.category_code,)
    return Change("unmapped category", ("booked_category",), was, now, was, Verdict.TAKE)


def is_moved(stay: Stay, values: dict[str, object]) -> bool:
    """Whether these values change dates or occupancy as we hold them."""
    return any(
        name in values and values[name] != getattr(stay, name)
        for name in ("arrival", "departure", "adults", "children")
    )


def says_nothing_new(base: Line, theirs: Line) -> bool:
    """Whether a line says nothing new; ids that a provider deals out anew say nothing."""
    if not theirs.is_stable:
        theirs = replace(theirs, channel_line=base.channel_line, unit=base.unit)
    return not merge_facts(base, theirs)


def is_nothing(value: object) -> bool:
    """Whether a value says nothing: an empty comment is no comment."""
    return value is None or value in ("", ())


def merge_facts(base: Line, theirs: Line) -> tuple[Fact, ...]:
    """What differs between two bases, an empty comment being no comment."""
    return tuple(
        fact
        for fact in facts_between(base, theirs, LINE_FIELDS, BASE)
        if not (is_nothing(fact.old) and is_nothing(fact.new))
    )


def merged(stay: Stay, theirs: Line) -> dict[str, object]:
    """The values that ours takes from a line, by the three-way comparison."""
    base = stay.base or Line()
    values = {
        name: value
        for change in merge_line(base, theirs, stay)
        for name, value in values_to_hold(change).items()
    }
    if theirs.category is not None and theirs.category_code != base.category_code:
        values["booked_category"] = theirs.category
    return values


def changed_facts(stay: Stay, values: dict[str, object]) -> list[Fact]:
    """The facts that lead a stay to these values."""
    return [Fact(n, getattr(stay, n), v) for n, v in values.items() if getattr(stay, n) != v]
