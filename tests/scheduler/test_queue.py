"""The embedded queue: order, bounds, bugs and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from aggregator.scheduler.queue import InlineRunner

Start = Callable[..., InlineRunner]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    runners: list[InlineRunner] = []

    def make(workers: int = 1, **handlers: Callable[[Sequence[int]], Awaitable[object]]) -> InlineRunner:
        runners.append(InlineRunner(handlers, dict.fromkeys(handlers, workers)))
        return runners[-1]

    yield make
    for runner in runners:
        await runner.close(0)


async def test_lower_priorities_run_first_and_equals_in_order(start: Start) -> None:
    done: list[tuple[int, ...]] = []

    async def work(ids: Sequence[int]) -> None:
        done.append(tuple(ids))

    runner = start(work=work)
    for number, priority in ((1, 5), (2, 9), (3, 1), (4, 5)):
        await runner.submit("work", [number], priority)
    assert runner.backlog("work") == 4
    await runner.idle()
    assert (done, runner.backlog("work")) == ([(3,), (1,), (4,), (2,)], 0)


async def test_so_many_at_a_time_and_each_use_case_on_its_own(start: Start) -> None:
    gate, running, most = asyncio.Event(), 0, 0

    async def slow(ids: Sequence[int]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    other = asyncio.Event()

    async def quick(ids: Sequence[int]) -> None:
        other.set()

    runner = start(2, slow=slow, quick=quick)
    for number in range(5):
        await runner.submit("slow", [number])
    await runner.submit("quick", [1])
    await other.wait()
    assert (most, runner.backlog("slow")) == (2, 5)
    gate.set()
    await runner.idle()
    assert most == 2


async def test_a_bug_costs_the_id_that_has_it(start: Start) -> None:
    done: list[int] = []

    async def work(ids: Sequence[int]) -> None:
        for id_ in ids:
            if id_ == 2:
                raise ZeroDivisionError
            if id_ not in done:  # as a lease that was given back is not taken again
                done.append(id_)

    runner = start(work=work)
    await runner.submit("work", [1, 2, 3, 4])
    await runner.submit("work", [5])
    await runner.idle()
    assert sorted(done) == [1, 3, 4, 5]
    assert runner.failures == 2, "the batch, and the id by itself"


async def test_the_end_lets_what_runs_finish_and_starts_nothing_new(start: Start) -> None:
    done: list[int] = []
    begun, gate = asyncio.Event(), asyncio.Event()

    async def work(ids: Sequence[int]) -> None:
        begun.set()
        await gate.wait()
        done.extend(ids)

    runner = start(work=work)
    await runner.submit("work", [1])
    await runner.submit("work", [2])
    await begun.wait()
    closing = asyncio.create_task(runner.close(60))
    await asyncio.sleep(0)
    gate.set()
    await closing
    assert done == [1]


async def test_the_end_does_not_wait_for_ever(start: Start) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(ids: Sequence[int]) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    runner = start(work=work)
    await runner.submit("work", [1])
    await begun.wait()
    await runner.close(0)
    assert ended.is_set()
    assert runner.failures == 0, "being stopped is no bug"
