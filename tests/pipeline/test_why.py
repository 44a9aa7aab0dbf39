"""Why did I (not) get this? Each answer comes from the records alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.cli.why import verdict
from aggregator.config.settings import Config
from aggregator.errors import NotFound
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, RuleSpec
from aggregator.store.tables import ArticleRow
from aggregator.store.tracing import Trace, trace

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RULES = [RuleSpec("quill", "Quillback", "quillback", Lane.NOW), RuleSpec("oak", "Sorrelwood", "sorrelwood")]
PEOPLE = [
    Recipient("ana", "ana@example.org"),
    Recipient("ben", "ben@example.org", rules=("oak",)),
    Recipient("cyd", "cyd@example.org", quiet=(time(0), time(6))),
]


async def _pass(app: App, clock: Any, by: timedelta = MINUTE) -> None:
    clock.at += by
    await app.settle()


def _why(app: App, reader: str, article: int | str = 1) -> Trace:
    return app.rooms.store.read_now(trace, reader, article)


async def test_the_whole_way_of_an_article_to_three_readers(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay, rules=RULES, people=PEOPLE), clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        relay.answers["ana@example.org"] = ["451 come back later"]
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        (article,) = rows(app, ArticleRow)
        told = _why(app, "ana", article.url)
        assert told == _why(app, "ana", article.id)
        assert told.article is not None
        assert (told.article.source, told.article.first_seen_at, told.article.before) == ("site", article.first_seen_at, False)
        (fate,) = told.matches
        assert (fate.found.rule, fate.found.version, fate.found.leaves) == ("quill", 1, {"quillback": ()})
        assert fate.alert is not None
        assert fate.alert.delivery is not None
        assert (fate.alert.state, fate.alert.kind, fate.alert.delivery.state) == ("sent", "alert", "due")
        assert [(each.outcome, each.code) for each in fate.alert.delivery.attempts] == [("deferred", 451)]
        assert [digest.state for digest in fate.digests] == ["owed"]
        assert verdict(told) == "ana has not got it yet: it is in the outbox."
        await _pass(app, clock, 10 * MINUTE)
        after = _why(app, "ana").matches[0].alert
        assert after is not None
        assert after.delivery is not None
        assert [each.outcome for each in after.delivery.attempts] == ["deferred", "accepted"]
        assert all(each.server for each in after.delivery.attempts), "which server said it"
        assert verdict(_why(app, "ana")).startswith("ana got it: delivery 1 was accepted 2026-03-20 01:1")
        (held,) = _why(app, "cyd").matches
        assert held.alert is not None
        assert (held.alert.state, held.alert.why, held.alert.due_at) == (
            "held",
            "quiet hours",
            clock.at.replace(hour=6, minute=0),
        )
        assert verdict(_why(app, "cyd")) == "cyd has not got it yet: it is owed in a digest."
        (other,) = _why(app, "ben").matches
        assert (other.alert, other.digests, verdict(_why(app, "ben"))) == (None, (), "ben did not get it.")
        clock.at = clock.at.replace(hour=7, minute=0)
        await app.settle()
        (digest,) = _why(app, "cyd").matches[0].digests
        assert (digest.day, digest.at, digest.state) == (clock.at.date(), time(7), "queued")
        assert digest.delivery is not None
        assert [each.code for each in digest.delivery.attempts] == [250]


async def test_a_refused_mail_and_a_reader_whose_address_rests(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    people = [replace(PEOPLE[0], digest=False)]
    async with open_app(desk(site.source(), relay=relay, rules=RULES, people=people), clock=clock) as app:
        await app.settle()
        site.publish("fire", "quillback")
        relay.answers["ana@example.org"] = ["550 no such user"]
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        assert "delivery 1 failed" in verdict(_why(app, "ana"))
        assert "no such user" in _why(app, "ana").reader.rests
        site.publish("hail", "quillback")
        await _pass(app, clock, HOUR)
        await _pass(app, clock)
        (fate,) = _why(app, "ana", 2).matches
        assert fate.alert is not None
        assert (fate.alert.state, fate.alert.why) == ("suppressed", "address rests")


async def test_what_was_never_stored(clock: Any, site: Any, desk: Desk) -> None:
    async with open_app(desk(site.source(), people=PEOPLE), clock=clock) as app:
        await app.settle()
        nothing = _why(app, "ana", site.url("/nowhere"))
        assert (nothing.article, nothing.matches, nothing.entries) == (None, (), ())
        site.publish("fire", "quillback")
        clock.at += HOUR
        await app.ticks.poll()
        await app.ticks.runner.idle()
        (entry,) = _why(app, "ana", site.url("/fire")).entries
        assert (entry.source, entry.state, entry.first_seen_at) == ("site", "pending", clock.at)
        with pytest.raises(NotFound, match="no article 99"):
            _why(app, "ana", 99)
        with pytest.raises(NotFound, match="no recipient 'eve'"):
            _why(app, "eve", 1)
