"""Changes after publication in a digest: gathered by article, laid out, and written as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from aggregator.letter import Words, address, foreign, language_tag, named, outlet_of, retell, said, tidy, wrapped
from aggregator.model.delivery import EditBlock, ToldChange, WatchedEdit
from aggregator.text import direction

LONGEST = 300
"""Characters of one change."""

MOST_CHANGES = 5
"""Changes told of one article, the latest ones; the others are counted."""

MOST_RULES = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it is shown: when, what, in which language that is told, and for which rules."""

    when: str
    what: str
    language: str
    rules: str


@dataclass(frozen=True, slots=True)
class Changed:
    """An article's changes as they are shown; ``earlier`` counts those that are not."""

    headline: str
    url: str
    outlet: str
    group: str
    language: str
    direction: str
    changes: tuple[Change, ...]
    earlier: str


def edit_blocks(edits: Sequence[WatchedEdit], names: Mapping[str, str], zone: ZoneInfo) -> tuple[EditBlock, ...]:
    """One block for each article, in the order of ``edits``. What several rules say in the same words is told once.

    ``names`` maps rule slugs to what readers call them.
    """
    by_article: dict[int, list[WatchedEdit]] = {}
    for edit in edits:
        by_article.setdefault(edit.article.id, []).append(edit)
    return tuple(_block(group, names, zone) for group in by_article.values())


def _block(edits: Sequence[WatchedEdit], names: Mapping[str, str], zone: ZoneInfo) -> EditBlock:
    article = edits[0].article
    rules: dict[tuple[str, str], dict[str, None]] = {}
    changes: dict[tuple[str, str], ToldChange] = {}
    for edit in edits:
        key = (edit.at.isoformat(), edit.what)
        rules.setdefault(key, {})[names.get(edit.rule, edit.rule)] = None
        changes[key] = ToldChange(edit.at.astimezone(zone), edit.what, tuple(rules[key]))
    return EditBlock(
        headline=article.title,
        url=article.url,
        outlet=outlet_of(article),
        group=article.source_group,
        language=language_tag(article.language),
        direction=direction(article.language, article.title or article.text[:LONGEST]),
        changes=tuple(changes.values()),
    )


def lay_out(block: EditBlock, today: date, words: Words) -> Changed:
    """A block as both parts of the mail show it."""
    earlier = len(block.changes) - MOST_CHANGES
    return Changed(
        headline=tidy(block.headline, 200) or words.untitled,
        url=block.url,
        outlet=tidy(block.outlet, 80),
        group=tidy(block.group, 30),
        language=block.language,
        direction=block.direction,
        changes=tuple(_change(change, today, words) for change in block.changes[-MOST_CHANGES:]),
        earlier=words.count(words.earlier_changes, earlier) if earlier > 0 else "",
    )


def _change(change: ToldChange, today: date, words: Words) -> Change:
    what, language = retell(change.what, words)
    return Change(words.moment(change.at, today=today), tidy(what, LONGEST), language, rule_list(change.rules, words))


def rule_list(rules: Sequence[str], words: Words) -> str:
    """The first three names, and how many more there are."""
    shown = words.comma.join(named(rule, 80) for rule in rules[:MOST_RULES])
    return f"{shown} {words.others.format(n=words.number(len(rules) - MOST_RULES))}" if len(rules) > MOST_RULES else shown


def changed_lines(article: Changed, words: Words) -> list[str]:
    """A changed article in the order of its HTML: headline, outlet, address, and each change with the rules that watch for it."""
    tag = [named(article.group)] if article.group else []
    lines = wrapped(foreign(article.headline), "  ", "- ")
    lines += said(" · ".join([named(article.outlet), *tag]), words, "  ")
    lines += address(article.url, "  ")
    for change in article.changes:
        lines += said(f"{change.when} · {named(change.what)}", words, "    ")
        lines += said(f"{words.watched_by} {change.rules}", words, "    ")
    if article.earlier:
        lines += said(article.earlier, words, "    ")
    return [*lines, ""]
