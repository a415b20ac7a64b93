"""Outlives a process that started servers, and clears up after it however it ended.

Run as a script with the write end of a pipe held by the owner. Lines on its standard input:
`kill PID SIGNAL` (something to stop), `drop PID` (it was stopped), `dir PATH` (to be removed).
When the input ends, because the owner closed it or died of whatever cause, what is listed is
stopped and the folders are removed. It is imported nowhere but in `embedded`, and imports nothing
but the standard library, so that it is up in milliseconds.
"""

import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 10.0
"""How long a server may take to stop before it is killed."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    servers: dict[int, int] = {}
    folders: list[str] = []
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "kill":
            pid, number_text = rest.split()
            servers[int(pid)] = int(number_text)
        elif word == "drop":
            servers.pop(int(rest), None)
        elif word == "dir":
            folders.append(rest)
    for pid, stop_signal in servers.items():
        _signal(pid, stop_signal)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(_alive(pid) for pid in servers) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in servers:
        _signal(pid, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _alive(pid: int) -> bool:
    """A zombie counts as dead: its owner died and nobody may be left to collect it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - no pathlib: fast
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    main()
