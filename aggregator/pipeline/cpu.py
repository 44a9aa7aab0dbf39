"""The pool that parses: worker processes that can be killed one by one, with bounded memory and a deadline for each job."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as DeadlinePassed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import structlog
from pebble import ProcessExpired, ProcessPool

from aggregator.config.settings import WorkerSettings
from aggregator.errors import AggregatorError

log: structlog.stdlib.BoundLogger = structlog.get_logger("pipeline")

P = ParamSpec("P")
T = TypeVar("T")

RECYCLE = 2000
"""Jobs after which a worker is replaced: whatever a parser leaks goes with it."""

_EXPECTED = (AggregatorError, DeadlinePassed, ProcessExpired, MemoryError, BrokenProcessPool)

LOOK = 5.0
"""Seconds between two looks at whether the pool is alive while a job runs."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """A job that came to nothing: killed at its deadline, out of memory, or dead. ``detail`` is for the operator."""

    detail: str


def _prepare(memory_bytes: int) -> None:
    """In each worker: Ctrl-C is the parent's business, and memory has an end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A handler in Python is not called while a parser loops in C: pebble would wait for it, and all other jobs with it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS knows no such limit; the deadline is left
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


class CpuPool:
    """Runs pure functions in worker processes. Workers start with the first job.

    ``warm``: the parsers are imported once for all of them, before the first one starts. For a job or two that takes too long.
    """

    def __init__(self, settings: WorkerSettings, *, warm: bool = True) -> None:
        self._settings, self._warm = settings, warm
        self._pool = self._build()

    def _build(self) -> ProcessPool:
        # A fork server is single-threaded, so that its forks are safe, and has the parsers imported once for all workers.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["aggregator.pipeline.warm"] if self._warm else [])
        return ProcessPool(
            max_workers=self._settings.processes or os.cpu_count() or 1,
            max_tasks=RECYCLE,
            initializer=_prepare,
            initargs=[self._settings.memory_bytes],
            context=context,
        )

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Crashed:
        """Run ``job(*args, **kwargs)`` in a worker; the job and everything it takes and gives must pickle.

        A job that outlives the deadline is killed, and only that one. What the job raises on purpose (``AggregatorError``) is
        raised here; what a parser raises is the document's misfortune, and logged as our defect all the same.
        When the pool itself breaks (all workers killed at once from outside), a new one takes its place.
        """
        for _ in range(2):
            pool = self._pool
            try:
                return await self._run(pool, job, *args, **kwargs)
            except BrokenProcessPool:
                self._replace(pool)
        return Crashed("broke the pool of workers twice")

    async def _run(self, pool: ProcessPool, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Crashed:
        if not pool.active:
            raise BrokenProcessPool
        waiting = asyncio.wrap_future(pool.schedule(job, args=args, kwargs=kwargs, timeout=self._settings.deadline))
        try:
            # A pool that breaks may leave futures that nobody will ever set.
            while not (await asyncio.wait({waiting}, timeout=LOOK))[0]:
                if not pool.active:
                    raise BrokenProcessPool
            error = waiting.exception()
            if error is not None and not isinstance(error, _EXPECTED):
                log.error("worker.raised", job=job.__name__, exc_info=error)
                return Crashed(f"raised {type(error).__name__}")
            return waiting.result()
        except DeadlinePassed:
            return Crashed(f"took longer than {self._settings.deadline:g} s and was stopped")
        except ProcessExpired as dead:
            return Crashed(f"killed its worker (exit code {dead.exitcode})")
        except MemoryError:
            return Crashed("ran out of its memory")
        finally:
            waiting.cancel()  # of no effect once it is done

    def _replace(self, broken: ProcessPool) -> None:
        if self._pool is broken:
            self._pool = self._build()
            # Its threads may hang on pipes that nobody reads; what can be stopped is stopped aside.
            threading.Thread(target=broken.stop, name="broken-pool", daemon=True).start()

    def close(self) -> None:
        """Stop the workers, whatever they are at."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
