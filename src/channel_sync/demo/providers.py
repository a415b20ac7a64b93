"""The demonstration's messages in the words of channel managers: each as its sender shapes it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from channel_sync.demo.feed import Message
from channel_sync.demo.providers_xml import alpinebits, siteminder

if TYPE_CHECKING:
    from collections.abc import Iterator


def other_formats() -> Iterator[Message]:
    """A few messages that are not canonical; each format adds its own here."""
    yield from _channex(date(2026, 6, 26))
    yield from siteminder(date(2026, 6, 26))
    yield from alpinebits(date(2026, 6, 26))


def _channex(arrival: date) -> Iterator[Message]:
    """A booking, its change with a room id that is new again, and its cancel with a fee."""
    yield _revision(1, "new", _room(arrival, 2), "Channex: new booking")
    yield _revision(2, "modified", _room(arrival, 3), "Channex: one night more")
    yield _revision(3, "cancelled", _room(arrival, 3), "Channex: cancelled")


def _revision(number: int, status: str, room: dict[str, Any], title: str) -> Message:
    attributes = {
        "id": f"c4a2e2f0-0000-4000-8000-00000000000{number}",
        "booking_id": "7d1f0a52-0000-4000-8000-000000008006",
        "property_id": "1e7b9c10-0000-4000-8000-000000000001",
        "unique_id": "BDC-4100288006",
        "ota_reservation_code": "4100288006",
        "ota_name": "Booking.com",
        "status": status,
        "inserted_at": f"2026-05-04T07:0{number}:00.000120",
        "currency": "EUR",
        "amount": room["amount"] if status != "cancelled" else "90.00",
        "customer": {
            "name": "Noor",
            "surname": "Haddad",
            "mail": "nhaddad.204417@guest.booking.com",
        },
        "payment_collect": "property",
        "rooms": [{"booking_room_id": f"room-{number}", **room}],
    }
    body = {"data": {"type": "booking_revision", "id": attributes["id"], "attributes": attributes}}
    return Message(title, json.dumps(body).encode(), "channex")


def _room(arrival: date, nights: int) -> dict[str, Any]:
    days = [(arrival + timedelta(days=night)).isoformat() for night in range(nights)]
    return {
        "room_type_id": "DBL-ECO",
        "rate_plan_id": "BAR",
        "checkin_date": days[0],
        "checkout_date": (arrival + timedelta(days=nights)).isoformat(),
        "occupancy": {"adults": 2, "children": 0, "infants": 0},
        "amount": f"{90 * nights}.00",
        "days": dict.fromkeys(days, "90.00"),
    }
