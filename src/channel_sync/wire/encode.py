"""A revision back to a canonical message: what decoding it again yields is equal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from decimal import Decimal

    from channel_sync.core.model import Card, Header, Line, Payment, Revision


def encode(revision: Revision) -> bytes:
    """The canonical JSON of a revision.

    Names are joined in a revision and are sent as last names; an address is sent as one text.
    """
    header = revision.header
    message: dict[str, Any] = {
        "schema": "channel-sync/1",
        "message_id": revision.message_id,
        "property": revision.property_id,
        "channel": revision.channel,
        "reference": revision.reference,
        "replaces": list(revision.replaces) or None,
        "group": header.group,
        "status": revision.said.value,
        "completeness": revision.completeness.value,
        "revision": revision.revision,
        "modified_at": _text(revision.modified_at),
        "booked_at": _text(revision.booked_at),
        "booker": _booker(header),
        "comments": header.booking_comments,
        "currency": header.total_currency,
        "total": _money(header.total),
        "payment": _payment(header.payment),
        "cancellation_fee": _money(header.cancellation_fee),
    }
    if revision.lines is not None:
        message["rooms"] = [_room(line, units) for line, units in _units(revision.lines)]
    said = orjson.dumps({key: value for key, value in message.items() if value is not None})
    if revision.extra == "{}":
        return said
    # `extra` is JSON already; put in as it is, numbers of any size stay exact.
    return said[:-1] + b',"extra":' + revision.extra.encode() + b"}"


def _units(lines: tuple[Line, ...]) -> Iterator[tuple[Line, int]]:
    """Lines sold under one id, told apart by `unit` alone, as one room with its `units`."""
    first: Line | None = None
    units = 0
    for line in lines:
        if first is not None and line == replace(first, unit=units + 1):
            units += 1
            continue
        if first is not None:
            yield first, units
        first, units = line, 1
    if first is not None:
        yield first, units


def _room(line: Line, units: int) -> dict[str, Any]:
    return _said(
        {
            "line": line.channel_line,
            "line_is_stable": line.is_stable,
            "units": units,
            "status": "confirmed" if line.is_live else "cancelled",
            "category": line.category_code,
            "rate_plan": line.rate_plan,
            "arrival": _text(line.arrival),
            "departure": _text(line.departure),
            "adults": line.adults,
            "children": line.children,
            "guests": line.guest_names and [{"last_name": name} for name in line.guest_names],
            "amount": _money(line.amount),
            "currency": line.currency,
            "nights": line.nights
            and [
                {"date": _text(night.night), "amount": _money(night.amount)}
                for night in line.nights
            ],
            "comments": line.comments,
        }
    )


def _booker(header: Header) -> dict[str, Any] | None:
    booker = {
        "last_name": header.booker_name,
        "email": header.contact_email,
        "phone": header.contact_phone,
        "address": header.contact_address,
        "country": header.country,
        "language": header.language,
    }
    return _said(booker) or None


def _payment(payment: Payment | None) -> dict[str, Any] | None:
    if payment is None:
        return None
    return _said(
        {
            "collect": payment.collect,
            "method": payment.method,
            "instructions": payment.instructions,
            "card": _card(payment.card),
        }
    )


def _card(card: Card | None) -> dict[str, Any] | None:
    if card is None:
        return None
    return _said(
        {
            "brand": card.brand,
            "last4": card.last4,
            "expiry": card.expiry,
            "is_virtual": card.is_virtual,
            "active_from": _text(card.active_from),
            "active_to": _text(card.active_to),
            "balance": _money(card.balance),
            "currency": card.currency,
            "token": card.token,
        }
    )


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _text(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()
