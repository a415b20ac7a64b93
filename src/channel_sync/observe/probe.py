"""Asks the health port of this container whether the worker lives: the image's health check.

Nothing but the standard library, so that a check costs little. Exit code 0: it lives.
"""

from __future__ import annotations

import http.client
import os
import sys

ASK_SECONDS = 4.0
_DEFAULT_PORT = "8081"  # as in `settings`, which is slow to import


def probe(port: int) -> tuple[bool, str]:
    """Whether `/livez` says yes, and what it said."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"nobody answers on port {port}: {error}\n"
    finally:
        connection.close()


def main() -> int:
    port = int(os.environ.get("CHANNEL_SYNC_HEALTH_PORT") or _DEFAULT_PORT)
    if port == 0:
        return 0  # there is no port by the operator's wish
    lives, said = probe(port)
    sys.stdout.write(said)
    return 0 if lives else 1


if __name__ == "__main__":
    sys.exit(main())
