"""What the file says becomes so; what it leaves out stays; what is wrong is said by its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from channel_sync.core.model import Category, Channel, Policy, Property, Room
from channel_sync.errors import ConfigurationError, Refused
from channel_sync.property_file import parse_property, read_property_file
from channel_sync.store.properties import load_properties, load_property
from tests.integration.house import PROPERTY, april, build

FILE = """
property: seaview
name: Sea View
timezone: Europe/Lisbon
currency: EUR
categories:
  - {code: DBL, name: Double, capacity: 2, rooms: ["101", 102, {code: "103", capacity: 3}]}
  - {code: SUI, name: Suite,  capacity: 4, rooms: ["201", {code: "202", active: false}]}
  - {code: PIT, name: Pitch,  capacity: 6, units: 40}
blocks:
  - {room: "103", from: 2026-04-10, to: 2026-04-12, reason: paint}
channels:
  booking.com: {aliases: [BookingCom, BDC], categories: {"DBL-BK": DBL}, rate_plans: {"1": BAR}}
policy:
  reshuffle: off
  auto_resolve: on
  child_counts_from: 4
own_email_addresses: [desk@seaview.example]
blocked_guests: [{email: x@example.org, reason: damage}]
"""
PLAN = """
    room     | 02  03  04
    DBL 101  | A   A   .
    DBL 102  | .   .   .
    SUI 201  | .   .   .
"""


async def load(connection: asyncpg.Connection, **described: Any) -> Property:
    await load_property(connection, parse_property({"property": PROPERTY, **described}))
    [loaded] = await load_properties(connection, [PROPERTY])
    return loaded


async def test_a_property_comes_back_as_its_file_describes_it(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "seaview.yaml"
    path.write_text(FILE)
    parsed = read_property_file(path)
    await load_property(connection, parsed)
    [loaded] = await load_properties(connection, ["moon", "seaview"])
    assert loaded.categories == (
        Category("DBL", "Double", 2),
        Category("SUI", "Suite", 4),
        Category("PIT", "Pitch", 6, units=40),
    )
    assert loaded.rooms == (
        Room("101", "DBL", 2),
        Room("102", "DBL", 2),
        Room("103", "DBL", 3),
        Room("201", "SUI", 4),
        Room("202", "SUI", 4, active=False),
    )
    assert loaded.channels == (
        Channel("booking.com", frozenset({"BookingCom", "BDC"}), {"DBL-BK": "DBL"}, {"1": "BAR"}),
    )
    assert loaded.policy == Policy(reshuffle="off", auto_resolve="on", child_counts_from=4)
    assert loaded.own_email_addresses == frozenset({"desk@seaview.example"})
    assert (loaded.name, loaded.timezone, loaded.currency) == ("Sea View", "Europe/Lisbon", "EUR")
    # Again: nothing differs, so nothing is written.
    await load_property(connection, parsed)
    assert (await load_properties(connection, ["seaview"])) == [loaded]


async def test_what_the_file_leaves_out_stays_and_an_empty_list_clears(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "seaview.yaml"
    path.write_text(FILE)
    await load_property(connection, read_property_file(path))
    loaded = await load(connection, policy={"reshuffle": "auto"}, own_email_addresses=[])
    assert loaded.policy == Policy(reshuffle="auto", child_counts_from=4)
    assert loaded.own_email_addresses == frozenset()
    assert len(loaded.rooms) == 5
    assert await connection.fetchval("SELECT count(*) FROM block") == 1
    loaded = await load(connection, channels={"airbnb": {}}, blocks=[])
    assert [channel.name for channel in loaded.channels] == ["airbnb"]
    assert await connection.fetchval("SELECT count(*) FROM block") == 0


async def test_a_room_gone_from_the_file_is_closed_if_somebody_is_to_come(
    connection: asyncpg.Connection,
) -> None:
    house = await build(connection, PLAN)
    loaded = await load(
        connection, categories=[{"code": "SUI", "capacity": 4, "rooms": ["201", "202"]}]
    )
    assert [(room.code, room.active) for room in loaded.rooms] == [
        ("101", False),
        ("201", True),
        ("202", True),
    ]
    assert [category.code for category in loaded.categories] == ["DBL", "SUI"]
    assert (await house.stay("A"))["room"] == "101"


async def test_blocks_of_the_file_replace_its_earlier_ones_and_no_others(
    connection: asyncpg.Connection,
) -> None:
    await build(connection, PLAN)
    await connection.execute(
        "INSERT INTO block (property_id, room, from_date, to_date, actor)"
        " VALUES ('seaview', '102', $1, $2, 'anna')",
        *(april(2), april(3)),
    )
    for day in (2, 3):
        block = {"room": "201", "from": april(day), "to": april(day + 1)}
        await load(connection, blocks=[block])
    rows = await connection.fetch("SELECT room, from_date FROM block ORDER BY room")
    assert [tuple(row) for row in rows] == [("102", april(2)), ("201", april(3))]


async def test_a_block_in_the_file_wins_over_who_has_not_begun(
    connection: asyncpg.Connection,
) -> None:
    house = await build(connection, PLAN)
    block = {"room": "101", "from": april(2), "to": april(4)}
    await load(connection, blocks=[block])
    stay = await house.stay("A")
    assert (stay["room"], stay["to_place"]) == (None, True)
    row = next(row for row in await house.history() if row["field"] == "room")
    assert (row["actor"], row["event"]) == ("property file", "released")


async def test_a_block_over_who_is_in_house_is_refused_and_nothing_is_loaded(
    connection: asyncpg.Connection,
) -> None:
    house = await build(connection, PLAN, today=3)
    block = {"room": "101", "from": april(2), "to": april(4)}
    with pytest.raises(Refused, match="A is in house there"):
        await load(connection, name="Other", blocks=[block])
    [loaded] = await load_properties(connection, [PROPERTY])
    assert loaded.name == "Sea View"
    assert (await house.stay("A"))["room"] == "101"


async def test_a_loaded_property_is_planned_again(connection: asyncpg.Connection) -> None:
    await build(connection, PLAN)
    [before] = await load_properties(connection, [PROPERTY])
    await connection.execute("UPDATE property SET replan_due = false")
    after = await load(connection, channels={"booking.com": {"categories": {"D": "DBL"}}})
    assert after.version > before.version
    assert await connection.fetchval("SELECT replan_due FROM property")


async def test_the_connection_is_in_its_own_role_again_afterwards(
    connection: asyncpg.Connection,
) -> None:
    await build(connection, PLAN)
    await connection.execute("SET ROLE channel_sync_worker")
    async with connection.transaction():
        await load(connection, name="Other")
        assert await connection.fetchval("SELECT current_user") == "channel_sync_worker"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE property SET name = 'Third'")


@pytest.mark.parametrize(
    ("described", "because"),
    [
        ({"rooms": []}, "rooms: Extra inputs are not permitted"),
        ({"timezone": "Mars/Base"}, "timezone: there is no time zone 'Mars/Base'"),
        ({"policy": {"reshuffle": "maybe"}}, "policy.reshuffle: Input should be"),
        (
            {"categories": [{"code": "A", "capacity": 1, "rooms": ["1", {"code": "2", "x": 1}]}]},
            r"categories\[0\].rooms\[1\].x: Extra inputs",
        ),
        (
            {"categories": [{"code": "A", "capacity": 1, "rooms": ["1"], "units": 3}]},
            r"categories\[0\]: a category has rooms or units, not both",
        ),
        (
            {
                "categories": [
                    {"code": "A", "capacity": 1, "rooms": ["1"]},
                    {"code": "B", "capacity": 1, "rooms": ["1"]},
                ]
            },
            "categories: room 1 stands more than once",
        ),
        (
            {"channels": {"booking.com": {"aliases": ["BDC"]}, "other": {"aliases": ["bdc"]}}},
            "channels: channel bdc stands more than once",
        ),
        (
            {"blocks": [{"room": "1", "from": "2026-04-02", "to": "2026-04-02"}]},
            r"blocks\[0\]: a block ends after it begins",
        ),
        ({"blocked_guests": [{"reason": "rude"}]}, r"blocked_guests\[0\]: a blocked guest has"),
        # YAML reads a bare 25:00 as the number 1500.
        ({"policy": {"day_starts": 1500}}, "policy.day_starts: 25:00 is not a time like 04:00"),
        ({"policy": {"day_starts": "early"}}, "policy.day_starts: early is not a time like 04:00"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(described: dict[str, Any], because: str) -> None:
    with pytest.raises(ConfigurationError, match=because) as error:
        parse_property({"property": PROPERTY, **described})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("property: seaview\nname: Sea: View", "seaview.yaml, line 2: mapping values are not"),
        ("blocks: [{room: 1, from: 2026-04-31}]", "seaview.yaml: day is out of range for month"),
        ("property: \xff", "seaview.yaml: 'utf-8' codec can't decode"),
    ],
)
def test_a_file_that_is_no_yaml_is_refused_in_one_line(
    text: str, because: str, tmp_path: Path
) -> None:
    path = tmp_path / "seaview.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=because) as error:
        read_property_file(path)
    assert "\n" not in str(error.value)


async def test_a_new_property_needs_what_a_hotel_needs(connection: asyncpg.Connection) -> None:
    with pytest.raises(ConfigurationError, match="needs name, timezone, currency, categories"):
        await load(connection)


async def test_a_block_names_a_room_of_the_property(connection: asyncpg.Connection) -> None:
    await build(connection, PLAN)
    with pytest.raises(ConfigurationError, match="there is no room 999"):
        await load(connection, blocks=[{"room": "999", "from": april(2), "to": april(3)}])
