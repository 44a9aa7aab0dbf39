"""Mail into a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from aggregator.config.settings import MailSettings
from aggregator.model.delivery import AttemptOutcome, Delivery, DeliveryKind, Letter
from aggregator.notify import FolderTransport, transport_for

MakeDelivery = Callable[..., Delivery]


async def test_two_files_side_by_side(tmp_path: Path, delivery: MakeDelivery) -> None:
    folder = tmp_path / "var" / "mail"
    sent = delivery(42, letter=Letter("s", "text\n", "<p>متن</p>\n"))
    attempt = await FolderTransport(folder).send(sent)
    assert attempt.outcome is AttemptOutcome.ACCEPTED
    assert "000042-digest-reader.eml" in attempt.detail
    assert {path.name for path in folder.iterdir()} == {"000042-digest-reader.eml", "000042-digest-reader.html"}
    assert (folder / "000042-digest-reader.eml").read_bytes() == sent.message
    assert (folder / "000042-digest-reader.html").read_text(encoding="utf-8") == "<p>متن</p>\n"


async def test_sending_again_changes_nothing(tmp_path: Path, delivery: MakeDelivery) -> None:
    transport = FolderTransport(tmp_path)
    sent = delivery(7)
    first = await transport.send(sent)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert await transport.send(sent) == first
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    await transport.aclose()


async def test_the_name_never_leaves_the_folder(tmp_path: Path, delivery: MakeDelivery) -> None:
    folder = tmp_path / "mail"
    for number, recipient in enumerate(["../../etc/passwd", "خواننده", "A\x00B/C", "x" * 300, ""]):
        sent = dataclasses.replace(delivery(number), recipient=recipient, kind=DeliveryKind.ALERT)
        assert (await FolderTransport(folder).send(sent)).outcome is AttemptOutcome.ACCEPTED
    assert {path.name for path in tmp_path.iterdir()} == {"mail"}
    assert sorted(path.name for path in folder.glob("*.eml")) == [
        "000000-alert-etc-passwd.eml",
        "000001-alert-recipient.eml",
        "000002-alert-a-b-c.eml",
        f"000003-alert-{'x' * 60}.eml",
        "000004-alert-recipient.eml",
    ]


async def test_a_message_without_html_has_no_page(tmp_path: Path, delivery: MakeDelivery) -> None:
    await FolderTransport(tmp_path).send(delivery(message=b"Subject: x\r\n\r\njust text\r\n"))
    assert [path.suffix for path in tmp_path.iterdir()] == [".eml"]


async def test_a_folder_that_cannot_be_is_our_own_fault(tmp_path: Path, delivery: MakeDelivery) -> None:
    (tmp_path / "mail").write_text("a file in the way")
    attempt = await FolderTransport(tmp_path / "mail").send(delivery())
    assert attempt.outcome is AttemptOutcome.BROKEN
    assert "mail" in attempt.detail


def test_the_default_settings_write_to_a_folder() -> None:
    assert isinstance(transport_for(MailSettings()), FolderTransport)
