"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), read tolerantly."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from aggregator.model.feed import FeedEntry, ParsedFeed, SeenEntry, Window
from aggregator.parse import fields
from aggregator.parse.dates import FeedDate, is_hopeless, read_date
from aggregator.parse.split import MOST, digest, envelope

_Object: TypeAlias = dict[str, Any]


def parse_json_feed(
    data: bytes, *, url: str, zone: ZoneInfo, max_entries: int, now: datetime, known: Window | None = None
) -> ParsedFeed | str:
    """Read a JSON Feed in UTF-8; a string says why it is none. Arguments as for ``parse_feed``. Nothing raises."""
    try:
        # Numbers stay text: ids may be numbers, of any length.
        feed = json.loads(data.decode("utf-8", "replace"), parse_int=str, parse_float=str, parse_constant=str, strict=False)
    except ValueError:
        return "malformed JSON"
    except RecursionError:
        return "JSON nested too deep"
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return "JSON, but not a JSON Feed"
    return _Reader(feed, url, zone, now).read(max_entries, known)


def _text(item: _Object, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _objects(item: _Object, key: str) -> list[_Object]:
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


class _Reader:
    def __init__(self, feed: _Object, url: str, zone: ZoneInfo, now: datetime) -> None:
        self.feed, self.url, self.zone, self.now = feed, url, zone, now
        self.language = fields.language(_text(feed, "language"))
        self.authors = self._authors(feed)

    def read(self, max_entries: int, known: Window | None) -> ParsedFeed:
        items = _objects(self.feed, "items")
        warnings = []
        if skipped := len(self.feed["items"]) - len(items):
            warnings.append(f"{skipped} items are not objects; they were left out")
        if len(items) > max_entries:
            warnings.append(f"{len(items)} entries; only the first {max_entries} were kept")
        items = items[:max_entries]
        entries, kept, window = self._read_new(items, known) if known and len(items) <= MOST else ((), (), None)
        if not window:
            every = [self.entry(item) for item in items]
            entries, more = fields.distinct(every)
            warnings.extend(more)
            if 0 < len(items) == len(entries) <= MOST and not more:
                window = Window(self._envelope(), tuple(map(self._seen, items, entries, map(_digest, items))))
        return ParsedFeed(
            title=fields.plain(_text(self.feed, "title"), markup=False),
            site_url=fields.http_url(_text(self.feed, "home_page_url"), self.url),
            language=self.language,
            format="json10" if _text(self.feed, "version").rstrip("/").endswith(("/1", "/1.0")) else "json11",
            entries=entries,
            warnings=tuple(warnings),
            hub=next(self._hubs(), None),
            self_url=fields.http_url(_text(self.feed, "feed_url"), self.url),
            kept=kept,
            window=window,
        )

    def _read_new(
        self, items: list[_Object], known: Window
    ) -> tuple[tuple[FeedEntry, ...], tuple[SeenEntry, ...], Window | None]:
        """Read the items that ``known`` does not have; no window when all must be read."""
        digests = [_digest(item) for item in items]
        seen = {entry.digest: entry for entry in known.entries if entry.digest}
        parsed = {number: self.entry(items[number]) for number, name in enumerate(digests) if name not in seen}
        window = [
            self._seen(items[number], parsed[number], name) if number in parsed else seen[name]
            for number, name in enumerate(digests)
        ]
        if known.envelope != self._envelope() or len({entry.key for entry in window}) < len(window):
            return (), (), None
        kept = tuple(entry for number, entry in enumerate(window) if number not in parsed)
        return tuple(parsed.values()), kept, Window(known.envelope, tuple(window))

    def _envelope(self) -> str:
        return envelope("json", self.language, self.authors, self.url, self.zone.key)

    def _seen(self, item: _Object, entry: FeedEntry, name: str) -> SeenEntry:
        for key in ("date_published", "date_modified"):
            if raw := _text(item, key):
                date = self._date(item, key)
                if not (date.settled if date else is_hopeless(raw, self.zone, self.now)):
                    name = ""
        return SeenEntry(name, entry.key, entry.link, entry.title)

    def entry(self, item: _Object) -> FeedEntry:
        title = fields.plain(_text(item, "title"), markup=False)
        link = fields.http_url(_text(item, "url"), self.url) or fields.http_url(_text(item, "external_url"), self.url)
        summary = fields.rich(html.escape(_text(item, "summary")[: fields.MAX_HTML], quote=False))
        content = fields.rich(_text(item, "content_html") or _paragraphs(_text(item, "content_text")))
        published, updated = self._date(item, "date_published"), self._date(item, "date_modified")
        date = published or updated
        raw = _text(item, "date_published") if published or not updated else _text(item, "date_modified")
        words = item.get("tags")
        return FeedEntry(
            key=fields.entry_key(_text(item, "id"), link, title, content or summary),
            title=title,
            link=link,
            summary=summary,
            content=content,
            published_at=date.at if date else None,
            updated_at=updated.at if updated else None,
            published_raw=fields.raw_date(raw),
            zone_assumed=date.zone_assumed if date else False,
            has_time=date.has_time if date else False,
            authors=self._authors(item) or self.authors,
            tags=fields.tags(word for word in words if isinstance(word, str)) if isinstance(words, list) else (),
            language=fields.language(_text(item, "language")) or self.language,
            image_url=next(self._images(item), None),
            content_hash=fields.content_hash(title, link, summary, content),
        )

    def _date(self, item: _Object, key: str) -> FeedDate | None:
        raw = _text(item, key)
        return read_date(raw, self.zone, self.now) if raw else None

    def _authors(self, item: _Object) -> tuple[str, ...]:
        people = _objects(item, "authors")
        if isinstance(one := item.get("author"), dict):  # 1.0
            people = people or [one]
        return fields.authors(_text(person, "name") for person in people)

    def _hubs(self) -> Iterator[str]:
        """Yield the WebSub hubs; the other kind, rssCloud, has another protocol."""
        for hub in _objects(self.feed, "hubs"):
            if _text(hub, "type").lower() == "websub" and (address := fields.http_url(_text(hub, "url"), self.url)):
                yield address

    def _images(self, item: _Object) -> Iterator[str]:
        candidates = [_text(item, "image"), _text(item, "banner_image")]
        candidates += [
            _text(file, "url") for file in _objects(item, "attachments") if _text(file, "mime_type").startswith("image/")
        ]
        for candidate in candidates:
            if address := fields.http_url(candidate, self.url):
                yield address


def _digest(item: _Object) -> str:
    return digest(json.dumps(item).encode())


def _paragraphs(text: str) -> str:
    """Return plain text as HTML; blank lines part paragraphs."""
    text = text[: fields.MAX_HTML].strip()
    if not text:
        return ""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    return "".join(f"<p>{html.escape(block.strip(), quote=False)}</p>" for block in blocks if block.strip())
