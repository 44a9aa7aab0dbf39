"""How a digest looks: one view of it, written twice, as HTML and as text, within the size that mail clients show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from aggregator.digest.composing import comparable, trend
from aggregator.digest.edits import Changed, changed_lines, lay_out
from aggregator.letter import (
    WIDTH,
    VolumeLine,
    Words,
    first_fitting,
    foreign,
    named,
    sentence,
    story_facts,
    story_lines,
    subject_line,
    tidy,
    trim,
    volume_line,
    words_of,
    wrapped,
    write_html,
)
from aggregator.model.delivery import DigestIssue, Letter, RuleBlock, SourceGap, SourceTrouble, StoryBlock

BAR_HEIGHT = 28
_BARS = "▁▂▃▅▇"
_MOST_QUIET = 30
_MOST_TROUBLES = 20
"""Sources named at most in each part of the health block."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """How much is shown: stories under a rule, other outlets and snippets of a story, bars, rules (None: all), changed ones."""

    stories: int
    also: int
    fragments: int
    bars: bool = True
    rules: int | None = None
    edits: int = 20


# Each step shows less than the one before, so that the first that fits can be found by bisection.
_LADDER = (
    _Cut(40, 3, 2),
    _Cut(25, 3, 2),
    _Cut(15, 3, 2),
    _Cut(10, 3, 2),
    _Cut(10, 1, 2),
    _Cut(10, 0, 2),
    _Cut(10, 0, 1),
    _Cut(10, 0, 0),
    _Cut(5, 0, 0),
    _Cut(3, 0, 0),
    _Cut(3, 0, 0, bars=False, edits=10),
    _Cut(2, 0, 0, bars=False, edits=10),
    _Cut(1, 0, 0, bars=False, edits=10),
    _Cut(0, 0, 0, bars=False, edits=5),
    _Cut(0, 0, 0, bars=False, rules=100, edits=3),
    _Cut(0, 0, 0, bars=False, rules=25, edits=3),
)


@dataclass(frozen=True, slots=True)
class _Section:
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
class _Trouble:
    name: str
    facts: str


@dataclass(frozen=True, slots=True)
class _Page:
    """All that a digest says, in its order. Both parts are written from it, so that neither says more than the other."""

    heading: str
    window: str
    totals: str
    banners: tuple[str, ...]
    sections: tuple[_Section, ...]
    left_out: str
    changed: tuple[Changed, ...]
    more_changed: str
    quiet: tuple[str, ...]
    troubles: tuple[_Trouble, ...]
    more_troubles: str
    gaps: tuple[_Trouble, ...]
    more_gaps: str
    unusual: tuple[VolumeLine, ...]
    more_unusual: str
    footer: tuple[str, ...]


def render_digest(issue: DigestIssue) -> Letter:
    """The issue as a mail. The same issue always gives the same bytes.

    When the HTML would exceed 90 kB, both parts show less, in this order: stories per rule 40 to 10, other outlets 3,
    1, 0, snippets 2, 1, 0, stories per rule 5, 3, bars, changed articles 20 to 3, stories 1, 0; what is not shown is counted.
    """
    words = words_of(issue.language)
    subject = _subject(issue, words)

    def html(step: int) -> str:
        return _html(issue, _page(issue, _LADDER[step], words), subject, words)

    step = first_fitting(len(_LADDER), html)
    return Letter(subject=subject, text=_text(_page(issue, _LADDER[step], words), issue, words), html=html(step))


def _subject(issue: DigestIssue, words: Words) -> str:
    """``[{instance}] MEK: 48 stories, +37%; +2 more rules — Tue 24 Nov``, of the rule with the most stories."""
    matched = _matched(issue)
    if matched:
        top = max(matched, key=lambda block: block.stories)
        said = f"{tidy(top.name, 60)}: {words.count(words.stories, top.stories)}"
        said += f", {words.percent(top.trend, gap='')}" if top.trend is not None else ""
        said += f"; {words.count(words.other_rules, len(matched) - 1)}" if len(matched) > 1 else ""
    else:
        said = words.count(words.changes, len(issue.edits)) if issue.edits else words.no_matches
        said += f", {words.count(words.failing, len(issue.troubles))}" if issue.troubles else ""
    return subject_line(f"[{tidy(issue.instance, 40)}] {said} — {words.day(issue.day)}")


def _matched(issue: DigestIssue) -> list[RuleBlock]:
    return [block for block in issue.rules if block.articles]


def _page(issue: DigestIssue, cut: _Cut, words: Words) -> _Page:
    matched = _matched(issue)
    shown = matched[: cut.rules]
    has_now = comparable((issue.window_start, issue.window_end))
    return _Page(
        heading=words.digest_of.format(instance=named(issue.instance, 60), day=words.full_day(issue.day)),
        window=f"{words.moment(issue.window_start)} – {words.moment(issue.window_end)} ({issue.window_end.tzinfo})",
        totals=_totals(issue, words),
        banners=tuple(_banners(issue, words)),
        sections=tuple(_section(block, cut, words, has_now=has_now) for block in shown),
        left_out=words.count(words.more_rules, len(matched) - len(shown)) if len(matched) > len(shown) else "",
        changed=tuple(lay_out(block, issue.day, words) for block in issue.edits[: cut.edits]),
        more_changed=_rest(words, words.more_changed, len(issue.edits) - cut.edits),
        quiet=tuple(_quiet(issue, words)),
        troubles=tuple(_trouble(trouble, issue, words) for trouble in issue.troubles[:_MOST_TROUBLES]),
        more_troubles=_rest(words, words.more_sources, len(issue.troubles) - _MOST_TROUBLES),
        gaps=tuple(_gap(gap, issue, words) for gap in issue.gaps[:_MOST_TROUBLES]),
        more_gaps=_rest(words, words.more_sources, len(issue.gaps) - _MOST_TROUBLES),
        unusual=tuple(volume_line(anomaly, issue.day, words) for anomaly in issue.anomalies[:_MOST_TROUBLES]),
        more_unusual=_others(words, len(issue.anomalies) - _MOST_TROUBLES),
        footer=tuple(
            line.format(instance=named(issue.instance, 60), recipient=named(issue.recipient, 80))
            for line in (words.why_digest, words.change)
        ),
    )


def _rest(words: Words, forms: tuple[str, ...], n: int) -> str:
    return words.count(forms, n) if n > 0 else ""


def _others(words: Words, n: int) -> str:
    return words.others.format(n=f"{n:,}") if n > 0 else ""


def _counts(articles: int, stories: int, outlets: int, against: int | None, words: Words) -> str:
    """``48 articles · 19 stories · 11 outlets · +37 % vs 7-day median``."""
    counted = [words.count(words.articles, articles), words.count(words.stories, stories), words.count(words.outlets, outlets)]
    if against is not None:
        counted.append(words.versus.format(percent=words.percent(against)))
    return " · ".join(counted)


def _totals(issue: DigestIssue, words: Words) -> str:
    if not issue.articles:
        return words.nothing
    # An article under two rules counts twice in both sums, so they compare.
    days = [sum(counts) for counts in zip(*(block.daily for block in issue.rules), strict=False)]
    has_baseline = comparable((issue.window_start, issue.window_end))
    against = trend(sum(block.articles for block in issue.rules), days) if has_baseline else None
    return _counts(issue.articles, issue.stories, issue.outlets, against, words)


def _banners(issue: DigestIssue, words: Words) -> Iterable[str]:
    if issue.missed_days > 0:
        yield words.count(words.missed, issue.missed_days)
    if issue.troubles:
        yield f"{words.count(words.failing, len(issue.troubles))}. {words.blind}"


def _section(block: RuleBlock, cut: _Cut, words: Words, *, has_now: bool) -> _Section:
    values = (*block.daily, block.articles) if has_now else block.daily
    if not cut.bars or not block.daily or not any(values):
        values = ()
    top = max(values, default=0)
    usual = _usual(block, words)
    now = words.bars_now.format(now=block.articles) if has_now else ""
    label = (words.bars.format(days=", ".join(map(str, block.daily))), usual, now)
    hidden = block.hidden + max(0, len(block.shown) - cut.stories)
    return _Section(
        name=tidy(block.name, 120),
        counts=_counts(block.articles, block.stories, block.outlets, block.trend, words),
        bars=tuple(max(2, round(value / top * BAR_HEIGHT)) for value in values),
        bars_text="".join(_BARS[round(value / top * (len(_BARS) - 1))] for value in values),
        bars_label="; ".join(filter(None, label)),
        usual=usual,
        has_now=has_now,
        shown=tuple(trim(story, also=cut.also, fragments=cut.fragments) for story in block.shown[: cut.stories]),
        hidden=_rest(words, words.more_stories, hidden),
    )


def _usual(block: RuleBlock, words: Words) -> str:
    usual = round(median(block.daily)) if block.daily else 0
    return words.usual.format(n=f"{usual:,}") if usual else ""


def _quiet(issue: DigestIssue, words: Words) -> Iterable[str]:
    usual = {block.name: _usual(block, words) for block in issue.rules}
    for name in issue.quiet[:_MOST_QUIET]:
        yield named(name, 120) + (f" ({usual[name]})" if usual.get(name) else "")
    if len(issue.quiet) > _MOST_QUIET:
        yield words.others.format(n=len(issue.quiet) - _MOST_QUIET)


def _trouble(trouble: SourceTrouble, issue: DigestIssue, words: Words) -> _Trouble:
    facts = [words.failures[trouble.kind]]
    if trouble.detail:
        facts[0] += f" ({named(trouble.detail, 120)})"
    facts.append(words.since.format(at=words.moment(trouble.since)))
    if trouble.next_try_at:
        facts.append(words.next_try.format(at=words.moment(trouble.next_try_at, today=issue.day)))
    return _Trouble(name=tidy(trouble.title or trouble.slug, 120), facts=" · ".join(facts))


def _gap(gap: SourceGap, issue: DigestIssue, words: Words) -> _Trouble:
    after, before = (words.moment(at, today=issue.day) for at in (gap.after, gap.before))
    return _Trouble(tidy(gap.title or gap.slug, 120), words.count(words.gap, gap.estimate).format(after=after, before=before))


def _html(issue: DigestIssue, page: _Page, subject: str, words: Words) -> str:
    return write_html(
        "aggregator.digest",
        "digest.html",
        page=page,
        subject=subject,
        preheader=_preheader(page),
        footer=page.footer,
        language=issue.language,
        direction=issue.direction,
        w=words,
        facts=partial(story_facts, today=issue.day, words=words),
    )


def _preheader(page: _Page) -> str:
    """The top line of each rule: the preview beside the subject in a list of mails."""
    tops = [f"{section.name}: {sentence(section.shown[0].headline)}" for section in page.sections if section.shown]
    return " · ".join(tops) or page.totals


def _text(page: _Page, issue: DigestIssue, words: Words) -> str:
    lines = [*wrapped(page.heading), *wrapped(page.window), *wrapped(page.totals), ""]
    for banner in page.banners:
        lines += [*wrapped(banner, "! "), ""]
    for section in page.sections:
        lines += ["=" * WIDTH, *wrapped(foreign(section.name)), *wrapped(section.counts)]
        if section.bars_text:
            lines += wrapped(f"{section.bars_text}  {section.bars_label}")
        lines.append("")
        for block in section.shown:
            lines += story_lines(block, story_facts(block, issue.day, words), words)
        if section.hidden:
            lines += [section.hidden, ""]
    if page.left_out:
        lines += [page.left_out, ""]
    if page.changed:
        lines += ["=" * WIDTH, words.changed, ""]
        for article in page.changed:
            lines += changed_lines(article, words)
        lines += [page.more_changed, ""] if page.more_changed else []
    if page.quiet:
        lines += [*wrapped(f"{words.quiet}: {', '.join(page.quiet)}"), ""]
    lines += _health_lines(page, words)
    lines.append("-" * WIDTH)
    for line in page.footer:
        lines += wrapped(line)
    return "\n".join(lines) + "\n"


def _health_lines(page: _Page, words: Words) -> Sequence[str]:
    lines: list[str] = []
    sections: tuple[tuple[str, Sequence[_Trouble | VolumeLine], str], ...] = (
        (words.unusual, page.unusual, page.more_unusual),
        (words.health, page.troubles, page.more_troubles),
        (words.gaps, page.gaps, page.more_gaps),
    )
    for heading, troubles, more in sections:
        if troubles:
            lines += ["=" * WIDTH, heading, ""]
            for trouble in troubles:
                lines += wrapped(f"{named(trouble.name)} · {trouble.facts}", "  ", "- ")
            lines += [more, ""] if more else [""]
    return lines
