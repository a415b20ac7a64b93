"""Gives a booking its guest: after each message, and where the planner finds one without (G4)."""

from __future__ import annotations

from dataclasses import replace

from channel_sync.core.draft import Draft
from channel_sync.core.guests import contact_of, find_keyed, said_anew, usable_key
from channel_sync.core.linking import Linking, is_to_come
from channel_sync.core.model import (
    Contact,
    Decision,
    Outcome,
    Reservation,
    Revision,
    TaskState,
)
from channel_sync.core.world import Missing, Step, World

UNTOUCHED = frozenset({Outcome.CANCELLED, Outcome.TOMBSTONED, Outcome.DUPLICATE})
"""Outcomes that say nothing of who the guest is (rule M13)."""


def spell(world: World, revision: Revision) -> Revision | Missing:
    """The revision with its e-mail spelled as the guest's whom it keys: it is the same address."""
    house = world.properties.get(revision.property_id)
    said = revision.header.contact_email
    key = usable_key(house, said) if house is not None else None
    if house is None or key is None:
        return revision
    if (house.property_id, key) not in world.guests.under:
        return Missing(emails=((house.property_id, key),))
    keyed = find_keyed(world.guests, house, key)
    if keyed is None or keyed.email_key != key or keyed.email in {None, said}:
        return revision
    return replace(revision, header=replace(revision.header, contact_email=keyed.email))


def attend(world: World, step: Step) -> Step | Missing:
    """The step with what it means for the booking's guest; `world` is the one before it."""
    booking, decision = step.decisions[0]
    if step.outcome in UNTOUCHED or not decision.events or not _has_guest(booking):
        return step
    before = world.reservations.get((booking.property_id, booking.reservation_id))
    told, after = contact_of(booking), step.world
    changed = said_anew(contact_of(before) if before else Contact(), told)
    missing = missing_for(after, booking)
    if missing is not None:
        return missing
    draft = _resume(after, booking, decision, step.outcome)
    linking = Linking(draft, after.guests, told, changed, had_email=_had_email(before))
    linking.is_quiet = step.outcome is Outcome.STALE or not is_to_come(draft)
    linking.decide()
    key = (booking.property_id, booking.reservation_id)
    after = replace(
        after,
        properties={**after.properties, draft.house.property_id: draft.house},
        reservations={**after.reservations, key: draft.reservation},
        guests=linking.guests,
    )
    linked = (draft.reservation, linking.decided(step.outcome))
    return replace(step, world=after, decisions=(linked, *step.decisions[1:]))


def missing_for(world: World, booking: Reservation) -> Missing | None:
    """What has to be loaded before a booking can be given its guest."""
    house = world.properties[booking.property_id]
    key = usable_key(house, contact_of(booking).email) if house is not None else None
    emails = ((booking.property_id, key),) if key is not None else ()
    unknown = tuple(one for one in emails if one not in world.guests.under)
    ids = (booking.guest_id, booking.booker_guest_id)
    guests = tuple((booking.property_id, number) for number in ids if number is not None)
    absent = tuple(one for one in guests if one not in world.guests.by_id)
    return Missing(emails=unknown, guests=absent) if unknown or absent else None


def _has_guest(booking: Reservation) -> bool:
    return not booking.is_tombstone and booking.replaced_by is None


def _had_email(before: Reservation | None) -> bool:
    return before is not None and bool(contact_of(before).email)


def _resume(world: World, booking: Reservation, decision: Decision, outcome: Outcome) -> Draft:
    """The decision on a booking as a draft that goes on."""
    house = world.properties[booking.property_id]
    assert house is not None  # noqa: S101 - the booking was decided upon
    return Draft(
        house=house,
        reservation=booking,
        plan=world.plans[booking.property_id],
        today=world.today[booking.property_id],
        cause=f"revision {booking.revision}",
        actor_type="system" if outcome is Outcome.STALE else "channel",
        events=list(decision.events),
        closed=[task for task in decision.tasks if task.state is not TaskState.OPEN],
        cells=list(decision.cells),
        asked=list(decision.asked),
        freed=decision.freed,
        moves=list(decision.moves),
        nodes=decision.nodes,
    )
