"""Ten thousand hostile queries against a small archive: each is an error with a place, or an answer; never anything else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlmodel import Session

from aggregator.errors import RuleSyntaxError
from aggregator.model.feed import FeedEntry
from aggregator.model.rule import Entity
from aggregator.rules import compile_query, explain_error
from aggregator.store import Store, articles, fulltext
from aggregator.store.search import document, search
from tests.store.test_articles import Announce, _ingest, announce  # noqa: F401 - a fixture

ENTITIES = {"one": Entity("one", "One", ("Northgate", "=PORT", "dock*", "بندر"))}
WORDS = ("port", "dockers", "strike", "a", "the", "中国", "بندر", "می‌خواهد", "U.S.", "Łódź", "co-op", "١٤٠٢", "😀")
SYNTAX = (
    '"port" * OR',
    "title : port",
    "{title body} : port",
    "- {title} : x",
    "^port",
    "port + dockers",
    "NEAR(port dockers, 5)",
    "port NOT",
    'port" OR "1"="1',
    "port'; DROP TABLE article; --",
    "articles MATCH 'x'",
    "rowid:1",
    "rank:bm25(10,5)",
    '""""',
    "port\\",
    "port%_",
    ":fts",
    "?1",
    "{port}",
    "[port]",
    "`port`",
    "port\x00dockers",
    "$port",
    "AND",
    "OR OR",
    '"port" AND AND "x"',
    "port:*",
    "*",
    "**",
    "port*dock*",
)
BOMBS = (
    r"port /(a+)+$/",
    r"port /(a|a)*b/",
    r"port /((a{1,30}){1,30}){1,30}/",
    r"title:/\w{1,1000}/",
    r"title:/(((((.*)*)*)*)*)x/",
    r"port /(?=a)b/",
    r"port /\1/",
    r"port /[[:^alpha:]\w\]/",
    r"port /\Q\E/",
    "port /[\ud800]/",
    "port /\x00/",
    r"port /\C/",
    r"port /(?i)(?s).{500}p/",
    r"url:/(x+x+)+y/",
    r"port /" + "(" * 500 + ")" * 500 + "/",
    r"port /" + "a?" * 500 + "a" * 500 + "/",
    r"port /\p{Greek}{1,200}|\pL{3,}/i",
)
SIGNS = "()\"“”«»=*~-/:@#<>.|&!?^{}[]'`\\;,%$_ \n\t\r\x00\x0b\x1f\x7f\u200c\u200e\u202e\ufeff\ud800\udfffé中ي0"
OPERATORS = (" AND ", " OR ", " ", " NOT ", " NEAR/3 ", " ONEAR ", " NOT NEAR/9 ", " -", "\n", " # x\n")
WRAPS = (
    "({})",
    "NOT {}",
    "title:{}",
    "lead:({})",
    "quoted:({})",
    "ATLEAST/2({})",
    '"{}"',
    "={}",
    "{}*",
    '"{} a"~3',
    "lang:({})",
    "-{}",
    "@one {}",
)
LONG = (
    "NOT " * 500 + "port",
    "(" * 4000 + "port" + ")" * 4000,
    "NOT (" * 500,
    "port AND NOT " * 500 + "x",
    "(port OR " * 29 + "x" + ")" * 29,
    " OR ".join(f"port{n}*" for n in range(500)),
    " ".join(f"-x{n}" for n in range(499)),
    " NEAR/100 ".join(["port"] * 29),
    "port " * 1600,
    '"' + "port " * 1600 + '"',
    '"' + "می‌خواهد " * 350 + '"',
    '"' + "می " * 1600 + '"',
    "می\u200c" * 1100 + "x",
    "=" * 8192,
    '"' * 8192,
    "\x00" * 8192,
    "\ud800" * 2700,
    "中" * 2700,
    "a" * 8192,
    "é" * 4097,
    "(" * 8192,
    "@one " * 120,
    "@one " * 200,
    "#" * 8192,
    "# \n" * 2700 + "port",
    "title:" * 1300 + "port",
    "ATLEAST/1(" * 30 + "port" + ")" * 30,
    "lang:(" + " OR ".join(["fa"] * 1300) + ") port",
    " OR ".join(f'"port x{n}"~100' for n in range(400)),
    "port /" + "a" * 8000 + "/",
    "(((port OR dockers) NEAR/100 the) NEAR/100 (strike OR of)) NEAR/100 (a OR the)",
    "age<1d " * 1000 + "port",
    "words>" + "9" * 8000,
    "port~" + "9" * 8000,
)
COUNT = 10_000
SEED = 1402
SEARCHED = 200


def _made(random_: random.Random, depth: int) -> str:
    if depth == 0 or random_.random() < 0.25:
        kind = random_.random()
        if kind < 0.6:
            return random_.choice(WORDS)
        return random_.choice(SYNTAX) if kind < 0.97 else random_.choice(BOMBS[:14])
    if random_.random() < 0.5:
        return random_.choice(WRAPS).format(_made(random_, depth - 1))
    return random_.choice(OPERATORS).join(_made(random_, depth - 1) for _ in range(random_.randrange(1, 4)))


def _hostile() -> Iterator[str]:
    random_ = random.Random(SEED)
    yield from (*LONG, *BOMBS, *SYNTAX)
    for _ in range(COUNT - len(LONG) - len(BOMBS) - len(SYNTAX)):
        query = _made(random_, random_.randrange(4))
        for _ in range(random_.choice((0, 0, 1, 3))):
            at = random_.randrange(len(query) + 1)
            query = query[:at] + random_.choice(SIGNS) + query[at + random_.randrange(2) :]
        yield query


def test_a_hostile_query_is_an_error_or_an_answer(
    applied: Store,
    announce: Announce,  # noqa: F811
    make_entry: Callable[..., FeedEntry],
    now: datetime,
) -> None:
    texts = (
        "The dockers of the port strike: “a port”.",
        "中国 U.S. Łódź 😀 co-op",
        "او می‌خواهد به بندر برود ١٤٠٢",
        "a " * 300 + "port",
    )
    for number, entry in enumerate(announce(1, *(make_entry(f"e{n}", title=f"Port {n}") for n in range(len(texts))))):
        _ingest(applied, entry, body=texts[number], sketch=(number,))

    def ask_all(session: Session) -> Counter[str]:
        told: Counter[str] = Counter()
        shelf = [document(found) for found in articles.articles_due(session, 2)]
        for number, query in enumerate(_hostile()):
            try:
                compiled = compile_query(query, ENTITIES)
            except RuleSyntaxError as error:
                told["refused"] += error.message in explain_error(error)
                continue
            if number < SEARCHED or number % 10 == 0:
                hits = search(session, compiled, None, None, 2, now)[1]
            else:  # The same in its parts, without what costs most: reading articles.
                fts = compiled.narrowing(now).fts
                narrowed = fulltext.count(session, fts, fulltext.EVERYTHING) if fts is not None else len(shelf)
                hits = sum(compiled.match(one, now) is not None for one in shelf)
                assert hits <= narrowed
            told["found" if hits else "nothing found"] += 1
        return told

    told = applied.read_now(ask_all)
    assert sum(told.values()) == COUNT
    assert min(told.values()) > COUNT / 20, "all three kinds are tried"
