"""``doctor mail``: the relay, the way back, and the records of the sender's domain."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import Annotated

import typer

from aggregator.cli.archive import Json
from aggregator.cli.deliveries import pause_line
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, json_line, printable, utc
from aggregator.config.settings import MailMode, Settings
from aggregator.model.delivery import AttemptOutcome, SubscriptionState
from aggregator.notify.address import check_address
from aggregator.notify.finding import Finding
from aggregator.notify.signing import Signer
from aggregator.pipeline.linking import unreachable
from aggregator.pipeline.probing import send_test
from aggregator.store import Store, deliveries, outbox, subscriptions

MARKS = {True: "ok", False: "BAD", None: "note"}


def mail(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="Send a test to this address.")] = "",
    resolver: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Ask this DNS server, not the system's.")] = "",
    dns: Annotated[bool, typer.Option("--dns/--no-dns", help="Look the records up.")] = True,
    as_json: Json = False,
) -> None:
    """Check the relay as for a mail, and say which records the sender's domain should have. Exit code 1 when anything is bad."""
    call: Call = context.obj
    config, store = call.opened()
    if to:
        try:
            to = check_address(to)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    with store:
        found = asyncio.run(_check(config.settings, store, to, resolver, dns=dns))
    for each in found:
        if as_json:
            typer.echo(json_line(dataclasses.asdict(each)))
            continue
        typer.echo(printable(f"{MARKS[each.well]:5}{each.what}: {each.detail}"))
        if each.hint:
            typer.echo(printable(f"       {each.hint}"))
    bad = sum(each.well is False for each in found)
    if not as_json:
        typer.echo(f"{counted(bad, 'thing')} to mend." if bad else "Nothing to mend.")
    if bad:
        raise typer.Exit(1)


async def _check(settings: Settings, store: Store, to: str, resolver: str, *, dns: bool) -> list[Finding]:
    from aggregator.notify.diagnosis import check_relay, judge_record, look_up, wanted_records  # it takes its time to import

    own, now = settings.mail, datetime.now(UTC)
    found = []
    if own.mode is MailMode.FOLDER:
        found.append(Finding("relay", well=None, detail=f"mail.mode is folder: mails are written to {own.folder}, none is sent"))
    else:
        found += await check_relay(own, now)
    if to and own.mode is MailMode.SMTP and all(each.well is not False for each in found):
        attempt = await send_test(settings, to, now)
        well = attempt.outcome is AttemptOutcome.ACCEPTED
        found.append(Finding(f"test to {to}", well=well, detail=f"{attempt.code} {attempt.detail} [{attempt.server}]"))
    found += [*_outbox(store), *_way_back(settings)]
    signer = None
    if own.dkim_key_file is not None:
        signer = Signer(own.sender.rpartition("@")[2], own.dkim_selector, own.dkim_key_file)
    else:
        found.append(Finding("DKIM", well=None, detail="we do not sign: the relay has to, under the sender's domain"))
    records = wanted_records(own, signer)
    if dns:
        return found + [judge_record(record) for record in await look_up(records, resolver)]
    return found + [Finding(f"{each.kind} {each.name}", well=None, detail="not looked up", hint=each.wanted) for each in records]


def _outbox(store: Store) -> list[Finding]:
    found, paused = [], store.read_now(deliveries.pause)
    if paused is not None:
        found.append(Finding("outbox", well=False, detail=pause_line(paused)))
    for each in store.read_now(subscriptions.listing):
        if each.failing_since is not None and each.state is not SubscriptionState.STOPPED:
            told = f"its mail cannot be made since {utc(each.failing_since)}: {each.failure}"
            found.append(Finding(f"subscription {each.subscription.slug}", well=False, detail=told, hint="please report it"))
    if dead := store.read_now(outbox.failed):
        hint = "aggregator delivery list --state failed"
        found.append(
            Finding("outbox", well=None, detail=f"{counted(len(dead), 'message was', 'messages were')} given up", hint=hint)
        )
    return found


def _way_back(settings: Settings) -> list[Finding]:
    own, found = settings.mail, []
    if missing := unreachable(settings):
        detail = "mails have no one-click unsubscribe and no web view"
        found.append(Finding("links", well=None, detail=detail, hint=f"set {missing}"))
    elif not (settings.public_base_url or "").startswith("https:"):
        told = "public_base_url is not https: mail programs offer no one-click unsubscribe"
        found.append(Finding("links", well=False, detail=told))
    if not own.bounce_address:
        detail = f"bounces go to {own.sender}, and nobody counts them"
        found.append(Finding("bounces", well=None, detail=detail, hint='bounce_address = "bounce@…": see docs/mail.md'))
    return found
