"""``digest preview`` and ``digest send``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aggregator.app import open_app, preview
from aggregator.cli.logs import set_up
from aggregator.cli.options import Call
from aggregator.cli.printing import printable
from aggregator.config.settings import Config
from aggregator.errors import AggregatorError, ConfigError
from aggregator.model.delivery import DeliveryKind, DeliveryState, Slot, Subscription
from aggregator.store import Store, deliveries, subscriptions
from aggregator.store.subscriptions import Subscriber

app = typer.Typer(help="The readers' mail.", no_args_is_help=True)


def subscriber_of(store: Store, config: Config, name: str) -> Subscriber:
    """The subscription of that slug, or of the reader with that slug or address. Raises ConfigError; NotFound before `apply`."""
    found = store.read_now(subscriptions.listing)
    for names in (lambda each: (each.subscription.slug,), lambda each: (each.recipient.slug, each.recipient.address)):
        for each in found:
            if name in names(each):
                return each
    written = config.all_subscriptions
    if any(name in (each.slug, each.recipient) for each in written):
        return store.read_now(subscriptions.subscriber, name)
    known = ", ".join(dict.fromkeys([*(each.slug for each in written), *(each.subscription.slug for each in found)])) or "none"
    raise ConfigError(f"there is no recipient {name!r}", path="recipients.toml", hint=f"known: {known}")


def slot_now(subscription: Subscription, now: datetime) -> Slot:
    """A slot at this very moment, for a digest out of turn."""
    local = now.astimezone(ZoneInfo(subscription.timezone))
    return Slot(local.date(), local.time(), now)


@app.command("preview")
def preview_(
    context: typer.Context,
    subscription: Annotated[str, typer.Argument(help="Its slug, or its reader's slug or address.")],
    html: Annotated[bool, typer.Option("--html", help="The HTML part.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text part (the default).")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="The whole message.")] = False,
) -> None:
    """Print the digest that a subscription would bring now, or its clippings. Nothing is sent, nothing is recorded."""
    call: Call = context.obj
    config, store = call.opened()
    if html + text + eml > 1:
        raise typer.BadParameter("choose one of --html, --text, --eml")
    with store:
        subscriber = subscriber_of(store, config, subscription)
        slot = slot_now(subscriber.subscription, datetime.now(UTC))
        mails = asyncio.run(preview(store, config, subscriber, slot))
    out: Any = typer.get_binary_stream("stdout")
    for letter, message in mails:
        out.write(message if eml else letter.html.encode() if html else letter.text.encode())


@app.command()
def send(
    context: typer.Context, subscription: Annotated[str, typer.Argument(help="Its slug, or its reader's slug or address.")]
) -> None:
    """Send now what has gathered for a subscription since its last digest. The service must not be running."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        slug = subscriber_of(store, config, subscription).subscription.slug
    set_up(verbose=call.verbose)
    asyncio.run(_send(call, slug))


async def _send(call: Call, slug: str) -> None:
    async with open_app(call.config()) as app:
        await app.ticks.match()
        subscriber = await app.rooms.store.read(subscriptions.subscriber, slug)
        report = await app.digest_now(subscriber, slot_now(subscriber.subscription, app.rooms.clock.now()))
        await app.ticks.deliver()
        mails = await app.rooms.store.read(deliveries.listing, 100)
    address = subscriber.recipient.address
    if not report.mails:
        typer.echo(f"{address}: nothing new, nothing sent.")
        return
    mail = next(mail for mail in mails if mail.kind == DeliveryKind.DIGEST and mail.address == address)
    if mail.state != DeliveryState.SENT:
        raise AggregatorError(f"the digest is in the outbox as {mail.id}, but not sent: {printable(mail.detail)}")
    typer.echo(f"{address}: {report.articles} articles in {report.stories} stories.")
