"""``check``, ``apply`` and ``run``."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated

import structlog
import typer

from aggregator.app import AT_START, App, key_of, open_app
from aggregator.cli.logs import set_up
from aggregator.cli.options import Call
from aggregator.cli.printing import printable
from aggregator.config import lint
from aggregator.errors import AggregatorError, ConfigErrors
from aggregator.pipeline.versions import kept_versions
from aggregator.scheduler.systemd import notify
from aggregator.store import registry, subscriptions
from aggregator.store.registry import Change

log: structlog.stdlib.BoundLogger = structlog.get_logger("service")


def check(context: typer.Context) -> None:
    """Read the configuration and report every error at once, with file, line and a way to mend it; and try rules' examples."""
    call: Call = context.obj
    config = call.config()
    for warning in lint(config):
        typer.echo(f"warning: {warning}", err=True)
    if config.held:
        raise ConfigErrors(config.held_errors)
    counts = f"{len(config.sources)} sources, {len(config.entities)} entities, {len(config.rules)} rules"
    typer.echo(f"{call.folder}: fine: {counts}, {len(config.recipients)} recipients.")


def apply(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would change.")] = False,
) -> None:
    """Show what the configuration would change in the store, and change it. A running service takes it with SIGHUP.

    A rule that fails an example does not come into force, and the exit code is 1; everything else is done.
    """
    call: Call = context.obj
    config, store = call.opened()
    with store:
        if dry_run:
            changes = store.read_now(registry.plan, config)
        else:
            changes = store.write_now(registry.apply, config, datetime.now(UTC), key_of(config))
        kept = kept_versions(store, config)
        stopped = store.read_now(subscriptions.stopped_by_readers, config)
    _show(changes)
    for line in stopped:
        typer.echo(f"! {printable(line)}")
    verb = "would change" if dry_run else "changed"
    counts = Counter(change.verb for change in changes)
    summary = ", ".join(f"{counts[word]} {word}" for word in ("added", "changed", "removed") if counts[word])
    typer.echo(f"{verb}: {summary}." if changes else "Nothing to change: the store agrees with the files.")
    for each in config.held:
        version = kept.get(each.rule.slug)
        stays = f"version {version.number} stays in force" if version else "it is not in force"
        typer.echo("\n".join((*map(str, each.errors), f'rule "{each.rule.slug}": {stays}')), err=True)
    if config.held:
        raise typer.Exit(1)


def _show(changes: Sequence[Change]) -> None:
    signs = {"added": "+", "changed": "~", "removed": "-"}
    for change in changes:
        typer.echo(f"{signs[change.verb]} {change.noun} {change.slug}")
        for line in change.what:
            typer.echo(f"      {line}")


def run(context: typer.Context) -> None:
    """Run the service: poll, extract, match, alert, digest, deliver. SIGTERM stops it, SIGHUP reloads the configuration."""
    call: Call = context.obj
    config = call.config()
    set_up(verbose=call.verbose)
    for warning in lint(config):
        log.warning("config.lint", detail=warning)
    asyncio.run(_run(call))


async def _run(call: Call) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with open_app(call.config()) as app:
        reloads: set[asyncio.Task[None]] = set()
        turn = asyncio.Lock()

        async def in_turn() -> None:
            async with turn:  # the last SIGHUP's files win
                await reload(app, call)

        def on_hup() -> None:
            task = loop.create_task(in_turn())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        def on_term(number: int) -> None:
            if stop.is_set():  # whoever asks twice will not wait for a relay that is slow: what is in hand is done again
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_term, number)
        loop.add_signal_handler(signal.SIGHUP, on_hup)
        parts = [asyncio.ensure_future(part) for part in (*_faces(app, stop), app.serve(stop))]
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        stop.set()  # a part that ended of itself takes the others with it: systemd starts them all again
        await asyncio.wait(parts)
        await asyncio.gather(*reloads)
        for part in parts:
            part.result()
    log.info("stopped")


def _faces(app: App, stop: asyncio.Event) -> list[Coroutine[None, None, None]]:
    """What listens for requests from outside, beside the service: nothing, unless the configuration names a port."""
    web = app.rooms.active.config.settings.web
    if not web.port:
        return []
    from aggregator.web import listen, serve  # FastAPI takes memory: only who listens has it

    return [serve(app, stop, listen(web))]


async def reload(app: App, call: Call) -> None:
    """Validate the files, then take them into force; keep what is in force when anything is wrong."""
    notify("RELOADING=1")
    try:
        config = await asyncio.to_thread(call.config)
        changes = await app.apply(config)
        in_force = app.rooms.active.config.settings
        if late := [f"[{name}]" for name in AT_START if getattr(config.settings, name) != getattr(in_force, name)]:
            detail = f"{', '.join(late)} of aggregator.toml changed: until the next start the old values are in force"
            log.warning("config.restart_needed", detail=detail)
        log.info("config.reloaded", changes=len(changes))
    except AggregatorError as error:
        log.error("config.kept", error=str(error), hint="mend the files and reload again; the old configuration is in force")  # noqa: TRY400
    finally:
        notify("READY=1")
