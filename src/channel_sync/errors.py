"""Errors sorted by who must act."""

from __future__ import annotations


class ChannelSyncError(Exception):
    """The root of every error of ours."""


class MessageError(ChannelSyncError):
    """The sender must act: the message is parked with its reason."""


class DependencyError(ChannelSyncError):
    """Nobody must act but wait: the database or the broker is away, the offset stays."""


class ConfigurationError(ChannelSyncError):
    """The operator must act: the process ends before it has read anything."""


class Fenced(ChannelSyncError):
    """Another worker owns the partition now; this one rolls back and touches nothing."""


class Refused(ChannelSyncError):
    """What a person asked for cannot be done; the message says why in one line."""
