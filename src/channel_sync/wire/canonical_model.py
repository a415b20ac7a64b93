"""The canonical message as its senders write it: names, shapes and sizes, no meaning yet."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from channel_sync.wire import limits

# Dates and money are matched as text and converted afterwards. Pydantic would take a bare number
# of seconds for a date, and lead a JSON number through binary floating point.
Id = Annotated[str, Field(max_length=limits.ID_CHARACTERS)] | int
Code = Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | int
Name = Annotated[str, Field(max_length=limits.NAME_CHARACTERS)]
Text = Annotated[str, Field(max_length=limits.TEXT_CHARACTERS)]
Money = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,19}(\.[0-9]{1,9})?$",
        description="A decimal string, exact; never a JSON number.",
        examples=["330.00"],
    ),
]
Currency = Annotated[str, Field(pattern=r"^[A-Za-z]{3}$", examples=["EUR"])]
Date = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description="A property-local date.",
        json_schema_extra={"format": "date"},
    ),
]
Instant = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
        r"([Zz]|[+-][0-9]{2}:[0-9]{2})$",
        description="An instant with its zone.",
        json_schema_extra={"format": "date-time"},
    ),
]
Age = Annotated[int, Field(ge=0, le=limits.AGE_YEARS)]


class Part(BaseModel):
    """Anything in a message: strict about types, keeping keys it does not know."""

    model_config = ConfigDict(
        strict=True, extra="allow", str_strip_whitespace=True, hide_input_in_errors=True
    )


class CanonicalGuest(Part):
    """One person who stays."""

    first_name: Name | None = None
    last_name: Name | None = None


class CanonicalNight(Part):
    """The price of one night."""

    date: Date
    amount: Money


class CanonicalRoom(Part):
    """One room line. A key that is absent, or null, is not said."""

    line: Id | None = Field(None, description="The channel's id of the line; its position if none.")
    line_is_stable: bool = Field(
        default=True,
        description="Whether the id stays the same over the revisions of a reservation.",
    )
    units: Annotated[int, Field(ge=1, le=limits.UNITS_PER_ROOM)] = Field(
        1, description="So many equal rooms under one id; `amount` is that of each."
    )
    status: Literal["confirmed", "cancelled"] = "confirmed"
    category: Code | None = Field(None, description="The channel's code of what was sold.")
    rate_plan: Code | None = None
    arrival: Date | None = None
    departure: Date | None = Field(None, description="The day of leaving; the arrival for day use.")
    adults: Annotated[int, Field(ge=0, le=limits.ADULTS_PER_LINE)] | None = None
    children: (
        Annotated[list[Age | None], Field(fail_fast=True, max_length=limits.CHILDREN_PER_LINE)]
        | None
    ) = Field(None, description="An age in years for each child; null where it is unknown.")
    guests: (
        Annotated[list[CanonicalGuest], Field(fail_fast=True, max_length=limits.GUESTS_PER_LINE)]
        | None
    ) = None
    amount: Money | None = None
    currency: Currency | None = Field(None, description="That of the message if absent.")
    nights: (
        Annotated[list[CanonicalNight], Field(fail_fast=True, max_length=limits.NIGHTS_PER_LINE)]
        | None
    ) = None
    comments: Text | None = Field(None, description='The guest\'s remarks; "" erases them.')


class CanonicalAddress(Part):
    """An address in parts, joined in this order."""

    street: Name | None = None
    street2: Name | None = None
    zip: Name | None = None
    city: Name | None = None
    region: Name | None = None
    country: Name | None = None


class CanonicalBooker(Part):
    """Who made the reservation. An empty value counts as not said."""

    first_name: Name | None = None
    last_name: Name | None = None
    email: Annotated[str, Field(max_length=limits.EMAIL_CHARACTERS)] | None = None
    phone: Annotated[str, Field(max_length=limits.PHONE_CHARACTERS)] | None = None
    address: (
        Annotated[str, Field(max_length=limits.ADDRESS_CHARACTERS)] | CanonicalAddress | None
    ) = None
    country: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = None
    language: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = None


class CanonicalCard(Part):
    """What may be sent of a payment card: never its number or security code."""

    brand: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = None
    last4: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = None
    expiry: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = None
    is_virtual: bool | None = None
    active_from: Date | None = None
    active_to: Date | None = None
    balance: Money | None = None
    currency: Currency | None = None
    token: Annotated[str, Field(max_length=limits.ID_CHARACTERS)] | None = None


class CanonicalPayment(Part):
    """Who collects the money, how, and on what card."""

    collect: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = Field(
        None, examples=["property", "channel"]
    )
    method: Annotated[str, Field(max_length=limits.CODE_CHARACTERS)] | None = None
    instructions: Text | None = None
    card: CanonicalCard | None = None


class CanonicalMessage(Part):
    """One revision of one reservation. A key that is absent, or null, is not said.

    Keys that are not listed here are kept beside the reservation and have no effect.
    """

    version: Literal["channel-sync/1"] = Field("channel-sync/1", alias="schema")
    message_id: Id | None = Field(
        None, description="Names this message; a hash of its content if absent."
    )
    property: Id | None = Field(
        None, description="The hotel; from the Kafka header `property` or the key if absent."
    )
    channel: Id = Field(description="The channel's name, or an alias that the hotel gave it.")
    reference: Id = Field(description="The channel's id of the reservation.")
    replaces: (
        Annotated[list[Id], Field(fail_fast=True, max_length=limits.REPLACES_PER_MESSAGE)] | None
    ) = Field(None, description="Older references of this same reservation.")
    group: Id | None = Field(None, description="Ties reservations that were made together.")
    status: Literal["new", "modified", "cancelled", "enquiry"]
    completeness: Literal["full", "partial", "cancel_only", "ids_only"] = Field(
        "full", description="How much of the reservation the message speaks of."
    )
    revision: Annotated[int, Field(ge=0, le=limits.REVISION_MAX)] | None = Field(
        None, description="Grows with every change of the reservation."
    )
    modified_at: Instant | None = None
    booked_at: Instant | None = None
    rooms: (
        Annotated[list[CanonicalRoom], Field(fail_fast=True, max_length=limits.ROOMS_PER_MESSAGE)]
        | None
    ) = None
    booker: CanonicalBooker | None = None
    comments: Text | None = Field(None, description='Remarks on the whole; "" erases them.')
    currency: Currency | None = None
    total: Money | None = None
    payment: CanonicalPayment | None = None
    cancellation_fee: Money | None = None
    extra: dict[str, Any] | None = Field(None, description="Anything more; kept, without effect.")
