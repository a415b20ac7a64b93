"""The hotel's own bookings, blocks and the room plan from the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from channel_sync.cli import app

TODAY = ("--today", "2026-05-04")
HERE = ("--property", "seaview")
HOUSE = {
    "property": "seaview",
    "name": "Sea View",
    "timezone": "Europe/Lisbon",
    "currency": "EUR",
    "categories": [
        {"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101", "102"]},
        {"code": "SUI", "name": "Suite", "capacity": 4, "rooms": ["201"]},
        {"code": "PIT", "name": "Pitch", "capacity": 6, "units": 4},
    ],
}
NIGHTS = ("--arrival", "2026-06-01", "--departure", "2026-06-04")

Cli = Callable[..., Coroutine[Any, Any, Result]]


@pytest.fixture
async def cli(database: str, tmp_path: Path) -> Cli:
    """The command line on a database with one hotel; the planner runs after each command."""
    environment = {"CHANNEL_SYNC_DATABASE_URL": database, "COLUMNS": "200"}
    file = tmp_path / "seaview.yaml"
    file.write_text(yaml.safe_dump(HOUSE), encoding="utf-8")

    async def call(*arguments: object) -> Result:
        # In a thread: a command has an event loop of its own.
        return await asyncio.to_thread(
            CliRunner().invoke, app, [str(a) for a in arguments], env=environment
        )

    async def invoke(*arguments: object) -> Result:
        result = await call(*arguments)
        done(await call("property", "load", file, *TODAY))
        return result

    done(await call("property", "load", file, *TODAY))
    return invoke


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
    return result.stdout


def refused(result: Result, because: str) -> None:
    assert result.exit_code == 1, (result.stdout, result.stderr)
    assert because in result.stderr
    assert result.stderr.count("\n") == 1


async def stays(cli: Cli, *options: str) -> list[dict[str, Any]]:
    listed = done(await cli("stays", *HERE, *options, "--json", *TODAY))
    return [json.loads(line) for line in listed.splitlines()]


async def test_a_booking_from_the_call_to_the_bill(cli: Cli) -> None:
    made = done(
        await cli(
            *("staff", "book", *HERE, *NIGHTS, "--category", "DBL", "--adults", 2, "--child", 5),
            *("--guest", "Ada Byron", "--amount", "330.00", "--rate-plan", "BAR"),
            *("--name", "Eve Ono", "--email", "eve@example.org", "--phone", "+351 21"),
            *("--comments", "cot", "--actor", "anna", "--reason", "by telephone", *TODAY),
        )
    )
    assert made == "D1: booked\n"
    (stay,) = await stays(cli)
    # Three in a room for two: a person is asked, and the room is held.
    assert (stay["channel"], stay["children"], stay["held"]) == ("direct", [5], True)
    assert (stay["amount"], stay["currency"], stay["rate_plan"]) == ("330.00", "EUR", "BAR")
    assert (stay["booker_name"], stay["contact_email"]) == ("Eve Ono", "eve@example.org")
    amended = done(await cli("staff", "amend", "D1", "--category", "SUI", *TODAY))
    assert amended == "D1: amended\n"
    (stay,) = await stays(cli)
    assert (stay["room"], stay["booked_category"], stay["held"]) == ("201", "SUI", False)
    added = done(await cli("staff", "add-room", "D1", *NIGHTS, "--room", "101", *TODAY))
    assert added == "D1: line 2 added\n"
    halved = done(await cli("staff", "split", "D1", "--line", 2, "--from", "2026-06-02", *TODAY))
    assert halved == "D1: split, line 3 begins on 2026-06-02\n"
    moved = ("staff", "move", "D1", "--line", 1, "--from", "2026-06-03", "--room", "102", *TODAY)
    done(await cli(*moved))
    one, two, three = await stays(cli, "--reference", "D1")
    assert [a["room"] for a in one["rooms"]] == ["201", "102"]
    assert (two["room"], three["room"], three["arrival"]) == ("101", "101", "2026-06-02")


async def test_a_block_and_its_end(cli: Cli) -> None:
    block = ("staff", "block", "101", "--from", "2026-06-01", "--to", "2026-06-03", *HERE)
    assert done(await cli(*block, "--reason", "leak", *TODAY)) == (
        "room 101: blocked from 2026-06-01 to 2026-06-03\n"
    )
    refused(await cli(*block, *TODAY), "room 101 is blocked already")
    unblock = ("staff", "unblock", "101", *HERE, *TODAY)
    assert done(await cli(*unblock)) == "room 101: in order again\n"
    refused(await cli(*unblock), "room 101 is not blocked then")


async def test_refusals_are_one_line(cli: Cli) -> None:
    book = ("staff", "book", *HERE, *NIGHTS, *TODAY)
    refused(await cli(*book), "say which category is booked, or a room")
    refused(await cli(*book, "--room", "999"), "seaview has no room 999")
    refused(await cli(*book, "--category", "XXX"), "seaview has no category XXX")
    done(await cli(*book, "--room", "101"))
    refused(await cli(*book, "--room", "101"), "room 101 is held by D1 on the night of 2026-06-01")
    refused(await cli("staff", "split", "D1", "--from", "2026-06-04", *TODAY), "can be split on")
    assert (await cli("staff", "amend", "D1")).exit_code == 2


async def test_the_room_plan_in_the_terminal(cli: Cli) -> None:
    book = ("staff", "book", *HERE, *TODAY, "--adults", 2, "--reference")
    done(await cli(*book, "WEDDING", *NIGHTS, "--room", "101"))
    done(await cli("staff", "pin", "WEDDING", *TODAY))
    done(await cli(*book, "T2", *NIGHTS, "--category", "DBL"))
    done(await cli(*book, "T3", *NIGHTS, "--category", "DBL"))
    done(await cli(*book, "T4", *NIGHTS, "--category", "PIT"))
    block = ("staff", "block", "201", "--from", "2026-06-03", "--to", "2026-06-09", *HERE)
    done(await cli(*block, "--reason", "paint", *TODAY))
    nights = ("--from", "2026-06-01", "--to", "2026-06-05")
    drawn = done(await cli("rooms", *HERE, *nights, *TODAY))
    assert drawn == (
        "Sea View, nights of 2026-06-01 to 2026-06-05\n"
        "\n"
        "          Jun\n"
        "          01 02 03 04\n"
        "          Mo Tu We Th\n"
        "DBL 101   A! A! A! .\n"
        "DBL 102   B  B  B  .\n"
        "SUI 201   .  .  #  #\n"
        "PIT of 4  1  1  1  .\n"
        "without a room:\n"
        "DBL –     C  C  C  .\n"
        "\n"
        "A  WEDDING/1\n"
        "B  T2/1\n"
        "C  T3/1  without a room: no_room: no room of DBL is free on the nights wanted\n"
        "#  room 201, 2026-06-03 to 2026-06-09: paint\n"
        "\n"
        "! pinned   # out of order\n"
    )
    listed = done(await cli("rooms", *HERE, *nights, "--json", *TODAY))
    rows = [json.loads(line) for line in listed.splitlines()]
    assert [(row["kind"], row["room"], row["reference"]) for row in rows] == [
        ("stay", "101", "WEDDING"),
        ("stay", "102", "T2"),
        ("block", "201", None),
        ("waiting", None, "T3"),
    ]


async def test_the_room_plan_as_a_picture(cli: Cli, tmp_path: Path) -> None:
    done(await cli("staff", "book", *HERE, *NIGHTS, "--room", "101", *TODAY))
    svg, png = tmp_path / "plan.svg", tmp_path / "plan.PNG"
    nights = ("--from", "2026-06-01", "--to", "2026-06-05", *TODAY)
    assert done(await cli("rooms", *HERE, *nights, "--out", svg)) == f"{svg}: written\n"
    assert "D1/1" in svg.read_text(encoding="utf-8")
    done(await cli("rooms", *HERE, *nights, "--out", png))
    assert png.read_bytes().startswith(b"\x89PNG")


async def test_what_cannot_be_drawn_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(await cli("rooms", "--property", "moon", *TODAY), "there is no property moon")
    backwards = ("--from", "2026-06-05", "--to", "2026-06-05")
    refused(await cli("rooms", *HERE, *backwards, *TODAY), "no night lies between")
    away = tmp_path / "away" / "plan.svg"
    refused(await cli("rooms", *HERE, "--out", away, *TODAY), "No such file or directory")
    assert (await cli("rooms", *HERE, "--out", tmp_path / "plan.gif")).exit_code == 2
    monkeypatch.setitem(sys.modules, "PIL", None)
    missing = await cli("rooms", *HERE, "--out", tmp_path / "plan.png", *TODAY)
    assert missing.exit_code == 2
    assert "a PNG needs the extra `picture`" in missing.stderr
