"""The measured comparisons: `python -m bench [drain | decode | guests] …`."""

from __future__ import annotations

import argparse
import asyncio

from bench import decode, drain, guests


def main() -> None:
    """Runs the measurement asked for; draining a backlog if none is named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", default="drain", choices=["drain", "decode", "guests"])
    parser.add_argument("--messages", type=int, default=6_000)
    parser.add_argument("--properties", type=int, default=50)
    parser.add_argument("--bookings", type=int, default=100_000)
    parser.add_argument("--emails", type=int, default=30_000)
    chosen = parser.parse_args()
    if chosen.what == "decode":
        decode.main()
    elif chosen.what == "guests":
        asyncio.run(guests.measure(chosen.bookings, chosen.emails))
    else:
        asyncio.run(drain.compare(chosen.messages, chosen.properties))


if __name__ == "__main__":
    main()
