"""Removes card data and credentials from a raw message, before anything else may see it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import orjson

from channel_sync.wire.exact_json import dump_exact, exact
from channel_sync.wire.format import is_json, is_xml
from channel_sync.wire.luhn import ANY_RUN, ANY_RUN_ASCII
from channel_sync.wire.scrub_json import Plain, Walk, is_harmless
from channel_sync.wire.scrub_text import CODE_WORDS, clean_broken, clean_text
from channel_sync.wire.scrub_xml import clean_xml


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What may be kept of a body: None if it could not be proved clean.

    `removed` counts what was taken out. `sha256` (hex) and `length` (bytes) are of the body as it
    came, so that a discarded one can still be told from others.
    """

    body: bytes | None
    removed: int
    sha256: str = ""
    length: int = 0


_CANONICAL_KEYS = """
schema message_id property channel reference replaces group status completeness revision
modified_at booked_at rooms line line_is_stable units category rate_plan arrival departure adults
children guests first_name last_name amount currency nights date comments booker email phone
address street street2 zip city region country language total payment collect method instructions
card brand last4 expiry is_virtual active_from active_to balance token cancellation_fee extra
"""
_CANONICAL_IDS = """
message_id reference replaces group property channel revision rooms.line rooms.category
rooms.rate_plan
"""
_CANONICAL_MONEY = """
total cancellation_fee rooms.amount rooms.nights.amount payment.card.balance
"""
CANONICAL = Plain(
    keys=frozenset(_CANONICAL_KEYS.split()),
    ids=frozenset(_CANONICAL_IDS.split()),
    phones=frozenset({"booker.phone"}),
    money=frozenset(_CANONICAL_MONEY.split()),
)
NOTHING_SPARED = Plain()
_MOST_VALUES = 1_000_000  # more than fit in a message of the usual limit; seconds of work
"""For a format that is not known: no path of it is spared, all is searched."""


def scrub_text(text: str) -> str:
    """The text with card numbers, and security codes named as such, replaced by a mark."""
    return clean_text(text)[0]


def scrub(body: bytes, plain: Plain = NOTHING_SPARED) -> Scrubbed:
    """The body without card numbers, security codes and credentials (rules, section 9).

    A clean body comes back as it is, byte for byte. Valid JSON is cleaned by path, then by a
    search of all texts, keys and numbers; anything else is searched as text. `plain` says which
    paths of the body's format are spared. Never raises: what cannot be proved clean has no body.
    """
    digest, length = hashlib.sha256(body).hexdigest(), len(body)
    try:
        clean, removed = _scrub(body, plain)
    except Exception:  # noqa: BLE001 - fail closed, whatever it was
        return Scrubbed(None, 0, digest, length)
    return Scrubbed(clean, removed, digest, length)


def _scrub(body: bytes, plain: Plain) -> tuple[bytes | None, int]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # Latin-1 gives every byte its own character, so nothing is lost on the way back.
        clean, removed = clean_broken(body.decode("latin-1"))
        return None if clean is None else clean.encode("latin-1"), removed
    if is_xml(body):
        clean, removed = clean_xml(text)
        return None if clean is None else clean.encode(), removed
    if is_json(body) and sum(map(text.count, ",[{")) > _MOST_VALUES:
        return None, 0
    try:
        root = orjson.loads(text.removeprefix("\ufeff"))
    except orjson.JSONDecodeError:
        clean, removed = clean_broken(text)
        return None if clean is None else clean.encode(), removed
    if _is_clean(text, plain):
        return body, 0
    walk = Walk(plain)
    root = walk.clean(exact(text, root))
    return (dump_exact(root) if walk.removed else body), walk.removed


_KEYS = re.compile(r'"([^"]*+)"\s*+:')
_TELLING_ESCAPE = re.compile(r"\\u(?!00[c-fC-F])|\\[nrtbf/]\s*\d|\d\s*\\[nrtbf/]")


def _is_clean(text: str, plain: Plain) -> bool:
    """Whether a glance at valid JSON is enough.

    It is where no key and no word is telling, digits stand in no long run, and no escape
    disguises anything.
    """
    if "\\" in text and ('\\"' in text or _TELLING_ESCAPE.search(text)):
        return False
    unknown = set(_KEYS.findall(text)) - plain.keys
    if unknown and ("card" in text or not all(map(is_harmless, unknown))):
        return False
    if not plain.secrets.isdisjoint(unknown):
        return False
    lower = text.lower()
    if any(word in lower for word in CODE_WORDS):
        return False
    runs = ANY_RUN_ASCII if text.isascii() else ANY_RUN
    return runs.search(text) is None
