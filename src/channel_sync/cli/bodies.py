"""A file as the messages in it: one message, a JSON array, JSON lines, or XML."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from channel_sync.records import Record

TOPIC = "replay"
"""Where a replayed message says it lies; its offset counts microseconds since 1970, so that a
later replay is a later arrival."""


def records_of(files: list[Path], headers: Mapping[str, str | None]) -> Iterator[Record]:
    """The messages of the files, in order, as if they had been consumed just now under these
    headers; those that are None are not there.
    """
    offsets = count(time.time_ns() // 1_000)
    said = {name: value for name, value in headers.items() if value}
    for file in files:
        for body in split(file.read_bytes()):
            yield Record(TOPIC, 0, next(offsets), datetime.now(UTC), body, None, said)


def split(body: bytes) -> list[bytes]:
    """The messages in a file's bytes, each as it stands there; what is no JSON is one message."""
    text = body.decode("utf-8-sig", errors="replace")
    if not text.lstrip().startswith(("{", "[")):
        return [body]
    try:
        spans = list(_values(text, 0))
    except ValueError:
        return _lines(body)
    if len(spans) == 1 and text[spans[0][0]] == "[":
        spans = list(_elements(text, spans[0][0] + 1))
    return [text[start:end].encode() for start, end in spans]


def _lines(body: bytes) -> list[bytes]:
    """JSON lines of which some cannot be read; one message where the first line is not whole."""
    lines = [line for line in body.splitlines() if line.strip()]
    try:
        json.loads(lines[0])
    except ValueError:
        return [body]
    return lines


def _values(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where each JSON value of a row of them begins and ends."""
    decoder = json.JSONDecoder()
    while (start := _next(text, start)) < len(text):
        _, end = decoder.raw_decode(text, start)
        yield start, end
        start = end


def _elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where each element of an array begins and ends; `start` is behind its bracket."""
    decoder = json.JSONDecoder()
    while text[start := _next(text, start)] != "]":
        _, end = decoder.raw_decode(text, start)
        yield start, end
        start = _next(text, end)
        if text[start] == ",":
            start += 1


def _next(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start
