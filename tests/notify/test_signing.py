"""Signatures, verified by another's reading of RFC 6376 and RFC 8463 (dkimpy)."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import dkim
import pytest

from aggregator.config.settings import MailSettings
from aggregator.errors import ConfigError
from aggregator.model.delivery import AttemptOutcome, Delivery, Letter
from aggregator.notify import SmtpTransport, build_message
from aggregator.notify.signing import SIGNED, Signer

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HEADERS = {
    "In-Reply-To": "<rule@example.org>",
    "References": "<rule@example.org>",
    "List-Unsubscribe": "<https://monitor.example.org/u/" + "t" * 27 + ">, <mailto:bounce@example.org?subject=unsubscribe%20u/x>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Archive": "<https://monitor.example.org/v/abc>",
}


def message(recipient: str = "reader@example.org", subject: str = "خبر تازه: MEK and others") -> bytes:
    return build_message(
        Letter(subject, "سلام\n.\n  trailing  \n" * 50, "<p>hello</p>\n" * 2000),
        sender="monitor@example.org",
        sender_name="پایشگر",
        recipient=recipient,
        recipient_name="Reader",
        message_id="<d.7@example.org>",
        date=NOW,
        list_id="ana.digests.example.org",
        headers=HEADERS,
    )


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    command = which("openssl")
    if command is None:
        pytest.skip("needs the openssl command to make keys")
    folder = tmp_path_factory.mktemp("keys")

    def make(name: str, *arguments: str) -> Path:
        path = folder / name
        if not path.exists():
            subprocess.run([command, *arguments[:1], "-out", str(path), *arguments[1:]], check=True, capture_output=True)
        return path

    return make


@pytest.fixture(params=["rsa", "rsa-pkcs8", "ed25519", "seed"])
def key(request: pytest.FixtureRequest, openssl: Callable[..., Path], tmp_path: Path) -> Path:
    match request.param:
        case "rsa":
            return openssl("rsa.pem", "genrsa", "-traditional", "2048")
        case "rsa-pkcs8":
            return openssl("pkcs8.pem", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
        case "ed25519":
            return openssl("ed25519.pem", "genpkey", "-algorithm", "ed25519")
        case _:
            path = tmp_path / "seed"
            path.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
            return path


def verified(signed: bytes, signer: Signer) -> bool:
    def record(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"monitor._domainkey.example.org."
        return signer.record.encode()

    return bool(dkim.verify(signed, dnsfunc=record))


def test_what_we_sign_is_verified_and_what_is_changed_is_not(key: Path) -> None:
    signer = Signer("example.org", "monitor", key)
    signed = signer.sign(message())
    assert signed.endswith(message()), "the message itself stays as it is"
    assert verified(signed, signer)
    head = signed.partition(b"\r\nDate:")[0].replace(b"\r\n ", b"").replace(b" ", b"").decode()
    assert "c=relaxed/relaxed" in head
    assert ("a=ed25519-sha256" if "ed25519" in signer.record else "a=rsa-sha256") in head
    covered = head.partition("h=")[2].partition(";")[0].split(":")
    assert sorted(covered) == sorted([*(name for name in SIGNED if name != "list-help"), "from", "subject"])
    for changed in (
        signed.replace(b"<p>hello</p>", b"<p>hullo</p>", 1),
        signed.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No-Click"),
        signed.replace(b"/u/tttt", b"/u/tttx"),
        signed.replace(b"\r\nDate:", b"\r\nFrom: evil@example.net\r\nDate:"),
        signed.replace(b"\r\nDate:", b"\r\nSubject: evil\r\nDate:"),
        signed.replace(b"ana.digests", b"bob.digests"),
    ):
        assert changed != signed
        assert not verified(changed, signer)
    refolded = signed.replace(b"\r\nPrecedence: bulk", b"\r\nX-Relay: seen\r\nPrecedence: bulk")
    assert verified(refolded, signer), "a relay may add what it likes"


def test_an_address_in_another_script_is_signed_too(openssl: Callable[..., Path]) -> None:
    signer = Signer("example.org", "monitor", openssl("rsa.pem", "genrsa", "-traditional", "2048"))
    assert verified(signer.sign(message("خواننده@example.org")), signer)


def test_a_key_that_cannot_sign_is_an_error_of_the_configuration(openssl: Callable[..., Path], tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    (tmp_path / "text").write_text("hush")
    (tmp_path / "pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    small = openssl("small.pem", "genrsa", "-traditional", "768")
    for path in (nothing, tmp_path / "text", tmp_path / "pem", small, openssl("ec.pem", "genpkey", "-algorithm", "X25519")):
        with pytest.raises(ConfigError) as caught:
            Signer("example.org", "monitor", path)
        assert caught.value.key == "mail.dkim_key_file"
        assert "hush" not in str(caught.value)


async def test_a_message_that_cannot_be_signed_is_refused_and_stops_no_other(
    openssl: Callable[..., Path], delivery: Callable[..., Delivery]
) -> None:
    key = openssl("rsa.pem", "genrsa", "-traditional", "2048")
    mail = MailSettings(sender="monitor@example.org", host="127.0.0.1", port=9, dkim_selector="s", dkim_key_file=key)
    attempt = await SmtpTransport(mail).send(replace(delivery(), message=b"no header\r\n\r\nText\r\n"))
    assert (attempt.outcome, attempt.code) == (AttemptOutcome.REFUSED, 0)
    assert "cannot be signed" in attempt.detail
