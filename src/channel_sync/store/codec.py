"""Rows of the database as values of the core and back, by way of JSON."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

import orjson
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from channel_sync.core.evolve import BASE, BOOKING_BASE, DISPLAYED, WHOLE_BASE
from channel_sync.core.model import Fact, Guest, Header, Line, Reservation, Stay

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RESERVATION = TypeAdapter(Reservation)
_GUEST = TypeAdapter(Guest)

NOT_A_COLUMN = frozenset({"stays", "tasks", "references"})
"""Parts of a reservation that have tables of their own."""


def read_reservation(row: str | bytes) -> Reservation:
    """A reservation from the JSON that `load_reservations` makes of it."""
    return _RESERVATION.validate_json(row)


def reservation_row(reservation: Reservation) -> dict[str, Any]:
    """A reservation as its row in JSON."""
    plain: dict[str, Any] = _RESERVATION.dump_python(
        reservation, mode="json", exclude=set(NOT_A_COLUMN)
    )
    return plain


def read_guest(row: str | bytes) -> Guest:
    """A guest from the JSON that `load_guests` makes of it."""
    return _GUEST.validate_json(row)


def guest_row(guest: Guest) -> dict[str, Any]:
    """A guest as its row in JSON."""
    plain: dict[str, Any] = _GUEST.dump_python(guest, mode="json", exclude={"bookings"})
    return plain


def stay_row(reservation: Reservation, stay: Stay) -> dict[str, Any]:
    """A stay as its row in JSON."""
    plain: dict[str, Any] = to_jsonable_python(stay)
    return {
        "property_id": reservation.property_id,
        "reservation_id": reservation.reservation_id,
        **plain,
    }


def facts_json(facts: Iterable[Fact]) -> dict[str, list[Any]]:
    """Facts as history keeps them: {"field": [old, new]}."""
    return {
        fact.field: [to_jsonable_python(fact.old), to_jsonable_python(fact.new)] for fact in facts
    }


def read_facts(facts: Mapping[str, list[Any]], line: str | None) -> tuple[Fact, ...]:
    """Facts from history about a stay (`line`) or a booking, typed as their fields are.

    Raises:
        KeyError: a fact names a field that nothing has.
    """
    read = []
    for name, (old, new) in facts.items():
        if name in DISPLAYED:
            read.append(Fact(name, old, new))
        else:
            adapter = _adapter(name, of_booking=line is None)
            read.append(Fact(name, _validate(adapter, old), _validate(adapter, new)))
    return tuple(read)


def _validate(adapter: TypeAdapter[Any], value: object) -> object:
    return None if value is None else adapter.validate_json(orjson.dumps(value))


@cache
def _adapter(name: str, *, of_booking: bool) -> TypeAdapter[Any]:
    if name == WHOLE_BASE:
        return TypeAdapter(Header if of_booking else Line)
    if name.startswith(BOOKING_BASE):
        return TypeAdapter(_types(Header)[name.removeprefix(BOOKING_BASE)])
    if name.startswith(BASE):
        return TypeAdapter(_types(Line)[name.removeprefix(BASE)])
    stay = _types(Stay)
    return TypeAdapter(stay[name] if name in stay else _types(Reservation)[name])


@cache
def _types(owner: type) -> dict[str, Any]:
    return get_type_hints(owner)
