"""The import contracts of pyproject.toml hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, ROOT, modules, short, tree


def test_the_import_contracts_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", modules(PACKAGE / "core"), ids=short)
def test_the_core_imports_nothing_of_ours_but_itself(path: Path) -> None:
    """Also of what the layers do not name."""
    strangers = {name for name in _imported(tree(path)) if not _is_core(name)}
    assert not strangers


def _imported(module: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def _is_core(name: str) -> bool:
    ours = name.split(".", maxsplit=1)[0] == "channel_sync" or name.startswith("..")
    return not ours or name == "channel_sync.core" or name.startswith("channel_sync.core.")
