"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from aggregator.model.syndication import RuleFeed
from aggregator.syndication.dates import rfc3339
from aggregator.syndication.entries import Entry, entries, line


def json_feed(feed: RuleFeed) -> str:
    """The feed as a JSON document. What the format has no key for stands under ``_aggregator``."""
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{line(feed.name)} · {line(feed.instance)}",
        "home_page_url": feed.home_url,
        "feed_url": feed.self_url,
        "authors": [{"name": line(feed.instance)}],
        "_aggregator": {"id": feed.authority.tag("rule", feed.rule_id), "rule": feed.rule, "updated": rfc3339(feed.updated_at)},
    }
    return json.dumps(_written(head) | {"items": [_item(entry) for entry in entries(feed)]}, ensure_ascii=False, indent=1) + "\n"


def _item(entry: Entry) -> dict[str, Any]:
    modified = entry.updated if entry.published is None else max(entry.updated, entry.published)
    return _written(
        {
            "id": entry.id,
            "url": entry.url,
            "title": entry.title,
            "content_html": entry.html,
            "content_text": entry.text,
            "date_published": rfc3339(entry.published) if entry.published else "",
            "date_modified": rfc3339(modified),
            "authors": [{"name": name} for name in entry.authors or (entry.outlet,)],
            "tags": list(entry.tags),
            "language": entry.language,
            "_aggregator": _written(
                {
                    "outlet": entry.outlet,
                    "group": entry.group,
                    "aliases": list(entry.aliases),
                    "direction": entry.direction,
                }
            ),
        }
    )


def _written(values: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that have nothing to say."""
    return {key: value for key, value in values.items() if value}
