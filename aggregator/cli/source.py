"""``source import`` and ``source list``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.options import Call
from aggregator.cli.printing import printable
from aggregator.config import append_sources, slug_for
from aggregator.fetch import check_url
from aggregator.model.source import SourceSpec
from aggregator.store import sources

app = typer.Typer(help="The feeds.", no_args_is_help=True)

MAX_OPML = 20_000_000
"""Bytes of an OPML file that are read at most."""


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An OPML file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would be added.")] = False,
) -> None:
    """Add the feeds of an OPML file to sources.toml. What is there already is left alone; what cannot be used is named."""
    call: Call = context.obj
    from aggregator.parse import parse_opml  # the parsers take a while to import

    config = call.config()
    if file.stat().st_size > MAX_OPML:
        raise typer.BadParameter(f"{file} is larger than {MAX_OPML // 1_000_000} MB: that is no list of feeds")
    feeds, refused = parse_opml(file.read_bytes())
    urls, taken, fresh = {spec.url for spec in config.sources}, {spec.slug for spec in config.sources}, []
    problems, known = list(refused), 0
    for feed in feeds:
        if feed.url in urls:
            known += 1
            continue
        if reason := check_url(feed.url):
            problems.append(f"{feed.url[:200]}: {reason}")
            continue
        slug = slug_for(feed.title, feed.url, taken)
        urls.add(feed.url)
        taken.add(slug)
        fresh.append(SourceSpec(slug, feed.url, name=feed.title, site_url=feed.site_url, tags=feed.category))
    for spec in fresh:
        typer.echo(f"+ {spec.slug}  {spec.url}")
    for problem in problems:
        typer.echo(f"! {printable(problem)}", err=True)
    if fresh and not dry_run:
        append_sources(call.folder, fresh)
    done = "would be added" if dry_run else f"added to {call.folder / 'sources.toml'}"
    typer.echo(f"{len(fresh)} {done}, {known} known already, {len(problems)} refused.")
    if fresh and not dry_run:
        typer.echo("Next: aggregator apply (a running service: SIGHUP).")
    if problems and not feeds:
        raise typer.Exit(1)


@app.command("list")
def list_(context: typer.Context) -> None:
    """Every source and how it does: failing ones first, with the reason, since when, and the next try."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        rows = store.read_now(sources.health)
    now = datetime.now(UTC)
    for row in rows:
        state = "off" if not row.enabled else "failing" if row.failing_since else "ok" if row.last_success_at else "new"
        typer.echo(f"{state:8}{row.slug:32}{row.articles:7} articles  {row.url}")
        if row.failing_since:
            wait = max(0, round(((row.next_poll_at or now) - now).total_seconds() / 60))
            since = f"since {row.failing_since:%Y-%m-%d %H:%M} UTC, {row.failures} in a row, next try in {wait} min"
            typer.echo(f"        {row.kind}: {printable(row.detail)} ({since})")
    failing = sum(row.failing_since is not None for row in rows)
    typer.echo(f"{len(rows)} sources, {failing} failing.")
