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
from aggregator.errors import AggregatorError, ConfigError
from aggregator.model.delivery import DeliveryKind, DeliveryState, Recipient, Slot
from aggregator.store import deliveries

app = typer.Typer(help="The readers' mail.", no_args_is_help=True)


def _recipient(people: tuple[Recipient, ...], slug: str) -> Recipient:
    for person in people:
        if slug in (person.slug, person.address):
            return person
    known = ", ".join(person.slug for person in people) or "none"
    raise ConfigError(f"there is no recipient {slug!r}", path="recipients.toml", hint=f"known: {known}")


def slot_now(recipient: Recipient, now: datetime) -> Slot:
    """A slot at this very moment, for a digest out of turn."""
    local = now.astimezone(ZoneInfo(recipient.timezone))
    return Slot(local.date(), local.time(), now)


@app.command("preview")
def preview_(
    context: typer.Context,
    recipient: str,
    html: Annotated[bool, typer.Option("--html", help="The HTML part.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text part (the default).")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="The whole message.")] = False,
) -> None:
    """Print the digest that a recipient would get now. Nothing is sent, nothing is recorded."""
    call: Call = context.obj
    config, store = call.opened()
    if html + text + eml > 1:
        raise typer.BadParameter("choose one of --html, --text, --eml")
    person = _recipient(config.recipients, recipient)
    with store:
        letter, message = asyncio.run(preview(store, config, person, slot_now(person, datetime.now(UTC))))
    out: Any = typer.get_binary_stream("stdout")
    out.write(message if eml else letter.html.encode() if html else letter.text.encode())


@app.command()
def send(context: typer.Context, recipient: str) -> None:
    """Send a recipient now what has gathered since the last digest. The service must not be running."""
    call: Call = context.obj
    config = call.config()
    person = _recipient(config.recipients, recipient)
    set_up(verbose=call.verbose)
    asyncio.run(_send(call, person))


async def _send(call: Call, person: Recipient) -> None:
    async with open_app(call.config()) as app:
        await app.ticks.match()
        report = await app.digest_now(person, slot_now(person, app.rooms.clock.now()))
        await app.ticks.deliver()
        mails = await app.rooms.store.read(deliveries.listing, 100)
    if not report.mailed:
        typer.echo(f"{person.address}: nothing new, nothing sent.")
        return
    mail = next(mail for mail in mails if mail.kind == DeliveryKind.DIGEST and mail.address == person.address)
    if mail.state != DeliveryState.SENT:
        raise AggregatorError(f"the digest is in the outbox as {mail.id}, but not sent: {printable(mail.detail)}")
    typer.echo(f"{person.address}: {report.articles} articles in {report.stories} stories.")
