"""Takes card data and credentials out of single values of XML, and out of XML that is broken."""

from __future__ import annotations

import re
from typing import Final

from channel_sync.wire import limits
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.luhn import ANY_RUN, SHORTEST
from channel_sync.wire.scrub_text import REMOVED, clean_broken, clean_text
from channel_sync.wire.xml_body import check_prolog
from channel_sync.wire.xml_names import (
    IDS,
    IN_SECRET_KEPT,
    PHONES,
    Place,
    Says,
    is_number_name,
    local_name,
    place_of,
    says,
)


class Values:
    """What stands in the place of a value; `removed` counts what was taken out."""

    def __init__(self) -> None:
        self.removed = 0

    def attribute(
        self, element: str, key: str, value: str, place: Place, *, in_secret: bool
    ) -> str:
        if not value:
            return value
        said = says(key, place)
        if said is Says.LAST4 or (in_secret and key == "mask"):
            return self.last4(value)
        if said is Says.SECRET or (in_secret and key not in IN_SECRET_KEPT):
            return self.secret(value, is_number=is_number_name(key))
        if said is Says.UNNAMED and is_bare_number(value):
            return self.secret(value, is_number=False)
        if is_spared(element, key, value):
            return value
        return self.free(value)

    def secret(self, value: str, *, is_number: bool) -> str:
        """A mark; of a whole card number the last four digits stay (rules, section 9)."""
        digits = "".join(filter(str.isdecimal, value))
        if not value.strip() or (value.startswith(REMOVED) and len(digits) <= 4):
            return value
        if is_number and len(digits) <= 4 and _MASKED.search(value):
            return value  # masked at its source
        self.removed += 1
        whole = is_number and (SHORTEST - 1 <= len(digits) <= 19 or _MASKED_TO_FOUR.search(value))
        return f"{REMOVED} {digits[-4:]}" if whole else REMOVED

    def last4(self, value: str) -> str:
        digits = "".join(filter(str.isdecimal, value))
        if len(digits) <= 4:
            return value
        self.removed += 1
        return digits[-4:]

    def free(self, value: str) -> str:
        if (len(value) < SHORTEST or not ANY_RUN.search(value)) and not _TELLING.search(value):
            return value
        value, removed = clean_text(value)
        self.removed += removed
        if _NESTED.search(value):
            # Markup or JSON within a text is as telling as a broken body.
            clean, nested = clean_broken_xml(value, is_nested=True)
            self.removed += nested
            value = REMOVED if clean is None else clean
        return value


_MASKED: Final = re.compile(r"[*xX•#.]")
_TELLING: Final = re.compile(r"(?i)cv|csc|card|secur|nummer|<|=|&|[\"']\s?:")
_MASKED_TO_FOUR: Final = re.compile(r"[*xX•#]\d{4}$")
_NESTED: Final = re.compile(r"<[\w/!?]|=\s?\\?[\"']|[\"']\s?:|&(?:lt|quot|#)")


def is_spared(element: str, key: str, value: str) -> bool:
    """Whether a value is an id or a telephone number, whose digits are no free text."""
    if (element, key) in IDS:
        return not any(map(str.isspace, value.strip()))
    if (element, key) in PHONES:
        return len(re.sub(r"\D", "", value.strip().removeprefix("00"))) <= 15
    return False


def is_bare_number(value: str) -> bool:
    """Whether an unnamed text in a card may be its number or its security code."""
    digits = re.sub(r"[\s-]", "", value)
    return digits.isdigit() and (len(digits) in {3, 4} or len(digits) >= SHORTEST - 1)


# --- What is not well-formed ------------------------------------------------------------------

_TAG = re.compile(r"<(/?)([\w.:-]{1,200})((?:[^<>\"']|\"[^\"<]*\"?|'[^'<]*'?)*+)(>?)([^<]*)")
_ATTRIBUTE = re.compile(
    r"(?<![\w.:-])([\w.:-]{1,200}+)(\s*=\s*)(\"[^\"]*+\"?|'[^']*+'?|[^\s\"'>]+)"
)
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
_SEAMS = re.compile(r"<!--|-->|<!\[CDATA\[|\]\]>")
_BESIDE = re.compile(r"(?s)<!--.*?(?:-->|$)|<\?.*?(?:\?>|$)|<!\[CDATA\[|\]\]>")


def clean_broken_xml(raw: str, *, is_nested: bool = False) -> tuple[str | None, int]:
    """What is not well-formed, or stands within a text, its names and values guessed at.

    None where entities, another encoding or the edges of sections may hide a number.
    """
    if not is_nested:
        try:
            check_prolog(raw.lstrip())
        except Unreadable:
            return None, 0
    if len(raw) > limits.BROKEN_XML_CHARACTERS:
        return None, 0
    text = _REFERENCE.sub(_plain_character, raw)
    values = Values()
    text = _TAG.sub(lambda match: _clean_tag(values, match), text)
    clean, removed = clean_broken(text)
    removed += values.removed
    if clean is None or not removed:
        clean = None if clean is None else raw
    if clean is not None and any(
        clean_text(seams.sub("", _REFERENCE.sub(_plain_character, clean)))[1]
        for seams in (_SEAMS, _BESIDE)
    ):
        return None, 0  # a number runs across a comment or the edge of a CDATA section
    return clean, removed


def _clean_tag(values: Values, match: re.Match[str]) -> str:
    slash, tag, attributes, end, text = match.groups()
    name = local_name(tag)
    place = place_of(name)
    in_secret = says(name, Place.INSIDE if name == "plaintext" else Place.NOWHERE) is Says.SECRET

    def attribute(found: re.Match[str]) -> str:
        key, between, value = found.groups()
        mark = value[0] if value[0] in "\"'" else ""
        inner = value.strip(mark) if mark else value
        clean = values.attribute("", local_name(key), inner, place, in_secret=in_secret)
        return found[0] if clean == inner else f"{key}{between}{mark}{clean}{mark}"

    attributes = _ATTRIBUTE.sub(attribute, attributes)
    if in_secret and not slash and text.strip():
        text = values.secret(text.strip(), is_number=is_number_name(name))
    return f"<{slash}{tag}{attributes}{end}{text}"


def _plain_character(match: re.Match[str]) -> str:
    """A reference as the character it stands for, where that may belong to a number or a name."""
    code = int(match[1], 16) if match[1] else int(match[2])
    character = chr(code) if code < 0x110000 else ""
    return character if character.isalnum() or character in {" ", "-", ".", "_"} else match[0]
