"""``rule feed``: what a rule has found, as a feed for any reader."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from aggregator.cli.options import Call
from aggregator.cli.printing import counted
from aggregator.config.settings import Settings
from aggregator.config.writing import replace_file
from aggregator.model.syndication import FeedFormat
from aggregator.store import syndication
from aggregator.syndication import write_feed


def feed(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="The slug of a rule.")],
    form: Annotated[FeedFormat, typer.Option("--format", help="How it is written.")] = FeedFormat.ATOM,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many matches.")] = 50,
    output: Annotated[Path | None, typer.Option(help="Write to this file, which is replaced as a whole.")] = None,
) -> None:
    """Write what a rule has found as Atom, JSON Feed or RSS, to a file that a web server serves or to the standard output."""
    call: Call = context.obj
    config, store = call.opened()
    settings = config.settings
    with store:
        authority = store.write_now(syndication.tag_authority, domain_of(settings), datetime.now(UTC))
        found = store.read_now(syndication.rule_feed, rule, authority, settings.instance, limit)
    written = write_feed(replace(found, home_url=settings.public_base_url or ""), form)
    if output is None:
        sys.stdout.buffer.write(written.body)
        sys.stdout.flush()
        return
    changed = _put(output, written.body)
    typer.echo(f"{output}: {counted(len(found.items), 'match', 'matches')}{'' if changed else ', as before'}.", err=True)


def domain_of(settings: Settings) -> str:
    """The domain that mints the ids: where we are reached, else that of our mail."""
    host = urlsplit(settings.public_base_url or "").hostname or ""
    return host if host and host.isascii() and ":" not in host else settings.mail.sender.rpartition("@")[2]


def _put(path: Path, content: bytes) -> bool:
    """Replace the file as a whole, unless it holds the same: then its date stays. Returns whether it was replaced."""
    if path.is_file() and path.read_bytes() == content:
        return False
    replace_file(path, content)
    return True
