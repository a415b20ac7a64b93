"""Long commands on a terminal: a bar on the error output, and nothing of it on the other one."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import yaml

from tests.integration.seaview import booking

HOTEL = {
    "property": "seaview",
    "name": "Sea View",
    "timezone": "Europe/Lisbon",
    "currency": "EUR",
    "categories": [{"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101"]}],
}


def on_a_terminal(url: str, *arguments: object) -> tuple[str, str]:
    """What a command writes: to a pipe, and to the terminal that its error output is."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "channel_sync", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "CHANNEL_SYNC_DATABASE_URL": url, "TERM": "xterm"},
    )
    os.close(theirs)
    drawn = b""
    while piece := _read(ours):
        drawn += piece
    os.close(ours)
    out, _ = child.communicate()
    assert child.returncode == 0, drawn
    return out.decode(), drawn.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the last writer has closed it
        return b""


async def test_long_commands_draw_a_bar_and_keep_it_off_their_output(
    blank_database: str, tmp_path: Path
) -> None:
    hotel, messages = tmp_path / "hotel.yaml", tmp_path / "messages.json"
    hotel.write_text(yaml.safe_dump(HOTEL))
    messages.write_text(json.dumps([booking("A"), booking("B")]))

    async def run(*arguments: object) -> tuple[str, str]:
        return await asyncio.to_thread(on_a_terminal, blank_database, *arguments)

    out, drawn = await run("migrate")
    assert ("migrate" in drawn, "migrations applied" in out, "━" in out) == (True, True, False)
    out, drawn = await run("property", "load", hotel)
    assert ("property load" in drawn, out) == (True, "seaview: loaded\n")
    out, drawn = await run("replay", messages, "--json", "--today", "2030-03-01")
    assert "━" in drawn
    assert [json.loads(line)["outcome"] for line in out.splitlines()] == ["created", "created"]
    out, drawn = await run("rebuild", "--from-messages", "--json")
    assert "seaview" in drawn
    assert [json.loads(line)["same"] for line in out.splitlines()] == [True]
