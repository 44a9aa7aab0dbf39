"""Back-tests of one rule over an archive of made-up articles, as a ratio to the bare index query.

The texts follow Zipf's law and have about 5.6 kB. ``bare_ms`` is the index's own answer, without verification and without reading
a text; ``backtest_ms`` what ``aggregator rule test`` waits for. A rule that the index answers to the letter needs no text at all;
of all others every candidate is put to the matcher. CPU time is counted, that of PostgreSQL's process with ours, for other work
on the machine would count as ours. Texts are put together from a stock of paragraphs, which takes a fifth of the time.
Usage: ``make bench NAME=backtest [ARGS='--articles=20000 --postgresql=0']``.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import insert, text
from sqlmodel import Session

from aggregator.model.rule import RuleSpec
from aggregator.rules import compile_query
from aggregator.store import Store, backtests, migrate
from aggregator.store.tables import ArticleRow
from aggregator.text import index_text
from tests import postgres
from tests.bench.archive import close_index, index_many, open_index, spent

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = 850
PARAGRAPH = 50
STOCK = 40_000
SYLLABLES = [first + last for first in "bdfgklmnprstvz" for last in ("a", "e", "i", "o", "u", "an", "er", "il", "on", "us")]
BATCH = 2000

T = TypeVar("T")


def fill(store: Store, count: int, words: list[str]) -> None:
    """``count`` articles of one source, all of one story."""
    chance = random.Random(1)
    sums = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    stock = [" ".join(chance.choices(words, cum_weights=sums, k=PARAGRAPH)) for _ in range(STOCK)]

    def begin(session: Session) -> None:
        at = "'2026-01-01 00:00:00.000000'"
        session.execute(
            text(
                "INSERT INTO source (slug, url, spec, host, name, outlet_group, country, enabled, created_at, next_poll_at,"
                " poll_reason, forced, history, trouble, failures, failure_kind, failure_detail)"
                f" VALUES ('wire', 'http://wire.test/', '{{}}',"
                f" 'wire.test', 'Wire', '', '', true, {at}, {at}, '', false, '{{}}', '', 0, '', '')"
            )
        )
        story = f"{at}, '', {at}, 0, '{{}}', false"
        session.execute(text(f"INSERT INTO story (created_at, language, newest_at, texts, vector, open) VALUES ({story})"))

    def put(session: Session, first: int) -> None:
        rows, indexed = [], list[tuple[int, str, str]]()
        for number in range(first, min(first + BATCH, count + 1)):
            body = " ".join(chance.choices(stock, k=WORDS // PARAGRAPH))
            title = " ".join(chance.choice(stock).split()[:8])
            at = START + timedelta(minutes=number)
            rows.append(
                {
                    "id": number, "source_id": 1, "story_id": 1, "url": f"http://wire.test/{number}", "title": title,
                    "text": body, "text_origin": "page", "text_hash": str(number), "authors": [], "tags": [],
                    "other_languages": [], "date_evidence": [], "sketch": [], "words": WORDS, "first_seen_at": at,
                    "match_due": False,
                }
            )  # fmt: skip
            indexed.append((number, title, body))
        assert index_text(body) == body, "they are folded already"
        session.execute(insert(ArticleRow), rows)
        index_many(session, indexed)

    store.write_now(begin)
    store.write_now(open_index)
    for first in range(1, count + 1, BATCH):
        store.write_now(put, first)
    store.write_now(close_index)
    store.write_now(lambda session: session.execute(text("ANALYZE")))


def timed(store: Store, work: Callable[[Session], T]) -> tuple[T, float]:
    """The best of three, in milliseconds of CPU time."""

    def measured(session: Session) -> tuple[T, float]:
        begun = spent(session)
        done = work(session)
        return done, spent(session) - begun

    done, *tries = zip(*(store.read_now(measured) for _ in range(3)), strict=True)
    return done[0], min(tries[0]) * 1000


def run(url: str, count: int, words: list[str]) -> dict[str, dict[str, float]]:
    """Fill an archive and run the rules over it, a line for each."""
    queries = {
        "rare word": words[20_000],
        "word": words[4000],
        "common word": words[300],
        "words and an exclusion": f"{words[700]} ({words[900]} OR {words[901]}) -{words[500]}",
        "noise control": words[4001],
        "phrase": f'"{words[300]} {words[400]}"',
        "very common phrase": f'"{words[20]} {words[30]}"',
        "nearness": f"({words[2000]} OR {words[2001]}) NEAR/20 {words[300]}",
        "common nearness": f"{words[300]} NEAR/5 {words[400]}",
        "very common nearness": f"{words[20]} NEAR/3 {words[30]}",
        "very common, in order": f"{words[20]} ONEAR/3 {words[30]}",
        "very common, far off": f"{words[20]} NOT NEAR/3 {words[30]} AND {words[400]}",
        "loose phrase": f'"{words[20]} {words[30]}"~3',
        "exact word": f"={words[900]}",
        "beginning": f"{words[3000][:5]}*",
    }
    results = dict[str, dict[str, float]]()
    migrate.upgrade(url)
    with Store(url) as store:
        begin = time.perf_counter()
        fill(store, count, words)
        print(f"{store.url.split(':')[0]}: {count:,} articles in {time.perf_counter() - begin:.0f} s", flush=True)
        for name, query in queries.items():
            compiled = compile_query(query, {})
            rule = RuleSpec("r", "R", query, min_words=800, exclude_sources=("other",)) if name == "noise control" else None
            bare, bare_ms = timed(store, partial(backtests.bare_count, query=compiled))
            hits, took_ms = timed(store, partial(backtests.backtest, query=compiled, since=None, until=None, rule=rule))
            exact = compiled.narrowing().exact
            print(
                f"{name:24} {bare:7,} candidates, {len(hits):7,} hits, bare {bare_ms:8.1f} ms, back-test {took_ms:8.1f} ms,"
                f" ratio {took_ms / bare_ms:6.1f}{', exact' if exact else ''}",
                flush=True,
            )
            counts = {"candidates": bare, "hits": len(hits), "exact": exact}
            results[name] = counts | {"bare_ms": round(bare_ms, 2), "backtest_ms": round(took_ms, 2)}
    return results


def main() -> None:
    """Measure on both databases; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000, help="so many on SQLite (0: none)")
    parser.add_argument("--postgresql", type=int, default=-1, help="so many on PostgreSQL; as on SQLite if not given")
    given = parser.parse_args()
    great = given.articles if given.postgresql < 0 else given.postgresql
    chance = random.Random(0)
    words = list(dict.fromkeys("".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(60_000)))
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        if given.articles:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            results["sqlite"] = run(f"sqlite:///{Path(folder)}/bench.db", given.articles, words)
        if great:
            url = stack.enter_context(postgres.database())
            results["postgresql"] = run(url, great, words)
    print(json.dumps({"bench": "backtest", "articles": given.articles or great, "databases": results}))


if __name__ == "__main__":
    main()
