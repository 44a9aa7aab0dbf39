"""Dates against a gold standard: our decision beside plain htmldate, on the same pages in the same run.

A page is *right* when the day is exactly the gold's, *wrong* with any other day, *none* without an answer; a wrong date is worse
than none. Ours sees the page, its address and an empty feed entry. Each folder is reported whole and in two halves (a and b, by a
hash of the page's key): what was tuned on one must hold on the other. The day is the one that the outlet states.
Usage: ``python -m tests.quality.dates FOLDER``, FOLDER as ``make quality`` takes it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from htmldate import find_date

from aggregator.extract import extract_article
from aggregator.extract.dates import stated_day
from aggregator.extract.document import BAD_TREE
from aggregator.model.feed import FeedEntry

_LATER = datetime(2026, 11, 1, tzinfo=UTC)
_BLANK = FeedEntry(
    key="k", title="", link=None, summary="", content="", published_at=None, updated_at=None, published_raw="",
    zone_assumed=False, has_time=False, authors=(), tags=(), language=None, image_url=None, content_hash="",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dated:
    """A page with its true day (ISO). ``seen_at`` is when it was fetched, as far as known; else some day well after."""

    folder: str
    key: str
    body: bytes
    url: str
    day: str
    seen_at: datetime = _LATER

    @property
    def half(self) -> str:
        """``a`` or ``b``."""
        return "ab"[hashlib.sha256(self.key.encode()).digest()[0] & 1]


def dated_pages(data: Path) -> Iterator[Dated]:
    """The pages with a known day in ``data``; a folder that is not there has none."""
    pages = data / "pages"
    for folder in ("htmldate", "arabic_script"):
        for key, gold in _json(pages / folder / "gold.json").items():
            if isinstance(gold.get("date"), str | float):
                body = gzip.decompress((pages / folder / key).read_bytes())
                yield Dated(f"{folder}_{gold['set']}" if "set" in gold else folder, key, body, gold["url"], str(gold["date"]))
    root = pages / "fundus"
    for key, item in _json(root / "index.json").items():
        gold = _json(root / item["gold"])[item["version"]]
        if isinstance(gold.get("publishing_date"), str):
            seen_at = datetime.fromisoformat(item["crawl_date"]).replace(tzinfo=UTC)
            body = gzip.decompress((root / key).read_bytes())
            yield Dated("fundus", key, body, item["url"], gold["publishing_date"][:10], seen_at)


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def decide(page: Dated) -> str | None:
    """The day that we say."""
    decision = extract_article(
        page.body, url=page.url, content_type="text/html", entry=_BLANK, outlet="", outlet_language=None, timezone="UTC",
        seen_at=page.seen_at, note="",
    ).date  # fmt: skip
    day = stated_day(decision)
    return day.isoformat() if day else None


def plain_htmldate(page: Dated) -> str | None:
    """What htmldate says, with its own settings for the date of publication."""
    try:
        day: str | None = find_date(page.body, original_date=True)
    except BAD_TREE:
        return None
    return day


def measure(data: Path) -> dict[str, Any]:
    """Counts of right, wrong and none by folder, half and maker, as ``dates.fundus.a.ours.wrong``. Prints a table."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for page in dated_pages(data):
        for maker, day in (("ours", decide(page)), ("htmldate", plain_htmldate(page))):
            verdict = "none" if day is None else "right" if day == page.day else "wrong"
            for half in ("all", page.half):
                for folder in (page.folder, "together"):
                    counts.setdefault((folder, half), Counter())[f"{maker}.{verdict}"] += 1
    print(f"{'dates: right/wrong/none':28}{'pages':>6}{'ours':>14}{'htmldate':>14}")
    scores: dict[str, Any] = {}
    for (folder, half), count in sorted(counts.items()):
        total = sum(number for name, number in count.items() if name.startswith("ours."))
        cells = ["/".join(str(count[f"{maker}.{what}"]) for what in ("right", "wrong", "none")) for maker in ("ours", "htmldate")]
        print(f"{folder + ' ' + half:28}{total:>6}{cells[0]:>14}{cells[1]:>14}")
        scores[f"dates.{folder}.{half}.pages"] = total
        for maker in ("ours", "htmldate"):
            for what in ("right", "wrong", "none"):
                scores[f"dates.{folder}.{half}.{maker}.{what}"] = count[f"{maker}.{what}"]
    return scores


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1])), sort_keys=True))
