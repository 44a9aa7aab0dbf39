"""``story``: what tells of one event, why, and an analyst's corrections."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from aggregator.cli.archive import Json, Limit
from aggregator.cli.options import Call, instant
from aggregator.cli.printing import counted, json_line, printable, utc
from aggregator.model.story import PlacedBy, StoryDossier, StoryLine, StoryText, TextEdit
from aggregator.store import corrections, storylines

app = typer.Typer(help="Stories: texts that tell of one event.", no_args_is_help=True)

Story = Annotated[int, typer.Argument(help="The number of a story.")]


@app.command("list")
def list_(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Only stories that grew since then: 30d, 12h, or a date.")] = "2d",
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Recent stories, those of most outlets first."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        lines = store.read_now(storylines.listing, instant(since, datetime.now(UTC)), limit)
    for line in lines:
        typer.echo(json_line(_record(line)) if as_json else _line(line))
    if not as_json:
        typer.echo(f"{counted(len(lines), 'story', 'stories')}.")


@app.command()
def show(context: typer.Context, story: Story, as_json: Json = False) -> None:
    """A story's texts, the outlets that carry them, and why each is there: which words, with which score, or by hand."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        found = store.read_now(storylines.dossier, story)
    if as_json:
        typer.echo(json_line(_record(found.line) | {"texts": [_text_record(text) for text in found.texts]}))
        return
    if found.line.story_id != story:
        typer.echo(f"story {story} was merged into {found.line.story_id}.")
    _show(found)


@app.command()
def merge(
    context: typer.Context, story: Story, others: Annotated[list[int], typer.Argument(help="The stories that go into it.")]
) -> None:
    """Put other stories into a story. It is remembered: nothing takes them apart again, and later articles follow."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        into = store.write_now(corrections.merge, [story, *others], datetime.now(UTC))
        line = store.read_now(storylines.dossier, into).line
    typer.echo(f"{_line(line)}\nstory {into}: now {counted(line.articles, 'article')}, {counted(line.texts, 'text')}.")


@app.command()
def split(
    context: typer.Context,
    articles: Annotated[list[int], typer.Argument(help="Numbers of articles, all of one story.")],
    copy: Annotated[
        bool, typer.Option("--copy", help="They are no copies: make them a text of their own, in the same story.")
    ] = False,
    own_story: Annotated[bool, typer.Option("--own-story", help="With --copy: and give that text a story of its own.")] = False,
) -> None:
    """Take articles, with the copies of their texts, out of their story into one of their own. It is remembered."""
    if own_story and not copy:
        raise typer.BadParameter("--own-story goes with --copy; without it, whole texts get a story of their own anyway")
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        if copy:
            told = store.write_now(corrections.take_out, articles, now, own_story=own_story)
        else:
            told = store.write_now(corrections.split, articles, now)
        found = store.read_now(storylines.dossier, told)
    if copy:
        typer.echo(_copy_line(found, articles[0]))
    if copy and not own_story:
        return
    old = found.edits[-1].other_id
    typer.echo(f"{_line(found.line)}\nstory {told}: split from {old}; what resembles it stays out of {old} from now on.")


@app.command()
def join(
    context: typer.Context, articles: Annotated[list[int], typer.Argument(help="Numbers of articles, one of each text.")]
) -> None:
    """Make one text of the texts of these articles: that of the first named. It is remembered, and later copies follow."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        story = store.write_now(corrections.join, articles, datetime.now(UTC))
        found = store.read_now(storylines.dossier, story)
    text = _text_of(found, articles[0])
    typer.echo(f"text {text.group_id}, in story {story}: now {counted(len(text.members), 'article')}.")


def _text_of(found: StoryDossier, article: int) -> StoryText:
    return next(text for text in found.texts if any(member.article_id == article for member in text.members))


def _copy_line(found: StoryDossier, article: int) -> str:
    text = _text_of(found, article)
    old, size = text.edits[-1].other_id, counted(len(text.members), "article")
    return f"text {text.group_id}, in story {found.line.story_id}: {size}, taken out of text {old}; later copies follow."


def _line(line: StoryLine) -> str:
    size = f"{counted(line.articles, 'article')}, {counted(line.texts, 'text')}, {counted(line.outlets, 'outlet')}"
    return f"{line.story_id:7}  {utc(line.newest_at)}  [{line.language or '?'}]  {printable(line.title)}\n         {size}"


def _show(found: StoryDossier) -> None:
    line = found.line
    typer.echo(f"story {line.story_id}: {printable(line.title)}")
    size = f"{counted(line.articles, 'article')}, {counted(line.texts, 'text')}, {counted(line.outlets, 'outlet')}"
    typer.echo(f"  {size}; from {utc(line.begun_at)} to {utc(line.newest_at)}")
    for edit in found.edits:
        verb = "took in" if edit.verb == "merge" else "was split from"
        typer.echo(f"  by hand, {utc(edit.at)}: story {edit.story_id} {verb} story {edit.other_id}")
    for text in found.texts:
        typer.echo(f"\n  {_why(text)}")
        for change in text.edits:
            typer.echo(f"    by hand, {utc(change.at)}: {_change(change)}")
        if text.words:
            typer.echo(f"    {', '.join(f'{printable(word)} {score:.3f}' for word, score in text.words)}")
        for member in text.members:
            notes = [f"credits {member.credit}"] if member.credit else []
            notes += [f"copy, {member.similarity:.0%} alike"] if member.similarity else []
            notes += [f"the original: {text.evidence}"] if member.article_id == text.original and len(text.members) > 1 else []
            typer.echo(f"    #{member.article_id}  {utc(member.seen_at)}  {printable(member.outlet)}: {printable(member.title)}")
            if notes:
                typer.echo(f"      {printable('; '.join(notes))}")


def _why(text: StoryText) -> str:
    match text.placed_by:
        case PlacedBy.FIRST:
            return f"text {text.group_id}: it began a story"
        case PlacedBy.MACHINE:
            return f"text {text.group_id}: score {text.score:.3f}, by the words that it shared with the story"
        case PlacedBy.HAND:
            return f"text {text.group_id}: put here by hand" + (
                f" (had score {text.score:.3f} where it was)" if text.score else ""
            )


def _change(change: TextEdit) -> str:
    articles = ", ".join(f"#{id_}" for id_ in change.article_ids)
    if change.verb == "join":
        return f"text {change.other_id} ({articles}) was put into text {change.group_id}"
    return f"{articles} taken out of text {change.other_id}, as text {change.group_id}"


def _record(line: StoryLine) -> dict[str, Any]:
    return {
        "id": line.story_id,
        "title": line.title,
        "language": line.language,
        "begun_at": line.begun_at.isoformat(),
        "newest_at": line.newest_at.isoformat(),
        "articles": line.articles,
        "texts": line.texts,
        "outlets": line.outlets,
    }


def _text_record(text: StoryText) -> dict[str, Any]:
    members = [
        {
            "id": member.article_id,
            "outlet": member.outlet,
            "title": member.title,
            "url": member.url,
            "credit": member.credit,
            "similarity": round(member.similarity, 3),
        }
        for member in text.members
    ]
    words = [[word, score] for word, score in text.words]
    edits = [
        {
            "at": change.at.isoformat(),
            "verb": change.verb,
            "text": change.group_id,
            "other": change.other_id,
            "articles": list(change.article_ids),
        }
        for change in text.edits
    ]
    return {
        "id": text.group_id, "placed_by": text.placed_by.value, "score": round(text.score, 4), "words": words,
        "original": text.original, "evidence": text.evidence, "articles": members, "edits": edits,
    }  # fmt: skip
