"""Random queries on random documents: matcher, rule set and index against a slow, plain reading of the language's definition."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.errors import RuleSyntaxError
from aggregator.model.rule import Document, RuleSpec
from aggregator.rules import compile_query, compile_rules, explain_error, parse
from aggregator.rules.keys import OneOf, Published, WordCount
from aggregator.text import index_text, tokenize
from tests.rules.generating import ENTITIES, NOW, documents, positionals, queries
from tests.rules.oracle import Oracle

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
        if "\u0600" <= said[0] <= "\u06ff":
            continue  # Persian words are written joined and parted, too.
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


def _asked(fts: str | None, shelf: list[Document]) -> set[int]:
    """The numbers of the documents that FTS5 finds; None is for all."""
    if fts is None:
        return set(range(len(shelf)))
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize='ascii')")
        rows = [(number, index_text(document.title), index_text(document.body)) for number, document in enumerate(shelf)]
        db.executemany("INSERT INTO texts(rowid, title, body) VALUES (?, ?, ?)", rows)
        return {number for (number,) in db.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (fts,))}


letters = st.sampled_from("abc")
operands = st.one_of(
    letters,
    st.lists(letters, min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.lists(letters, min_size=2, max_size=3, unique=True).map(lambda words: f"({' OR '.join(words)})"),
    letters.map(lambda word: f"title:{word}"),
)
nears = st.one_of(
    st.builds("{} {}/{} {}".format, operands, st.sampled_from(["NEAR", "ONEAR"]), st.integers(1, 3), operands),
    st.builds('"{}"~{}'.format, st.lists(letters, min_size=2, max_size=4).map(" ".join), st.integers(1, 3)),
)
rows_of_letters = st.lists(st.sampled_from("abcx"), max_size=10).map(" ".join)


@settings(relaxed, max_examples=300)
@given(nears, st.lists(st.builds(Document, rows_of_letters, rows_of_letters), min_size=1, max_size=8))
def test_a_nearness_is_never_lost_by_the_index(query: str, shelf: list[Document]) -> None:
    """Few words, so that operands stand often, near each other, and one in the other."""
    compiled = compile_query(query, {})
    narrowing = compiled.narrowing()
    assert "NEAR(" in (narrowing.fts or "")
    true = {number for number, document in enumerate(shelf) if compiled.match(document)}
    found = _asked(narrowing.fts, shelf)
    assert true <= found
    assert true == found or not narrowing.exact


@relaxed
@given(queries, st.lists(documents, min_size=1, max_size=4))
def test_the_index_never_loses_a_match(query: str, shelf: list[Document]) -> None:
    compiled = compile_query(query, ENTITIES)
    narrowing = compiled.narrowing(NOW)
    true = {number for number, document in enumerate(shelf) if compiled.match(document, NOW)}
    found = _asked(narrowing.fts, shelf)
    for column in ("sources", "languages", "countries", "groups"):
        values = getattr(narrowing, column)
        attribute = {"sources": "source", "countries": "country"}.get(column, column.removesuffix("s"))
        found = {number for number in found if not values or getattr(shelf[number], attribute) in values}
    within = Published(((narrowing.date_from, narrowing.date_to),))
    long = WordCount(((narrowing.least_words, narrowing.most_words),))
    for number, document in enumerate(shelf):
        if (
            (not within.holds(document) and (narrowing.date_from or narrowing.date_to))
            or not long.holds(document)
            or (narrowing.tags and set(narrowing.tags).isdisjoint(document.tags))
            or (narrowing.urls and not any(part in document.url.casefold() for part in narrowing.urls))
            or (narrowing.domains and not OneOf("domain", narrowing.domains).holds(document))
            or not narrowing.may_be_by(document.authors)
            or not narrowing.may_be_titled(document.title)
        ):
            found.discard(number)
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
