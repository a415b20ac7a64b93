"""One stay in several rooms, one after another, on other dates (rule R8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from channel_sync.core.draft import Draft
from channel_sync.core.model import Allocation
from channel_sync.core.place import Ask, is_fitting, is_free, join_rooms
from channel_sync.core.table import Placing, Row


def keep_change_of_room(draft: Draft, placing: Placing, ask: Ask) -> bool:
    """Whether a stay in several rooms one after another keeps them on its new nights (R8).

    A change of room that was planned stays planned where every room of it is free and fits.
    """
    rooms = stretch_rooms(placing.rooms, ask.from_date, ask.to_date)
    put_back = draft.policy.ota_room_policy == "follow_channel"
    if len(rooms) < 2 or placing.row is not Row.MOVED or put_back:
        return False
    for each in rooms:
        nights = replace(ask, from_date=each.from_date, to_date=each.to_date)
        if not (is_free(draft.plan, nights, each.room) and is_fitting(draft.plan, ask, each.room)):
            return False
    rule = f"R8: {placing.row}"
    draft.cells.append(rule)
    first, *others = rooms
    kept = (*join_rooms(placing.past(draft.today), first), *others)
    why = f"{', then '.join(each.room for each in rooms)}: still free on the nights wanted"
    draft.change("kept room", placing.line, {"rooms": kept}, reason=why, rule=rule)
    draft.freed = draft.freed or kept != placing.rooms
    return True


def stretch_rooms(
    rooms: Sequence[Allocation], from_date: date, to_date: date
) -> tuple[Allocation, ...]:
    """The same rooms one after another on other nights: the first from the first night, the last
    to the end; what lies outside is left out.
    """
    here = [a for a in rooms if a.to_date > from_date and a.from_date < to_date]
    if here:
        here[0] = replace(here[0], from_date=from_date)
        here[-1] = replace(here[-1], to_date=to_date)
    return tuple(here)
