"""Polling: F loopback feeds of 30 entries, beside ``reader`` and, where it is installed, ``newsboat``.

Four passes: cold; all "304 Not Modified"; the same body without validators; and two new entries in each feed. Each contestant
runs in a process of its own, against one server process; CPU is that of its whole process tree, read from /proc, workers
included, from just before a pass to just after it. Usage: ``make bench NAME=poll [ARGS=--feeds=2000]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ENTRIES = 30
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
VOCABULARY = """
    harbour council strike minister report evening river border vote market letter police engineer winter school bridge
    hospital budget court island energy railway union weather museum festival captain village signal library
"""
WORDS = VOCABULARY.split()


PASSES = ("cold", "not_modified", "same_body", "fresh")
NEWS = 2
"""New entries of each feed in the last pass."""


def feed(number: int, newest: int = 0) -> bytes:
    """An RSS (even) or Atom (odd) document of about 26 kB. Its 30 entries end with number ``newest``; the older are negative."""
    host, items = f"http://{address(number)}:{{port}}", []
    for entry in range(-newest, ENTRIES - newest):
        rng = random.Random(number * 1000 + entry)
        title = " ".join(rng.choices(WORDS, k=9)).capitalize()
        text = escape(f"<p>{' '.join(rng.choices(WORDS, k=75))}</p>")
        at, link = START - timedelta(minutes=37 * entry), f"{host}/article/{number}-{entry}"
        if number % 2:
            items.append(
                f'<entry><title>{title}</title><link href="{link}"/><id>{link}</id><published>{at.isoformat()}</published>'
                f'<updated>{at.isoformat()}</updated><summary type="html">{text}</summary></entry>'
            )
        else:
            items.append(
                f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{format_datetime(at)}</pubDate>"
                f"<description>{text}</description></item>"
            )
    body = "".join(items)
    if number % 2:
        head = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed {number}</title><id>urn:feed:{number}</id>'
        return f'<?xml version="1.0" encoding="utf-8"?>{head}<updated>{START.isoformat()}</updated>{body}</feed>'.encode()
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Feed {number}</title>'
        f"<link>{host}/</link><description>x</description>{body}</channel></rss>"
    ).encode()


def address(number: int) -> str:
    """Every feed has a host of its own."""
    return f"127.0.{30 + number // 250}.{1 + number % 250}"


def serve(feeds: int, pipe: Connection) -> None:
    """The outside world: ETag and Last-Modified, until told to withhold them."""
    asyncio.run(_serve(feeds, pipe))


async def _serve(feeds: int, pipe: Connection) -> None:
    validators, bodies = [True], {address(number): feed(number) for number in range(feeds)}
    tags: dict[bytes, str] = {}
    modified = [b"12:00:00"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")[:2]
        while head := await _head(reader):
            body = bodies[host].replace(b"{port}", str(port).encode())
            etag = tags.setdefault(body, f'"{sha256(body).hexdigest()[:16]}"')
            lines = [b"Content-Type: application/xml"]
            if validators[0]:
                lines += [f"ETag: {etag}".encode(), b"Last-Modified: Mon, 02 Mar 2026 %b GMT" % modified[0]]
            if validators[0] and etag.encode() in head:
                writer.write(b"\r\n".join([b"HTTP/1.1 304 Not Modified", *lines, b"", b""]))
                continue
            lines.append(b"Content-Length: %d" % len(body))
            writer.write(b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""]) + body)
        writer.close()

    server = await asyncio.start_server(answer, list(bodies), pipe.recv(), backlog=512)
    pipe.send("ready")
    loop = asyncio.get_running_loop()
    while (word := await loop.run_in_executor(None, pipe.recv)) is not None:
        validators[0] = word != "same_body"
        modified[0] = b"13:14:00" if word == "fresh" else b"12:00:00"
        if word == "fresh":
            bodies.update({address(number): feed(number, NEWS) for number in range(feeds)})
        elif word == "cold":
            bodies.update({address(number): feed(number) for number in range(feeds)})
        pipe.send("done")
    server.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def tree() -> list[int]:
    """This process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [os.getpid()]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def cpu_seconds() -> float:
    """CPU of the whole tree, ended children included."""
    ticks = 0
    for pid in tree():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_mb() -> tuple[float, float]:
    """Peak resident memory of the main process, and the sum of the peaks of the whole tree (shared pages count for each)."""
    peaks = []
    for pid in tree():
        status = Path(f"/proc/{pid}/status").read_text()
        peaks.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
    return round(peaks[0], 1), round(sum(peaks), 1)


def timed(work: Callable[[], Any]) -> dict[str, float]:
    """CPU and wall seconds of a pass."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()
    return {"cpu": round(cpu_seconds() - cpu, 2), "wall": round(time.perf_counter() - wall, 2)}


def run_aggregator(urls: list[str], folder: str, world: Connection) -> dict[str, Any]:
    """Our own polling: claim, fetch, parse, store; pages are not fetched."""
    return asyncio.run(_run_aggregator(urls, folder, world))


async def _run_aggregator(urls: list[str], folder: str, world: Connection) -> dict[str, Any]:
    from sqlalchemy import text

    from aggregator.app import open_app
    from aggregator.cli.logs import set_up
    from aggregator.config.settings import Config, FetchSettings, PollSettings, Settings, StoreSettings
    from aggregator.model.source import SourceSpec
    from aggregator.store.maintenance import stats

    class Clock:
        at = START

        def now(self) -> datetime:
            return self.at

        def monotonic(self) -> float:
            return time.monotonic()

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0)

    set_up(level=logging.ERROR)
    clock = Clock()
    result: dict[str, Any] = {}
    settings = Settings(
        store=StoreSettings(f"sqlite:///{folder}/aggregator.db"),
        fetch=FetchSettings(allow_networks=("127.0.0.0/8",), host_gap=0.0),
        poll=PollSettings(floor=timedelta(minutes=5)),
    )
    specs = tuple(
        SourceSpec(f"feed-{number}", url, interval=timedelta(minutes=30), fetch_pages=False) for number, url in enumerate(urls)
    )
    async with open_app(Config(settings, specs), clock=clock) as app:
        await app.rooms.cpu.run(abs, -1)  # workers start before the clock, as the other's imports do
        for name in PASSES:
            tell(world, name)
            await app.rooms.store.write(lambda session: session.execute(text("UPDATE source SET next_poll_at = created_at")))
            cpu, wall = cpu_seconds(), time.perf_counter()
            while await app.ticks.poll():
                await app.ticks.runner.idle()
            result[name] = {"cpu": round(cpu_seconds() - cpu, 2), "wall": round(time.perf_counter() - wall, 2)}
            clock.at += timedelta(seconds=1)
        figures = app.rooms.store.read_now(stats)
        result |= {"stored": figures.entries, "failing": figures.failing}
        result["peak_mb"], result["peak_mb_tree"] = peak_mb()
    return result


def run_reader(urls: list[str], folder: str, world: Connection) -> dict[str, Any]:
    """reader, with ten workers, its full-text index off."""
    import reader as reader_package

    # Its guard-free retriever is the fair counterpart: the same feeds, the same loopback.
    database = f"{folder}/reader.db"
    reader = reader_package.make_reader(database, search_enabled=False)
    for url in urls:
        reader.add_feed(url)
    result: dict[str, Any] = {}
    for name in PASSES:
        tell(world, name)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("UPDATE feeds SET update_after = NULL")  # due again at once
            connection.commit()
        result[name] = timed(lambda: reader.update_feeds(workers=10))
    result |= {"stored": reader.get_entry_counts().total, "failing": reader.get_feed_counts(broken=True).total}
    result["peak_mb"], result["peak_mb_tree"] = peak_mb()
    reader.close()
    return result


def run_newsboat(urls: list[str], folder: str, world: Connection) -> dict[str, Any]:
    """newsboat (C++, SQLite), its reload from the command line with eight threads. It sends no validators."""
    place = Path(folder)
    (place / "urls").write_text("\n".join(urls) + "\n")
    (place / "config").write_text("reload-threads 8\nrefresh-on-startup no\n")
    call = ["newsboat", "-u", f"{place}/urls", "-C", f"{place}/config", "-c", f"{place}/cache.db", "-x", "reload"]
    result: dict[str, Any] = {}
    for name in PASSES:
        tell(world, name)
        result[name] = timed(
            lambda: subprocess.run(call, check=True, capture_output=True, env={"HOME": folder, "LANG": "C.UTF-8"})
        )
    with closing(sqlite3.connect(place / "cache.db")) as connection:
        result["stored"] = connection.execute("SELECT count(*) FROM rss_item").fetchone()[0]
    result["peak_mb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
    return result


def tell(world: Connection, name: str) -> None:
    """Let the world be as the pass of this name wants it."""
    world.send(name)
    world.recv()


def contestant(name: str, urls: list[str], folder: str, world: Connection, out: Connection) -> None:
    """Run in a fresh process."""
    runs = {"aggregator": run_aggregator, "reader": run_reader, "newsboat": run_newsboat}
    out.send(runs[name](urls, folder, world))


def main() -> None:
    """Run all and print the figures; ratios are aggregator's over the others', below 1 is better."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--port", type=int, default=8930)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8 * options.feeds)), hard))
    context = multiprocessing.get_context("spawn")
    world, desk = context.Pipe()
    server = context.Process(target=serve, args=(options.feeds, desk), daemon=True)
    server.start()
    world.send(options.port)
    world.recv()
    urls = [f"http://{address(number)}:{options.port}/feed" for number in range(options.feeds)]
    results: dict[str, Any] = {}
    present = ["aggregator", "reader", *(["newsboat"] if shutil.which("newsboat") else [])]
    for name in present:
        with tempfile.TemporaryDirectory() as folder:
            receive, send = context.Pipe(duplex=False)
            process = context.Process(target=contestant, args=(name, urls, folder, world, send))
            process.start()
            results[name] = receive.recv()
            process.join()
        print(name, json.dumps(results[name]))
    world.send(None)
    server.join(5)
    mine = results["aggregator"]
    ratios = {
        f"{run}_{figure}_to_{other}": round(mine[run][figure] / max(results[other][run][figure], 0.01), 2)
        for other in present[1:]
        for run in PASSES
        for figure in ("cpu", "wall")
    }
    complete = mine["stored"] == options.feeds * (ENTRIES + NEWS)
    print(json.dumps({"bench": "poll", "feeds": options.feeds, "complete": complete, "ratios": ratios, **results}))


if __name__ == "__main__":
    main()
