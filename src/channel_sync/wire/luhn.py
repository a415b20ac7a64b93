"""Finds what may be a card number in text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CARD_REMOVED = "[card number removed]"

# Between two digits of one number: blanks of any script, control and zero-width characters, and
# every kind of dash. Dots, slashes and underscores stand between dates and prices far more often;
# they count only where the groups are those printed on a card (_PRINTED).
_BETWEEN = (
    r"\s\x00-\x1f\u00ad\u180e\u200b-\u200f\u2060\ufeff\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
)
RUN = re.compile(rf"\d[\d{_BETWEEN}]{{11,}}\d")
ANY_RUN = re.compile(rf"\d[\d{_BETWEEN}./_·]{{11,}}\d")
ANY_RUN_ASCII = re.compile(r"\d[\d\s\x00-\x1f\-./_]{11,}\d", re.ASCII)
_PRINTED = re.compile(
    r"(?<!\d)(?:\d{4}([./_·])\d{4}\1\d{4}\1\d{1,7}|\d{4}([./_·])\d{6}\2\d{4,5})(?!\d)"
)
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d-(?:0\d|1[0-2])-[0-3]\d|[0-3]?\d-[01]?\d-(?:19|20)\d\d)(?!\d)"
)
_GROUP = re.compile(r"\d+")

SHORTEST, LONGEST = 13, 19
_GAP = 3  # characters between two groups of one number
_WINDOWED = 40  # digits in a row that are searched for a number within; more are all removed

_LENGTHS = {
    "34": (15,),
    "37": (15,),
    "30": (14, 16),
    "36": (14, 16),
    "38": (14, 16),
    "35": (16,),
    **{f"4{second}": (13, 16, 19) for second in range(10)},
    **{f"5{second}": (16,) for second in range(1, 6)},
    **{f"2{second}": (16,) for second in range(2, 8)},
    **{f"6{second}": (16, 17, 18, 19) for second in range(10)},
}
"""How long the numbers of the card schemes are, by their first two digits."""


def is_luhn(digits: str) -> bool:
    """Whether a string of decimal digits (any script) has a right Luhn check digit."""
    total = 0
    for index, character in enumerate(reversed(digits)):
        digit = int(character)
        total += digit if index % 2 == 0 else _DOUBLED[digit]
    return total % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card_number(text: str) -> bool:
    """Whether the digits of a text, taken together, look like one card number."""
    digits = "".join(_GROUP.findall(text))
    return SHORTEST <= len(digits) <= LONGEST and is_luhn(digits)


def without_card_numbers(text: str) -> tuple[str, int]:
    """The text with a mark in place of each card number, and how many there were.

    A number counts if its 13 to 19 digits pass Luhn and it either fills whole groups of digits,
    or, within a longer group, begins and measures as the card schemes' numbers do. Digits beyond
    40 in a row are removed unseen. Linear in the length of the text.
    """
    removed = 0

    def replace_run(match: re.Match[str]) -> str:
        nonlocal removed
        text, count = _clean_run(match[0])
        removed += count
        return text

    def replace_printed(match: re.Match[str]) -> str:
        nonlocal removed
        if not is_card_number(match[0]):
            return match[0]
        removed += 1
        return CARD_REMOVED

    text = RUN.sub(replace_run, text)
    text = _PRINTED.sub(replace_printed, text)
    return text, removed


def card_number_spans(text: str) -> list[tuple[int, int]]:
    """Where the card numbers of a text begin and end, by the same measure, in their order."""
    spans: list[tuple[int, int]] = []
    for match in RUN.finditer(text):
        at = match.start()
        for groups in _segments(match[0]):
            spans += ((at + start, at + end) for start, end in _found(match[0], groups))
    for match in _PRINTED.finditer(text):
        inside = any(start < match.end() and match.start() < end for start, end in spans)
        if is_card_number(match[0]) and not inside:
            spans.append(match.span())
    return sorted(spans)


def _clean_run(run: str) -> tuple[str, int]:
    parts: list[str] = []
    removed = 0
    done = 0
    for groups in _segments(run):
        for start, end in _found(run, groups):
            parts += (run[done:start], CARD_REMOVED)
            done = end
            removed += 1
    return "".join((*parts, run[done:])), removed


def _segments(run: str) -> Iterator[list[tuple[int, int]]]:
    """Groups of digits that may be one number: no date among them, no wide gap between."""
    dates = {match.start(): match.end() for match in _DATE.finditer(run)} if "-" in run else {}
    date_end = 0
    segment: list[tuple[int, int]] = []
    for match in _GROUP.finditer(run):
        start, end = match.span()
        date_end = max(date_end, dates.get(start, 0))
        if start < date_end or (segment and start - segment[-1][1] > _GAP):
            if segment:
                yield segment
            segment = []
        if start >= date_end:
            segment.append((start, end))
    if segment:
        yield segment


def _found(run: str, groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans of a segment that hold card numbers, merged where they overlap."""
    length = sum(end - start for start, end in groups)
    if length < SHORTEST:
        return []
    if length > _WINDOWED:
        return [(groups[0][0], groups[-1][1])]
    digits = "".join([run[start:end] for start, end in groups])
    if not digits.isascii():
        digits = "".join(str(int(digit)) for digit in digits)
    edges = [0]
    for start, end in groups:
        edges.append(edges[-1] + end - start)
    windows = _windows(digits, edges)
    if not windows:
        return []
    positions = [index for start, end in groups for index in range(start, end)]
    spans: list[tuple[int, int]] = []
    for first, last in windows:
        start, end = positions[first], positions[last - 1] + 1
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _windows(digits: str, edges: list[int]) -> list[tuple[int, int]]:
    """The windows of 13 to 19 digits that are card numbers, by their first digit.

    `edges` are where groups begin and end, in order. Sums of every other digit are laid up once,
    so that each window costs the same.
    """
    plain, doubled = [0, 0], [0, 0]  # plain[i + 2] = plain[i] + digit i; likewise doubled
    for code in digits.encode():
        plain.append(plain[-2] + code - 48)
        doubled.append(doubled[-2] + _DOUBLED[code - 48])
    count = len(digits)
    windows: list[tuple[int, int]] = []
    for first in range(count - SHORTEST + 1):
        lengths: Iterable[int] = _LENGTHS.get(digits[first : first + 2], ())
        if first in edges:
            whole = {edge - first for edge in edges if SHORTEST <= edge - first <= LONGEST}
            lengths = sorted(whole.union(lengths))
        for length in lengths:
            last = first + length
            if last > count:
                break
            # The check digit, at last - 1, is plain; its neighbour doubled; and so on backwards.
            odd = length % 2
            total = plain[last + 1] - plain[first + 1 - odd] + doubled[last] - doubled[first + odd]
            if total % 10 == 0:
                windows.append((first, last))
    return windows
