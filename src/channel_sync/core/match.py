"""Which reservation a revision speaks of, and which stay each of its lines is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from channel_sync.core.assignment import best_assignment
from channel_sync.core.model import Line, Reservation, Revision, Stay, StayStatus


@dataclass(frozen=True, slots=True)
class Matched:
    """The revision speaks of this reservation.

    `by_older_reference` says that the reference was given up for a newer one (rule M12).
    """

    reservation: Reservation
    by_older_reference: bool = False


@dataclass(frozen=True, slots=True)
class Unmatched:
    """No reservation bears this reference, or one that it replaces."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The references of the revision lead to several reservations."""

    reservation_ids: tuple[int, ...]


def match(
    revision: Revision, candidates: Mapping[str, Reservation | None]
) -> Matched | Unmatched | Ambiguous:
    """Find the reservation of a revision by its references alone (rules M1 and M12).

    `candidates` holds for each reference of the revision the reservation that ever bore it.
    """
    found: dict[int, Reservation] = {}
    for reference in (revision.reference, *revision.replaces):
        reservation = candidates.get(reference)
        if reservation is not None:
            found[reservation.reservation_id] = reservation
    if not found:
        return Unmatched()
    if len(found) > 1:
        return Ambiguous(tuple(found))
    (reservation,) = found.values()
    known = revision.reference in reservation.references
    return Matched(reservation, known and revision.reference != reservation.reference)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which stay each line of a revision is: pairs, lines that are new, stays that are gone."""

    pairs: tuple[tuple[Stay, Line], ...]
    new_lines: tuple[Line, ...]
    gone: tuple[Stay, ...]


def pair_lines(stays: Sequence[Stay], lines: Sequence[Line], today: date) -> Pairing:
    """Pair the stays that the channel knows with the lines it now lists (rule M10).

    Stable lines pair by their id alone, several under one id by content; the rest by content,
    as many pairs as possible. A stay whose line had gone can only return under a stable id.
    Stays of the hotel's own (without a base) are nobody's line and are left out.
    """
    known = [stay for stay in stays if stay.base is not None]
    lines = _once_each(lines)
    pairs: list[tuple[Stay, Line]] = []
    for channel_line in dict.fromkeys(line.channel_line for line in lines if line.is_stable):
        here = [line for line in lines if line.is_stable and line.channel_line == channel_line]
        there = [stay for stay in known if _is_stable_line(stay, channel_line)]
        live = [stay for stay in there if stay.base and stay.base.is_live]
        pairs += _pair_by_content(live, here, today)
        taken = {stay.line for stay, _ in pairs}
        left = [line for line in here if all(line is not paired for _, paired in pairs)]
        pairs += _pair_by_content([s for s in there if s.line not in taken], left, today)
    taken = {stay.line for stay, _ in pairs}
    loose_lines = [line for line in lines if not line.is_stable]
    loose_stays = [
        stay
        for stay in known
        if stay.base and not stay.base.is_stable and (stay.base.is_live or not stay.is_cancelled)
    ]
    pairs += _pair_by_content(
        [stay for stay in loose_stays if stay.line not in taken], loose_lines, today
    )
    taken = {stay.line for stay, _ in pairs}
    return Pairing(
        pairs=tuple(sorted(pairs, key=lambda pair: _line_order(pair[0].line))),
        new_lines=tuple(x for x in lines if all(x is not paired for _, paired in pairs)),
        gone=tuple(s for s in known if s.base and s.base.is_live and s.line not in taken),
    )


def _once_each(lines: Sequence[Line]) -> list[Line]:
    """One stable id listed twice counts once: the later listing, where the first stood."""
    kept: dict[object, Line] = {}
    for position, line in enumerate(lines):
        kept[(line.channel_line, line.unit) if line.is_stable else position] = line
    return list(kept.values())


def _is_stable_line(stay: Stay, channel_line: str | None) -> bool:
    return stay.base is not None and stay.base.is_stable and stay.base.channel_line == channel_line


def _pair_by_content(
    stays: Sequence[Stay], lines: Sequence[Line], today: date
) -> list[tuple[Stay, Line]]:
    """As many pairs as possible with the highest sum of likeness; ties keep what matters most."""
    if not stays or not lines:
        return []
    if len(stays) == len(lines) == 1:
        return [(stays[0], lines[0])]
    size = max(len(stays), len(lines))
    base = (likeness_most() + 1) * size + 1
    weights = []
    for rank, stay in enumerate(stays):
        claims = _claims(stay, today)
        row = []
        for line in lines:
            score = likeness(stay, line)
            weight = score
            for claim in claims:
                weight = weight * base + (score + 1) * claim
            for other in range(len(stays)):
                weight = weight * base + (score + 1) * (other == rank)
            row.append(weight)
        weights.append(row)
    return [(stays[row], lines[column]) for row, column in best_assignment(weights)]


def likeness_most() -> int:
    """The likeness of a line that is the same in everything."""
    return 9 + 8 + 4 + 4 + 1


def likeness(stay: Stay, line: Line) -> int:
    """How alike a line is to what the channel said of a stay before (rule M10)."""
    base = stay.base
    if base is None:
        return 0
    same_names = bool(line.guest_names) and line.guest_names == base.guest_names
    score = 9 if same_names else 0
    score += 8 if line.category_code == base.category_code else 0
    score += 4 if line.arrival == base.arrival else 0
    score += 4 if line.departure == base.departure else 0
    party, known = (line.adults, line.children or ()), (base.adults, base.children or ())
    return score + (1 if party == known else 0)


def _claims(stay: Stay, today: date) -> tuple[bool, ...]:
    """What a tie keeps first: begun, pinned, manual category, staff note, a room."""
    begun = stay.status is StayStatus.CHECKED_IN or (
        stay.status is StayStatus.CONFIRMED and stay.arrival < today
    )
    return (
        begun,
        stay.pinned_room is not None,
        stay.manual_category_code is not None,
        stay.staff_note is not None,
        bool(stay.rooms),
    )


def _line_order(line: str) -> tuple[int, str]:
    """Lines in the order they were numbered."""
    return (int(line), "") if line.isdecimal() else (0, line)
