"""Two virtual weeks of a world with faults: everything is stored once, matched rightly, and mailed once a day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlmodel import Session, select

from aggregator.app import open_app
from aggregator.config.settings import Config
from aggregator.newsroom import MARKER_WORDS, Newsroom
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    DeliveryRow,
    DigestItemRow,
    DigestRow,
    MatchRow,
    RuleRow,
    SightingRow,
    SubscriptionRow,
)

DAYS = 14
STEP = 2
"""Hours from one look at the clock to the next. Each outlet is polled at each of them, unless it fails."""

OUTLETS = 6
PER_OUTLET = 56
FAULTS = (
    ("500", "feed"), ("503", "article"), ("429", "feed"), ("404", "feed"), ("redirect301", "feed"), ("redirectloop", "feed"),
    ("html", "feed"), ("badcharset", "feed"), ("gzipbomb", "feed"), ("truncated", "feed"), ("hang", "feed"),
    ("truncated", "article"),
)  # fmt: skip
"""One after the other, four hours each, on changing outlets."""


async def test_two_weeks(clock: object, configure: Callable[..., Config], tmp_path: Path) -> None:
    start: datetime = clock.now()  # type: ignore[attr-defined]
    end = start + timedelta(days=DAYS)
    spacing = timedelta(days=DAYS) / PER_OUTLET
    newsroom = Newsroom.synthetic(OUTLETS, PER_OUTLET, start=start, spacing=spacing, seed=7, clock=clock.now)  # type: ignore[attr-defined]
    with newsroom:
        config = configure(newsroom, timedelta(hours=STEP) - timedelta(minutes=10))
        slugs = [outlet.slug for outlet in newsroom.outlets]
        async with open_app(config, clock=clock) as app:  # type: ignore[arg-type]
            for hour in range(0, DAYS * 24 + 1, STEP):
                clock.at = start + timedelta(hours=hour)  # type: ignore[attr-defined]
                if hour % 24 == 4 and hour // 24 < len(FAULTS):
                    mode, on = FAULTS[hour // 24]
                    newsroom.fault(slugs[hour // 24 % OUTLETS], mode, on)
                if hour % 24 == 8:
                    for slug in slugs:
                        newsroom.fault(slug, "none", "feed")
                        newsroom.fault(slug, "none", "article")
                await app.settle()
            clock.at = end + timedelta(hours=12)  # type: ignore[attr-defined]
            await app.settle()
            assert app.failures == 0
            _every_article_once(app.rooms.store.read_now(_stored), newsroom, end)
            matched = app.rooms.store.read_now(_matched)
            assert matched == _brute_force(newsroom, end)
            app.rooms.store.read_now(_digests_add_up, len(matched), start.date())
            app.rooms.store.read_now(_mail_is_out, tmp_path / "mail")
    stats = newsroom.stats()
    assert all(row.forbidden == 0 for row in stats.values())


def _stored(session: Session) -> tuple[list[str], list[str]]:
    return list(session.exec(select(ArticleRow.url)).all()), list(session.exec(select(SightingRow.url)).all())


def _every_article_once(stored: tuple[list[str], list[str]], newsroom: Newsroom, end: datetime) -> None:
    truth = sorted(url for urls in newsroom.truth(end).values() for url in urls)
    articles, sightings = stored
    assert len(truth) == OUTLETS * PER_OUTLET
    assert sorted(articles) == truth
    assert sorted(sightings) == truth


def _matched(session: Session) -> set[tuple[str, str]]:
    rows = session.exec(
        select(RuleRow.slug, ArticleRow.url)
        .select_from(MatchRow)
        .join(RuleRow, RuleRow.id == MatchRow.rule_id)  # type: ignore[arg-type]
        .join(ArticleRow, ArticleRow.id == MatchRow.article_id)  # type: ignore[arg-type]
    ).all()
    assert len(rows) == len(set(rows))
    return set(rows)


def _brute_force(newsroom: Newsroom, end: datetime) -> set[tuple[str, str]]:
    """What an independent regular expression finds in what the outlets wrote."""
    found = set()
    for number, word in enumerate(MARKER_WORDS):
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        for url, story in newsroom.stories(end).items():
            if pattern.search("\n".join((story.title, *story.paragraphs))):
                found.add((f"word-{number}", url))
    assert len(found) > 100, "the check would prove little"
    return found


def _digests_add_up(session: Session, matches: int, first: date) -> None:
    rows = session.exec(
        select(SubscriptionRow.slug, DigestRow).join(DigestRow, DigestRow.subscription_id == SubscriptionRow.id)  # type: ignore[arg-type]
    ).all()
    days: dict[str, list[tuple[date, time]]] = {}
    for slug, digest in sorted(rows, key=lambda row: row[1].slot_day):
        days.setdefault(slug, []).append((digest.slot_day, digest.slot_time))
    expected = [first + timedelta(days=day) for day in range(DAYS + 1)]
    assert days == {
        "paris": [(day, time(7)) for day in expected],
        "tehran": [(day, time(6, 30)) for day in expected],
    }
    assert sum(digest.matches for slug, digest in rows if slug == "paris") == matches
    counted = Counter(session.exec(select(DigestItemRow.digest_id)).all())
    assert counted == Counter({digest.id: digest.matches for _, digest in rows if digest.matches})
    windows = [(digest.window_start, digest.window_end) for slug, digest in rows if slug == "paris"]
    assert all(before[1] == after[0] for before, after in zip(sorted(windows), sorted(windows)[1:], strict=False)), (
        "no gap, no overlap"
    )


def _mail_is_out(session: Session, folder: Path) -> None:
    deliveries = session.exec(select(DeliveryRow)).all()
    assert {row.state for row in deliveries} == {"sent"}
    assert len({row.message_id for row in deliveries}) == len(deliveries) == len(list(folder.glob("*.eml")))
    urgent = session.exec(select(AlertRow)).all()
    assert {row.state for row in urgent} <= {"sent", "suppressed"}
    mails = [row for row in deliveries if row.kind == "alert"]
    assert mails
    delays = [row.sent_at - row.created_at for row in mails if row.sent_at]
    assert max(delays) <= timedelta(minutes=1)
