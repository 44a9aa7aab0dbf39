"""How an alert looks: the matches of one mail by rule and story, in the digest's dress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from aggregator.letter import (
    WIDTH,
    Reader,
    Story,
    arrange,
    first_fitting,
    foreign,
    link_lines,
    named,
    own_links,
    said,
    sentence,
    story_block,
    story_facts,
    story_lines,
    subject_line,
    tidy,
    trim,
    words_of,
    wrapped,
    write_html,
)
from aggregator.model.delivery import AlertIntent, Letter, StoryBlock
from aggregator.text import direction

MOST_STORIES = 25
# Stories, other outlets and snippets of each: every step shows less than the one before.
_LADDER = ((MOST_STORIES, 3, 2), (MOST_STORIES, 0, 1), (MOST_STORIES, 0, 0), (10, 0, 0), (3, 0, 0))


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    shown: tuple[StoryBlock, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """All that an alert says, in its order; both parts are written from it."""

    subject: str
    heading: str
    totals: str
    notes: tuple[str, ...]
    sections: tuple[_Section, ...]
    left_out: str
    footer: tuple[str, ...]


def render_alert(intent: AlertIntent, *, instance: str, now: datetime, names: Mapping[str, str] | None = None) -> Letter:
    """The intent (never empty) as a mail, with times in the reader's zone; ``names`` maps rule slugs to what readers call them.

    Nothing is told twice: copies are one story, and an article stands in full under its first rule. At most 25
    stories are shown, fewer when the HTML would exceed 90 kB; the others are counted. What the intent says besides its items
    stands above them.
    """
    zone = ZoneInfo(intent.recipient.timezone)
    reader = Reader(zone=zone, today=now.astimezone(zone).date(), since=None, words=words_of(intent.recipient.language))
    names = names or {}
    arranged = arrange(intent.items, list(dict.fromkeys(item.rule for item in intent.items)))

    def page(step: int) -> _Page:
        room, also, fragments = _LADDER[step]
        kept = _first(arranged, room)
        sections = tuple(
            _Section(
                name=tidy(names.get(rule) or rule, 120),
                shown=tuple(trim(story_block(story, reader, names), also=also, fragments=fragments) for story in stories),
            )
            for rule, stories in kept.items()
        )
        told = len({story.matches[0].article.story_id for stories in kept.values() for story in stories})
        return _page(sections, told, intent, instance, reader, names)

    step = first_fitting(len(_LADDER), lambda step: _html(page(step), intent, reader))
    final = page(step)
    return Letter(subject=final.subject, text=_text(final, intent, reader), html=_html(final, intent, reader))


def _first(arranged: Mapping[str, tuple[Story, ...]], room: int) -> dict[str, tuple[Story, ...]]:
    """The first ``room`` stories, without the rules that have none among them."""
    kept: dict[str, tuple[Story, ...]] = {}
    for rule, stories in arranged.items():
        if room > 0:
            kept[rule] = stories[:room]
            room -= len(kept[rule])
    return kept


def _page(
    sections: tuple[_Section, ...], told: int, intent: AlertIntent, instance: str, reader: Reader, names: Mapping[str, str]
) -> _Page:
    words = reader.words
    articles = len({item.article.id for item in intent.items})
    stories = len({item.article.story_id for item in intent.items})
    told_of = {"instance": named(instance, 60), "recipient": named(intent.recipient.slug, 80)}
    return _Page(
        subject=_subject(sections[0], stories - 1, instance, reader, urgent=intent.urgent),
        heading=words.alert_of.format(**told_of, day=words.full_day(reader.today)),
        totals=f"{words.count(words.articles, articles)} · {words.count(words.stories, stories)}",
        notes=tuple(_notes(intent, reader, names)),
        sections=sections,
        left_out=words.others.format(n=words.number(stories - told)) if stories > told else "",
        footer=(words.why_alert.format(**told_of), words.change.format(**told_of)),
    )


def _notes(intent: AlertIntent, reader: Reader, names: Mapping[str, str]) -> Iterator[str]:
    words = reader.words
    if intent.unanswered:
        yield words.unanswered.format(recipient=named(intent.unanswered, 80))
    headlines = {item.article.story_id: item.article.title for item in reversed(intent.items)}
    for story, outlets in intent.grown.items():
        headline = named(headlines.get(story, ""), 100)
        yield words.now_in.format(counted=words.count(words.outlets, outlets), headline=headline)
    for rule, stories in intent.more:
        yield words.over_cap.format(rule=named(names.get(rule) or rule, 60), counted=words.count(words.stories, stories))


def _subject(first: _Section, others: int, instance: str, reader: Reader, *, urgent: bool) -> str:
    """``[{instance}] ALERT MEK: headline``, and how many stories more."""
    words = reader.words
    kind = words.urgent if urgent else words.alert
    told = f"{kind} {tidy(first.name, 60)}{words.colon}{tidy(sentence(first.shown[0].headline), 100)}"
    more = f" … {words.others.format(n=words.number(others))}" if others else ""
    return subject_line(f"[{tidy(instance, 40)}] {told}{more}", 240, way=direction(words.language))


def _html(page: _Page, intent: AlertIntent, reader: Reader) -> str:
    return write_html(
        "aggregator.alerts",
        "alert.html",
        page=page,
        subject=page.subject,
        preheader=" · ".join(_headlines(page)),
        footer=page.footer,
        actions=_actions(intent, reader),
        links=intent.links,
        language=intent.recipient.language,
        direction=direction(intent.recipient.language),
        w=reader.words,
        facts=partial(story_facts, today=reader.today, words=reader.words),
    )


def _headlines(page: _Page) -> Iterable[str]:
    return (sentence(block.headline) for section in page.sections for block in section.shown[:3])


def _actions(intent: AlertIntent, reader: Reader) -> list[tuple[str, str]]:
    """What the reader can do about it: words and addresses."""
    links = ((reader.words.acknowledge, intent.acknowledge_url), (reader.words.snooze, intent.snooze_url))
    return [(words, url) for words, url in links if url]


def _text(page: _Page, intent: AlertIntent, reader: Reader) -> str:
    words = reader.words
    lines = link_lines(intent.links, words, top=True)
    lines += [*said(page.heading, words), *said(page.totals, words), ""]
    for note in page.notes:
        lines += [*said(note, words), ""]
    for label, url in _actions(intent, reader):
        lines += [*said(f"{label}{words.colon.rstrip()}", words), f"<{url}>", ""]
    for section in page.sections:
        lines += ["=" * WIDTH, *wrapped(foreign(section.name)), ""]
        for block in section.shown:
            lines += story_lines(block, story_facts(block, reader.today, words), words)
    if page.left_out:
        lines += [*said(page.left_out, words), ""]
    lines.append("-" * WIDTH)
    for line in page.footer:
        lines += said(line, words)
    if own_links(intent.links, words, top=False):
        lines += ["", *link_lines(intent.links, words, top=False)]
    return "\n".join(lines) + "\n"
