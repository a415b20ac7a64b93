"""Whether a Docker engine answers, asked once and quickly."""

from __future__ import annotations

import functools
import os
import socket
from pathlib import Path

ANSWER_SECONDS = 2.0
_SOCKET = Path("/var/run/docker.sock")


@functools.cache
def docker_answers() -> bool:
    """Asks nothing but the socket first, so that a machine without Docker loses no time."""
    if "DOCKER_HOST" not in os.environ:
        if not _SOCKET.exists():
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_SECONDS)
            try:
                probe.connect(str(_SOCKET))
            except OSError:
                return False
    import docker

    try:
        client = docker.from_env(timeout=ANSWER_SECONDS)
        return bool(client.ping())
    except Exception:  # noqa: BLE001 - whatever it is, there is no Docker to be used
        return False
