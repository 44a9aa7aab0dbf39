"""When an article was published: every piece of evidence, its weight, what speaks against it, and the decision.

Each candidate has a weight of its own, by its kind (:mod:`aggregator.extract.evidence`): JSON-LD before ``<meta>`` and the feed,
these before the address, ``<time>``, text beside the headline, and last what is told from now ("3 hours ago") and the only day
that is written anywhere on the page. Then

1. what is not the article's date is rejected, with the reason: ``future`` (more than a day after it was seen), ``too old``
   (before 1995), ``related`` (in a list of other articles, a sidebar or a comment), ``caption``, ``copyright``, ``modified``
   (says it is an update), ``masthead`` (the page's own clock: in the site's header, or above the headline and either today or
   contradicted by better evidence);
2. where the feed and the page's metadata disagree by more than a day, the later of them counts for less: outlets date forward
   (edits, re-announcements, feeds stamped when they are generated), hardly ever back;
3. kinds that say the same independently of each other (feed, metadata, address, text) add up: 1 - (1-a)(1-b). The day with
   the most weight wins, and what disagrees with it is ``outweighed``.

Among the candidates of that day the feed's instant counts before the page's, if it is as exact. A winner without a time of day
takes the time of the next candidate that names the same day; one in plain UTC takes the zone that another gives to that instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from math import prod

from aggregator.extract.document import Page
from aggregator.extract.evidence import (
    Evidence,
    find_heading,
    from_far_text,
    from_feed,
    from_metadata,
    from_relative,
    from_text,
    from_url,
)
from aggregator.model.article import DateCandidate, DateDecision, DateOrigin
from aggregator.model.feed import FeedEntry

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_OLDEST = datetime(1995, 1, 1, tzinfo=UTC)
# A day lasts from its beginning in the easternmost zone (UTC+14) to its end in the westernmost (UTC-12).
_BEGINS, _ENDS = timedelta(hours=-14), timedelta(hours=36)
_STRONG = (DateOrigin.FEED, DateOrigin.JSONLD, DateOrigin.META)
_ORDER = (DateOrigin.FEED, DateOrigin.JSONLD, DateOrigin.META, DateOrigin.URL, DateOrigin.TIME, DateOrigin.VISIBLE)
_SIDE = {DateOrigin.FEED: "feed", DateOrigin.JSONLD: "page", DateOrigin.META: "page"}
_KINDS = {DateOrigin.JSONLD: DateOrigin.META, DateOrigin.TIME: DateOrigin.VISIBLE}
"""Evidence that has the same source as another and does not count twice."""
_LATER = 0.7
_UTC = "+00:00"
_MOST = 24


def decide_date(
    page: Page | None, entry: FeedEntry, *, url: str, headline: str, timezone: str, seen_at: datetime
) -> tuple[DateDecision, datetime | None]:
    """The publication date and the instant of the last change: None if nothing names one, or one before the publication.

    ``timezone`` (IANA) places dates that name no zone; ``seen_at`` (aware) is when the page was fetched. A page that only tells
    when it was changed has no date of publication, and a candidate rejected as ``modified``.
    """
    found = [*from_feed(entry, seen_at), *from_url(url)]
    if page:
        heading = find_heading(page, headline)
        found += [*from_metadata(page, headline, timezone), *from_text(page, heading, timezone)]
    found = _judge(found, seen_at)
    if page and not any(item.usable for item in found):
        # What follows is slow, and no match for what is found elsewhere.
        found = _judge([*found, *from_relative(page, heading, timezone, seen_at)], seen_at)
        if not any(item.usable for item in found):
            found = _judge([*found, *from_far_text(page, heading, timezone)], seen_at)
    decision = _decide(found)
    return decision, _modified(decision, entry, seen_at)


def stated_day(decision: DateDecision) -> date | None:
    """The day that the outlet itself puts on the article: that of the winner's own zone.

    For a winner in plain UTC, or without a zone, it is the day that the address or the text names for readers.
    """
    if decision.at is None:
        return None
    if not decision.has_time:
        return decision.at.date()
    if decision.zone not in ("", _UTC):
        return decision.at.astimezone(_offset(decision.zone)).date()
    instant = DateCandidate(DateOrigin.FEED, "", decision.at, has_time=True)
    usable = (item for item in decision.candidates if not item.rejected and not item.zone)
    named = (item for item in usable if item.origin not in _STRONG or not item.has_time)
    return next((item.at.date() for item in named if _agree(item, instant)), decision.at.date())


def _offset(zone: str) -> timezone:
    shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return timezone(-shift if zone[0] == "-" else shift)


def _judge(found: Sequence[Evidence], seen_at: datetime) -> list[Evidence]:
    """``found`` with the rejections that do not depend on a candidate's place alone."""
    judged = []
    better = [item.candidate.at for item in found if item.usable and item.candidate.origin in (*_STRONG, DateOrigin.URL)]
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


def _agree(one: DateCandidate, other: DateCandidate) -> bool:
    """Whether both may name one publication: within a day of each other, or the same day wherever it was."""
    if one.has_time and other.has_time:
        return abs(one.at - other.at) <= _DAY
    if one.has_time or other.has_time:
        day, instant = (other, one) if one.has_time else (one, other)
        return _BEGINS <= instant.at - day.at <= _ENDS
    return one.at == other.at


def _decide(found: Sequence[Evidence]) -> DateDecision:
    usable = [_discounted(item, found) for item in found if item.usable]
    refused = [replace(item.candidate, weight=0.0) for item in found if not item.usable]
    if not usable:
        return DateDecision(candidates=tuple(dict.fromkeys(refused))[:_MOST])
    support = [_support(item.candidate, usable) for item in usable]
    first = max(range(len(usable)), key=lambda place: (support[place], usable[place].candidate.weight))
    winner = _best(usable[first], usable)
    weighed = [
        replace(item.candidate, weight=weight, rejected="" if _agree(item.candidate, winner) else "outweighed")
        for item, weight in zip(usable, support, strict=True)
    ]
    chosen = next(item for item, was in zip(weighed, usable, strict=True) if was.candidate is winner)
    if not chosen.has_time:
        chosen = min((item for item in weighed if _gives_time(item, chosen)), key=_rank, default=chosen)
    others = sorted((item for item in weighed if item is not chosen), key=lambda item: -item.weight)
    candidates = tuple(dict.fromkeys((chosen, *others, *refused)))[:_MOST]
    return DateDecision(chosen.at, chosen.has_time, chosen.origin, candidates, _zone(chosen, weighed))


def _discounted(item: Evidence, found: Sequence[Evidence]) -> Evidence:
    """What the feed says later than the page's metadata, or they later than the feed, weighs less."""
    side = _SIDE.get(item.candidate.origin)
    others = (
        _SIDE.get(other.candidate.origin) for other in found if other.usable and item.candidate.at - other.candidate.at > _DAY
    )
    if side and any(other not in (None, side) for other in others):
        return replace(item, candidate=replace(item.candidate, weight=item.candidate.weight * _LATER))
    return item


def _support(candidate: DateCandidate, usable: Sequence[Evidence]) -> float:
    """What all that agrees with a candidate weighs together; of one kind only the heaviest counts."""
    kinds: dict[DateOrigin, float] = {}
    for item in usable:
        if _agree(item.candidate, candidate):
            kind = _KINDS.get(item.candidate.origin, item.candidate.origin)
            kinds[kind] = max(kinds.get(kind, 0.0), item.candidate.weight)
    return round(1 - prod(1 - weight for weight in kinds.values()), 3)


def _best(leader: Evidence, usable: Sequence[Evidence]) -> DateCandidate:
    """Of the feed's and the page's own statements that agree with the leader the more exact one, else the leader."""
    agreeing = [item for item in usable if _agree(item.candidate, leader.candidate)]
    feed = next((item for item in agreeing if item.candidate.origin is DateOrigin.FEED), None)
    stated = [item for item in agreeing if item.candidate.origin in (DateOrigin.JSONLD, DateOrigin.META)]
    page = max(stated, key=lambda item: item.candidate.weight, default=None)
    pool = [item for item in (feed, page) if item] or [leader]
    return max(pool, key=lambda item: (item.candidate.has_time, item.zone_known, item is feed)).candidate


def _gives_time(item: DateCandidate, day: DateCandidate) -> bool:
    """Whether a candidate names the same day with a time."""
    if not item.has_time or item.rejected:
        return False
    if item.zone not in ("", _UTC):
        return item.at.astimezone(_offset(item.zone)).date() == day.at.date()
    return abs(item.at - day.at - _DAY / 2) <= _DAY * 0.75


def _rank(candidate: DateCandidate) -> int:
    return _ORDER.index(candidate.origin)


def _zone(chosen: DateCandidate, weighed: Sequence[DateCandidate]) -> str:
    """The winner's zone; for plain UTC, which software writes anywhere, another zone that the same instant stands in."""
    if not chosen.has_time or chosen.zone not in ("", _UTC):
        return chosen.zone
    same = (item.zone for item in weighed if item.has_time and abs(item.at - chosen.at) < _MINUTE)
    return next((zone for zone in same if zone not in ("", _UTC)), chosen.zone)


def _modified(decision: DateDecision, entry: FeedEntry, seen_at: datetime) -> datetime | None:
    """The last change that can be true: not before the publication, and not in the future."""
    said = sorted((item for item in decision.candidates if item.rejected == "modified"), key=_rank)
    page = [item.at for item in said if item.origin in _STRONG]
    text = [item.at for item in said if item.origin not in _STRONG]
    told = [*page, entry.updated_at, *text]
    oldest = decision.at or _OLDEST
    return next((at for at in told if at and oldest <= at <= seen_at + _DAY), None)
