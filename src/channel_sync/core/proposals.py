"""Ways out for a person where no room is free, in the order of rule R4, each with its cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from channel_sync.core.model import Move, Property, Proposal
from channel_sync.core.place import Ask, choose
from channel_sync.core.plan import Plan

Reshuffler = Callable[[str, int], Proposal | None]
"""Looks for the moves within a category that free one of these rooms (bits)."""


def propose(
    house: Property,
    plan: Plan,
    ask: Ask,
    category: str | None,
    *,
    reference: str = "",
    pinned: str | None = None,
    reshuffler: Reshuffler | None = None,
) -> tuple[Proposal, ...]:
    """Ways out for a stay of a category, which is off the plan: one a kind and category.

    A free room of the category itself; where there is none, moves of others that free one; a room
    of the nearest higher category that has any; a split within the category; a room of the
    nearest lower one. A stay `pinned` to a room that is taken is first offered that room. Only
    rooms that hold the party; the room held now comes first in its category.
    """
    free = plan.free(ask.from_date, ask.to_date, ask_for=ask.key)
    fitting = plan.layout.fitting(free, ask.party)
    rank = house.rank(category)
    codes = [c.code for c in house.categories]
    own = codes[rank : rank + 1] if rank >= 0 else []
    found = _own_room_first(house, plan, ask, pinned, free, reshuffler)
    found += _first_room(house, plan, ask, fitting, "room", own, rank)
    full = [code for code in own if not fitting & plan.layout.category(code)]
    offered = {(each.kind, each.category) for each in found}
    if reshuffler is not None:
        wanting = [code for code in full if ("reshuffle", code) not in offered]
        masks = [plan.layout.fitting(plan.layout.category(code), ask.party) for code in wanting]
        made = map(reshuffler, wanting, masks)
        found += [each for each in made if each is not None]
    found += _first_room(house, plan, ask, fitting, "upgrade", codes[rank + 1 :], rank)
    for code in full:
        found += _split(plan, ask, code, reference)
    found += _first_room(house, plan, ask, fitting, "downgrade", codes[: max(rank, 0)][::-1], rank)
    return tuple(found)


def _own_room_first(
    house: Property,
    plan: Plan,
    ask: Ask,
    pinned: str | None,
    free: int,
    reshuffler: Reshuffler | None,
) -> list[Proposal]:
    """The pinned room made free by moves of those who have it."""
    category = house.category_of(pinned)
    if pinned is None or category is None or reshuffler is None:
        return []
    mask = plan.layout.fitting(plan.layout.mask([pinned]), ask.party)
    made = reshuffler(category, mask) if mask and not mask & free else None
    return [made] if made is not None else []


def _first_room(
    house: Property,
    plan: Plan,
    ask: Ask,
    fitting: int,
    kind: Literal["room", "upgrade", "downgrade"],
    candidates: Sequence[str],
    rank: int,
) -> list[Proposal]:
    """The best room of the first of these categories that has one."""
    for code in candidates:
        room = choose(plan, ask, fitting & plan.layout.category(code))
        if room is not None:
            ranks = house.rank(code) - rank if rank >= 0 else 0
            return [Proposal(kind, room, code, upgrade=ranks)]
    return []


def _split(plan: Plan, ask: Ask, category: str, reference: str) -> list[Proposal]:
    """Two rooms of a category one after the other, as late a change as can be."""
    rooms = plan.layout.fitting(plan.layout.category(category), ask.party)
    for nights in range(ask.nights - 1, 0, -1):
        change = ask.from_date + timedelta(days=nights)
        parts = (replace(ask, to_date=change), replace(ask, from_date=change))
        free = [rooms & plan.free(p.from_date, p.to_date, ask_for=ask.key) for p in parts]
        if all(free):  # only then is it worth the while to look for the best
            chosen = (choose(plan, part, mask) for part, mask in zip(parts, free, strict=True))
            first, second = filter(None, chosen)
            number, line = ask.key
            steps = (
                Move(number, reference, line, None, first, ask.from_date, change),
                Move(number, reference, line, first, second, change, ask.to_date),
            )
            return [Proposal("split", first, category, steps=steps, splits=1)]
    return []
