"""What a channel says: one reservation of one message, in no provider's dialect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from channel_sync.core.words import Basis, Completeness, Said


@dataclass(frozen=True, slots=True)
class Night:
    """The price of one night of a line."""

    night: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One room line as the channel speaks of it. None means not said.

    As part of a revision it holds what that revision says; as the base of a stay, everything
    that the channel said last and we took, with `category` as `category_code` mapped on receipt.
    `unit` tells apart the lines that a channel sells under one id (`units: 3` is 1, 2 and 3).
    """

    channel_line: str | None = None
    unit: int = 1
    is_stable: bool = True
    is_live: bool = True
    category_code: str | None = None
    category: str | None = None
    rate_plan: str | None = None
    arrival: date | None = None
    departure: date | None = None
    adults: int | None = None
    children: tuple[int | None, ...] | None = None
    guest_names: tuple[str, ...] | None = None
    amount: Decimal | None = None
    currency: str | None = None
    nights: tuple[Night, ...] | None = None
    comments: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What may be kept of a payment card (rules, section 9)."""

    brand: str | None = None
    last4: str | None = None
    expiry: str | None = None
    is_virtual: bool | None = None
    active_from: date | None = None
    active_to: date | None = None
    balance: Decimal | None = None
    currency: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Who collects the money, how, and on what card."""

    collect: str | None = None
    method: str | None = None
    instructions: str | None = None
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What the channel says of a reservation as a whole. None means not said."""

    is_live: bool = True
    booker_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    contact_address: str | None = None
    country: str | None = None
    language: str | None = None
    booking_comments: str | None = None
    total: Decimal | None = None
    total_currency: str | None = None
    payment: Payment | None = None
    cancellation_fee: Decimal | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """When a revision was made, as far as it can be known (rule M6).

    `value` is the provider's revision number, its modification time in microseconds since 1970,
    or a Kafka offset; `source` ("topic/partition") is said where offsets must be compared.
    """

    basis: Basis
    value: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where in Kafka a message lies; later arrivals have greater offsets in one partition."""

    topic: str
    partition: int
    offset: int

    @property
    def order(self) -> Order:
        """The order that rests on nothing but the arrival."""
        return Order(Basis.ARRIVAL, self.offset, f"{self.topic}/{self.partition}")


@dataclass(frozen=True, slots=True)
class Revision:
    """One reservation of one message: *theirs*, in no provider's dialect.

    `channel` is spelled as the message spells it; `lines` is None where the message says nothing
    of rooms. `extra` (JSON text) holds what was read and has no place here.
    """

    property_id: str
    channel: str
    reference: str
    message_id: str
    said: Said
    completeness: Completeness
    arrived: Arrival
    header: Header = Header()
    lines: tuple[Line, ...] | None = None
    replaces: tuple[str, ...] = ()
    revision: int | None = None
    modified_at: datetime | None = None
    booked_at: datetime | None = None
    content_hash: str = ""
    extra: str = "{}"

    @property
    def order(self) -> Order:
        """The best order this revision has (rule M6)."""
        if self.revision is not None:
            return Order(Basis.REVISION, self.revision)
        if self.modified_at is not None:
            return Order(Basis.MODIFIED_AT, microseconds(self.modified_at))
        return self.arrived.order

    @property
    def label(self) -> str:
        """The revision as a person would quote it: its number, its time, or its offset."""
        if self.revision is not None:
            return str(self.revision)
        if self.modified_at is not None:
            return self.modified_at.isoformat()
        return f"{self.arrived.order.source}@{self.arrived.offset}"


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def microseconds(instant: datetime) -> int:
    """Whole microseconds between 1970 and an aware instant, exact."""
    return (instant - EPOCH) // timedelta(microseconds=1)
