"""The topics as an AsyncAPI document, for the people who feed them; made from the code."""

from __future__ import annotations

from typing import Any

import yaml

import channel_sync
from channel_sync.core.model import Arrival
from channel_sync.settings import Settings
from channel_sync.wire.decode import FORMATS, decode
from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.limits import Limits

CANONICAL = "canonical"
CANONICAL_SCHEMA = "./message/canonical-1.schema.json"
"""As seen from the document's own folder, `schemas/`."""

TRACEPARENT = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$"
"""W3C Trace Context: version, trace, parent, flags."""

WIDTH = 100


def document() -> dict[str, Any]:
    """The AsyncAPI 3 document: one channel, whatever its topics, and a message for each format."""
    messages = {name: _message(name) for name in FORMATS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "channel-sync",
            "version": channel_sync.__version__,
            "description": (
                "Messages of booking channels, as channel-sync consumes them. It produces none. "
                "A message may have no header at all: its format is then told by its body."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The brokers of CHANNEL_SYNC_KAFKA_BOOTSTRAP.",
                "variables": {"bootstrap": {"default": "localhost:9092"}},
            }
        },
        "channels": {"bookings": _channel(messages)},
        "operations": {"applyBookings": _operation(messages)},
        "components": {
            "messages": messages,
            "messageTraits": {"booking": {"bindings": {"kafka": {"key": _key()}}}},
        },
    }


def document_text() -> str:
    """The document as it is published: YAML, in the order in which it is read."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=WIDTH)


def _channel(messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": "{topic}",
        "title": "Booking messages",
        "description": (
            "Bookings of one hotel keep their order as long as they share a partition: the key is "
            "the property's id."
        ),
        "parameters": {"topic": {"description": "One of CHANNEL_SYNC_TOPICS."}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(messages: dict[str, Any]) -> dict[str, Any]:
    group = Settings.model_fields["group"].default
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/bookings"},
        "summary": "Apply each reservation of a message, once, and store its one outcome.",
        "messages": [{"$ref": f"#/channels/bookings/messages/{name}"} for name in messages],
        "bindings": {"kafka": {"groupId": {"type": "string", "default": group}}},
    }


def _message(name: str) -> dict[str, Any]:
    message = {
        "name": name,
        "title": f"Booking message, format {name}",
        "contentType": _content_type(name),
        "headers": _headers(name),
        "traits": [{"$ref": "#/components/messageTraits/booking"}],
    }
    if name == CANONICAL:
        message["summary"] = "One message, or a list of them."
        message["payload"] = {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {
                "oneOf": [
                    {"$ref": CANONICAL_SCHEMA},
                    {"type": "array", "items": {"$ref": CANONICAL_SCHEMA}, "minItems": 1},
                ]
            },
        }
    else:
        message["summary"] = "The body as the provider sends it; its schema is the provider's."
    return message


def _content_type(name: str) -> str:
    """What the format is written in: its decoder says so of a body in another notation."""
    try:
        decode(
            b"<a/>", headers={"format": name}, key=None, arrived=Arrival("", 0, 0), limits=Limits()
        )
    except Unreadable as error:
        if error.reason is UnreadableReason.NOT_JSON:
            return "application/json"
    return "application/xml"


def _headers(name: str) -> dict[str, Any]:
    """Every header that is read; none is required."""
    return {
        "type": "object",
        "properties": {
            "format": {
                "type": "string",
                "const": name,
                "description": "The format; told by the body's own marks where it is missing.",
            },
            "dialect": {
                "type": "string",
                "description": "Whose way of speaking the format it is, where there are several.",
            },
            "property": {
                "type": "string",
                "description": "The hotel's id, where the body does not say it; else the key is.",
            },
            "traceparent": {
                "type": "string",
                "pattern": TRACEPARENT,
                "description": "W3C Trace Context: the worker's span links to it.",
            },
        },
    }


def _key() -> dict[str, Any]:
    return {
        "type": "string",
        "description": "The property's id: what concerns one hotel stays in order.",
    }
