"""Links of mails as readers, mail programs and scanners call them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser

from sqlmodel import Session, select

from aggregator.letter.english import ENGLISH
from aggregator.model.delivery import DeliveryKind, Letter
from aggregator.notify.links import Links, Purpose
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import links_of
from aggregator.store import outbox, subscriptions
from aggregator.store.registry import registered
from aggregator.store.tables import DeliveryRow, RecipientRow, SubscriptionRow
from tests.web.visiting import Answer, Face

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GUARDED = {
    "cache-control": "no-store",
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}
ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
HTML = "<!doctype html>\n<p>Déjà vu — سلام <a href='https://wire.test/a'>x</a></p>\n"


async def made(face: Face) -> Links:
    rooms = face.app.rooms
    links = await links_of(rooms.store, rooms.active.config.settings, NOW)
    assert links is not None
    return links


async def path_to(face: Face, purpose: Purpose, number: int) -> str:
    return (await made(face)).url(purpose, number).removeprefix("https://me.test")


def stopped(face: Face) -> dict[str, str]:
    """Why what is stopped is stopped: subscriptions by their slug, alerts by their reader's with an exclamation mark."""

    def unit(session: Session) -> dict[str, str]:
        found = {row.slug: row.stop_reason for row in session.exec(select(SubscriptionRow)) if row.state == "stopped"}
        return found | {f"{row.slug}!": row.alerts_stopped for row in session.exec(select(RecipientRow)) if row.alerts_stopped}

    return face.app.rooms.store.read_now(unit)


class Page(HTMLParser):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(answer.body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def guarded(answer: Answer) -> None:
    assert GUARDED.items() <= answer.headers.items()
    assert not {"set-cookie", "location"} & set(answer.headers)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not Page(answer).all("script")


async def test_whoever_opens_a_link_changes_nothing_and_is_offered_a_button(face: Face) -> None:
    path = await path_to(face, Purpose.UNSUBSCRIBE, 1)
    for _ in range(3):
        answer = await face.ask(path)
        assert answer.status == 200
        guarded(answer)
        assert "Stop “ana” from Press &lt;&amp;&gt; Co?" in answer.body
        page = Page(answer)
        assert page.all("form") == [{"method": "post"}], "to its own address, whatever that is called outside"
        assert page.all("input") == [{"type": "hidden", "name": "List-Unsubscribe", "value": "One-Click"}]
        assert {"name": "robots", "content": "noindex,nofollow"} in page.all("meta")
    assert stopped(face) == {}


async def test_a_post_ends_it_without_a_cookie_whoever_sends_it_in_whatever_form_and_however_often(face: Face) -> None:
    path = await path_to(face, Purpose.UNSUBSCRIBE, 1)
    for body, kind in (
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=b"),
        (b"", "text/plain"),
    ):
        answer = await face.ask(path, "POST", body, Content_Type=kind)
        assert answer.status == 200
        guarded(answer)
        assert "will not be sent to you any more" in answer.body
        assert not Page(answer).all("form")
        assert stopped(face) == {"ana": "unsubscribed by link"}


async def test_the_link_of_an_alert_ends_alerts_and_not_the_digest(face: Face) -> None:
    path = await path_to(face, Purpose.NO_ALERTS, 1)
    assert "Stop “alerts” from" in (await face.ask(path)).body
    assert stopped(face) == {}
    assert (await face.ask(path, "POST", ONE_CLICK)).status == 200
    assert stopped(face) == {"ana!": "unsubscribed by link"}
    assert face.app.rooms.store.read_now(registered).unalerted == {"ana"}


async def test_a_pause_lasts_a_week_and_what_is_stopped_cannot_be_paused(face: Face) -> None:
    path = await path_to(face, Purpose.PAUSE, 1)
    answer = await face.ask(path, "POST")
    until = face.app.rooms.store.read_now(subscriptions.subscriber, "ana").paused_until
    assert until is not None
    assert timedelta(days=6, hours=23) < until - datetime.now(UTC) <= timedelta(days=7)
    assert f"pauses until {ENGLISH.full_day(until.date())}" in answer.body
    await face.ask(await path_to(face, Purpose.UNSUBSCRIBE, 1), "POST", ONE_CLICK)
    answer = await face.ask(path, "POST")
    assert (answer.status, "not any more" in answer.body) == (200, True)
    assert list(stopped(face)) == ["ana"]


async def test_the_page_speaks_the_readers_language(face: Face) -> None:
    answer = await face.ask(await path_to(face, Purpose.UNSUBSCRIBE, 2))
    assert '<html lang="fa" dir="rtl">' in answer.body
    assert "لغو اشتراک" in answer.body


async def test_a_link_that_is_not_ours_is_not_found_and_does_nothing(face: Face) -> None:
    path = await path_to(face, Purpose.UNSUBSCRIBE, 1)
    token = path.rpartition("/")[2]
    other = Links("https://me.test", b"another instance").url(Purpose.UNSUBSCRIBE, 1).removeprefix("https://me.test")
    unknown = await path_to(face, Purpose.UNSUBSCRIBE, 999)
    view = await path_to(face, Purpose.VIEW, 1)
    for bad in (
        path[:-1],
        path + "A",
        f"/u/{token.swapcase()}",
        other,
        unknown,
        view.replace("/v/", "/u/"),
        "/u/%00",
        "/u/" + "a" * 5000,
    ):
        for method in ("GET", "POST"):
            answer = await face.ask(bad, method)
            assert answer.status == 404, bad
            guarded(answer)
    assert (await face.ask(view)).status == 404
    assert stopped(face) == {}


async def test_the_web_view_is_the_mail_as_it_was_sent_and_is_trusted_with_nothing(face: Face) -> None:
    rooms = face.app.rooms
    config, links = rooms.active.config, await made(face)
    mail = seal(
        config.settings,
        Letter("Déjà vu", "x", HTML),
        config.recipients[0],
        1,
        subscription=(1, "ana"),
        kind=DeliveryKind.DIGEST,
        key="digest:1:2026-03-02:070000",
        now=NOW,
        links=links,
    )
    rooms.store.write_now(outbox.enqueue, mail, NOW)
    message = message_from_bytes(mail.message, policy=policy.default)
    archive = str(message["List-Archive"]).strip("<>").removeprefix("https://me.test")
    assert message["List-Unsubscribe"] == f"<{links.url(Purpose.UNSUBSCRIBE, 1)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    answer = await face.ask(archive)
    assert (answer.status, answer.body) == (200, HTML)
    assert GUARDED.items() <= answer.headers.items()
    policy_ = answer.headers["content-security-policy"]
    assert "sandbox" in policy_
    assert "allow-scripts" not in policy_
    assert "form-action 'none'" in policy_
    assert (await face.ask(archive, "POST")).status == 405

    def forget(session: Session) -> None:
        row = session.exec(select(DeliveryRow)).one()
        row.message = b""
        session.add(row)

    rooms.store.write_now(forget)
    assert (await face.ask(archive)).status == 410


async def test_the_secret_is_made_once_and_stays(face: Face) -> None:
    first, second = await made(face), await made(face)
    assert first.url(Purpose.VIEW, 1) == second.url(Purpose.VIEW, 1)
