"""Serve the newsroom in real time, to look at: ``python -m aggregator.newsroom --port 8900``."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event

from aggregator.newsroom import Newsroom


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Read the options, print the addresses, serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m aggregator.newsroom", description=__doc__)
    parser.add_argument("--port", type=int, default=8900, help="the port, the same on every address (default: 8900)")
    parser.add_argument("--one-host", action="store_true", help="all outlets on 127.0.0.1, each under its own path")
    options = parser.parse_args()
    newsroom = Newsroom(start=_now(), clock=_now, port=options.port, separate_hosts=not options.one_host)
    with suppress(KeyboardInterrupt), newsroom:
        for outlet in newsroom.outlets:
            sys.stdout.write(f"{outlet.slug:<18} {outlet.format:<5} {outlet.feed_url}\n")
        sys.stdout.flush()
        Event().wait()


if __name__ == "__main__":
    main()
