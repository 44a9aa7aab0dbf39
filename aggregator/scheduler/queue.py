"""The queue behind one protocol. The embedded one runs jobs in this process; the tables remain the truth."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from aggregator.pipeline.mishap import survived

log: structlog.stdlib.BoundLogger = structlog.get_logger("queue")

Handler = Callable[[Sequence[int]], Awaitable[object]]
"""A use case: ids in, a report out."""


class TaskRunner(Protocol):
    """Carries ids to use cases. A job that is lost is claimed again when its lease runs out."""

    async def submit(self, name: str, ids: Sequence[int], priority: int = 5) -> None:
        """Queue a job. Lower ``priority`` runs first."""
        ...


class InlineRunner:
    """Runs jobs on the event loop, at most ``workers`` at a time for each use case, lower priorities first."""

    def __init__(self, handlers: Mapping[str, Handler], workers: Mapping[str, int]) -> None:
        self._handlers = handlers
        self._sequence = itertools.count()
        self._queues: dict[str, asyncio.PriorityQueue[tuple[int, int, tuple[int, ...]]]] = {
            name: asyncio.PriorityQueue() for name in handlers
        }
        self._backlog = dict.fromkeys(handlers, 0)
        self._stopping = False
        self.failures = 0
        self._tasks = [
            asyncio.create_task(self._work(name), name=f"{name}-{number}") for name in handlers for number in range(workers[name])
        ]

    async def submit(self, name: str, ids: Sequence[int], priority: int = 5) -> None:
        """Queue a job."""
        self._backlog[name] += 1
        self._queues[name].put_nowait((priority, next(self._sequence), tuple(ids)))

    def backlog(self, name: str) -> int:
        """How many jobs of a use case wait or run."""
        return self._backlog[name]

    async def idle(self) -> None:
        """Wait until no job waits or runs."""
        for queue in self._queues.values():
            await queue.join()

    async def _work(self, name: str) -> None:
        queue = self._queues[name]
        while True:
            _, _, ids = await queue.get()
            try:
                if not self._stopping:
                    await self._run(name, ids)
            finally:
                self._backlog[name] -= 1
                queue.task_done()

    async def _run(self, name: str, ids: tuple[int, ...]) -> None:
        report = await survived(self._handlers[name](ids))
        if isinstance(report, Exception):  # a bug must not stop the service; the leases bring the ids back
            self.failures += 1
            log.error("job.failed", job=name, ids=ids[:20], exc_info=report)
            if len(ids) > 1:
                await self._run_apart(name, ids)
        else:
            log.debug("job.done", job=name, report=report)

    async def _run_apart(self, name: str, ids: tuple[int, ...]) -> None:
        """Once more, each id on its own: one that fails, as it did and will again, must not keep back those after it."""
        for id_ in ids:
            if not self._stopping:
                await self._run(name, (id_,))

    async def close(self, patience: float) -> None:
        """Start nothing new, give what runs ``patience`` seconds to end, then cancel it."""
        self._stopping = True
        try:
            async with asyncio.timeout(patience):
                await self.idle()
        except TimeoutError:
            log.warning("queue.cancelled", running={name: count for name, count in self._backlog.items() if count})
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
