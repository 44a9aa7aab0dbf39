"""``alert``: what was alerted, what waits and why; acknowledging, and keeping a story quiet."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from aggregator.cli.archive import Json, Limit
from aggregator.cli.options import Call, instant, span
from aggregator.cli.printing import counted, json_line, plain, printable, utc
from aggregator.store import notices, readers, snoozes
from aggregator.store.notices import AlertLine, NoticeLine
from aggregator.store.snoozes import SnoozeLine

app = typer.Typer(help="Alerts: what was told, what waits and why, what is kept quiet.", no_args_is_help=True)

Alert = Annotated[int, typer.Argument(help="The number of an alert, as `alert list` shows it.")]
Recipient = Annotated[str, typer.Option(help="Of this recipient (slug) only.")]


@app.command("list")
def list_(
    context: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="What waits or is held, and why, in the place of mails.")] = False,
    recipient: Recipient = "",
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest mails of alerts: to whom, about what, whether they are out, and whether somebody acknowledged them."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        if waiting:
            held = store.read_now(notices.waiting, limit, recipient)
        else:
            sent = store.read_now(notices.listing, limit, recipient)
    if waiting:
        for alert in held:
            typer.echo(json_line(plain(alert)) if as_json else _alert(alert))
        if not as_json:
            typer.echo(f"{counted(len(held), 'match', 'matches')} waiting.")
        return
    for line in sent:
        typer.echo(json_line(plain(line)) if as_json else _line(line))
    if not as_json:
        typer.echo(f"{counted(len(sent), 'alert')}.")


@app.command()
def resume(context: typer.Context, recipient: Annotated[str, typer.Argument(help="A recipient's slug.")]) -> None:
    """Send somebody alerts again who stopped them by the link in a mail."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        stopped = store.write_now(readers.resume_alerts, recipient)
    typer.echo(f"{recipient} gets alerts again." if stopped else f"{recipient} had not stopped his alerts.")


@app.command()
def show(context: typer.Context, alert: Alert, as_json: Json = False) -> None:
    """One mail: every match that it tells of or counts, its delivery, its acknowledgement, and who had it next."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        line, told = store.read_now(notices.show, alert)
    if as_json:
        typer.echo(json_line(plain(line) | {"matches": plain(told)}))
        return
    typer.echo(_line(line))
    for text in _fate(line):
        typer.echo(f"  {text}")
    for each in told:
        typer.echo(_alert(each))


@app.command()
def ack(
    context: typer.Context,
    alert: Alert,
    by: Annotated[str, typer.Option("--by", help="Who has seen to it; you, unless you say.")] = "",
) -> None:
    """Acknowledge an alert: it goes to nobody else."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        line = store.write_now(notices.acknowledge, alert, by or getpass.getuser(), datetime.now(UTC))
    typer.echo(f"alert {alert}: {_acknowledged(line)}")


@app.command()
def snooze(
    context: typer.Context,
    story: Annotated[int, typer.Argument(help="The number of a story, as `story list` shows it.")],
    length: Annotated[str, typer.Option("--for", help="For so long: 2d, 12h, 30m; or until a date.")] = "1d",
    rule: Annotated[str, typer.Option(help="Only as this rule (slug) finds it.")] = "",
    recipient: Annotated[str, typer.Option(help="Only to this recipient (slug).")] = "",
) -> None:
    """Keep a story quiet for a while. It stands in the digests all the same."""
    call: Call = context.obj
    _, store = call.opened()
    now = datetime.now(UTC)
    ahead = span(length)
    until = instant(length, now) if ahead is None else now + ahead
    with store:
        line = store.write_now(snoozes.snooze, story, until, now, rule=rule, recipient=recipient, by=getpass.getuser())
    typer.echo(_snooze(line))


@app.command()
def wake(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="SNOOZE", help="The number of a snooze, as `alert snoozes` shows it.")],
) -> None:
    """Undo a snooze: what comes from now on is alerted."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        line = store.write_now(snoozes.undo, number, datetime.now(UTC))
    typer.echo(f"story {line.story} is quiet no more.")


@app.command("snoozes")
def snoozes_(context: typer.Context, as_json: Json = False) -> None:
    """What is kept quiet, and until when."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        lines = store.read_now(snoozes.listing, datetime.now(UTC))
    for line in lines:
        typer.echo(json_line(plain(line)) if as_json else _snooze(line))
    if not as_json:
        typer.echo(f"{counted(len(lines), 'snooze')}.")


def _line(line: NoticeLine) -> str:
    size = counted(line.told, "match", "matches") + (f", {line.counted:,} counted" if line.counted else "")
    weight = "" if line.priority == "normal" else f", {line.priority}"
    text = f"{line.id:6}  {utc(line.created_at)}  {line.recipient}: {line.kind}{weight}, {size}; {_delivered(line)}"
    text += f"; {_acknowledged(line)}" if line.rule or line.acknowledged_at else ""
    return f"{text}\n        {printable(line.subject)}"


def _delivered(line: NoticeLine) -> str:
    return f"{line.delivery} (delivery {line.delivery_id})" if line.delivery else "not in the outbox"


def _acknowledged(line: NoticeLine) -> str:
    if line.acknowledged_at is not None:
        return f"acknowledged {utc(line.acknowledged_at)} by {printable(line.acknowledged_by)}"
    return "not acknowledged"


def _fate(line: NoticeLine) -> list[str]:
    if line.escalated_at is not None:
        return [f"handed on {utc(line.escalated_at)}: {line.escalated or 'nobody is left'}"]
    if line.escalate_at is not None and line.acknowledged_at is None:
        return [f"goes to the next reader {utc(line.escalate_at)}, if nobody acknowledges it"]
    return []


def _alert(alert: AlertLine) -> str:
    state = alert.state if alert.state == "sent" else f"{alert.state} until {utc(alert.due_at)}"
    if alert.state == "suppressed":
        state = "not told"
    reason = f": {alert.why}, {printable(alert.detail)}" if alert.why else ""
    place = f"#{alert.article_id}, story {alert.story_id}"
    return (
        f"  {alert.recipient}, {alert.rule}: {state}{reason}\n      {place}, {printable(alert.outlet)}: {printable(alert.title)}"
    )


def _snooze(line: SnoozeLine) -> str:
    whom = f" for {line.recipient}" if line.recipient else ""
    what = f" under {line.rule}" if line.rule else ""
    return f"{line.id:6}  story {line.story} is quiet{what}{whom} until {utc(line.until)}" + (f" ({line.by})" if line.by else "")
