"""The parts of a canonical message as the core's values: what each of them means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.core.model import Card, Header, Line, Night, Payment, Said
from channel_sync.wire import limits as bounds
from channel_sync.wire.canonical_model import (
    CanonicalAddress,
    CanonicalBooker,
    CanonicalCard,
    CanonicalGuest,
    CanonicalMessage,
    CanonicalPayment,
    CanonicalRoom,
    Part,
)
from channel_sync.wire.errors import Unreadable, UnreadableReason

if TYPE_CHECKING:
    from channel_sync.wire.context import Context
    from channel_sync.wire.limits import Limits


@dataclass(slots=True)
class Reading:
    """One message being read: what its errors and warnings are prefixed with, and its extras."""

    context: Context
    prefix: str
    warnings: list[str]
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return self.context.limits

    def refuse(
        self, path: str, detail: str, reason: UnreadableReason = UnreadableReason.INVALID
    ) -> Unreadable:
        return Unreadable(reason, f"{self.prefix}{path}: {detail}")

    def keep_unknown(self, part: Part, path: str) -> None:
        for key, value in (part.model_extra or {}).items():
            self.extra[f"{path}.{key}" if path else key] = value


# --- Its parts -----------------------------------------------------------------------------


def read_header(message: CanonicalMessage, said: Said, reading: Reading) -> Header:
    booker = message.booker or _NOBODY
    reading.keep_unknown(booker, "booker")
    total = _money(message.total)
    return Header(
        is_live=said is not Said.CANCELLED,
        booker_name=_full_name(booker),
        contact_email=booker.email or None,
        contact_phone=booker.phone or None,
        contact_address=_address(booker.address, reading),
        country=booker.country or None,
        language=booker.language or None,
        booking_comments=message.comments,
        total=total,
        total_currency=_currency(message.currency) if total is not None else None,
        payment=_payment(message.payment, reading),
        cancellation_fee=_money(message.cancellation_fee),
        group=read_id(message.group, "group", reading),
    )


_NOBODY = CanonicalBooker()


def _full_name(person: CanonicalBooker | CanonicalGuest) -> str | None:
    return " ".join(f"{person.first_name or ''} {person.last_name or ''}".split()) or None


def _address(address: str | CanonicalAddress | None, reading: Reading) -> str | None:
    if address is None or isinstance(address, str):
        return address or None
    reading.keep_unknown(address, "booker.address")
    parts = (
        address.street,
        address.street2,
        address.zip,
        address.city,
        address.region,
        address.country,
    )
    return ", ".join(part for part in parts if part) or None


def _payment(payment: CanonicalPayment | None, reading: Reading) -> Payment | None:
    if payment is None:
        return None
    reading.keep_unknown(payment, "payment")
    kept = Payment(
        collect=payment.collect or None,
        method=payment.method or None,
        instructions=payment.instructions or None,
        card=_card(payment.card, reading),
    )
    return kept if kept != Payment() else None


def _card(card: CanonicalCard | None, reading: Reading) -> Card | None:
    if card is None:
        return None
    reading.keep_unknown(card, "payment.card")
    kept = Card(
        brand=card.brand or None,
        last4="".join(filter(str.isdecimal, card.last4 or ""))[-4:] or None,
        expiry=card.expiry or None,
        is_virtual=card.is_virtual,
        active_from=_date(card.active_from, "payment.card.active_from", reading),
        active_to=_date(card.active_to, "payment.card.active_to", reading),
        balance=_money(card.balance),
        currency=_currency(card.currency),
        token=card.token or None,
    )
    return kept if kept != Card() else None


def read_lines(message: CanonicalMessage, said: Said, reading: Reading) -> tuple[Line, ...] | None:
    if message.rooms is None:
        return None
    count = sum(room.units for room in message.rooms)
    if count > reading.limits.lines:
        raise reading.refuse(
            "rooms",
            f"expected at most {reading.limits.lines} lines, got {count}",
            UnreadableReason.TOO_MANY_LINES,
        )
    lines: list[Line] = []
    currency = _currency(message.currency)
    for index, room in enumerate(message.rooms):
        line = _line(room, index, currency, said, reading)
        lines.append(line)
        lines += (replace(line, unit=unit) for unit in range(2, room.units + 1))
    return tuple(lines)


def _line(
    room: CanonicalRoom, index: int, currency: str | None, said: Said, reading: Reading
) -> Line:
    path = f"rooms[{index}]"
    reading.keep_unknown(room, path)
    line_id = read_id(room.line, f"{path}.line", reading)
    is_live = room.status == "confirmed"
    arrival, departure = _dates(room, path, reading, is_off=not is_live or said is Said.CANCELLED)
    adults, children = room.adults, None if room.children is None else tuple(room.children)
    if not adults and not children:
        adults = children = None  # an empty occupancy is not said
    nights = None
    if room.nights is not None:
        for at, night in enumerate(room.nights):
            reading.keep_unknown(night, f"{path}.nights[{at}]")
        nights = tuple(
            Night(_night(night.date, f"{path}.nights[{at}].date", reading), Decimal(night.amount))
            for at, night in enumerate(room.nights)
        )
    amount = _money(room.amount)
    is_priced = amount is not None or nights is not None
    for at, guest in enumerate(room.guests or ()):
        reading.keep_unknown(guest, f"{path}.guests[{at}]")
    return Line(
        channel_line=line_id or str(index + 1),
        is_stable=room.line_is_stable and line_id is not None,
        is_live=is_live,
        category_code=read_id(room.category, f"{path}.category", reading),
        rate_plan=read_id(room.rate_plan, f"{path}.rate_plan", reading),
        arrival=arrival,
        departure=departure,
        adults=adults,
        children=children,
        guest_names=None
        if room.guests is None
        else tuple(name for guest in room.guests if (name := _full_name(guest))),
        amount=amount,
        currency=(_currency(room.currency) or currency) if is_priced else None,
        nights=nights,
        comments=room.comments,
    )


def _dates(
    room: CanonicalRoom, path: str, reading: Reading, *, is_off: bool
) -> tuple[date | None, date | None]:
    """Arrival and departure, half-open; equal for day use.

    What is cancelled comes with absurd dates (rule M13): they are dropped, not refused.
    """
    try:
        arrival = _date(room.arrival, f"{path}.arrival", reading)
        departure = _date(room.departure, f"{path}.departure", reading)
        if arrival is not None and departure is not None:
            _check_stay(arrival, departure, path, reading)
    except Unreadable as error:
        if not is_off:
            raise
        reading.warnings.append(f"dates of a cancelled line dropped: {error.detail}")
        return None, None
    return arrival, departure


def _check_stay(arrival: date, departure: date, path: str, reading: Reading) -> None:
    if departure < arrival:
        raise reading.refuse(
            f"{path}.departure", f"expected a date after arrival {arrival}, got {departure}"
        )
    nights, most = (departure - arrival).days, reading.limits.stay_nights
    if nights > most:
        raise reading.refuse(
            f"{path}.departure",
            f"expected at most {most} nights, got {nights}",
            UnreadableReason.STAY_TOO_LONG,
        )


# --- Single values -------------------------------------------------------------------------


def _money(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _currency(value: str | None) -> str | None:
    return None if value is None else value.upper()


def _night(value: str, path: str, reading: Reading) -> date:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise reading.refuse(path, f"expected a date that exists, got {value}") from None
    if not bounds.FIRST_YEAR <= found.year <= bounds.LAST_YEAR:
        raise reading.refuse(
            path, f"expected a year from {bounds.FIRST_YEAR} to {bounds.LAST_YEAR}, got {value}"
        )
    return found


def _date(value: str | None, path: str, reading: Reading) -> date | None:
    return None if value is None else _night(value, path, reading)


def read_instant(value: str | None, path: str, reading: Reading) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        raise reading.refuse(path, f"expected an instant that exists, got {value}") from None
    if not bounds.FIRST_YEAR <= found.year <= bounds.LAST_YEAR:
        raise reading.refuse(
            path, f"expected a year from {bounds.FIRST_YEAR} to {bounds.LAST_YEAR}, got {value}"
        )
    return found.astimezone(UTC)


def read_id(value: str | int | None, path: str, reading: Reading) -> str | None:
    """An id as text; an empty one is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    # A JSON number: exact as long as it is whole, and short enough to be an id.
    if abs(value) >= 10**bounds.CODE_CHARACTERS:
        raise reading.refuse(path, f"expected at most {bounds.CODE_CHARACTERS} digits, got more")
    return str(value)
