"""``source add``: a feed, or a page that names its feeds."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from aggregator.app import open_errand
from aggregator.cli.logs import set_up
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, printable, span, utc
from aggregator.errors import AggregatorError
from aggregator.fetch import check_url
from aggregator.pipeline.adding import Candidate, Looked, Wanted, add_source, known_source, look_at
from aggregator.pipeline.rooms import Rooms
from aggregator.store.dossier import dossier

_FORMATS = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The feed's address, or that of a page of its site.")],
    slug: Annotated[str, typer.Option(help="Its name in the configuration; made from the title otherwise.")] = "",
    name: Annotated[str, typer.Option(help="What readers see; the feed's own title otherwise.")] = "",
    group: Annotated[str, typer.Option(help="Your word for its kind: wire, state, opposition …")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Of several feeds take the first, without asking.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Of several feeds take all.")] = False,
) -> None:
    """Find the feed at an address, add it to sources.toml and to the store, and keep what it holds as its first poll."""
    call: Call = context.obj
    config = call.config()
    if "://" not in url:
        url = f"https://{url}"
    if reason := check_url(url):
        raise typer.BadParameter(f"{url}: {reason}")
    if slug and any(spec.slug == slug for spec in config.sources):
        raise typer.BadParameter(f"the slug {slug} is taken: choose another one, or leave --slug out")
    if all_ and (slug or name):
        raise typer.BadParameter("--all takes several feeds: they cannot have one slug or one name")
    set_up(verbose=call.verbose, level=logging.WARNING)
    errand = _Errand(call.folder, Wanted(slug, name, group), dry_run=dry_run, first=yes, everything=all_)
    asyncio.run(errand.run(call, url))


class _Errand:
    """One call of ``source add``."""

    def __init__(self, folder: Path, wanted: Wanted, *, dry_run: bool, first: bool, everything: bool) -> None:
        self._folder, self._wanted = folder, wanted
        self._dry_run, self._first, self._everything = dry_run, first, everything

    async def run(self, call: Call, url: str) -> None:
        async with open_errand(call.config()) as rooms:
            if slug := await known_source(rooms, url):
                raise AggregatorError(f"{url} is there already: it is the source {slug}.")
            looked = await look_at(rooms, url, self._folder)
            fresh = _show(url, looked)
            chosen = self._choose(fresh)
            for candidate in () if self._dry_run else chosen:
                await self._add(rooms, candidate, looked.page)
        if self._dry_run:
            typer.echo(f"{len(chosen)} would be added." if chosen else _how_to_choose(fresh))
        else:
            typer.echo(f"A running service polls {'it' if len(chosen) == 1 else 'them'} from now on.")

    def _choose(self, fresh: Sequence[Candidate]) -> Sequence[Candidate]:
        if len(fresh) == 1 or self._everything:
            return fresh
        if self._first:
            return fresh[:1]
        if self._dry_run:
            return ()
        if sys.stdin.isatty() and sys.stdout.isatty():
            return [fresh[_asked(len(fresh)) - 1]]
        typer.echo(_how_to_choose(fresh), err=True)
        raise typer.Exit(2)

    async def _add(self, rooms: Rooms, candidate: Candidate, page: str | None) -> None:
        added = await add_source(rooms, self._folder, candidate, self._wanted, page)
        now = rooms.clock.now()
        known = await rooms.store.read(dossier, added.spec.slug, now)
        typer.echo(printable(f"+ {added.spec.slug}  {added.spec.url}"))
        typer.echo(
            f"  {counted(added.entries, 'entry', 'entries')} stored as what was there before: searchable, but mailed to nobody"
        )
        if known.next_poll_at:
            typer.echo(f"  next poll {utc(known.next_poll_at)} (in {span(known.next_poll_at - now)}): {known.poll_reason}")


def _asked(most: int) -> int:
    """The number of the feed that the operator wants. Raises Abort when it is none of them."""
    number = -1
    while not 0 <= number <= most:
        number = typer.prompt(f"Which one (1 to {most}, 0 for none)", type=int)
    if not number:
        raise typer.Abort
    return number


def _show(url: str, looked: Looked) -> list[Candidate]:
    """Print what was found; the result is what may be added. Raises AggregatorError when there is nothing."""
    for problem in looked.problems:
        typer.echo(f"! {printable(problem)}", err=True)
    fresh = [candidate for candidate in looked.candidates if not candidate.known]
    if not looked.candidates:
        raise AggregatorError(f"{url}: no feed was found. If you know its address, name that.")
    for candidate in looked.candidates:
        number = fresh.index(candidate) + 1 if not candidate.known else 0
        typer.echo(f"{number or '':>3}  {printable(candidate.seen.url)}".rstrip())
        typer.echo(f"     {printable(_facts(candidate))}")
        if candidate.known:
            typer.echo(f"     there already: it is the source {candidate.known}")
    if looked.left_out:
        typer.echo(f"     {counted(looked.left_out, 'more feed')} named there; name the address of the one that you want")
    if not fresh:
        slugs = ", ".join(dict.fromkeys(candidate.known for candidate in looked.candidates))
        raise AggregatorError(f"{url}: nothing to add; what is there is read already ({slugs}).")
    return fresh


def _facts(candidate: Candidate) -> str:
    feed, newest = candidate.seen.feed, candidate.seen.newest_at
    entries = counted(len(feed.entries), "entry", "entries")
    dated = f", the newest of {utc(newest)}" if newest else ", without dates" if feed.entries else ""
    return " · ".join(filter(None, (candidate.title or feed.title, _format(feed.format), entries + dated)))


def _format(word: str) -> str:
    """``RSS 2.0`` for ``rss20``."""
    known = re.fullmatch(r"(rss|atom|json)(\d)(\d*)\w*", word)
    return f"{_FORMATS[known[1]]} {known[2]}.{known[3] or 0}" if known else word


def _how_to_choose(fresh: Sequence[Candidate]) -> str:
    count = len(fresh)
    return f"{count} feeds: name the address of one, or say --yes for the first, or --all for all {count}."
