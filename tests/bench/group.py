"""Grouping: milliseconds per article for finding its copies and its story, in an archive that grows to a million articles.

25,000 articles come a day; one in five copies another, one in three tells more of a known event. The measured ones have made-up
texts by Zipf's law, and go through the functions of the service, one transaction each. The archive between the measured sizes
is filled with rows of the same size and number (shingles, stories, vectors, counts of words), without texts. Every filler is a
story of its own, which is the worst case: a quarter of a million stories are open at a million articles.
CPU time is counted; ``yardstick_ms``, that of ``sum(range(10**6))`` before and after, tells how fast the machine was meanwhile.
Usage: ``make bench NAME=group [ARGS=--most=100000]``.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from statistics import mean, median, quantiles

from sqlmodel import Session

from aggregator.dedupe import LOOKUP_SIZE, LOOKUP_TERMS, STORY_WINDOW, decide, fingerprint, place_story, term_id
from aggregator.model.article import ArticleDraft, Extraction, Fingerprint, New, TextOrigin
from aggregator.store import Store, articles, migrate, stories
from aggregator.store.codec import dump_vector
from aggregator.store.dialect import driver

SIZES = (10_000, 100_000, 1_000_000)
MEASURED = 1000
A_DAY = 25_000
START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = 100_000
SYLLABLES = [first + last for first in "bdfgklmnprstvz" for last in ("a", "e", "i", "o", "u", "an", "er", "il", "on", "us")]
BATCH = 50_000
LANGUAGE = "en"
SMALLEST_BITS = 59
"""The sixteen smallest of 300 hashes of 63 bits lie below this."""


class Press:
    """Makes articles up."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        made = (("".join(self.chance.choices(SYLLABLES, k=self.chance.randint(1, 4)))) for _ in range(3 * WORDS))
        self.words = list(dict.fromkeys(made))[:WORDS]
        self.odds = [1 / (rank + 3) for rank in range(len(self.words))]
        self.sums = list(accumulate(self.odds))
        self.ids = [term_id(LANGUAGE, word[:6]) for word in self.words]
        self.events: list[list[str]] = []
        self.told: list[str] = []

    def some(self, count: int) -> list[str]:
        return self.chance.choices(self.words, cum_weights=self.sums, k=count)

    def article(self) -> Extraction:
        """A new text; one in five copies one of the last hundred, one in three of the others tells of a known event."""
        if self.told and self.chance.random() < 0.2:
            text = " ".join(("As reported before:", self.chance.choice(self.told[-100:]), *self.some(12)))
            return Extraction(" ".join(self.some(8)), text, TextOrigin.PAGE, language=LANGUAGE)
        if not self.events or self.chance.random() > 0.33:
            self.events.append([word.capitalize() for word in self.chance.choices(self.words, k=8)])
        names = self.chance.choice(self.events[-100:])
        lead = [*self.some(25), *self.chance.sample(names, 5)]
        self.chance.shuffle(lead)
        title = [*self.some(5), *self.chance.sample(names, 3)]
        text = " ".join([*lead, *self.some(270)])
        self.told.append(text)
        return Extraction(" ".join(title), text, TextOrigin.PAGE, language=LANGUAGE)


def stamp(at: datetime) -> str:
    """An instant as the store writes it."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def at_of(number: int) -> datetime:
    """When the article of this number comes."""
    return START + timedelta(days=number / A_DAY)


def fill(path: Path, press: Press, first: int, last: int) -> None:
    """Put the articles from number ``first`` up to ``last`` into the tables, without deciding on them."""
    over = last - int(STORY_WINDOW / timedelta(days=1) * A_DAY)
    made = [press.some(45) for _ in range(5000)]
    vectors = [dump_vector({word[:6]: 0.15 for word in words}) for words in made]
    chance, some = press.chance, len(press.words)
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA synchronous=OFF")
        base.execute("PRAGMA cache_size=-400000")
        for begin in range(first, last, BATCH):
            numbers = [
                (number, stamp(at_of(number)), vectors[number % 5000]) for number in range(begin, min(begin + BATCH, last))
            ]
            base.execute("BEGIN")
            base.executemany(
                "INSERT INTO story (id, created_at, language, newest_at, texts, vector, open)"
                f" VALUES (?1, ?2, 'en', ?2, 1, iif(?1 < {over}, x'', ?3), ?1 >= {over})",
                numbers,
            )
            base.executemany(
                "INSERT INTO text_group (id, story_id, created_at, language, placed_by, score, words, vector)"
                " VALUES (?1, ?1, ?2, 'en', 'first', 0, '[]', x'')",
                (row[:2] for row in numbers),
            )
            base.executemany(
                "INSERT INTO article (id, source_id, story_id, group_id, url, title, text, text_origin, text_hash, authors, tags,"
                " date_evidence, sketch, note, site_name, has_time, words, revision, baseline, first_seen_at, match_due)"
                " VALUES (?1, 1, ?1, ?1, '', 'A title', '', 'page', '', '[]', '[]', '[]', '[]', '', '', 0, 300, 1, 0, ?2, 0)",
                (row[:2] for row in numbers),
            )
            shingles = sorted((chance.getrandbits(SMALLEST_BITS), number) for number, _, _ in numbers for _ in range(LOOKUP_SIZE))
            base.executemany("INSERT OR IGNORE INTO shingle (hash, article_id) VALUES (?, ?)", shingles)
            terms = sorted(
                (press.ids[int(chance.random() * some)], number)
                for number, _, _ in numbers
                if number >= over
                for _ in range(LOOKUP_TERMS)
            )
            base.executemany("INSERT OR IGNORE INTO story_term (term, story_id) VALUES (?, ?)", terms)
            base.execute("COMMIT")
        total = sum(press.odds)
        counts = {term_id(LANGUAGE, ""): last}
        for term, odds in zip(press.ids, press.odds, strict=True):
            counts[term] = counts.get(term, 0) + min(last, int(last * 60 * odds / total) + 1)
        base.execute("BEGIN")
        base.executemany("INSERT OR REPLACE INTO term_count (term, texts) VALUES (?, ?)", sorted(counts.items()))
        base.execute("DELETE FROM story_term WHERE story_id < ?", (over,))
        base.execute("UPDATE story SET open = 0, vector = x'' WHERE open AND id < ?", (over,))
        base.execute("COMMIT")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def measure(store: Store, press: Press, first: int) -> dict[str, float]:
    """Decide on and store ``MEASURED`` articles. Milliseconds per article, and how many found copies and stories."""
    copies: list[float] = []
    placing: list[float] = []
    wholes: list[float] = []
    joined = 0

    def unit(session: Session, draft: ArticleDraft) -> int:
        driver(session)  # the transaction has begun before the clock starts
        begun = time.process_time()
        verdict = decide(draft, articles._candidates(session, draft))
        found = time.process_time()
        copies.append((found - begun) * 1e3)
        assert isinstance(verdict, New)
        if verdict.group_id is None:
            begun = time.process_time()
            group_id, _ = stories.begin_group(session, draft, place_story)
            placing.append((time.process_time() - begun) * 1e3)
            verdict = New(group_id)
            return articles._insert(session, draft, verdict, place_story)
        articles._insert(session, draft, verdict, place_story)
        return 1

    before = store.read_now(lambda session: session.connection().exec_driver_sql("SELECT count(*) FROM story").scalar_one())
    for number in range(first, first + MEASURED):
        made = press.article()
        mark: Fingerprint = fingerprint(made, [])
        draft = ArticleDraft(1, 0, f"http://wire.test/{number}", made, mark, at_of(number), baseline=False)
        begun = time.process_time()
        store.write_now(unit, draft)
        wholes.append((time.process_time() - begun) * 1e3)
    after = store.read_now(lambda session: session.connection().exec_driver_sql("SELECT count(*) FROM story").scalar_one())
    joined = len(placing) - (after - before)
    return {
        "copies_ms": mean(copies),
        "story_ms": mean(placing),
        "both_ms": (sum(copies) + sum(placing)) / MEASURED,
        "both_median_ms": median(copies) + median(placing),
        "copies_p99_ms": quantiles(copies, n=100)[-1],
        "story_p99_ms": quantiles(placing, n=100)[-1],
        "transaction_ms": mean(wholes),
        "were_copies": MEASURED - len(placing),
        "joined_stories": joined,
    }


def yardstick() -> float:
    """How fast the machine is just now: milliseconds of CPU for a loop of a million steps."""
    begun = time.process_time()
    sum(range(10**7))
    return (time.process_time() - begun) * 1e2


def main() -> None:
    """Measure at each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest archive, in articles")
    most = parser.parse_args().most
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-group-") as folder:
        url = f"sqlite:///{folder}/archive.db"
        migrate.upgrade(url)
        press = Press(1)
        with Store(url) as store:
            with closing(sqlite3.connect(store.path)) as base:
                base.execute(
                    "INSERT INTO source (id, slug, url, spec, host, name, outlet_group, country, enabled, created_at,"
                    " next_poll_at, poll_reason, forced, history, trouble, failures, failure_kind, failure_detail)"
                    " VALUES (1, 'wire', '', '{}', '', 'Wire', '', '', 1, ?1, ?1, '', 0, '{}', '', 0, '', '')",
                    (stamp(START),),
                )
                base.commit()
            number = 1
            for size in (size for size in SIZES if size <= most):
                begun = time.perf_counter()
                fill(store.path, press, number, size)
                filled = time.perf_counter() - begun
                before = yardstick()
                result = measure(store, press, size)
                result["yardstick_ms"] = (before + yardstick()) / 2
                number = size + MEASURED
                results[str(size)] = {name: round(value, 3) for name, value in result.items()}
                megabytes = store.path.stat().st_size / 1e6
                print(f"{size:>9,} articles ({megabytes:,.0f} MB, filled in {filled:.0f} s): {results[str(size)]}", flush=True)
    print(
        json.dumps(
            {
                "bench": "group",
                "articles_a_day": A_DAY,
                "measured": MEASURED,
                "sizes": results,
            }
        )
    )


if __name__ == "__main__":
    main()
