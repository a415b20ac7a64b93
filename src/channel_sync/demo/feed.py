"""The demonstration's messages: the book so far, one day's story, and ordinary ones on top."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from confluent_kafka import Producer

from channel_sync.demo.hotel import PROPERTY, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOOKING, EXPEDIA = "booking.com", "expedia"
SEED = 2026
FIRST_NAMES = ("Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Iris", "Jan")
LAST_NAMES = ("Adler", "Bianchi", "Costa", "Dupont", "Eriksen", "Fischer", "Gruber", "Horvat")
CODES = {"STD": "DBL-ECO", "SUP": "DBL-SUP", "FAM": "FAM-4", "SUI": "STE"}
PRICES = {"STD": 90, "SUP": 130, "FAM": 180, "SUI": 310}
FLUSH_SECONDS = 10.0

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way to the topic, its format, and how the table calls it."""

    title: str
    body: bytes
    format: str = "canonical"


@dataclass(frozen=True, slots=True)
class Edit:
    """Something that staff do between two messages: an SQL function and its arguments by name."""

    title: str
    reference: str
    function: str
    arguments: tuple[tuple[str, object], ...]


Act = Message | Edit


class Feed:
    """Sends to the topic: the only producer there is, and it is the demonstration's."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._producer = Producer({"bootstrap.servers": bootstrap, "log_level": 3})

    def send(self, messages: Sequence[Message]) -> None:
        """In order, all under the hotel's key; returns when the broker has them."""
        for message in messages:
            self._producer.produce(
                self._topic,
                message.body,
                key=PROPERTY.encode(),
                headers={"format": message.format},
            )
            self._producer.poll(0)
        if self._producer.flush(FLUSH_SECONDS):
            raise TimeoutError("the embedded broker took no messages")


class Writer:
    """Writes canonical messages, numbered and dated so that two runs are alike."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._revisions: dict[str, int] = {}

    def message(
        self,
        status: str,
        reference: str,
        *lines: Line,
        title: str,
        channel: str = BOOKING,
        revision: int | None = None,
        booker: tuple[str, str] | None = None,
        **more: object,
    ) -> Message:
        """A message of a booking; its revision is the next one unless said."""
        number = next(self._numbers)
        latest = self._revisions.get(reference, 0)
        revision = latest + 1 if revision is None else revision
        self._revisions[reference] = max(latest, revision)
        first, last = booker or _person(reference)
        said = {
            "schema": "channel-sync/1",
            "message_id": f"msg-{number:05d}",
            "property": PROPERTY,
            "channel": channel,
            "reference": reference,
            "status": status,
            "revision": revision,
            "modified_at": _at(number),
            "currency": "EUR",
            "booker": {
                "first_name": first,
                "last_name": last,
                "email": f"{first}.{last}@guests.example".lower(),
                "phone": f"+4366{sum(map(ord, reference)):07d}",
            },
            **({"rooms": list(lines)} if lines else {}),
            **more,
        }
        return Message(title, json.dumps(said).encode())


def line(category: str, arrival: date, nights: int, *, number: str = "1", adults: int = 2) -> Line:
    """A room line as booking.com sends it; a code in digits is Expedia's."""
    own = category in CODES
    price = PRICES[category] if own else 95
    return {
        "line": number,
        "category": CODES[category] if own else category,
        "arrival": arrival.isoformat(),
        "departure": (arrival + timedelta(days=nights)).isoformat(),
        "adults": adults,
        "amount": f"{price * nights}.00",
    }


def book_so_far(write: Writer) -> list[Message]:
    """What the hotel has in its book this morning: one guest in house, a full floor in June."""
    made = [
        write.message(
            "new",
            "BK-7001",
            line("STD", TODAY - timedelta(days=1), 3),
            title="in house",
            booker=("Magda", "Winkler"),
        )
    ]
    for number in range(12):
        arrival = date(2026, 6, 18)
        reference = f"BK-71{number:02d}"
        made.append(write.message("new", reference, line("SUP", arrival, 4), title="June"))
    dice = random.Random(SEED)  # noqa: S311 - the same book in every run
    for number in range(15):
        category = dice.choice(("STD", "STD", "STD", "FAM"))
        stay = line(category, date(2026, 6, 1 + dice.randrange(12)), dice.randint(1, 5))
        made.append(write.message("new", f"BK-72{number:02d}", stay, title="June"))
    return made


def story(write: Writer) -> Iterator[Act]:
    """One day of messages, and what staff do between them."""
    june = date(2026, 6, 1)
    yield from _an_upgrade(write, june.replace(day=9))
    yield from _no_room_left(write, june.replace(day=19))
    yield from _several_rooms_and_orders(write, june.replace(day=24))
    yield write.message("cancelled", "BK-7001", title="cancel of a guest in house")
    yield write.message("cancelled", "EX-9900", channel=EXPEDIA, title="cancel, booking unknown")
    yield Message("a message cut off", b'{"schema": "channel-sync/1", "reference": "BK-8009", "ro')


def _an_upgrade(write: Writer, arrival: date) -> Iterator[Act]:
    """A room given by hand outlives dates and repeats, and ends when the channel sells another."""
    who = ("Sofia", "Lindqvist")
    one_day = timedelta(days=1)
    yield write.message("new", "BK-8001", line("STD", arrival, 3), title="new booking", booker=who)
    yield Edit(
        "upgrade by hand to 204",
        "BK-8001",
        "move_stay",
        (("line", "1"), ("room", "204"), ("actor", "anna"), ("reason", "wedding anniversary")),
    )
    moved = line("STD", arrival + one_day, 3)
    yield write.message("modified", "BK-8001", moved, title="dates changed", booker=who)
    yield write.message(
        "modified", "BK-8001", moved, title="the sold category repeated", booker=who
    )
    yield write.message(
        "modified",
        "BK-8001",
        line("FAM", arrival + one_day, 3),
        title="category changed after all",
        booker=who,
    )


def _no_room_left(write: Writer, arrival: date) -> Iterator[Act]:
    """A full floor: both bookings are recorded, a person is asked, and a cancel helps one."""
    yield write.message(
        "new", "EX-8002", line("2002", arrival, 2), channel=EXPEDIA, title="new, no room left"
    )
    yield write.message(
        "new",
        "EX-8003",
        line("2002", arrival + timedelta(days=1), 2),
        channel=EXPEDIA,
        title="new, no room left either",
    )
    yield write.message("cancelled", "BK-7104", title="cancel, which frees a room")


def _several_rooms_and_orders(write: Writer, arrival: date) -> Iterator[Act]:
    """Lines that vanish, revisions that overtake each other, and one that comes twice."""
    first, second = line("STD", arrival, 3), line("FAM", arrival, 3, number="2")
    yield write.message("new", "BK-8004", first, second, title="two rooms")
    yield write.message("modified", "BK-8004", first, title="one of the two is gone")
    yield write.message("new", "BK-8005", line("STD", arrival, 2), title="new booking")
    later = write.message(
        "modified", "BK-8005", line("STD", arrival, 4), title="revision 3 comes first", revision=3
    )
    yield later
    yield write.message(
        "modified", "BK-8005", line("STD", arrival, 5), title="revision 2 after it", revision=2
    )
    yield Message("the same message again", later.body)
    yield Edit(
        "a note of our own",
        "BK-8005",
        "note_stay",
        (("line", "1"), ("staff_note", "Arrives by night train"), ("actor", "ben")),
    )


def ordinary(write: Writer, wanted: int) -> Iterator[Message]:
    """As many everyday messages as asked for: new, changed and cancelled bookings."""
    dice = random.Random(SEED + 1)  # noqa: S311 - the same messages in every run
    known: list[tuple[str, Line]] = []
    for number in range(wanted):
        what = dice.choices(("new", "modified", "cancelled"), (6, 3, 1))[0] if known else "new"
        if what == "new":
            arrival = date(2026, 7, 1) + timedelta(days=dice.randrange(300))
            stay = line(dice.choice(tuple(CODES)), arrival, dice.randint(1, 6))
            known.append((f"GN-{number:06d}", stay))
            yield write.message("new", known[-1][0], stay, title="ordinary")
            continue
        place = dice.randrange(len(known))
        reference, stay = known[place]
        if what == "cancelled":
            known.pop(place)
            yield write.message("cancelled", reference, title="ordinary")
            continue
        arrival = date.fromisoformat(stay["arrival"]) + timedelta(days=dice.randint(-2, 2))
        changed = {**stay, **_dates(arrival, dice.randint(1, 6))}
        known[place] = (reference, changed)
        yield write.message("modified", reference, changed, title="ordinary")


def _dates(arrival: date, nights: int) -> dict[str, str]:
    departure = arrival + timedelta(days=nights)
    return {"arrival": arrival.isoformat(), "departure": departure.isoformat()}


def _person(reference: str) -> tuple[str, str]:
    """The same person for the same booking, whatever is said of it."""
    number = sum(map(ord, reference)) * 7 + int(reference[-2:])
    return FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]


def _at(number: int) -> str:
    morning = datetime(TODAY.year, TODAY.month, TODAY.day, 6, 0, tzinfo=UTC)
    return (morning + timedelta(seconds=number)).isoformat()
