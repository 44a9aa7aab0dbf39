"""``channel``: webhooks and chats, how they are doing, and what to do about it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from aggregator.app import open_errand
from aggregator.cli.archive import Json
from aggregator.cli.options import Call, instant
from aggregator.cli.printing import counted, json_line, plain, printable, utc
from aggregator.config.settings import Config
from aggregator.errors import AggregatorError, NotFound
from aggregator.model.channel import Answer, Channel, ChannelAttempt, ChannelHealth
from aggregator.pipeline.channels import try_channel
from aggregator.store import channels

app = typer.Typer(help="Webhooks and chats.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="CHANNEL", help="The slug of a webhook or a chat.")]


@app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Every channel: where it stands, and what waits, was taken and was given up. Secrets are not shown."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        found = {health.channel.slug: health for health in store.read_now(channels.listing)}
    for channel in config.channels:
        if channel.slug not in found:
            typer.echo(f"{channel.slug:24} {channel.kind}, not applied: run `aggregator apply`", err=as_json)
    for health in found.values():
        typer.echo(json_line(plain(_record(health))) if as_json else _lines(health))
    if not as_json:
        typer.echo(f"{counted(len(config.channels), 'channel')}.")


def _state(health: ChannelHealth) -> str:
    if health.removed:
        return "taken away"
    if not health.channel.enabled:
        return "sleeps"
    if health.disabled_at is not None:
        return "switched off"
    return "fails" if health.failing_since else "works" if health.last_sent_at else "not tried yet"


def _lines(health: ChannelHealth) -> str:
    channel, state = health.channel, _state(health)
    counts = f"{health.waiting:,} waiting, {health.sent:,} sent, {health.failed:,} given up"
    lines = [f"{channel.slug:24} {channel.kind}, {state}: {counts}"]
    if channel.url:
        lines.append(f"  {printable(channel.url)}")
    if health.disabled_at is not None:
        lines.append(f"  switched off {utc(health.disabled_at)}: {printable(health.disabled)}")
    elif health.failing_since is not None:
        next_try = f", next try {utc(health.next_try_at)}" if health.next_try_at else ""
        lines.append(f"  fails since {utc(health.failing_since)}{next_try}: {printable(health.detail)}")
    return "\n".join(lines)


def _record(health: ChannelHealth) -> dict[str, Any]:
    return {
        "slug": health.channel.slug,
        "kind": health.channel.kind.value,
        "url": health.channel.url,
        "state": _state(health),
        "waiting": health.waiting,
        "sent": health.sent,
        "failed": health.failed,
        "failing_since": health.failing_since,
        "last_sent_at": health.last_sent_at,
        "next_try_at": health.next_try_at,
        "disabled": health.disabled,
        "detail": health.detail,
    }


@app.command("test")
def test_(context: typer.Context, slug: Slug) -> None:
    """Send a test now, and say what was answered. Nothing is recorded, and a channel that was switched off stays so."""
    call: Call = context.obj
    config = call.config()
    channel = next((each for each in config.channels if each.slug == slug), None)
    if channel is None:
        raise NotFound(f"there is no channel {slug!r} in channels.toml")
    attempt = asyncio.run(_try(config, channel))
    if attempt.answer is not Answer.TAKEN:
        raise AggregatorError(f"{slug}: {attempt.detail}")
    typer.echo(f"{slug}: taken ({printable(attempt.detail)}).")


async def _try(config: Config, channel: Channel) -> ChannelAttempt:
    async with open_errand(config) as rooms:
        return await try_channel(rooms, channel)


@app.command()
def enable(
    context: typer.Context,
    slug: Slug,
    from_now: Annotated[bool, typer.Option("--from-now", help="Leave out what waits.")] = False,
) -> None:
    """Switch a channel on again that was switched off. What waits is sent at once."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        sent = store.write_now(channels.enable, slug, datetime.now(UTC), from_now=from_now)
    typer.echo(f"{slug}: switched on; {counted(sent, 'event')} will be sent.")


@app.command()
def replay(
    context: typer.Context,
    slug: Slug,
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, or a date.")] = "7d",
    everything: Annotated[bool, typer.Option("--all", help="Also what was taken.")] = False,
) -> None:
    """Send again what was given up or left out. Ids stay, so that the receiver knows what it has already."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        again = store.write_now(channels.replay, slug, instant(since, now), now, sent=everything)
    typer.echo(f"{slug}: {counted(again, 'event')} will be sent again.")
