"""What other programs are told: thin JSON, ids and links rather than texts. Below 20 kB, whatever outlets write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aggregator.letter import outlet_of, safe_url
from aggregator.model.article import Article
from aggregator.model.channel import EventType
from aggregator.model.rule import Match
from aggregator.syndication.dates import rfc3339
from aggregator.syndication.entries import line

MOST_NAMES = 20
_LONG, _SHORT = 300, 100
_LONGEST_URL = 4000


def event(type_: EventType | str, at: datetime, data: Mapping[str, Any]) -> str:
    """A body: ``{type, timestamp, data}``. Lone surrogates in it were replaced by whoever made ``data``."""
    return json.dumps({"type": str(type_), "timestamp": rfc3339(at), "data": data}, ensure_ascii=False, separators=(",", ":"))


def matched(article: Article, match: Match, match_id: int, rule_name: str, at: datetime) -> str:
    """``article.matched``: which rule found what, where it stands, and which names the outlet used."""
    published = article.published_at
    day = published.date().isoformat() if published else None
    data = {
        "match": match_id,
        "rule": match.rule,
        "rule_name": line(rule_name, _SHORT),
        "article": article.id,
        "text": article.group_id,
        "story": article.story_id,
        "title": line(article.title, _LONG),
        "url": _address(article.url),
        "source": article.source_slug,
        "outlet": line(outlet_of(article), _SHORT),
        "group": line(article.source_group, _SHORT),
        "language": article.language,
        "published": rfc3339(published) if published and article.has_time else day,
        "first_seen": rfc3339(article.first_seen_at),
        "revision": article.revision,
        "names": [line(alias, _SHORT) for alias in match.aliases[:MOST_NAMES]],
    }
    return event(EventType.ARTICLE_MATCHED, at, data)


def _address(url: str) -> str:
    """An http(s) address, or ""; one that would take half of the room is none, either."""
    address = safe_url(url)
    return address if len(address.encode()) <= _LONGEST_URL else ""


def digest_sent(digest_id: int, recipient: str, subject: str, at: datetime) -> str:
    """``digest.sent``: a relay took a reader's digest."""
    data = {"digest": digest_id, "recipient": recipient, "subject": line(subject, _LONG), "sent": rfc3339(at)}
    return event(EventType.DIGEST_SENT, at, data)


def source_failing(slug: str, name: str, kind: str, detail: str, since: datetime, at: datetime) -> str:
    """``source.failing``: a source cannot be read, and why."""
    data = {"source": slug, "name": line(name, _SHORT), "kind": kind, "detail": line(detail, _LONG), "since": rfc3339(since)}
    return event(EventType.SOURCE_FAILING, at, data)
