"""What staff decided and the program took back, or told otherwise: by history and by a rebuild."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import asyncpg
from pydantic import SecretStr

from channel_sync.progress import Silence
from channel_sync.rebuild.run import Report, rebuild
from channel_sync.settings import Settings


async def history(url: str) -> list[asyncpg.Record]:
    """Every event of a stay, in order."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    rows: list[asyncpg.Record] = await connection.fetch(
        "SELECT h.property_id, h.version, reservation_id, line, actor_type, event, rule,"
        " message_id, facts::text, coalesce(today, (SELECT m.today FROM message m"
        "  WHERE (m.property_id, m.message_id) = (h.property_id, h.message_id)"
        "  ORDER BY m.version LIMIT 1))::text AS today"
        " FROM history h WHERE line IS NOT NULL ORDER BY property_id, version"
    )
    await connection.close()
    return rows


VALUES = {
    **{name: {"arrival", "departure"} for name in ("arrival", "departure")},
    **{name: {"adults", "children"} for name in ("adults", "children")},
    **{name: {name} for name in ("comments", "rate_plan", "guest_names")},
}
"""By what a message may set, of what the channel must then have said something new."""
CATEGORY = {"category", "category_code"}
Stay = tuple[str, int, str]


def undone_by_the_program(rows: list[asyncpg.Record]) -> Iterator[str]:
    """What staff decided of a stay and the program took back, by history."""
    pins: dict[Stay, str | None] = {}
    by_hand: dict[Stay, bool] = {}
    said: dict[tuple[str, int, str, str], set[str]] = defaultdict(set)
    for row in rows:
        of = (row["property_id"], row["reservation_id"], row["line"], row["message_id"])
        facts = json.loads(row["facts"])
        said[of] |= {name[5:] for name in facts if name.startswith("base.")}
    for row in rows:
        stay = (row["property_id"], row["reservation_id"], row["line"])
        facts = json.loads(row["facts"])
        if row["actor_type"] != "staff" and facts.get("status", "..")[1] != "cancelled":
            anew = said[*stay, row["message_id"]]
            for what in (
                *_unpinned(pins.get(stay), facts, row["today"]),
                *_unsaid(row, facts, anew, is_manual=by_hand.get(stay, False)),
            ):
                yield f"{what}: {stay} {row['version']} {row['event']} {row['rule']}: {facts}"
        if "pinned_room" in facts:
            pins[stay] = facts["pinned_room"][1]
        if "manual_category_code" in facts:
            code = facts["manual_category_code"][1]
            by_hand[stay] = code is not None and row["actor_type"] == "staff"


def _unpinned(pin: str | None, facts: dict[str, Any], today: str) -> Iterator[str]:
    """What an event of the program did to a stay that was pinned before it."""
    if pin is None:
        return
    given = facts.get("rooms", [None, None])[1] or ()
    if any(one["room"] != pin for one in given if one["to_date"] > today):
        yield f"moved from {pin}, to which it was pinned"
    if "pinned_room" in facts:
        yield "unpinned"


def _unsaid(
    row: asyncpg.Record, facts: dict[str, Any], anew: set[str], *, is_manual: bool
) -> Iterator[str]:
    """What an event of the program set that its message did not say `anew`."""
    if "staff_note" in facts:
        yield "another note"
    if row["actor_type"] != "channel":
        return
    yield from (
        f"another {name}" for name in VALUES.keys() & facts.keys() if not anew & VALUES[name]
    )
    # Where the manual category is full, a policy lets a stay back into the one booked.
    full = "X has none" in row["rule"] or "status" in facts
    if is_manual and "manual_category_code" in facts and not (anew & CATEGORY or full):
        yield "the manual category undone"


async def internal_errors(url: str) -> list[str]:
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    rows = await connection.fetch(
        'SELECT partition, "offset", outcome_reason, outcome_detail FROM message'
        " WHERE outcome_reason = 'internal_error'"
    )
    await connection.close()
    return [str(dict(row)) for row in rows]


async def rebuilt(url: str) -> list[Report]:
    """Each property told again from its messages and edits."""
    settings = Settings(database_url=SecretStr(url))
    return [
        report async for report in rebuild(settings, property_id=None, into=None, work=Silence())
    ]


def told_otherwise(reports: list[Report]) -> list[str]:
    """What a rebuild found."""
    return [
        f"{report.property_id} {one}"
        for report in reports
        for one in (*report.untold, *map(str, report.differences))
    ]
