"""When an article was published: every piece of evidence, which of it to distrust, and the decision.

Precedence among what is left after the rejections:

1. Feed and page metadata (JSON-LD, ``<meta>``) agree within a day: the feed's instant, if it has a time and a zone of
   its own, else the page's, if that has.
2. They disagree: the earlier of the two. Outlets date forward (edits, re-announcements, feeds stamped when they are
   generated), hardly ever back.
3. No page metadata: the feed, before any date in the address, in ``<time>`` or in the text; except that a feed which
   stamps its entries with the moment of the poll loses to an older date in the address.
4. No feed date: JSON-LD, ``<meta>``, the address, ``<time>``, a date beside the headline, and last what htmldate finds.

A winner without a time of day takes the time of the next candidate that names the same day.

Rejected, with the reason kept: ``future`` (more than a day after it was seen), ``too old`` (before 1995), ``related`` (stands
in a list of other articles, a sidebar or a comment), ``caption`` (under a picture), ``copyright``, ``modified`` (says it is an
update), ``masthead`` (the page's own clock: in the site's header, or above the headline and either today or contradicted by
better evidence).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aggregator.extract.document import Page
from aggregator.extract.evidence import (
    Evidence,
    find_heading,
    find_modified,
    from_feed,
    from_htmldate,
    from_metadata,
    from_text,
    from_url,
)
from aggregator.model.article import DateDecision, DateOrigin
from aggregator.model.feed import FeedEntry

_DAY = timedelta(days=1)
_POLL = timedelta(hours=2)
_OLDEST = datetime(1995, 1, 1, tzinfo=UTC)
_PAGE_STRONG = (DateOrigin.JSONLD, DateOrigin.META)
_ORDER = (DateOrigin.JSONLD, DateOrigin.META, DateOrigin.URL, DateOrigin.TIME, DateOrigin.VISIBLE)
_MOST = 24


def decide_date(
    page: Page | None, entry: FeedEntry, *, url: str, headline: str, timezone: str, seen_at: datetime
) -> tuple[DateDecision, datetime | None]:
    """The publication date and the instant of the last change (None if the page and the feed name none).

    ``timezone`` (IANA) places dates that name no zone; ``seen_at`` (aware) is when the page was fetched.
    """
    found = [*from_feed(entry)]
    modified = None
    if page:
        found += [*from_metadata(page, timezone), *from_url(url), *from_text(page, find_heading(page, headline), timezone)]
        modified = find_modified(page, timezone)
    else:
        found += from_url(url)
    found = _judge(found, seen_at)
    winner = _winner(found, seen_at)
    if page and (winner is None or (winner.candidate.origin is DateOrigin.VISIBLE and winner.above)):
        found = _judge([*found, *from_htmldate(page, url, found, seen_at)], seen_at)
        winner = _winner(found, seen_at)
    modified = modified or entry.updated_at
    if modified and not _OLDEST <= modified <= seen_at + _DAY:
        modified = None
    return _decision(winner, found), modified


def _decision(winner: Evidence | None, found: Sequence[Evidence]) -> DateDecision:
    candidates = tuple(dict.fromkeys(item.candidate for item in found))[:_MOST]
    if winner is None:
        return DateDecision(candidates=candidates)
    chosen = winner.candidate
    if not chosen.has_time:
        chosen = next(
            (
                item.candidate
                for item in sorted(found, key=_rank)
                if item.usable and item.candidate.has_time and abs(item.candidate.at - chosen.at - _DAY / 2) <= _DAY * 0.75
            ),
            chosen,
        )
    return DateDecision(chosen.at, chosen.has_time, chosen.origin, candidates)


def _judge(found: Sequence[Evidence], seen_at: datetime) -> list[Evidence]:
    """``found`` with the rejections that do not depend on a candidate's place alone."""
    judged = []
    better = [
        item.candidate.at
        for item in found
        if item.usable and item.candidate.origin in (DateOrigin.FEED, *_PAGE_STRONG, DateOrigin.URL)
    ]
    for item in found:
        at = item.candidate.at
        if at > seen_at + _DAY:
            item = item.reject("future")
        elif at < _OLDEST:
            item = item.reject("too old")
        elif item.above and item.candidate.origin in (DateOrigin.VISIBLE, DateOrigin.TIME):
            supported = any(abs(at - other) <= _DAY for other in better)
            if not supported and (better or abs(at - seen_at) <= _DAY):
                item = item.reject("masthead")
        judged.append(item)
    return judged


def _rank(item: Evidence) -> tuple[int, bool]:
    """Place in the precedence: the feed first, then by origin, dates above the headline last."""
    origin = item.candidate.origin
    return (-1 if origin is DateOrigin.FEED else _ORDER.index(origin)), item.above


def _winner(found: Sequence[Evidence], seen_at: datetime) -> Evidence | None:
    """The candidate that the precedence of this module's docstring picks."""
    usable = sorted((item for item in found if item.usable), key=_rank)
    feed = next((item for item in usable if item.candidate.origin is DateOrigin.FEED), None)
    strong = next((item for item in usable if item.candidate.origin in _PAGE_STRONG), None)
    if feed is None:
        return usable[0] if usable else None
    if strong is None:
        address = next((item for item in usable if item.candidate.origin is DateOrigin.URL), None)
        stamped = abs(seen_at - feed.candidate.at) <= _POLL
        return address if address and stamped and address.candidate.at < feed.candidate.at - 2 * _DAY else feed
    if abs(feed.candidate.at - strong.candidate.at) > _DAY:
        return min(feed, strong, key=lambda item: item.candidate.at)
    return max(feed, strong, key=lambda item: (item.candidate.has_time, item.zone_known, item is feed))
