"""Subscriptions beside a reader's own: what each gets, when silence is told, and the account of weeks on a real store."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import Session, select

from aggregator.app import App, open_app
from aggregator.config.settings import Config, WebSettings
from aggregator.model.delivery import Every, MailFormat, Recipient, Subscription, SubscriptionKind, WhenEmpty
from aggregator.model.rule import RuleSpec
from aggregator.newsroom.server import Response
from aggregator.notify.links import Purpose
from aggregator.pipeline.linking import links_of, web_view
from aggregator.pipeline.matter import DAYS
from aggregator.store import digests, subscriptions
from aggregator.store.tables import (
    ArticleRow,
    DeliveryRow,
    DigestItemRow,
    DigestRow,
    MatchRow,
    SourceRow,
    StoryRow,
    TextGroupRow,
)

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ANA = Recipient("ana", "ana@example.org", digest=False)
OAK, ELM = RuleSpec("oak", "Oak", "sorrelwood"), RuleSpec("elm", "Elm", "quillback")


@pytest.fixture
def subscribed(desk: Desk, site: Any, relay: Any) -> Callable[..., Config]:
    """``subscribed(subscription, …)``: two rules, one source of the group "wire", one reader."""

    def make(*wanted: Subscription) -> Config:
        config = desk(site.source(group="wire"), relay=relay, people=[ANA], rules=[OAK, ELM])
        return replace(config, subscriptions=wanted)

    return make


async def test_each_has_its_own_rules_groups_hours_and_form(
    clock: Any, site: Any, relay: Any, subscribed: Callable[..., Config]
) -> None:
    wanted = (
        Subscription("all", "ana", times=(time(7), time(19)), format=MailFormat.TEXT),
        Subscription("elms", "ana", rules=("e*",), timezone="Asia/Tehran", times=(time(12),)),
        Subscription("state", "ana", groups=("state",)),
        Subscription("off", "ana", enabled=False),
    )
    async with open_app(subscribed(*wanted), clock=clock) as app:
        site.publish("first", "sorrelwood")
        site.publish("second", "quillback")
        for hour in range(25):
            clock.at = datetime(2026, 3, 20, tzinfo=UTC) + hour * HOUR
            await app.settle()
        rows = app.rooms.store.read_now(digests.history, 10)
        assert sorted((row.subscription, f"{row.at:%H:%M}", row.state, row.matches) for row in rows) == [
            ("all", "07:00", "queued", 2),
            ("all", "19:00", "empty", 0),
            ("elms", "12:00", "queued", 1),
            ("state", "07:00", "empty", 0),
        ]
        one, elms = (message_from_bytes(mail) for _, mail in relay.mails)
        assert [part.get_content_type() for part in one.walk()] == ["multipart/alternative", "text/plain"]
        assert [part.get_content_type() for part in elms.walk()][1:] == ["text/plain", "text/html"]
        first, second = relay.texts("ana@example.org")
        assert ("First story" in first, "Second story" in first) == (True, True)
        assert ("First story" in second, "Second story" in second) == (False, True)


async def test_a_clipping_is_one_mail_for_each_rule_and_one_that_fails_gives_back_its_own(
    clock: Any, site: Any, relay: Any, rows: Rows, subscribed: Callable[..., Config]
) -> None:
    clippings = Subscription("clips", "ana", SubscriptionKind.CLIPPING)
    async with open_app(subscribed(clippings), clock=clock) as app:
        for name, word in (("first", "sorrelwood"), ("second", "quillback"), ("third", "sorrelwood")):
            site.publish(name, word)
        await app.settle()
        clock.at += 7 * HOUR
        assert await app.ticks.digest() == 1
        relay.answers = {"DATA": []} | {"ana@example.org": ["550 5.7.1 not this one"]}
        await app.settle()
        (text,) = relay.texts("ana@example.org")
        assert [f"{name} story" in text for name in ("First", "Second", "Third")] == [False, True, False]
        assert [(row.rule, row.state, row.matches) for row in rows(app, DigestRow)] == [
            ("oak", "failed", 2),
            ("elm", "queued", 1),
        ]
        await app.rooms.store.write(_lift_rest)
        clock.at += DAY
        await app.settle()
        _, again = relay.texts("ana@example.org")
        assert [f"{name} story" in again for name in ("First", "Second", "Third")] == [True, False, True]
        clock.at += DAY
        await app.settle()
        assert [(row.rule, row.state) for row in rows(app, DigestRow)][2:] == [("oak", "queued"), ("", "empty")]


def _lift_rest(session: Session) -> None:
    session.connection().exec_driver_sql("UPDATE recipient SET suppressed = ''")


async def test_a_cap_shows_fewer_and_counts_all(clock: Any, site: Any, relay: Any, subscribed: Callable[..., Config]) -> None:
    async with open_app(subscribed(Subscription("few", "ana", cap=2)), clock=clock) as app:
        for number in range(5):
            site.publish(f"tale{number}", "sorrelwood")
        await app.settle()
        clock.at += 7 * HOUR
        await app.settle()
        (text,) = relay.texts("ana@example.org")
        assert sum(f"Tale{number} story" in text for number in range(5)) == 2
        assert "5 stories" in text


async def test_a_line_a_week_says_that_we_still_watch(
    clock: Any, site: Any, relay: Any, rows: Rows, subscribed: Callable[..., Config]
) -> None:
    weekly, skip = Subscription("weekly", "ana", empty=WhenEmpty.WEEKLY), Subscription("skip", "ana")
    async with open_app(subscribed(weekly, skip), clock=clock) as app:
        clock.at += 7 * HOUR
        for _ in range(10):
            await app.settle()
            clock.at += DAY
        mailed = [(row.subscription_id, row.slot_day.day) for row in rows(app, DigestRow, DigestRow.state == "queued")]
        assert mailed == [(1, 27)], "seven days after it began on 20 March"


async def test_who_is_blind_says_so(
    clock: Any, site: Any, relay: Any, rows: Rows, subscribed: Callable[..., Config], desk: Desk
) -> None:
    config = subscribed(Subscription("skip", "ana"), Subscription("others", "ana", groups=("state",)))
    async with open_app(config, clock=clock) as app:
        clock.at += 7 * HOUR
        await app.settle()
        assert relay.mails == []
        site.feed = Response(500)
        for _ in range(4):
            clock.at += 6 * HOUR
            await app.settle()
        (text,) = relay.texts("ana@example.org")
        assert "Site" in text, "the source that fails is named"
        site.feed = None
    clock.at += 3 * HOUR  # nobody was here
    async with open_app(config, clock=clock) as app:
        await app.settle()
        for _ in range(2):
            clock.at = (clock.at + DAY).replace(hour=7)
            await app.settle()
        states = defaultdict(list)
        for row in rows(app, DigestRow):
            states[row.subscription_id].append(row.state)
        assert states == {1: ["empty", "queued", "queued", "empty"], 2: ["empty", "empty", "queued", "empty"]}


async def test_what_is_the_same_for_several_is_read_once_a_tick(
    clock: Any, site: Any, rows: Rows, subscribed: Callable[..., Config]
) -> None:
    wanted = (*(Subscription(f"like-{number}", "ana") for number in range(3)), Subscription("other", "ana", groups=("wire",)))
    async with open_app(subscribed(*wanted), clock=clock) as app:
        site.publish("first", "sorrelwood")
        await app.settle()
        clock.at += 7 * HOUR
        asked: list[str] = []
        engine = app.rooms.store._read_engine
        event.listen(engine, "before_cursor_execute", lambda *values: asked.append(values[2]))
        assert await app.ticks.digest() == 4
        assert sum("GROUP BY rule.slug" in each for each in asked) == 2 * DAYS, "once for each choice of groups"
        assert [row.matches for row in rows(app, DigestRow)] == [1, 1, 1, 1]
        clock.at += DAY
        asked.clear()
        assert await app.ticks.digest() == 4
        assert sum("GROUP BY rule.slug" in each for each in asked) == 2 * DAYS, "and anew at the next"


async def test_days_that_were_off_are_not_missed_when_a_weekly_one_becomes_daily(
    clock: Any, site: Any, relay: Any, subscribed: Callable[..., Config]
) -> None:
    weekly = Subscription("mine", "ana", every=Every.WEEKLY, weekdays=(5,), empty=WhenEmpty.ALWAYS)
    async with open_app(subscribed(weekly), clock=clock) as app:
        clock.at += 7 * HOUR
        await app.settle()  # a Friday
        clock.at += 5 * DAY + HOUR
        await app.settle()
        config = subscribed(replace(weekly, every=Every.DAILY, weekdays=(1, 2, 3, 4, 5, 6, 7)))
        await app.apply(config)
        clock.at += DAY - HOUR
        await app.settle()
        first, second = relay.texts("ana@example.org")
        assert "No digest went out" not in first + second
    clock.at += 3 * DAY
    async with open_app(config, clock=clock) as app:
        await app.settle()
        assert "No digest went out on 2 days before this one" in relay.texts("ana@example.org")[2]


async def test_stories_of_the_digest_before_are_known(
    clock: Any, site: Any, rows: Rows, subscribed: Callable[..., Config]
) -> None:
    async with open_app(subscribed(Subscription("daily", "ana")), clock=clock) as app:
        store = app.rooms.store
        for name in ("first", "second"):
            before = await store.read(digests.previous_stories, 1, clock.at)
            assert before == (None if name == "first" else frozenset({1}))
            site.publish(name, "sorrelwood")
            await app.settle()
            clock.at = (clock.at + DAY).replace(hour=7)
            await app.settle()
            clock.at += HOUR
        clock.at += DAY
        await app.settle()
        assert await store.read(digests.previous_stories, 1, clock.at) == frozenset({2}), "a day without a mail was no digest"


async def test_a_story_of_the_digest_before_goes_on_and_the_mail_leads_to_its_pages(
    clock: Any, site: Any, rows: Rows, subscribed: Callable[..., Config]
) -> None:
    config = subscribed(Subscription("daily", "ana"))
    settings = replace(config.settings, public_base_url="https://news.example.org", web=WebSettings(port=8080))
    async with open_app(replace(config, settings=settings), clock=clock) as app:
        for name in ("first", "second"):
            site.publish(name, "sorrelwood")
            await app.settle()
            await app.rooms.store.write(lambda session: session.execute(update(ArticleRow).values(story_id=1)))
            clock.at = (clock.at + DAY).replace(hour=7)
            await app.settle()
            clock.at += HOUR
        links = await links_of(app.rooms.store, settings, clock.at)
        assert links is not None
        messages = [message_from_bytes(row.message, policy=policy.default) for row in rows(app, DeliveryRow)]
        texts = [_part(message, "plain") for message in messages]
        assert ["continuing" in text for text in texts] == [False, True]
        for message, text in zip(messages, texts, strict=True):
            html = _part(message, "html")
            for purpose in (Purpose.VIEW, Purpose.UNSUBSCRIBE, Purpose.PAUSE):
                (token,) = set(re.findall(rf"https://news\.example\.org/{purpose}/([\w-]+)", html))
                assert token in text
                assert links.read(purpose, token) is not None
                if purpose is Purpose.VIEW:
                    assert await web_view(app.rooms, token) == html.replace("\r\n", "\n"), "the page is the mail"


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content())


SEVERAL = (
    Subscription("paris", "ana", times=(time(2, 30),), timezone="Europe/Paris"),
    Subscription("howe", "ana", every=Every.HOURLY, timezone="Australia/Lord_Howe", cutoff=timedelta(minutes=20)),
    Subscription("tehran", "ana", times=(time(0), time(8), time(23, 59)), timezone="Asia/Tehran", rules=("oak",)),
    Subscription("weekly", "ana", every=Every.WEEKLY, weekdays=(7,), timezone="Africa/Cairo"),
    Subscription("clips", "ana", SubscriptionKind.CLIPPING, timezone="Asia/Kathmandu", weekdays=(1, 2, 3, 4, 5)),
)


async def test_days_of_trouble_give_each_match_to_each_subscription_once(
    clock: Any, site: Any, subscribed: Callable[..., Config]
) -> None:
    """Outages, changed hours, subscriptions that go and come back, over the change of clocks, on the real store."""
    rng = random.Random(2)
    clock.at = start = datetime(2026, 3, 28, tzinfo=UTC)
    config = subscribed(*SEVERAL)
    owed: set[tuple[int, int]] = set()
    async with open_app(config, clock=clock) as app:
        store, number, seen = app.rooms.store, 0, 0
        await store.write(_one_story, clock.at)
        while clock.at < start + 9 * DAY:
            clock.at += rng.choices([2 * HOUR, 9 * HOUR, 2 * DAY], [0.8, 0.15, 0.05])[0] * rng.random()
            for _ in range(rng.randint(0, 3)):
                number += 1
                await store.write(_article, number, rng.choice(["sorrelwood", "quillback", "sorrelwood quillback"]), clock.at)
            following = await store.read(subscriptions.followers)
            await app.ticks.match()
            seen, found = await store.read(_matches_after, seen)
            owed |= {(each.id, id_) for id_, rule in found for each in following if each.subscription.follows(rule)}
            await app.ticks.digest()
            if rng.random() < 0.1:
                config = replace(config, subscriptions=tuple(_changed(each, rng) for each in SEVERAL if rng.random() < 0.8))
                await app.apply(config)
            if rng.random() < 0.1:
                await _stop_or_resume(app, rng)
        noon: dict[str, Any] = {"every": Every.DAILY, "times": (time(12),), "weekdays": (1, 2, 3, 4, 5, 6, 7), "timezone": "UTC"}
        await app.apply(replace(config, subscriptions=tuple(replace(each, **noon) for each in SEVERAL)))
        for each in await store.read(subscriptions.listing):
            await store.write(subscriptions.resume, each.id, clock.at)
        for _ in range(2):
            clock.at = (clock.at + DAY).replace(hour=12)
            await app.ticks.digest()
        assert len(owed) > 100
        assert await store.read(_account) == owed


def _changed(subscription: Subscription, rng: random.Random) -> Subscription:
    if subscription.every is not Every.DAILY or rng.random() < 0.5:
        return subscription
    times = tuple(sorted({time(rng.randrange(24), 30) for _ in range(2)}))
    return replace(subscription, times=times, timezone=rng.choice(["Pacific/Auckland", "America/St_Johns", "Africa/Casablanca"]))


async def _stop_or_resume(app: App, rng: random.Random) -> None:
    store, now = app.rooms.store, app.rooms.clock.now()
    each = rng.choice(await store.read(subscriptions.listing))
    if each.stopped_at is None:
        await store.write(subscriptions.stop, each.id, "chance", now)
    else:
        await store.write(subscriptions.resume, each.id, now)


def _one_story(session: Session, now: datetime) -> None:
    session.add(StoryRow(id=1, created_at=now, newest_at=now))
    session.flush()
    session.add(TextGroupRow(id=1, story_id=1, created_at=now, words=[]))


def _article(session: Session, number: int, text: str, now: datetime) -> None:
    source = session.exec(select(SourceRow)).one()
    values: dict[str, Any] = {"url": f"http://site.test/{number}", "title": f"Tale {number}", "text": text, "text_origin": "page"}
    values |= {"text_hash": str(number), "authors": [], "tags": [], "date_evidence": [], "sketch": [], "words": 1}
    session.add(ArticleRow(source_id=source.id or 0, story_id=1, group_id=1, first_seen_at=now, match_due=True, **values))


def _matches_after(session: Session, last: int) -> tuple[int, list[tuple[int, str]]]:
    slugs = {1: "oak", 2: "elm"}
    rows = session.exec(select(MatchRow).where(MatchRow.id > last)).all()  # type: ignore[operator]
    return max([last, *(row.id or 0 for row in rows)]), [(row.id or 0, slugs[row.rule_id]) for row in rows]


def _account(session: Session) -> set[tuple[int, int]]:
    """Who was given what: everything that stands in the ledger, once it is sure that each stands in the right digest."""
    runs = {row.id: row for row in session.exec(select(DigestRow)).all()}
    matched = {row.id: row.matched_at for row in session.exec(select(MatchRow)).all()}
    ends = defaultdict(set)
    for run in runs.values():
        ends[run.subscription_id].add(run.window_end)
    counts: dict[int | None, int] = defaultdict(int)
    ledger = session.exec(select(DigestItemRow)).all()
    for item in ledger:
        assert item.digest_id is not None, "still owed"
        run, at = runs[item.digest_id], matched[item.match_id]
        assert run.subscription_id == item.subscription_id
        assert at < run.window_end, "it was not known then"
        earlier = [end for end in ends[run.subscription_id] if at < end < run.window_end]
        assert earlier == [], "an earlier digest should have had it"
        counts[item.digest_id] += 1
    for run in runs.values():
        assert run.matches == counts[run.id]
        assert (run.state == "queued") == bool(session.exec(select(DeliveryRow).where(DeliveryRow.digest_id == run.id)).first())
    return {(item.subscription_id, item.match_id) for item in ledger}
