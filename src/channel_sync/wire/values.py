"""Single values as providers spell them: text, amounts, whole numbers, dates, instants."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from channel_sync.wire import limits

if TYPE_CHECKING:
    from datetime import tzinfo


class UnfitError(ValueError):
    """A value is not what it should be; the text says what was expected, and no value."""


_NUMBER = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{0,9})?")
_ZEROS = re.compile(r"(\.[0-9]{9})0+$")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ].{0,40})?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: .{0,40})?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?"
    r"\s?(Z|UTC|[+-][0-9]{2}:?(?:[0-9]{2})?)?",
    re.IGNORECASE,
)


def as_text(value: Any) -> str | None:
    """Any single value as trimmed text."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def as_money(value: Any) -> str | None:
    """An amount as the canonical message spells it: at most 19 digits before the point, 9 after."""
    text = "" if isinstance(value, bool) else as_text(value) or ""
    if value is None or (isinstance(value, str) and not text):
        return None
    text = _ZEROS.sub(r"\1", text)
    if not _NUMBER.fullmatch(text):
        raise UnfitError("expected an amount such as 330.00")
    return text.removeprefix("+").removesuffix(".")


def as_whole(value: Any) -> int | None:
    """A whole number, also where it came as text or as 2.0."""
    text = "" if isinstance(value, bool) else as_text(value) or ""
    if value is None or (isinstance(value, str) and not text):
        return None
    if not _NUMBER.fullmatch(text) or Decimal(text) % 1:
        raise UnfitError("expected a whole number")
    return int(Decimal(text))


def as_flag(value: Any) -> bool | None:
    """Yes or no, also where it came as 1, "1" or "true"."""
    text = (as_text(value) or "").casefold()
    if not text:
        return None
    if text not in {"0", "1", "true", "false"}:
        raise UnfitError("expected true or false, 1 or 0")
    return text in {"1", "true"}


def as_day(value: Any) -> str | None:
    """A date as YYYY-MM-DD, from that spelling (a time of day dropped) or from DD/MM/YYYY.

    What is no date comes back as it is, for the reader to refuse where a date is needed.
    """
    text = as_text(value)
    if not text:
        return None
    if found := _DATE.fullmatch(text):
        return "-".join(found.groups())
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    return text


def day_after(day: str | None) -> str | None:
    """The day of leaving after a last night; what is no date comes back as it is."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat() if day else day
    except (ValueError, OverflowError):
        return day


def nights_from(arrival: str | None, count: int) -> list[str]:
    """The dates of so many nights from an arrival; none where it is no date."""
    try:
        first = date.fromisoformat(arrival or "")
        return [(first + timedelta(days=night)).isoformat() for night in range(count)]
    except (ValueError, OverflowError):
        return []


def as_instant(value: Any, zone: tzinfo) -> str | None:
    """An instant in UTC as ISO 8601, from most spellings; one without a zone is of `zone`."""
    text = as_text(value)
    if not text:
        return None
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise UnfitError("expected an instant such as 2026-03-01T10:15:00Z")
    day, time, fraction, offset = found.groups()
    offset = (offset or "").upper().replace("UTC", "Z").replace(":", "")
    if offset not in {"", "Z"}:
        offset = f"{offset[:3]}:{offset[3:] or '00'}"
    spelled = f"{day}T{time}.{(fraction or '0')[:6]:0<6}" if len(time) == 8 else f"{day}T{time}"
    try:
        instant = datetime.fromisoformat(f"{spelled}{offset.replace('Z', '+00:00')}")
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnfitError("expected an instant that exists") from None
    if not limits.FIRST_YEAR <= instant.year <= limits.LAST_YEAR:
        raise UnfitError(f"expected a year from {limits.FIRST_YEAR} to {limits.LAST_YEAR}")
    return instant.isoformat()


def ages_of(children: int | None, ages: list[Any], infants: int | None) -> list[int | None] | None:
    """The age of each child as far as it is said; infants count as not yet one year old.

    None where nothing is said of children at all. No more than a line may hold, and one, so that
    an absurd count is noticed and costs no memory.
    """
    if children is None and infants is None and not ages:
        return None
    most = limits.CHILDREN_PER_LINE + 1
    known: list[int | None] = []
    for age in ages[:most]:
        try:
            known.append(as_whole(age))
        except UnfitError:
            known.append(None)
    unknown = min(max((children or 0) - len(known), 0), most)
    babies = min(max(infants or 0, 0), most)
    return [*known, *[None] * unknown, *[0] * babies][:most]


def joined(*texts: str | None) -> str | None:
    """Texts as paragraphs, each once; None where all of them are None."""
    if all(text is None for text in texts):
        return None
    return "\n".join(dict.fromkeys(text for text in texts if text))
