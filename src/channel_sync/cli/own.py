"""The commands `staff book … unblock`: the hotel's own bookings, and rooms out of order."""

import json
from datetime import date
from typing import Annotated, Any

import typer

from channel_sync.cli.session import Today, database, date_option, run
from channel_sync.cli.staff import SQL, Actor, Line, Property, Reason, Reference, property_of, who

In = Annotated[str, typer.Option("--property", help="the property")]
Room = Annotated[
    str | None, typer.Option("--room", help="this room, if free; else the planner chooses")
]
Category = Annotated[str | None, typer.Option("--category", help="what is booked")]
First = Annotated[date, date_option("--arrival", "the first night")]
End = Annotated[date, date_option("--departure", "the day of leaving")]
Arrival = Annotated[date | None, date_option("--arrival", "the first night")]
Departure = Annotated[date | None, date_option("--departure", "the day of leaving")]
Adults = Annotated[int | None, typer.Option("--adults", min=0)]
Children = Annotated[
    list[int] | None, typer.Option("--child", metavar="AGE", help="one child; may be repeated")
]
Guests = Annotated[
    list[str] | None, typer.Option("--guest", help="who sleeps there; may be repeated")
]
RatePlan = Annotated[str | None, typer.Option("--rate-plan")]
Amount = Annotated[str | None, typer.Option("--amount", help="of the whole stay, like 330.00")]
Comments = Annotated[str | None, typer.Option("--comments", help="what the guest asks for")]
Units = Annotated[int, typer.Option("--units", min=1, max=99, help="as many equal stays")]
Name = Annotated[str | None, typer.Option("--name", help="who books")]
Email = Annotated[str | None, typer.Option("--email")]
Phone = Annotated[str | None, typer.Option("--phone")]


def add_to(parent: typer.Typer) -> None:
    """Add these commands to `staff`."""
    for command in (book, amend, add_room, split, block, unblock):
        parent.command()(command)


def book(
    property_id: In,
    arrival: First,
    departure: End,
    category: Category = None,
    room: Room = None,
    adults: Adults = None,
    child: Children = None,
    guest: Guests = None,
    rate_plan: RatePlan = None,
    amount: Amount = None,
    comments: Comments = None,
    units: Units = 1,
    name: Name = None,
    email: Email = None,
    phone: Phone = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="the booking's; one is made unless said")
    ] = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Make a booking of the hotel's own: a walk-in, a telephone call."""
    line = _line(arrival, departure, category, adults, child, guest, rate_plan, amount, comments)
    line |= _booker(name, email, phone) | {"units": units}
    given = (json.dumps(line), who(actor), reason, reference, room)
    made = run(_call("book", property_id, today, given))
    typer.echo(f"{made}: booked")


def amend(
    reference: Reference,
    arrival: Arrival = None,
    departure: Departure = None,
    category: Category = None,
    room: Room = None,
    adults: Adults = None,
    child: Children = None,
    guest: Guests = None,
    rate_plan: RatePlan = None,
    amount: Amount = None,
    comments: Comments = None,
    name: Name = None,
    email: Email = None,
    phone: Phone = None,
    line: Line = None,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Change a stay of the hotel's own, category included; only what is named changes."""
    said = _line(arrival, departure, category, adults, child, guest, rate_plan, amount, comments)
    said |= _booker(name, email, phone)
    if not said and room is None:
        raise typer.BadParameter("say what to change")
    given = (reference, line, json.dumps(said), who(actor), reason, room)
    run(_call("amend", property_id, today, given, reference))
    typer.echo(f"{reference}: amended")


def add_room(
    reference: Reference,
    arrival: First,
    departure: End,
    category: Category = None,
    room: Room = None,
    adults: Adults = None,
    child: Children = None,
    guest: Guests = None,
    rate_plan: RatePlan = None,
    amount: Amount = None,
    comments: Comments = None,
    units: Units = 1,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Add a room to any booking, a channel's too; no message will speak of it."""
    line = _line(arrival, departure, category, adults, child, guest, rate_plan, amount, comments)
    given = (reference, json.dumps(line | {"units": units}), who(actor), reason, room)
    added = run(_call("add_room", property_id, today, given, reference))
    typer.echo(f"{reference}: line {added} added")


def split(
    reference: Reference,
    start: Annotated[date, date_option("--from", "the day that the second stay begins")],
    room: Room = None,
    line: Line = None,
    property_id: Property = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Make two stays (lines) of one; `move --from` keeps one stay in two rooms."""
    given = (reference, line, start, who(actor), reason, room)
    second = run(_call("split", property_id, today, given, reference))
    typer.echo(f"{reference}: split, line {second} begins on {start}")


def block(
    room: Annotated[str, typer.Argument(help="the room")],
    start: Annotated[date, date_option("--from", "the first night")],
    end: Annotated[date, date_option("--to", "the day it is in order again")],
    property_id: In,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Take a room out of order: stays to come are placed anew, a guest in house forbids it."""
    run(_call("block", property_id, today, (room, start, end, who(actor), reason)))
    typer.echo(f"room {room}: blocked from {start} to {end}")


def unblock(
    room: Annotated[str, typer.Argument(help="the room")],
    property_id: In,
    start: Annotated[date | None, date_option("--from", "from this night on; else all")] = None,
    end: Annotated[date | None, date_option("--to", "until this day")] = None,
    actor: Actor = None,
    reason: Reason = None,
    today: Today = None,
) -> None:
    """Put a room in order again; who waits for one is tried."""
    run(_call("unblock", property_id, today, (room, start, end, who(actor), reason)))
    typer.echo(f"room {room}: in order again")


def _line(
    arrival: date | None,
    departure: date | None,
    category: str | None,
    adults: int | None,
    children: list[int] | None,
    guests: list[str] | None,
    rate_plan: str | None,
    amount: str | None,
    comments: str | None,
) -> dict[str, Any]:
    """What was said of a stay, as a canonical room line says it."""
    said = {
        "arrival": arrival and arrival.isoformat(),
        "departure": departure and departure.isoformat(),
        "category": category,
        "adults": adults,
        "children": children or None,
        "guest_names": guests or None,
        "rate_plan": rate_plan,
        "amount": amount,
        "comments": comments,
    }
    return {key: value for key, value in said.items() if value is not None}


def _booker(name: str | None, email: str | None, phone: str | None) -> dict[str, Any]:
    said = {"booker_name": name, "contact_email": email, "contact_phone": phone}
    return {key: value for key, value in said.items() if value is not None}


async def _call(
    name: str,
    property_id: str | None,
    today: date | None,
    arguments: tuple[object, ...],
    reference: str | None = None,
) -> object:
    """What the function answers: a reference, a line, or the property's version."""
    async with database(today=today, as_pms=True) as connection:
        if property_id is None:
            property_id = await property_of(connection, reference or "")
        return await connection.fetchval(SQL[name], property_id, *arguments)
