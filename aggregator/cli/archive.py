"""``search``: the archive, asked in the language of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from aggregator.cli.options import Call, instant
from aggregator.cli.printing import json_line, printable
from aggregator.model.article import Article
from aggregator.model.delivery import Segment
from aggregator.model.rule import Match
from aggregator.rules import CompiledQuery, compile_query
from aggregator.store import Store
from aggregator.store.search import search as search_store
from aggregator.text import highlight, snippets

Found = Sequence[tuple[Article, Match]]
Since = Annotated[str | None, typer.Option(help="Only articles since then: 30d, 12h, or a date.")]
Until = Annotated[str | None, typer.Option(help="Only articles before then: 30d, 12h, or a date.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Show at most so many.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def search(
    context: typer.Context,
    query: str,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Search the archive with a query of the rule language, newest first."""
    call: Call = context.obj
    config, store = call.opened()
    compiled = compiled_with_warnings(query, {entity.slug: entity for entity in config.entities})
    with store:
        found, total = ask(store, compiled, since, until, limit)
    for article, match in found:
        if as_json:
            typer.echo(json_line(_record(article, match)))
        else:
            show(article, match)
    if not as_json:
        typer.echo(f"{total} article{'s' * (total != 1)}" + (f", {len(found)} shown." if total > len(found) else "."))


def compiled_with_warnings(query: str, entities: dict[str, Any]) -> CompiledQuery:
    """Compile a query and print what it warns of."""
    compiled = compile_query(query, entities)
    for warning in compiled.warnings:
        hint = f" ({warning.hint})" if warning.hint else ""
        typer.echo(f"warning: column {warning.column}: {warning.message}{hint}", err=True)
    return compiled


def ask(store: Store, compiled: CompiledQuery, since: str | None, until: str | None, limit: int) -> tuple[Found, int]:
    """The newest hits of a query, and how many there are."""
    now = datetime.now(UTC)
    begin, end = instant(since, now) if since else None, instant(until, now) if until else None
    return store.read_now(search_store, compiled, begin, end, limit, now)


def show(article: Article, match: Match) -> None:
    """Print an article with its hits marked."""
    at = article.published_at or article.first_seen_at
    when = f"{at:%Y-%m-%d %H:%M}" if article.has_time or article.published_at is None else f"{at:%Y-%m-%d}"
    heading = highlight(article.title, [(span.start, span.end) for span in match.spans if span.field == "title"])
    typer.echo(f"{when}  {printable(article.source_name)}  [{article.language or '?'}]  #{article.id}")
    typer.echo(f"  {marked(heading)}")
    for snippet in snippets(article.text, [(span.start, span.end) for span in match.spans if span.field == "body"]):
        typer.echo(f"    {marked(snippet)}")
    typer.echo(f"  {printable(article.url)}\n")


def marked(segments: Sequence[Segment]) -> str:
    """Segments for a terminal, hits in bold."""
    shown = ((printable(part.text), part.hit) for part in segments)
    return "".join(typer.style(text, bold=True, fg="yellow") if hit else text for text, hit in shown)


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
