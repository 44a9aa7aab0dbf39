"""Back-tests of one rule over an archive of made-up articles, as a ratio to the bare index query.

The texts follow Zipf's law and have about 5.6 kB. ``bare_ms`` is the index's own answer, without verification and without reading
a text; ``backtest_ms`` what ``aggregator rule test`` waits for. A rule that the index answers to the letter needs no text at all;
of all others every candidate is put to the matcher. CPU time is counted, for other work on the machine would count as ours. Texts
are put together from a stock of paragraphs, which takes a fifth of the time.
Usage: ``make bench NAME=backtest [ARGS=--articles=20000]``.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
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
        rows, indexed = [], list[dict[str, Any]]()
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
            indexed.append({"id": number, "title": title, "body": body})  # folded already
        assert index_text(indexed[0]["body"]) == indexed[0]["body"]
        session.execute(insert(ArticleRow), rows)
        session.execute(text("INSERT INTO article_fts (rowid, title, body) VALUES (:id, :title, :body)"), indexed)

    store.write_now(begin)
    for first in range(1, count + 1, BATCH):
        store.write_now(put, first)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The best of three, in milliseconds of CPU time."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        done = work()
        best = min(best, time.process_time() - begin)
    return done, best * 1000


def main() -> None:
    """Fill an archive, run the rules over it, print a line for each and one JSON object for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    count = parser.parse_args().articles
    chance = random.Random(0)
    words = list(dict.fromkeys("".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(60_000)))
    queries = {
        "rare word": words[20_000],
        "word": words[4000],
        "common word": words[300],
        "words and an exclusion": f"{words[700]} ({words[900]} OR {words[901]}) -{words[500]}",
        "noise control": words[4001],
        "nearness": f"({words[2000]} OR {words[2001]}) NEAR/20 {words[300]}",
        "common nearness": f"{words[300]} NEAR/5 {words[400]}",
        "very common nearness": f"{words[20]} NEAR/3 {words[30]}",
        "very common, in order": f"{words[20]} ONEAR/3 {words[30]}",
        "very common, far off": f"{words[20]} NOT NEAR/3 {words[30]} AND {words[400]}",
        "loose phrase": f'"{words[20]} {words[30]}"~3',
        "exact word": f"={words[900]}",
        "beginning": f"{words[3000][:5]}*",
    }
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/bench.db"
        migrate.upgrade(url)
        with Store(url) as store:
            begin = time.perf_counter()
            fill(store, count, words)
            print(f"{count:,} articles in {time.perf_counter() - begin:.0f} s")
            for name, query in queries.items():
                compiled = compile_query(query, {})
                rule = RuleSpec("r", "R", query, min_words=800, exclude_sources=("other",)) if name == "noise control" else None
                bare, bare_ms = timed(partial(store.read_now, backtests.bare_count, compiled))
                hits, took_ms = timed(partial(store.read_now, backtests.backtest, compiled, None, None, rule))
                exact = compiled.narrowing().exact
                print(
                    f"{name:24} {bare:7,} candidates, {len(hits):7,} hits, bare {bare_ms:8.1f} ms, back-test {took_ms:8.1f} ms,"
                    f" ratio {took_ms / bare_ms:6.1f}{', exact' if exact else ''}"
                )
                counts = {"candidates": bare, "hits": len(hits), "exact": exact}
                results[name] = counts | {"bare_ms": round(bare_ms, 2), "backtest_ms": round(took_ms, 2)}
    print(json.dumps({"articles": count, "queries": results}))


if __name__ == "__main__":
    main()
