"""An archive of made-up articles for benchmarks: Zipf's law in five scripts, on SQLite or PostgreSQL.

Every article comes from one of 200 sources, each with one language. A text has ``WORDS`` words; Chinese has no spaces, and so
several tokens a word. Planted words stand in a fixed number of articles, however large the archive is.

A text is put together from paragraphs of a large stock, each of which is made up and folded once; so a million articles take
minutes. Rows and index entries are those of the product (``fill`` compares some of every batch), but they come in bulk: many to
a transaction, a greater buffer for FTS5, PostgreSQL's index made afterwards. So the last ``SAMPLE`` articles of every size go in
one by one, a transaction for each, through the product's own code: theirs is the rate that is told.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert, text
from sqlmodel import Session

from aggregator.store import Store, fulltext
from aggregator.store.dialect import is_postgresql
from aggregator.store.schema import FTS
from aggregator.store.tables import ArticleRow, SourceRow
from aggregator.store.tsquery import Indexed, marked, tsvector
from aggregator.text import index_text

WORDS = 400
PARAGRAPH, TITLE = 50, 8
"""Words of a paragraph and of a title."""
STOCK = 100_000
"""So many paragraphs, and titles, in all languages."""
FORMS = 60_000
START = datetime(2024, 1, 1, tzinfo=UTC)
A_DAY = 2000
SOURCES = 200
BATCH = 2000
SAMPLE = 1000
"""The last articles of a size, which go in one by one."""
BUFFER, FTS5_BUFFER = 1 << 27, 1 << 20
"""Bytes: what the index may hold in memory while it is filled in bulk, and FTS5's own measure."""
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


def plant(size: int) -> str:
    """The word that stands in ``PLANTED`` of the first ``size`` articles, evenly spread."""
    return f"planted{size}"


class Paragraph(NamedTuple):
    """A piece of text, as it is written, and folded."""

    written: str
    folded: str


class Made(NamedTuple):
    """An article: its columns, and what the index is to hold of title and body."""

    row: dict[str, Any]
    title: Paragraph
    body: Paragraph


def _paragraph(written: str) -> Paragraph:
    return Paragraph(written, index_text(written))


class Press:
    """Makes articles up; the same seed makes the same ones."""

    def __init__(self, seed: int, sizes: tuple[int, ...]) -> None:
        self.chance = random.Random(seed)
        self.sizes = sizes
        self.words = {language: self._words(*made) for language, made in LANGUAGES.items()}
        self.sums = {language: list(accumulate(1 / (n + 3) for n in range(len(w)))) for language, w in self.words.items()}
        self.sources = [language for language, count in SHARES.items() for _ in range(count)]
        self.titles = {language: self._stock(language, TITLE) for language in LANGUAGES}
        self.paragraphs = {language: self._stock(language, PARAGRAPH) for language in LANGUAGES}

    def _words(self, syllables: list[str], most: int) -> list[str]:
        made = ("".join(self.chance.choices(syllables, k=self.chance.randint(1, most))) for _ in range(2 * FORMS))
        return list(dict.fromkeys(made))[:FORMS]

    def _stock(self, language: str, count: int) -> list[Paragraph]:
        return [_paragraph(self.some(language, count)) for _ in range(STOCK * SHARES[language] // SOURCES)]

    def some(self, language: str, count: int) -> str:
        """So many words of a language, as they are written."""
        words = self.chance.choices(self.words[language], cum_weights=self.sums[language], k=count)
        return ("" if language == "zh" else " ").join(words)

    def article(self, number: int) -> Made:
        """The article of this number."""
        source = self.chance.randrange(SOURCES)
        language = self.sources[source]
        title = self.chance.choice(self.titles[language])
        parts = self.chance.choices(self.paragraphs[language], k=WORDS // PARAGRAPH)
        if planted := [plant(size) for size in self.sizes if number <= size and number % (size // PLANTED) == 0]:
            parts.append(_paragraph(" ".join(planted)))
        written, folded = zip(*parts, strict=True)
        body = Paragraph("\n".join(written), " ".join(folded))
        seen = START + timedelta(days=number / A_DAY)
        kind = self.chance.random()
        lag = timedelta(days=365 * self.chance.random()) if kind < 0.02 else timedelta(minutes=self.chance.expovariate(1 / 40))
        row = {
            "id": number, "source_id": source + 1, "story_id": 1, "group_id": 1, "url": f"http://s{source}.test/{number}",
            "title": title.written, "text": body.written, "text_origin": "page", "text_hash": str(number),
            "authors": [self.words[language][self.chance.randrange(2000)].title()], "tags": [], "other_languages": [],
            "date_evidence": [], "sketch": [], "language": language, "words": WORDS, "first_seen_at": seen,
            "published_at": None if kind > 0.97 else seen - lag, "match_due": False,
        }  # fmt: skip
        return Made(row, title, body)


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


def _check(made: Made) -> None:
    """What goes into the index in bulk is what the product would put there."""
    title, text_ = made.row["title"], made.row["text"]
    assert (made.title.folded, made.body.folded) == (index_text(title), index_text(text_))
    assert _tsvector(made.title.folded, made.body.folded) == tsvector(title, text_)


def _tsvector(title: str, body: str) -> Indexed:
    return marked(title.split(), body.split())


def index_many(session: Session, folded: Iterable[tuple[int, str, str]]) -> None:
    """Put articles into the index, each an id with its title and its body, which are folded already."""
    raw: Any = session.connection().connection.driver_connection
    if is_postgresql(session):
        with raw.cursor() as cursor, cursor.copy(f"COPY {FTS} (rowid, tokens, placed) FROM STDIN") as copy:
            for number, title, body in folded:
                indexed = _tsvector(title, body)
                copy.write_row((number, indexed.tokens, indexed.placed))
    else:
        raw.executemany(f"INSERT INTO {FTS} (rowid, title, body) VALUES (?, ?, ?)", folded)


def _put_many(session: Session, batch: list[Made]) -> None:
    _check(batch[0])
    session.execute(insert(ArticleRow), [made.row for made in batch])
    index_many(session, ((made.row["id"], made.title.folded, made.body.folded) for made in batch))
    for made in batch:
        fulltext.put_authors(session, made.row["id"], made.row["authors"])


def _put_one(session: Session, made: Made) -> None:
    session.execute(insert(ArticleRow), made.row)
    fulltext.put(session, made.row["id"], made.row["title"], made.row["text"], made.row["authors"])


def open_index(session: Session) -> None:
    """Before much is put into the index."""
    if is_postgresql(session):
        session.execute(text(f"DROP INDEX {FTS}_tokens"))
    else:
        session.execute(text(f"INSERT INTO {FTS} ({FTS}, rank) VALUES ('hashsize', {BUFFER})"))


def close_index(session: Session) -> None:
    """After that: until then PostgreSQL has no index."""
    if is_postgresql(session):
        session.execute(text(f"SET LOCAL maintenance_work_mem = '{BUFFER >> 20}MB'"))
        session.execute(text(f"CREATE INDEX {FTS}_tokens ON {FTS} USING gin (tokens)"))
    else:
        session.execute(text(f"INSERT INTO {FTS} ({FTS}, rank) VALUES ('hashsize', {FTS5_BUFFER})"))


def spent(session: Session) -> float:
    """Seconds of CPU time that this process and the database's have taken so far."""
    if not is_postgresql(session):
        return time.process_time()
    process = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    told = Path(f"/proc/{process}/schedstat")
    return time.process_time() + int(told.read_text().split()[0]) / 1e9 if told.exists() else time.perf_counter()


def fill(store: Store, press: Press, first: int, last: int) -> dict[str, float]:
    """Put the articles from ``first`` to ``last`` in. Articles a second: in bulk with the texts made up, and one by one."""
    if first == 1:
        store.write_now(_begin, press)
    begun, bulk = time.perf_counter(), last - SAMPLE
    store.write_now(open_index)
    for begin in range(first, bulk + 1, BATCH):
        batch = [press.article(number) for number in range(begin, min(begin + BATCH, bulk + 1))]
        store.write_now(_put_many, batch)
    store.write_now(close_index)
    filled = time.perf_counter() - begun
    sample = [press.article(number) for number in range(bulk + 1, last + 1)]
    begun, cpu = time.perf_counter(), time.process_time()
    for made in sample:
        store.write_now(_put_one, made)
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    store.write_now(lambda session: session.execute(text("ANALYZE")))
    return {
        "filled_per_s": round((bulk - first + 1) / filled),
        "ingested_per_s": round(SAMPLE / took),
        "ingested_per_cpu_s": round(SAMPLE / cpu),
    }
