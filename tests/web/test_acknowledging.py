"""Links of alerts: a look changes nothing, the button acknowledges or keeps quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from aggregator.model.delivery import DeliveryKind, Letter
from aggregator.model.rule import Priority
from aggregator.notify.links import Links, Purpose
from aggregator.pipeline.letters import seal
from aggregator.pipeline.linking import links_of
from aggregator.store import alerts, notices, snoozes
from aggregator.store.alerts import NewNotice, Reader
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    DeliveryRow,
    MatchRow,
    RuleRow,
    StoryRow,
    TextGroupRow,
)
from tests.web.visiting import Face

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _match(session: Session) -> None:
    session.add(StoryRow(id=7, created_at=NOW, newest_at=NOW))
    session.add(RuleRow(id=1, slug="fire", spec={}, created_at=NOW))
    session.flush()
    session.add(TextGroupRow(id=9, story_id=7, created_at=NOW, words=[]))
    session.flush()
    session.add(
        ArticleRow(
            id=5, source_id=1, story_id=7, group_id=9, url="http://x.test/", title="T", text="t", text_origin="page",
            text_hash="h", authors=[], tags=[], other_languages=[], date_evidence=[], sketch=[], first_seen_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    session.add(MatchRow(id=3, rule_id=1, rule_version=1, article_id=5, revision=1, spans=[], aliases=[], matched_at=NOW))
    session.flush()
    for reader in (1, 2):
        session.add(
            AlertRow(
                id=reader, recipient_id=reader, match_id=3, lane="now", priority="high", state="waiting", created_at=NOW,
                due_at=NOW,
            )
        )  # fmt: skip
    session.flush()


async def _alerted(face: Face, reader: int) -> tuple[int, Links]:
    """An alert to the reader, about article 5 of story 7. Returns the number in its links."""
    rooms = face.app.rooms
    if reader == 1 or not rooms.store.read_now(lambda session: session.exec(select(MatchRow)).all()):
        rooms.store.write_now(_match)
    person = rooms.active.config.recipients[reader - 1]
    links = await links_of(rooms.store, rooms.active.config.settings, NOW)
    assert links is not None
    letter = Letter("Alert!", "text", "<p>html</p>")
    mail = seal(
        rooms.active.config.settings, letter, person, reader, kind=DeliveryKind.ALERT, key=f"alert:{reader}:1", now=NOW,
        links=links,
    )  # fmt: skip
    notice = NewNotice("alert", Priority.HIGH, mail, (reader,), rule="fire", escalate_at=NOW + timedelta(minutes=5))
    rooms.store.write_now(alerts.dispatch, Reader(reader, person.slug, "", 0, False), (), [notice], NOW)  # noqa: FBT003
    (number,) = rooms.store.read_now(
        lambda session: session.exec(select(DeliveryRow.number).where(DeliveryRow.key == f"alert:{reader}:1")).all()
    )
    assert number is not None
    return number, links


def _path(links: Links, purpose: Purpose, number: int) -> str:
    return links.url(purpose, number).removeprefix("https://me.test")


@pytest.mark.parametrize(("reader", "word"), [(1, "Thank you"), (2, "سپاس")])
async def test_a_look_changes_nothing_and_the_button_acknowledges(face: Face, reader: int, word: str) -> None:
    number, links = await _alerted(face, reader)
    path, store = _path(links, Purpose.ACKNOWLEDGE, number), face.app.rooms.store
    page = await face.ask(path)
    assert (page.status, "Alert!" in page.body, "<button>" in page.body) == (200, True, True)
    (line,) = store.read_now(notices.listing, 10)
    assert line.acknowledged_at is None
    done = await face.ask(path, "POST", b"List-Unsubscribe=One-Click")
    assert (done.status, word in done.body, "<button>" in done.body) == (200, True, False)
    (line,) = store.read_now(notices.listing, 10)
    assert (line.acknowledged_by, line.acknowledged_at is not None) == (("ana", "reza")[reader - 1], True)
    assert store.read_now(notices.unanswered, NOW + timedelta(days=9000)) == []


async def test_the_button_of_the_other_page_keeps_the_stories_quiet_for_a_day(face: Face) -> None:
    number, links = await _alerted(face, 1)
    path, store = _path(links, Purpose.SNOOZE, number), face.app.rooms.store
    assert (await face.ask(path)).status == 200
    assert store.read_now(snoozes.listing, NOW) == []
    for _ in range(2):
        assert "until" in (await face.ask(path, "POST")).body
    (line,) = store.read_now(snoozes.listing, NOW)
    assert (line.story, line.recipient, line.rule) == (7, "ana", "")


async def test_a_link_of_another_purpose_or_another_alert_leads_nowhere(face: Face) -> None:
    number, links = await _alerted(face, 1)
    token = _path(links, Purpose.SNOOZE, number).rpartition("/")[2]
    for path in (f"/a/{token}", "/a/x", _path(links, Purpose.ACKNOWLEDGE, number + 1), _path(links, Purpose.SNOOZE, 5)):
        for method in ("GET", "POST"):
            assert (await face.ask(path, method)).status == 404
    assert face.app.rooms.store.read_now(notices.listing, 10)[0].acknowledged_at is None
