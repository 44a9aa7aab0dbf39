"""A feed in one of the three formats, with what HTTP says of it."""

from __future__ import annotations

from hashlib import sha256
from typing import assert_never

from aggregator.model.syndication import FeedFormat, RuleFeed, WrittenFeed
from aggregator.syndication.atom import atom
from aggregator.syndication.dates import http_date
from aggregator.syndication.jsonfeed import json_feed
from aggregator.syndication.rss import rss


def write_feed(feed: RuleFeed, form: FeedFormat) -> WrittenFeed:
    """``feed`` in bytes; the same feed gives the same bytes, and the entity tag (RFC 9110 §8.8.3) is made of them."""
    match form:
        case FeedFormat.ATOM:
            text, media_type = atom(feed), "application/atom+xml; charset=utf-8"
        case FeedFormat.JSON:
            text, media_type = json_feed(feed), "application/feed+json"
        case FeedFormat.RSS:
            text, media_type = rss(feed), "application/rss+xml; charset=utf-8"
        case _:
            assert_never(form)
    body = text.encode()
    return WrittenFeed(body, media_type, f'"{sha256(body).hexdigest()[:32]}"', http_date(feed.updated_at))
