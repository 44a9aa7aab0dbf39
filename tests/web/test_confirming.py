"""Double opt-in: one mail that asks, a page that asks again, and a button that says yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlmodel import Session, select

from aggregator.app import open_app
from aggregator.config.settings import Config, MailSettings, Settings, StoreSettings, WorkerSettings
from aggregator.letter.confirming import render_confirmation
from aggregator.model.delivery import Recipient, Subscription, SubscriptionState
from aggregator.store import Store, subscriptions
from aggregator.store.codec import RECIPIENT, SUBSCRIPTION
from aggregator.store.tables import DeliveryRow, RecipientRow, SubscriptionRow
from tests.web.visiting import Face


def invite(session: Session, language: str = "en") -> int:
    """Somebody else made a subscription for Cyd."""
    now = datetime.now(UTC)
    reader = RecipientRow(
        slug="cyd", spec=RECIPIENT.dump(Recipient("cyd", "cyd@example.org")), created_at=now, created_by="invitation"
    )
    session.add(reader)
    session.flush()
    what = Subscription("cyd-digest", "cyd", rules=("iran-*",), language=language)
    row = SubscriptionRow(
        recipient_id=reader.id or 0, slug=what.slug, spec=SUBSCRIPTION.dump(what), created_at=now, created_by="invitation",
        begun_at=now, state=SubscriptionState.PENDING.value,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id or 0


def mails(store: Store) -> list[DeliveryRow]:
    return store.read_now(lambda session: list(session.exec(select(DeliveryRow))))


def state(store: Store) -> str:
    return store.read_now(subscriptions.subscriber, "cyd-digest").state.value


def path_in(row: DeliveryRow) -> str:
    body = message_from_bytes(row.message, policy=policy.default).get_body(("plain",))
    assert body is not None
    found = re.search(r"https://me\.test(/c/\S+)", body.get_content())
    assert found is not None
    return found[1]


async def test_a_reader_is_asked_once_and_his_button_makes_it_count(face: Face) -> None:
    store = face.app.rooms.store
    id_ = store.write_now(invite, "de")
    for _ in range(3):
        await face.app.ticks.confirm()
    (mail,) = mails(store)
    assert (mail.kind, mail.address) == ("confirmation", "cyd@example.org")
    assert "bestätigen" in mail.subject
    path = path_in(mail)
    for _ in range(2):
        page = await face.ask(path)
        assert (page.status, "Ja, bitte senden" in page.body) == (200, True)
    assert state(store) == "pending", "a scanner that follows links has said nothing"
    assert all(each.id != id_ for each in store.read_now(subscriptions.followers)), "nothing is owed to it yet"
    for _ in range(2):
        assert (await face.ask(path, "POST")).status == 200
        assert state(store) == "active"
    assert [each.id for each in store.read_now(subscriptions.followers)].count(id_) == 1
    await face.app.ticks.confirm()
    assert len(mails(store)) == 1


async def test_after_a_week_it_is_too_late_and_nobody_is_reminded(face: Face) -> None:
    store = face.app.rooms.store
    id_ = store.write_now(invite)
    await face.app.ticks.confirm()
    path = path_in(mails(store)[0])

    def age(session: Session) -> None:
        row = session.get_one(SubscriptionRow, id_)
        assert row.invited_at is not None
        row.invited_at -= timedelta(days=7)
        session.add(row)

    store.write_now(age)
    for method in ("GET", "POST"):
        assert (await face.ask(path, method)).status == 404
    assert state(store) == "pending"
    await face.app.ticks.confirm()
    assert (state(store), store.read_now(subscriptions.subscriber, "cyd-digest").stop_reason) == (
        "stopped",
        "its reader did not confirm it within 7 days",
    )
    assert (await face.ask(path, "POST")).status == 404
    assert len(mails(store)) == 1


async def test_whoever_does_not_want_it_can_say_so(face: Face) -> None:
    store = face.app.rooms.store
    store.write_now(invite)
    await face.app.ticks.confirm()
    (mail,) = mails(store)
    header = message_from_bytes(mail.message)["List-Unsubscribe"]
    unsubscribe = header.strip("<>").removeprefix("https://me.test")
    assert (await face.ask(unsubscribe, "POST", b"List-Unsubscribe=One-Click")).status == 200
    assert state(store) == "stopped"
    assert (await face.ask(path_in(mail), "POST")).status == 404


async def test_where_nobody_could_answer_nobody_is_asked_and_the_log_says_what_to_set(
    tmp_path: Path, migrated: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        store=StoreSettings(migrated(tmp_path / "c.db")),
        mail=MailSettings(folder=tmp_path / "mail", sender="desk@example.org"),
        workers=WorkerSettings(processes=1),
    )
    async with open_app(Config(settings)) as app:
        app.rooms.store.write_now(invite)
        await app.ticks.confirm()
        await app.ticks.confirm()
        assert mails(app.rooms.store) == []
    told = capsys.readouterr().out
    assert told.count("subscriptions.waiting") == 1
    assert "public_base_url" in told
    assert "[web] port" in told
    assert replace(settings, public_base_url="https://me.test").web.port == 0


@pytest.mark.parametrize("language", ["en", "fr", "de", "fa", "fa-IR", "xx"])
def test_the_mail_in_each_language(language: str) -> None:
    link = "https://me.test/c/abc"
    letter = render_confirmation(instance="Press <&>", what="ana", rules=("Iran", "<b>"), language=language, link=link)
    assert link in letter.text
    assert f'href="{link}"' in letter.html
    assert "Press <&>" in letter.text
    assert "<b>" not in letter.html
    assert ('dir="rtl"' in letter.html) == language.startswith("fa")
    assert "{" not in letter.subject + letter.text
    assert "7" in letter.text or "۷" in letter.text
