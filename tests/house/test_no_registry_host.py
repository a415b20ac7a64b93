"""No file names where packages were fetched from, or a folder of the machine it was made on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT, project_files, short

# Put together from halves, so that this file does not name what it looks for.
_HOSTS = (
    "pypi" + ".org",
    "files.python" + "hosted.org",
    "registry.npm" + "js.org",
    "repo.maven" + ".apache.org",
    "repo1.maven" + ".org",
    "proxy.golang" + ".org",
    "crates" + ".io",
    "deb.debian" + ".org",
)
_OPTIONS = (
    "--index" + "-url",
    "--extra-index" + "-url",
    "--find" + "-links",
    "--trusted" + "-host",
)
_FOLDERS = (str(ROOT), str(Path.home()), "/opt/" + "wheels", "/root/" + ".")

FORBIDDEN = re.compile(
    "|".join(
        [
            *(re.escape(host) for host in _HOSTS),
            *(re.escape(option) for option in _OPTIONS),
            # `/root` is a word in many a path of an image; a folder of ours goes on.
            *(rf"(?<![\w.]){re.escape(folder.rstrip('/'))}(?=/\w)" for folder in _FOLDERS[:2]),
            *(re.escape(folder) for folder in _FOLDERS[2:]),
        ]
    )
)


@pytest.mark.parametrize("path", project_files(), ids=short)
def test_no_file_names_a_registry_or_a_folder_of_this_machine(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    found = [
        f"line {number}: {match[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        if (match := FORBIDDEN.search(line))
    ]
    assert not found
