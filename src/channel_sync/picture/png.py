"""Paints a sheet as PNG; needs Pillow, which the extra `picture` brings."""

from __future__ import annotations

from io import BytesIO

from channel_sync.errors import ConfigurationError
from channel_sync.picture.sheet import PAPER, TEXT, Sheet

SCALE = 2
"""Pixels of the picture for one of the sheet: legible on dense screens."""


def paint_png(sheet: Sheet) -> bytes:
    """The sheet as a PNG file.

    Raises:
        ConfigurationError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise ConfigurationError(
            "a PNG needs the extra `picture` (Pillow); an SVG needs nothing"
        ) from error
    image = Image.new("RGB", (sheet.width * SCALE, sheet.height * SCALE), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(TEXT * SCALE)
    for box in sheet.boxes:
        corners = (box.x, box.y, box.x + box.width, box.y + box.height)
        left, top, right, bottom = (corner * SCALE for corner in corners)
        right, bottom = max(right - 1, left), max(bottom - 1, top)
        draw.rectangle((left, top, right, bottom), fill=box.fill, outline=box.ink)
    for words in sheet.words:
        place = (words.x * SCALE, words.y * SCALE)
        anchor = "mm" if words.anchor == "middle" else "lm"
        draw.text(place, words.text, fill=words.colour, font=font, anchor=anchor)
    written = BytesIO()
    image.save(written, format="PNG")
    return written.getvalue()
