"""The property file: what a hotel is, as its people write it down (YAML or JSON)."""

from __future__ import annotations

from collections import Counter
from datetime import date, time
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from channel_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


def _as_text(value: object) -> object:
    """Codes are texts, though YAML reads 101 as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_clock(value: object) -> object:
    """YAML reads 04:00 as text, but 12:30 without quotes as the number of minutes, 750."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value // 60:02d}:{value % 60:02d}"
    if isinstance(value, str):
        try:
            return time.fromisoformat(value).strftime("%H:%M")
        except ValueError:
            raise ValueError(f"{value} is not a time like 04:00") from None
    return value


def _as_switch(value: object) -> object:
    """YAML reads a bare `on` and `off` as booleans."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


Code = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=64)]
Switch = BeforeValidator(_as_switch)


class _Part(BaseModel):
    """A misspelt key is an error: else it would be left out in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RoomPart(_Part):
    """`capacity` None: as its category."""

    code: Code
    capacity: int | None = Field(default=None, gt=0)
    active: bool = True


def _as_room(value: object) -> object:
    """A bare room number stands for a room without more to say."""
    return {"code": value} if isinstance(value, str | int) else value


class CategoryPart(_Part):
    """Either rooms with numbers or units without."""

    code: Code
    name: str = ""
    capacity: int = Field(gt=0)
    rooms: list[Annotated[RoomPart, BeforeValidator(_as_room)]] | None = None
    units: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _has_rooms_or_units(self) -> CategoryPart:
        if self.units is not None and self.rooms:
            raise ValueError("a category has rooms or units, not both")
        return self


class BlockPart(_Part):
    room: Code
    from_date: date = Field(alias="from")
    to_date: date = Field(alias="to")
    reason: str | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> BlockPart:
        if self.to_date <= self.from_date:
            raise ValueError("a block ends after it begins")
        return self


class ChannelPart(_Part):
    """A channel's other spellings, and its codes for our categories and rate plans."""

    aliases: list[str] | None = None
    categories: dict[Code, Code] | None = None
    rate_plans: dict[Code, Code] | None = None


class PolicyPart(_Part):
    """Only what is said is stored; the defaults are `core.model.Policy`'s."""

    ota_room_policy: Literal["keep_manual", "follow_channel", "freeze_room"] | None = None
    manual_category_full: Literal["booked", "assign"] | None = None
    reshuffle: Annotated[Literal["suggest", "auto", "off"] | None, Switch] = None
    auto_resolve: Annotated[Literal["on", "suggest", "off"] | None, Switch] = None
    guest_name_conflict: Literal["separate", "overwrite"] | None = None
    extend_in_house: Literal["task", "same_room"] | None = None
    child_counts_from: int | None = Field(default=None, ge=0)
    day_starts: Annotated[str | None, BeforeValidator(_as_clock)] = None
    reshuffle_node_budget: int | None = Field(default=None, ge=0)


class BlockedGuestPart(_Part):
    """Whom the hotel does not want: any of email, phone and name is enough."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _says_who(self) -> BlockedGuestPart:
        if not (self.email or self.phone or self.name):
            raise ValueError("a blocked guest has an email, a phone or a name")
        return self


class PropertyFile(_Part):
    """What is left out (None) stays as it is in the database; an empty list clears."""

    property: Code
    name: str | None = None
    timezone: str | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    categories: list[CategoryPart] | None = None
    blocks: list[BlockPart] | None = None
    channels: dict[str, ChannelPart] | None = None
    policy: PolicyPart | None = None
    own_email_addresses: list[str] | None = None
    blocked_guests: list[BlockedGuestPart] | None = None

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(f"there is no time zone {value!r}") from error
        return value

    @field_validator("channels")
    @classmethod
    def _channels_differ(
        cls, value: dict[str, ChannelPart] | None
    ) -> dict[str, ChannelPart] | None:
        """A spelling leads to one channel; case does not count (rule M1)."""
        spellings = [
            {spelling.strip().casefold() for spelling in (name, *(part.aliases or ()))}
            for name, part in (value or {}).items()
        ]
        _refuse_repeats("channel", (spelling for each in spellings for spelling in each))
        return value

    @field_validator("categories")
    @classmethod
    def _codes_differ(cls, value: list[CategoryPart] | None) -> list[CategoryPart] | None:
        categories = value or []
        _refuse_repeats("category", (category.code for category in categories))
        rooms = (room.code for category in categories for room in category.rooms or ())
        _refuse_repeats("room", rooms)
        return value


def _refuse_repeats(what: str, codes: Iterable[str]) -> None:
    repeated = sorted(code for code, count in Counter(codes).items() if count > 1)
    if repeated:
        raise ValueError(f"{what} {', '.join(repeated)} stands more than once")


def parse_property(described: Mapping[str, Any]) -> PropertyFile:
    """Read a described property.

    Raises:
        ConfigurationError: something in it is wrong; one line says where and what.
    """
    try:
        return PropertyFile.model_validate(described)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_sentences(error))) from error


def read_property_file(path: Path) -> PropertyFile:
    """Read a property file; JSON is YAML too.

    Raises:
        ConfigurationError: it cannot be read, or something in it is wrong.
    """
    try:
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        raise ConfigurationError(f"{path}{_place(error)}: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # also a date of no calendar, or no UTF-8
        raise ConfigurationError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(described, dict):
        raise ConfigurationError(f"{path}: not a property file")
    try:
        return parse_property(described)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f", line {mark.line + 1}" if mark else ""


def _sentences(error: ValidationError) -> Iterator[str]:
    """One for each thing wrong: "categories[0].rooms[2].capacity: Input should be …"."""
    for each in error.errors(include_url=False):
        where = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in each["loc"]
        ).lstrip(".")
        yield f"{where or 'property file'}: {each['msg'].removeprefix('Value error, ')}"
