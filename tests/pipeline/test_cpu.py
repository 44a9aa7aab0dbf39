"""The pool against jobs that hang, eat, die and raise. The jobs are the standard library's: any worker can import them."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from aggregator.config.settings import WorkerSettings
from aggregator.errors import StoreError
from aggregator.model.feed import FeedEntry
from aggregator.model.source import SourceSpec
from aggregator.pipeline.cpu import CpuPool, Crashed
from aggregator.pipeline.jobs import PageJob, read_article
from aggregator.store.sqlite import sqlite_path

NOTHING = itertools.repeat(0)
"""``deque(NOTHING, 0)`` never ends, and never looks at a signal."""


@pytest.fixture
async def pool() -> AsyncIterator[CpuPool]:
    made = CpuPool(WorkerSettings(processes=1, deadline=0.5))
    yield made
    await asyncio.to_thread(made.close)


async def test_a_job_that_never_ends_is_stopped_and_the_next_runs(pool: CpuPool) -> None:
    # Else pebble asks it to end, which a loop in C does not hear, and waits for three seconds, with all other jobs.
    assert await pool.run(signal.getsignal, signal.SIGTERM) == signal.SIG_DFL
    assert await pool.run(deque, NOTHING, 0) == Crashed("took longer than 0.5 s and was stopped")
    assert await pool.run(len, "four") == 4


@pytest.mark.parametrize(
    ("job", "argument", "detail"),
    [
        (os._exit, 3, "killed its worker (exit code 3)"),
        (ctypes.string_at, 0, "killed its worker (exit code -11)"),
        (bytes, 10**10, "ran out of its memory"),
        (int, "seven", "raised ValueError"),
        (etree.fromstring, b"<a><b></a>", "raised "),  # an error that no pickle can carry
    ],
    ids=["exits", "crashes", "eats", "raises", "raises what cannot travel"],
)
async def test_what_goes_wrong_in_a_worker_is_a_value(
    pool: CpuPool, job: Callable[[Any], object], argument: object, detail: str
) -> None:
    gone = await pool.run(job, argument)
    assert isinstance(gone, Crashed)
    assert gone.detail.startswith(detail)
    assert await pool.run(len, "four") == 4


async def test_what_is_raised_on_purpose_is_raised_here(pool: CpuPool) -> None:
    with pytest.raises(StoreError, match="is no SQLite file"):
        await pool.run(sqlite_path, "postgresql://db/aggregator")
    assert await pool.run(len, "four") == 4


async def test_a_page_that_defeats_the_parsers_costs_its_own_deadline_and_nothing_else() -> None:
    def page(body: str) -> PageJob:
        url = "https://outlet.example/a"
        entry = FeedEntry(
            key=url, title="Ferry closes", link=url, summary="", content="", published_at=None, updated_at=None, published_raw="",
            zone_assumed=False, has_time=False, authors=(), tags=(), language=None, image_url=None, content_hash="",
        )  # fmt: skip
        seen_at = datetime(2026, 11, 1, tzinfo=UTC)
        return PageJob(entry, SourceSpec(slug="a", url=url), url, body.encode(), "text/html", "", seen_at, (url,))

    prose = "<p>The harbour council of Port Ellery voted on Tuesday to close the old ferry terminal, after a long debate.</p>" * 5
    hostile = [
        f"<html><body><table>{'<tr><td>a <a href=/x>b</a> c.</td></tr>' * 160_000}</table></body></html>",
        f"<html><body>{'<div>' * 100_000}{prose}",
    ]
    pool = CpuPool(WorkerSettings(processes=2, deadline=8.0))
    try:
        bad = [asyncio.create_task(pool.run(read_article, page(body))) for body in hostile]
        good = [await pool.run(read_article, page(f"<html><body>{prose}</body></html>")) for _ in range(8)]
        found = await asyncio.gather(*bad)
    finally:
        await asyncio.to_thread(pool.close)

    assert found[0] == Crashed("took longer than 8 s and was stopped")
    assert all(not isinstance(made, Crashed) and made[0].text.startswith("The harbour council") for made in good)


async def test_a_hanging_job_costs_its_neighbour_nothing() -> None:
    pool = CpuPool(WorkerSettings(processes=2, deadline=60.0))
    try:
        hanging = asyncio.create_task(pool.run(deque, NOTHING, 0))
        assert [await pool.run(len, "x" * n) for n in range(20)] == list(range(20))
        assert not hanging.done()
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        both = [pool.run(max, 1, 2) for _ in range(8)]
        assert await asyncio.gather(*both) == [2] * 8, "the worker of a job that nobody waits for is free again"
    finally:
        await asyncio.to_thread(pool.close)
