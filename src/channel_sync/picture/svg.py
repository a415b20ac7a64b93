"""Paints a sheet as SVG, which needs no library."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from channel_sync.picture.sheet import PAPER, TEXT, Box, Sheet, Words


def paint_svg(sheet: Sheet) -> bytes:
    """The sheet as an SVG document, UTF-8."""
    return ("\n".join(_lines(sheet)) + "\n").encode()


def _lines(sheet: Sheet) -> Iterator[str]:
    size = f'width="{sheet.width}" height="{sheet.height}"'
    font = f'font-family="sans-serif" font-size="{TEXT}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>'
    yield f'<rect {size} fill="{PAPER}"/>'
    yield from map(_box, sheet.boxes)
    yield from map(_words, sheet.words)
    yield "</svg>"


def _box(box: Box) -> str:
    edge = f' stroke="{box.ink}"' if box.ink else ""
    place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
    return f'<rect {place} fill="{box.fill}"{edge}/>'


def _words(words: Words) -> str:
    place = f'x="{words.x}" y="{words.y}" dominant-baseline="central" text-anchor="{words.anchor}"'
    return f'<text {place} fill="{words.colour}">{escape(words.text)}</text>'
