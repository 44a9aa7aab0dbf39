"""``delivery``: what waits in the outbox, what was sent, what was given up, and how each try ended."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from aggregator.cli.archive import Json, Limit
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, json_line, plain, printable, utc
from aggregator.errors import NotFound
from aggregator.model.delivery import DeliveryState
from aggregator.notify.message import part_of
from aggregator.store import deliveries, outbox
from aggregator.store.deliveries import DeliveryRecord, Pause

app = typer.Typer(help="The outbox.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The number of a delivery, as `delivery list` shows it.")]


@app.command("list")
def list_(
    context: typer.Context,
    limit: Limit = 20,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those: `failed` are the dead letters.")] = None,
    as_json: Json = False,
) -> None:
    """The newest messages and where they stand; and whether sending rests."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        rows = store.read_now(deliveries.listing, limit, state or "")
        paused = store.read_now(deliveries.pause)
    for row in rows:
        if as_json:
            typer.echo(json_line(plain(row)))
            continue
        word, at = ("sent", row.sent_at) if row.sent_at else ("next try", row.due_at)
        when = f"{word} {at:%Y-%m-%d %H:%M}" if at else ""
        typer.echo(f"{row.id:6} {row.state:8}{row.kind:8}{row.address:32} {when}  {printable(row.subject)}")
        if row.state != "sent" and row.detail:
            typer.echo(f"       {row.attempts} tries; last answer: {printable(row.detail)}")
    if not as_json:
        typer.echo(f"{len(rows)} deliveries.")
    if paused:
        typer.echo(pause_line(paused), err=as_json)


def pause_line(paused: Pause) -> str:
    """That sending rests, in a sentence."""
    again = f"asked again at {utc(paused.until)}" if paused.until else "asked again soon"
    waiting = counted(paused.waiting, "message waits", "messages wait")
    return f"Sending rests since {utc(paused.since)} ({printable(paused.detail)}): {waiting}; the relay is {again}."


@app.command()
def show(
    context: typer.Context,
    delivery: Number,
    eml: Annotated[bool, typer.Option("--eml", help="The message as it was, or will be, sent.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Its HTML.")] = False,
    as_json: Json = False,
) -> None:
    """A message, and every try to hand it over: when, to which server, and what that answered."""
    if eml + html + as_json > 1:
        raise typer.BadParameter("choose one of --eml, --html, --json")
    call: Call = context.obj
    _, store = call.opened()
    with store:
        found = store.read_now(deliveries.record, delivery)
    if (eml or html) and not found.message:
        raise NotFound(
            f"the message of delivery {delivery} is no longer kept; its record is: `aggregator delivery show {delivery}`"
        )
    if eml:
        sys.stdout.buffer.write(found.message)
    elif html:
        typer.echo(part_of(found.message, "html") or "", nl=False)
    elif as_json:
        typer.echo(
            json_line(
                plain(found.line)
                | {"message_id": found.message_id, "tries": plain(found.attempts), "returned": plain(found.returned)}
            )
        )
    else:
        _show(found)


def _show(found: DeliveryRecord) -> None:
    line = found.line
    when = f"sent {utc(line.sent_at)}" if line.sent_at else f"next try {utc(line.due_at)}" if line.due_at else "given up"
    typer.echo(f"{line.id}: {line.kind} for {line.address}: {line.state}, {when}")
    typer.echo(f"  {printable(line.subject)}")
    kept = counted(len(found.message), "byte") if found.message else "no longer kept"
    typer.echo(f"  {found.message_id}, {kept}, made {utc(line.created_at)}")
    for each in found.attempts:
        code = f"{each.code} " if each.code else ""
        server = f" [{printable(each.server)}]" if each.server else ""
        typer.echo(f"  {each.at:%Y-%m-%d %H:%M:%S}  {each.outcome:9}{server} {code}{printable(each.detail)}")
    for back in found.returned:
        typer.echo(f"  {back.at:%Y-%m-%d %H:%M:%S}  returned  {back.kind}: {printable(back.detail)}")
    if not found.attempts:
        typer.echo("  no try on record")


@app.command()
def retry(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(help="Numbers of deliveries.")] = None,
    dead: Annotated[bool, typer.Option("--failed", help="All that were given up.")] = False,
) -> None:
    """Try deliveries again now, each as the same message, and let mail to their recipients go out again."""
    if dead == bool(numbers):
        raise typer.BadParameter("name deliveries by their numbers, or all that were given up with --failed")
    call: Call = context.obj
    _, store = call.opened()
    with store:
        for number in numbers or store.read_now(outbox.failed):
            try:
                typer.echo(f"delivery {number}: {store.write_now(outbox.retry, number, datetime.now(UTC))}.")
            except NotFound as error:
                if not dead:  # among all of them, one that is too old is no reason to stop
                    raise
                typer.echo(str(error), err=True)
