"""Feeds mutated fixtures to every decoder: nothing may crash, hang, or eat memory.

    python -m tools.fuzz --inputs 200000 [--seed 1] [--format channex]

Each input is a fixture changed in its bytes or in its structure, read with and without a header
that names its format. What comes out is read or set aside; anything else is a crash.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from channel_sync.core.model import Arrival
from channel_sync.wire.decode import FORMATS, decode
from channel_sync.wire.encode import encode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits
from tools.memory import forget_what_is_cached, resident_mib

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "wire" / "fixtures"
EXAMPLES = ROOT / "schemas" / "message" / "examples"
HANG_SECONDS = 1.0  # of CPU: a busy machine is no hang
GIVE_UP_SECONDS = 20  # on the clock
MOST_GROWTH = 1.1  # of memory beside the caches
SHOWN = 5  # crashes that are printed whole

NASTY_TEXTS = (
    "",
    " ",
    "N/A",
    "--",
    "0",
    "-1",
    "NaN",
    "1e999",
    "99999999999999999999999",
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "2010- 10-24",
    "2019-06-17 23:40:07",
    "2026-03-01T10:15:00+0000",
    "4111 1111 1111 1111",
    "\u0000",
    "\U0001f3e8" * 40,
    "x" * 20_000,
    "{}",
    '{"cvv": "123"}',
    "<!DOCTYPE a>",
    "&lol;",
    "]]>",
)
NASTY_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**40,
    0.1,
    1e308,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    *NASTY_TEXTS,
)
NASTY_BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"]" * 50, b"[" * 50, b'"', b"<", b"&#0;")


class Hang(BaseException):
    """An input took so long that it was given up."""


@dataclass(slots=True)
class Report:
    """What the inputs came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0
    held_mib: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Memory at the end over that at a fifth, by when the libraries are warm; 1 if unknown."""
        if len(self.held_mib) < 3 or not self.held_mib[1]:
            return 1.0
        return self.held_mib[-1] / self.held_mib[1]


def seeds(only: str | None = None) -> list[tuple[str, bytes]]:
    """Every fixture with its format, and the published examples of the canonical one."""
    found = [
        (name, path.read_bytes())
        for name in FORMATS
        for path in sorted((EXAMPLES if name == "canonical" else FIXTURES / name).glob("*"))
        if path.is_file()
    ]
    return [(name, body) for name, body in found if only in {None, name}]


# --- Mutations -----------------------------------------------------------------------------


def mutated(body: bytes, other: bytes, dice: random.Random) -> bytes:
    """The body changed in one to four places; `other` lends pieces."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        change = dice.choice(STRUCTURAL if dice.random() < 0.6 else BYTEWISE)
        body = change(body, other, dice)
    return body[:200_000]


def _place(body: bytes, dice: random.Random) -> int:
    return dice.randrange(len(body) + 1)


def _flip(body: bytes, _: bytes, dice: random.Random) -> bytes:
    if not body:
        return body
    at = dice.randrange(len(body))
    return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]


def _cut(body: bytes, _: bytes, dice: random.Random) -> bytes:
    return body[: _place(body, dice)]


def _drop(body: bytes, _: bytes, dice: random.Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + body[at + dice.randrange(60) :]


def _insert(body: bytes, _: bytes, dice: random.Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + dice.choice(NASTY_BYTES) + body[at:]


def _repeat(body: bytes, _: bytes, dice: random.Random) -> bytes:
    at, size = _place(body, dice), dice.randrange(200)
    return body[:at] + body[at : at + size] * dice.choice((2, 3, 50)) + body[at:]


def _splice(body: bytes, other: bytes, dice: random.Random) -> bytes:
    at, there = _place(body, dice), _place(other, dice)
    return body[:at] + other[there : there + dice.randrange(500)] + body[at:]


_TOKEN = re.compile(rb'"[^"\n]{0,80}"|-?\d+(?:\.\d+)?')


def _token(body: bytes, _: bytes, dice: random.Random) -> bytes:
    """One text or number as it stands, in JSON or XML, replaced by a nasty one."""
    found = list(_TOKEN.finditer(body))
    if not found:
        return body
    token = dice.choice(found)
    nasty = dice.choice(NASTY_TEXTS).encode()
    spelled = b'"' + nasty + b'"' if token[0].startswith(b'"') else nasty
    return body[: token.start()] + spelled + body[token.end() :]


_ELEMENT = re.compile(rb"<([A-Za-z:_]+)\b[^<>]*?(?:/>|>[^<]*</\1>)")


def _element(body: bytes, _: bytes, dice: random.Random) -> bytes:
    """One small XML element gone, doubled, or moved to the front of another."""
    found = list(_ELEMENT.finditer(body))
    if not found:
        return _token(body, b"", dice)
    one, two = dice.choice(found), dice.choice(found)
    kind = dice.randrange(3)
    if kind == 0:
        return body[: one.start()] + body[one.end() :]
    at = one.end() if kind == 1 else two.start()
    return body[:at] + one[0] + body[at:]


def _tree(body: bytes, other: bytes, dice: random.Random) -> bytes:
    """One node of a JSON tree gone, replaced, renamed, doubled or grown; else one token."""
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return _element(body, other, dice)
    holders = list(_holders(root))
    if not holders:
        return body
    holder = dice.choice(holders)
    key = dice.choice(list(holder)) if isinstance(holder, dict) else dice.randrange(len(holder))
    kind = dice.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = dice.choice(NASTY_VALUES)
    elif kind == 2:
        holder[key] = [holder[key]] * dice.choice((1, 2, 30))
    elif kind == 3:
        holder[key] = {"a": holder[key]}
    elif isinstance(holder, dict):
        holder[dice.choice(NASTY_TEXTS)[:40]] = holder.pop(key)
    else:
        holder.reverse()
    return json.dumps(root, ensure_ascii=dice.random() < 0.5).encode(errors="replace")


def _holders(node: Any) -> Iterator[Any]:
    if isinstance(node, (dict, list)) and node:
        yield node
        for item in node.values() if isinstance(node, dict) else node:
            yield from _holders(item)


Mutation = Callable[[bytes, bytes, random.Random], bytes]
BYTEWISE: tuple[Mutation, ...] = (_flip, _cut, _drop, _insert, _repeat, _splice)
STRUCTURAL: tuple[Mutation, ...] = (_tree, _tree, _token, _element)


# --- The loop ------------------------------------------------------------------------------


def feed(body: bytes, headers: dict[str, str], report: Report, arrived: Arrival) -> None:
    """Reads one input and notes what it came to."""
    started = time.thread_time()
    try:
        try:
            told = decode(body, headers=headers, key=b"h", arrived=arrived, limits=Limits())
        except Unreadable as error:
            report.outcomes[error.reason.value] += 1
        else:
            for item in told.items:
                if isinstance(item, Unreadable):
                    report.outcomes[item.reason.value] += 1
                else:
                    encode(item)
                    report.outcomes["read"] += 1
    except Hang:
        report.hangs.append(f"given up: {headers} {body[:200]!r}")
    except Exception:  # noqa: BLE001 - this is what is looked for
        report.crashes.append(f"{headers} {body[:2_000]!r}\n{traceback.format_exc()}")
    took = time.thread_time() - started
    report.slowest_ms = max(report.slowest_ms, took * 1e3)
    if took > HANG_SECONDS:
        report.hangs.append(f"{took:.2f} s: {headers} {len(body)} bytes {body[:200]!r}")


def run(inputs: int, seed: int, only: str | None = None, *, tell: bool = True) -> Report:
    """As many inputs as asked for, the same for the same seed."""
    dice = random.Random(seed)
    known = seeds(only)
    report = Report()
    step = max(inputs // 10, 1)
    before = signal.signal(signal.SIGALRM, _give_up)
    try:
        for number in range(inputs):
            name, body = dice.choice(known)
            changed = mutated(body, dice.choice(known)[1], dice)
            headers = {"format": name} if dice.random() < 0.7 else {}
            signal.alarm(GIVE_UP_SECONDS)
            feed(changed, headers, report, Arrival("fuzz", 0, number))
            signal.alarm(0)
            if tell and (number + 1) % step == 0:
                forget_what_is_cached()
                report.held_mib.append(resident_mib())
                _tell(number + 1, report)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return report


def _tell(number: int, report: Report) -> None:
    print(
        f"{number:>8} inputs  {report.held_mib[-1]:6.1f} MiB  slowest {report.slowest_ms:6.1f} ms  "
        f"{len(report.crashes)} crashes  {len(report.hangs)} hangs",
        flush=True,
    )


def _give_up(_: int, __: FrameType | None) -> None:
    raise Hang


def main() -> int:
    """Prints a line for every tenth, and what the inputs came to; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz")
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", dest="only", choices=sorted(FORMATS))
    chosen = parser.parse_args()
    started = time.perf_counter()
    report = run(chosen.inputs, chosen.seed, chosen.only)
    print(f"{chosen.inputs} inputs in {time.perf_counter() - started:.0f} s")
    for outcome, count in report.outcomes.most_common():
        print(f"{count:>8} {outcome}")
    for wrong in (*report.crashes[:SHOWN], *report.hangs[:SHOWN]):
        print(wrong, file=sys.stderr)
    print(f"memory at the end over that at a fifth: {report.growth:.2f}")
    return 1 if report.crashes or report.hangs or report.growth > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
