"""``rule fmt``: a query as everybody writes it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from aggregator.rules import canonical


def fmt(
    query: Annotated[str, typer.Argument(help="The query; - reads it from the standard input.")],
    check: Annotated[bool, typer.Option("--check", help="Print nothing; exit with 1 if it is not in this form.")] = False,
) -> None:
    """Print a query in canonical form: it means the same, and keeps its comments."""
    text = sys.stdin.read() if query == "-" else query
    written = canonical(text)
    if check:
        raise typer.Exit(written != text.removesuffix("\n"))
    typer.echo(written)
