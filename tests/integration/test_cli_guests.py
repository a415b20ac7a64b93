"""The commands `guests` and `guest …`, run for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_cli import (
    HOUSE,
    TODAY,
    Cli,
    cli,
    done,
    load,
    message,
    refused,
    replay,
    rows,
)

__all__ = ["cli"]

BOOKER = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.org", "phone": "+43111"}
CARL = {**BOOKER, "first_name": "Carl", "last_name": "Gauss", "phone": "+43222"}


@pytest.fixture
async def desk(cli: Cli, tmp_path: Path) -> Cli:
    """A hotel with two bookings under one e-mail: Ada's, and Carl's who is kept apart."""
    await load(cli, tmp_path, HOUSE)
    await replay(cli, tmp_path, [message("A", booker=BOOKER), message("B", booker=CARL)])
    return cli


async def names(desk: Cli) -> dict[str, list[str]]:
    return {row["name"]: row["references"] for row in await rows(desk, "guests")}


async def test_guests_are_listed_with_their_bookings(desk: Cli) -> None:
    assert await names(desk) == {"Ada Byron": ["A"], "Carl Gauss": ["B"]}
    (found,) = await rows(desk, "guests", "--search", "43222")
    assert found["name"] == "Carl Gauss"
    both = await rows(desk, "guests", "--reference", "B", "--property", "lindenhof")
    assert [row["guest_id"] for row in both] == [1, 2]
    text = done(await desk("guests")).stdout
    assert "Ada Byron" in text
    assert done(await desk("guests", "--search", "nobody")).stdout == "no guests\n"


async def test_a_guest_is_shown_with_its_history(desk: Cli) -> None:
    done(await desk("guest", "edit", "A", "--set", "phone=+43777", "--actor", "anna"))
    text = done(await desk("guest", "show", "#1")).stdout
    assert "Ada Byron" in text
    assert "phone: +43111 → +43777" in text
    shown = json.loads(done(await desk("guest", "show", "A", "--json")).stdout)
    assert shown["phone"] == "+43777"
    assert shown["history"][-1]["actor"] == "anna"
    assert "no booking and no guest" in refused(
        await desk("guest", "show", "Z", "--property", "lindenhof")
    )


async def test_every_repair_is_a_command(desk: Cli) -> None:
    done(await desk("guest", "merge", "B", "--into", "A", "--reason", "a couple"))
    assert await names(desk) == {"Ada Byron": ["A", "B"]}
    done(await desk("guest", "unmerge", "#2"))
    assert await names(desk) == {"Ada Byron": ["A"], "Carl Gauss": ["B"]}
    done(await desk("guest", "set-main", "B", "--to", "A"))
    assert await names(desk) == {"Ada Byron": ["A", "B"], "Carl Gauss": []}
    done(await desk("guest", "split", "B", "--name", "Emmy Noether", "--email", "e@example.org"))
    assert (await names(desk))["Emmy Noether"] == ["B"]
    done(await desk("guest", "edit", "B", "--set", "name=Amalie Noether", "--set", "phone="))
    done(await desk("guest", "restore", "B", "--field", "phone"))
    (row,) = await rows(desk, "guests", "--search", "Amalie")
    assert row["phone"] == "+43222"
    done(await desk("guest", "restore", "B"))
    assert "Emmy Noether" in await names(desk)
    done(await desk("guest", "block", "B", "--reason", "damage"))
    assert [row["blocked"] for row in await rows(desk, "guests", "--search", "Emmy")] == [True]
    done(await desk("guest", "block", "B", "--lift"))
    done(await desk("guest", "erase", "B"))
    assert "Emmy Noether" not in await names(desk)


async def test_what_cannot_be_done_is_said_in_a_line(desk: Cli) -> None:
    assert "no property knows" in refused(await desk("guest", "erase", "Z"))
    assert "both are guest 1" in refused(await desk("guest", "merge", "A", "--into", "#1"))
    assert "leads to guest 1" in refused(
        await desk("guest", "edit", "B", "--set", "email=ada@example.org")
    )
    assert (await desk("guest", "edit", "B", "--set", "nonsense")).exit_code == 2


async def test_a_typed_email_must_be_one(desk: Cli) -> None:
    for command in (("edit", "B", "--set", "email=no mail"), ("split", "B", "--email", "no mail")):
        ended = await desk("guest", *command)
        assert ended.exit_code == 2
        assert "'no mail' is not an e-mail address" in ended.stderr
    done(await desk("guest", "edit", "B", "--set", "email="))
    (row,) = await rows(desk, "guests", "--search", "Gauss")
    assert row["email"] is None


async def test_a_guest_that_two_hotels_know_needs_the_hotel(desk: Cli, tmp_path: Path) -> None:
    await load(desk, tmp_path, {**HOUSE, "property": "second"})
    body = [message("A", booker=BOOKER, property="second")]
    await replay(desk, tmp_path, body)
    assert "say --property" in refused(await desk("guest", "block", "A"))
    done(await desk("guest", "block", "A", "--property", "second"))
    assert [row["blocked"] for row in await rows(desk, "guests", "--property", "second")] == [True]
    assert TODAY
