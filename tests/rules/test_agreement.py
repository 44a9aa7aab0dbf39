"""Random queries on random documents: matcher, rule set and index against a slow, plain reading of the language's definition."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.errors import RuleSyntaxError
from aggregator.model.rule import Document, Entity, RuleSpec
from aggregator.rules import compile_query, compile_rules, explain_error, parse
from aggregator.rules.keys import Published
from aggregator.text import index_text, tokenize
from tests.rules.oracle import Oracle

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)

ENTITIES = {
    "one": Entity("one", "One", ("alpha beta", "=Gamma", "delt*", "@two")),
    "two": Entity("two", "Two", ("中国", "can't")),
}
WORDS = ("alpha", "beta", "Gamma", "gamma", "delta", "delft", "Beta", "alpha-beta", "中国", "中", "can't", "U.S.", "us", "کتاب")

words = st.sampled_from(WORDS)
phrases = st.lists(words, min_size=1, max_size=3).map(" ".join)
terms_ = st.one_of(
    words,
    words.map(lambda word: f"={word}"),
    phrases.map(lambda phrase: f'"{phrase}"'),
    phrases.map(lambda phrase: f'="{phrase}"'),
    st.builds(
        '{}"{} {}"~{}'.format,
        st.sampled_from(["", "="]),
        phrases,
        st.sampled_from(["beta", "gam*", "کتاب", "中"]),
        st.integers(1, 4),
    ),
    st.sampled_from(["alp*", "del*", "gamm*", '"alpha bet*"', "中*", "@one", "@two", "=Gam*"]),
)


def _positional(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    near = st.sampled_from(["NEAR/1", "NEAR/2", "NEAR", "ONEAR/1", "ONEAR/3", "NOT NEAR/2", "NOT ONEAR/2"])
    return st.one_of(
        st.tuples(inner, near, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} OR {parts[1]})"),
        st.tuples(st.integers(1, 3), inner).map(lambda parts: f"ATLEAST/{parts[0]}({parts[1]})"),
    )


positionals = st.recursive(terms_, _positional, max_leaves=4)
patterns = st.builds(
    "({}/{}/{})".format,
    st.sampled_from(
        ["title:", "alpha ", "alpha NOT ", "beta body:", "beta lead:", "gamma quoted:", "gamma unquoted:", "中 author:"]
    ),
    st.sampled_from(["alph.", "Gamm?a", "be+ta ", "a.c?", "国|中", "[.] b", "ta$", "^al"]),
    st.sampled_from(["", "i"]),
)
scoped = st.tuples(
    st.sampled_from(["", "", "", "title:", "body:", "lead:", "text:", "author:", "quoted:", "unquoted:"]), positionals
).map("".join)
keys = st.one_of(
    st.sampled_from(
        ["lang:fa", "lang:en", "lang:(fa OR EN)", "source:wire", "source:(wire OR daily)", "group:State", "country:ir"]
    ),
    st.sampled_from(
        [
            "age<1d",
            "age<=1d",
            "age>12h",
            "age>=4w",
            "age:12h..3w",
            "age:(..600min OR 20d..)",
            "date>=2024-02-01",
            "date:2024-01",
            "date:(2024-01-05 OR 2024-03)",
            "date:2024-01-20..",
            "words>3",
            "words:2..4",
        ]
    ),
    st.sampled_from(["domain:example.org", "tag:x", 'url:"/a/"', "url:/a.[0-9]$/"]),
)


def _boolean(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"NOT {part}"),
    )


queries = st.recursive(st.one_of(scoped, scoped, scoped, keys, patterns), _boolean, max_leaves=6)

texts = st.lists(
    st.sampled_from(
        (*WORDS, "the", "of", "Alpha", "bet", "alphabet", "gammas", ".", "国", "“", "”", "«", "»", '"alpha', 'beta"', "\n")
    ),
    max_size=14,
).map(" ".join)
documents = st.builds(
    Document,
    title=texts,
    body=texts,
    authors=st.lists(phrases, max_size=2).map(tuple),
    source=st.sampled_from(["wire", "daily"]),
    domain=st.sampled_from(["example.org", "news.example.org", "example.com"]),
    url=st.sampled_from(["https://example.org/a/1", "https://example.org/b"]),
    language=st.sampled_from(["fa", "en", ""]),
    country=st.sampled_from(["IR", "ir", ""]),
    group=st.sampled_from(["state", "wire"]),
    tags=st.sampled_from([(), ("x",), ("X", "y")]),
    published_at=st.sampled_from(
        [None, datetime(2024, 1, 5, 12, tzinfo=UTC), datetime(2024, 1, 31, 23, 59, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]
    ),
    words=st.integers(0, 6),
)
relaxed = settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(queries, documents)
def test_the_matcher_follows_the_definition(query: str, document: Document) -> None:
    found = compile_query(query, ENTITIES).match(document, NOW)
    assert (found is not None) == Oracle(document, ENTITIES, NOW).holds(parse(query).root)


@relaxed
@given(positionals, documents)
def test_spans_are_hits_of_words_at_their_places(query: str, document: Document) -> None:
    found = compile_query(query, ENTITIES).match(document, NOW)
    if found is None:
        return
    assert found.spans
    assert list(found.spans) == sorted(
        set(found.spans), key=lambda span: (span.field == "body", span.start, span.end, span.leaf, span.alias)
    )
    for span in found.spans:
        said = (document.title if span.field == "title" else document.body)[span.start : span.end]
        written = span.alias or span.leaf
        whole = tokenize(said)
        assert whole[0].start == 0
        assert whole[-1].end == len(said)
        wanted = tokenize(written.partition("~")[0])
        if "~" in written:
            between = iter(token.term for token in whole[1:-1])
            assert all(token.term in between for token in wanted[1:-1])
            whole = [*whole[:1], *wanted[1:-1], *whole[-1:]]
        assert [token.term for token in whole[:-1]] == [token.term for token in wanted[:-1]]
        assert whole[-1].term.startswith(wanted[-1].term)
        assert not written.startswith("=") or "~" in written or said.startswith(written.strip('="*'))
    assert set(found.aliases) == {span.alias for span in found.spans} - {""}


@relaxed
@given(st.lists(queries, max_size=8), documents)
def test_a_rule_set_is_every_rule_on_its_own(texts: list[str], document: Document) -> None:
    rules = [RuleSpec(f"r{number}", "", query) for number, query in enumerate(texts)]
    alone = ((rule, compile_query(rule.query, ENTITIES).match(document, NOW)) for rule in rules)
    expected = tuple(replace(found, rule=rule.slug) for rule, found in alone if found is not None)
    assert compile_rules(rules, ENTITIES.values()).match(document, NOW) == expected


@relaxed
@given(queries, st.lists(documents, min_size=1, max_size=4))
def test_the_index_never_loses_a_match(query: str, shelf: list[Document]) -> None:
    compiled = compile_query(query, ENTITIES)
    narrowing = compiled.narrowing(NOW)
    true = {number for number, document in enumerate(shelf) if compiled.match(document, NOW)}
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize='ascii')")
        rows = [(number, index_text(document.title), index_text(document.body)) for number, document in enumerate(shelf)]
        db.executemany("INSERT INTO texts(rowid, title, body) VALUES (?, ?, ?)", rows)
        found = set(range(len(shelf)))
        if narrowing.fts is not None:
            found = {number for (number,) in db.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (narrowing.fts,))}
    for column in ("sources", "domains", "languages", "countries", "groups"):
        values = getattr(narrowing, column)
        attribute = {"sources": "source", "countries": "country"}.get(column, column.removesuffix("s"))
        found = {number for number in found if not values or getattr(shelf[number], attribute) in values}
    if narrowing.date_from or narrowing.date_to:
        within = Published(((narrowing.date_from, narrowing.date_to),))
        found = {number for number in found if within.holds(shelf[number])}
    assert true <= found
    if narrowing.exact:
        assert true == found


def _syntax_error(query: str) -> RuleSyntaxError | None:
    try:
        compile_query(query, ENTITIES)
    except RuleSyntaxError as error:
        return error
    return None


@relaxed
@given(st.text(max_size=60))
def test_any_text_parses_or_gives_a_syntax_error_with_a_place(query: str) -> None:
    error = _syntax_error(query)
    if error is not None:
        lines = query.split("\n")
        assert 1 <= error.query_line <= len(lines)
        assert 1 <= error.column <= len(lines[error.query_line - 1]) + 1
        assert error.message in explain_error(error)
        return
    compiled = compile_query(query, ENTITIES)
    fts = compiled.narrowing(NOW).fts
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize='ascii')")
        db.execute("INSERT INTO texts(title, body) VALUES ('', ?)", (index_text(query),))
        hits = db.execute("SELECT count(*) FROM texts WHERE texts MATCH ?", (fts,)).fetchone() if fts is not None else (1,)
    if compiled.match(Document(title="", body=query), NOW):
        assert hits == (1,)
