"""What stands in a digest: matches grouped by rule and story, ranked, counted and compared with the days before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from aggregator.digest.edits import edit_blocks
from aggregator.letter import Reader, Story, arrange, of_reader, outlet_of, rank, story_block, weight, words_of
from aggregator.model.anomaly import Anomaly
from aggregator.model.delivery import (
    DigestIssue,
    MatchedArticle,
    NewOutlet,
    Recipient,
    RuleBlock,
    RuleDigest,
    SourceGap,
    SourceTrouble,
    TopStory,
    WatchedEdit,
)
from aggregator.text import direction

MOST_STORIES = 40
MOST_TOP = 3
LEAST_WEIGHT = 2  # that of a story of one outlet
FEW_STORIES = 5
"""So many are seen at a glance: none of them is put first."""

DAYS = 7
"""Days of which the median is what is usual."""

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
    previous: Collection[int] | None = None,
    new_outlets: Collection[tuple[str, str]] = (),
    clipping: bool = False,
    cap: int = 0,
    away: Sequence[tuple[datetime, datetime]] = (),
) -> DigestIssue:
    """The digest of ``slot_day`` for ``recipient``: ``window`` is half open, in UTC.

    ``items`` are all matches it accounts for, ``edits`` all changes after publication, oldest first.

    Rules stand in the order of ``rules``, as far as the reader follows them, quiet ones too (``articles=0``, so that
    totals compare with their usual); a followed match whose rule is gone stands under its slug. An article stands in
    full under the first of its rules only, see ``arrange``. ``missed_days`` counts the slots before this one that
    were not served. ``previous`` are the ids of the stories in the reader's digest before this one (None: there was none),
    ``new_outlets`` the rules (slugs) and outlets (as ``outlet_of`` calls them) that met for the first time.
    ``cap`` is how many stories of a rule are shown at most (0: as many as there is room for).
    """
    followed = [item for item in items if recipient.follows(item.rule)]
    listed = _with_lost_rules([rule for rule in rules if recipient.follows(rule.slug)], followed)
    zone = ZoneInfo(recipient.timezone)
    reader = Reader(zone, slot_day, window[0], words_of(recipient.language), previous)
    arranged = arrange(followed, [rule.slug for rule in listed])
    names = {rule.slug: rule.name or rule.slug for rule in listed}
    room = min(cap or MOST_STORIES, MOST_STORIES)
    blocks = tuple(_block(rule, arranged[rule.slug], reader, names, room, has_baseline=comparable(window)) for rule in listed)
    articles = {item.article.id: item.article for item in followed}.values()
    stories = {article.story_id for article in articles}
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
        stories=len(stories),
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
        top=_top(arranged, blocks) if len(stories) > FEW_STORIES else (),
        new_stories=None if previous is None else len(stories.difference(previous)),
        new_outlets=_new_outlets(followed, names, new_outlets),
        clipping=clipping,
        away=tuple((start.astimezone(zone), end.astimezone(zone)) for start, end in away),
    )


def comparable(window: tuple[datetime, datetime]) -> bool:
    """Whether the window is about a day, so that its count may be held against daily ones."""
    return _ONE_DAY[0] <= window[1] - window[0] <= _ONE_DAY[1]


def trend(count: int, daily: Sequence[int]) -> int | None:
    """``count`` against the median of the last seven of ``daily`` in per cent; None when that is under five, or not known."""
    usual = median(daily[-DAYS:]) if daily else 0
    return None if usual < LEAST_BASELINE else round((count - usual) / usual * 100)


def _with_lost_rules(rules: list[RuleDigest], items: Iterable[MatchedArticle]) -> list[RuleDigest]:
    known = {rule.slug for rule in rules}
    lost = dict.fromkeys(item.rule for item in items if item.rule not in known)
    return [*rules, *(RuleDigest(slug=slug, name=slug, query="") for slug in lost)]


def _block(
    rule: RuleDigest, stories: Sequence[Story], reader: Reader, names: dict[str, str], room: int, *, has_baseline: bool
) -> RuleBlock:
    articles = [match.article for story in stories for match in story.matches]
    return RuleBlock(
        slug=rule.slug,
        name=names[rule.slug],
        articles=len(articles),
        stories=len(stories),
        outlets=len({outlet_of(article) for article in articles}),
        daily=rule.daily,
        trend=trend(len(articles), rule.daily) if has_baseline else None,
        shown=tuple(story_block(story, reader, names) for story in stories[:room]),
        hidden=max(0, len(stories) - room),
    )


def _top(arranged: Mapping[str, Sequence[Story]], blocks: Sequence[RuleBlock]) -> tuple[TopStory, ...]:
    """The heaviest stories over all rules, each under the first rule that ranks it so high. What only one outlet has is none."""
    found: dict[int, tuple[tuple[bool, int, float, int], TopStory]] = {}
    for block in blocks:
        for story, shown in zip(arranged[block.slug][:MOST_TOP], block.shown, strict=False):
            story_id = story.matches[0].article.story_id
            if not story.above and weight(story) > LEAST_WEIGHT and (story_id not in found or rank(story) < found[story_id][0]):
                found[story_id] = (rank(story), TopStory(block.name, shown))
    return tuple(top for _, top in sorted(found.values(), key=lambda item: item[0])[:MOST_TOP])


def _new_outlets(
    items: Sequence[MatchedArticle], names: Mapping[str, str], pairs: Collection[tuple[str, str]]
) -> tuple[NewOutlet, ...]:
    """The outlets that a rule had never had, those with most articles here first, then by name."""
    met: dict[str, list[MatchedArticle]] = {}
    for item in items:
        if (item.rule, outlet_of(item.article)) in pairs:
            met.setdefault(outlet_of(item.article), []).append(item)
    found = sorted(met.items(), key=lambda entry: (-len({item.article.id for item in entry[1]}), entry[0]))
    return tuple(
        NewOutlet(outlet, group[0].article.source_group, tuple(dict.fromkeys(names.get(item.rule, item.rule) for item in group)))
        for outlet, group in found
    )


def _in_zone(trouble: SourceTrouble, zone: ZoneInfo) -> SourceTrouble:
    next_try = trouble.next_try_at and trouble.next_try_at.astimezone(zone)
    return replace(trouble, since=trouble.since.astimezone(zone), next_try_at=next_try)
