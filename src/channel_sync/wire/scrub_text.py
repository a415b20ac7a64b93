"""Takes card numbers, security codes and credentials out of text."""

from __future__ import annotations

import re

from channel_sync.wire.luhn import ANY_RUN, without_card_numbers

REMOVED = "[removed]"

_SPOKEN_CODE = re.compile(
    r"(?i)(\b(?:cvv2?|cvc2?|cvn2?|csc|security\s?code|card\s?code|pr(?:ü|ue)fnummer)\b"
    r"[^\w\n]{0,6}(?:(?:is|no|nr|number|code|ist)\b[^\w\n]{0,4})?)\d{3,4}(?!\d)"
)
_KEYED = re.compile(
    r"(?i)((?:card[_-]?(?:number|num|no|nr)|cc[_-]?(?:number|num|no)|series[_-]?code|"
    r"security[_-]?code|cvv|cvc|\"pan|password|passwd|pwd|secret|api[_-]?key|"
    r"(?:client|access|auth|refresh)[_-]?token|authorization)[\w-]{0,20}[\"'\\]{0,3}\s{0,20}"
    r"[:=>]\s{0,20})(?!\\?[\"']?\[removed\](?: \d{4})?(?:[\"'\\\s,;}&<]|$))"
    r"(\\?\"[^\"]{0,2000}\"?|'[^']{0,2000}'?|[^\s,;}&<\"'\]]{1,2000})"
)
_KEY_WORDS = (
    "card",
    "cc",
    "series",
    "security",
    "cv",
    '"pan',
    "passw",
    "pwd",
    "secret",
    "key",
    "token",
    "authorization",
)
_KEYED_NUMBER = re.compile(r"(?i)(\"number\\?\"\s{0,20}:\s{0,20}\\?\"?)[\d\s*-]{12,40}")
CODE_WORDS = ("cv", "csc", "security", "card code", "cardcode", "card-code", "nummer")
_ESCAPED = re.compile(r"\\u00([2-7][0-9a-fA-F])|\\u([0-9a-fA-F]{4})|\\[nrtbf]")


def clean_text(text: str) -> tuple[str, int]:
    """The text with a mark in place of what was removed, and how much that was."""
    removed = 0
    if ANY_RUN.search(text):
        text, removed = without_card_numbers(text)
    lower = text.lower()
    if any(word in lower for word in CODE_WORDS):
        text, spoken = _SPOKEN_CODE.subn(rf"\1{REMOVED}", text)
        removed += spoken
    if '":' in text or '" :' in text:
        # A string that holds JSON of its own is as telling as a broken body.
        text, keyed = _KEYED.subn(rf"\1{REMOVED}", text)
        removed += keyed
    return text, removed


def spoken_code_spans(text: str) -> list[tuple[int, int]]:
    """Where the digits of security codes stand that a text names as such."""
    lower = text.lower()
    if not any(word in lower for word in CODE_WORDS):
        return []
    return [(match.end(1), match.end()) for match in _SPOKEN_CODE.finditer(text)]


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clean_broken(raw: str) -> tuple[str | None, int]:
    """The same for a body that is no valid JSON: names and values are only guessed at.

    Control characters mean UTF-16, compression or worse. Digits would hide in there: no text.
    """
    if _CONTROL.search(raw):
        return None, 0
    text = _ESCAPED.sub(_plain_spelling, raw)
    keyed = 0
    lower = text.lower()
    if any(word in lower for word in _KEY_WORDS):
        text, keyed = _KEYED.subn(rf"\1{REMOVED}", text)
    text, numbers = _KEYED_NUMBER.subn(rf"\1{REMOVED}", text)
    text, removed = clean_text(text)
    removed += keyed + numbers
    return (text if removed else raw), removed


def _plain_spelling(match: re.Match[str]) -> str:
    """An escape as the character it stands for, where that could belong to a key or number."""
    code = match[1] or match[2]
    if code is None:
        return " "
    character = chr(int(code, 16))
    return character if character.isalnum() or character in " -_." else match[0]
