"""An archive of made-up articles for benchmarks: Zipf's law in five scripts, on SQLite or PostgreSQL.

Every article comes from one of 200 sources, each with one language. A text has ``WORDS`` words; Chinese has no spaces, and so
several tokens a word. Planted words stand in a fixed number of articles, however large the archive is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from aggregator.store import Store, fulltext
from aggregator.store.dialect import is_postgresql
from aggregator.store.tables import ArticleRow, SourceRow

WORDS = 400
FORMS = 60_000
START = datetime(2024, 1, 1, tzinfo=UTC)
A_DAY = 2000
SOURCES = 200
BATCH = 2000
PLANTED = 200
"""Articles that hold a planted word."""

_LATIN = [first + last for first in "bdfgklmnprstvz" for last in ("a", "e", "i", "o", "u", "an", "er", "il", "on", "us")]
_CYRILLIC = [first + last for first in "бвгдзклмнпрст" for last in ("а", "е", "и", "о", "у", "ан", "ер", "ий", "ов")]
_GREEK = [first + last for first in "βγδζκλμνπρστφ" for last in ("α", "ε", "ή", "ο", "ού", "ας", "ης", "ων")]
_PERSIAN = [first + last for first in "بپتدرسشکگلمنهی" for last in ("", "ا", "و", "ی", "ر", "ن", "م")]
_HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
LANGUAGES = {"en": (_LATIN, 4), "ru": (_CYRILLIC, 4), "el": (_GREEK, 4), "fa": (_PERSIAN, 5), "zh": (_HAN, 3)}
GROUPS = ("state", "wire", "independent", "")
SHARES = {"en": 100, "ru": 40, "el": 15, "fa": 30, "zh": 15}


def planted(size: int) -> str:
    """The word that stands in ``PLANTED`` of the first ``size`` articles, evenly spread."""
    return f"planted{size}"


class Press:
    """Makes articles up; the same seed makes the same ones."""

    def __init__(self, seed: int, sizes: tuple[int, ...]) -> None:
        self.chance = random.Random(seed)
        self.sizes = sizes
        self.words = {language: self._words(*made) for language, made in LANGUAGES.items()}
        self.sums = {language: list(accumulate(1 / (n + 3) for n in range(len(w)))) for language, w in self.words.items()}
        self.sources = [language for language, count in SHARES.items() for _ in range(count)]

    def _words(self, syllables: list[str], most: int) -> list[str]:
        made = ("".join(self.chance.choices(syllables, k=self.chance.randint(1, most))) for _ in range(2 * FORMS))
        return list(dict.fromkeys(made))[:FORMS]

    def some(self, language: str, count: int) -> str:
        """So many words of a language, as they are written."""
        words = self.chance.choices(self.words[language], cum_weights=self.sums[language], k=count)
        return ("" if language == "zh" else " ").join(words)

    def article(self, number: int) -> dict[str, Any]:
        """The columns of the article of this number."""
        source = self.chance.randrange(SOURCES)
        language = self.sources[source]
        body = [self.some(language, WORDS)]
        body += [planted(size) for size in self.sizes if number <= size and number % (size // PLANTED) == 0]
        seen = START + timedelta(days=number / A_DAY)
        kind = self.chance.random()
        lag = timedelta(days=365 * self.chance.random()) if kind < 0.02 else timedelta(minutes=self.chance.expovariate(1 / 40))
        return {
            "id": number, "source_id": source + 1, "story_id": 1, "group_id": 1, "url": f"http://s{source}.test/{number}",
            "title": self.some(language, 8), "text": " ".join(body), "text_origin": "page", "text_hash": str(number),
            "authors": [], "tags": [], "other_languages": [], "date_evidence": [], "sketch": [], "language": language,
            "words": WORDS, "first_seen_at": seen, "published_at": None if kind > 0.97 else seen - lag, "match_due": False,
        }  # fmt: skip


def _begin(session: Session, press: Press) -> None:
    at = "'2024-01-01 00:00:00.000000'"
    session.execute(
        insert(SourceRow),
        [
            {
                "slug": f"source{number}", "url": f"http://s{number}.test/", "spec": {}, "host": f"s{number}.test",
                "name": f"Source {number}", "outlet_group": GROUPS[number % len(GROUPS)], "country": language, "enabled": True,
                "created_at": START, "next_poll_at": START,
            }
            for number, language in enumerate(press.sources)
        ],
    )  # fmt: skip
    nothing = "''" if is_postgresql(session) else "x''"
    story = f"{at}, '', {at}, 1, {nothing}, false"
    session.execute(text(f"INSERT INTO story (created_at, language, newest_at, texts, vector, open) VALUES ({story})"))
    group = f"1, {at}, '', 'first', 0, '[]', {nothing}"
    columns = "story_id, created_at, language, placed_by, score, words, vector"
    session.execute(text(f"INSERT INTO text_group ({columns}) VALUES ({group})"))


def _put(session: Session, rows: list[dict[str, Any]]) -> tuple[float, float]:
    begun = time.perf_counter()
    session.execute(insert(ArticleRow), rows)
    stored = time.perf_counter()
    for row in rows:
        fulltext.put(session, row["id"], row["title"], row["text"])
    return stored - begun, time.perf_counter() - stored


def fill(store: Store, press: Press, first: int, last: int) -> dict[str, float]:
    """Put the articles from ``first`` to ``last`` in. Articles a second: stored without, and put into, the full-text index."""
    if first == 1:
        store.write_now(_begin, press)
    storing = indexing = 0.0
    for rows in _batches(press, first, last):
        stored, indexed = store.write_now(_put, rows)
        storing, indexing = storing + stored, indexing + indexed
    store.write_now(lambda session: session.execute(text("ANALYZE")))
    count = last - first + 1
    return {"stored_per_s": round(count / storing), "indexed_per_s": round(count / indexing)}


def _batches(press: Press, first: int, last: int) -> Iterator[list[dict[str, Any]]]:
    for begin in range(first, last + 1, BATCH):
        yield [press.article(number) for number in range(begin, min(begin + BATCH, last + 1))]
