"""Made-up traffic with everything that goes wrong on the way: for the proofs, not for speed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench.traffic import Traffic

FIRST_DAY = date(2099, 3, 1)
"""So far away that no stay has begun, on whichever day the tests run."""

DAYS = 40
CARD = "4111 1111 1111 1111"
CHANNELS = ["booking.com"] * 7 + ["expedia"] * 2 + ["website"]
"""The first numbers its revisions, the second says when each was made, the third neither."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it is produced; `reservations` are the outcomes that it must have."""

    key: str
    body: bytes | None
    kind: str
    reservations: int = 1


Booking = dict[str, Any]


@dataclass(slots=True)
class RoughTraffic:
    """`Traffic` of three channels and of guests who come again, with messages late, doubled,
    partial, mixed and broken.
    """

    properties: int
    seed: int = 11
    known: list[Booking] = field(default_factory=list)
    chance: random.Random = field(init=False)
    plain: Traffic = field(init=False)
    number: int = 0
    sent: list[Sent] = field(default_factory=list)
    late: list[Sent] = field(default_factory=list)
    """Held up on the way: what came after them overtakes them."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.plain = Traffic(self.properties, self.seed, FIRST_DAY, DAYS)

    def messages(self, count: int) -> Iterator[Sent]:
        """Exactly this many, the same for the same seed."""
        kinds: dict[Callable[[], Sent], int] = {
            self._ordinary: 700,
            self._repeated: 40,
            self._resent: 10,
            self._partial: 60,
            self._cancel_only: 30,
            self._cancelled_before_made: 15,
            self._several: 25,
            self._booker_changed: 40,
            self._renamed: 10,
            self._enquiry: 5,
            self._too_many_guests: 15,
            self._unknown_category: 10,
            self._with_a_card: 20,
            self._without_dates: 5,
            self._unknown_property: 8,
            self._broken: 25,
        }
        weights = list(kinds.values())
        for _ in range(count):
            if self.late and self.chance.random() < 0.3:
                message = self.late.pop(0)
            else:
                message = self.chance.choices(list(kinds), weights)[0]()
                if self.chance.random() < 0.04:
                    self.late.append(message)
                    message = self._ordinary()
            self.sent.append(message)
            yield message

    # Bookings and their revisions --------------------------------------------------------

    def _made(self) -> Booking:
        self.number += 1
        booking = self.plain._book(self.chance, self.number)
        booking["channel"] = self.chance.choice(CHANNELS)
        if self.chance.random() < 0.4:
            booking["booker"] = self._somebody_known()
        self.known.append(booking)
        return booking

    def _somebody_known(self) -> Booking:
        """One of few people: by the same address, spelled otherwise, a relative's, or none."""
        person = self.chance.randrange(12)
        spelled = self.chance.choice([
            f"person{person}@example.org",
            f"Person{person}@Example.org",
            f"person{person}+{self.number}@guest.booking.com",
            "",
        ])  # fmt: skip
        return {
            "first_name": self.chance.choice(["Ada", "Ben"]),
            "last_name": f"Person{person}",
            "email": spelled,
            "phone": f"+43{self.chance.randrange(10**6):09}",
        }

    def _some(self) -> Booking:
        return self.chance.choice(self.known[-2_000:]) if self.known else self._made()

    def _said(self, booking: Booking, **others: Any) -> Booking:
        """The body of a booking's present revision, ordered as its channel does."""
        self.number += 1
        body = {**copy.deepcopy(booking), "message_id": f"m-{self.number}", **others}
        if body["channel"] != "booking.com":
            del body["revision"]
        if body["channel"] == "expedia":
            made = datetime(2099, 1, 1, tzinfo=UTC) + timedelta(seconds=self.number)
            body["modified_at"] = made.isoformat()
        return body

    def _send(self, kind: str, *bodies: Booking) -> Sent:
        said = bodies[0] if len(bodies) == 1 else list(bodies)
        return Sent(bodies[0]["property"], json.dumps(said).encode(), kind, len(bodies))

    def _ordinary(self) -> Sent:
        if not self.known or self.chance.random() < 0.34:
            return self._send("new", self._said(self._made()))
        booking = self._some()
        self.plain._change(self.chance, booking)
        return self._send("changed", self._said(booking))

    def _several(self) -> Sent:
        bodies = [self._said(self._made())]
        for _ in range(self.chance.randrange(1, 3)):
            booking = self._made()
            booking["property"] = bodies[0]["property"]
            bodies.append(self._said(booking))
        return self._send("several", *bodies)

    def _partial(self) -> Sent:
        booking = self._some()
        booking["revision"] += 1
        body = self._said(booking, status="modified", completeness="partial")
        del body["rooms"], body["booker"]
        if self.chance.random() < 0.5:
            body["comments"] = booking["comments"] = f"Partly {self.number}"
        else:
            room = booking["rooms"][0] = dict(booking["rooms"][0])
            room["amount"] = f"{self.chance.randrange(80, 900)}.00"
            body["rooms"] = [{"line": room["line"], "amount": room["amount"]}]
        return self._send("partial", body)

    def _cancel_only(self) -> Sent:
        booking = self._some()
        booking["revision"] += 1
        booking["status"] = "cancelled"
        body = self._said(booking, completeness="cancel_only", cancellation_fee="50.00")
        del body["rooms"], body["booker"]
        return self._send("cancel only", body)

    def _cancelled_before_made(self) -> Sent:
        booking = self._made()
        self.late.append(self._send("made after it was cancelled", self._said(booking)))
        booking["revision"] = 3
        booking["status"] = "cancelled"
        return self._send("cancelled before made", self._said(booking))

    def _booker_changed(self) -> Sent:
        booking = self._some()
        booking["revision"] += 1
        booking["booker"] = {**booking["booker"], "phone": f"+43{self.number:09}"}
        if self.chance.random() < 0.3:
            booking["booker"] = self._somebody_known()
        return self._send("booker changed", self._said(booking))

    def _renamed(self) -> Sent:
        booking = self._some()
        booking["revision"] += 1
        booking["replaces"] = [booking["reference"]]
        booking["reference"] = f"{booking['reference']}x"
        booking["status"] = "modified"
        return self._send("renamed", self._said(booking))

    def _enquiry(self) -> Sent:
        booking = self._made()
        return self._send("enquiry", self._said(booking, status="enquiry"))

    def _too_many_guests(self) -> Sent:
        booking = self._made()
        for room in booking["rooms"]:
            room["adults"] = self.chance.choice([2, 3, 5])
            room["children"] = [self.chance.choice([2, 9, None])]
        return self._send("many guests", self._said(booking))

    def _unknown_category(self) -> Sent:
        booking = self._made()
        booking["rooms"][0]["category"] = "ATTIC"
        return self._send("unknown category", self._said(booking))

    def _with_a_card(self) -> Sent:
        booking = self._made()
        booking["comments"] = f"My card is {CARD}, cvv 123"
        body = self._said(booking, payment={"card": {"number": CARD, "cvc": "123"}})
        return self._send("card in text", body)

    # Repeats -----------------------------------------------------------------------------

    def _repeated(self) -> Sent:
        return self.chance.choice(self.sent[-3_000:]) if self.sent else self._ordinary()

    def _resent(self) -> Sent:
        """What was said before, under another message id."""
        body = self._said(self._some())
        return self._send("resent", body)

    # Faults ------------------------------------------------------------------------------

    def _without_dates(self) -> Sent:
        """Parked; what follows of the same booking is parked behind it."""
        booking = self._some()
        booking["revision"] += 1
        body = self._said(booking, status="modified", completeness="partial")
        body["rooms"] = [{"line": "9", "category": "DBL"}]
        return self._send("without dates", body)

    def _unknown_property(self) -> Sent:
        """Keyed by a hotel that is there, about one that is not."""
        booking = self.plain._book(self.chance, self.number)
        booking["channel"] = "booking.com"
        body = self._said(booking, property=f"nowhere-{self.chance.randrange(9)}")
        return Sent(booking["property"], json.dumps(body).encode(), "unknown property")

    def _broken(self) -> Sent:
        booking = self._some()
        kind = self.chance.choice(list(SPOILT))
        body = self._said(booking)
        return Sent(booking["property"], SPOILT[kind](body, self.chance), kind)


def _as_json(body: Booking, **others: Any) -> bytes:
    return json.dumps({**body, **others}).encode()


def _departing(body: Booking, nights: int) -> bytes:
    room = body["rooms"][0]
    departure = date.fromisoformat(room["arrival"]) + timedelta(days=nights)
    return _as_json(body, rooms=[{**room, "departure": departure.isoformat()}])


def _cut_off(body: Booking, chance: random.Random) -> bytes:
    whole = _as_json(body)
    return whole[: chance.randrange(1, len(whole))]


def _not_a_number(body: Booking, _: random.Random) -> bytes:
    return _as_json(body).replace(f'"{body["rooms"][0]["amount"]}"'.encode(), b"NaN", 1)


SPOILT: dict[str, Callable[[Booking, random.Random], bytes | None]] = {
    "empty": lambda *_: b"",
    "deleted": lambda *_: None,
    "cut off": _cut_off,
    "not UTF-8": lambda body, _: _as_json(body).replace(b"channel-sync/1", b"channel-sync/1\xff"),
    "not a number": _not_a_number,
    "deep": lambda body, _: _as_json(body)[:-1] + b', "extra": ' + b"[" * 900 + b"]" * 900 + b"}",
    "a card, cut off": lambda body, _: _as_json(body)[:-9] + b', "comments": "' + CARD.encode(),
    "backwards": lambda body, _: _departing(body, -1),
    "a year and more": lambda body, _: _departing(body, 400),
    # Under a reference of its own: a cancellation may say no rooms.
    "no rooms": lambda body, _: _as_json(
        body, reference=f"N{body['message_id']}", status="new", rooms=[]
    ),
    "ids only": lambda body, _: _as_json(body, completeness="ids_only"),
}
