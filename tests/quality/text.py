"""Text, titles and authors: ours beside trafilatura with its plain settings, comments off, on the same pages."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trafilatura

from aggregator.extract import extract_article
from aggregator.extract.document import BAD_TREE
from aggregator.model.feed import FeedEntry
from tests.quality.scoring import Tally, half_of, same_authors, same_title, text_score

BY_CHARACTERS = ("cn", "jp", "kr", "tw")
"""Country folders whose script has no blanks between words, or few."""

SEEN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A page and what is known of it; an empty field is not scored. ``group`` is the country folder or language."""

    key: str
    body: bytes
    url: str
    text: str
    title: str = ""
    authors: tuple[str, ...] = ()
    group: str = ""
    characters: bool = False


def blank_entry(url: str) -> FeedEntry:
    """A feed entry that says nothing but the address: all that is found is the page's."""
    return FeedEntry(
        key=url, title="", link=url, summary="", content="", published_at=None, updated_at=None, published_raw="",
        zone_assumed=False, has_time=False, authors=(), tags=(), language=None, image_url=None, content_hash="",
    )  # fmt: skip


def measure(data: Path) -> dict[str, Any]:
    """Score every set under ``data/pages`` that is there.

    Keys: ``SET.SCORE.SYSTEM``, then ``SET.HALF.SCORE.SYSTEM``, then ``SET.COUNTRY.f1.SYSTEM`` for the folders of countries.
    """
    pages = data / "pages"
    whole, halves, countries = Tally(), Tally(), Tally()
    for name, cases in (("aeb", aeb(pages / "aeb")), ("fundus", fundus(pages / "fundus")), ("arabic_script", arabic(pages))):
        for case in cases:
            for score, value in scores(case).items():
                whole.add(f"{name}.{score}", value)
                halves.add(f"{name}.{half_of(case.key)}.{score}", value)
                if case.group and score.startswith("f1."):
                    countries.add(f"{name}.{case.group}.{score}", value)
    return whole.means() | dict(sorted(halves.means().items())) | countries.means()


def scores(case: Case) -> dict[str, float]:
    """The scores of both systems on one page."""
    made = extract_article(
        case.body, url=case.url, content_type="text/html", entry=blank_entry(case.url), outlet="", outlet_language=None,
        timezone="UTC", seen_at=SEEN, note="",
    )  # fmt: skip
    theirs = bare(case.body, case.url)
    found: dict[str, float] = {}
    for system, text, title, authors in (
        ("ours", made.text, made.title, made.authors),
        ("trafilatura", theirs["text"], theirs["title"], (theirs["author"],)),
    ):
        f1, precision, recall = text_score(case.text, text, characters=case.characters)
        if case.text:
            found |= {f"f1.{system}": f1, f"precision.{system}": precision, f"recall.{system}": recall}
        if case.title:
            found[f"title.{system}"] = float(same_title(case.title, title))
        if case.authors:
            found[f"authors.{system}"] = float(same_authors(case.authors, authors))
    return found


def bare(body: bytes, url: str) -> dict[str, str]:
    """What trafilatura makes of a page by itself: text, title, author; empty where there is none, or where it breaks down."""
    try:
        found = trafilatura.bare_extraction(body, url=url, with_metadata=True, include_comments=False)
    except BAD_TREE:
        found = None
    return {name: getattr(found, name, None) or "" for name in ("text", "title", "author")}


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def aeb(folder: Path) -> Iterator[Case]:
    """Pages with the body's text."""
    for key, gold in sorted(_read(folder / "gold.json").items()):
        yield Case(key, gzip.decompress((folder / f"{key}.html.gz").read_bytes()), gold["url"], gold["articleBody"])


def fundus(folder: Path) -> Iterator[Case]:
    """Pages by country with title, authors and text."""
    for key, about in sorted(_read(folder / "index.json").items()):
        gold = _read(folder / about["gold"])[about["version"]]
        country = key.partition("/")[0]
        paragraphs = [line for section in gold["body"]["sections"] for line in section["paragraphs"]] if gold.get("body") else []
        yield Case(
            key, gzip.decompress((folder / key).read_bytes()), about["url"], "\n".join(paragraphs), gold.get("title") or "",
            tuple(gold.get("authors") or ()), country, country in BY_CHARACTERS,
        )  # fmt: skip


def arabic(pages: Path) -> Iterator[Case]:
    """Persian and Arabic pages; few have the text."""
    folder = pages / "arabic_script"
    for key, gold in sorted(_read(folder / "gold.json").items()):
        authors = gold.get("authors")
        yield Case(
            key, gzip.decompress((folder / key).read_bytes()), gold.get("url") or "", gold.get("text") or "",
            gold.get("title") or "", tuple(authors) if isinstance(authors, list) else (),
        )  # fmt: skip
