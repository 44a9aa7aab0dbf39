"""What is said of each article, once for all formats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from aggregator.letter import outlet_of, safe_url
from aggregator.model.delivery import MatchedArticle, Segment
from aggregator.model.syndication import FoundArticle, RuleFeed
from aggregator.syndication.xml import allowed
from aggregator.text import direction, highlight, snippets

LONGEST_TITLE = 300
WIDTH = 240
"""Characters of a snippet."""
MOST_SNIPPETS = 3
UNTITLED = "(no headline)"

# Nothing isolates a title from the reader's own words, so nothing in it may turn them round.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``url`` is http(s) or ""; ``published`` is None unless a time of day is known; ``html`` is safe to show.

    ``language`` is ISO 639-1 or ""; ``direction`` is ``ltr`` or ``rtl``. Times are UTC.
    """

    id: str
    title: str
    url: str
    html: str
    text: str
    updated: datetime
    published: datetime | None
    outlet: str
    group: str
    authors: tuple[str, ...]
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    language: str
    direction: str


def entries(feed: RuleFeed) -> Iterator[Entry]:
    """The entries of a feed, in its order."""
    return (_entry(feed, item) for item in feed.items)


def line(text: str, most: int = LONGEST_TITLE) -> str:
    """``text`` on one line, with nothing in it that XML forbids or that turns the reader's own words round; cut at ``most``."""
    clean = " ".join(allowed(_TURNS.sub("", text)).split())
    return clean if len(clean) <= most else f"{clean[: most - 1].rstrip()}…"


def _entry(feed: RuleFeed, item: FoundArticle) -> Entry:
    match, article = item.match, item.match.article
    way = direction(article.language, article.title or article.text[:WIDTH])
    fragments = snippets(article.text, _spans(match, "body"), width=WIDTH, most=MOST_SNIPPETS)
    facts = _facts(match)
    return Entry(
        id=feed.authority.tag("match", match.match_id),
        title=line(article.title) or UNTITLED,
        url=safe_url(article.url),
        html=_html(match, fragments, facts, way),
        text="\n\n".join([*(_plain(fragment) for fragment in fragments), *facts]),
        updated=item.updated_at,
        published=article.published_at if article.has_time else None,
        outlet=line(outlet_of(article)),
        group=line(article.source_group),
        authors=tuple(filter(None, map(line, article.authors))),
        aliases=tuple(map(line, match.aliases)),
        tags=tuple(filter(None, map(line, article.tags))),
        language=article.language or "",
        direction=way,
    )


def _spans(match: MatchedArticle, field: str) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in match.spans if span.field == field]


def _facts(match: MatchedArticle) -> list[str]:
    """In our own words: the outlet, the names that it used, and what is to be noted."""
    article = match.article
    outlet = line(outlet_of(article)) + (f" ({line(article.source_group)})" if article.source_group else "")
    names = f"Names used: {', '.join(map(line, match.aliases))}." if match.aliases else ""
    return list(filter(None, (outlet, names, line(article.note))))


def _html(match: MatchedArticle, fragments: Sequence[Sequence[Segment]], facts: Sequence[str], way: str) -> str:
    """The headline once more if hits stand in it, the snippets, and the facts. No attribute holds what strangers wrote."""
    hits = _spans(match, "title")
    shown = [highlight(match.article.title, hits)] if hits else []
    language = f' lang="{escape(match.article.language)}"' if match.article.language else ""
    paragraphs = "".join(f"<p>{_marked(segments)}</p>" for segments in (*shown, *fragments))
    told = "".join(f'<p dir="auto">{escape(fact)}</p>' for fact in facts)
    return f'<div dir="{way}"{language}>{paragraphs}</div>{told}'


def _marked(segments: Sequence[Segment]) -> str:
    """Segments as HTML. Direction is each paragraph's own, so characters that change it are left out."""
    parts = ((escape(_TURNS.sub("", allowed(segment.text))), segment.hit) for segment in segments)
    return "".join(f"<strong>{text}</strong>" if hit else text for text, hit in parts)


def _plain(segments: Sequence[Segment]) -> str:
    return line("".join(segment.text for segment in segments), LONGEST_TITLE * 2)
