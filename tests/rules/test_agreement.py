"""Random queries on random documents: matcher, rule set and index against a slow, plain reading of the language's definition."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.errors import RuleSyntaxError
from aggregator.model.rule import Document, Entity, RuleSpec
from aggregator.rules import compile_query, compile_rules, explain_error, parse
from aggregator.rules.keys import Published
from aggregator.rules.syntax import And, AtLeast, EntityRef, Field, Key, Near, Node, Not, Or, Term
from aggregator.text import index_text, tokenize

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
scoped = st.tuples(st.sampled_from(["", "", "", "title:", "body:", "lead:", "text:", "author:"]), positionals).map("".join)
keys = st.one_of(
    st.sampled_from(
        ["lang:fa", "lang:en", "lang:(fa OR EN)", "source:wire", "source:(wire OR daily)", "group:State", "country:ir"]
    ),
    st.sampled_from(
        ["date>=2024-02-01", "date:2024-01", "date:(2024-01-05 OR 2024-03)", "date:2024-01-20..", "words>3", "words:2..4"]
    ),
    st.sampled_from(["domain:example.org", "tag:x", "url:/a/"]),
)


def _boolean(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"NOT {part}"),
    )


queries = st.recursive(st.one_of(scoped, scoped, scoped, keys), _boolean, max_leaves=6)

texts = st.lists(st.sampled_from((*WORDS, "the", "of", "Alpha", "bet", "alphabet", "gammas", ".", "国")), max_size=14).map(
    " ".join
)
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

Place = tuple[str, int, int]


class Oracle:
    """The definition, word for word, at any price. Places are (field, first token, last token)."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.fields = {"title": document.title, "body": document.body}
        self.fields |= {f"author{number}": name for number, name in enumerate(document.authors)}

    def holds(self, node: Node, scope: str = "text") -> bool:
        match node:
            case And(parts=parts):
                return all(self.holds(part, scope) for part in parts)
            case Or(parts=parts):
                return any(self.holds(part, scope) for part in parts)
            case Not(part=part):
                return not self.holds(part, scope)
            case Key(test=test):
                return test.holds(self.document)
            case Field(name=name, part=part):
                return self.holds(part, name)
            case _:
                return bool(self.places(node, scope))

    def places(self, node: Node, scope: str) -> set[Place]:
        match node:
            case Term():
                return set(self.term(node.text, node.exact, node.prefix, scope))
            case EntityRef(slug=slug):
                return {place for alias in ENTITIES[slug].aliases for place in self.alias(alias, scope)}
            case Or(parts=parts):
                return {place for part in parts for place in self.places(part, scope)}
            case Field(name=name, part=part):
                return self.places(part, name)
            case AtLeast(count=count, part=part):
                found = self.places(part, scope)
                return found if len(found) >= count else set()
            case Near():
                return self.near(node, scope)
            case _:
                raise AssertionError(node)

    def alias(self, alias: str, scope: str) -> set[Place]:
        if alias.startswith("@"):
            return self.places(parse(alias).root, scope)
        return set(self.term(alias.strip("=*"), alias.startswith("="), alias.endswith("*"), scope))

    def near(self, node: Near, scope: str) -> set[Place]:
        lefts, rights = self.places(node.left, scope), self.places(node.right, scope)

        def beside(a: Place, b: Place) -> bool:
            if a[0] != b[0]:
                return False
            gap = b[1] - a[2] - 1 if b[1] > a[2] else a[1] - b[2] - 1
            apart = b[1] > a[2] or (not node.ordered and b[2] < a[1])
            return apart and 0 <= gap <= node.distance

        if not node.negated:
            return {(a[0], min(a[1], b[1]), max(a[2], b[2])) for a in lefts for b in rights if beside(a, b)}

        def spoils(a: Place, b: Place) -> bool:
            return beside(a, b) or (a[0] == b[0] and a != b and b[1] <= a[2] and a[1] <= b[2])

        return {a for a in lefts if not any(spoils(a, b) for b in rights)}

    def term(self, text: str, exact: bool, prefix: bool, scope: str) -> Iterator[Place]:
        wanted = tokenize(text)
        prefix = prefix and "中" not in text[-1:]
        literal = text[wanted[0].start : wanted[-1].end]
        for name, content in self.fields.items():
            if name.startswith("author") != (scope == "author") or (scope in ("title", "body") and name != scope):
                continue
            tokens = tokenize(content)
            for first in range(len(tokens) - len(wanted) + 1):
                there = tokens[first : first + len(wanted)]
                last = there[-1].term.startswith(wanted[-1].term) if prefix else there[-1].term == wanted[-1].term
                same = last and [token.term for token in there[:-1]] == [token.term for token in wanted[:-1]]
                said = content[there[0].start : there[-1].end]
                literally = not exact or (said.startswith(literal) if prefix else said == literal)
                in_lead = scope != "lead" or name == "title" or first + len(wanted) <= 100
                if same and literally and in_lead:
                    yield (name, first, first + len(wanted) - 1)


@relaxed
@given(queries, documents)
def test_the_matcher_follows_the_definition(query: str, document: Document) -> None:
    found = compile_query(query, ENTITIES).match(document)
    assert (found is not None) == Oracle(document).holds(parse(query).root)


@relaxed
@given(positionals, documents)
def test_spans_are_hits_of_words_at_their_places(query: str, document: Document) -> None:
    found = compile_query(query, ENTITIES).match(document)
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
        wanted = tokenize(written)
        assert [token.term for token in whole[:-1]] == [token.term for token in wanted[:-1]]
        assert whole[-1].term.startswith(wanted[-1].term)
        assert not written.startswith("=") or said.startswith(written.strip('="*'))
    assert set(found.aliases) == {span.alias for span in found.spans} - {""}


@relaxed
@given(st.lists(queries, max_size=8), documents)
def test_a_rule_set_is_every_rule_on_its_own(texts: list[str], document: Document) -> None:
    rules = [RuleSpec(f"r{number}", "", query) for number, query in enumerate(texts)]
    alone = ((rule, compile_query(rule.query, ENTITIES).match(document)) for rule in rules)
    expected = tuple(replace(found, rule=rule.slug) for rule, found in alone if found is not None)
    assert compile_rules(rules, ENTITIES.values()).match(document) == expected


@relaxed
@given(queries, st.lists(documents, min_size=1, max_size=4))
def test_the_index_never_loses_a_match(query: str, shelf: list[Document]) -> None:
    compiled = compile_query(query, ENTITIES)
    narrowing = compiled.narrowing()
    true = {number for number, document in enumerate(shelf) if compiled.match(document)}
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
    fts = compiled.narrowing().fts
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize='ascii')")
        db.execute("INSERT INTO texts(title, body) VALUES ('', ?)", (index_text(query),))
        hits = db.execute("SELECT count(*) FROM texts WHERE texts MATCH ?", (fts,)).fetchone() if fts is not None else (1,)
    if compiled.match(Document(title="", body=query)):
        assert hits == (1,)
