"""The room plan laid out on a sheet: boxes and texts, for whoever paints them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from channel_sync.picture.plan import RoomPlan, Span, printable

NIGHT, ROW = 44, 26
"""Pixels of a night and of a row."""
MARGIN = 16
TEXT = 12
CHARACTER = 7
"""About the width of a character, to know how much of a text a box holds."""

INK, PALE, RULE, PAPER = "#1f2933", "#616e7c", "#d9dee4", "#ffffff"
STAY, BEGUN, HELD, BLOCK, WAITING, CLOSED, TODAY = (
    "#bfdbf7",
    "#8fc7a3",
    "#f9e2a9",
    "#c3c8ce",
    "#f5b7b1",
    "#eef0f2",
    "#fff6d6",
)
LEGEND = (
    ("stay", STAY),
    ("in house", BEGUN),
    ("held, a person is asked", HELD),
    ("without a room", WAITING),
    ("out of order", BLOCK),
    ("closed", CLOSED),
)


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, in pixels from the upper left; `ink` draws its edge."""

    x: int
    y: int
    width: int
    height: int
    fill: str
    ink: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text, vertically centred on y."""

    x: int
    y: int
    text: str
    colour: str = INK
    anchor: Literal["start", "middle"] = "start"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Boxes below, texts above, on white."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    words: tuple[Words, ...]


def lay_out(plan: RoomPlan) -> Sheet:
    """The plan on a sheet: a row for each room, below them what is counted and who waits."""
    heads = [(f"{room.category} {room.room}", room.is_active) for room in plan.rooms]
    heads += [(f"{one.category}, {one.units} in all", True) for one in plan.counted]
    heads += [(f"{span.category or '?'}, no room", True) for span in plan.waiting]
    left = MARGIN + CHARACTER * max((len(head) for head, _ in heads), default=0) + 10
    top = MARGIN + 3 * ROW
    width = max(left + NIGHT * len(plan.nights), 720) + MARGIN
    boxes: list[Box] = []
    words = [Words(MARGIN, MARGIN + TEXT // 2, f"{plan.name}, {plan.first} to {plan.end}")]
    bottom = top + ROW * len(heads)
    for i, night in enumerate(plan.nights):
        x = left + NIGHT * i
        if night == plan.today:
            boxes.append(Box(x, top - 2 * ROW, NIGHT, bottom - top + 2 * ROW, TODAY))
        boxes.append(Box(x, top - ROW, 1, bottom - top + ROW, RULE))
        middle = x + NIGHT // 2
        words.append(Words(middle, top - ROW - ROW // 2, f"{night:%a}", PALE, "middle"))
        text = f"{night:%d %b}" if i == 0 or night.day == 1 else f"{night:%d}"
        words.append(Words(middle, top - ROW // 2, text, anchor="middle"))
    for i, (head, is_active) in enumerate(heads):
        y = top + ROW * i
        if not is_active:
            boxes.append(Box(left, y, NIGHT * len(plan.nights), ROW, CLOSED))
        boxes.append(Box(MARGIN, y, left - MARGIN + NIGHT * len(plan.nights), 1, RULE))
        words.append(Words(MARGIN, y + ROW // 2, head, INK if is_active else PALE))
    rows = [*plan.by_room()]
    rows += [() for _ in plan.counted]
    rows += [(span,) for span in plan.waiting]
    for i, spans in enumerate(rows):
        for span in spans:
            _span(plan, span, left, top + ROW * i, boxes, words)
    for i, one in enumerate(plan.counted, len(plan.rooms)):
        for j, night in enumerate(plan.nights):
            text = str(one.stays.get(night, 0))
            x = left + NIGHT * j + NIGHT // 2
            words.append(Words(x, top + ROW * i + ROW // 2, text, PALE, "middle"))
    _legend(bottom + ROW, boxes, words)
    return Sheet(width, bottom + 2 * ROW + MARGIN, tuple(boxes), tuple(words))


def _span(
    plan: RoomPlan, span: Span, left: int, y: int, boxes: list[Box], words: list[Words]
) -> None:
    """A stay or a block, with as much of its reference as its box holds."""
    begin, end = (_x(plan, left, day) for day in (span.from_date, span.to_date))
    boxes.append(Box(begin + 2, y + 3, end - begin - 3, ROW - 5, _fill(span), PALE))
    text = printable(span.why or "out of order") if span.is_block else span.booking
    text += " (pinned)" if span.pinned else ""
    holds = (end - begin - 12) // CHARACTER
    if len(text) > holds:
        text = text[: max(holds - 1, 0)] + "…"
    words.append(Words(begin + 7, y + ROW // 2, text))


def _x(plan: RoomPlan, left: int, day: date) -> int:
    """Where a day begins; what lies outside is cut off."""
    return left + NIGHT * (min(max(day, plan.first), plan.end) - plan.first).days


def _fill(span: Span) -> str:
    if span.is_block:
        return BLOCK
    if span.room is None:
        return WAITING
    return HELD if span.held else BEGUN if span.begun else STAY


def _legend(y: int, boxes: list[Box], words: list[Words]) -> None:
    x = MARGIN
    for text, fill in LEGEND:
        boxes.append(Box(x, y, 14, 14, fill, PALE))
        words.append(Words(x + 20, y + 7, text, PALE))
        x += 34 + CHARACTER * len(text)
