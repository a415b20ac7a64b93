"""Whether two names are one person's: case, accents, order, titles and initials folded (G4)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SUFFIXES = ("先生", "女士", "小姐", "さん", "様", "님")
"""Titles that are written without a space before them."""

PARTICLES = frozenset(
    """
    van von de der den het ter ten te zu zum zur da das do dos du di del della delle dei la le
    el al bin ibn ben bint mac af av
    """.split()  # noqa: SIM905 - a word a line would be read by nobody
)
"""Words with which a surname of several words begins."""

_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
"""Accents of Latin, Greek, Cyrillic, points of Hebrew, vowels of Arabic. The signs of kana or of
Devanagari are letters and stay."""
_SPELLED = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ħ": "h",
        "\u0640": "",
    }
)
"""Letters with a stroke or a ligature: no accent of theirs comes off by itself."""
_APOSTROPHES = re.compile(r"['\u2018\u2019\u02bc\u02bb`\u00b4]")
_BETWEEN = re.compile(r"[^\w]+|_+")
_SHORTENED = re.compile(r"\b([гд])-(н|жа|р)\b")  # noqa: RUF001 - they are Russian
"""Russian titles with a hyphen in them."""
_FIRST_IDEOGRAPH = "\u2e80"
"""From here on a single letter is a word of its own and no initial."""


def fold(text: str) -> str:
    """A text as names are compared: without case and accents."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", bare).translate(_SPELLED)


TITLES = frozenset(
    fold(word)
    for word in """
    mr mrs ms miss mister mx sir madam madame mme mlle monsieur dr prof professor phd md rev
    herr frau hr fr familie fam dipl ing mag dott dottssa ssa sig signor signora signorina avv
    sr sra srta senor senora senorita dhr mevr mw meneer mevrouw
    господин госпожа гн гжа др доктор κ κος κα κύριος κυρία δρ
    先生 女士 小姐 さん 様 님 씨
    """.split()  # noqa: SIM905 - likewise
)
"""What is written before or after a name and is no part of it, folded."""


@lru_cache(maxsize=8192)
def words_of(name: str | None) -> tuple[str, ...]:
    """The words of a name, folded, the surname last; titles are left out.

    "Byron, Ada" and "Byron A." name the surname first. A name that is nothing but a title stays.
    """
    first, comma, rest = fold(name or "").partition(",")
    words = [*_words(rest), *_words(first)] if comma and _words(rest) else _words(f"{first} {rest}")
    words = [word for word in words if word not in TITLES] or words
    if words and _is_initial(words[-1]) and not _is_initial(words[0]):
        at = next(i for i in range(len(words)) if all(map(_is_initial, words[i:])))
        words = [*words[at:], *words[:at]]
    return tuple(words)


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word < _FIRST_IDEOGRAPH


def _words(text: str) -> list[str]:
    text = _SHORTENED.sub(r"\1\2", _APOSTROPHES.sub("", text))
    words = _BETWEEN.sub(" ", text).split()
    for suffix in SUFFIXES:
        words = [word.removesuffix(suffix) or word for word in words]
    return words


def is_same_person(one: str | None, other: str | None) -> bool:
    """Whether two names may be one person's, and nothing more than spelling differs.

    The surname is equal; the first name equal, empty, or its initials. A name not said contradicts
    no other.
    """
    left, right = words_of(one), words_of(other)
    if not left or not right:
        return True
    if any(left == right[at:] + right[:at] for at in range(len(right))):
        return True
    left_first, left_last = _parts(left, right)
    right_first, right_last = _parts(right, left)
    return left_last == right_last and (
        _abbreviates(left_first, right_first) or _abbreviates(right_first, left_first)
    )


def is_fuller(one: str | None, other: str | None) -> bool:
    """Whether a name says more than another of the same person: a first name for an initial."""
    return sum(map(len, words_of(one))) > sum(map(len, words_of(other)))


def _parts(name: tuple[str, ...], beside: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """First names and surname; the surname begins at its particle, else it is the last word.

    A surname of several words without a particle is known by the other name that shares it.
    """
    at = len(name) - 1
    while at > 0 and name[at - 1] in PARTICLES:
        at -= 1
    while at > 1 and _shares(name, beside, len(name) - at + 1):
        at -= 1
    return name[:at], name[at:]


def _shares(name: tuple[str, ...], beside: tuple[str, ...], count: int) -> bool:
    """Whether two names end in the same so many words, and the other has a word before them."""
    return len(beside) > count and name[-count:] == beside[-count:]


def _abbreviates(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """Whether first names are the others, none of them, or the initials of the first of them."""
    if len(short) > len(full):
        return False
    return short == full or all(
        _is_initial(word) and word == of[0] for word, of in zip(short, full, strict=False)
    )
