"""The measured comparisons: `python -m bench [drain | decode | guests | rooms | real] …`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from bench import decode, drain, guests, real, real_data, rooms


def main() -> None:
    """Runs the measurement asked for; draining a backlog if none is named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        default="drain",
        choices=["drain", "decode", "guests", "rooms", "real"],
    )
    parser.add_argument("--messages", type=int, default=6_000)
    parser.add_argument("--properties", type=int, default=50)
    parser.add_argument("--bookings", type=int, default=100_000)
    parser.add_argument("--emails", type=int, default=30_000)
    parser.add_argument("--data", type=Path, default=real_data.DATA, help="real: the bookings")
    parser.add_argument("--write", action="store_true", help="rooms, real: into docs/rooms.md")
    chosen = parser.parse_args()
    if chosen.what == "decode":
        decode.main()
    elif chosen.what == "guests":
        asyncio.run(guests.measure(chosen.bookings, chosen.emails))
    elif chosen.what == "rooms":
        rooms.main(write=chosen.write)
    elif chosen.what == "real":
        real.main(chosen.data, write=chosen.write)
    else:
        asyncio.run(drain.compare(chosen.messages, chosen.properties))


if __name__ == "__main__":
    main()
