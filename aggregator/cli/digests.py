"""``digest preview``, ``send``, ``list`` and ``show``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aggregator.app import open_app, preview
from aggregator.cli.archive import Limit
from aggregator.cli.logs import set_up
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, printable, utc
from aggregator.config.settings import Config
from aggregator.digest import slots_of
from aggregator.errors import AggregatorError, ConfigError
from aggregator.model.delivery import DeliveryState, Slot, Subscription
from aggregator.notify.message import part_of
from aggregator.store import Store, deliveries, digests, subscriptions
from aggregator.store.digests import DigestLine, FrozenDigest
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


@app.command("list")
def list_(
    context: typer.Context,
    subscription: Annotated[str, typer.Argument(help="Only those of this subscription.")] = "",
    limit: Limit = 20,
) -> None:
    """The newest digests: when, for whom, how much, and what became of the mail."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        slug = subscriber_of(store, config, subscription).subscription.slug if subscription else ""
        rows = store.read_now(digests.history, limit, slug)
    for row in rows:
        typer.echo(digest_line(row))
    typer.echo(f"{counted(len(rows), 'digest')}.")


def digest_line(line: DigestLine) -> str:
    """A digest on one line."""
    mail = {"": line.state, "sent": f"sent {line.sent_at:%Y-%m-%d %H:%M}" if line.sent_at else "sent"}
    state = line.state if line.state == "failed" else mail.get(line.delivery_state, line.delivery_state)
    much = f"{counted(line.articles, 'article')} in {counted(line.stories, 'story', 'stories')}"
    rule = f"  {line.rule}" if line.rule else ""
    return f"{line.id:6} {line.day} {line.at:%H:%M}  {line.subscription:24} {state:22} {much}{rule}"


@app.command()
def show(
    context: typer.Context,
    digest: int,
    items: Annotated[bool, typer.Option("--items", help="What stands in it, match by match.")] = False,
    html: Annotated[bool, typer.Option("--html", help="The HTML part as it went out.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text part as it went out.")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="The whole message, byte by byte.")] = False,
) -> None:
    """A digest as it was frozen: its facts, its items, or the mail as it went out."""
    call: Call = context.obj
    _, store = call.opened()
    if items + html + text + eml > 1:
        raise typer.BadParameter("choose one of --items, --html, --text, --eml")
    with store:
        found = store.read_now(digests.frozen, digest)
    if html or text or eml:
        typer.get_binary_stream("stdout").write(_part(found, "html" if html else "plain" if text else ""))
        return
    if items:
        for item in found.items:
            title = printable(item.article.title)
            typer.echo(f"{item.match_id:8} {utc(item.matched_at)}  {item.rule:24} {item.article.id:8} {title}")
        typer.echo(f"{counted(len(found.items), 'match', 'matches')}, {counted(found.edits, 'edit')}.")
        return
    line = found.line
    typer.echo(digest_line(line))
    typer.echo(f"  window   {utc(line.window[0])} to {utc(line.window[1])}")
    typer.echo(f"  holds    {counted(len(found.items), 'match', 'matches')}, {counted(found.edits, 'edit')}")
    typer.echo(f"  mail     {f'delivery {line.delivery_id} to {line.address}' if line.delivery_id else 'none'}")


def _part(found: FrozenDigest, subtype: str) -> bytes:
    """The message, or one part of it. Raises AggregatorError when there is none."""
    number = found.line.id
    if not found.message:
        why = "its mail is no longer kept" if found.line.delivery_id else "it had nothing to tell, and has no mail"
        raise AggregatorError(f"digest {number}: {why}; `aggregator digest show {number} --items` lists what stood in it")
    if not subtype:
        return found.message
    body = part_of(found.message, subtype)
    if body is None:
        raise AggregatorError(f"digest {number} has no HTML: it went out as text alone")
    return body.encode()


@app.command()
def send(
    context: typer.Context,
    subscription: Annotated[str, typer.Argument(help="Its slug, or its reader's slug or address.")] = "",
    named: Annotated[str, typer.Option("--subscription", help="The same, as an option.")] = "",
    slot: Annotated[str, typer.Option(help="The digest of 2026-11-24T07:00, or the only one of 2026-11-24, on its clock.")] = "",
    force: Annotated[bool, typer.Option("--force", help="If that digest went out already, send the same mail again.")] = False,
) -> None:
    """Send now what has gathered for a subscription, or the digest of a slot. Safe to repeat. The service must not be running."""
    call: Call = context.obj
    config, store = call.opened()
    if bool(subscription) == bool(named):
        raise typer.BadParameter("name one subscription, as the argument or with --subscription")
    if force and not slot:
        raise typer.BadParameter("--force goes with --slot: it sends the digest of that slot again")
    with store:
        subscriber = subscriber_of(store, config, subscription or named)
    wanted = slot_named(subscriber, slot, datetime.now(UTC)) if slot else None
    set_up(verbose=call.verbose)
    asyncio.run(_send(call, subscriber.subscription.slug, wanted, again=force))


def slot_named(subscriber: Subscriber, name: str, now: datetime) -> Slot:
    """The slot that ``2026-11-24T07:00`` or ``2026-11-24`` names. Raises BadParameter for what is none, or still to come."""
    subscription = subscriber.subscription
    try:
        wall = datetime.fromisoformat(name)
    except ValueError:
        raise typer.BadParameter(f"{name!r} is no slot such as 2026-11-24T07:00 or 2026-11-24") from None
    last = subscriber.last  # an hour that the subscription had then counts, too
    known = [*slots_of(subscription, wall.date()), *([last] if last and last.day == wall.date() else [])]
    slots = list(
        {(slot.day, slot.at): slot for slot in known if len(name) <= len("2026-11-24") or slot.at == wall.time()}.values()
    )
    if len(slots) != 1:
        times = ", ".join(f"{slot.at:%H:%M}" for slot in slots_of(subscription, wall.date())) or "none"
        raise typer.BadParameter(f"{subscription.slug} has no one slot {name}; its slots that day: {times}")
    if slots[0].due_at > now:
        raise typer.BadParameter(f"the digest of {name} is due at {utc(slots[0].due_at)} only")
    return slots[0]


async def _send(call: Call, slug: str, slot: Slot | None, *, again: bool) -> None:
    async with open_app(call.config()) as app:
        store = app.rooms.store
        await app.ticks.match()
        subscriber = await store.read(subscriptions.subscriber, slug)
        now = app.rooms.clock.now()
        wanted = slot or slot_now(subscriber.subscription, now)
        before = await store.read(digests.history, 1000, slug, wanted)
        if before:
            for line in before if again else ():
                await store.write(digests.send_again, line.id, now)
        elif slot is not None and slot.ends_at <= subscriber.covered_until:
            raise AggregatorError(f"{slug}: a later digest accounts for {slot.day} {slot.at:%H:%M} already; nothing sent")
        else:
            await app.digest_now(subscriber, wanted, in_turn=slot is not None)
        await app.ticks.deliver()
        lines = await store.read(digests.history, 1000, slug, wanted)
        unsent = [line.delivery_id for line in lines if line.delivery_id and line.delivery_state != DeliveryState.SENT]
        stuck = [(await store.read(deliveries.record, id_)).line for id_ in unsent]
    address = subscriber.recipient.address
    for mail in stuck:
        raise AggregatorError(f"the digest is in the outbox as {mail.id}, but not sent: {printable(mail.detail)}")
    if not any(line.delivery_id for line in lines):
        typer.echo(f"{address}: nothing new, nothing sent.")
    for line in lines:
        if line.delivery_id is None:
            continue
        if before and not again:
            typer.echo(f"{address}: the digest of {line.day} {line.at:%H:%M} went out already; --force sends it again.")
        else:
            typer.echo(f"{address}: {line.articles} articles in {line.stories} stories.")
