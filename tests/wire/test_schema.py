from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from channel_sync.wire.schema import message_schema, schema_text
from tests.wire.messages import message, read

FOLDER = Path(__file__).parents[2] / "schemas" / "message"
EXAMPLES = sorted((FOLDER / "examples").glob("*.json"))
VALIDATOR = Draft202012Validator(message_schema(), format_checker=FormatChecker())


def test_the_published_schema_is_what_the_code_says() -> None:
    assert (FOLDER / "canonical-1.schema.json").read_text() == schema_text()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(message_schema())


def test_there_are_examples_of_each_kind() -> None:
    assert {path.stem for path in EXAMPLES} == {
        "new",
        "modified-two-rooms",
        "cancel-only",
        "enquiry",
        "replaces",
        "virtual-card",
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_is_read_without_a_warning(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text()))
    decoded = read(path.read_bytes(), headers={})
    assert len(decoded.revisions) == 1
    assert not decoded.warnings
    assert decoded.scrubbed.removed == 0


def test_the_schema_refuses_what_the_decoder_refuses() -> None:
    VALIDATOR.validate(message())
    for wrong in (
        message(total=330),
        message(status="booked"),
        message(reference=...),
        message(revision=2**63),
        message(modified_at="2026-03-01T10:15:00"),
    ):
        assert not VALIDATOR.is_valid(wrong)
