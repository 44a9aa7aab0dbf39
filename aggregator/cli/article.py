"""``article``: what is known of an article, what changed in it, its evidence, and reading its page again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from aggregator import __version__
from aggregator.app import open_errand
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, json_line, plain, printable, utc
from aggregator.cli.recording import change_lines, change_record, record_lines
from aggregator.config.settings import Config
from aggregator.dedupe import altered, diff_sentences
from aggregator.errors import AggregatorError, NotFound
from aggregator.model.article import Article
from aggregator.model.record import ArticleRecord, State
from aggregator.pipeline.edits import silent_changes
from aggregator.pipeline.reextract import WORDS
from aggregator.pipeline.reextract import reextract as extract_again
from aggregator.store import articles, pages, records
from aggregator.text import terms

app = typer.Typer(help="The articles, one by one: identity, revisions, evidence.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="The number after # in `search`.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_(
    context: typer.Context,
    source: Annotated[str, typer.Option(help="Only of this source.")] = "",
    edited: Annotated[bool, typer.Option("--edited", help="Only those with more than one revision.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Only those whose page is gone.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Show at most so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The newest articles."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        rows = store.read_now(records.listing, limit, source, edited=edited, withdrawn=withdrawn)
    for row in rows:
        if as_json:
            typer.echo(json_line(plain(row)))
            continue
        notes = f"  (revision {row.revision})" if row.revision > 1 else ""
        notes += f"  (withdrawn {utc(row.withdrawn_at)})" if row.withdrawn_at else ""
        typer.echo(printable(f"{row.at:%Y-%m-%d %H:%M}  #{row.id}  {row.source}  {row.title}{notes}"))


@app.command()
def show(context: typer.Context, article: Id, as_json: Json = False) -> None:
    """The whole record of an article: addresses, sightings, revisions, dates with their evidence, pages, visits, matches."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        found = store.read_now(records.record, article)
    if as_json:
        typer.echo(json_line(plain(found)))
        return
    for line in record_lines(found):
        typer.echo(line)


@app.command()
def diff(
    context: typer.Context,
    article: Id,
    older: Annotated[int | None, typer.Argument(metavar="[FROM]", help="A revision; else the one before the last.")] = None,
    newer: Annotated[int | None, typer.Argument(metavar="[TO]", help="A revision; else the last.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="With the sentences that are the same.")] = False,
    as_json: Json = False,
) -> None:
    """What changed between two revisions, by sentence and word, with the headline and the names of entities.toml."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        found = store.read_now(records.record, article)
        now = store.read_now(articles.articles_by_id, [article])[article]
    last = newer or found.states[-1].number
    one, two = _state(found, older or last - 1), _state(found, last)
    before, after = (_as_it_was(now, state) for state in (one, two))
    told = silent_changes(before, after, config.entities)
    changes = diff_sentences(one.text, two.text)
    if as_json:
        states = {name: {"revision": s.number, "at": s.at.isoformat(), "reason": s.reason, "title": s.title}
                  for name, s in (("from", one), ("to", two))}  # fmt: skip
        typer.echo(json_line({"article": article, **states, "told": told, "changes": list(map(change_record, changes))}))
        return
    for mark, state in (("---", one), ("+++", two)):
        typer.echo(printable(f"{mark} revision {state.number}, {utc(state.at)}" + (f" ({state.reason})" if state.reason else "")))
    title = [altered(one.title, two.title)] if terms(one.title) != terms(two.title) else []
    for line in change_lines([*title, *changes], whole=whole):
        typer.echo(line)
    for words in told:
        typer.echo(printable(f"* {words}"))


def _state(found: ArticleRecord, number: int) -> State:
    for state in found.states:
        if state.number == number:
            return state
    last = found.states[-1].number
    have = "has one revision only: it was never edited" if last == 1 else f"has the revisions 1 to {last}"
    raise NotFound(f"article {found.id} {have}.")


def _as_it_was(article: Article, state: State) -> Article:
    return replace(article, title=state.title, text=state.text)


@app.command()
def reextract(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]…", help="Articles.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every article whose page is kept.")] = False,
    older: Annotated[int | None, typer.Option("--older-than-version", min=1, help="Those that an older extractor made.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only count what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Read kept pages again, with today's extractor. A change is a revision, and nobody is mailed because of it."""
    call: Call = context.obj
    if bool(ids) + everything + (older is not None) != 1:
        raise typer.BadParameter("name articles, or --all, or --older-than-version")
    outcomes = asyncio.run(_reextract(call.config(), ids or [], older, dry_run=dry_run))
    if as_json:
        typer.echo(json_line({"dry_run": dry_run, "articles": outcomes.total(), **outcomes}))
        return
    for name, words in WORDS.items():
        if outcomes[name]:
            typer.echo(f"{outcomes[name]:8,} {words}")
    typer.echo(f"{counted(outcomes.total(), 'article')}" + (", nothing written." if dry_run else "."))


async def _reextract(config: Config, ids: Sequence[int], older: int | None, *, dry_run: bool) -> Counter[str]:
    async with open_errand(config, alone=len(ids) == 1) as rooms:
        chosen = ids or await rooms.store.read(records.extractable_ids, older)
        return await extract_again(rooms, chosen, dry_run=dry_run)


@app.command()
def export(
    context: typer.Context,
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Articles.")],
    warc: Annotated[Path, typer.Option("--warc", dir_okay=False, help="A file that does not exist yet; .gz compresses it.")],
) -> None:
    """Write the kept pages of articles, all revisions, into a WARC 1.1 file: the evidence, for others to read."""
    call: Call = context.obj
    from aggregator.pipeline.warc import write_warc

    _, store = call.opened()
    with store:
        found = [store.read_now(records.record, id_) for id_ in dict.fromkeys(ids)]
        bare = [str(one.id) for one in found if not one.pages]
        if len(bare) == len(found):
            raise NotFound("no page of these articles is kept (see [archive] in aggregator.toml).")
        if warc.exists():
            raise AggregatorError(f"{warc} exists already: name a file that does not, so that nothing is overwritten.")
        chosen = [(one, page) for one in found for page in one.pages]
        evidence = ((page, store.read_now(pages.body_of, page.sha256), _metadata(one, page.revision)) for one, page in chosen)
        written = write_warc(warc, f"aggregator {__version__}", evidence)
    typer.echo(f"{warc}: {counted(written, 'page')} of {counted(len(found) - len(bare), 'article')}.")
    if bare:
        typer.echo(f"without a page that is kept: {', '.join(bare)}", err=True)


def _metadata(found: ArticleRecord, revision: int) -> bytes:
    return (json_line({"revision": revision, "article": plain(found)}) + "\n").encode()
