"""Certificates that nobody trusts, made with the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ABSENT = "needs the openssl command to make a certificate"


def self_signed(folder: Path, names: Sequence[str], subject: str) -> tuple[Path, Path] | None:
    """A certificate for two days and its key, as files; ``names`` as in ``DNS:other.test``, ``IP:127.0.0.1``.

    None without openssl.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    cert, key = folder / "cert.pem", folder / "key.pem"
    kind = [
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={subject}",
    ]
    command = [openssl, "req", *kind, "-addext", f"subjectAltName={','.join(names)}", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key
