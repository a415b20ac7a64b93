"""What a run proved: counted by SQL of its own, told as a table."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.chaos.fail_points import POINTS
from tests.chaos.faults import KINDS, Scene
from tests.chaos.people import AWAY, People
from tests.chaos.undone import (
    history,
    internal_errors,
    rebuilt,
    told_otherwise,
    undone_by_the_program,
)
from tests.integration.checker import INVARIANTS, broken_invariants, compare
from tests.integration.feed import Feed

BEGIN, END = "<!-- soak: written by `make chaos` -->", "<!-- /soak -->"
OVERLAPS = "no room is held twice on a night"


@dataclass(slots=True)
class Verdict:
    """`faults` must be empty, and the three counts nought."""

    injected: Counter[str]
    points: int
    """At how many of the named points a worker died."""
    seen: dict[str, int]
    messages: int
    outcomes: int
    lost: int
    doubled: int
    overlaps: int
    compared: dict[str, int]
    faults: list[str]
    parts: tuple[str, ...]
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.overlaps or self.faults)

    def markdown(self) -> str:
        figures: list[tuple[str, object]] = [
            *[(kind.name, self.injected[kind.name]) for kind in KINDS],
            (f"different named points that killed, of {len(POINTS)}", self.points),
            *self.seen.items(),
            ("messages", self.messages),
            ("outcomes", self.outcomes),
            *self.compared.items(),
            ("**lost**", self.lost),
            ("**doubled**", self.doubled),
            ("**overlaps**", self.overlaps),
            ("**other differences**", len(self.faults)),
        ]
        served = ", ".join(self.parts)
        lines = [f"| {name} | {number} |" for name, number in figures]
        return "\n".join([
            f"{self.seconds / 60:.1f} minutes of faults; {served}.",
            "",
            "| what | times |",
            "|---|---|",
            *lines,
        ])  # fmt: skip

    def write(self, file: Path) -> None:
        """Puts the table between its marks."""
        before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        text = f"{before}{BEGIN}\n\n{self.markdown()}\n\n{END}{after}"
        file.write_text(text, encoding="utf-8")


async def count_outcomes(
    url: str, topic: str, sent: Mapping[tuple[int, int], int]
) -> tuple[int, int, int]:
    """Outcomes in all, reservations without one, outcomes that nobody is owed or has already."""
    rows = await _fetch(
        url,
        'SELECT partition, "offset", ordinal, count(*) FROM message'
        ' WHERE topic = $1 GROUP BY partition, "offset", ordinal',
        topic,
    )
    found = {(row[0], row[1], row[2]): row[3] for row in rows}
    owed = {(*place, number) for place, count in sent.items() for number in range(count)}
    twice = sum(number - 1 for number in found.values())
    return (
        sum(found.values()),
        len(owed - found.keys()),
        len(found.keys() - owed) + twice,
    )


async def judge(
    scene: Scene, feed: Feed, url: str, in_order: str, only: Collection[str]
) -> Verdict:
    """Compares what the workers left with what was sent and with one worker's work."""
    differences, rows = await compare(url, in_order, only=only)
    compared = {"rows compared with one worker without faults": rows}
    return await _counted(scene, feed, url, compared, [str(one) for one in differences])


async def judge_beside_people(scene: Scene, feed: Feed, url: str, people: People) -> Verdict:
    """What the workers left by what was sent, by what staff decided, and by a rebuild."""
    reports = await rebuilt(url)
    compared = {
        "acts of staff that were done": people.done.total(),
        "acts of staff that were refused": people.refused.total(),
        "times that a person lost the database or found it away": people.again[AWAY],
        "messages and edits told again by a rebuild": sum(
            report.messages + report.edits for report in reports
        ),
        "bookings compared with the rebuild's": sum(report.bookings for report in reports),
        "bookings it could not compare": sum(len(report.apart) for report in reports),
    }
    faults = [
        *people.faults,
        *await internal_errors(url),
        *undone_by_the_program(await history(url)),
        *told_otherwise(reports),
    ]
    return await _counted(scene, feed, url, compared, faults)


async def _counted(
    scene: Scene, feed: Feed, url: str, compared: dict[str, int], faults: list[str]
) -> Verdict:
    outcomes, lost, doubled = await count_outcomes(url, feed.topic, feed.reservations)
    broken = [one for one in await broken_invariants(url) if not one.startswith(OVERLAPS)]
    ends = {
        row["partition"]: row["next_offset"]
        for row in await _fetch(url, "SELECT partition, next_offset FROM consumer_partition")
    }
    ends = {partition: end for partition, end in ends.items() if end}
    offsets = [] if ends == feed.ends() else [f"offsets {ends}, sent {feed.ends()}"]
    (takeovers,) = await _fetch(url, "SELECT sum(epoch) FROM consumer_partition")
    return Verdict(
        injected=scene.counts,
        points=len(scene.crew.died_at),
        seen={
            "assignments that workers saw": scene.crew.lines("assigned"),
            "partitions taken over": takeovers[0],
            "slices fenced off": scene.crew.lines("fenced"),
            "waits for the database or the broker": scene.crew.lines("retry"),
        },
        messages=len(feed.taken),
        outcomes=outcomes,
        lost=lost,
        doubled=doubled,
        overlaps=len(await _fetch(url, INVARIANTS[OVERLAPS])),
        compared=compared,
        faults=[*faults, *broken, *offsets, *scene.crew.faults],
        parts=(scene.broker.label, scene.database.label, f"Python {platform.python_version()}"),
    )


async def _fetch(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url, server_settings={"search_path": "channel_sync"})
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
