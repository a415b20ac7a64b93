"""The demonstration, as a customer starts it: it tells its story, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS = 180
"""After which the demonstration is taken to hang."""

ROWS = {
    "new booking": "created",
    "upgrade by hand to 204": "staff",
    "dates changed": "modified",
    "the sold category repeated": "unchanged",
    "category changed after all": "modified",
    "new, no room left": "created",
    "who waited is served": "planner",
    "one of the two is gone": "modified",
    "revision 3 comes first": "modified",
    "revision 2 after it": "stale",
    "the same message again": "duplicate",
    "cancel of a guest in house": "deferred",
    "cancel, booking unknown": "tombstoned",
    "a message cut off": "parked",
    "Channex: new booking": "created",
    "Channex: one night more": "modified",
    "Channex: cancelled": "cancelled",
    "SiteMinder: new booking": "created",
    "SiteMinder: one night more": "modified",
    "SiteMinder: older, again": "duplicate",
    "SiteMinder: cancelled": "cancelled",
    "AlpineBits: enquiry": "enquiry",
    "AlpineBits: new booking": "created",
    "AlpineBits: cancelled": "cancelled",
}


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[str, Path]]:
    """What the demonstration printed, and its folder for temporary files."""
    # Not pytest's own folder: the server runs as another user where this one is root, and every
    # run of pytest shuts others out of its own.
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield _played(folder), folder


def _played(folder: Path) -> str:
    """What the demonstration prints, its temporary files being in this folder."""
    done = subprocess.run(
        [sys.executable, "-m", "channel_sync", "demo", "--messages", "60"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_each_message_has_its_row(demo: tuple[str, Path]) -> None:
    text, _ = demo
    for title, outcome in ROWS.items():
        assert re.search(rf"{re.escape(title)} +{outcome}\b", text), title


def test_what_waits_is_shown_with_its_ways_out(demo: tuple[str, Path]) -> None:
    text, _ = demo
    waits = text.partition("What waits for a person")[2]
    for reason in ("no_room", "in_house_cancellation", "manual_category_dropped"):
        assert reason in waits
    assert re.search(r"proposal 1: upgrade to 3\d\d", waits)


def test_the_history_of_one_booking_names_who_and_why(demo: tuple[str, Path]) -> None:
    text, _ = demo
    history = text.partition("The history of")[2]
    assert re.search(r"staff anna +moved .*wedding anniversary", history)
    assert re.search(r"booked category: STD → FAM", history)


def test_ordinary_messages_come_on_top(demo: tuple[str, Path]) -> None:
    text, _ = demo
    assert "60 ordinary messages on top" in text


def test_it_ends_by_itself_and_leaves_nothing(demo: tuple[str, Path]) -> None:
    _, folder = demo
    assert list(folder.iterdir()) == []
    assert _processes_that_name(folder) == []


def _processes_that_name(folder: Path) -> list[bytes]:
    """The command lines of this machine's processes in which the folder occurs."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(file.read_bytes())
    return [line for line in found if str(folder).encode() in line]
