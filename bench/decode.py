"""What scrubbing and decoding one message cost, in microseconds, format by format."""

from __future__ import annotations

import json
import timeit
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from channel_sync.core.model import Arrival
from channel_sync.wire.decode import FORMATS, decode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits
from channel_sync.wire.scrub import scrub

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "schemas" / "message" / "examples"
FIXTURES = ROOT / "tests" / "wire" / "fixtures"
ROUNDS, CALLS = 5, 400


def bodies() -> Iterator[tuple[str, str, bytes]]:
    """Format, name and body: the published examples, the first with a card number in its
    remarks, and every fixture that can be read; JSON without the blanks that people read by.
    """
    for path in sorted(EXAMPLES.glob("*.json")):
        yield "canonical", path.stem, _compact(path)
    new = _compact(EXAMPLES / "new.json")
    card = new.replace(b"Late arrival", b"card 4111 1111 1111 1111")
    yield "canonical", "new, card in text", card
    for name in FORMATS:
        for path in sorted((FIXTURES / name).glob("*")):
            yield name, path.stem, _compact(path)


def _compact(path: Path) -> bytes:
    body = path.read_bytes()
    if path.suffix != ".json":
        return body
    return json.dumps(json.loads(body), ensure_ascii=False).encode()


def main() -> None:
    """Prints one line a body: bytes, scrub, scrub and decode; the best of five rounds."""
    arrived, limits = Arrival("bookings", 0, 0), Limits()
    print(f"{'format':12} {'message':36} {'bytes':>6} {'scrub':>8} {'in all':>8}  µs")
    for content_format, name, body in bodies():
        read = partial(
            decode,
            body,
            headers={"format": content_format},
            key=b"seaview",
            arrived=arrived,
            limits=limits,
        )
        try:
            read()
        except Unreadable:
            continue
        timers = (
            timeit.Timer(partial(scrub, body, FORMATS[content_format].plain)),
            timeit.Timer(read),
        )
        best = [min(timer.repeat(ROUNDS, CALLS)) / CALLS * 1e6 for timer in timers]
        print(f"{content_format:12} {name:36} {len(body):6} {best[0]:8.1f} {best[1]:8.1f}")


if __name__ == "__main__":
    main()
