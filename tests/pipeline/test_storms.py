"""A flood of matches is one mail, and streams of them are accounted for in the tables, on both databases."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlmodel import Session, select

from aggregator.app import App, open_app
from aggregator.config.settings import AlertSettings, Config, StoreSettings
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, Match, Priority, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.pipeline.alert import send_alerts
from aggregator.store import articles
from aggregator.store.matches import store_matches
from aggregator.store.tables import (
    AlertRow,
    AnomalyRow,
    ArticleRow,
    DeliveryRow,
    DigestItemRow,
    MatchRow,
    NoticeRow,
    StoryRow,
    SubscriptionRow,
    TextGroupRow,
)

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]
HOUR = timedelta(hours=1)
SOURCE = SourceSpec("site", "http://127.0.0.1:9/feed", name="Site", enabled=False)
FIRE = RuleSpec("fire", "Fire", "fire", Lane.NOW)


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, desk: Desk) -> Callable[..., Config]:
    """``desk`` on either database, with a source that is not polled."""

    def make(**values: Any) -> Config:
        made = desk(SOURCE, replace(SOURCE, slug="two", url="http://127.0.0.1:9/two"), **values)
        if request.param == "postgresql":
            url = str(request.getfixturevalue("postgres_url"))
            made = replace(made, settings=replace(made.settings, store=StoreSettings(url)))
        return made

    return make


def _publish(app: App, now: datetime, stories: list[int | None], rules: list[str], source: int = 1, where: str = "") -> list[int]:
    """Articles, each of a story of its own (None) or one that is there, found by every one of these rules.

    ``where`` is what their addresses begin with.
    """

    def put(session: Session) -> list[int]:
        ids = []
        for story in stories:
            if story is None:
                row = StoryRow(created_at=now, newest_at=now)
                session.add(row)
                session.flush()
                story = row.id
            text = TextGroupRow(story_id=story or 0, created_at=now, words=[])
            session.add(text)
            session.flush()
            url = f"http://x.test/{where}{text.id}"
            article = ArticleRow(
                source_id=source, story_id=story or 0, group_id=text.id, url=url, title=f"T {text.id}",
                text="fire", text_origin="page", text_hash=str(text.id), authors=[], tags=[], other_languages=[],
                date_evidence=[], sketch=[], first_seen_at=now, match_due=False,
            )  # fmt: skip
            session.add(article)
            session.flush()
            ids.append(article.id or 0)
        return ids

    store = app.rooms.store
    ids = store.write_now(put)
    found = store.read_now(articles.articles_by_id, ids)
    hits = [(found[id_], [Match(rule, (), ()) for rule in rules]) for id_ in ids]
    store.write_now(store_matches, hits, app.rooms.active.watch, now)
    return ids


def _headlines(delivery: DeliveryRow) -> set[str]:
    body = message_from_bytes(delivery.message, policy=policy.default).get_body(("plain",))
    assert body is not None
    return set(re.findall(r"^- (T [0-9]+)", body.get_content(), re.MULTILINE))


async def test_five_hundred_matches_in_five_minutes_are_one_mail(clock: Any, config: Any, rows: Rows) -> None:
    async with open_app(config(rules=[FIRE]), clock=clock) as app:
        for _ in range(100):
            clock.at += timedelta(seconds=3)
            _publish(app, clock.at, [None] * 5, ["fire"])
            await send_alerts(app.rooms)
        clock.at += timedelta(minutes=5)
        await send_alerts(app.rooms)
        (mail,) = rows(app, DeliveryRow)
        assert "SPIKE Fire" in mail.subject
        assert Counter((row.state, row.why) for row in rows(app, AlertRow)) == {("suppressed", "storm"): 500}
        assert {row.notice_id for row in rows(app, AlertRow)} == {1}
        assert len(rows(app, DigestItemRow)) == 500, "the digest has them all"
        assert {(row.kind, row.state) for row in rows(app, AnomalyRow)} == {("spike", "sent")}, "and tells of the spike"
        clock.at += timedelta(minutes=30)
        _publish(app, clock.at, [None], ["fire"])
        clock.at += timedelta(minutes=1)
        await send_alerts(app.rooms)
        assert [row.kind for row in rows(app, NoticeRow)] == ["storm", "alert"], "the storm is over"


async def test_who_has_no_digest_is_told_all_of_a_storm_in_as_many_mails_as_it_takes(clock: Any, config: Any, rows: Rows) -> None:
    people = [Recipient("ben", "ben@example.org", digest=False, alerts_per_hour=3)]
    async with open_app(config(rules=[FIRE], people=people), clock=clock) as app:
        _publish(app, clock.at, [None] * 500, ["fire"], where="a-long-way-to-go/" * 20)
        for _ in range(4 * 60):
            clock.at += timedelta(minutes=1)
            await send_alerts(app.rooms)
        first, *others = rows(app, NoticeRow)
        assert ({row.kind for row in others}, {row.state for row in rows(app, AlertRow)}) == ({"alert"}, {"sent"})
        mails = {row.notice_id: set[str]() for row in rows(app, AlertRow)}
        told = dict(mails)
        titles = {row.id: row.title for row in rows(app, ArticleRow)}
        articles = {row.id: row.article_id for row in rows(app, MatchRow)}
        for row in rows(app, AlertRow):
            told[row.notice_id] = told[row.notice_id] | {titles[articles[row.match_id]]}
        for notice in others:
            (delivery,) = rows(app, DeliveryRow, DeliveryRow.id == notice.delivery_id)
            mails[notice.id] = _headlines(delivery)
        assert (first.kind, mails, sum(map(len, mails.values()))) == ("storm", told, 500)
        times = [notice.created_at for notice in others]
        assert len(times) > 2
        assert times[0].minute == 0, "at the full hour"
        assert times[1] == times[0] + timedelta(minutes=1)
        assert all(later - earlier >= HOUR for earlier, later in zip(times, times[3:], strict=False)), "his cap holds"


@pytest.mark.parametrize("digest_at", [time(6), time(12)])
async def test_each_reader_is_told_of_a_storm_once_whenever_he_may_be(
    clock: Any, config: Any, rows: Rows, digest_at: time
) -> None:
    at_night = (time(0), time(7))
    people = [
        Recipient("ana", "ana@example.org"),
        Recipient("ben", "ben@example.org", quiet=at_night, digest_at=digest_at),
        Recipient("cam", "cam@example.org", quiet=at_night, digest=False),
        Recipient("dan", "dan@example.org", alerts_per_hour=1),
    ]
    other = RuleSpec("other", "Other", "other", Lane.NOW)
    async with open_app(config(rules=[FIRE, other], people=people), clock=clock) as app:
        clock.at += timedelta(minutes=30)
        _publish(app, clock.at, [None], ["other"], source=2)
        clock.at += timedelta(minutes=1)
        await app.ticks.alert()
        for _ in range(10):
            _publish(app, clock.at, [None] * 10, ["fire"])
            clock.at += timedelta(minutes=1)
            await app.ticks.alert()
        for _ in range(12 * 4):
            clock.at += timedelta(minutes=15)
            await app.ticks.digest()
            await app.ticks.alert()
        storms = {row.recipient_id: row.created_at for row in rows(app, NoticeRow) if row.kind == "storm"}
        morning = clock.at.replace(hour=7, minute=11)
        ben = {} if digest_at == time(6) else {2: morning}
        assert {id_: at for id_, at in storms.items() if id_ not in (1, 4)} == {3: morning, **ben}, "or a digest has told it"
        assert storms[1] < clock.at.replace(hour=1, minute=0) < storms[4] < clock.at.replace(hour=2, minute=0)
        assert [row.kind for row in rows(app, NoticeRow)].count("storm") == len(storms)
        states = Counter((row.recipient_id, row.state) for row in rows(app, AlertRow) if row.state != "sent")
        assert states == {(1, "suppressed"): 88, (2, "suppressed"): 100, (4, "suppressed"): 100}, "ana had been told of twelve"
        (notice,) = rows(app, NoticeRow, NoticeRow.recipient_id == 3, NoticeRow.kind == "storm")
        (spike,) = rows(app, DeliveryRow, DeliveryRow.id == notice.delivery_id)
        body = message_from_bytes(spike.message, policy=policy.default).get_body(("plain",))
        assert body is not None
        assert "100 articles in the 24 hours to 00:51" in " ".join(body.get_content().split())
        assert "stands in your next digest" not in body.get_content()


async def test_what_is_handed_on_is_handed_on_whole(clock: Any, config: Any, rows: Rows) -> None:
    people = [Recipient("ana", "ana@example.org"), Recipient("eva", "eva@example.org", alerts=False, digest=False)]
    alarm = replace(RULES[1], alerts_per_hour=0)
    async with open_app(config(rules=[alarm], people=people), clock=clock) as app:
        _publish(app, clock.at, [None] * 300, ["alarm"], where="a-long-way-to-go/" * 20)
        for _ in range(3):
            clock.at += timedelta(minutes=15)
            await app.ticks.alert()
        first, *others = rows(app, NoticeRow)
        assert len(others) > 1
        assert {(row.kind, row.recipient_id, row.origin_id) for row in others} == {("escalation", 2, first.id)}
        told = [_headlines(rows(app, DeliveryRow, DeliveryRow.id == notice.delivery_id)[0]) for notice in others]
        assert [len(rows(app, AlertRow, AlertRow.notice_id == notice.id)) for notice in others] == list(map(len, told))
        assert (sum(map(len, told)), len(set[str]().union(*told))) == (300, 300)


async def test_five_hundred_copies_of_one_text_are_no_storm_but_one_alert(clock: Any, config: Any, rows: Rows) -> None:
    async with open_app(config(rules=[FIRE]), clock=clock) as app:
        _publish(app, clock.at, [None], ["fire"])
        for _ in range(100):
            clock.at += timedelta(seconds=3)
            _publish(app, clock.at, [1] * 5, ["fire"], source=2)
            await send_alerts(app.rooms)
        clock.at += timedelta(minutes=30)
        await send_alerts(app.rooms)
        assert [row.kind for row in rows(app, NoticeRow)] == ["alert"]
        assert Counter(row.why for row in rows(app, AlertRow) if row.state == "suppressed").keys() == {"told"}


def _usual(app: App, clock: Any) -> Iterator[int]:
    for hour in range(48):
        clock.at += HOUR
        for source in (1, 2):
            _publish(app, clock.at, [None] * 6, ["fire"], source)
        yield hour


async def test_what_is_usual_for_a_rule_is_no_storm(clock: Any, config: Any, rows: Rows) -> None:
    loud = replace(FIRE, alerts_per_hour=0)
    alerts = AlertSettings(storm_least=10)
    async with open_app(config(rules=[loud], alerts=alerts), clock=clock) as app:
        for _ in _usual(app, clock):
            await send_alerts(app.rooms)
        clock.at += HOUR
        await send_alerts(app.rooms)
        kinds = Counter(row.kind for row in rows(app, NoticeRow))
        assert kinds == {"storm": 14, "alert": 17}, "storms until its usual is known, then what came just then"


RULES = [
    FIRE,
    RuleSpec("alarm", "Alarm", "alarm", Lane.NOW, priority=Priority.HIGH, escalate=("eva",)),
    RuleSpec("faint", "Faint", "faint", Lane.NOW, priority=Priority.LOW, alerts_per_hour=2),
    RuleSpec("calm", "Calm", "calm", Lane.HOURLY),
    RuleSpec("paper", "Paper", "paper"),
]
PEOPLE = (
    Recipient("ana", "ana@example.org", timezone="Europe/Paris", quiet=(time(22), time(6, 30)), alerts_per_hour=3),
    Recipient("ben", "ben@example.org", timezone="Asia/Tehran", rules=("fire", "calm"), digest=False),
    Recipient("eva", "eva@example.org", alerts=False),
)


@pytest.mark.parametrize("seed", [1, 2])
async def test_streams_leave_one_outcome_for_each_match_and_reader(clock: Any, config: Any, rows: Rows, seed: int) -> None:
    rng = random.Random(seed)
    async with open_app(config(rules=RULES, people=PEOPLE), clock=clock) as app:
        stories: list[int | None] = [None]
        for _ in range(60):
            count = rng.choice([0, 1, 2, 3, 30 if rng.random() < 0.2 else 1])
            picked = [rng.choice([None, None, *stories]) for _ in range(count)]
            some = rng.sample([rule.slug for rule in RULES], rng.randint(1, 3))
            new = _publish(app, clock.at, picked, some, rng.choice([1, 2]))
            stories += [row.story_id for row in rows(app, ArticleRow) if row.id in new][:3]
            clock.at += rng.choice([timedelta(seconds=30), timedelta(minutes=5), HOUR, 8 * HOUR])
            await app.ticks.alert()
        for _ in range(48):
            clock.at += HOUR
            await app.ticks.alert()
        alerts = rows(app, AlertRow)
        assert {(row.state, bool(row.why), row.detail != "") for row in alerts} <= {
            ("sent", False, False),
            ("suppressed", True, True),
        }
        found = app.rooms.store.read_now(_expected)
        told = {(row.recipient_id, row.match_id) for row in alerts if row.recipient_id != 3}
        assert told == found
        assert all(row.notice_id for row in alerts if row.state == "sent")
        owner = {row.id: row.recipient_id for row in rows(app, SubscriptionRow)}
        owed = {(owner[row.subscription_id], row.match_id) for row in rows(app, DigestItemRow)}
        lost = {(row.recipient_id, row.match_id) for row in alerts if row.state != "sent" and row.why != "told"} - owed
        assert lost == set(), "what is not told stands in the digest, or belongs to a story that was told"
        mails = {row.id for row in rows(app, DeliveryRow) if row.key.startswith("notice:")}
        assert {row.delivery_id for row in rows(app, NoticeRow)} == mails


def _expected(session: Session) -> set[tuple[int, int]]:
    """Every match of an alerting rule, for each of ana (1) and ben (2) who follows it."""
    follows = {1: {1, 2, 3, 4}, 2: {1, 4}}
    matches = session.exec(select(MatchRow.id, MatchRow.rule_id)).all()
    return {(person, id_ or 0) for person, rules in follows.items() for id_, rule in matches if rule in rules}
