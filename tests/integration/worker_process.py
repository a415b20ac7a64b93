"""The worker of `running` as a process of its own, to be killed: settings from the environment."""

from __future__ import annotations

import asyncio
import sys

from channel_sync.settings import Settings
from channel_sync.worker.run import run
from tests.integration.running import hand_over, plan_nothing


def main() -> None:
    settings = Settings.load(needs_broker=True)
    sys.exit(asyncio.run(run(settings, apply=hand_over, plan_next=plan_nothing)))


if __name__ == "__main__":
    main()
