"""The published AsyncAPI document is one, is what the code says, and leads to schemas that hold."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from channel_sync.wire.asyncapi import document, document_text
from channel_sync.wire.decode import FORMATS
from tests.wire.messages import message

SCHEMAS = Path(__file__).parents[2] / "schemas"
PUBLISHED = SCHEMAS / "asyncapi.yaml"
META = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_text())


def faults(described: dict[str, Any]) -> list[str]:
    """What AsyncAPI's own schema finds wrong, and references that lead nowhere."""
    found = [str(error.message) for error in Draft7Validator(META).iter_errors(described)]
    return found + [ref for ref in references(described) if not leads(described, ref)]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [ref for value in node.values() for ref in references(value)]
    return [ref for value in node for ref in references(value)] if isinstance(node, list) else []


def leads(described: dict[str, Any], ref: str) -> bool:
    file, _, pointer = ref.partition("#")
    if file:
        return (SCHEMAS / file).is_file()
    node: Any = described
    for part in pointer.strip("/").split("/"):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def test_the_published_document_is_what_the_code_says() -> None:
    assert PUBLISHED.read_text() == document_text()


def test_the_published_document_is_an_asyncapi_document() -> None:
    Draft7Validator.check_schema(META)
    assert faults(yaml.safe_load(PUBLISHED.read_text())) == []


def test_every_format_has_a_message_with_its_headers() -> None:
    messages = document()["components"]["messages"]
    assert list(messages) == list(FORMATS)
    for name, described in messages.items():
        properties = described["headers"]["properties"]
        assert set(properties) == {"format", "dialect", "property", "traceparent"}
        assert properties["format"]["const"] == name
    assert messages["canonical"]["contentType"] == "application/json"


def broken(*path: str, value: Any) -> dict[str, Any]:
    """The document with one thing wrong; `...` takes it out."""
    described = copy.deepcopy(document())
    node = described
    for part in path[:-1]:
        node = node[part]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return described


@pytest.mark.parametrize(
    "described",
    [
        broken("asyncapi", value="2.6.0"),
        broken("info", "version", value=...),
        broken("channels", "bookings", "adress", value="{topic}"),
        broken("operations", "applyBookings", "action", value="consume"),
        broken("components", "messages", "canonical", "headers", "type", value="objekt"),
        broken("operations", "applyBookings", "channel", value={"$ref": "#/channels/booking"}),
        broken(
            *("components", "messages", "canonical", "payload", "schema", "oneOf"),
            value=[{"$ref": "./message/canonical-9.schema.json"}],
        ),
    ],
    ids=["version", "info", "a misspelt key", "action", "header schema", "channel", "a lost file"],
)
def test_a_broken_copy_fails(described: dict[str, Any]) -> None:
    assert faults(described)


def test_the_schema_of_the_payload_takes_a_message_and_a_list_of_them_and_nothing_else() -> None:
    payload = document()["components"]["messages"]["canonical"]["payload"]["schema"]
    files = {
        ref: Resource.from_contents(json.loads((SCHEMAS / ref).read_text()))
        for ref in references(payload)
    }
    for resource in files.values():
        Draft202012Validator.check_schema(resource.contents)
    registry: Registry[Any] = Registry().with_resources(files.items())
    validator = Draft202012Validator(
        payload, registry=registry.with_resource("", DRAFT202012.create_resource(payload))
    )
    validator.validate(message())
    validator.validate([message(), message()])
    refused: tuple[Any, ...] = ({}, [], [message(status="booked")], "text")
    for wrong in refused:
        assert not validator.is_valid(wrong)
