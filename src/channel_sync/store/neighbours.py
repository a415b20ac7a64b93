"""Loads who may be moved to make room, and the bookings of those who were."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import orjson

from channel_sync.core.model import Allocation
from channel_sync.core.neighbours import Neighbour, Neighbours
from channel_sync.core.place import how_many
from channel_sync.store.slices import PlanChanged, Trips, load_reservations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from channel_sync.core.model import Moved, Property, Reservation
    from channel_sync.core.plan import StayKey
    from channel_sync.core.world import ReservationKey


async def load_neighbours(
    trips: Trips, wanted: Mapping[str, tuple[Property, date]]
) -> dict[str, Neighbours]:
    """The stays of these properties that may be moved (rule R2), from the date beside each on."""
    if not wanted:
        return {}
    found: dict[str, dict[StayKey, Neighbour]] = {property_id: {} for property_id in wanted}
    days = [today for _, today in wanted.values()]
    for row in await trips.fetch("load_neighbours", list(wanted), days):
        policy = wanted[row["property_id"]][0].policy
        key = (row["reservation_id"], row["line"])
        found[row["property_id"]][key] = Neighbour(
            key,
            row["channel"],
            row["reference"],
            row["arrival"],
            how_many(row["adults"], row["children"], policy),
            tuple(
                Allocation(
                    a["room"], date.fromisoformat(a["from_date"]), date.fromisoformat(a["to_date"])
                )
                for a in orjson.loads(row["rooms"])
            ),
            row["room_chosen_by_staff"],
        )
    return dict(found)


async def load_moved(
    trips: Trips, moves: Iterable[tuple[str, Moved]], known: Collection[ReservationKey]
) -> dict[ReservationKey, Reservation]:
    """The bookings that made room (`moves`, each with its property), as they were before.

    Those in `known` are at hand already.

    Raises:
        PlanChanged: one of them is no longer in the rooms that were decided upon.
    """
    first: dict[tuple[ReservationKey, str | None], Moved] = {}
    for property_id, moved in moves:
        key = (property_id, moved.reservation_id)
        if key not in known:
            first.setdefault((key, moved.event.line), moved)
    wanted = {(key[0], moved.channel, moved.reference) for (key, _), moved in first.items()}
    _, loaded = await load_reservations(trips, sorted(wanted))
    for (key, line), moved in first.items():
        (rooms,) = (fact.old for fact in moved.event.facts if fact.field == "rooms")
        if key not in loaded or loaded[key].stay(line or "").rooms != rooms:
            raise PlanChanged
    return loaded
