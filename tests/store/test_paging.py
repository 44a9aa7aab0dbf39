"""Searching page by page, on both databases: the same order as a plain sort, nothing twice, nothing lost, counts that add up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from aggregator.model.rule import Document
from aggregator.model.search import Facet, Order, Page, Question, Statistics
from aggregator.rules import CompiledQuery, Narrowing, compile_query, dump, load, relevance
from aggregator.store import Store, candidates, fulltext
from aggregator.store import search as search_module
from aggregator.store.dialect import is_postgresql
from aggregator.store.search import ask
from aggregator.store.tables import ArticleRow, MatchRow, RuleRow, SourceRow, StoryRow, TextGroupRow

START = datetime(2026, 2, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WORDS = ("harbour", "port", "dockers", "dock", "strike", "union", "the", "of", "a", "کتاب", "中国", "Łódź")
QUERIES = (
    "strike",
    "harbour OR 国",
    "dock* NEAR/3 strike",
    '"the union"',
    "strike lang:fa",
    "(harbour OR strike) -union",
    "author:jo",
    "lang:en",
    "=Łódź OR port source:wire",
    "strike date>=2026-02-05 group:state",
    "title:/port|dock/",
    "nothing",
    "words:20..40 words>25",
    "tag:(sport OR خبر)",
    'tag:"50% off" tag:sport',
    "domain:x.test url:TEST/1 words<50",
    "url:/2$/ -strike",
    "domain:test words<9 OR url:x.test/3",
    "domain:(example OR münchen.test)",
)
COUNT = 90


def _article(random_: random.Random, number: int) -> ArticleRow:
    seen = START + timedelta(hours=7 * number)
    return ArticleRow(
        id=number, source_id=random_.choice((1, 2)), story_id=1, group_id=1,
        url=f"http://{('x.test', 'X.test', 'www.x.test:80', 'MÜNCHEN.test', 'test')[number % 5]}/{number}",
        title=" ".join(random_.choices(WORDS, k=4)), text=" ".join(random_.choices(WORDS, k=random_.randrange(60))),
        text_origin="page", text_hash="", authors=["Jo Dock"] if number % 3 else [],
        tags=[[], ["sport", "x"], ["خبر"], ['a "sport" b', "SPORT"], ["50% off", "sport"]][number % 7 % 5],
        language=random_.choice(("fa", "en", None)), other_languages=[], date_evidence=[], sketch=[],
        words=random_.randrange(60), first_seen_at=seen,
        # Some have no date, some the same, some a date long before they were seen.
        published_at=random_.choice((None, seen, START + timedelta(days=3), seen - timedelta(days=random_.randrange(20)))),
    )  # fmt: skip


def _add(session: Session, row: ArticleRow) -> None:
    session.add(row)
    session.flush()
    fulltext.put(session, row.id or 0, row.title, row.text, row.authors)


def _write(session: Session) -> None:
    for number, (slug, group) in enumerate((("wire", "state"), ("daily", "")), 1):
        session.add(
            SourceRow(
                id=number, slug=slug, url=f"http://{slug}.test", spec={}, host=slug, name=slug, outlet_group=group,
                created_at=START, next_poll_at=START,
            )
        )  # fmt: skip
    session.add(StoryRow(id=1, created_at=START, newest_at=START))
    for number in (1, 2):
        session.add(RuleRow(id=number, slug=f"rule{number}", spec={}, created_at=START))
    session.flush()
    session.add(TextGroupRow(id=1, story_id=1, created_at=START, words=[]))
    session.flush()
    random_ = random.Random(7)
    for number in range(1, COUNT + 1):
        _add(session, _article(random_, number))
        for rule in range(1, 3):
            if number % (rule + 1) == 0:
                lapsed = NOW if number % 12 == 0 else None
                values: dict[str, Any] = {"spans": [], "aliases": [], "matched_at": NOW, "lapsed_at": lapsed}
                session.add(MatchRow(rule_id=rule, rule_version=1, article_id=number, revision=1, **values))


@pytest.fixture
def shelf(store: Store) -> Store:
    store.write_now(_write)
    return store


@pytest.fixture(params=[candidates.FEW, 3], ids=["few", "many"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the candidates: read and sorted, or along the index by date."""
    monkeypatch.setattr(candidates, "FEW", request.param)


def _true(store: Store, query: CompiledQuery) -> dict[int, tuple[Document, datetime]]:
    """What the matcher says of every article, without any index."""

    def read(session: Session) -> dict[int, tuple[Document, datetime]]:
        everything = candidates.documents(session, range(1, 2 * COUNT))
        return {place.article_id: (found, place.shown_at) for place, found, _ in everything if query.match(found, NOW)}

    return store.read_now(read)


def _pages(store: Store, query: CompiledQuery, question: Question, between: Callable[[int], None] = lambda _: None) -> list[Page]:
    pages = [store.read_now(ask, query, question, NOW)]
    while cursor := pages[-1].after:
        between(len(pages))
        # Later than the first page: the answer must not depend on it.
        pages.append(store.read_now(ask, query, replace(question, after=load(dump(cursor))), NOW + timedelta(days=400)))
    return pages


def _ids(pages: list[Page]) -> list[int]:
    return [hit.article.id for page in pages for hit in page.hits]


@pytest.mark.parametrize("order", Order)
@pytest.mark.usefixtures("few")
def test_pages_are_a_plain_sort_cut_in_pieces(shelf: Store, order: Order) -> None:
    hits = 0
    for written in QUERIES:
        query = compile_query(written, {})
        true = _true(shelf, query)
        hits += len(true)
        pages = _pages(shelf, query, Question(order, most=4))
        assert [len(page.hits) for page in pages[:-1]] == [4] * (len(pages) - 1)
        scores = {hit.article.id: hit.score for page in pages for hit in page.hits}
        assert sorted(_ids(pages)) == sorted(true), written
        if order is Order.RELEVANCE:
            expected = sorted(true, key=lambda id_: (scores[id_], true[id_][1], id_), reverse=True)
        else:
            expected = sorted(true, key=lambda id_: (true[id_][1], id_), reverse=order is Order.NEWEST)
        assert _ids(pages) == expected, written
        for found in (hit for page in pages for hit in page.hits):
            assert found.match == query.match(true[found.article.id][0], NOW)
    assert hits > 150


@pytest.mark.parametrize("order", [Order.NEWEST, Order.OLDEST])
def test_a_query_without_a_word_is_put_to_so_many_articles_and_goes_on(
    shelf: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = compile_query("-harbour", {})
    whole = _ids(_pages(shelf, query, Question(order, most=4)))
    assert len(whole) > 8
    monkeypatch.setattr(search_module, "MOST_READ", 7)
    pages = _pages(shelf, query, Question(order, most=4))
    assert _ids(pages) == whole
    assert {page.looked_at for page in pages} == {7, None}
    assert pages[-1].looked_at is None
    assert {page.total for page in pages} == {None}


def test_what_is_counted_of_so_many_articles_says_so(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    query, question = compile_query("-(dockers union)", {}), Question(most=2, total=True)
    newest = shelf.read_now(ask, compile_query("lang:en OR -lang:en", {}), Question(most=7), NOW)
    hits = set(_ids([newest])) & _true(shelf, query).keys()
    monkeypatch.setattr(search_module, "MOST_READ", 7)
    page = shelf.read_now(ask, query, question, NOW)
    assert 0 < len(hits) < 7
    assert (page.total, page.looked_at) == (len(hits), 7)
    ranked = shelf.read_now(ask, query, replace(question, order=Order.RELEVANCE), NOW)
    assert (ranked.total, ranked.looked_at) == (len(hits), 7)
    for written in ("strike -union", "lang:en"):
        assert shelf.read_now(ask, compile_query(written, {}), question, NOW).looked_at is None
    monkeypatch.setattr(search_module, "MOST_READ", COUNT)
    assert shelf.read_now(ask, query, question, NOW).looked_at is None, "all there are"


@pytest.mark.parametrize("written", ["author:jo", "author:(dock OR nobody) -nothing", "title:/port/", "title:/port/ author:jo"])
def test_articles_by_others_or_with_other_titles_are_not_read(
    shelf: Store, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = compile_query(written, {})
    expected = _true(shelf, query)
    assert 0 < len(expected) < COUNT
    monkeypatch.setattr(search_module, "MOST_READ", len(expected))
    page = shelf.read_now(ask, query, Question(most=COUNT, total=True), NOW)
    assert (page.total, page.looked_at) == (len(expected), None)
    assert set(_ids([page])) == expected.keys()


@pytest.mark.usefixtures("few")
def test_a_total_and_facets_count_every_hit_whatever_the_page(shelf: Store) -> None:
    rules: dict[int, list[str]] = {
        number: [f"rule{rule}" for rule in (1, 2) if number % (rule + 1) == 0 and number % 12] for number in range(1, COUNT + 1)
    }
    for written in QUERIES:
        query = compile_query(written, {})
        true = _true(shelf, query)
        expected = {
            Facet.SOURCE: Counter(found.source for found, _ in true.values()),
            Facet.GROUP: Counter(found.group for found, _ in true.values()),
            Facet.LANGUAGE: Counter(found.language for found, _ in true.values()),
            Facet.DAY: Counter(f"{at:%Y-%m-%d}" for _, at in true.values()),
            Facet.RULE: Counter(slug for id_ in true for slug in rules[id_]),
        }
        for order in Order:
            pages = _pages(shelf, query, Question(order, most=25, total=True, facets=tuple(Facet)))
            for page in pages:
                assert page.total == len(true), written
                assert {facet: Counter(counts) for facet, counts in page.facets.items()} == expected, (written, order)
            days = list(pages[0].facets[Facet.DAY])
            assert days == sorted(days)
            sources = list(pages[0].facets[Facet.SOURCE].values())
            assert sources == sorted(sources, reverse=True)


def test_bounds_are_bounds_of_the_day_shown(shelf: Store) -> None:
    query = compile_query("strike", {})
    since, until = START + timedelta(days=3), START + timedelta(days=9)
    inside = [id_ for id_, (_, at) in _true(shelf, query).items() if since <= at < until]
    assert inside
    for order in Order:
        question = Question(order, most=3, since=since, until=until, total=True)
        pages = _pages(shelf, query, question)
        assert sorted(_ids(pages)) == sorted(inside)
        assert pages[0].total == len(inside)


@pytest.mark.parametrize("order", Order)
def test_what_comes_in_between_pages_moves_nothing(shelf: Store, order: Order) -> None:
    query = compile_query("strike OR harbour", {})
    question = Question(order, most=4, total=True)
    before = _ids(_pages(shelf, query, question))
    random_ = random.Random(9)

    def comes_in(page: int) -> None:
        def write(session: Session) -> None:
            for number in range(COUNT + 10 * page, COUNT + 10 * page + 9):
                _add(session, _article(random_, number))

        shelf.write_now(write)

    pages = _pages(shelf, query, question, comes_in)
    assert _ids(pages) == before
    assert {page.total for page in pages} == {len(before)}
    assert len(_ids(_pages(shelf, query, question))) > len(before), "who asks anew sees them"


def test_both_databases_rank_alike(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> None:
    from aggregator.store import migrate

    lite = f"sqlite:///{tmp_path_factory.mktemp('rank')}/a.db"
    migrate.upgrade(lite)
    answers = []
    for url in (lite, postgres_url):
        with Store(url) as store:
            store.write_now(_write)
            question = Question(Order.RELEVANCE, most=50)
            found = [store.read_now(ask, compile_query(written, {}), question, NOW).hits for written in QUERIES]
            answers.append([[(hit.article.id, hit.score) for hit in hits] for hits in found])
    assert answers[0] == answers[1]


def test_the_score_is_that_of_the_archive(shelf: Store) -> None:
    """Document frequencies and lengths counted by hand, from every article."""
    query = compile_query("harbour OR strike OR 中国", {})

    def everything(session: Session) -> list[Document]:
        return [found for _, found, _ in candidates.documents(session, range(1, COUNT + 1))]

    documents = shelf.read_now(everything)
    whole = {"harbour": ("harbour",), "strike": ("strike",), "中国": ("中", "国")}
    holding = {
        leaf: sum(all(word in f"{one.title} {one.body}" for word in words) for one in documents) for leaf, words in whole.items()
    }
    known = Statistics(COUNT, sum(one.words for one in documents) / COUNT, holding)
    page = shelf.read_now(ask, query, Question(Order.RELEVANCE, most=100), NOW)
    assert len(page.hits) > 30
    for hit in page.hits:
        at = hit.article.published_at or hit.article.first_seen_at
        assert hit.score == pytest.approx(relevance(hit.match, hit.article.words, NOW - at, known), rel=1e-12)


def test_a_long_answer_is_ranked_among_its_newest_and_says_so(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MOST_RANKED", 10)
    query = compile_query("strike", {})
    newest = _ids(_pages(shelf, query, Question(Order.NEWEST, most=10)))
    pages = _pages(shelf, query, Question(Order.RELEVANCE, most=4))
    assert sorted(_ids(pages)) == sorted(newest[:10])
    assert [(page.ranked, page.total) for page in pages] == [(10, None)] * 3
    page = shelf.read_now(ask, query, Question(Order.RELEVANCE, most=4, total=True), NOW)
    assert (page.ranked, page.total) == (10, len(newest))


def test_a_page_reads_no_more_than_it_needs(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counting(session: Session, ids: Any) -> Any:
        read.extend(ids)
        return candidates.documents(session, ids)

    monkeypatch.setattr(search_module, "documents", counting)
    page = shelf.read_now(ask, compile_query("the NEAR/9 of", {}), Question(most=5), NOW)
    assert (len(page.hits), page.total) == (5, None)
    assert len(read) < COUNT / 3
    read.clear()
    page = shelf.read_now(ask, compile_query("strike", {}), Question(most=5, total=True, facets=(Facet.SOURCE,)), NOW)
    assert page.total is not None
    assert page.total > len(read), "what the index says to the letter is counted without reading it"


def test_articles_that_are_too_long_for_a_tsvector_are_counted_too(shelf: Store) -> None:
    vast = " ".join(f"word{n}x{n * 7919}" for n in range(120_000))

    def write(session: Session) -> None:
        for number, body in ((COUNT + 1, f"{vast} strike"), (COUNT + 2, vast)):
            row = _article(random.Random(1), number)
            row.title, row.text = "", body
            _add(session, row)

    shelf.write_now(write)
    query = compile_query("strike", {})
    page = shelf.read_now(ask, query, Question(most=200, total=True, facets=(Facet.SOURCE,)), NOW)
    assert page.total == len(page.hits) == sum(page.facets[Facet.SOURCE].values()) == len(_true(shelf, query))
    assert COUNT + 1 in {hit.article.id for hit in page.hits}


def test_a_cursor_of_another_search_is_refused(shelf: Store) -> None:
    page = shelf.read_now(ask, compile_query("strike", {}), Question(most=2), NOW)
    assert page.after is not None
    wrong = [
        ("port", Question(after=page.after)),
        ("strike", Question(Order.OLDEST, after=page.after)),
        ("strike", Question(since=START, after=page.after)),
    ]
    for written, question in wrong:
        with pytest.raises(ValueError, match="another search"):
            shelf.read_now(ask, compile_query(written, {}), question, NOW)


def test_the_index_is_asked_not_the_articles(shelf: Store) -> None:
    """PostgreSQL, if it may, reads this table as it lies, for it does not count what is stored outside of it."""

    def plan(session: Session) -> str:
        if not is_postgresql(session):
            return "article_fts_tokens"
        fulltext.hits(session, Narrowing('"strike"'))
        raw: Any = session.connection().connection.driver_connection
        return str(raw.execute("EXPLAIN SELECT rowid FROM article_fts WHERE tokens @@ 'strike'::tsquery").fetchall())

    assert "article_fts_tokens" in shelf.read_now(plan)
