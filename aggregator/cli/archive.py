"""``search``: the archive, asked in the language of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from aggregator.cli.options import Call, instant
from aggregator.cli.printing import counted, json_line, printable
from aggregator.model.article import Article
from aggregator.model.delivery import Segment
from aggregator.model.rule import Match
from aggregator.model.search import Cursor, Facet, Found, Order, Page, Question
from aggregator.rules import CompiledQuery, compile_query, dump, load
from aggregator.store.search import ask as ask_store
from aggregator.text import highlight, snippets

Since = Annotated[str | None, typer.Option(help="Only articles since then: 30d, 12h, or a date.")]
Until = Annotated[str | None, typer.Option(help="Only articles before then: 30d, 12h, or a date.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Show at most so many.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

MOST_VALUES = 20
"""Values of a facet that are shown on a terminal."""


def search(
    context: typer.Context,
    query: str,
    sort: Annotated[Order, typer.Option(help="What stands first.")] = Order.NEWEST,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    after: Annotated[str, typer.Option(metavar="CURSOR", help="The next page: the cursor that stood under the last one.")] = "",
    total: Annotated[bool, typer.Option("--total", help="Count all articles that match.")] = False,
    facets: Annotated[str, typer.Option(help=f"Count all that match by {', '.join(Facet)}: a list with commas.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Search the archive with a query of the rule language."""
    call: Call = context.obj
    config, store = call.opened()
    compiled = compiled_with_warnings(query, {entity.slug: entity for entity in config.entities})
    cursor = _cursor(after) if after else None
    # Later pages ask as of the first one, whatever the clock says meanwhile.
    now = cursor.asked_at if cursor else datetime.now(UTC)
    begin, end = instant(since, now) if since else None, instant(until, now) if until else None
    question = Question(sort, limit, begin, end, cursor, total, _facets(facets))
    with store:
        try:
            page = store.read_now(ask_store, compiled, question, now)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--after") from None
    if as_json:
        typer.echo(json_line(_page_record(page)))
        return
    for found in page.hits:
        show(found.article, found.match)
    _show_end(page, "oldest" if sort is Order.OLDEST else "newest")


def _cursor(text: str) -> Cursor:
    try:
        return load(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--after") from None


def _facets(listed: str) -> tuple[Facet, ...]:
    names = [name.strip() for name in listed.split(",") if name.strip()]
    if unknown := [name for name in names if name not in set(Facet)]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(Facet)}", param_hint="--facets")
    return tuple(dict.fromkeys(Facet(name) for name in names))


def compiled_with_warnings(query: str, entities: dict[str, Any]) -> CompiledQuery:
    """Compile a query and print what it warns of."""
    compiled = compile_query(query, entities)
    for warning in compiled.warnings:
        hint = f" ({warning.hint})" if warning.hint else ""
        typer.echo(f"warning: column {warning.column}: {warning.message}{hint}", err=True)
    return compiled


def show(article: Article, match: Match) -> None:
    """Print an article with its hits marked."""
    at = article.published_at or article.first_seen_at
    when = f"{at:%Y-%m-%d %H:%M}" if article.has_time or article.published_at is None else f"{at:%Y-%m-%d}"
    heading = highlight(article.title, [(span.start, span.end) for span in match.spans if span.field == "title"])
    typer.echo(f"{when}  {printable(article.source_name)}  [{article.language or '?'}]  #{article.id}")
    typer.echo(f"  {marked(heading)}")
    for snippet in _snippets(article, match):
        typer.echo(f"    {marked(snippet)}")
    typer.echo(f"  {printable(article.url)}\n")


def marked(segments: Sequence[Segment]) -> str:
    """Segments for a terminal, hits in bold."""
    shown = ((printable(part.text), part.hit) for part in segments)
    return "".join(typer.style(text, bold=True, fg="yellow") if hit else text for text, hit in shown)


def _show_end(page: Page, first: str) -> None:
    for facet, counts in page.facets.items():
        told = [f"{printable(value) or '-'} {count:,}" for value, count in list(counts.items())[:MOST_VALUES]]
        more = f" and {len(counts) - MOST_VALUES} more" if len(counts) > MOST_VALUES else ""
        typer.echo(f"by {facet}: {', '.join(told) or 'none'}{more}")
    shown = len(page.hits)
    if page.total is not None:
        end = counted(page.total, "article") + (f", {shown} shown" if shown < page.total else "")
    elif (page.after is not None and page.looked_at is None) or page.ranked is not None:
        end = f"more than {counted(shown, 'article')}, {shown} shown"
    elif page.looked_at is not None:
        end = counted(shown, "article")
    else:
        end = f"{counted(shown, 'article')}, the last"
    typer.echo(f"{end}." if page.ranked is None else f"{end}; the newest {page.ranked:,} are ranked.")
    if page.looked_at is not None:
        limit = f"looked at the {first} {page.looked_at:,} articles only, since no word of the query must occur"
        typer.echo(f"{limit}: add a word, or say --since or --until.")
    if page.after is not None:
        typer.echo(f"next page: --after {dump(page.after)}")


def _page_record(page: Page) -> dict[str, Any]:
    return {
        "total": page.total,
        "ranked": page.ranked,
        "looked_at": page.looked_at,
        "facets": page.facets,
        "results": [_record(found.article, found.match) | _extras(found) for found in page.hits],
        "next": dump(page.after) if page.after else None,
    }


def _extras(found: Found) -> dict[str, Any]:
    return {
        "score": found.score,
        "snippets": [[[part.text, part.hit] for part in snippet] for snippet in _snippets(found.article, found.match)],
    }


def _snippets(article: Article, match: Match) -> Sequence[Sequence[Segment]]:
    return snippets(article.text, [(span.start, span.end) for span in match.spans if span.field == "body"])


def _record(article: Article, match: Match) -> dict[str, Any]:
    at = article.published_at
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_slug,
        "language": article.language,
        "published_at": at.isoformat() if at else None,
        "first_seen_at": article.first_seen_at.isoformat(),
        "aliases": match.aliases,
        "spans": [[span.field, span.start, span.end, span.leaf] for span in match.spans],
    }
