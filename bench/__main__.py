"""The measured comparisons: `python -m bench [drain | decode | double-booking] …`."""

from __future__ import annotations

import argparse
import asyncio

from bench import decode, drain


def main() -> None:
    """Runs the measurement asked for; draining a backlog if none is named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", default="drain", choices=["drain", "decode"])
    parser.add_argument("--messages", type=int, default=6_000)
    parser.add_argument("--properties", type=int, default=50)
    chosen = parser.parse_args()
    if chosen.what == "decode":
        decode.main()
    else:
        asyncio.run(drain.compare(chosen.messages, chosen.properties))


if __name__ == "__main__":
    main()
