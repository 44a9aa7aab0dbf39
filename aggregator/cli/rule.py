"""``rule test``: what would this query have found?"""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli import formatting
from aggregator.cli.archive import Limit, ask, compiled_with_warnings, show, tally
from aggregator.cli.options import Call

app = typer.Typer(help="Try rules.", no_args_is_help=True)


@app.callback()
def _rules() -> None:
    """Try rules."""


app.command("fmt")(formatting.fmt)


@app.command("test")
def try_query(
    context: typer.Context,
    query: str,
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, or a date.")] = "30d",
    limit: Limit = 10,
) -> None:
    """Run a query over the archive as a rule would: hits per day and per source, and the newest with their hits marked."""
    call: Call = context.obj
    config, store = call.opened()
    compiled = compiled_with_warnings(query, {entity.slug: entity for entity in config.entities})
    with store:
        found, total = ask(store, compiled, since, None, 10_000)
    days, sources = tally(found)
    most = max(days.values(), default=1)
    for day, count in sorted(days.items()):
        typer.echo(f"{day} {count:5d} {'█' * max(1, round(30 * count / most))}")
    typer.echo("by source: " + (", ".join(f"{slug} {count}" for slug, count in sources.most_common()) or "none") + "\n")
    for article, match in found[:limit]:
        show(article, match)
    typer.echo(f"{total} article{'s' * (total != 1)} since {since}.")
