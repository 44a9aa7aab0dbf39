"""From leased entries to articles, matches, alerts, digests and deliveries: each step once, whatever is repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from aggregator.config.settings import Config
from aggregator.dedupe import place_story
from aggregator.errors import Conflict, NotFound
from aggregator.fetch import host_key
from aggregator.manners import Plan
from aggregator.model.alert import AlertState, Ruling, Why
from aggregator.model.article import (
    ArticleDraft,
    Candidate,
    Discard,
    Duplicate,
    Extraction,
    Fingerprint,
    New,
    Revision,
    TextOrigin,
    Verdict,
)
from aggregator.model.delivery import Attempt, AttemptOutcome, DeliveryKind, DeliveryState, DigestIssue, Slot
from aggregator.model.feed import FeedEntry, ParsedFeed
from aggregator.model.page import Validators
from aggregator.model.rule import Match, Priority, Span
from aggregator.model.source import History
from aggregator.rules import compile_query
from aggregator.store import (
    Store,
    alerts,
    articles,
    deliveries,
    digests,
    entries,
    matches,
    outbox,
    records,
    registry,
    rules,
    sources,
    subscriptions,
)
from aggregator.store.alerts import NewNotice
from aggregator.store.digests import Run
from aggregator.store.entries import PendingEntry
from aggregator.store.matches import MatchCounts, Watch
from aggregator.store.outbox import NewDelivery
from aggregator.store.search import search
from aggregator.store.sources import Conclusion, FeedBody, KeyedEntry
from aggregator.store.tables import AlertRow, ArticleRow, DigestItemRow, MatchRow, RevisionRow, SightingRow

LEASE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
Announce = Callable[..., list[PendingEntry]]


@pytest.fixture
def announce(applied: Store, now: datetime, make_entry: Callable[..., FeedEntry]) -> Announce:
    """Put entries into source 1 or 2 (not as its baseline) and claim them."""

    def put(source: int, *made: FeedEntry, at: datetime = now, baseline: bool = False) -> list[PendingEntry]:
        applied.write_now(
            lambda session: session.execute(
                text("UPDATE source SET next_poll_at = '2000-01-01 00:00:00', lease_token = NULL, lease_until = NULL")
            )
        )
        applied.write_now(sources.claim_due, at, 10, LEASE)
        due = replace(applied.read_now(sources.due_sources, [source])[0], baseline=baseline)
        feed, body = ParsedFeed("", None, None, "rss20", ()), FeedBody(due.spec.url, 200, "", 1, Validators(), at)
        keyed = [KeyedEntry(entry, entry.link or "", "pages.test") for entry in made]
        concluded = Conclusion(History(), Plan(at + HOUR, "an hour"))
        applied.write_now(sources.store_feed, due, body, feed, keyed, lambda _: concluded)
        ids = [id_ for batch in applied.write_now(entries.claim_pending, at, 1000, LEASE) for id_ in batch]
        return applied.read_now(entries.pending_entries, ids)

    return put


def _draft(entry: PendingEntry, body: str = "The dockers of the port strike.", sketch: Sequence[int] = (1, 2, 3)) -> ArticleDraft:
    made = Extraction(entry.entry.title, body, TextOrigin.PAGE, language="en")
    keys = (entry.entry.link or "",)
    return ArticleDraft(
        entry.source_id, entry.id, keys[0], made, Fingerprint(keys, body, tuple(sketch), 6), entry.first_seen_at, entry.baseline
    )


def _decide(verdict: Verdict) -> Callable[[ArticleDraft, Sequence[Candidate]], Verdict]:
    return lambda _draft, _candidates: verdict


def _ingest(store: Store, entry: PendingEntry, verdict: Verdict | None = None, **draft: object) -> tuple[Verdict, int | None]:
    made = _draft(entry, **draft)  # type: ignore[arg-type]
    return store.write_now(articles.ingest, entry, made, _decide(verdict or New()), place_story, None, "")


def _watch(store: Store, config: Config) -> Watch:
    rules = {rule.slug: rule for rule in config.rules}
    return Watch(rules, config.recipients, store.read_now(registry.registered), timedelta(seconds=20))


def _match(store: Store, config: Config, now: datetime, *rules: str) -> MatchCounts:
    found = [
        (a, [Match(rule, (Span("title", 0, 7, rule),), ("alias",)) for rule in rules])
        for a in store.read_now(articles.articles_due, 100)
    ]
    return store.write_now(matches.store_matches, found, _watch(store, config), now)


def test_a_new_article_is_stored_sighted_indexed_and_waits_for_matching(applied: Store, announce: Announce) -> None:
    (entry,) = announce(1, _entry("a"))
    verdict, article_id = _ingest(applied, entry)
    assert isinstance(verdict, New)
    (article,) = applied.read_now(articles.articles_due, 10)
    assert (article.id, article.title, article.source_slug, article.revision) == (article_id, "Dockers strike", "wire", 1)
    found, total = applied.read_now(search, compile_query("dockers NEAR/3 port", {}), None, None, 10)
    assert (total, found[0][0].id) == (1, article_id)
    assert applied.write_now(entries.claim_pending, entry.first_seen_at + HOUR, 10, LEASE) == [], "done is done"


def test_authors_that_change_beside_the_text_are_found_by_their_new_names(applied: Store, announce: Announce) -> None:
    (entry,) = announce(1, _entry("a"))
    _, article_id = _ingest(applied, entry)
    assert article_id is not None

    def found() -> list[int]:
        names = ("old", "new")
        return [applied.read_now(search, compile_query(f"author:{name}", {}), None, None, 10)[1] for name in names]

    assert found() == [0, 0]
    for name, expected in (("Ann Old", [1, 0]), ("Ann New", [0, 1])):
        made = _draft(entry)
        applied.write_now(articles.refresh, article_id, replace(made, extraction=replace(made.extraction, authors=(name,))))
        assert found() == expected


def _entry(key: str, title: str = "Dockers strike", link: str | None = None) -> FeedEntry:
    return FeedEntry(
        key=key, title=title, link=link or f"http://wire.test/{key}", summary="", content="", published_at=None, updated_at=None,
        published_raw="", zone_assumed=False, has_time=False, authors=(), tags=(), language=None, image_url=None,
        content_hash=title,
    )  # fmt: skip


def test_five_feeds_one_article_five_sightings(applied: Store, announce: Announce, now: datetime) -> None:
    (first,) = announce(1, _entry("a", link="http://x.test/1"))
    _ingest(applied, first)
    for number in range(4):
        (entry,) = announce(2, _entry(f"copy {number}", link="http://x.test/1"))
        assert entry.known == 1, "its address is known: no page is fetched"
        assert applied.write_now(articles.sight_known, entry, now) == 1
    count = applied.read_now(lambda session: len(session.exec(select(SightingRow)).all()))
    assert (count, len(applied.read_now(articles.articles_due, 10))) == (5, 1)


def test_candidates_share_entry_address_or_text(applied: Store, announce: Announce) -> None:
    first, second = announce(1, _entry("a"), _entry("b"))
    _ingest(applied, first, sketch=(1, 2, 3))
    seen: list[Candidate] = []

    def decide(_draft: ArticleDraft, candidates: Sequence[Candidate]) -> Verdict:
        seen.extend(candidates)
        return New(group_id=candidates[0].group_id)

    applied.write_now(articles.ingest, second, _draft(second, sketch=(3, 9, 11)), decide, place_story, None, "")
    assert [(c.article_id, c.same_entry, c.same_url, c.sketch) for c in seen] == [(1, False, False, (1, 2, 3))]
    one, two = applied.read_now(articles.articles_due, 10)
    assert one.group_id == two.group_id


def test_a_revision_keeps_the_old_text_and_is_found_by_the_new(applied: Store, announce: Announce) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    (edited,) = announce(1, _entry("a", title="Dockers end strike"))
    assert (edited.version, edited.sighted) == (2, 1)
    _ingest(applied, edited, Revision(1), body="Work resumes.")
    old = applied.read_now(lambda session: session.exec(select(RevisionRow.number, RevisionRow.title, RevisionRow.text)).all())
    assert list(old) == [(1, "Dockers strike", "The dockers of the port strike.")]
    assert applied.read_now(search, compile_query("resumes", {}), None, None, 10)[1] == 1
    assert applied.read_now(search, compile_query("body:port", {}), None, None, 10)[1] == 0
    assert applied.read_now(articles.articles_due, 10)[0].revision == 2


def test_an_entry_edited_while_its_page_was_fetched_has_another_turn(applied: Store, announce: Announce) -> None:
    (entry,) = announce(1, _entry("a"))
    (newer,) = announce(1, _entry("a", title="Edited"), at=entry.first_seen_at + 2 * LEASE)
    verdict, _ = _ingest(applied, entry)
    assert isinstance(verdict, Discard)
    verdict, _ = _ingest(applied, newer)
    assert isinstance(verdict, New)


def test_an_article_stands_with_the_feeds_text_until_its_page_can_be_had(
    applied: Store, announce: Announce, now: datetime
) -> None:
    (entry,) = announce(1, _entry("a"))
    applied.write_now(articles.ingest, entry, _draft(entry), _decide(New()), place_story, now + HOUR, "timeout: …")
    assert applied.write_now(entries.claim_pending, now, 10, LEASE) == []
    assert applied.write_now(entries.claim_pending, now + HOUR, 10, LEASE) == [(entry.id,)]
    (again,) = applied.read_now(entries.pending_entries, [entry.id])
    assert (again.attempts, again.sighted) == (1, 1)
    _ingest(applied, again, Duplicate(1))
    assert len(applied.read_now(articles.articles_due, 10)) == 1


def test_claims_of_entries_are_fair_over_hosts(applied: Store, now: datetime, announce: Announce) -> None:
    announce(1, *(_entry(f"e{n}") for n in range(30)))
    assert applied.write_now(entries.claim_pending, now, 1000, LEASE) == [], "the host is busy with the first ten"
    assert [len(batch) for batch in applied.write_now(entries.claim_pending, now + LEASE, 1000, LEASE)] == [entries.PER_HOST]


def test_matching_twice_changes_nothing(applied: Store, announce: Announce, config: Config, now: datetime) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    assert _match(applied, config, now, "strike", "port") == MatchCounts(1, 2, 1)
    applied.write_now(lambda session: session.execute(text("UPDATE article SET match_due = true")))
    assert _match(applied, config, now, "strike", "port") == MatchCounts(1, 0, 0)
    owed = applied.read_now(lambda session: session.exec(select(DigestItemRow.subscription_id, DigestItemRow.match_id)).all())
    assert sorted(owed) == [(1, 1), (1, 2), (2, 2)], "ana follows all, ben the port"


def test_an_edit_alerts_only_for_rules_that_newly_match(
    applied: Store, announce: Announce, config: Config, now: datetime
) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    _match(applied, config, now, "port")
    (edited,) = announce(1, _entry("a", title="Edited"))
    _ingest(applied, edited, Revision(1))
    assert _match(applied, config, now, "port", "strike") == MatchCounts(1, 1, 1)
    (item,) = [m for m in applied.read_now(matches.matched_articles, [1, 2]) if m.rule == "port"]
    assert item.spans, "the old match's spans follow the new text"


def test_the_spans_of_a_match_and_its_version_go_together(
    applied: Store, announce: Announce, config: Config, now: datetime
) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    _match(applied, config, now, "port")
    config = replace(config, rules=(config.rules[0], replace(config.rules[1], query="port OR dockers")))
    applied.write_now(registry.apply, config, now, host_key)
    applied.write_now(lambda session: session.execute(text("UPDATE article SET match_due = true")))
    _match(applied, config, now, "port")
    version = select(MatchRow.rule_version)
    assert applied.read_now(lambda session: session.exec(version).one()) == 1, "the same text: nothing is found anew"
    (edited,) = announce(1, _entry("a", title="Edited"))
    _ingest(applied, edited, Revision(1))
    _match(applied, config, now, "port")
    assert applied.read_now(lambda session: session.exec(version).one()) == 2


def test_of_a_story_only_the_first_is_told_and_the_others_say_why(
    applied: Store, announce: Announce, config: Config, now: datetime
) -> None:
    once = replace(config, rules=(replace(config.rules[0], first_of_story=True), config.rules[1]))
    for key in "abc":
        (entry,) = announce(1, _entry(key))
        _ingest(applied, entry)
    applied.write_now(lambda session: session.execute(text("UPDATE article SET story_id = 1 WHERE id < 3")))
    assert _match(applied, once, now, "strike", "port") == MatchCounts(3, 6, 2), "of stories 1 and 3"
    rows = applied.read_now(lambda session: session.exec(select(MatchRow).order_by(col(MatchRow.id))).all())
    assert [(row.article_id, row.rule_id) for row in rows if row.suppressed] == [(2, 1)]
    assert [row.suppressed for row in rows if row.suppressed] == ["not the first of story 1: the rule found article 1 before"]
    owed = applied.read_now(lambda session: session.exec(select(DigestItemRow.match_id, DigestItemRow.subscription_id)).all())
    assert {match_id for match_id, _ in owed} == {row.id for row in rows if not row.suppressed}
    bounds = [(now, now + HOUR)]
    assert applied.read_now(digests.matches_between, bounds) == {"strike": (2,), "port": (3,)}
    assert applied.read_now(rules.hits_per_day, "strike", bounds) == ((2, 1),)
    (found,) = [match for match in applied.read_now(records.record, 2).matches if match.rule == "strike"]
    assert found.suppressed.startswith("not the first of story 1")


def test_what_was_there_before_alerts_nobody_and_the_row_says_why(
    applied: Store, announce: Announce, config: Config, now: datetime
) -> None:
    (entry,) = announce(1, _entry("a"), baseline=True)
    _ingest(applied, entry)
    assert _match(applied, config, now, "strike").alerts == 0
    rows = applied.read_now(lambda session: session.exec(select(AlertRow.state, AlertRow.why, AlertRow.detail)).all())
    assert rows == [("suppressed", "first poll", "the source's first poll: it was there before")]


def test_copies_of_a_story_alert_once(
    applied: Store, announce: Announce, config: Config, tell: Callable[[datetime], list[set[int]]], now: datetime
) -> None:
    first, second = announce(1, _entry("a"), _entry("b"))
    _ingest(applied, first)
    _ingest(applied, second, New(group_id=1))
    assert _match(applied, config, now, "strike") == MatchCounts(2, 2, 2)
    assert tell(now + HOUR) == [{1, 2}]


def _mail(key: str, recipient_id: int = 1) -> NewDelivery:
    return NewDelivery(key, DeliveryKind.ALERT, recipient_id, "ana@example.org", "s", f"<{key}@x>", b"x")


def test_alerts_wait_for_company_and_go_once(applied: Store, announce: Announce, config: Config, now: datetime) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    _match(applied, config, now, "strike")
    assert applied.read_now(alerts.due_readers, now) == []
    due = applied.read_now(alerts.due_readers, now + timedelta(seconds=20))
    assert [(reader.slug, reader.number) for reader in due] == [("ana", 0)]
    notice = NewNotice("alert", Priority.NORMAL, _mail("alert:1:1"), (1,))
    assert applied.write_now(alerts.dispatch, due[0], (), [notice], now) == (1,)
    for late in (notice, NewNotice("alert", Priority.NORMAL, _mail("alert:1:2"), (1,))):
        with pytest.raises(Conflict):
            applied.write_now(alerts.dispatch, due[0], (), [late], now)
    ruling = Ruling(1, AlertState.SUPPRESSED, Why.TOLD, "told")
    with pytest.raises(Conflict):
        applied.write_now(alerts.dispatch, due[0], [ruling], [], now)
    assert applied.read_now(alerts.due_readers, now + HOUR) == []
    assert len(applied.read_now(deliveries.listing, 10)) == 1


def _issue(match_ids: tuple[int, ...], now: datetime) -> DigestIssue:
    return DigestIssue("i", "ana", "en", "ltr", now.date(), now, now, 1, 1, 1, (), (), (), 0, match_ids)


def _slot(now: datetime, day: int = 3) -> Slot:
    return Slot(date(2026, 3, day), time(8), now)


def test_a_match_stands_in_one_digest_and_a_slot_has_one(
    applied: Store, announce: Announce, config: Config, now: datetime
) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    _match(applied, config, now, "strike")
    assert applied.read_now(digests.owed, 1, now) == [], "found at the cutoff: the next digest's"
    later = now + HOUR
    (item,) = applied.read_now(digests.owed, 1, later)
    window = (now, later)
    applied.write_now(digests.freeze, 1, _slot(later), window, [Run(_issue((item.match_id,), now), _mail("digest:1"))], later)
    assert applied.read_now(digests.owed, 1, later + HOUR) == []
    with pytest.raises(Conflict, match="exists already"):
        applied.write_now(digests.freeze, 1, _slot(later), window, [Run(_issue((), now), None)], later)
    with pytest.raises(Conflict, match="meanwhile"):
        applied.write_now(digests.freeze, 1, _slot(later, 4), window, [Run(_issue((item.match_id,), now), None)], later)
    ana = applied.read_now(subscriptions.subscriber, "ana")
    assert ana.last is not None
    assert (ana.last.day, ana.covered_until) == (date(2026, 3, 3), later)


def test_a_digest_that_failed_for_good_gives_its_items_back(
    applied: Store, announce: Announce, config: Config, now: datetime
) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    _match(applied, config, now, "strike")
    later = now + HOUR
    applied.write_now(digests.freeze, 1, _slot(later), (now, later), [Run(_issue((1,), now), _mail("digest:1"))], later)
    delivery = applied.write_now(outbox.claim, later, LEASE)
    assert delivery is not None
    refused = Attempt(AttemptOutcome.REFUSED, 550, "no such user")
    applied.write_now(outbox.settle, delivery, refused, DeliveryState.FAILED, later)
    assert [item.match_id for item in applied.read_now(digests.owed, 1, later)] == [1]


def test_the_outbox_takes_a_key_once_and_leases_it_once(applied: Store, now: datetime) -> None:
    assert applied.write_now(outbox.enqueue, _mail("k"), now) == 1
    assert applied.write_now(outbox.enqueue, _mail("k"), now) is None
    claimed = applied.write_now(outbox.claim, now, LEASE)
    assert claimed is not None
    assert (claimed.recipient, claimed.message_id) == ("ana", "<k@x>")
    assert applied.write_now(outbox.claim, now, LEASE) is None
    claimed = applied.write_now(outbox.claim, now + LEASE, LEASE)
    assert claimed is not None, "its holder died: claimable again"
    applied.write_now(outbox.settle, claimed, Attempt(AttemptOutcome.DEFERRED, 451, "later"), DeliveryState.DUE, now, now + HOUR)
    assert applied.write_now(outbox.claim, now, LEASE) is None
    again = applied.write_now(outbox.claim, now + HOUR, LEASE)
    assert again is not None
    assert again.attempts == 1
    applied.write_now(outbox.settle, again, Attempt(AttemptOutcome.ACCEPTED, 250, "ok"), DeliveryState.SENT, now)
    assert applied.write_now(outbox.claim, now + 9 * HOUR, LEASE) is None


def test_retry_takes_what_is_not_sent(applied: Store, now: datetime) -> None:
    applied.write_now(outbox.enqueue, _mail("k"), now)
    claimed = applied.write_now(outbox.claim, now, LEASE)
    assert claimed is not None
    applied.write_now(outbox.settle, claimed, Attempt(AttemptOutcome.REFUSED, 550, "no"), DeliveryState.FAILED, now)
    applied.write_now(outbox.suppress, "ana", "550 no")
    applied.write_now(outbox.retry, 1, now)
    assert applied.read_now(registry.registered).suppressed == frozenset()
    assert applied.write_now(outbox.claim, now, LEASE) is not None
    with pytest.raises(NotFound, match="delivery list"):
        applied.write_now(outbox.retry, 99, now)


def test_counts_by_day(applied: Store, announce: Announce, config: Config, now: datetime) -> None:
    (entry,) = announce(1, _entry("a"))
    _ingest(applied, entry)
    _match(applied, config, now, "strike")
    bounds = [(now - HOUR, now), (now, now + HOUR)]
    assert applied.read_now(digests.matches_between, bounds) == {"strike": (0, 1)}


def test_search_by_keys_and_dates(applied: Store, announce: Announce, now: datetime) -> None:
    first, second = announce(1, _entry("a"), _entry("b", title="Dockers walk out"))
    _ingest(applied, first)
    _ingest(applied, second)

    def ask(query: str, since: datetime | None = None) -> int:
        return applied.read_now(search, compile_query(query, {}), since, None, 1)[1]

    assert [
        ask(query) for query in ("dockers", "source:wire dockers", "source:daily dockers", "lang:en", "group:wire -walk")
    ] == [2, 2, 0, 2, 1]
    assert (ask("dockers", now), ask("dockers", now + HOUR)) == (2, 0)
    young, old = compile_query("dockers age<=1h", {}), compile_query("dockers age>1h", {})
    assert [applied.read_now(search, query, None, None, 1, now + HOUR)[1] for query in (young, old)] == [2, 0]
    assert [applied.read_now(search, query, None, None, 1, now + 2 * HOUR)[1] for query in (young, old)] == [0, 2]
    rows: Callable[[Session], int] = lambda session: len(session.exec(select(ArticleRow)).all())  # noqa: E731
    assert applied.read_now(rows) == 2
