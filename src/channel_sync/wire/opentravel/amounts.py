"""Amounts in OpenTravel XML: of a stay, of its nights, and how they are to be paid."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.wire.limits import NIGHTS_PER_LINE
from channel_sync.wire.values import as_day, nights_from

if TYPE_CHECKING:
    from channel_sync.wire.dialects import OpenTravel
    from channel_sync.wire.xml_part import XmlPart


def read_amount(total: XmlPart | None, dialect: OpenTravel, *fields: str) -> str | None:
    """The amount of a Total or Base, taxes included where it says so."""
    if total is None:
        return None
    key = "@AmountAfterTax" if total.look("@AmountAfterTax") else "@AmountBeforeTax"
    value = total.money(key, *fields)
    return None if value is None else _in_whole_units(value, total.look("@DecimalPlaces"), dialect)


def _in_whole_units(value: str, places: str | None, dialect: OpenTravel) -> str:
    """Some senders count cents: 500 beside DecimalPlaces 2 is 5.00 there, and 500 elsewhere."""
    minor = dialect.minor_units
    count = int(places) if places and re.fullmatch(r"[0-4]", places.strip()) else 0
    if minor == "yes" and places is None:
        count = 2
    if minor == "no" or not count or (minor == "auto" and "." in value):
        return value
    return format(Decimal(value).scaleb(-count), "f")


def read_currency(part: XmlPart | None, *fields: str) -> str | None:
    return part.code("@CurrencyCode", *fields) if part else None


def spaceless(value: Any) -> str | None:
    """A date without the blanks that one sender puts in ("2010- 10-24")."""
    return as_day(re.sub(r"\s*-\s*", "-", value)) if isinstance(value, str) else None


def read_nights(stay: XmlPart, dialect: OpenTravel) -> list[dict[str, Any]] | None:
    """The price of each night; none where the rates do not tell one price for every night."""
    prices: dict[str, str] = {}
    for room_rate in stay.parts("RoomRates/RoomRate"):
        for rate in room_rate.parts("Rates/Rate"):
            first = spaceless(rate.look("@EffectiveDate") or room_rate.look("@EffectiveDate"))
            for night in nights_from(first, _count(rate, first)):
                if night in prices or len(prices) >= NIGHTS_PER_LINE:
                    stay.notes.warnings.append(
                        f"{rate.path}: several prices of one night; left in extra"
                    )
                    return None
                amount = _of_one_night(rate, dialect)
                if amount is None:
                    return None
                prices[night] = amount
            stay.notes.note("rooms.nights.date", rate.below("@EffectiveDate"))
    return [{"date": night, "amount": prices[night]} for night in sorted(prices)] or None


def _of_one_night(rate: XmlPart, dialect: OpenTravel) -> str | None:
    for name in ("Total", "Base"):
        part = rate.part(name)
        if part and (part.look("@AmountAfterTax") or part.look("@AmountBeforeTax")):
            key = "@AmountAfterTax" if part.look("@AmountAfterTax") else "@AmountBeforeTax"
            # Only looked at: what a night consists of (taxes, discounts) stays together in extra.
            rate.notes.note("rooms.nights.amount", part.below(key))
            text = str(part.look(key)).strip()
            if not re.fullmatch(r"-?[0-9]{1,19}(\.[0-9]{1,9})?", text):
                return None
            return _in_whole_units(text, part.look("@DecimalPlaces"), dialect)
    return None


def _count(rate: XmlPart, first: str | None) -> int:
    """How many nights a rate is for: up to ExpireDate (exclusive), or UnitMultiplier if more.

    One sender's ExpireDate is the last night itself; its UnitMultiplier gives that away.
    """
    last = spaceless(rate.look("@ExpireDate"))
    multiplier = str(rate.look("@UnitMultiplier") or "").strip()
    count = int(multiplier) if multiplier.isdecimal() and len(multiplier) <= 4 else 1
    try:
        nights = (date.fromisoformat(last or "") - date.fromisoformat(first or "")).days
    except ValueError:
        nights = 1
    return min(max(nights, count, 1), NIGHTS_PER_LINE)


def stay_from_rates(stay: XmlPart) -> tuple[str | None, str | None]:
    """Arrival and departure where there is no TimeSpan: from the first night to the last."""
    firsts: list[date] = []
    ends: list[date] = []
    for room_rate in stay.parts("RoomRates/RoomRate"):
        for part in (room_rate, *room_rate.parts("Rates/Rate")):
            day = spaceless(part.look("@EffectiveDate"))
            try:
                first = date.fromisoformat(day or "")
                ends.append(first + timedelta(days=_count(part, day)))
            except (ValueError, OverflowError):
                continue
            firsts.append(first)
            stay.notes.note("rooms.arrival", part.below("@EffectiveDate"))
            stay.notes.note("rooms.departure", part.below("@EffectiveDate"))
    return (min(firsts).isoformat(), max(ends).isoformat()) if firsts else (None, None)


# --- Payment -------------------------------------------------------------------------------


def read_payment(reservation: XmlPart) -> dict[str, Any] | None:
    """How and on what card it is to be paid; the card's number was removed before."""
    holders = [
        part
        for way in (
            "ResGlobalInfo/Guarantee",
            "ResGlobalInfo/DepositPayments/GuaranteePayment",
            "ResGlobalInfo/DepositPayments/RequiredPayment",
            "RoomStays/RoomStay/Guarantee",
            "RoomStays/RoomStay/DepositPayments/GuaranteePayment",
        )
        for part in reservation.parts(way)
    ]
    card = next((found for part in holders if (found := _card(part))), None)
    texts = [
        text
        for part in holders
        for way in ("GuaranteeDescription/Text", "Description/Text")
        if (text := part.text(way, "payment.instructions"))
    ]
    method = next(
        (code for p in holders if (code := p.code("@GuaranteeType", "payment.method"))), None
    )
    if card is None and not texts and method is None:
        return None
    return {"method": method, "instructions": "\n".join(texts) or None, "card": card}


def _card(holder: XmlPart) -> dict[str, Any] | None:
    for way in ("GuaranteesAccepted/GuaranteeAccepted", "AcceptedPayments/AcceptedPayment"):
        for accepted in holder.parts(way):
            if part := accepted.part("PaymentCard"):
                return _card_of(part, accepted)
    return None


def _card_of(part: XmlPart, accepted: XmlPart) -> dict[str, Any]:
    brand = part.code("@CardCode", "payment.card.brand")
    virtual = next(
        (p for p in (part, accepted) if p.part("TPA_Extensions/VirtualCreditCard")), None
    )
    card: dict[str, Any] = {
        "brand": brand,
        "last4": _last4(part),
        "expiry": part.code("@ExpireDate", "payment.card.expiry"),
    }
    if virtual is not None and (more := virtual.part("TPA_Extensions/VirtualCreditCard")):
        card |= {
            "is_virtual": True,
            "active_from": as_day(more.take("@ActivationDate", "payment.card.active_from")),
            "active_to": as_day(more.take("@ExpirationDate", "payment.card.active_to")),
            "balance": more.money("@CurrentBalance", "payment.card.balance"),
            "currency": more.code("@CurrencyCode", "payment.card.currency"),
        }
    if token := part.code("CardNumber@Token", "payment.card.token"):
        card["token"] = token
    return card


def _last4(card: XmlPart) -> str | None:
    """Of a number that was removed, or masked by the sender, the last four digits stayed."""
    for key in ("@CardNumber", "CardNumber/PlainText", "CardNumber@Mask", "CardNumber"):
        digits = re.findall(r"\d", str(card.look(key) or ""))
        if 0 < len(digits) <= 4:
            card.take(key, "payment.card.last4")
            return "".join(digits)
    return None
