"""Extraction: pages per second through the pool on two processes, with metadata, dates, language and fingerprint, against bare
trafilatura on the same pages in one process, times two.

The ratio is ours to theirs, above 1 we are faster; both take turns, and the best round of each counts. ``cpu`` is the same by
processor time in one process each, for a machine that is busy with other things. A page that would take for ever is put among the
others at the end: it costs its own deadline.
Usage: ``make bench NAME=extract [ARGS="--data=FOLDER --rounds=3"]``; without a folder (laid out as ``tests/quality`` says) the
pages are those of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import trafilatura

from aggregator.config.settings import WorkerSettings
from aggregator.extract.document import BAD_TREE
from aggregator.model.source import SourceSpec
from aggregator.pipeline.cpu import CpuPool, Crashed
from aggregator.pipeline.jobs import PageJob, read_article
from tests.quality import pages, text

PROCESSES = 2
IN_FLIGHT = 8
SEEN = datetime(2026, 11, 1, tzinfo=UTC)


def jobs(data: Path | None) -> list[PageJob]:
    """The pages of a folder, or our own, each as the pipeline would hand it to a worker."""
    if data:
        folder = data / "pages"
        cases = [*text.aeb(folder / "aeb"), *text.fundus(folder / "fundus"), *text.arabic(folder)]
    else:
        cases = pages.cases()
    source = SourceSpec(slug="bench", url="https://outlet.example/feed", name="Bench")
    return [
        PageJob(text.blank_entry(case.url), source, case.url, case.body, "text/html", "", SEEN, (case.url,)) for case in cases
    ]


def endless() -> PageJob:
    """A page of one table in six megabytes, which no extractor is through with in time."""
    cell = "<tr><td>a <a href='/x'>b</a> c.</td></tr>"
    body = f"<html><body><article><table>{cell * (6_000_000 // len(cell))}</table></article></body></html>".encode()
    url = "https://outlet.example/x"
    return PageJob(text.blank_entry(url), SourceSpec(slug="bench", url=url), url, body, "text/html", "", SEEN, (url,))


def bare(batch: Sequence[PageJob]) -> None:
    """trafilatura by itself, with metadata, as it comes."""
    for job in batch:
        try:
            trafilatura.bare_extraction(job.body, url=job.url, with_metadata=True)
        except BAD_TREE:
            continue  # it cannot read this one; the time is spent all the same


async def pooled(pool: CpuPool, batch: Sequence[PageJob]) -> int:
    """The whole job for each page; how many came to nothing."""
    room = asyncio.Semaphore(IN_FLIGHT)

    async def one(job: PageJob) -> bool:
        async with room:
            return isinstance(await pool.run(read_article, job), Crashed)

    return sum(await asyncio.gather(*map(one, batch)))


async def measure(batch: Sequence[PageJob], rounds: int) -> dict[str, float]:
    """Best wall and processor seconds for the batch, by system; and what an endless page costs the others, in seconds."""
    best = dict.fromkeys(("pool", "bare", "ours_cpu", "bare_cpu"), float("inf"))
    pool = CpuPool(WorkerSettings(processes=PROCESSES, deadline=3.0))
    try:
        await pooled(pool, batch)
        bare(batch[:3])
        read_article(batch[0])
        failed = 0
        for _ in range(rounds):
            started = time.perf_counter()
            failed += await pooled(pool, batch)
            best["pool"] = min(best["pool"], time.perf_counter() - started)
            started, cpu = time.perf_counter(), time.process_time()
            bare(batch)
            best["bare"] = min(best["bare"], time.perf_counter() - started)
            best["bare_cpu"] = min(best["bare_cpu"], time.process_time() - cpu)
            cpu = time.process_time()
            for job in batch:
                read_article(job)
            best["ours_cpu"] = min(best["ours_cpu"], time.process_time() - cpu)
        started = time.perf_counter()
        hung = await pooled(pool, [endless(), *batch])
        return best | {"with_endless": time.perf_counter() - started, "failed": failed, "hung": hung}
    finally:
        await asyncio.to_thread(pool.close)


def main() -> None:
    """Print pages per second and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    batch = jobs(options.data)
    found = asyncio.run(measure(batch, options.rounds))
    count = len(batch)
    print(f"{count} pages, {sum(len(job.body or b'') for job in batch) / count / 1000:.0f} kB each")
    print(f"the whole job, {PROCESSES} processes  {count / found['pool']:8.1f} pages/s")
    print(f"bare trafilatura, one       {count / found['bare']:8.1f} pages/s")
    print(
        f"with an endless page among them {found['with_endless']:.1f} s, without {found['pool']:.1f} s; lost: {found['hung']:.0f}"
    )
    ratio = found["bare"] / PROCESSES / found["pool"]
    print(
        json.dumps(
            {
                "bench": "extract", "pages": count, "failed": int(found["failed"]), "lost_with_endless": int(found["hung"]),
                "ratio": round(ratio, 3),
                "cpu": round(found["bare_cpu"] / found["ours_cpu"], 3),
                "seconds": {name: round(value, 3) for name, value in found.items() if name not in ("failed", "hung")},
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
