"""A module has one reason to exist, said in its first line, and stays small enough to read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, modules, short, tree

MAX_MODULE_LINES = 320
"""About 300: what one reads at a sitting. A few lines over are no reason to tear a thing apart."""

MAX_FUNCTION_LINES = 65
"""About 60, the docstring included: what one sees at once."""

VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}

CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns"}

EVERY = pytest.mark.parametrize("path", modules(), ids=short)


@EVERY
def test_every_module_says_why_it_exists(path: Path) -> None:
    text = ast.get_docstring(tree(path))
    assert text, "a module's first line says why it exists"
    assert text.splitlines()[0].rstrip().endswith((".", ":", "?")) or len(text.splitlines()) > 1


@EVERY
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


@EVERY
def test_no_module_has_a_vague_name(path: Path) -> None:
    assert path.stem not in VAGUE


@EVERY
def test_no_function_is_too_long_to_see(path: Path) -> None:
    long = {
        node.name: lines
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", modules(PACKAGE / "core"), ids=short)
def test_the_core_asks_no_clock(path: Path) -> None:
    """`datetime` may be imported there, for its types; only the caller knows what time it is."""
    asked = {
        f"line {node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and ast.unparse(node.func.value)
        in {"datetime", "date", "time", "dt", "datetime.datetime", "datetime.date"}
    }
    assert not asked
