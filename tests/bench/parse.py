"""Parsing: CPU for a feed of 30 entries by feedparser alone, by us as a whole, and by us when two entries are new.

feedparser has its sanitiser and its resolver of links off, as we call it; ours also checks the document, makes ``FeedEntry`` of
what it finds, and notes the window for the next parse. All take turns in one process, and the best of all rounds counts.
Usage: ``make bench NAME=parse [ARGS=--feeds=50]``.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from datetime import timedelta

import feedparser

from aggregator.model.feed import ParsedFeed, Window
from aggregator.parse import parse_feed
from aggregator.parse.split import cut
from aggregator.parse.wellformed import check
from tests.bench.poll import ENTRIES, START, feed

NEW = 2


def alone(body: bytes) -> int:
    """feedparser's own parse; how many entries it found."""
    found = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return len(found["entries"])


def ours(body: bytes, known: Window | None = None) -> ParsedFeed:
    """Our parse."""
    parsed = parse_feed(
        body,
        url="http://127.0.0.1/feed",
        content_type="application/xml",
        timezone="UTC",
        max_entries=5000,
        now=START + timedelta(hours=1),
        known=known,
    )
    if not isinstance(parsed, ParsedFeed):
        raise TypeError(parsed.detail)
    return parsed


def older_window(body: bytes) -> Window | None:
    """The window of the feed before its first entries appeared."""
    checked = check(body)
    part = cut(checked.data, checked.marks)
    return ours(part.with_entries(range(NEW, ENTRIES))).window if part else None


def main() -> None:
    """Print CPU in milliseconds a document, and ratios; below 1 the first is cheaper."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    bodies = [feed(number).replace(b"{port}", b"8930") for number in range(options.feeds)]
    windows = [older_window(body) for body in bodies]
    runs: dict[str, Callable[[int], object]] = {
        "feedparser": lambda number: alone(bodies[number]),
        "whole": lambda number: ours(bodies[number]),
        "incremental": lambda number: ours(bodies[number], windows[number]),
    }
    complete = all(
        alone(body) == len(ours(body).entries) == ENTRIES
        and (len(shorter.entries), len(shorter.kept)) == (NEW, ENTRIES - NEW)
        and shorter.window == ours(body).window
        for body, window in zip(bodies, windows, strict=True)
        for shorter in [ours(body, window)]
    )
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(options.rounds):
        for name, run in runs.items():
            started = time.process_time()
            for number in range(len(bodies)):
                run(number)
            best[name] = min(best[name], (time.process_time() - started) / len(bodies))
    milliseconds = {name: round(1000 * seconds, 3) for name, seconds in best.items()}
    for name, figure in milliseconds.items():
        print(f"{name:12} {figure:7.3f} ms a document")
    ratios = {
        f"{one}_to_{other}": round(best[one] / best[other], 3)
        for one, other in (("whole", "feedparser"), ("incremental", "whole"), ("incremental", "feedparser"))
    }
    print(
        json.dumps({"bench": "parse", "entries": ENTRIES, "new": NEW, "complete": complete, "ratios": ratios, "ms": milliseconds})
    )


if __name__ == "__main__":
    main()
