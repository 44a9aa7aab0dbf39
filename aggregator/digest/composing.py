"""What stands in a digest: matches grouped by rule and story, ranked, counted and compared with the days before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from aggregator.digest.edits import edit_blocks
from aggregator.letter import Reader, Story, arrange, of_reader, outlet_of, story_block, words_of
from aggregator.model.anomaly import Anomaly
from aggregator.model.delivery import (
    DigestIssue,
    MatchedArticle,
    Recipient,
    RuleBlock,
    RuleDigest,
    SourceGap,
    SourceTrouble,
    WatchedEdit,
)
from aggregator.text import direction

MOST_STORIES = 40
LEAST_BASELINE = 5
"""Below this median a percentage says nothing: from 1 to 3 is +200 %."""

_ONE_DAY = (timedelta(hours=22), timedelta(hours=26))


def compose(
    recipient: Recipient,
    slot_day: date,
    window: tuple[datetime, datetime],
    items: Sequence[MatchedArticle],
    rules: Sequence[RuleDigest],
    troubles: Sequence[SourceTrouble],
    gaps: Sequence[SourceGap] = (),
    edits: Sequence[WatchedEdit] = (),
    anomalies: Sequence[Anomaly] = (),
    *,
    instance: str,
    missed_days: int,
) -> DigestIssue:
    """The digest of ``slot_day`` for ``recipient``: ``window`` is half open, in UTC.

    ``items`` are all matches it accounts for, ``edits`` all changes after publication, oldest first.

    Rules stand in the order of ``rules``, as far as the reader follows them, quiet ones too (``articles=0``, so that
    totals compare with their usual); a followed match whose rule is gone stands under its slug. An article stands in
    full under the first of its rules only, see ``arrange``. ``missed_days`` counts the slots before this one that
    were not served.
    """
    followed = [item for item in items if recipient.follows(item.rule)]
    listed = _with_lost_rules([rule for rule in rules if recipient.follows(rule.slug)], followed)
    zone = ZoneInfo(recipient.timezone)
    reader = Reader(zone=zone, today=slot_day, since=window[0], words=words_of(recipient.language))
    arranged = arrange(followed, [rule.slug for rule in listed])
    names = {rule.slug: rule.name or rule.slug for rule in listed}
    blocks = tuple(_block(rule, arranged[rule.slug], reader, names, comparable(window)) for rule in listed)
    articles = {item.article.id: item.article for item in followed}.values()
    changed = [edit for edit in edits if recipient.follows(edit.rule)]
    return DigestIssue(
        instance=instance,
        recipient=recipient.slug,
        language=recipient.language,
        direction=direction(recipient.language),
        day=slot_day,
        window_start=window[0].astimezone(zone),
        window_end=window[1].astimezone(zone),
        articles=len(articles),
        stories=len({article.story_id for article in articles}),
        outlets=len({outlet_of(article) for article in articles}),
        rules=blocks,
        quiet=tuple(block.name for block in blocks if not block.articles),
        troubles=tuple(_in_zone(trouble, zone) for trouble in troubles),
        gaps=tuple(replace(gap, after=gap.after.astimezone(zone), before=gap.before.astimezone(zone)) for gap in gaps),
        anomalies=tuple(replace(item, until=item.until.astimezone(zone)) for item in of_reader(anomalies, recipient)),
        missed_days=missed_days,
        match_ids=tuple(dict.fromkeys(item.match_id for item in followed)),
        edits=edit_blocks(changed, names, zone),
        edit_ids=tuple(dict.fromkeys(edit.edit_id for edit in changed)),
    )


def comparable(window: tuple[datetime, datetime]) -> bool:
    """Whether the window is about a day, so that its count may be held against daily ones."""
    return _ONE_DAY[0] <= window[1] - window[0] <= _ONE_DAY[1]


def trend(count: int, daily: Sequence[int]) -> int | None:
    """``count`` against the median of ``daily`` in per cent; None when that is under five, or nothing is known."""
    usual = median(daily) if daily else 0
    return None if usual < LEAST_BASELINE else round((count - usual) / usual * 100)


def _with_lost_rules(rules: list[RuleDigest], items: Iterable[MatchedArticle]) -> list[RuleDigest]:
    known = {rule.slug for rule in rules}
    lost = dict.fromkeys(item.rule for item in items if item.rule not in known)
    return [*rules, *(RuleDigest(slug=slug, name=slug, query="") for slug in lost)]


def _block(rule: RuleDigest, stories: Sequence[Story], reader: Reader, names: dict[str, str], has_baseline: bool) -> RuleBlock:
    articles = [match.article for story in stories for match in story.matches]
    return RuleBlock(
        slug=rule.slug,
        name=names[rule.slug],
        articles=len(articles),
        stories=len(stories),
        outlets=len({outlet_of(article) for article in articles}),
        daily=rule.daily,
        trend=trend(len(articles), rule.daily) if has_baseline else None,
        shown=tuple(story_block(story, reader, names) for story in stories[:MOST_STORIES]),
        hidden=max(0, len(stories) - MOST_STORIES),
    )


def _in_zone(trouble: SourceTrouble, zone: ZoneInfo) -> SourceTrouble:
    next_try = trouble.next_try_at and trouble.next_try_at.astimezone(zone)
    return replace(trouble, since=trouble.since.astimezone(zone), next_try_at=next_try)
