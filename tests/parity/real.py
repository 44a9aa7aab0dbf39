"""Real articles: what a folder of news holds, laid out as far as it goes as ``tests.quality`` has it.

* ``stream/entries.jsonl.gz``: entries of feeds (``title``, ``description``, ``link``, ``date_published``, ``language``,
  ``artist``)
* ``pages/aeb``, ``pages/fundus``, ``pages/arabic_script``: pages, from which the articles are extracted
* ``stories/tgcontest_pairs.jsonl``: pairs of articles (``first_title``, ``first_text``, ``first_url``, and ``second_…``)
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.extract import extract_article
from aggregator.model.article import Article, TextOrigin
from tests.quality.text import Case, aeb, arabic, blank_entry, fundus

_TAG = re.compile(r"<[^>]*>")
MOST_LETTERS = 3000
"""Of a longer text only the beginning is taken: plain reading tries every pair of places, and some texts are very long."""
_COUNTRIES = ("US", "gb", "IR", "")
_GROUPS = ("state", "Press", "")


@dataclass(frozen=True)
class _Found:
    """What is known of one article, wherever it comes from."""

    url: str
    title: str
    text: str
    authors: tuple[str, ...] = ()
    language: str | None = None
    published_at: datetime | None = None


def read_articles(data: Path, count: int, chance: random.Random, now: datetime) -> list[Article]:
    """At most ``count`` articles of the folder ``data``: first whole ones, then entries of feeds, chosen by ``chance``.

    The dates of the feeds' entries are moved to the days before ``now``, so that ``age`` has something to ask.
    """
    whole = [found for found in (*_pages(data / "pages", now), *_pairs(data / "stories" / "tgcontest_pairs.jsonl")) if found.text]
    entries = list(_entries(data / "stream" / "entries.jsonl.gz"))
    chance.shuffle(entries)
    newest = max((entry.published_at for entry in entries if entry.published_at), default=now)
    shift = now - newest - timedelta(hours=1)
    moved = (replace(entry, published_at=entry.published_at + shift if entry.published_at else None) for entry in entries)
    found = [*whole[: count // 2], *islice(moved, max(0, count - len(whole[: count // 2])))]
    chance.shuffle(found)
    return [_article(number, one, chance, now) for number, one in enumerate(found, 1)]


def _article(number: int, found: _Found, chance: random.Random, now: datetime) -> Article:
    host = urlsplit(found.url).hostname or "x.test"
    text = found.text[:MOST_LETTERS]
    slug = re.sub(r"\W+", "-", host)
    return Article(
        id=number, story_id=1, group_id=1, source_slug=slug, source_name=slug, source_group=_GROUPS[len(slug) % 3],
        country=_COUNTRIES[len(slug) % 4], url=found.url, title=found.title, text=text, text_origin=TextOrigin.PAGE,
        note="", authors=found.authors, tags=tuple(chance.sample(("sport", "World", "long tag"), chance.choice((0, 0, 1, 2)))),
        language=found.language, published_at=found.published_at, has_time=True,
        first_seen_at=now - timedelta(minutes=chance.randrange(60 * 24 * 30)), revision=1, words=len(text.split()),
        baseline=False,
    )  # fmt: skip


def _entries(file: Path) -> Iterator[_Found]:
    if not file.is_file():
        return
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            text = " ".join(unescape(_TAG.sub(" ", entry["description"] or "")).split(" "))
            at = datetime.fromisoformat(entry["date_published"]) if entry["date_published"] else None
            authors = (entry["artist"],) if entry["artist"] else ()
            language = (entry["language"] or "").partition("-")[0] or None
            yield _Found(entry["link"], entry["title"] or "", text.strip(), authors, language, at)


def _pairs(file: Path) -> Iterator[_Found]:
    if not file.is_file():
        return
    for line in file.read_text("utf-8").splitlines():
        pair = json.loads(line)
        for which in ("first", "second"):
            yield _Found(pair[f"{which}_url"], pair[f"{which}_title"], pair[f"{which}_text"], language=pair["language"])


def _pages(folder: Path, now: datetime) -> Iterator[_Found]:
    sets = (
        (folder / "arabic_script", arabic(folder)),
        (folder / "fundus", fundus(folder / "fundus")),
        (folder / "aeb", aeb(folder / "aeb")),
    )
    for there, cases in sets:
        if there.is_dir():
            yield from (_page(case, now) for case in cases)


def _page(case: Case, now: datetime) -> _Found:
    made = extract_article(
        case.body, url=case.url, content_type="text/html", entry=blank_entry(case.url), outlet="", outlet_language=None,
        timezone="UTC", seen_at=now, note="",
    )  # fmt: skip
    return _Found(case.url, made.title, made.text, tuple(made.authors), made.language, made.date.at)
