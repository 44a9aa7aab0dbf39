"""From matches to stories: what stands under which rule, in which order, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aggregator.letter.words import Words
from aggregator.model.article import Article
from aggregator.model.delivery import AlsoIn, MatchedArticle, Segment, StoryBlock
from aggregator.text import direction, highlight, snippets

LONGEST_HEADLINE = 200
SNIPPET_WIDTH = 160
MOST_SNIPPETS = 2
MOST_ALSO = 3
MOST_TEXTS = 3


@dataclass(frozen=True, slots=True)
class Story:
    """The matches of one rule that tell one story, earliest first.

    ``fresh`` are those that no earlier rule has shown, all of them when there are none such; then ``above`` names the
    rule under which the story stands in full, and it is ``""`` otherwise.
    """

    matches: tuple[MatchedArticle, ...]
    fresh: tuple[MatchedArticle, ...]
    above: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom stories are laid out: the zone of all times, today's local date, and the instant that this mail starts from.

    ``since`` decides which articles are called late; None calls none so.
    """

    zone: ZoneInfo
    today: date
    since: datetime | None
    words: Words


def outlet_of(article: Article) -> str:
    """What people call the outlet. Two feeds of one name are one outlet."""
    return article.source_name or article.source_slug


def known_at(article: Article) -> datetime:
    """The instant that orders articles (UTC): the stated one when it has a time of day, else, or if earlier, our first sight."""
    if article.published_at is None or not article.has_time:
        return article.first_seen_at
    return min(article.published_at, article.first_seen_at)


def arrange(items: Iterable[MatchedArticle], order: Sequence[str]) -> dict[str, tuple[Story, ...]]:
    """The stories under each rule of ``order``: widest first (by outlets), then latest.

    An article stands in full once, under the first of its rules. Under a later rule a story of which nothing is new
    comes last, as a reference: the reader of that rule sees that it was found, and nobody reads it twice. A rule whose
    matches all stand above still has its own counts.
    """
    by_rule: dict[str, dict[int, MatchedArticle]] = {rule: {} for rule in order}
    for item in items:
        if item.rule in by_rule:
            by_rule[item.rule].setdefault(item.article.id, item)
    shown: dict[int, str] = {}
    result: dict[str, tuple[Story, ...]] = {}
    for rule, matches in by_rule.items():
        stories = [_story(group, shown) for group in _by_story(matches.values())]
        result[rule] = tuple(sorted(stories, key=_rank))
        for article_id in matches:
            shown.setdefault(article_id, rule)
    return result


def _by_story(matches: Iterable[MatchedArticle]) -> Iterable[list[MatchedArticle]]:
    groups: dict[int, list[MatchedArticle]] = {}
    for match in sorted(matches, key=lambda match: (known_at(match.article), match.article.id)):
        groups.setdefault(match.article.story_id, []).append(match)
    return groups.values()


def _story(group: list[MatchedArticle], shown: dict[int, str]) -> Story:
    fresh = tuple(match for match in group if match.article.id not in shown)
    if fresh:
        return Story(tuple(group), fresh)
    return Story(tuple(group), tuple(group), above=shown[group[0].article.id])


def _rank(story: Story) -> tuple[bool, int, float, int]:
    outlets = {outlet_of(match.article) for match in story.matches}
    latest = max(known_at(match.article) for match in story.matches)
    return bool(story.above), -len(outlets), -latest.timestamp(), story.matches[0].article.id


def story_block(story: Story, reader: Reader, names: Mapping[str, str]) -> StoryBlock:
    """What is shown of a story: the text of most outlets leads, by its earliest article.

    Other outlets of that text stand in ``also``, other texts in ``texts``, the rest is counted in ``more``. A reference has
    no snippets and none of these, and names the rule under which it stands (``names``: slug to name).
    """
    (lead, *copies), *further = _texts(story.fresh)
    above = names.get(story.above, story.above)
    article = lead.article
    published, late_days = _published(article, reader)
    also = () if above else tuple(_also(outlet_of(article), copies))
    texts = () if above else tuple(map(_told, further[:MOST_TEXTS]))
    return StoryBlock(
        headline=_headline(lead) or (Segment(reader.words.untitled),),
        url=article.url,
        outlet=outlet_of(article),
        group=article.source_group,
        language=article.language or "",
        direction=direction(article.language, article.title or article.text[:SNIPPET_WIDTH]),
        published=published,
        has_time=article.has_time and published is not None,
        late_days=late_days,
        snippets=() if above else _snippets(lead),
        aliases=() if above else lead.aliases,
        also=also,
        more=0 if above else len(story.fresh) - 1 - len(also) - len(texts),
        note=reader.words.shown_above.format(rule=above) if above else article.note,
        articles=len(story.matches),
        texts=texts,
    )


def trim(block: StoryBlock, *, also: int, fragments: int) -> StoryBlock:
    """The block with at most ``also`` other outlets and texts (the rest is counted in ``more``) and ``fragments`` snippets."""
    more = block.more + max(0, len(block.also) - also) + max(0, len(block.texts) - also)
    return replace(block, also=block.also[:also], texts=block.texts[:also], more=more, snippets=block.snippets[:fragments])


def story_facts(block: StoryBlock, today: date, words: Words) -> list[str]:
    """What is said of a story beside its outlet: when, in which language, and how late."""
    facts = [words.moment(block.published, today=today, has_time=block.has_time) if block.published else words.undated]
    if block.language:
        facts.append(words.language_name(block.language))
    if block.late_days:
        facts.append(words.count(words.days_ago, block.late_days))
    return facts


def _texts(matches: Iterable[MatchedArticle]) -> list[list[MatchedArticle]]:
    """A story's matches by text, those of most outlets first; each earliest first."""
    groups: dict[int, list[MatchedArticle]] = {}
    for match in matches:
        groups.setdefault(match.article.group_id, []).append(match)
    return sorted(groups.values(), key=lambda group: -len({outlet_of(match.article) for match in group}))


def _told(group: Sequence[MatchedArticle]) -> AlsoIn:
    """A text and the first three outlets that carry it."""
    first = group[0].article
    outlets = list(dict.fromkeys(outlet_of(match.article) for match in group))
    names = ", ".join(outlets[:MOST_ALSO]) + (" …" if len(outlets) > MOST_ALSO else "")
    return AlsoIn(outlet=names, group=first.source_group, url=first.url, title=first.title or first.url)


def _spans(match: MatchedArticle, field: str) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in match.spans if span.field == field]


def _headline(match: MatchedArticle) -> tuple[Segment, ...]:
    title = match.article.title
    if len(title) <= LONGEST_HEADLINE:
        return highlight(title, _spans(match, "title"))
    end = title.rfind(" ", LONGEST_HEADLINE // 2, LONGEST_HEADLINE)
    cut = title[: end if end > 0 else LONGEST_HEADLINE - 1]
    kept = [(start, min(end, len(cut))) for start, end in _spans(match, "title") if start < len(cut)]
    return (*highlight(cut, kept), Segment("…"))


def _snippets(match: MatchedArticle) -> tuple[tuple[Segment, ...], ...]:
    return snippets(match.article.text, _spans(match, "body"), width=SNIPPET_WIDTH, most=MOST_SNIPPETS)


def _also(leading: str, others: Sequence[MatchedArticle]) -> Iterable[AlsoIn]:
    """The earliest article of each further outlet, at most three."""
    first: dict[str, Article] = {}
    for match in others:
        if outlet_of(match.article) != leading:
            first.setdefault(outlet_of(match.article), match.article)
    for outlet, article in list(first.items())[:MOST_ALSO]:
        yield AlsoIn(outlet=outlet, group=article.source_group, url=article.url, title=article.title)


def _published(article: Article, reader: Reader) -> tuple[datetime | None, int]:
    """The stated instant in the reader's zone, and how many days before today it lies if it is older than this mail's window.

    A date without a time is midnight UTC of that date: it stays that date in every zone.
    """
    stated = article.published_at
    if stated is None:
        return None, 0
    if article.has_time:
        local = stated.astimezone(reader.zone)
        late = reader.since is not None and stated < reader.since
    else:
        local = datetime(stated.year, stated.month, stated.day, tzinfo=reader.zone)
        late = reader.since is not None and local.date() < reader.since.astimezone(reader.zone).date()
    return local, max(1, (reader.today - local.date()).days) if late else 0
