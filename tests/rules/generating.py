"""Random queries over every operator, and small documents on which they sometimes match."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from aggregator.model.rule import Document, Entity

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)

ENTITIES = {
    "one": Entity("one", "One", ("alpha beta", "=Gamma", "delt*", "@two")),
    "two": Entity("two", "Two", ("中国", "can't")),
}
WORDS = (
    "alpha",
    "beta",
    "Gamma",
    "gamma",
    "delta",
    "delft",
    "Beta",
    "alpha-beta",
    "中国",
    "中",
    "can't",
    "U.S.",
    "us",
    "کتاب",
    "کتابها",
    "کتاب\u200cها",
    "می\u200cخواهد",
)

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
        [
            "title:",
            "alpha ",
            "alpha NOT ",
            "beta body:",
            "beta lead:",
            "gamma quoted:",
            "gamma unquoted:",
            "beta cites:",
            "中 author:",
        ]
    ),
    st.sampled_from(["alph.", "Gamm?a", "be+ta ", "a.c?", "国|中", "[.] b", "ta$", "^al"]),
    st.sampled_from(["", "i"]),
)
scoped = st.tuples(
    st.sampled_from(["", "", "", "title:", "body:", "lead:", "text:", "author:", "quoted:", "unquoted:", "cites:"]), positionals
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
        (
            *WORDS,
            "the",
            "of",
            "said",
            "according to",
            "به گزارش",
            "Alpha",
            "bet",
            "alphabet",
            "gammas",
            ".",
            "国",
            "“",
            "”",
            "«",
            "»",
            '"alpha',
            'beta"',
            "\n",
        )
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
