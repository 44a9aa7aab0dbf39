"""Spikes and silences in a living service: told once, by mail and in the digest, and never for what is our own fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Entity, RuleSpec
from aggregator.pipeline.volumes import watch_volumes
from aggregator.store.tables import AnomalyRow, ArticleRow, FetchRow, MentionRow, SourceRow, StoryRow, TextGroupRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_numbers: Iterator[int] = count(1)


def _live(session: Session, since: datetime, until: datetime, daily: int, *, polls: bool = True) -> None:
    """Days as they would have been: so many articles a day from the one source, and a poll an hour."""
    source = session.get_one(SourceRow, 1)
    source.baseline_at = min(source.baseline_at or since, since)
    session.add(source)
    step = DAY / max(daily, 1)
    at = since
    while at < until and daily:
        number = next(_numbers)
        for table, values in (
            (StoryRow, {"created_at": at, "newest_at": at, "vector": b"", "texts": 0, "open": False, "language": ""}),
            (TextGroupRow, {"created_at": at, "language": "", "placed_by": "first", "score": 0.0, "words": [], "vector": b""}),
        ):
            values |= {"id": 10_000 + number}
            if table is TextGroupRow:
                values |= {"story_id": 10_000 + number}
            session.execute(insert(table).values(**values))
        session.execute(
            insert(ArticleRow).values(
                source_id=1, story_id=10_000 + number, group_id=10_000 + number, url=f"http://x.test/{number}", title="Old news",
                text="Old news of the day.", text_origin="page", text_hash=f"h{number}", first_seen_at=at, match_due=False,
                words=5, baseline=False, authors=[], tags=[], date_evidence=[], sketch=[],
            )
        )  # fmt: skip
        at += step
    at = since
    while at < until and polls:
        session.execute(insert(FetchRow).values(source_id=1, at=at, outcome="not_modified"))
        at += HOUR


async def _begin(app: App, clock: Any, daily: int) -> None:
    await app.settle()
    app.rooms.store.write_now(_live, clock.at - 20 * DAY, clock.at, daily)


async def test_a_source_that_falls_silent_is_told_once_by_mail_and_in_the_digest(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    people = [
        Recipient("ana", "ana@example.org", digest_at=time(7), send_empty=True),
        Recipient("ben", "ben@example.org", digest_at=time(7), alerts=False),
    ]
    async with open_app(desk(site.source(), relay=relay, people=people), clock=clock) as app:
        await _begin(app, clock, 14)
        for _ in range(33):
            clock.at += HOUR
            await app.settle()
        (row,) = rows(app, AnomalyRow)
        assert (row.subject, row.slug, row.kind, row.count, row.usual, row.state) == ("source", "site", "silence", 0, 14, "sent")
        assert row.seen_at - row.began_at >= 5 * HOUR
        alerts = [text for text in relay.texts("ana@example.org") if "alert of" in text]
        assert len(alerts) == 1
        assert alerts[0].startswith("[aggregator] SILENCE Site: 0 articles, expected 14")
        assert "0 articles in the 24 hours to" in alerts[0]
        digests = [text for text in relay.texts("ana@example.org") if "digest of" in text]
        assert [("Sources that have fallen silent" in text, "expected 14 ±" in text) for text in digests[-1:]] == [(True, True)]
        (only,) = relay.texts("ben@example.org")  # a day without matches is none without news
        assert only.startswith("[aggregator] SILENCE Site: 0 articles, expected 14 — "), only
        assert "digest of" in only
        assert "expected 14" in only


async def test_a_spike_of_a_rule_and_an_entity_is_told_to_who_follows_it(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    people = [Recipient("ana", "ana@example.org", rules=("oak",)), Recipient("ben", "ben@example.org", digest=False)]
    config = desk(site.source(), relay=relay, people=people, rules=[RuleSpec("oak", "Sorrelwood", "sorrelwood")])
    config = Config(
        config.settings, config.sources, (Entity("wood", "The wood", ("sorrelwood",)),), config.rules, config.recipients
    )
    async with open_app(config, clock=clock) as app:
        await _begin(app, clock, 14)
        app.rooms.store.write_now(_age, clock.at - 20 * DAY)
        for number in range(12):
            site.publish(f"tale{number}", "sorrelwood")
        clock.at += HOUR
        await app.settle()
        clock.at += HOUR
        await app.settle()
        assert {(row.subject, row.slug, row.kind, row.count) for row in rows(app, AnomalyRow)} == {
            ("rule", "oak", "spike", 12), ("entity", "wood", "spike", 12),
        }  # fmt: skip
        assert len(rows(app, MentionRow)) == 12
        (ana,) = relay.texts("ana@example.org")
        assert "SPIKE Sorrelwood: 12 articles, usually 0" in ana
        assert "The wood" not in ana
        (ben,) = relay.texts("ben@example.org")
        assert "The wood" in ben


def _age(session: Session, at: datetime) -> None:
    """Rules and entities that are there since then."""
    for table in ("rule", "entity"):
        session.connection().exec_driver_sql(f"UPDATE {table} SET created_at = ?", (at.strftime("%Y-%m-%d %H:%M:%S.%f"),))


@pytest.mark.parametrize("switch", ["away", "off"])
async def test_our_own_absence_is_nobodys_silence(clock: Any, site: Any, desk: Desk, rows: Rows, switch: str) -> None:
    config = desk(site.source())
    if switch == "off":
        alerts = type(config.settings.alerts)(volumes=False)
        config = desk(site.source(), alerts=alerts)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        app.rooms.store.write_now(_live, clock.at - 21 * DAY, clock.at - DAY, 14)
        if switch == "off":
            app.rooms.store.write_now(_live, clock.at - DAY, clock.at, 0)
        assert (await watch_volumes(app.rooms)).found == 0
        assert rows(app, AnomalyRow) == []
        app.rooms.store.write_now(_live, clock.at - DAY, clock.at, 0)
        assert (await watch_volumes(app.rooms)).found == (switch == "away")  # we were there after all
