"""``subscription list``, ``show``, ``invite``, ``pause``, ``resume`` and ``stop``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.digests import digest_line
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, printable, utc
from aggregator.config import read_invitation
from aggregator.config.values import slugify, spell
from aggregator.digest import next_slot
from aggregator.errors import ConfigError
from aggregator.model.delivery import EVERY_DAY, Every, Subscription, SubscriptionState
from aggregator.pipeline.linking import unreachable
from aggregator.store import Store, digests, subscriptions
from aggregator.store.subscriptions import Subscriber

app = typer.Typer(help="What readers get, and when.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Its slug; see `aggregator subscription list`.")]
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _found(store: Store, slug: str) -> Subscriber:
    known = store.read_now(subscriptions.listing)
    for each in known:
        if each.subscription.slug == slug:
            return each
    names = ", ".join(each.subscription.slug for each in known) or "none"
    raise ConfigError(f"there is no subscription {slug!r} in the store", path="recipients.toml", hint=f"known: {names}")


def rhythm(subscription: Subscription) -> str:
    """``07:00 and 18:30 Europe/Paris, Mon Tue``: when its mails come."""
    times = "every hour" if subscription.every is Every.HOURLY else " and ".join(f"{at:%H:%M}" for at in subscription.times)
    days = "" if subscription.weekdays == EVERY_DAY else ", " + " ".join(_DAYS[day - 1] for day in subscription.weekdays)
    return f"{times} {subscription.timezone}{days}"


def _state(each: Subscriber, now: datetime) -> str:
    match each.state:
        case SubscriptionState.PENDING:
            return "waits for its reader" + _failure(each)
        case SubscriptionState.STOPPED:
            return f"stopped {each.stopped_at:%Y-%m-%d}: {printable(each.stop_reason)}"
        case SubscriptionState.ACTIVE if not each.subscription.enabled:
            return "switched off"
        case SubscriptionState.ACTIVE if each.suppressed:
            return f"rests: the address was refused: {printable(each.suppressed)}"
        case SubscriptionState.ACTIVE if each.paused_until is not None and each.paused_until > now:
            return f"paused until {utc(each.paused_until)}"
        case _:
            return "active" + _failure(each)


def _failure(each: Subscriber) -> str:
    if each.failing_since is None:
        return ""
    return f", and its mail cannot be made since {utc(each.failing_since)}: {printable(each.failure)}"


@app.command("list")
def list_(context: typer.Context) -> None:
    """Every subscription: whose it is, when its mails come, and where it stands."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        rows = store.read_now(subscriptions.listing)
    for each in rows:
        what = each.subscription
        typer.echo(f"{what.slug:24} {each.recipient.address:32} {what.kind.value:9}{rhythm(what)}  {_state(each, now)}")
    typer.echo(f"{counted(len(rows), 'subscription')}.")


@app.command()
def show(context: typer.Context, subscription: Slug) -> None:
    """One subscription: what it follows, what is owed to it, when its next mail comes, and its last digests."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    with store:
        each = _found(store, subscription)
        owed = store.read_now(digests.owed_count, each.id)
        last = store.read_now(digests.history, 10, subscription)
    what = each.subscription
    comes = each.receives(now) and bool(what.weekdays)
    lines: list[tuple[str, str]] = [
        ("reader", f"{each.recipient.slug} <{each.recipient.address}>"),
        ("state", _state(each, now)),
        ("made by", each.created_by or "recipients.toml"),
        ("counts since", utc(each.begun_at)),
        ("kind", f"{what.kind.value}, {what.format.value}, in {what.language}"),
        ("comes", rhythm(what) + (f", closed {spell(what.cutoff)} before" if what.cutoff else "")),
        ("next", _local(next_slot(what, now).due_at, what) if comes else "-"),
        ("rules", " ".join(what.rules)),
        ("groups", " ".join(what.groups) or "all"),
        ("empty", what.empty.value),
        ("owed", counted(owed, "match", "matches")),
    ]
    typer.echo(what.slug)
    for name, value in lines:
        typer.echo(f"  {name:13} {printable(value)}")
    for line in last:
        typer.echo(digest_line(line))


def _local(at: datetime, subscription: Subscription) -> str:
    return f"{at.astimezone(ZoneInfo(subscription.timezone)):%a %Y-%m-%d %H:%M} ({utc(at)})"


@app.command()
def pause(
    context: typer.Context,
    subscription: Slug,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long.")] = 7,
) -> None:
    """Send nothing for a while, a week if nothing is said. The first digest after it tells all of it."""
    call: Call = context.obj
    _, store = call.opened()
    until = datetime.now(UTC) + timedelta(days=days)
    with store:
        store.write_now(subscriptions.pause_until, _found(store, subscription).id, until)
    typer.echo(f"{subscription}: nothing is sent until {utc(until)}; what is found meanwhile is in the first digest after that.")


@app.command()
def resume(context: typer.Context, subscription: Slug) -> None:
    """Take up a subscription that was paused or stopped. After a stop it counts from now on."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        store.write_now(subscriptions.resume, _found(store, subscription).id, datetime.now(UTC))
    typer.echo(f"{subscription}: active.")


@app.command()
def stop(
    context: typer.Context,
    subscription: Slug,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks later.")] = "by the operator",
) -> None:
    """End a subscription: nothing is sent, and nothing is owed to it from now on. The files do not bring it back."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        store.write_now(subscriptions.stop, _found(store, subscription).id, reason, datetime.now(UTC))
    typer.echo(f"{subscription}: stopped; `aggregator subscription resume {subscription}` takes it up again.")


@app.command()
def invite(
    context: typer.Context,
    address: str,
    rules: Annotated[list[str], typer.Option("--rules", help="A rule's slug or a pattern; may be given several times.")],
    groups: Annotated[list[str] | None, typer.Option("--group", help="Only what sources of this group have.")] = None,
    at: Annotated[list[str] | None, typer.Option("--at", help="When it comes, such as 07:00; several times a day, too.")] = None,
    days: Annotated[list[str] | None, typer.Option("--day", help="mon to sun; without any: every day.")] = None,
    every: Annotated[str, typer.Option(help="hourly, daily or weekly.")] = "daily",
    kind: Annotated[str, typer.Option(help="digest (all rules in one mail) or clipping (one mail for each rule).")] = "digest",
    zone: Annotated[str, typer.Option(help="The reader's time zone.")] = "UTC",
    language: Annotated[str, typer.Option(help="The language of the mail's own words.")] = "en",
    name: Annotated[str, typer.Option(help="The reader's name.")] = "",
    slug: Annotated[str, typer.Option(help="The subscription's slug; made from the address if left out.")] = "",
) -> None:
    """Offer a subscription to somebody who does not stand in recipients.toml. It counts nothing until he confirms it."""
    call: Call = context.obj
    config, store = call.opened()
    reader: dict[str, Any] = {"slug": slugify(address) or "reader", "address": address, "name": name}
    reader |= {"timezone": zone, "language": language}
    what: dict[str, Any] = {"slug": slug or f"{reader['slug'][:50].rstrip('-')}-digest", "rules": rules, "every": every}
    what |= {"kind": kind, "groups": groups or []} | ({"times": at} if at else {}) | ({"weekdays": days} if days else {})
    person, subscription = read_invitation(config, reader, what)
    now = datetime.now(UTC)
    with store:
        id_ = store.write_now(subscriptions.invite, person, subscription, now, "invitation")
        (made,) = [each for each in store.read_now(subscriptions.listing) if each.id == id_]
    typer.echo(
        f"{made.subscription.slug}: {rhythm(made.subscription)}, to {made.recipient.address}; it waits for its reader,"
        " and nothing is owed to it until he confirms."
    )
    if missing := unreachable(config.settings):
        typer.echo(f"He cannot be asked yet: readers confirm on a page of ours; set {missing} in aggregator.toml.", err=True)
