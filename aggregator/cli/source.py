"""``source``: the feeds, one by one and as a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from aggregator.app import key_of
from aggregator.cli.adding import add
from aggregator.cli.dossier import as_record, dossier_lines, state_of
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, json_line, printable, span, utc
from aggregator.config import append_sources, blank_source, slug_for
from aggregator.errors import AggregatorError
from aggregator.fetch import check_url
from aggregator.manners import WORDS
from aggregator.model.dossier import Dossier
from aggregator.model.source import SourceHealth, SourceSpec
from aggregator.pipeline.discovery import identity
from aggregator.store import moves, sources
from aggregator.store.dossier import WEEK, MissedEntries, dossier, missed_between

app = typer.Typer(help="The feeds.", no_args_is_help=True)

MAX_OPML = 20_000_000
"""Bytes of an OPML file that are read at most."""

COOL_DOWN = timedelta(minutes=5)
"""Between two polls of a source, whoever asks for them."""

app.command()(add)


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
    blank, taken = blank_source(call.folder), {spec.slug for spec in config.sources}
    known = {identity(spec.url): spec.slug for spec in config.sources}
    here: dict[str, str] = {}
    fresh: list[SourceSpec] = []
    problems, repeats = list(refused), {"there already as": 0, "once more in this file, as": 0}
    for feed in feeds:
        if reason := check_url(feed.url):
            problems.append(f"{feed.url[:200]}: {reason}")
            continue
        same = identity(feed.url)
        if same in known or same in here:
            word = "there already as" if same in known else "once more in this file, as"
            repeats[word] += 1
            typer.echo(printable(f"= {feed.url}  {word} {known.get(same) or here[same]}"))
            continue
        slug = slug_for(feed.title, feed.url, taken)
        taken.add(slug)
        here[same] = slug
        tags = feed.category or blank.tags
        fresh.append(replace(blank, slug=slug, url=feed.url, name=feed.title, site_url=feed.site_url, tags=tags))
    for spec in fresh:
        typer.echo(f"+ {spec.slug}  {spec.url}")
    for problem in problems:
        typer.echo(f"! {printable(problem)}", err=True)
    if fresh and not dry_run:
        append_sources(call.folder, fresh)
    done = "would be added" if dry_run else f"added to {call.folder / 'sources.toml'}"
    before, again = repeats.values()
    twice = f"{again} twice in the file, " if again else ""
    typer.echo(f"{len(fresh)} {done}, {before} known already, {twice}{len(problems)} refused.")
    if fresh and not dry_run:
        typer.echo("Next: aggregator apply (a running service: SIGHUP).")
    if problems and not feeds:
        raise typer.Exit(1)


@app.command()
def export(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="A file that does not exist yet; else standard output.")
    ] = None,
) -> None:
    """Write the active sources as OPML, at the addresses where they are now; folders are their groups, else their tags."""
    call: Call = context.obj
    from aggregator.parse import OpmlFeed, render_opml

    config, store = call.opened()
    with store:
        now_at = {row.slug: row for row in store.read_now(sources.health)}
    feeds = []
    for spec in config.sources:
        row = now_at.get(spec.slug)
        if spec.enabled and not (row and row.merged_into):
            folders = (spec.group,) if spec.group else spec.tags
            feeds.append(OpmlFeed(spec.title, row.url if row else spec.url, spec.site_url, folders))
    feeds.sort(key=lambda feed: (feed.category, feed.title.casefold()))
    document = render_opml(feeds, config.settings.instance)
    if file is None:
        out: Any = typer.get_binary_stream("stdout")
        out.write(document)
        return
    if file.exists():
        raise AggregatorError(f"{file} exists already: name a file that does not, so that nothing is overwritten.")
    file.write_bytes(document)
    typer.echo(f"{file}: {counted(len(feeds), 'source')}.")


@app.command("list")
def list_(context: typer.Context) -> None:
    """Every source and how it does: failing ones first, with the reason, since when, and the next try."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        rows = store.read_now(sources.health)
        missed = {source.slug: source for source in store.read_now(missed_between, now - WEEK, now)}
    for row in rows:
        typer.echo(f"{_word(row):8}{row.slug:32}{row.articles:7} articles  {row.url}")
        for note in _notes(row, missed.get(row.slug), now):
            typer.echo(f"        {printable(note)}")
    failing = sum(row.failing_since is not None for row in rows)
    with_gaps = f", {len(missed)} with gaps in the last 7 days" if missed else ""
    typer.echo(f"{len(rows)} sources, {failing} failing{with_gaps}.")


def _word(row: SourceHealth) -> str:
    if not row.enabled:
        return "off"
    if row.merged_into:
        return "merged"
    return "failing" if row.failing_since else "ok" if row.last_success_at else "new"


def _notes(row: SourceHealth, missed: MissedEntries | None, now: datetime) -> list[str]:
    notes = []
    if row.merged_into:
        notes.append(f"the same feed as {row.merged_into}, which is polled in its place")
    elif row.failing_since:
        wait = (row.next_poll_at or now) - now
        next_try = f"in {span(wait)}" if wait > timedelta() else "now"
        since = f"since {utc(row.failing_since)}, {row.failures} in a row, next try {next_try}"
        notes += [WORDS[row.trouble] if row.trouble else "", f"{row.kind}: {row.detail} ({since})"]
    if row.proposed_url:
        notes.append(f"perhaps at {row.proposed_url} now; to accept: aggregator source move {row.slug}")
    if missed:
        about = counted(missed.gap.estimate, "entry", "entries")
        notes.append(f"{counted(missed.gaps, 'gap')} in the last 7 days: about {about} scrolled out before we came")
    return [note for note in notes if note]


@app.command()
def show(
    context: typer.Context,
    slug: str,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object; lengths of time in seconds.")] = False,
) -> None:
    """A source's dossier: health, next poll and why then, rhythm, gaps, the last polls, and our own manners towards it."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        found = store.read_now(dossier, slug, now)
    for line in [json_line(as_record(found))] if as_json else dossier_lines(found, now):
        typer.echo(line)


@app.command()
def refresh(
    context: typer.Context,
    slug: str,
    force: Annotated[bool, typer.Option("--force", help="Ask for the whole feed, whether it has changed or not.")] = False,
) -> None:
    """Let a running service poll a source now. Not within five minutes of the last poll, nor before its publisher allows it."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        found = store.read_now(dossier, slug, now)
        if found.next_poll_at is None:
            raise AggregatorError(f"{slug} is not polled: {state_of(found)}.")
        until = found.throttled_until or store.write_now(sources.refresh, slug, now, COOL_DOWN, force=force)
    if until:
        raise AggregatorError(f"{slug}: {_why_not(found, until)}. Again from {utc(until)} on, in {span(until - now)}.")
    typer.echo(f"{slug} is due now: a running service polls it within seconds. See: aggregator source show {slug}")


def _why_not(found: Dossier, until: datetime) -> str:
    if found.throttled_until:
        return f"its host {found.host} asked us to come less often"
    if until == found.allowed_at:
        return "its publisher asks us not to come before"
    return f"it was polled less than {span(COOL_DOWN)} ago"


@app.command()
def move(
    context: typer.Context,
    slug: str,
    url: Annotated[str, typer.Argument(help="The new address; without it, the one that its site names.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take the last move back, and do not believe it again.")] = False,
) -> None:
    """Poll a source at another address from now on, as the same source; or take such a move back."""
    call: Call = context.obj
    if undo and url:
        raise typer.BadParameter("--undo takes no address")
    if url and (reason := check_url(url)):
        raise typer.BadParameter(f"{url}: {reason}")
    config, store = call.opened()
    now = datetime.now(UTC)
    with store:
        if undo:
            moved = store.write_now(moves.undo_move, slug, now, key_of(config))
        else:
            moved = store.write_now(moves.move_by_hand, slug, url or None, now, key_of(config))
        found = store.read_now(dossier, slug, now)
    if undo:
        typer.echo(printable(f"{slug} is polled at {moved.from_url} again; {moved.to_url} will not be believed any more."))
        return
    typer.echo(printable(f"{slug} is polled at {moved.to_url} from now on."))
    if found.merged_into:
        typer.echo(f"{found.merged_into} is there already: {slug} rests, and the other is polled for both.")
    elif found.url != found.url_in_force:
        typer.echo("You may write the new address into sources.toml: it stays the same source.")
    typer.echo(f"To take it back: aggregator source move {slug} --undo")
