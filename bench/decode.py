"""What scrubbing and decoding one message cost, in microseconds."""

from __future__ import annotations

import json
import timeit
from functools import partial
from pathlib import Path

from channel_sync.core.model import Arrival
from channel_sync.wire.decode import decode
from channel_sync.wire.limits import Limits
from channel_sync.wire.scrub import CANONICAL, scrub

EXAMPLES = Path(__file__).parents[1] / "schemas" / "message" / "examples"
ROUNDS, CALLS = 5, 2_000


def bodies() -> dict[str, bytes]:
    """The published examples, and the first with a card number in its remarks."""
    named = {
        path.stem: json.dumps(json.loads(path.read_text())).encode()
        for path in sorted(EXAMPLES.glob("*.json"))
    }
    named["card in text"] = named["new"].replace(b"Late arrival", b"card 4111 1111 1111 1111")
    return named


def main() -> None:
    """Prints one line a body: bytes, scrub, scrub and decode; the best of five rounds."""
    arrived, limits = Arrival("bookings", 0, 0), Limits()
    print(f"{'message':20} {'bytes':>6} {'scrub':>8} {'in all':>8}  µs")
    for name, body in bodies().items():
        timers = (
            timeit.Timer(partial(scrub, body, CANONICAL)),
            timeit.Timer(
                partial(
                    decode,
                    body,
                    headers={"format": "canonical"},
                    key=None,
                    arrived=arrived,
                    limits=limits,
                )
            ),
        )
        best = [min(timer.repeat(ROUNDS, CALLS)) / CALLS * 1e6 for timer in timers]
        print(f"{name:20} {len(body):6} {best[0]:8.1f} {best[1]:8.1f}")


if __name__ == "__main__":
    main()
