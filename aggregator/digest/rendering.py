"""How a digest looks: one view of it, written twice, as HTML and as text, within the size that mail clients show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from aggregator.digest.edits import changed_lines
from aggregator.digest.view import LADDER, Page, matched_rules, page_of
from aggregator.letter import (
    WIDTH,
    Stories,
    Words,
    address,
    first_fitting,
    foreign,
    link_lines,
    named,
    own_links,
    said,
    sentence,
    story_facts,
    story_lines,
    subject_line,
    tidy,
    volume_subject,
    words_of,
    wrapped,
    write_html,
)
from aggregator.model.delivery import (
    DigestIssue,
    Letter,
    Links,
)
from aggregator.text import direction

_LIKELY = 80
"""Stories that may fit with all that is known of them."""


def render_digest(issue: DigestIssue, links: Links | None = None) -> Letter:
    """The issue as a mail. The same issue and links always give the same bytes.

    When the HTML would exceed 90 kB, both parts show less, step by step down the ``LADDER``; what is not shown is counted.
    """
    words, links = words_of(issue.language), links or Links()
    subject, stories = _subject(issue, words), Stories(issue.day, words)

    @cache
    def page(step: int) -> Page:
        return page_of(issue, LADDER[step], words, links, stories)

    @cache
    def html(step: int) -> str:
        return _html(issue, page(step), subject, words, links, stories)

    step = first_fitting(len(LADDER), html, likely=sum(len(block.shown) for block in issue.rules) <= _LIKELY)
    return Letter(subject=subject, text=_text(page(step), issue, words, links), html=html(step))


def _subject(issue: DigestIssue, words: Words) -> str:
    """``[{instance}] MEK: 48 stories, +37%; +2 more rules — Tue 24 Nov``, of the rule with the most stories.

    Without matches it tells of what there is: changes, else spikes and silences.
    """
    matched = matched_rules(issue)
    if matched:
        top = max(matched, key=lambda block: block.stories)
        told = f"{tidy(top.name, 60)}{words.colon}{words.count(words.stories, top.stories)}"
        told += f"{words.comma}{words.percent(top.trend, gap='')}" if top.trend is not None else ""
        told += f"{words.semicolon}{words.count(words.other_rules, len(matched) - 1)}" if len(matched) > 1 else ""
    elif issue.edits:
        told = words.count(words.changes, len(issue.edits))
    else:
        told = volume_subject(issue.anomalies, words) if issue.anomalies else words.no_matches
    if not matched and issue.troubles:
        told += words.comma + words.count(words.failing, len(issue.troubles))
    return subject_line(f"[{tidy(issue.instance, 40)}] {told} — {words.day(issue.day)}", way=direction(words.language))


def _html(issue: DigestIssue, page: Page, subject: str, words: Words, links: Links, stories: Stories) -> str:
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
        links=links,
        stories=stories,
    )


def _preheader(page: Page) -> str:
    """The top line of each rule: the preview beside the subject in a list of mails."""
    tops = [f"{section.name}: {sentence(section.shown[0].headline)}" for section in page.sections if section.shown]
    return " · ".join(tops) or page.totals


def _text(page: Page, issue: DigestIssue, words: Words, links: Links) -> str:
    lines = link_lines(links, words, top=True)
    lines += [*said(page.heading, words), *said(page.window, words), *said(page.totals, words), ""]
    for banner in page.banners:
        lines += [*said(banner, words, "! "), ""]
    lines += _top_lines(page, words)
    for section in page.sections:
        lines += ["=" * WIDTH, *said(section.name, words), *said(section.counts, words)]
        if section.bars_text:
            lines += said(f"{section.bars_text}  {section.bars_label}", words)
        lines.append("")
        for block in section.shown:
            lines += story_lines(block, story_facts(block, issue.day, words), words)
        if section.hidden:
            lines += [*said(section.hidden, words), ""]
    if page.left_out:
        lines += [*said(page.left_out, words), ""]
    if page.changed:
        lines += ["=" * WIDTH, *said(words.changed, words), ""]
        for article in page.changed:
            lines += changed_lines(article, words)
        lines += [*said(page.more_changed, words), ""] if page.more_changed else []
    if page.quiet:
        lines += [*said(f"{words.quiet}{words.colon}{words.comma.join(page.quiet)}", words), ""]
    lines += _list_lines(page, words)
    lines.append("-" * WIDTH)
    for line in page.footer:
        lines += said(line, words)
    lines += ["", *link_lines(links, words, top=False)] if own_links(links, words, top=False) else []
    return "\n".join(lines).rstrip("\n") + "\n"


def _top_lines(page: Page, words: Words) -> list[str]:
    if not page.top:
        return []
    lines = ["=" * WIDTH, *said(words.top_stories, words), ""]
    for top in page.top:
        lines += [*wrapped(foreign(top.headline), "  ", "- "), *said(top.facts, words, "  "), *address(top.url, "  ")]
    return [*lines, ""]


def _list_lines(page: Page, words: Words) -> Sequence[str]:
    lines: list[str] = []
    for part in page.lists:
        lines += ["=" * WIDTH, *said(part.heading, words), ""]
        for line in part.lines:
            lines += said(f"{named(line.name)} · {line.facts}", words, "  ", "- ")
        lines += [*said(part.more, words), ""] if part.more else [""]
    return lines
