"""`make chaos`: the harness by hand; `--soak` until every kind of fault was done often enough."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.chaos.soak import Plan, soak
from tests.integration.checker import told

TABLE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, help="of faults; 10 unless told")
    parser.add_argument("--soak", action="store_true", help="until each kind had its share")
    parser.add_argument("--times", type=float, default=1.0, help="of that share")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--hotels", type=int, default=60)
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second")
    parser.add_argument("--auto-resolve", choices=["off", "on"], default="off")
    parser.add_argument("--people", type=int, default=0, help="at the desks, at the same time")
    parser.add_argument("--write", action="store_true", help=f"the table into {TABLE.name}")
    parser.add_argument("--logs", type=Path, help="a folder for the workers' logs")
    given = parser.parse_args()
    if given.write and not given.soak:
        parser.error(
            "--write goes with --soak: the table is of a run that did every kind its share"
        )
    if given.write and given.people:
        parser.error("--write goes without --people: the table compares with one worker")
    minutes = given.minutes or (240.0 if given.soak else 10.0)
    plan = Plan(
        minutes * 60, given.soak, given.times, given.seed, given.workers, given.hotels,
        given.rate, given.auto_resolve, given.people,
    )  # fmt: skip
    if given.logs:
        given.logs.mkdir(parents=True, exist_ok=True)
    # The pools of people at the desks would tell each loss of a connection with its traceback.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL + 1)
    with tempfile.TemporaryDirectory(prefix="channel-sync-chaos-") as folder:
        verdict = asyncio.run(soak(plan, given.logs or Path(folder)))
    sys.stdout.write(f"{verdict.markdown()}\n")
    if not verdict.holds:
        sys.stderr.write(f"{told(verdict.faults)}\n")
        return 1
    if given.write:
        verdict.write(TABLE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
