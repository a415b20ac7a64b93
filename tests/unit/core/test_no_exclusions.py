"""What the coverage of the core is counted on: every line of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from channel_sync import core

MODULES = sorted(Path(str(core.__file__)).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_line_of_the_core_is_left_out_of_its_coverage(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "pragma" not in text
    assert "TYPE_CHECKING" not in text
