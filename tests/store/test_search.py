"""The same archive on SQLite and on PostgreSQL gives the same answers: those of the matcher on every article."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from aggregator.model.rule import Entity
from aggregator.rules import GAP, Narrowing, compile_query
from aggregator.store import Store, fulltext, migrate
from aggregator.store.articles import articles_by_id
from aggregator.store.backtests import backtest, bare_count
from aggregator.store.candidates import domain_of
from aggregator.store.search import document, search
from aggregator.store.tables import ArticleRow, SourceRow, StoryRow, TextGroupRow
from aggregator.store.tsquery import LAST_PLACE, LONGEST_WAYS, MOST_LETTERS, MOST_PLACES, Asked, Indexed, tsquery, tsvector
from tests.store.revisions import at_revision

START = datetime(2026, 2, 1, tzinfo=UTC)
ENTITIES = {"union": Entity("union", "Union", ("dock* union", "=DU", "اتحادیه"))}
WORDS = (
    *("harbour", "harbours", "Port", "port", "dockers", "dock", "strike", "Strike", "union", "DU", "du", "U.S.", "us", "can't"),
    *("the", "of", "a", "کتاب", "كتاب", "می‌خواهد", "میخواهد", "۱۴۰۲", "1402", "中国", "国", "Łódź", "lodz", "Straße", "strasse"),
    *("é", "x'y", "back\\slash", "w" * 250, "w" * 250 + "v", "w" * 199),
)
TERMS = (
    *WORDS[:-3],
    "harb*",
    "dock*",
    "=DU",
    "=Port",
    '"dockers strike"',
    '"strike of the union"',
    "中*",
    "@union",
    "w" * 250,
    "wwww*",
)
AUTHORS: tuple[list[str], ...] = ([], ["Jo Dock"], ["U.S. Łódź", "Jo-Ann Dock", "کتاب"])
KEYS = ("source:wire", "lang:fa", "group:state", "date>=2026-02-20", "date:2026-02-03..2026-02-09", "words>8", "country:fr")


def _write(random_: random.Random, session: Session, words: Sequence[str] = WORDS, *, indexed: bool = True) -> None:
    for number, (slug, group, country) in enumerate((("wire", "state", "ir"), ("daily", "", "fr")), 1):
        session.add(
            SourceRow(
                id=number, slug=slug, url=f"http://{slug}.test", spec={}, host=slug, name=slug, outlet_group=group,
                country=country, created_at=START, next_poll_at=START,
            )
        )  # fmt: skip
    session.add(StoryRow(id=1, created_at=START, newest_at=START))
    session.flush()
    session.add(TextGroupRow(id=1, story_id=1, created_at=START, words=[]))
    session.flush()
    for number in range(1, 81):
        title, body = (" ".join(random_.choices(words, k=random_.randrange(most))) for most in (6, 40))
        seen = START + timedelta(hours=7 * number)
        session.add(
            ArticleRow(
                id=number, source_id=random_.choice((1, 2)), story_id=1, group_id=1, url=f"http://x.test/{number}", title=title,
                text=body, text_origin="page", text_hash="", authors=AUTHORS[number % 3], tags=[],
                language=random_.choice(("fa", "en", None)), other_languages=[], date_evidence=[], sketch=[],
                words=len(body.split()), first_seen_at=seen, published_at=seen if number % 4 else None,
            )
        )  # fmt: skip
        session.flush()
        if indexed:
            fulltext.put(session, number, title, body, AUTHORS[number % 3])


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory, postgres_server: object) -> Iterator[tuple[Store, Store]]:
    from tests.postgres import Server

    assert isinstance(postgres_server, Server)
    file, server = f"sqlite:///{tmp_path_factory.mktemp('shelf')}/a.db", postgres_server.migrated()
    migrate.upgrade(file)
    with Store(file) as lite, Store(server) as great:
        for store in (lite, great):
            store.write_now(lambda session: _write(random.Random(7), session))
        yield lite, great
    postgres_server.drop(server)


def _query(random_: random.Random, depth: int = 3) -> str:
    kind = random_.randrange(12) if depth else 0
    inner = [_query(random_, depth - 1) for _ in range(2)] if kind > 3 else []
    match kind:
        case 0 | 1 | 2:
            return random_.choice(("", "", "", "title:", "body:", "lead:", "author:")) + random_.choice(TERMS)
        case 3:
            return random_.choice(KEYS)
        case 4 | 5 | 6:
            return f"({inner[0]} {inner[1]})"
        case 7 | 8:
            return f"({inner[0]} OR {inner[1]})"
        case 9 | 10:
            return f"({inner[0]} NOT {inner[1]})"
        case _:
            left, right = random_.choices(TERMS, k=2)
            return f"({left} {random_.choice(('NEAR/3', 'ONEAR/2', 'NOT NEAR/2'))} {right})"


def test_both_find_what_the_matcher_finds_in_every_article(shelves: tuple[Store, Store]) -> None:
    random_ = random.Random(11)
    documents = {id_: document(found) for id_, found in shelves[0].read_now(articles_by_id, range(1, 200)).items()}
    assert len(documents) == 80
    hits = 0
    for _ in range(150):
        written = _query(random_)
        compiled = compile_query(written, ENTITIES)
        true = {id_: compiled.match(found) for id_, found in documents.items()}
        expected = {id_: (found.spans, found.aliases) for id_, found in true.items() if found is not None}
        hits += len(expected)
        answers = []
        for store in shelves:
            found, total = store.read_now(search, compiled, None, None, 1000)
            assert total == len(found)
            answers.append([(article.id, match.spans, match.aliases) for article, match in found])
            assert [hit.article_id for hit in store.read_now(backtest, compiled, None, None)] == sorted(expected), written
        assert answers[0] == answers[1], written
        assert {id_: (spans, aliases) for id_, spans, aliases in answers[0]} == expected, written
    assert hits > 500, "the queries ask for something"


def test_a_backtest_tells_all_of_its_hits_and_counts_age_from_when_they_came(shelves: tuple[Store, Store]) -> None:
    for store in shelves:
        stored = store.read_now(articles_by_id, range(1, 200))
        for asked, wanted in (("=Port age<1h", True), ("=Port age>1h", False)):
            hits = store.read_now(backtest, compile_query(asked, {}), START + timedelta(days=9), None)
            exact = compile_query("=Port", {})
            expected = {
                id_
                for id_, found in stored.items()
                if wanted and exact.holds(document(found)) and found.first_seen_at >= START + timedelta(days=9)
            }
            assert {hit.article_id for hit in hits} == expected
            for hit in hits:
                found = stored[hit.article_id]
                assert (
                    hit.title,
                    hit.url,
                    hit.source,
                    hit.published_at,
                    hit.first_seen_at,
                    hit.words,
                    hit.story_id,
                    hit.group_id,
                ) == (found.title, found.url, found.source_slug, found.published_at, found.first_seen_at, found.words, 1, 1)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.example.org/a?b#c", "example.org"),
        ("http://example.org", "example.org"),
        ("http://example.org?a", "example.org"),
        ("http://example.org:80/", "example.org"),
        ("HTTP://WWW.Example.org/", "example.org"),
        ("http://me:secret@example.org/", "example.org"),
        ("http://[::1]/", "::1"),
        ("http://exa\nmple.org/", "example.org"),
        ("http://example.org\n", "example.org"),
        ("http://bücher.example/", "bücher.example"),
        ("about:blank", ""),
        ("", ""),
    ],
)
def test_the_domain_of_an_address(url: str, domain: str) -> None:
    assert domain_of(url) == domain


@pytest.mark.parametrize(
    ("fts", "query", "places", "exact"),
    [
        ('"port"', "'port'", None, True),
        ('title : "port"', "'port':A", None, True),
        ('body : "por" *', "'por':*B", None, True),
        ('"a b" *', "('a' & 'b':*)", "('a' <-> 'b':*)", False),
        ('("a" AND ("b" OR "c"))', "('a' & ('b' | 'c'))", None, True),
        ('("a" AND ("b c" OR "d"))', "('a' & (('b' & 'c') | 'd'))", "('a' & (('b' <-> 'c') | 'd'))", False),
        ('("a" NOT ("b" OR "c"))', "('a' & !('b' | 'c'))", None, True),
        ('("a d" NOT ("b" OR "c"))', "(('a' & 'd') & !('b' | 'c'))", "(('a' <-> 'd') & !('b' | 'c'))", False),
        ('("a" NOT "b c")', "'a'", None, False),
        ('("a d" NOT "b c")', "('a' & 'd')", "('a' <-> 'd')", False),
        (
            'title : NEAR("a b" "c" *, 1)',
            "(('a':A & 'b':A) & 'c':*A)",
            (
                "((('a':A & 'b':A) & 'c':*A) & (('a':A <-> 'b':A) <1> 'c':*A | 'c':*A <1> ('a':A <-> 'b':A)"
                " | ('a':A <-> 'b':A) <2> 'c':*A | 'c':*A <2> ('a':A <-> 'b':A)))"
            ),
            False,
        ),
        (
            'NEAR("a" "b" "c", 0)',
            "('a' & 'b' & 'c')",
            "(('a' & 'b' & 'c') & ('a' <1> 'b' | 'b' <1> 'a') & ('b' <1> 'c' | 'c' <1> 'b'))",
            False,
        ),
        ('NEAR("a" "b", 9000)', "('a' & 'b')", None, False),
        ('("a" NOT NEAR("b" "c", 5))', "'a'", None, False),
        ('("a" NOT ("b" OR "b c"))', "'a'", None, False),
        (f'"{"w" * 300}"', f"'{'w' * MOST_LETTERS}'", None, False),
    ],
)
def test_an_expression_of_fts5_as_a_tsquery(fts: str, query: str, places: str | None, exact: bool) -> None:
    assert tsquery(fts) == Asked(query, exact, places)


def test_the_distances_of_many_nearnesses_are_asked_for_up_to_a_bound() -> None:
    one = f'NEAR("{"a" * 8}" "{"b" * 8}", 99)'
    asked = tsquery(f"({' AND '.join([one] * 9)})")
    assert asked.places is not None
    assert asked.places.count("<") == LONGEST_WAYS // (20 * 200) * 200


def test_a_nearness_of_the_longest_phrases_is_within_what_a_tsquery_holds(shelves: tuple[Store, Store]) -> None:
    words = " ".join(f"{n:03}{'w' * 196}" for n in range(19))
    query = compile_query(f'"{words}" NEAR/100 "{words}" OR strike NEAR/100 dock*', {})
    assert len(query.query.text) > 7500
    lite, great = (store.read_now(backtest, query, None, None) for store in shelves)
    assert [hit.article_id for hit in lite] == [hit.article_id for hit in great] != []


@pytest.mark.parametrize("fts", ["", "port", '"a" "b"', '("a" AND "b"', '"a" NEAR "b"', '^"a"'])
def test_what_no_narrowing_says_is_not_guessed_at(fts: str) -> None:
    with pytest.raises(ValueError, match="FTS5"):
        tsquery(fts)


def test_a_token_stands_where_it_occurs_and_a_phrase_never_from_title_to_body() -> None:
    assert tsvector("Port strike", "the port") == Indexed("'port':1A 'strike':2A 'the':104B 'port':105B", placed=True)


@pytest.mark.parametrize(
    ("body", "placed"),
    [
        ("port " * MOST_PLACES, True),
        ("port " * (MOST_PLACES + 1), False),
        (" ".join(f"w{n}" for n in range(LAST_PLACE - GAP)), True),
        (" ".join(f"w{n}" for n in range(LAST_PLACE - GAP + 1)), False),
    ],
)
def test_places_that_postgresql_would_drop_are_left_out_all_together(postgres_url: str, body: str, placed: bool) -> None:
    """What PostgreSQL itself keeps tells whether our bounds are its own."""
    indexed = tsvector("", body)
    assert indexed.placed is placed
    with Store(postgres_url) as store:

        def kept(session: Session) -> int:
            counted = text("SELECT sum(cardinality(positions)) FROM unnest(CAST(:tokens AS tsvector))")
            return int(session.execute(counted, {"tokens": indexed.tokens}).scalar_one())

        assert store.read_now(kept) == len(body.split() if placed else set(body.split()))


@pytest.fixture(scope="module")
def letters(postgres_server: object) -> Iterator[Store]:
    """Articles of four letters in any order."""
    from tests.postgres import Server

    assert isinstance(postgres_server, Server)
    url = postgres_server.migrated()
    with Store(url) as store:
        store.write_now(lambda session: _write(random.Random(3), session, "abcd"))
        yield store
    postgres_server.drop(url)


def _phrases(shortest: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from("abcd"), min_size=shortest, max_size=3).map(lambda words: f'"{" ".join(words)}"')


_PHRASE = _phrases(1)
_NEAR = st.tuples(_PHRASE, st.sampled_from(("NEAR/1", "NEAR/4", "ONEAR/2")), _PHRASE)


@settings(max_examples=200)
@given(
    st.one_of(
        st.tuples(st.sampled_from(("", "title:", "body:")), _PHRASE).map("".join),
        _NEAR.map(" ".join),
        st.tuples(_phrases(2), st.integers(1, 4)).map(lambda told: f"{told[0]}~{told[1]}"),
        st.tuples(_PHRASE, _PHRASE, st.sampled_from("abcd")).map(lambda told: f"{told[0]} {told[1]} -{told[2]}"),
        st.tuples(_NEAR.map(" ".join), _PHRASE).map(lambda told: f"({told[0]}) OR title:{told[1]}"),
    )
)
def test_places_narrow_to_what_is_asked_for_and_lose_nothing(letters: Store, written: str) -> None:
    query = compile_query(written, {})
    documents = {id_: document(found) for id_, found in letters.read_now(articles_by_id, range(1, 200)).items()}
    true = [id_ for id_, found in sorted(documents.items()) if query.holds(found)]
    assert [hit.article_id for hit in letters.read_now(backtest, query, None, None)] == true
    if query.narrowing().exact:
        assert letters.read_now(bare_count, query) == len(true)


def test_what_was_indexed_without_places_is_found_by_its_words_and_gets_them_when_it_is_indexed_anew(letters: Store) -> None:
    """As after an upgrade."""
    query = compile_query('"a b c d"', {})

    def told(session: Session) -> tuple[list[int], int]:
        return [hit.article_id for hit in backtest(session, query, None, None)], bare_count(session, query)

    def forget(session: Session) -> None:
        session.execute(text("UPDATE article_fts SET placed = false, tokens = strip(tokens)"))

    before, counted = letters.read_now(told)
    assert len(before) == counted
    letters.write_now(forget)
    without, counted = letters.read_now(told)
    assert without == before
    assert counted > len(before)
    assert letters.write_now(fulltext.anew, 0, 50) == [*range(1, 51)]
    assert letters.write_now(fulltext.anew, 50, 50) == [*range(51, 81)]
    assert letters.write_now(fulltext.anew, 80, 50) == []
    assert letters.read_now(told) == (before, len(before))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_authors_of_before_they_were_indexed_are_found(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else None
    url = server.empty() if server else f"sqlite:///{tmp_path}/old.db"
    with at_revision(url, "0016") as connection, Session(connection) as session:
        _write(random.Random(5), session, indexed=False)
        session.flush()
    migrate.upgrade(url)
    with Store(url) as store:
        for written, kinds in AUTHOR_QUERIES.items():
            found = store.read_now(backtest, compile_query(written, {}), None, None)
            assert {hit.article_id % 3 for hit in found} == kinds, written
    if server:
        server.drop(url)


AUTHOR_QUERIES: dict[str, set[int]] = {
    "author:dock": {1, 2},
    "author:jo": {1, 2},
    'author:"jo dock"': {1},
    'author:"dock jo"': set(),
    'author:"lodz jo"': set(),
    "author:us": {2},
    "author:كتاب": {2},
    "author:doc*": {1, 2},
    "author:=Dock -author:ann": {1},
    "author:=dock": set(),
    "author:(ann OR nobody)": {2},
    "author:(jo NEAR/1 dock)": {1, 2},
    'author:"jo dock"~1': {1, 2},
    "ATLEAST/2(author:jo OR author:lodz)": {2},
    "author:jo author:/^Jo D/": {1},
}


def test_what_is_asked_of_authors_comes_from_their_index(shelves: tuple[Store, Store]) -> None:
    for store in shelves:
        for written, kinds in AUTHOR_QUERIES.items():
            query = compile_query(written, {})
            true = [id_ for id_ in range(1, 81) if id_ % 3 in kinds]
            assert [hit.article_id for hit in store.read_now(backtest, query, None, None)] == true, written
            found, total = store.read_now(search, query, None, None, 99)
            assert (sorted(article.id for article, _ in found), total) == (true, len(true)), written
            if query.narrowing().exact:
                assert store.read_now(bare_count, query) >= len(true)
        assert store.read_now(bare_count, compile_query("author:us", {})) == len(range(2, 81, 3)), "the names need not be read"


def test_an_article_of_any_length_is_stored_and_found(postgres_url: str, tmp_path: Path) -> None:
    """A word at the two hundred thousandth place; and more different words than a tsvector holds."""
    long, vast = "harbour " * 200_000 + "strike", " ".join(f"word{n}x{n * 7919}" for n in range(120_000)) + " strike"
    assert (tsvector("", long), tsvector("", vast)) == (
        Indexed("'harbour':2B 'strike':2B", placed=False),
        Indexed(None, placed=False),
    )

    def write(session: Session) -> None:
        _write(random.Random(7), session)
        for number, body in ((1, long), (2, vast)):
            fulltext.drop(session, number)
            session.get_one(ArticleRow, number).text = body
            fulltext.put(session, number, "", body, [])

    with Store(postgres_url) as store:
        store.write_now(write)
        found, _ = store.read_now(search, compile_query('"harbour strike" OR word7x55433', {}), None, None, 9)
        assert {article.id for article, _ in found} >= {1, 2}
        (plan,) = store.read_now(_plans)
        assert "article_fts_tokens" in plan
        assert "article_fts_none" in plan


def _plans(session: Session) -> list[str]:
    session.execute(text("SET LOCAL enable_seqscan TO off"))
    (condition,) = (
        str(part.compile(compile_kwargs={"literal_binds": True})) for part in fulltext.hits(session, Narrowing('"strike"'))
    )
    return [str(session.execute(text(f"EXPLAIN SELECT id FROM article WHERE {condition}")).all())]
