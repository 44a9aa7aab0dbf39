"""``doctor``: the account of our own manners, from the log of every poll that is on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from aggregator.cli.archive import Json
from aggregator.cli.dossier import conduct_table, score_record, share
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, json_line, printable
from aggregator.errors import NotFound
from aggregator.model.dossier import Score
from aggregator.store import Store
from aggregator.store import dossier as dossiers

app = typer.Typer(invoke_without_command=True, help="The account of our own manners (`doctor`), and of our mail (`doctor mail`).")


@app.callback()
def doctor(
    context: typer.Context,
    feed: Annotated[list[str] | None, typer.Option(help="Only this source, by its slug; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Show how we behave towards publishers: the worst first. Exit code 1 when any request came earlier than allowed."""
    if context.invoked_subcommand:
        return
    call: Call = context.obj
    _, store = call.opened()
    with store:
        scores = _scores(store, tuple(dict.fromkeys(feed or ())), datetime.now(UTC))
    if as_json:
        for score in scores:
            typer.echo(json_line(score_record(score)))
    elif feed:
        for score in scores:
            typer.echo(printable(f"{score.slug} — {score.title}"))
            for line in conduct_table(score):
                typer.echo(f"  {line}".rstrip())
    else:
        _overview(scores)
    early = sum(score.whole.early for score in scores)
    if not as_json:
        typer.echo(_verdict(scores, early))
    if early:
        raise typer.Exit(1)


def _scores(store: Store, slugs: tuple[str, ...], now: datetime) -> list[Score]:
    scores = store.read_now(dossiers.scores, now, slugs)
    for slug in slugs:
        if all(score.slug != slug for score in scores):
            raise NotFound(str(store.read_now(dossiers.unknown_source, slug)))
    return scores


def _overview(scores: Sequence[Score]) -> None:
    heads = (("requests", 8), ("an hour", 9), ("asked", 7), ("304", 7), ("whole", 7), ("429", 5), ("503", 5), ("early", 7))
    typer.echo("".join(f"{head:>{width}}" for head, width in heads) + "  in 7 days")
    for score in scores:
        week = score.week
        asked = f"{timedelta(hours=1) / score.asked:.2f}" if score.asked else ""
        rates = f"{share(week.not_modified, week):>7}{share(week.unconditional, week):>7}"
        counts = f"{week.too_many:5}{week.unavailable:5}{score.whole.early:7}"
        typer.echo(f"{week.polls:8,}{week.per_hour:9.2f}{asked:>7}{rates}{counts}  {score.slug}")


def _verdict(scores: Sequence[Score], early: int) -> str:
    polls = sum(score.whole.polls for score in scores)
    since = min((score.whole.since for score in scores if score.whole.since), default=None)
    told = f"{counted(len(scores), 'source')}, {counted(polls, 'request')}" + (f" since {since:%Y-%m-%d}" if since else "")
    if early:
        return f"{told}: {early:,} came EARLIER than the publisher allowed. That is a defect: please report it."
    return f"{told}: none came earlier than its publisher allowed."
