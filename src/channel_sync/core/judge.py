"""What a revision is to its booking: unfit, a repeat, older, newer; and which decision follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from channel_sync.core import decide
from channel_sync.core.draft import Draft
from channel_sync.core.match import pair_lines
from channel_sync.core.model import Completeness, Kept, Outcome, Parked, Reservation, Revision, Said
from channel_sync.core.order import Age, age_of, compare, is_provably_newer, is_repeat


@dataclass(frozen=True, slots=True)
class SetAside:
    """The revision is parked: nothing changed, and why."""

    reason: Parked
    detail: str


def unfit(revision: Revision, known: Reservation | None, today: date) -> SetAside | None:
    """Why a revision cannot be applied to what is known, if it cannot (rule M15)."""
    if revision.completeness is Completeness.IDS_ONLY:
        return SetAside(Parked.NEEDS_FETCH, "the message carries ids only: pull the booking itself")
    if revision.said is Said.CANCELLED:
        return None
    if not revision.lines and (revision.completeness is Completeness.FULL or known is None):
        if revision.said is Said.ENQUIRY:
            return None
        return SetAside(Parked.NO_ROOMS, "a booking without a room line")
    lines = revision.lines or ()
    for line in pair_lines(known.stays if known else (), lines, today).new_lines:
        if line.arrival is None or line.departure is None:
            where = f"rooms[{lines.index(line)}]"
            return SetAside(
                Parked.INCOMPLETE_LINE, f"{where}: expected arrival and departure, got none"
            )
    return None


def judge(
    draft: Draft,
    revision: Revision,
    known: Reservation | None,
    kept: tuple[Kept, ...],
    *,
    by_older_reference: bool,
) -> Outcome:
    """Repeat, older, beyond comparison or new: what the revision is, and what follows (M7)."""
    if known is None:
        if revision.said is Said.CANCELLED:
            return decide.entomb(draft, revision)
        return decide.create(draft, revision)
    if is_repeat(revision, known, kept):
        return Outcome.DUPLICATE
    known = draft.reservation = _learn_references(known, revision)
    if by_older_reference:
        return Outcome.STALE
    renames = known.reference in revision.replaces
    age = Age.NEWER if renames else age_of(revision, known, known.status_order)
    if revision.said is Said.CANCELLED:
        return _decide_cancel(draft, revision, known, age)
    if known.is_called_off:
        return _decide_revival(draft, revision, known, age, renames=renames)
    if age is Age.OLDER or (age is Age.SAME and _arrived_before(revision, known)):
        return _take_older(draft, revision, known)
    if revision.said is Said.ENQUIRY and not _is_enquiry(known):
        return Outcome.ENQUIRY
    return decide.modify(draft, revision)


def _learn_references(known: Reservation, revision: Revision) -> Reservation:
    """An older revision too may name references that its booking was known by before (M12)."""
    names = dict.fromkeys((*revision.replaces, *known.references))
    return known if len(names) == len(known.references) else replace(known, references=tuple(names))


def _decide_cancel(draft: Draft, revision: Revision, known: Reservation, age: Age) -> Outcome:
    if age is Age.OLDER or (age is Age.SAME and _arrived_before(revision, known)):
        return Outcome.STALE
    return decide.cancel(draft, revision)


def _decide_revival(
    draft: Draft, revision: Revision, known: Reservation, age: Age, *, renames: bool
) -> Outcome:
    """New or modified for a booking that the channel cancelled (rule M14).

    A request for a quote brings none back, but may come to be known after its cancel (M5).
    """
    newer = renames or is_provably_newer(revision, known.status_order)
    quote = revision.said is Said.ENQUIRY and age is not Age.OLDER
    if quote and not (newer and known.is_tombstone):
        return Outcome.ENQUIRY
    if newer:
        return decide.reinstate(draft, revision)
    if age is not Age.OLDER:
        return decide.defer(draft, revision)
    return _take_older(draft, revision, known)


def _take_older(draft: Draft, revision: Revision, known: Reservation) -> Outcome:
    """An older revision: its content still counts where only a later cancel is held (M6)."""
    cancelled = known.base is not None and not known.base.is_live
    content = compare(revision.order, known.content_order)
    if cancelled and (known.content_order is None or content is Age.NEWER):
        return decide.fill_in(draft, revision)
    return Outcome.STALE


def _arrived_before(revision: Revision, known: Reservation) -> bool:
    """Whether a message of the same order lay before the one taken last (rule M9)."""
    if known.arrived is None:
        return False
    return compare(revision.arrived.order, known.arrived.order) is Age.OLDER


def _is_enquiry(known: Reservation) -> bool:
    """Whether no stay of it was ever booked; lines that the enquiry no longer names are off."""
    live = {stay.status.value for stay in known.stays if not stay.is_cancelled}
    return not known.stays or live == {"enquiry"}
