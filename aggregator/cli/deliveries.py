"""``delivery list`` and ``delivery retry``."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from aggregator.cli.archive import Limit
from aggregator.cli.options import Call
from aggregator.cli.printing import printable
from aggregator.store import outbox

app = typer.Typer(help="The outbox.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context, limit: Limit = 20) -> None:
    """The newest messages and where they stand."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        rows = store.read_now(outbox.listing, limit)
    for row in rows:
        word, at = ("sent", row.sent_at) if row.sent_at else ("next try", row.due_at)
        when = f"{word} {at:%Y-%m-%d %H:%M}" if at else ""
        typer.echo(f"{row.id:6} {row.state:8}{row.kind:8}{row.address:32} {when}  {printable(row.subject)}")
        if row.state != "sent" and row.detail:
            typer.echo(f"       {row.attempts} tries; last answer: {printable(row.detail)}")
    typer.echo(f"{len(rows)} deliveries.")


@app.command()
def retry(context: typer.Context, delivery: int) -> None:
    """Try a delivery again now, and let mail to its recipient go out again."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        store.write_now(outbox.retry, delivery, datetime.now(UTC))
    typer.echo(f"delivery {delivery}: the service tries it again (a failed digest's items come with the next digest).")
