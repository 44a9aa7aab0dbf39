"""The pool that parses: worker processes that can be killed one by one, with bounded memory and a deadline for each job."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as DeadlinePassed
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from aggregator.config.settings import WorkerSettings

P = ParamSpec("P")
T = TypeVar("T")

RECYCLE = 2000
"""Jobs after which a worker is replaced: whatever a parser leaks goes with it."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """A job that came to nothing: killed at its deadline, out of memory, or dead. ``detail`` is for the operator."""

    detail: str


def _prepare(memory_bytes: int) -> None:
    """In each worker: Ctrl-C is the parent's business, and memory has an end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class CpuPool:
    """Runs pure functions in worker processes. Workers start with the first job."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._deadline = settings.deadline
        # A fork server is single-threaded, so that its forks are safe, and has the parsers imported once for all workers.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["aggregator.pipeline.warm"])
        self._pool = ProcessPool(
            max_workers=settings.processes or os.cpu_count() or 1,
            max_tasks=RECYCLE,
            initializer=_prepare,
            initargs=[settings.memory_bytes],
            context=context,
        )

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Crashed:
        """Run ``job(*args, **kwargs)`` in a worker; the job and everything it takes and gives must pickle.

        A job that outlives the deadline is killed, and only that one. What the job raises on purpose is raised here.
        """
        future = self._pool.schedule(job, args=args, kwargs=kwargs, timeout=self._deadline)
        try:
            return await asyncio.wrap_future(future)
        except DeadlinePassed:
            return Crashed(f"took longer than {self._deadline:g} s and was stopped")
        except ProcessExpired as dead:
            return Crashed(f"the worker died (exit code {dead.exitcode})")
        except MemoryError:
            return Crashed("ran out of its memory")
        except CancelledError:
            raise asyncio.CancelledError from None

    def close(self) -> None:
        """Stop the workers, whatever they are at."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
