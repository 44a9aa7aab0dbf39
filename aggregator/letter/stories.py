"""From matches to stories: what stands under which rule, in which order, and what is shown of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby, zip_longest
from zoneinfo import ZoneInfo

from aggregator.letter.isolation import language_tag, named, tidy
from aggregator.letter.languages import retell
from aggregator.letter.words import Words
from aggregator.model.article import Article
from aggregator.model.delivery import AlsoIn, MatchedArticle, Segment, StoryBlock
from aggregator.text import direction, highlight, snippets

LONGEST_HEADLINE = 200
LONGEST_NOTE = 200
MOST_ALIASES = 5
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

    ``since`` decides which articles are called late; None calls none so. ``previous`` are the ids of the stories in the digest
    before; None when there was none, and nothing is called new.
    """

    zone: ZoneInfo
    today: date
    since: datetime | None
    words: Words
    previous: Collection[int] | None = None


def outlet_of(article: Article) -> str:
    """What people call the outlet. Two feeds of one name are one outlet."""
    return article.source_name or article.source_slug


def known_at(article: Article) -> datetime:
    """The instant that orders articles (UTC): the stated one when it has a time of day, else, or if earlier, our first sight."""
    if article.published_at is None or not article.has_time:
        return article.first_seen_at
    return min(article.published_at, article.first_seen_at)


def arrange(items: Iterable[MatchedArticle], order: Sequence[str]) -> dict[str, tuple[Story, ...]]:
    """The stories under each rule of ``order``: the heaviest first (see ``weight``), then the latest.

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
        result[rule] = tuple(sorted(stories, key=rank))
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


def weight(story: Story) -> int:
    """How many outlets tell the story, and how many of them in words of their own: a text counts once for each outlet that is the
    first to have it. So five outlets that write themselves weigh more than five that copy a wire."""
    first: dict[int, str] = {}
    for match in story.matches:
        first.setdefault(match.article.group_id, outlet_of(match.article))
    return len({outlet_of(match.article) for match in story.matches}) + len(set(first.values()))


def rank(story: Story) -> tuple[bool, int, float, int]:
    """What stories are sorted by: references last, then weight, the latest article, and the first one's id."""
    latest = max(known_at(match.article) for match in story.matches)
    return bool(story.above), -weight(story), -latest.timestamp(), story.matches[0].article.id


def story_block(story: Story, reader: Reader, names: Mapping[str, str]) -> StoryBlock:
    """What is shown of a story: the text of most outlets leads, by its earliest article.

    Other outlets of that text stand in ``also``, other texts in ``texts``, the rest is counted in ``more``. A reference has
    no snippets and none of these, and names the rule under which it stands (``names``: slug to name).
    """
    (lead, *copies), *further = _texts(story.fresh)
    above = names.get(story.above, story.above)
    article = lead.article
    published, late_days = _published(article, reader)
    note, told_in = retell(article.note, reader.words)
    shown = [] if above else _also(outlet_of(article), copies)
    texts = () if above else tuple(map(_told, further[:MOST_TEXTS]))
    told = {article.id, *(copy.id for copy in shown), *(group[0].article.id for group in further[:MOST_TEXTS])}
    hidden = [] if above else [match.article for match in story.fresh if match.article.id not in told]
    return StoryBlock(
        headline=_headline(lead) or (Segment(reader.words.untitled),),
        url=article.url,
        outlet=outlet_of(article),
        group=article.source_group,
        language=language_tag(article.language),
        direction=direction(article.language, article.title or article.text[:SNIPPET_WIDTH]),
        published=published,
        has_time=article.has_time and published is not None,
        late_days=late_days,
        snippets=() if above else _snippets(lead),
        aliases=() if above else lead.aliases,
        also=tuple(AlsoIn(outlet_of(copy), copy.source_group, copy.url, copy.title) for copy in shown),
        more=len(hidden),
        note=reader.words.shown_above.format(rule=named(above, 80)) if above else tidy(note, LONGEST_NOTE),
        note_language=reader.words.language if above else told_in,
        articles=len(story.matches),
        texts=texts,
        outlets=len({outlet_of(match.article) for match in story.matches}),
        more_groups=_by_size(Counter(copy.source_group for copy in hidden if copy.source_group)),
        continuing=None if above or reader.previous is None else article.story_id in reader.previous,
    )


def trim(block: StoryBlock, *, also: int, fragments: int) -> StoryBlock:
    """The block with at most ``also`` other outlets and texts (the rest is counted in ``more``) and ``fragments`` snippets."""
    snippets = block.snippets[:fragments]
    dropped = (*block.also[also:], *block.texts[also:])
    if not dropped:
        return block if len(snippets) == len(block.snippets) else replace(block, snippets=snippets)
    groups = Counter(dict(block.more_groups)) + Counter(copy.group for copy in dropped if copy.group)
    return replace(
        block,
        also=block.also[:also],
        texts=block.texts[:also],
        snippets=snippets,
        more=block.more + len(dropped),
        more_groups=_by_size(groups),
    )


def _by_size(groups: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(groups.items(), key=lambda item: (-item[1], item[0])))


def by_group(also: Iterable[AlsoIn]) -> list[tuple[str, list[AlsoIn]]]:
    """The outlets of each group, as they stand side by side."""
    return [(group, list(copies)) for group, copies in groupby(also, key=lambda copy: copy.group)]


def further_groups(block: StoryBlock, words: Words) -> str:
    """`` (state 5, wire 2)``: of which groups those articles are that are only counted."""
    counted = words.comma.join(f"{named(group, 30)} {words.number(n)}" for group, n in block.more_groups)
    return f" ({counted})" if counted else ""


def naming(block: StoryBlock, words: Words) -> str:
    """``Named here “the tube”, “the tunnel”``: what the outlet calls whom a rule watches."""
    names = words.comma.join(words.quoted(named(alias, 60)) for alias in block.aliases[:MOST_ALIASES])
    return f"{words.wording} {names}"


def standing(block: StoryBlock, words: Words) -> str:
    """Whether the story is new to the reader, in a word."""
    return words.continuing if block.continuing else words.new


def story_facts(block: StoryBlock, today: date, words: Words) -> list[str]:
    """What is said of a story beside its outlet: when, in which language if it is not the reader's, and how late."""
    facts = [words.moment(block.published, today=today, has_time=block.has_time) if block.published else words.undated]
    if block.language and block.language.partition("-")[0] != words.language:
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


def _also(leading: str, others: Sequence[MatchedArticle]) -> list[Article]:
    """The earliest article of at most three further outlets: one of each group before a second of any, each group together."""
    first: dict[str, Article] = {}
    for match in others:
        if outlet_of(match.article) != leading:
            first.setdefault(outlet_of(match.article), match.article)
    groups: dict[str, list[Article]] = {}
    for article in first.values():
        groups.setdefault(article.source_group, []).append(article)
    turns = (article for turn in zip_longest(*groups.values()) for article in turn if article)
    order = list(groups)
    return sorted(list(turns)[:MOST_ALSO], key=lambda article: order.index(article.source_group))


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
    return local, max(0, (reader.today - local.date()).days) if late else 0  # today's hour says it by itself
