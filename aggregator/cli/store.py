"""``db upgrade``, ``db reindex``, ``db backup`` and ``db stats``."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.options import Call
from aggregator.errors import StoreError
from aggregator.store import fulltext, maintenance, migrate
from aggregator.store.sqlite import sqlite_path

REINDEXED = 100
"""So many articles are indexed anew in one transaction, for which the service has to wait."""

app = typer.Typer(help="The store.", no_args_is_help=True)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the store's schema to this version. Starting the service does the same."""
    call: Call = context.obj
    before, after = migrate.upgrade(call.config().settings.store.url)
    typer.echo(f"schema {after}: up to date." if before == after else f"schema {before or 'none'} → {after}.")


@app.command()
def reindex(context: typer.Context) -> None:
    """Build the full-text index anew from the stored articles, while the service runs."""
    call: Call = context.obj
    _, store = call.opened()
    done, last = 0, 0
    with store:
        while numbers := store.write_now(fulltext.anew, last, REINDEXED):
            done, last = done + len(numbers), numbers[-1]
    typer.echo(f"{done} article{'' if done == 1 else 's'} indexed anew.")


@app.command()
def backup(context: typer.Context, target: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]) -> None:
    """Copy the store into a new file, consistently, while the service runs. On PostgreSQL that is pg_dump's work."""
    call: Call = context.obj
    if not call.config().settings.store.url.startswith("sqlite:"):
        raise StoreError(
            "this store is in PostgreSQL, whose own tool backs it up, while the service runs: pg_dump --format=custom"
            f" --file={target} DATABASE; and pg_restore brings it back."
        )
    config, store = call.opened()
    store.close()
    try:
        size = maintenance.backup(sqlite_path(config.settings.store.url), target)
    except sqlite3.Error as error:
        raise StoreError(f"{target} cannot be written: {error}") from None
    typer.echo(f"{target}: {size / 1_000_000:.1f} MB.")


@app.command()
def stats(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="As gauges for Prometheus' textfile collector.")] = False,
) -> None:
    """How much there is of everything, what waits, and what was missed."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        found = asdict(store.read_now(maintenance.stats))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, count in found.items():
        if prometheus:  # https://prometheus.io/docs/instrumenting/exposition_formats/
            typer.echo(f"# TYPE aggregator_{name} gauge\naggregator_{name} {count}")
            continue
        typer.echo(f"{name:12}{count:10}")
