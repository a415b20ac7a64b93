"""People in OpenTravel XML: who booked, and who stays in which room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from channel_sync.wire.xml_part import XmlPart

_NOTHING = {"", "n/a", "na", "-", "null", "none", "unknown"}
_CUSTOMER, _FAX = "1", "3"


def said_code(part: XmlPart, key: str, *fields: str) -> str | None:
    """A value as a code; what stands for nothing ("N/A") is left where it is."""
    value = part.look(key)
    if value is None or value.strip().casefold() in _NOTHING:
        return None
    return part.code(key, *fields)


def read_booker(reservation: XmlPart) -> dict[str, Any] | None:
    """Who booked: the customer of ResGlobalInfo, else the primary guest, else the first."""
    for profile in _profiles(reservation):
        customer = profile.part("Customer")
        if customer is None:
            continue
        booker = _booker(customer)
        if any(booker.values()):
            return booker
    return None


def _profiles(reservation: XmlPart) -> Iterator[XmlPart]:
    for profile in reservation.parts("ResGlobalInfo/Profiles/ProfileInfo/Profile"):
        if profile.look("@ProfileType") in {None, "", _CUSTOMER}:
            yield profile
    guests = reservation.parts("ResGuests/ResGuest")
    guests.sort(key=lambda guest: guest.look("@PrimaryIndicator") not in {"true", "1"})
    for guest in guests:
        yield from guest.parts("Profiles/ProfileInfo/Profile")


def _booker(customer: XmlPart) -> dict[str, Any]:
    first, last = _name(customer, "booker")
    return {
        "first_name": first,
        "last_name": last,
        "email": said_code(customer, "Email", "booker.email"),
        "phone": _phone(customer),
        "address": _address(customer),
        "country": _country(customer),
        "language": said_code(customer, "@Language", "booker.language"),
    }


def _name(customer: XmlPart, owner: str) -> tuple[str | None, str | None]:
    name = customer.part("PersonName")
    if name is None:
        return None, None
    given = [
        said
        for key in ("GivenName", "MiddleName")
        for part in name.parts(key)
        if (said := said_code(part, "", f"{owner}.first_name"))
    ]
    return " ".join(given) or None, said_code(name, "Surname", f"{owner}.last_name")


def _phone(customer: XmlPart) -> str | None:
    """A telephone; of several the first that is no fax."""
    for telephone in customer.parts("Telephone"):
        if telephone.look("@PhoneTechType") == _FAX:
            continue
        keys = ("@CountryAccessCode", "@AreaCityCode", "@PhoneNumber")
        said = [said_code(telephone, key, "booker.phone") for key in keys]
        if said[2]:
            return " ".join(part for part in said if part)
    return None


def _address(customer: XmlPart) -> dict[str, Any] | None:
    address = customer.part("Address")
    if address is None:
        return None
    lines = [
        said
        for key in ("StreetNmbr", "AddressLine")
        for part in address.parts(key)
        if (said := said_code(part, "", "booker.address.street"))
    ]
    return {
        "street": ", ".join(lines) or None,
        "zip": said_code(address, "PostalCode", "booker.address.zip"),
        "city": said_code(address, "CityName", "booker.address.city"),
        "region": said_code(address, "StateProv", "booker.address.region")
        or said_code(address, "StateProv@StateCode", "booker.address.region"),
        "country": _country_said(address, "booker.address.country"),
    }


def _country_said(address: XmlPart, *fields: str) -> str | None:
    """The country, which is both a part of the address and a fact of its own."""
    for key in ("CountryName@Code", "CountryName"):
        value = address.look(key)
        if value and value.strip().casefold() not in _NOTHING:
            for name in fields:
                address.notes.note(name, address.below(key))
            said: str = value.strip()
            return said.upper() if len(said) == 2 else said
    return None


def _country(customer: XmlPart) -> str | None:
    address = customer.part("Address")
    if address is None:
        return None
    said = _country_said(address, "booker.country")
    if said:
        address.drop("CountryName@Code" if address.look("CountryName@Code") else "CountryName")
    return said if said and len(said) == 2 else None


# --- Guests --------------------------------------------------------------------------------


def read_guests(reservation: XmlPart, stays: list[XmlPart]) -> list[list[dict[str, Any]] | None]:
    """Who stays in each room, in the order of `stays`; None where the message binds nobody."""
    named = _by_number(reservation)
    known = {number: guest for number, guest in named if number}
    bound: list[list[dict[str, Any]] | None] = []
    for stay in stays:
        numbers = list(_numbers(stay))
        if not numbers:
            # With a single room there is no doubt whose guests they are.
            everybody = [guest for _, guest in named if guest]
            bound.append(everybody if len(stays) == 1 and everybody else None)
            continue
        missing = [number for number in numbers if number not in known]
        if missing:
            stay.notes.warnings.append(f"{stay.path}: {len(missing)} ResGuestRPH of no guest")
        guests = [guest for number in numbers if (guest := known.get(number))]
        bound.append(guests or None)
    return bound


def _by_number(reservation: XmlPart) -> list[tuple[str | None, dict[str, Any]]]:
    found = []
    for guest in reservation.parts("ResGuests/ResGuest"):
        number = guest.look("@ResGuestRPH")
        first: str | None = None
        last: str | None = None
        for name in guest.parts("Profiles/ProfileInfo/Profile/Customer/PersonName"):
            first = first or _looked(name, "GivenName", "rooms.guests.first_name")
            last = last or _looked(name, "Surname", "rooms.guests.last_name")
        said = {"first_name": first, "last_name": last} if first or last else {}
        found.append((number.strip() if number else None, said))
    return found


def _looked(name: XmlPart, key: str, field: str) -> str | None:
    """Names of guests are only looked at: the booker's may be the same ones."""
    value = name.look(key)
    if value is None or value.strip().casefold() in _NOTHING:
        return None
    name.notes.note(field, name.below(key))
    said: str = value.strip()
    return said


def _numbers(stay: XmlPart) -> Iterator[str]:
    for part in stay.parts("ResGuestRPHs/ResGuestRPH"):
        yield from str(part.take("@RPH", "rooms.guests") or "").split()
    yield from str(stay.take("ResGuestRPHs", "rooms.guests") or "").split()
    yield from str(stay.take("@ResGuestRPHs", "rooms.guests") or "").split()
