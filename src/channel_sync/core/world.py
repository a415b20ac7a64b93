"""The slice of the database that a batch needs, as values, and what a revision does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from channel_sync.core import decide
from channel_sync.core.draft import Draft
from channel_sync.core.evolve import evolve
from channel_sync.core.judge import SetAside, judge, unfit
from channel_sync.core.match import Ambiguous, Matched, match
from channel_sync.core.merge import UnfitDates
from channel_sync.core.model import (
    Decision,
    EmailKey,
    GuestKey,
    Guests,
    Kept,
    Outcome,
    Parked,
    Property,
    Reservation,
    Revision,
    Said,
)
from channel_sync.core.neighbours import Neighbours, NeighboursNeeded, with_booking
from channel_sync.core.plan import Plan

ReferenceKey = tuple[str, str, str]
"""Property, channel in its one spelling, reference."""

ReservationKey = tuple[str, int]
"""Property and reservation id."""


@dataclass(frozen=True, slots=True)
class World:
    """What is known of the database while a slice is decided.

    A reference that was looked up and not found is None in `references`; one that is missing was
    not looked up. `today` is the property-local date, fixed for the slice. `blocked` are the
    references with a parked message that later ones must not overtake. `guests` are those of the
    bookings and those known under the e-mails that were looked up. `neighbours` are, by property,
    the stays that may be moved; loaded only where moving them could help. `most_nights` is how long
    a stay may become.
    """

    properties: Mapping[str, Property | None] = field(default_factory=dict)
    today: Mapping[str, date] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    references: Mapping[ReferenceKey, int | None] = field(default_factory=dict)
    reservations: Mapping[ReservationKey, Reservation] = field(default_factory=dict)
    kept: Mapping[ReservationKey, tuple[Kept, ...]] = field(default_factory=dict)
    blocked: frozenset[ReferenceKey] = frozenset()
    guests: Guests = field(default_factory=Guests)
    neighbours: Mapping[str, Neighbours] = field(default_factory=dict)
    most_nights: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """What has to be loaded before the revision can be decided."""

    references: tuple[ReferenceKey, ...] = ()
    plans: tuple[str, ...] = ()
    emails: tuple[EmailKey, ...] = ()
    guests: tuple[GuestKey, ...] = ()
    neighbours: tuple[str, ...] = ()

    @property
    def wanted(self) -> frozenset[object]:
        """All of it, to be told from what was asked for before."""
        kinds = ("references", "plans", "emails", "guests", "neighbours")
        return frozenset((kind, each) for kind in kinds for each in getattr(self, kind))


@dataclass(frozen=True, slots=True)
class Step:
    """One revision decided: what to write, and the world after it.

    `decisions` holds for each reservation touched the decision on it; the first is the one that
    the revision speaks of.
    """

    outcome: Outcome
    world: World
    decisions: tuple[tuple[Reservation, Decision], ...]
    kept: Kept


def normalise(world: World, revision: Revision) -> Revision:
    """The revision with its channel in one spelling and its rate plans by our names (M1).

    An amount in no named currency is in the property's.
    """
    house = world.properties.get(revision.property_id)
    if house is None:
        return revision
    channel = house.channel(revision.channel)
    names = channel.rate_plans
    lines = revision.lines and tuple(
        replace(
            line,
            rate_plan=names.get(line.rate_plan or "", line.rate_plan),
            currency=line.currency or _currency(house, line.amount, line.nights),
        )
        for line in revision.lines
    )
    header = revision.header
    if header.total is not None and header.total_currency is None:
        header = replace(header, total_currency=house.currency)
    return replace(revision, channel=channel.name, lines=lines, header=header)


def _currency(house: Property, *said: object) -> str | None:
    """The property's currency where something is priced in none."""
    return house.currency if any(price is not None for price in said) else None


def reference_keys(revision: Revision) -> tuple[ReferenceKey, ...]:
    """Every reference that a revision (already normalised) may be known by."""
    return tuple(
        (revision.property_id, revision.channel, reference)
        for reference in dict.fromkeys((revision.reference, *revision.replaces))
    )


def apply(world: World, revision: Revision, *, is_retry: bool = False) -> Step | SetAside | Missing:
    """Decide one revision against the world as it stands after the ones before it.

    A retry of a parked message does not queue behind itself.
    """
    house = world.properties.get(revision.property_id)
    if house is None:
        return SetAside(Parked.UNKNOWN_PROPERTY, f"no property {revision.property_id!r}")
    revision = normalise(world, revision)
    keys = reference_keys(revision)
    unknown = tuple(key for key in keys if key not in world.references)
    plans = () if revision.property_id in world.plans else (revision.property_id,)
    if unknown or plans:
        return Missing(unknown, plans)
    if not is_retry and any(key in world.blocked for key in keys):
        return SetAside(Parked.BEHIND_PARKED, "an earlier message of this booking is parked")
    found = {key[2]: _reservation(world, key) for key in keys}
    matched = match(revision, found)
    if isinstance(matched, Ambiguous):
        return _join(world, revision, found)
    known = matched.reservation if isinstance(matched, Matched) else None
    aside = unfit(revision, known, world.today[revision.property_id])
    if aside is not None:
        return aside
    reservation = known or Reservation(
        revision.property_id, house.last_reservation_id + 1, revision.channel, "", ()
    )
    draft = Draft(
        house=house,
        reservation=reservation,
        plan=world.plans[revision.property_id],
        today=world.today[revision.property_id],
        cause=f"revision {revision.label}",
        neighbours=world.neighbours.get(revision.property_id),
        most_nights=world.most_nights,
    )
    older = isinstance(matched, Matched) and matched.by_older_reference
    kept = world.kept.get((revision.property_id, reservation.reservation_id), ())
    try:
        outcome = judge(draft, revision, known, kept, by_older_reference=older)
    except NeighboursNeeded:
        return Missing(neighbours=(revision.property_id,))
    except UnfitDates as error:
        return SetAside(error.reason, str(error))
    _advance(draft, revision, outcome)
    return _step(world, draft, revision, outcome, is_new=known is None)


def _join(
    world: World, revision: Revision, found: Mapping[str, Reservation | None]
) -> Step | SetAside | Missing:
    """Bookings that turn out to be one: a chain of references whose links came late (M12).

    The booking that already bears this reference goes on; those that it replaces are called off
    and their references lead to it from now on. Without such a booking nobody can tell.
    """
    heir = found.get(revision.reference)
    if heir is None:
        ids = ", ".join(str(r.reservation_id) for r in found.values() if r is not None)
        return SetAside(Parked.AMBIGUOUS, f"the references lead to the reservations {ids}")
    house = world.properties[revision.property_id]
    absorbed: list[tuple[Reservation, Decision]] = []
    references = dict.fromkeys(heir.references)
    for other in found.values():
        if house is None or other is None or other.reservation_id == heir.reservation_id:
            continue
        draft = Draft(
            house=house,
            reservation=other,
            plan=world.plans[house.property_id],
            today=world.today[house.property_id],
            cause=f"reference {heir.reference}",
        )
        decide.absorb(draft, heir)
        references |= dict.fromkeys(other.references)
        absorbed.append((draft.reservation, draft.decided(Outcome.MODIFIED)))
        world = replace(
            world,
            plans={**world.plans, house.property_id: draft.plan},
            reservations={
                **world.reservations,
                (other.property_id, other.reservation_id): draft.reservation,
            },
            neighbours=_known_after(world, draft),
        )
    heir = replace(heir, references=tuple(references))
    world = replace(
        world,
        references={
            **world.references,
            **{(heir.property_id, heir.channel, r): heir.reservation_id for r in references},
        },
        reservations={**world.reservations, (heir.property_id, heir.reservation_id): heir},
    )
    step = apply(world, revision, is_retry=True)
    if isinstance(step, Step):
        return replace(step, decisions=(*step.decisions, *absorbed))
    return step


TAKEN = frozenset(
    {
        Outcome.CREATED,
        Outcome.MODIFIED,
        Outcome.CANCELLED,
        Outcome.REINSTATED,
        Outcome.UNCHANGED,
        Outcome.DEFERRED,
        Outcome.TOMBSTONED,
        Outcome.ENQUIRY,
    }
)
"""Outcomes after which the revision is the last one taken."""


def _advance(draft: Draft, revision: Revision, outcome: Outcome) -> None:
    """Move the orders, and what else is kept of the last message taken (rules M6 and M7)."""
    reservation = draft.reservation
    if outcome is Outcome.STALE and draft.events:
        draft.reservation = replace(reservation, content_order=revision.order)
    aside = outcome is Outcome.ENQUIRY and not draft.events  # about a booking, which stays as it is
    if outcome not in TAKEN or aside:
        return
    undecided = outcome is Outcome.DEFERRED and reservation.is_called_off
    about_content = revision.said is not Said.CANCELLED
    status_order = reservation.status_order if undecided else revision.order
    content_order = revision.order if about_content and not undecided else reservation.content_order
    draft.reservation = replace(
        reservation,
        status_order=status_order,
        content_order=content_order,
        revision=revision.label,
        arrived=revision.arrived,
        last_content_hash=revision.content_hash,
    )


def _step(
    world: World, draft: Draft, revision: Revision, outcome: Outcome, *, is_new: bool
) -> Step:
    """The world after a decision."""
    reservation = draft.reservation
    key = (reservation.property_id, reservation.reservation_id)
    kept = Kept(revision.message_id, revision.order, revision.content_hash)
    house = draft.house
    if is_new:
        house = replace(house, last_reservation_id=reservation.reservation_id)
    references = {
        (reservation.property_id, reservation.channel, reference): reservation.reservation_id
        for reference in reservation.references
    }
    after = replace(
        world,
        properties={**world.properties, house.property_id: house},
        plans={**world.plans, house.property_id: draft.plan},
        references={**world.references, **references},
        reservations={**world.reservations, **_moved(world, draft), key: reservation},
        neighbours=_known_after(world, draft),
        kept={**world.kept, key: (*world.kept.get(key, ()), kept)},
    )
    return Step(outcome, after, ((reservation, draft.decided(outcome)),), kept)


def _moved(world: World, draft: Draft) -> dict[ReservationKey, Reservation]:
    """Of the bookings that made room, those that the world knows, as they are now."""
    known: dict[ReservationKey, Reservation] = {}
    for moved in draft.moves:
        key = (draft.house.property_id, moved.reservation_id)
        booking = known.get(key, world.reservations.get(key))
        if booking is not None:
            known[key] = evolve(booking, moved.event)
    return known


def _known_after(world: World, draft: Draft) -> Mapping[str, Neighbours]:
    """Who may be moved after a decision, where anybody looked who that is."""
    house = draft.house
    known = draft.neighbours
    if known is None:
        known = world.neighbours.get(house.property_id)
    if known is None:
        return world.neighbours
    after = with_booking(known, draft.reservation, house.policy, draft.today)
    return {**world.neighbours, house.property_id: after}


def _reservation(world: World, key: ReferenceKey) -> Reservation | None:
    number = world.references[key]
    return None if number is None else world.reservations[(key[0], number)]
