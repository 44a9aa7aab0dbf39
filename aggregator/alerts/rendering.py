"""How an alert looks: the matches of one mail by rule and story, in the digest's dress."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from aggregator.letter import (
    WIDTH,
    Reader,
    address,
    arrange,
    first_fitting,
    foreign,
    link_lines,
    named,
    note_lines,
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
_MOST_LINES = 900
"""A line takes a hundred bytes at least: more of them never have room."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A story under a rule. ``alone``: no digest has it all."""

    rule: str
    story: int
    block: StoryBlock
    alone: bool


@dataclass(frozen=True, slots=True)
class _Section:
    """A rule's stories: those that are told, and those of which the headline, the outlet and the address are enough."""

    name: str
    shown: tuple[StoryBlock, ...]
    brief: tuple[StoryBlock, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """All that an alert says, in its order; both parts are written from it."""

    subject: str
    heading: str
    totals: str
    notes: tuple[str, ...]
    sections: tuple[_Section, ...]
    left_out: tuple[str, ...]
    footer: tuple[str, ...]
    left: frozenset[int]


def render_alert(intent: AlertIntent, *, instance: str, now: datetime, names: Mapping[str, str] | None = None) -> Letter:
    """The intent (never empty) as a mail, with times in the reader's zone; ``names`` maps rule slugs to what readers call them.

    Nothing is told twice: copies are one story, and an article stands in full under its first rule. At most 25
    stories are shown, fewer when the HTML would exceed 90 kB; the others are counted. What no digest has is not counted away:
    beyond those, such a story is a line, and when even the lines are too many, the letter names what is left for another mail.
    What the intent says besides its items stands above them.
    """
    zone = ZoneInfo(intent.recipient.timezone)
    reader = Reader(zone=zone, today=now.astimezone(zone).date(), since=None, words=words_of(intent.recipient.language))
    names = names or {}
    told = _told(intent, reader, names)
    lines = len(_further(told, _LADDER[-1][0], len(told)))
    steps = [*((*step, lines) for step in _LADDER), *((*_LADDER[-1], fewer) for fewer in reversed(range(lines)))]

    def page(step: int) -> _Page:
        room, also, fragments, brief = steps[step]
        full = [replace(each, block=trim(each.block, also=also, fragments=fragments)) for each in told[:room]]
        return _page(full, _further(told, room, brief), intent, instance, reader, names)

    final = page(first_fitting(len(steps), lambda step: _html(page(step), intent, reader)))
    text, html = _text(final, intent, reader), _html(final, intent, reader)
    return Letter(subject=final.subject, text=text, html=html, left=final.left)


def _told(intent: AlertIntent, reader: Reader, names: Mapping[str, str]) -> list[_Told]:
    """The stories that a mail may show, in its order: the first 25, and all further ones that no digest has."""
    found = list[_Told]()
    arranged = arrange(intent.items, list(dict.fromkeys(item.rule for item in intent.items)))
    for rule, story in ((rule, story) for rule, stories in arranged.items() for story in stories):
        if len(found) == _MOST_LINES:
            break
        alone = any(match.match_id in intent.alone for match in story.matches)
        if alone or len(found) < MOST_STORIES:
            found.append(_Told(rule, story.matches[0].article.story_id, story_block(story, reader, names), alone))
    return found


def _further(told: Sequence[_Told], room: int, most: int) -> list[_Told]:
    """What is a line each, after ``room`` stories: ``most`` of those that no digest has, each once and not if it stands above."""
    above = {each.story for each in told[:room]}
    found: dict[int, _Told] = {}
    for each in told[room:]:
        if each.alone and each.story not in above:
            found.setdefault(each.story, each)
    return list(found.values())[:most]


def _page(
    full: Sequence[_Told],
    further: Sequence[_Told],
    intent: AlertIntent,
    instance: str,
    reader: Reader,
    names: Mapping[str, str],
) -> _Page:
    words = reader.words
    articles = len({item.article.id for item in intent.items})
    stories = {item.article.story_id for item in intent.items}
    untold = stories - {each.story for each in (*full, *further)}
    left = {item.match_id: item.article.story_id for item in intent.items if item.match_id in intent.alone}
    left = {match_id: story for match_id, story in left.items() if story in untold}
    follow = set(left.values())
    counted = [(words.others, len(untold - follow)), (words.follows, len(follow))]
    told_of = {"instance": named(instance, 60), "recipient": named(intent.recipient.slug, 80)}
    sections = tuple(
        _Section(
            name=tidy(names.get(rule) or rule, 120),
            shown=tuple(each.block for each in full if each.rule == rule),
            brief=tuple(each.block for each in further if each.rule == rule),
        )
        for rule in dict.fromkeys(each.rule for each in (*full, *further))
    )
    return _Page(
        subject=_subject(sections[0], len(stories) - 1, instance, reader, urgent=intent.urgent),
        heading=words.alert_of.format(**told_of, day=words.full_day(reader.today)),
        totals=f"{words.count(words.articles, articles)} · {words.count(words.stories, len(stories))}",
        notes=tuple(_notes(intent, follow, reader, names)),
        sections=sections,
        left_out=tuple(said.format(n=words.number(n)) for said, n in counted if n),
        footer=(words.why_alert.format(**told_of), words.change.format(**told_of)),
        left=frozenset(left),
    )


def _notes(intent: AlertIntent, follow: Collection[int], reader: Reader, names: Mapping[str, str]) -> Iterator[str]:
    words = reader.words
    if intent.unanswered:
        yield words.unanswered.format(recipient=named(intent.unanswered, 80))
    headlines = {item.article.story_id: item.article.title for item in reversed(intent.items)}
    for story, outlets in intent.grown.items():
        if story not in follow:
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
        for block in section.brief:
            told = f"{named(sentence(block.headline))} · {named(block.outlet, 80)}"
            lines += [*said(told, words, "  ", "- "), *address(block.url, "  "), *note_lines(block, words)]
        lines += [""] if section.brief else []
    for counted in page.left_out:
        lines += [*said(counted, words), ""]
    lines.append("-" * WIDTH)
    for line in page.footer:
        lines += said(line, words)
    if own_links(intent.links, words, top=False):
        lines += ["", *link_lines(intent.links, words, top=False)]
    return "\n".join(lines) + "\n"
