"""Searching an archive that grows to a million made-up articles, on SQLite and PostgreSQL, as a ratio to the bare index query.

Two hundred queries: words, phrases, beginnings, AND, OR, NOT, NEAR, exact words, keys, dates and an entity, of rare and common
words in five scripts. ``bare`` counts what the index gives for a query with its keys, without verification and without reading a
text; beside it, in turn, what a reader waits for: a page of twenty by date, the same with a total, by relevance, and with facets.
A query of which more than ``MOST_READ`` articles would have to be read is left out where every hit is (``left_out``): that takes
about a millisecond each. Growth asks for words that stand in about 200 articles, whatever the size. CPU time is counted, that of
PostgreSQL's process with ours, for other work on the machine would count as ours (where the server is not seen among the
processes: time on the clock). ``--most`` is the largest archive (ten times smaller ones are measured on the way),
``--postgresql`` that on PostgreSQL (0: none), ``--folder`` keeps the SQLite archive for another run. A million articles need
10 GB and more than an hour for each.
Usage: ``make bench NAME=search [ARGS='--most=100000 --postgresql=100000']``.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from aggregator.model.rule import Entity
from aggregator.model.search import Facet, Order, Question
from aggregator.rules import CompiledQuery, compile_query
from aggregator.store import Store, facets, migrate
from aggregator.store.candidates import Bounds
from aggregator.store.dialect import is_postgresql
from aggregator.store.fulltext import EVERYTHING
from aggregator.store.search import ask
from tests import postgres
from tests.bench.archive import A_DAY, FORMS, START, Press, fill, plant, spent

SIZES = (10_000, 100_000, 300_000, 1_000_000)
QUERIES = 200
MODES = {
    "page": Question(),
    "total": Question(total=True),
    "relevance": Question(Order.RELEVANCE),
    "facets": Question(facets=(Facet.SOURCE, Facet.DAY)),
}
MOST_READ = 1000
LONG = 0.1
"""What takes longer, in seconds, is measured once."""
RANKS = {"common": (5, 60), "usual": (300, 3000), "rare": (5000, FORMS // 2)}
"""Places of words in the order of their frequency."""


def queries(press: Press, last: int) -> list[tuple[str, str]]:
    """Two hundred queries, each with its kind."""
    chance = random.Random(4)
    made: list[tuple[str, str]] = []

    def word(language: str, how: str) -> str:
        return press.words[language][chance.randrange(*RANKS[how])]

    while len(made) < QUERIES:
        language = chance.choice(("en", "en", "ru", "fa", "zh", "el"))
        rare, usual, common = (word(language, how) for how in ("rare", "usual", "common"))
        day = f"{START + timedelta(days=last / A_DAY * chance.random()):%Y-%m-%d}"
        made += [
            ("rare word", rare),
            ("word", usual),
            ("common word", common),
            ("and", f"{usual} {common}"),
            ("or", f"{rare} OR {usual}"),
            ("not", f"{common} -{word(language, 'common')} -{usual}"),
            ("phrase", f'"{common} {word(language, "common")}"'),
            ("beginning", f"{word('en', 'usual')[:5]}*"),
            ("near", f"{common} NEAR/5 {usual}"),
            ("near of common words", f"{common} NEAR/3 {word(language, 'common')}"),
            ("exact", f"={usual}"),
            ("title", f"title:{common}"),
            ("source", f"{common} source:source{chance.randrange(200)}"),
            ("language and date", f"{usual} lang:{language} date>={day}"),
            ("entity", "@thing"),
            ("loose", f'"{common} {usual}"~4'),
        ]
    return made[:QUERIES]


def bare(session: Session, query: CompiledQuery) -> int:
    """What the index alone gives."""
    return facets.total(session, query.narrowing(), Bounds(None, None, EVERYTHING))


def clocked(store: Store, work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    """What it gives, and milliseconds: the better of two, if it is short."""

    def measured(session: Session) -> tuple[Any, float]:
        begun = spent(session)
        return work(session, *given), spent(session) - begun

    best = float("inf")
    for _ in range(2):
        done, took = store.read_now(measured)
        best = min(best, took)
        if best > LONG:
            break
    return done, best * 1000


def spread(values: list[float]) -> dict[str, float]:
    """Median and p95."""
    return {"median": round(median(values), 2), "p95": round(quantiles(values, n=20)[-1], 2)}


def measure(store: Store, press: Press, size: int) -> dict[str, Any]:
    """The queries in all modes."""
    words = press.words
    thing = Entity(
        "thing", "Thing", (words["en"][4000], f"{words['en'][20]} {words['en'][30]}", words["fa"][900], words["zh"][700])
    )
    now = START + timedelta(days=size / A_DAY)
    asked = [(kind, compile_query(written, {"thing": thing})) for kind, written in queries(press, size)]
    bares, candidates, kinds = list[float](), list[float](), dict[str, list[float]]()
    times: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    left_out: Counter[str] = Counter()
    for kind, query in asked:
        count, bare_ms = clocked(store, bare, query)
        candidates.append(count)
        bares.append(bare_ms)
        for mode, question in MODES.items():
            if count > MOST_READ and mode != "page" and (mode == "relevance" or not query.narrowing(now).exact):
                left_out[mode] += 1
                continue
            _, took = clocked(store, ask, query, question, now)
            times[mode].append((took, took / bare_ms))
            if mode == "page":
                kinds.setdefault(kind, []).append(took / bare_ms)
    told: dict[str, Any] = {"candidates": spread(candidates), "bare_ms": spread(bares)}
    for mode, taken in times.items():
        told[mode] = {
            "left_out": left_out[mode],
            "ms": spread([took for took, _ in taken]),
            "ratio": spread([ratio for _, ratio in taken]),
        }
    told["page_ratio_by_kind"] = {kind: round(median(ratios), 2) for kind, ratios in sorted(kinds.items())}
    return told


def growth(store: Store, press: Press, size: int) -> dict[str, Any]:
    """A word in a fixed number of articles, alone and beside a common one."""
    common = press.words["en"][0]
    told = {}
    for name, written in (("word", plant(size)), ("beside a common word", f"{plant(size)} NOT NEAR/3 {common}")):
        query = compile_query(written, {})
        _, bare_ms = clocked(store, bare, query)
        taken = {mode: clocked(store, ask, query, question, START) for mode, question in MODES.items()}
        told[name] = {"hits": taken["total"][0].total, "bare_ms": round(bare_ms, 2)}
        told[name] |= {mode: round(took, 2) for mode, (_, took) in taken.items()}
    return told


def megabytes(session: Session) -> dict[str, int]:
    """The size of articles and of their index."""
    if is_postgresql(session):
        asked = "SELECT pg_total_relation_size('article') / 1000000, pg_total_relation_size('article_fts') / 1000000"
    else:
        size = "(SELECT sum(pgsize) / 1000000 FROM dbstat WHERE name LIKE '{}')"
        asked = f"SELECT {size.format('article')}, {size.format('article_fts%')}"
    articles, index = session.execute(text(asked)).one()
    return {"articles_mb": round(articles), "index_mb": round(index)}


def run(url: str, most: int, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Fill an archive size by size, and measure at each."""
    migrate.upgrade(url)
    press = Press(1, sizes)
    results: dict[str, Any] = {}
    with Store(url) as store:
        last = store.read_now(lambda session: session.execute(text("SELECT coalesce(max(id), 0) FROM article")).scalar_one())
        for size in (size for size in sizes if last <= size <= most):
            result: dict[str, Any] = fill(store, press, last + 1, size) if last < size else {}
            last = size
            result |= store.read_now(megabytes) | {"growth": growth(store, press, size)} | measure(store, press, size)
            results[str(size)] = result
            print(f"{store.url.split(':')[0]}, {size:,} articles: {json.dumps(result)}", flush=True)
    return results


def main() -> None:
    """Measure on both databases; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest archive on SQLite, in articles (0: none)")
    parser.add_argument("--postgresql", type=int, default=-1, help="the largest on PostgreSQL; as on SQLite if not given")
    parser.add_argument("--folder", type=Path, help="keep the SQLite archive here")
    given = parser.parse_args()
    great = given.most if given.postgresql < 0 else given.postgresql
    results: dict[str, Any] = {}
    sizes = tuple(sorted({*SIZES, given.most, great} - {0}))
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-search-")))
        folder.mkdir(parents=True, exist_ok=True)
        if given.most:
            results["sqlite"] = run(f"sqlite:///{folder}/archive.db", given.most, sizes)
        if great:
            results["postgresql"] = run(stack.enter_context(postgres.database()), great, sizes)
    print(json.dumps({"bench": "search", "queries": QUERIES, "databases": results}))


if __name__ == "__main__":
    main()
