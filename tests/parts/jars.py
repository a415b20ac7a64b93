"""Apache Kafka's jars out of Maven Central, kept in the user's cache. `make kafka` runs this."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

POM = Path(__file__).with_name("pom.xml")
FETCH_SECONDS = 420.0


class NoJarsError(RuntimeError):
    """Why Apache Kafka cannot be had here."""


def kafka_version() -> str:
    """The version the tests are made for: the one in pom.xml."""
    found = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if found is None:
        raise NoJarsError("pom.xml names no kafka.version")
    return found[1]


def cached() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "channel-sync" / "kafka" / kafka_version() / "libs"


def kafka_jars() -> Path:
    """The folder of the jars, fetched if need be; NoJarsError says what is missing."""
    if shutil.which("java") is None:
        raise NoJarsError("no java on this machine")
    libs = cached()
    if libs.is_dir():
        return libs
    if shutil.which("mvn") is None:
        raise NoJarsError("no mvn on this machine to fetch the jars with")
    libs.parent.mkdir(parents=True, exist_ok=True)
    with (libs.parent / "fetching").open("w") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)  # of several test processes the first one fetches
        return libs if libs.is_dir() else _fetched(libs)


def jars_or_skip(needs: str) -> Path:
    """The jars for a test, which is skipped without them: it `needs` an Apache Kafka of its own."""
    try:
        return kafka_jars()
    except NoJarsError as error:
        pytest.skip(f"needs {needs}: {error}")


def _fetched(libs: Path) -> Path:
    """Fetched beside its place and renamed into it: another run never sees half a folder."""
    with tempfile.TemporaryDirectory(dir=libs.parent) as work:
        fresh = Path(work) / "libs"
        command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
        try:
            done = subprocess.run(
                [*command, f"-DoutputDirectory={fresh}"],
                capture_output=True,
                text=True,
                check=False,
                timeout=FETCH_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise NoJarsError(f"mvn did not finish in {FETCH_SECONDS:.0f} s") from error
        if done.returncode != 0 or not fresh.is_dir():
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["no reason"]
            raise NoJarsError(f"mvn could not fetch the jars: {lines[0]}")
        fresh.rename(libs)
    return libs


def main() -> int:
    try:
        libs = kafka_jars()
    except NoJarsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Apache Kafka {kafka_version()}: {len(list(libs.iterdir()))} jars\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
