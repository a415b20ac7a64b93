"""The JSON Schema of the canonical message, made from the models that read it."""

from __future__ import annotations

import json
from typing import Any

from channel_sync.wire.canonical_model import CanonicalMessage

SCHEMA_ID = "urn:channel-sync:message:canonical-1"


def message_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one canonical message; a body may also be a list of them."""
    schema = CanonicalMessage.model_json_schema(by_alias=True)
    schema.pop("title", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "channel-sync canonical message, version 1",
        **schema,
    }


def schema_text() -> str:
    """The schema as it is published: two blanks of indent, a newline at the end."""
    return json.dumps(message_schema(), indent=2, ensure_ascii=False) + "\n"
