"""What comes back by mail: believed with proof only, done once, never answered."""

from __future__ import annotations

import mailbox
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from aggregator.config.settings import Settings
from aggregator.errors import ConfigError
from aggregator.model.delivery import DeliveryKind, Letter, Recipient
from aggregator.notify.bounces import ReportKind, read_report
from aggregator.notify.links import Links, Purpose, bounce_sender
from aggregator.pipeline.bounces import BounceReport, read_mailbox, take_bounce
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import secret_of
from aggregator.store import Store, deliveries, outbox
from aggregator.store.tables import DeliveryRow, DigestRow, RecipientRow, SubscriptionRow
from tests.delivery.conftest import NOW
from tests.delivery.returned import complaint, dsn, vacation, wish

DAY = timedelta(days=1)
ANA = Recipient("ana", "ana@example.org")


class Post:
    """Messages that went to Ana, and what comes back of them."""

    def __init__(self, store: Store, settings: Settings, secret: bytes) -> None:
        self.store, self.settings, self.secret = store, settings, secret
        self.links = Links(settings.public_base_url or "", secret)

    def send(self, key: str, kind: DeliveryKind = DeliveryKind.DIGEST) -> int:
        subscription = (1, "ana") if kind is DeliveryKind.DIGEST else None
        mail = seal(
            self.settings, Letter(key, "text", "<p>x</p>"), ANA, 1, kind=kind, key=key, now=NOW, links=self.links,
            subscription=subscription,
        )  # fmt: skip

        def put(session: Session) -> int:
            made = outbox.enqueue(session, mail, NOW)
            assert made is not None
            if kind is DeliveryKind.DIGEST:
                day = date(2026, 3, 2) + timedelta(days=made)
                at = NOW
                digest = DigestRow(
                    subscription_id=1,
                    slot_day=day,
                    slot_time=at.time(),
                    due_at=at,
                    window_start=at,
                    window_end=at,
                    state="queued",
                )
                session.add(digest)
                session.flush()
                session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == made).values(digest_id=digest.id))
            return made

        return self.store.write_now(put)

    def envelope(self, delivery: int) -> str:
        return bounce_sender("bounce@example.org", self.secret, delivery)

    def headers(self, delivery: int) -> str:
        return self.store.read_now(deliveries.record, delivery).message.partition(b"\r\n\r\n")[0].decode()

    async def take(self, raw: bytes, at: datetime = NOW, recipient: str = "") -> BounceReport:
        return await take_bounce(self.store, self.settings, raw, at, recipient)

    def state(self) -> tuple[str, str, str]:
        """Why Ana's mail rests, why her digest is stopped, why her alerts are."""

        def unit(session: Session) -> tuple[str, str, str]:
            reader, subscription = session.get_one(RecipientRow, 1), session.get_one(SubscriptionRow, 1)
            return reader.suppressed, subscription.stop_reason, reader.alerts_stopped

        return self.store.read_now(unit)


@pytest.fixture
async def post(store: Store, settings: Settings) -> Post:
    return Post(store, settings, await secret_of(store, NOW))


CALM = ("", "", "")


async def test_one_hard_bounce_makes_mail_rest_and_the_record_says_so(post: Post) -> None:
    sent = post.send("digest:1")
    raw = dsn(f"<{post.envelope(sent)}>")
    assert (await post.take(raw)).done == f"delivery {sent}: mail to ana rests from now on"
    assert post.state()[0] == "bounced: 5.1.1 550 5.1.1 no such user"
    assert (await post.take(raw)).done == f"delivery {sent}: known already"
    (back,) = post.store.read_now(deliveries.record, sent).returned
    assert (back.kind, back.at) == ("hard", NOW)


@pytest.mark.parametrize("how", ["delivered to", "returned path", "archive link", "headers only"])
async def test_the_proof_may_stand_in_several_places(post: Post, how: str) -> None:
    sent = post.send("digest:1")
    match how:
        case "delivered to":
            report = await post.take(dsn(), recipient=post.envelope(sent).upper())
        case "returned path":
            report = await post.take(dsn(envelope=f"<{post.envelope(sent)}>"))
        case "archive link":
            report = await post.take(dsn(headers=post.headers(sent)))
        case _:
            report = await post.take(dsn(headers=post.headers(sent), kind="text/rfc822-headers"))
    assert report.done == f"delivery {sent}: mail to ana rests from now on"


async def test_three_soft_ones_of_different_mails_in_a_week(post: Post) -> None:
    sent = [post.send(f"digest:{number}") for number in range(5)]
    passing = ["4.4.7", "5.2.2", "4.2.1", "4.4.7", "4.4.7"]
    days = [0, 1, 9, 10, 11]
    told = []
    for delivery, status, day in zip(sent, passing, days, strict=True):
        for copy in range(2):
            raw = dsn(f"<{post.envelope(delivery)}>", status, said=f"try {copy}")
            told.append((await post.take(raw, NOW + day * DAY)).done.partition(": ")[2])
    assert told == ["written down: it may be passing"] * 8 + ["mail to ana rests from now on"] * 2


async def test_what_is_only_late_or_arrived_is_no_bounce(post: Post) -> None:
    sent = post.send("digest:1")
    for action in ("delayed", "delivered", "relayed", "expanded"):
        report = await post.take(dsn(f"<{post.envelope(sent)}>", "4.4.1", action))
        assert (report.kind, report.detail.startswith(action)) == ("nothing", True)
    assert post.state() == CALM


async def test_a_complaint_ends_what_it_is_about(post: Post) -> None:
    digest, alert = post.send("digest:1"), post.send("alert:1", DeliveryKind.ALERT)
    assert (await post.take(complaint(envelope=post.envelope(digest)))).done == f"delivery {digest}: the subscription is stopped"
    assert post.state() == ("", "complaint: abuse", "")
    done = (await post.take(complaint(headers=post.headers(alert)))).done
    assert done == f"delivery {alert}: its reader gets no alerts any more"
    assert post.state() == ("", "complaint: abuse", "complaint: abuse")


async def test_a_complaint_about_another_mail_leaves_the_alerts_alone(post: Post) -> None:
    notice, gone = post.send("channel:1", DeliveryKind.NOTICE), post.send("confirm:99", DeliveryKind.CONFIRMATION)
    done = [(await post.take(complaint(envelope=post.envelope(each)))).done.partition(": ")[2] for each in (notice, gone)]
    assert done == [
        "written down: a notice is part of no subscription",
        "written down: its subscription is not there any more",
    ]
    assert post.state() == CALM
    invitation = post.send("confirm:1", DeliveryKind.CONFIRMATION)
    done = [(await post.take(complaint(envelope=post.envelope(invitation)))).done]
    assert done == [f"delivery {invitation}: the subscription is stopped"]
    assert post.state() == ("", "complaint: abuse", "")


async def test_a_wish_to_unsubscribe_needs_its_token(post: Post) -> None:
    path = post.links.url(Purpose.UNSUBSCRIBE, 1).rsplit("/", 2)
    token = path[2]
    for subject in (
        "unsubscribe",
        "unsubscribe u/",
        f"unsubscribe u/{token}A",
        f"unsubscribe v/{token}",
        f"please unsubscribe u/{token}",
    ):
        await post.take(wish(subject))
        assert post.state() == CALM, subject
    assert (await post.take(wish(f"Re: Unsubscribe u/{token}"))).done == "subscription 1 is stopped"
    token = post.links.url(Purpose.NO_ALERTS, 1).rsplit("/", 1)[1]
    await post.take(wish(f"unsubscribe n/{token}"))
    assert post.state() == ("", "unsubscribed by mail", "unsubscribed by mail")


async def test_whoever_has_no_proof_does_nothing(post: Post) -> None:
    sent = post.send("digest:1")
    tag = post.envelope(sent).partition(".")[2]
    other = Links("https://monitor.example.org", b"another")
    message_id = post.store.read_now(deliveries.record, sent).message_id
    for raw in (
        dsn(),
        dsn(f"bounce+{sent}.aaaaaaaa@example.org"),
        dsn(f"bounce+{sent + 1}.{tag}"),
        dsn(f"bounce+{sent}.{tag.replace('example.org', 'example.net')}"),
        dsn(headers=f"Message-ID: {message_id}\nTo: ana@example.org"),
        dsn(headers=f"List-Archive: <{other.url(Purpose.VIEW, 1)}>"),
        complaint(),
        complaint(envelope="desk@example.org", headers=f"Message-ID: {message_id}"),
    ):
        assert (await post.take(raw)).done == "it does not prove that it is about a mail of ours: ignored"
    assert post.state() == CALM


async def test_a_bounce_of_an_old_address_says_nothing_of_the_new_one(post: Post) -> None:
    sent = post.send("digest:1")

    def move(session: Session) -> None:
        row = session.get_one(RecipientRow, 1)
        row.spec = row.spec | {"address": "ana@example.net"}
        session.add(row)

    post.store.write_now(move)
    assert "another address now" in (await post.take(dsn(f"<{post.envelope(sent)}>"))).done
    assert post.state() == CALM


async def test_other_mails_are_left_alone_with_a_word(post: Post) -> None:
    sent = post.send("digest:1")
    reply = await post.take(vacation(post.envelope(sent)))
    assert (reply.kind, reply.detail) == ("nothing", "an automatic reply")
    for raw in (b"", b"\x00\xff" * 500, b"Subject: hello\n\nDear desk", post.store.read_now(deliveries.record, sent).message):
        assert (await post.take(raw)).kind == "nothing"
    assert post.state() == CALM


def test_hostile_reports_are_read_in_peace() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(3000))
    assert read_report(deep).kind is ReportKind.NOTHING
    rng, whole = random.Random(5), dsn()
    for _ in range(500):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 30)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        report = read_report(bytes(raw[: rng.randint(1, len(raw))]))
        assert report.detail.isprintable()
        assert len(report.detail) <= 200
    assert len(read_report(dsn(said="x" * 100_000)).detail) <= 200


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (dsn(headers="List-Archive: " + "<http://" * 100_000), "5.1.1 550 5.1.1 no such user"),
        (dsn(envelope="a" * 200_000), "5.1.1 550 5.1.1 no such user"),
        (b'Content-Type: multipart/mixed; a="' + b";" * 2_000_000 + b"\n\nx", "no report of a mail system"),
        (dsn().replace(b"I could", b"Content-Type: message/rfc822\n" * 30), "nested too deeply to be read"),
    ],
    ids=["links", "addresses", "parameters", "levels"],
)
def test_what_would_be_read_for_minutes_is_cut(raw: bytes, detail: str) -> None:
    assert read_report(raw).detail == detail


def test_only_links_of_a_sane_length_are_read() -> None:
    for length, links in ((400, (("v", "token"),)), (600, ())):
        assert read_report(dsn(headers=f"List-Archive: <https://example.org/{'x' * length}/v/token>")).links == links


BROKEN_CHARSETS = ["charset*=utf-8''x", 'charset="a\x00b"', "charset=idna", "charset=punycode"]


@pytest.mark.parametrize("charset", BROKEN_CHARSETS)
def test_a_broken_charset_takes_the_returned_headers_alone(charset: str) -> None:
    raw = dsn("bounce+1.aaaaaaaa@example.org", headers="X: \xe9", kind=f"text/rfc822-headers; {charset}")
    report = read_report(raw.replace(b"\xc3\xa9", b"\xe9"))
    assert (report.kind, report.senders, report.links) == (ReportKind.HARD, ("bounce+1.aaaaaaaa@example.org",), ())


Fill = Callable[[Path, list[bytes]], None]


def into_maildir(path: Path, mails: list[bytes]) -> None:
    box = mailbox.Maildir(path)
    for raw in mails:
        box.add(raw)


def into_mbox(path: Path, mails: list[bytes]) -> None:
    box = mailbox.mbox(path)
    for raw in mails:
        box.add(raw)
    box.close()


@pytest.mark.parametrize("fill", [into_maildir, into_mbox])
async def test_a_mailbox_is_read_once(post: Post, tmp_path: Path, fill: Fill) -> None:
    sent = post.send("digest:1")
    fill(tmp_path / "box", [vacation("x@example.org"), dsn(f"<{post.envelope(sent)}>"), wish("hello")])
    settings = replace(post.settings, mail=replace(post.settings.mail, bounce_mailbox=str(tmp_path / "box")))
    kinds = [report.kind async for report in read_mailbox(post.store, settings, NOW)]
    assert sorted(kinds) == ["hard", "nothing", "nothing"]
    assert post.state()[0].startswith("bounced: 5.1.1")
    assert [report async for report in read_mailbox(post.store, settings, NOW)] == []


@pytest.mark.parametrize("fill", [into_maildir, into_mbox])
async def test_a_broken_mail_does_not_stand_in_the_way_of_the_next(post: Post, tmp_path: Path, fill: Fill) -> None:
    sent = post.send("digest:1")
    broken = [dsn(headers="X: \xe9", kind=f"text/rfc822-headers; {charset}") for charset in BROKEN_CHARSETS]
    fill(tmp_path / "box", [*broken, b'Content-Type: multipart/x; boundary*="a\n\nb', dsn(f"<{post.envelope(sent)}>")])
    settings = replace(post.settings, mail=replace(post.settings.mail, bounce_mailbox=str(tmp_path / "box")))
    assert len([report async for report in read_mailbox(post.store, settings, NOW)]) == 6
    assert post.state()[0].startswith("bounced: 5.1.1")
    assert [report async for report in read_mailbox(post.store, settings, NOW)] == []


async def test_a_mail_that_goes_away_under_our_hands_is_an_error_of_the_mailbox(post: Post, tmp_path: Path) -> None:
    into_maildir(tmp_path / "box", [wish("hello"), wish("hello")])
    settings = replace(post.settings, mail=replace(post.settings.mail, bounce_mailbox=str(tmp_path / "box")))

    async def read() -> None:
        async for _ in read_mailbox(post.store, settings, NOW):
            for each in (tmp_path / "box" / "new").iterdir():
                each.unlink()

    with pytest.raises(ConfigError) as caught:
        await read()
    assert caught.value.key == "mail.bounce_mailbox"


async def test_a_mailbox_that_is_not_there_is_an_error_of_the_configuration(post: Post, tmp_path: Path) -> None:
    for where in ("", str(tmp_path / "none"), "imaps://bounce@127.0.0.1:9/INBOX"):
        settings = replace(post.settings, mail=replace(post.settings.mail, bounce_mailbox=where, timeout=5.0))
        with pytest.raises(ConfigError) as caught:
            _ = [report async for report in read_mailbox(post.store, settings, NOW)]
        assert caught.value.key == "mail.bounce_mailbox"
