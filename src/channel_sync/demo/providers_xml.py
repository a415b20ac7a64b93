"""The demonstration's messages in XML: SiteMinder's and AlpineBits' ways of saying it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from channel_sync.demo.feed import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "http://www.opentravel.org/OTA/2003/05"
_FORMAT = "opentravel"
_CARD = (
    "<Guarantee><GuaranteesAccepted><GuaranteeAccepted>"
    '<PaymentCard CardCode="VI" CardNumber="4111111111111111" SeriesCode="737" ExpireDate="1230"/>'
    "</GuaranteeAccepted></GuaranteesAccepted></Guarantee>"
)
"""A published test number: it comes no further than the first step of reading."""


def siteminder(arrival: date) -> Iterator[Message]:
    """Pulled from SiteMinder: a booking, its change and its cancel, ordered by their own times."""
    yield Message("SiteMinder: new booking", _pulled("Book", 1, arrival, 2), _FORMAT)
    yield Message("SiteMinder: one night more", _pulled("Modify", 2, arrival, 3), _FORMAT)
    yield Message("SiteMinder: older, again", _pulled("Book", 1, arrival, 2), _FORMAT)
    yield Message("SiteMinder: cancelled", _pulled("Cancel", 3, arrival, 0), _FORMAT)


def _pulled(status: str, number: int, arrival: date, nights: int) -> bytes:
    departure = arrival + timedelta(days=nights)
    stay = f"""
      <RoomStays><RoomStay>
        <RoomTypes><RoomType RoomTypeCode="DBL-ECO"/></RoomTypes>
        <RatePlans><RatePlan RatePlanCode="BAR"/></RatePlans>
        <RoomRates><RoomRate RoomTypeCode="DBL-ECO" RatePlanCode="BAR"><Rates>
          <Rate UnitMultiplier="{nights}" RateTimeUnit="Day" EffectiveDate="{arrival}"
                ExpireDate="{departure}"><Total AmountAfterTax="95.00" CurrencyCode="EUR"/></Rate>
        </Rates></RoomRate></RoomRates>
        <GuestCounts><GuestCount AgeQualifyingCode="10" Count="2"/></GuestCounts>
        <TimeSpan Start="{arrival}" End="{departure}"/>
        <Total AmountAfterTax="{95 * nights}.00" CurrencyCode="EUR"/>
      </RoomStay></RoomStays>
      <ResGlobalInfo>{_CARD}<Profiles><ProfileInfo><Profile ProfileType="1"><Customer>
        <PersonName><GivenName>Paula</GivenName><Surname>Moser</Surname></PersonName>
        <Email>pmoser.118804@guest.booking.com</Email>
      </Customer></Profile></ProfileInfo></Profiles></ResGlobalInfo>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OTA_ResRetrieveRS xmlns="{NAMESPACE}" Version="1.0"><Success/><ReservationsList>
    <HotelReservation CreateDateTime="2026-05-04T07:10:00+00:00"
        LastModifyDateTime="2026-05-04T07:1{number}:00+00:00" ResStatus="{status}">
      <POS><Source><RequestorID Type="22" ID="SITEMINDER"/><BookingChannel Primary="true" Type="7">
        <CompanyName Code="BDC">Booking.com</CompanyName></BookingChannel></Source></POS>
      <UniqueID Type="14" ID="BDC-8011"/>
      <UniqueID Type="16" ID="sm-800{number}" ID_Context="MESSAGE_UNIQUE_ID"/>{
        stay if nights else ""
    }
    </HotelReservation>
</ReservationsList></OTA_ResRetrieveRS>
""".encode()


def alpinebits(arrival: date) -> Iterator[Message]:
    """Pushed by an AlpineBits server: an enquiry, a booking with two children, its cancel."""
    stay = f"""
      <RoomStays><RoomStay>
        <RoomTypes><RoomType RoomTypeCode="FAM" RoomClassificationCode="42"/></RoomTypes>
        <GuestCounts>
          <GuestCount Count="2"/><GuestCount Count="1" Age="9"/><GuestCount Count="1" Age="3"/>
        </GuestCounts>
        <TimeSpan Start="{arrival}" End="{arrival + timedelta(days=4)}"/>
        <Total AmountAfterTax="720" CurrencyCode="EUR"/>
      </RoomStay></RoomStays>"""
    guest = """
      <ResGuests><ResGuest><Profiles><ProfileInfo><Profile><Customer Language="de">
        <PersonName><GivenName>Anton</GivenName><Surname>Pichler</Surname></PersonName>
        <Email>anton.pichler@guests.example</Email>
      </Customer></Profile></ProfileInfo></Profiles></ResGuest></ResGuests>"""
    for title, status, kind, reference, inner in (
        ("AlpineBits: enquiry", "Requested", 14, "ab-8020", stay + guest),
        ("AlpineBits: new booking", "Reserved", 14, "ab-8021", stay + guest),
        ("AlpineBits: cancelled", "Cancelled", 15, "ab-8021", ""),
    ):
        yield Message(title, _pushed(status, kind, reference, inner), _FORMAT)


def _pushed(status: str, kind: int, reference: str, inner: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OTA_HotelResNotifRQ xmlns="{NAMESPACE}" Version="1.000"><HotelReservations>
    <HotelReservation CreateDateTime="2026-05-04T09:20:00+02:00" ResStatus="{status}">
      <UniqueID Type="{kind}" ID="{reference}"/>{inner}
    </HotelReservation>
</HotelReservations></OTA_HotelResNotifRQ>
""".encode()
