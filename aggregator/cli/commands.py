"""The tree of commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aggregator import __version__
from aggregator.cli import (
    alert,
    archive,
    article,
    channels,
    checking,
    deliveries,
    digests,
    mail,
    rule,
    service,
    source,
    store,
    story,
    subscriptions,
)
from aggregator.cli.demo import demo
from aggregator.cli.doctor import app as doctor
from aggregator.cli.options import Call
from aggregator.cli.why import why

app = typer.Typer(
    name="aggregator",
    help="A media monitor to trust: it polls feeds politely, finds what your rules ask for, alerts, and mails one digest a day.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aggregator {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", "-c", help="The folder with the TOML files.")] = Path("config"),
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every job.")] = False,
    _show: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    context.obj = Call(config, verbose)


app.command()(demo)
app.command()(service.check)
app.command()(service.apply)
app.command()(service.run)
app.command()(archive.search)
app.command()(why)
doctor.command("mail")(checking.mail)
app.add_typer(doctor, name="doctor")
app.add_typer(source.app, name="source")
app.add_typer(article.app, name="article")
app.add_typer(rule.app, name="rule")
app.add_typer(story.app, name="story")
app.add_typer(alert.app, name="alert")
app.add_typer(subscriptions.app, name="subscription")
app.add_typer(digests.app, name="digest")
app.add_typer(deliveries.app, name="delivery")
app.add_typer(channels.app, name="channel")
app.add_typer(mail.app, name="mail")
app.add_typer(store.app, name="db")
