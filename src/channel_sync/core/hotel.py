"""The hotel as its property file describes it: categories, rooms, channels, policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Room:
    """A number on a door. A room that is not active is given to nobody new."""

    code: str
    category: str
    capacity: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Category:
    """What is sold. `units` counts what bears no number (pitches, beds); else None."""

    code: str
    name: str
    capacity: int
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a property: its other spellings and its codes for our categories."""

    name: str
    aliases: frozenset[str] = frozenset()
    categories: dict[str, str] = field(default_factory=dict)
    rate_plans: dict[str, str] = field(default_factory=dict)


RoomPolicy = Literal["keep_manual", "follow_channel", "freeze_room"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a property decided where the rules leave a choice; the defaults are the rules'.

    `reshuffle_node_budget` is how many rooms one search for moves may look at. It stands here,
    and not with a worker's settings, so that every worker decides alike.
    """

    ota_room_policy: RoomPolicy = "keep_manual"
    manual_category_full: Literal["booked", "assign"] = "booked"
    reshuffle: Literal["suggest", "auto", "off"] = "suggest"
    auto_resolve: Literal["on", "suggest", "off"] = "on"
    guest_name_conflict: Literal["separate", "overwrite"] = "separate"
    extend_in_house: Literal["task", "same_room"] = "task"
    child_counts_from: int = 3
    day_starts: str = "04:00"
    reshuffle_node_budget: int = 50_000


@dataclass(frozen=True, slots=True)
class Property:
    """A hotel as its property file describes it.

    `categories` stand in rank order, lowest first; `rooms` in room order (by category, then as
    listed), which is also their bit order in the plan. `version` is the property's one counter.
    """

    property_id: str
    name: str
    timezone: str
    currency: str
    categories: tuple[Category, ...]
    rooms: tuple[Room, ...]
    channels: tuple[Channel, ...] = ()
    policy: Policy = Policy()
    own_email_addresses: frozenset[str] = frozenset()
    version: int = 0
    last_reservation_id: int = 0

    def rank(self, category: str | None) -> int:
        """The place of a category in rank order, lowest first; -1 for one that is not ours."""
        return next((i for i, c in enumerate(self.categories) if c.code == category), -1)

    def room(self, code: str) -> Room | None:
        """The room that bears this number, if the property has it."""
        return next((room for room in self.rooms if room.code == code), None)

    def category_of(self, room_code: str | None) -> str | None:
        """The category of the room that bears this number; None for no room."""
        room = self.room(room_code) if room_code is not None else None
        return room.category if room else None

    def units(self, category: str | None) -> int | None:
        """How many of a category there are where it is counted and not numbered; else None."""
        return next((c.units for c in self.categories if c.code == category), None)

    def channel(self, spelling: str) -> Channel:
        """The channel that a message names, by its name or an alias, case ignored (rule M1)."""
        wanted = spelling.strip().casefold()
        for channel in self.channels:
            if wanted == channel.name.casefold() or wanted in {
                alias.casefold() for alias in channel.aliases
            }:
                return channel
        return Channel(name=wanted)

    def map_category(self, channel: str, code: str | None) -> str | None:
        """Our category for a channel's code: by the mapping, else by equal code, else None."""
        if code is None:
            return None
        ours = self.channel(channel).categories.get(code, code)
        return ours if self.rank(ours) >= 0 else None
