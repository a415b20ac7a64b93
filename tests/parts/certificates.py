"""Certificates of a throw-away authority, made by the openssl of this machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files; `both` holds the key and the certificate, as Kafka wants them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs for names in a folder of its own; `file` is what clients trust."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = folder / f"{name}.key"
        self.file = folder / f"{name}.crt"
        self._openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", str(self._key), "-out", str(self.file)),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def certify(self, name: str, alternatives: str) -> Certificate:
        """`alternatives` as openssl writes them: "IP:127.0.0.1"."""
        made = [self._folder / f"{self._name}-{name}.{end}" for end in ("crt", "key", "pem")]
        certificate, key, both = made
        request, extensions = certificate.with_suffix(".csr"), certificate.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={alternatives}\n", encoding="utf-8")
        self._openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", str(key), "-out", str(request)),
        )
        self._openssl(
            *("x509", "-req", "-in", str(request), "-days", "2", "-CAcreateserial"),
            *("-CA", str(self.file), "-CAkey", str(self._key)),
            *("-extfile", str(extensions), "-out", str(certificate)),
        )
        both.write_text(key.read_text() + certificate.read_text(), encoding="utf-8")
        return Certificate(certificate, key, both)

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
