"""Whatever bytes come, they are read or set aside: a small cut of `python -m tools.fuzz`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channel_sync.core.model import Revision
from channel_sync.wire.decode import FORMATS
from channel_sync.wire.errors import Unreadable
from tests.wire.fixtures_of import fixtures, look
from tools import fuzz

JSON_FIXTURES = [(name, p) for name, p in fixtures() if p.suffix == ".json"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("content_format", [name for name in FORMATS if fuzz.seeds(name)])
def test_mutated_fixtures_crash_no_decoder(content_format: str) -> None:
    report = fuzz.run(400, seed=7, only=content_format, tell=False)
    assert report.crashes == []
    assert report.hangs == []
    assert sum(report.outcomes.values()) >= 400
    assert report.outcomes["read"]


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_value_of_any_kind_in_any_place_is_read_or_set_aside(data: st.DataObject) -> None:
    name, path = data.draw(st.sampled_from(JSON_FIXTURES))
    root = json.loads(path.read_text())
    holder: Any = data.draw(st.sampled_from(list(fuzz._holders(root))))
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    holder[data.draw(st.sampled_from(keys))] = data.draw(VALUES)
    try:
        items = look(json.dumps(root).encode(), format=name).items
    except Unreadable as error:
        items = (error,)
    assert items
    assert all(isinstance(item, (Revision, Unreadable)) for item in items)
