"""``mail``: what comes back by mail."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from aggregator.cli.options import Call
from aggregator.cli.printing import counted, printable
from aggregator.config.settings import Config
from aggregator.errors import AggregatorError
from aggregator.notify.bounces import MOST_BYTES
from aggregator.pipeline.bounces import BounceReport, read_mailbox, take_bounce
from aggregator.store import Store

app = typer.Typer(help="Bounces, complaints, and wishes to unsubscribe.", no_args_is_help=True)

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: the mail system keeps the mail, and hands it over again later."""


@app.command()
def bounce(
    context: typer.Context,
    recipient: Annotated[str, typer.Option(help="The address that the mail was delivered to, if the mail system tells.")] = "",
) -> None:
    """Read one mail from standard input, as mail systems hand it over to a pipe. Nothing is ever answered.

    Exit code 75 when it could not be taken: the mail system then tries again.
    """
    raw = sys.stdin.buffer.read(MOST_BYTES)
    while sys.stdin.buffer.read(1 << 16):  # what is left is not wanted, but a writer wants to be heard out
        pass
    call: Call = context.obj
    try:
        config, store = call.opened()
        with store:
            report = asyncio.run(take_bounce(store, config.settings, raw, datetime.now(UTC), recipient))
    except (AggregatorError, OSError) as error:
        typer.echo(f"aggregator: {error}", err=True)
        raise typer.Exit(TRY_AGAIN) from None
    _tell(report)


@app.command()
def bounces(context: typer.Context) -> None:
    """Read what is new in the mailbox that ``bounce_mailbox`` names, as the service does every five minutes."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        found = asyncio.run(_read(store, config))
    typer.echo(f"{counted(found, 'mail')} read.")


async def _read(store: Store, config: Config) -> int:
    found = 0
    async for report in read_mailbox(store, config.settings, datetime.now(UTC)):
        _tell(report)
        found += 1
    return found


def _tell(report: BounceReport) -> None:
    typer.echo(printable(f"{report.kind} ({report.detail}): {report.done}."))
