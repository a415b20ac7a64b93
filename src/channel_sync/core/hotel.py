"""The hotel as its property file describes it: categories, rooms, channels, policy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from channel_sync.core.contact import ALIAS_DOMAINS

OWN_CHANNEL = "direct"
"""The channel of the hotel's own bookings; nothing that is received ever bears it."""


@dataclass(frozen=True, slots=True)
class Room:
    """A number on a door. A room that is not active is given to nobody new."""

    code: str
    category: str
    capacity: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A room out of order on the nights [from_date, to_date)."""

    room: str
    from_date: date
    to_date: date
    reason: str | None = None

    def __str__(self) -> str:
        """The block in words, as a task names it."""
        why = f": {self.reason}" if self.reason else ""
        return f"room {self.room} is blocked from {self.from_date} to {self.to_date}{why}"


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
class BlockedGuest:
    """Whom the hotel does not want: any of these is enough."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A hotel as its property file describes it.

    `categories` stand in rank order, lowest first; `rooms` in room order (by category, then as
    listed), which is also their bit order in the plan. `version` is the property's one counter.
    `blocks` are those that are not over.
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
    blocks: tuple[Block, ...] = ()
    last_guest_id: int = 0
    blocked_guests: tuple[BlockedGuest, ...] = ()
    alias_email_domains: frozenset[str] = ALIAS_DOMAINS

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

    def block_over(self, rooms: set[str], arrival: date, departure: date) -> Block | None:
        """The first block on one of these rooms that covers a night of a stay."""
        return next(
            (
                block
                for block in self.blocks
                if block.room in rooms and block.from_date < departure and arrival < block.to_date
            ),
            None,
        )

    def units(self, category: str | None) -> int | None:
        """How many of a category there are where it is counted and not numbered; else None."""
        return next((c.units for c in self.categories if c.code == category), None)

    def channel(self, spelling: str) -> Channel:
        """The channel that a message names, by its name or an alias, case ignored (rule M1).

        One that calls itself as the hotel's own bookings are called bears a name beside that:
        no message ever matches them (rules, section 10).
        """
        wanted = spelling.strip().casefold()
        for channel in self.channels:
            name = _beside_own(channel.name)
            if wanted in {channel.name.casefold(), name.casefold()} or wanted in {
                alias.casefold() for alias in channel.aliases
            }:
                return channel if name == channel.name else replace(channel, name=name)
        return Channel(name=_beside_own(wanted))

    def map_category(self, channel: str, code: str | None) -> str | None:
        """Our category for a channel's code: by the mapping, else by equal code, else None."""
        if code is None:
            return None
        ours = self.channel(channel).categories.get(code, code)
        return ours if self.rank(ours) >= 0 else None


def _beside_own(name: str) -> str:
    return f"{name} (channel)" if name.casefold() == OWN_CHANNEL else name
