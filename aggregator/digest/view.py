"""All that a digest says, laid out once, so that neither part of the mail says more than the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from aggregator.digest.composing import DAYS, comparable, trend
from aggregator.digest.edits import Changed, lay_out, rule_list
from aggregator.letter import Stories, VolumeLine, Words, named, sentence, tidy, volume_line
from aggregator.model.anomaly import AnomalyKind, Subject
from aggregator.model.delivery import (
    DigestIssue,
    Links,
    NewOutlet,
    RuleBlock,
    SourceGap,
    SourceTrouble,
    StoryBlock,
    TopStory,
)

BAR_HEIGHT = 28
_BARS = "▁▂▃▅▇"
_MOST_OUTLETS = 12
_MOST_AWAY = 3
"""Times in which nobody looked, told at most."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How much is shown: stories under a rule, other outlets and snippets of a story, bars, rules (None: all), changed articles,
    lines of each part after the rules, rules without matches."""

    stories: int
    also: int
    fragments: int
    bars: bool = True
    rules: int | None = None
    edits: int = 20
    lines: int = 20
    quiet: int = 30


LADDER = (
    Cut(40, 3, 2),
    Cut(25, 3, 2),
    Cut(15, 3, 2),
    Cut(10, 3, 2),
    Cut(10, 1, 2),
    Cut(10, 0, 2),
    Cut(10, 0, 1),
    Cut(10, 0, 0),
    Cut(5, 0, 0),
    Cut(3, 0, 0),
    Cut(3, 0, 0, bars=False, edits=10),
    Cut(2, 0, 0, bars=False, edits=10),
    Cut(1, 0, 0, bars=False, edits=10),
    Cut(0, 0, 0, bars=False, edits=5),
    Cut(0, 0, 0, bars=False, rules=100, edits=3),
    Cut(0, 0, 0, bars=False, rules=25, edits=3),
    Cut(0, 0, 0, bars=False, rules=25, edits=3, lines=5, quiet=10),
    Cut(0, 0, 0, bars=False, rules=10, edits=1, lines=3, quiet=5),
)
"""How much is shown: each step less than the one before, so that the first that fits can be found by bisection."""


@dataclass(frozen=True, slots=True)
class Section:
    """One rule as it is shown. ``bars`` are heights in pixels, the last one this digest's if ``has_now``."""

    name: str
    counts: str
    bars: tuple[int, ...]
    bars_text: str
    bars_label: str
    usual: str
    has_now: bool
    shown: tuple[StoryBlock, ...]
    hidden: str


@dataclass(frozen=True, slots=True)
class Line:
    """A name, and what is said of it."""

    name: str
    facts: str


@dataclass(frozen=True, slots=True)
class Top:
    """A line of the lead: a story and where it stands."""

    headline: str
    url: str
    language: str
    direction: str
    facts: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part after the rules: its heading, its lines, and how many more there are."""

    heading: str
    lines: tuple[Line | VolumeLine, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that a digest says, in its order. Both parts are written from it, so that neither says more than the other."""

    heading: str
    window: str
    totals: str
    banners: tuple[str, ...]
    top: tuple[Top, ...]
    sections: tuple[Section, ...]
    left_out: str
    changed: tuple[Changed, ...]
    more_changed: str
    quiet: tuple[str, ...]
    lists: tuple[Part, ...]
    footer: tuple[str, ...]


def matched_rules(issue: DigestIssue) -> list[RuleBlock]:
    """The rules that found something."""
    return [block for block in issue.rules if block.articles]


def page_of(issue: DigestIssue, cut: Cut, words: Words, links: Links, stories: Stories) -> Page:
    """What is shown of ``issue`` when ``cut`` says how much."""
    matched = matched_rules(issue)
    shown = matched[: cut.rules]
    has_now = comparable((issue.window_start, issue.window_end))
    return Page(
        heading=_heading(issue, words),
        window=words.window.format(
            start=words.moment(issue.window_start),
            end=words.moment(issue.window_end),
            zone=named(str(issue.window_end.tzinfo)),
        ),
        totals=_totals(issue, words),
        banners=tuple(_banners(issue, words)),
        top=tuple(_top(story, words) for story in issue.top),
        sections=tuple(_section(block, cut, words, stories, has_now=has_now, alone=issue.clipping) for block in shown),
        left_out=words.count(words.more_rules, len(matched) - len(shown)) if len(matched) > len(shown) else "",
        changed=tuple(lay_out(block, issue.day, words) for block in issue.edits[: cut.edits]),
        more_changed=_rest(words, words.more_changed, len(issue.edits) - cut.edits),
        quiet=tuple(_quiet(issue, cut.quiet, words)),
        lists=tuple(_lists(issue, cut.lines, words)),
        footer=_footer(issue, words, links),
    )


def _heading(issue: DigestIssue, words: Words) -> str:
    told = {"instance": named(issue.instance, 60), "day": words.full_day(issue.day)}
    if issue.clipping and issue.rules:
        return words.clipping_of.format(**told, rule=named(issue.rules[0].name, 120))
    return words.digest_of.format(**told)


def _footer(issue: DigestIssue, words: Words, links: Links) -> tuple[str, ...]:
    """Why the mail came and, where there is no page for it, whom to ask for a change."""
    told = [words.why_digest, *([] if links.unsubscribe and links.rules else [words.change])]
    return tuple(line.format(instance=named(issue.instance, 60), recipient=named(issue.recipient, 80)) for line in told)


def _rest(words: Words, forms: tuple[str, ...], n: int) -> str:
    return words.count(forms, n) if n > 0 else ""


def _others(words: Words, n: int) -> str:
    return words.others.format(n=words.number(n)) if n > 0 else ""


def _counts(counted: Sequence[str], against: int | None, words: Words) -> str:
    """``48 articles · 19 stories · 11 outlets · +37 % vs 7-day median``."""
    trends = [words.versus.format(percent=words.percent(against))] if against is not None else []
    return " · ".join([*counted, *trends])


def _totals(issue: DigestIssue, words: Words) -> str:
    if not issue.articles:
        return words.nothing
    # An article under two rules counts twice in both sums, so they compare.
    days = [sum(counts) for counts in zip(*(block.daily for block in issue.rules), strict=False)]
    has_baseline = comparable((issue.window_start, issue.window_end))
    against = trend(sum(block.articles for block in issue.rules), days) if has_baseline else None
    counted = [words.count(words.articles, issue.articles), words.count(words.stories, issue.stories)]
    if issue.new_stories is not None:
        counted[-1] += f" ({words.count(words.new_stories, issue.new_stories)})"
    return _counts([*counted, words.count(words.outlets, issue.outlets)], against, words)


def _banners(issue: DigestIssue, words: Words) -> Iterable[str]:
    if issue.missed_days > 0:
        yield words.count(words.missed, issue.missed_days)
    if issue.away:
        told = issue.away[-_MOST_AWAY:]
        spans = [words.between.format(start=words.moment(start), end=words.moment(end)) for start, end in told]
        more = len(issue.away) - len(spans)
        spans += [words.others.format(n=words.number(more))] if more else []
        yield words.away.format(spans=words.comma.join(spans))
    if issue.troubles:
        yield f"{words.count(words.failing, len(issue.troubles))}. {words.blind}"


def _top(top: TopStory, words: Words) -> Top:
    story = top.story
    facts = [named(top.rule, 80), words.count(words.outlets, story.outlets)]
    return Top(tidy(sentence(story.headline)), story.url, story.language, story.direction, " · ".join(facts))


def _section(block: RuleBlock, cut: Cut, words: Words, stories: Stories, *, has_now: bool, alone: bool) -> Section:
    values = (*block.daily, block.articles) if has_now else block.daily
    if not cut.bars or not block.daily or not any(values):
        values = ()
    most = max(values, default=0)
    usual = _usual(block, words)
    now = words.bars_now.format(now=words.number(block.articles)) if has_now else ""
    label = (words.bars.format(days=words.comma.join(map(words.number, block.daily))), usual, now)
    hidden = block.hidden + max(0, len(block.shown) - cut.stories)
    counted = ((words.articles, block.articles), (words.stories, block.stories), (words.outlets, block.outlets))
    return Section(
        name=words.stories_of_rule if alone else named(block.name, 120),
        counts=_counts([words.count(forms, n) for forms, n in counted], block.trend, words),
        bars=tuple(max(2, round(value / most * BAR_HEIGHT)) for value in values),
        bars_text="".join(_BARS[round(value / most * (len(_BARS) - 1))] for value in values),
        bars_label=words.semicolon.join(filter(None, label)),
        usual=usual,
        has_now=has_now,
        shown=tuple(stories.cut(story, also=cut.also, fragments=cut.fragments) for story in block.shown[: cut.stories]),
        hidden=_rest(words, words.more_stories, hidden),
    )


def _usual(block: RuleBlock, words: Words) -> str:
    usual = round(median(block.daily[-DAYS:])) if block.daily else 0
    return words.usual.format(n=words.number(usual)) if usual else ""


def _quiet(issue: DigestIssue, most: int, words: Words) -> Iterable[str]:
    usual = {block.name: _usual(block, words) for block in issue.rules}
    for name in issue.quiet[:most]:
        yield named(name, 120) + (f" ({usual[name]})" if usual.get(name) else "")
    if len(issue.quiet) > most:
        yield _others(words, len(issue.quiet) - most)


def _lists(issue: DigestIssue, room: int, words: Words) -> Iterable[Part]:
    """What stands after the rules: who is new, what is unusual, and then how well we see. Failing is not silent."""
    silent = [item for item in issue.anomalies if item.subject is Subject.SOURCE and item.kind is AnomalyKind.SILENCE]
    unusual = [item for item in issue.anomalies if item not in silent]
    parts: tuple[tuple[str, Sequence[Line | VolumeLine], tuple[str, ...], int], ...] = (
        (
            words.new_outlets,
            [_new_outlet(outlet, words) for outlet in issue.new_outlets],
            words.more_outlets,
            min(_MOST_OUTLETS, room),
        ),
        (words.unusual, [volume_line(item, issue.day, words) for item in unusual], (), room),
        (words.silent, [volume_line(item, issue.day, words) for item in silent], words.more_sources, room),
        (words.health, [_trouble(item, issue, words) for item in issue.troubles], words.more_sources, room),
        (words.gaps, [_gap(item, issue, words) for item in issue.gaps], words.more_sources, room),
    )
    for heading, lines, forms, most in parts:
        if lines:
            more = len(lines) - most
            yield Part(heading, tuple(lines[:most]), _rest(words, forms, more) if forms else _others(words, more))


def _new_outlet(outlet: NewOutlet, words: Words) -> Line:
    tag = f"{named(outlet.group, 30)} · " if outlet.group else ""
    return Line(tidy(outlet.name, 120), tag + words.first_under.format(rules=rule_list(outlet.rules, words)))


def _trouble(trouble: SourceTrouble, issue: DigestIssue, words: Words) -> Line:
    facts = [words.failures[trouble.kind]]
    if trouble.detail and (words.language == "en" or trouble.detail.isdecimal()):  # the details are words for engineers
        facts[0] += f" ({named(trouble.detail, 120)})"
    facts.append(words.since.format(at=words.moment(trouble.since)))
    if trouble.next_try_at:
        facts.append(words.next_try.format(at=words.moment(trouble.next_try_at, today=issue.day)))
    return Line(name=tidy(trouble.title or trouble.slug, 120), facts=" · ".join(facts))


def _gap(gap: SourceGap, issue: DigestIssue, words: Words) -> Line:
    after, before = (words.moment(at, today=issue.day) for at in (gap.after, gap.before))
    return Line(tidy(gap.title or gap.slug, 120), words.count(words.gap, gap.estimate, after=after, before=before))
