"""``demo``: the whole product, in fast motion, on the sample newsroom that the package carries."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from aggregator.app import App, open_app
from aggregator.cli.logs import set_up
from aggregator.config import load_config
from aggregator.errors import AggregatorError
from aggregator.newsroom import Newsroom, write_config
from aggregator.store import deliveries, maintenance, sources
from aggregator.store.deliveries import DeliveryLine
from aggregator.store.maintenance import Stats

DAY = timedelta(hours=24)
"""How much time the demo plays: each reader's breakfast is in it once, in every zone."""

STEP = timedelta(minutes=20)

_MARK = ".aggregator-demo"


@dataclass(slots=True)
class DemoClock:
    """Steps through the past by hand, then goes with the real time."""

    at: datetime | None
    skipped: float = 0.0

    def now(self) -> datetime:
        """The present instant of the demo."""
        return self.at or datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that pass evenly, those that were skipped among them."""
        return time.monotonic() + self.skipped

    def go_to(self, at: datetime | None) -> None:
        """Skip to another instant of the past, or (None) to the real present."""
        self.skipped += ((at or datetime.now(UTC)) - self.now()).total_seconds()
        self.at = at

    async def sleep(self, seconds: float) -> None:
        """No waiting while the past is played; then as long as it says."""
        await asyncio.sleep(0 if self.at else seconds)


def demo(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="End after the digests; without it the service goes on.")] = False,
    output: Annotated[Path, typer.Option(help="The folder for everything; an earlier demo's is replaced.")] = Path("demo-output"),
) -> None:
    """Play one day of a small fictional newsroom: poll, extract, match, alert, and write the digests as .eml and .html."""
    _clear(output)
    set_up(verbose=context.obj.verbose)
    asyncio.run(_demo(output, once=once))


def _clear(output: Path) -> None:
    """Remove what an earlier demo wrote, and nothing else. Raises AggregatorError for any other folder that is not empty.

    The mark tells a demo's folder from a checkout or an operator's folder, which have a ``config`` and a store as well.
    """
    if output.exists() and any(output.iterdir()) and not (output / _MARK).exists():
        raise AggregatorError(f"{output} is not empty and not from an earlier demo: name another folder with --output")
    for name in ("config", "mail"):
        shutil.rmtree(output / name, ignore_errors=True)
    for path in output.glob("aggregator.db*"):
        path.unlink()
    output.mkdir(parents=True, exist_ok=True)
    (output / _MARK).touch()


async def _demo(output: Path, *, once: bool) -> None:
    began, clock = time.monotonic(), DemoClock(datetime.now(UTC).replace(microsecond=0) - DAY)
    with Newsroom(start=clock.now(), clock=clock.now) as newsroom:
        folder = output / "config"
        write_config(
            folder, newsroom, mail_folder=output.absolute() / "mail", store_url=f"sqlite:///{output.absolute()}/aggregator.db"
        )
        config = load_config(folder, {})
        async with open_app(config, clock=clock) as app:
            await _play(app, clock)
            stats = await app.rooms.store.read(maintenance.stats)
            failing = [source.slug for source in await app.rooms.store.read(sources.troubled)]
            mails = await app.rooms.store.read(deliveries.listing, 1000)
            typer.echo(_summary(output, stats, failing, mails, time.monotonic() - began))
            if app.failures:
                raise AggregatorError(f"{app.failures} jobs failed; see the log above")
            if not once:
                typer.echo("The service goes on. Ctrl-C stops it.")
                stop = asyncio.Event()
                for number in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(number, stop.set)
                await app.serve(stop)


async def _play(app: App, clock: DemoClock) -> None:
    """Step the clock to the present; the product does at each step what is due."""
    end = datetime.now(UTC)
    assert clock.at is not None
    await app.settle()
    for minute in (1, 2, 3, 5, 8, 13):  # the breaking news of the first quarter of an hour
        clock.go_to(max(clock.at, end - DAY + timedelta(minutes=minute)))
        await app.settle()
    while clock.at + STEP < end:
        clock.go_to(clock.at + STEP)
        await app.settle()
    clock.go_to(None)
    await app.settle()


def _summary(output: Path, stats: Stats, failing: list[str], mails: list[DeliveryLine], seconds: float) -> str:
    alerts = sum(mail.kind == "alert" for mail in mails)
    pages = sorted((output / "mail").glob("*digest*.html"))
    # The summary line comes first: scripts read it.
    return "\n".join(
        [
            f"demo: {_counts(stats)}, {alerts} alert mails, {len(mails) - alerts} digests, {seconds:.0f} s.",
            "",
            f"Mail      {output / 'mail'}/ ({len(mails)} .eml files, each with its .html)",
            *(f"Digest    {page}" for page in pages),
            f"Failing   {', '.join(failing) or 'nothing'} (on purpose: see the health block of a digest)",
            "",
            "Next:",
            f"  open {pages[0] if pages else output} in a browser",
            f"  .venv/bin/aggregator -c {output / 'config'} search '@fhm AND strike'",
            f"  .venv/bin/aggregator -c {output / 'config'} rule test 'port NEAR/5 strike' --since 30d",
            f"  look at {output / 'config'}/rules.toml; then make the files in config/ your own and `make run`",
        ]
    )


def _counts(stats: Stats) -> str:
    return (
        f"{stats.sources} sources ({stats.failing} failing), {stats.entries} entries, {stats.articles} articles, "
        f"{stats.stories} stories, {stats.matches} matches"
    )
