"""The project's own files, as the house tests look at them."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "channel_sync"


@functools.cache
def modules(below: Path = PACKAGE) -> tuple[Path, ...]:
    return tuple(sorted(below.rglob("*.py")))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def project_files() -> tuple[Path, ...]:
    """What is tracked, and what is not but would be: everything that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted({path for path in paths if path.is_file()}))


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))
