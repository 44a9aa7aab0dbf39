"""Turns at a host: order, pauses, and who waits for whom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from aggregator.fetch import HostGate


class SteppedClock:
    """Wakes a sleeper when told to."""

    def __init__(self) -> None:
        self.sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self.sleepers.append((seconds, event))
        await event.wait()

    def wake(self) -> float:
        seconds, event = self.sleepers.pop(0)
        event.set()
        return seconds


class Crowd:
    """Requests that start when the gate lets them and end when told to."""

    def __init__(self, gate: HostGate) -> None:
        self.gate = gate
        self.started: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def send(self, name: str, host: str, *, page: bool = False) -> None:
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._request(name, host, page))

    async def _request(self, name: str, host: str, page: bool) -> None:
        async with self.gate.turn(host, page=page):
            self.started.append(name)
            await self.ends[name].wait()

    async def end(self, name: str) -> None:
        assert name in self.started
        self.ends[name].set()
        await self.tasks[name]
        await settle()


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_request_at_a_time_to_a_host() -> None:
    crowd = Crowd(HostGate(SteppedClock(), 0, 8))
    crowd.send("a1", "a")
    crowd.send("a2", "a")
    crowd.send("b1", "b")
    await settle()
    before = list(crowd.started)
    await crowd.end("a1")
    after = list(crowd.started)
    await crowd.end("a2")
    await crowd.end("b1")

    assert before == ["a1", "b1"]
    assert after == ["a1", "b1", "a2"]


async def test_a_pause_between_two_starts() -> None:
    clock = SteppedClock()
    crowd = Crowd(HostGate(clock, 60, 8))
    crowd.send("a1", "a")
    crowd.send("a2", "a")
    await settle()
    await crowd.end("a1")
    during = list(crowd.started)
    pause = clock.wake()
    await settle()
    await crowd.end("a2")

    assert during == ["a1"]
    assert 59 < pause <= 60
    assert crowd.started == ["a1", "a2"]


async def test_feeds_come_before_pages() -> None:
    crowd = Crowd(HostGate(SteppedClock(), 0, 8))
    crowd.send("first", "a", page=True)
    await settle()
    crowd.send("page1", "a", page=True)
    crowd.send("page2", "a", page=True)
    crowd.send("feed1", "a")
    crowd.send("feed2", "a")
    await settle()
    for name in ("first", "feed1", "feed2", "page1", "page2"):
        await crowd.end(name)

    assert crowd.started == ["first", "feed1", "feed2", "page1", "page2"]


async def test_a_crowd_at_one_host_holds_up_nobody() -> None:
    """50 requests to one host, two slots over all: the one to another host starts at once."""
    clock = SteppedClock()
    crowd = Crowd(HostGate(clock, 60, 2))
    for number in range(50):
        crowd.send(f"a{number}", "a")
    crowd.send("b", "b")
    await settle()
    assert crowd.started == ["a0", "b"]

    await crowd.end("a0")  # a1 pauses now, and holds no slot
    crowd.send("c", "c")
    await settle()
    assert crowd.started == ["a0", "b", "c"]
    for task in crowd.tasks.values():
        task.cancel()
    await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)


async def test_the_overall_limit() -> None:
    crowd = Crowd(HostGate(SteppedClock(), 0, 2))
    for host in "abc":
        crowd.send(host, host)
    await settle()
    before = list(crowd.started)
    await crowd.end("a")

    assert before == ["a", "b"]
    assert crowd.started == ["a", "b", "c"]
    await crowd.end("b")
    await crowd.end("c")


async def test_those_who_give_up_are_passed_over() -> None:
    """One gives up in the queue, one in the pause; the last in line still gets its turn."""
    clock = SteppedClock()
    crowd = Crowd(HostGate(clock, 60, 8))
    for name in ("a1", "a2", "a3", "a4"):
        crowd.send(name, "a")
    await settle()
    crowd.tasks["a2"].cancel()
    await crowd.end("a1")
    crowd.tasks["a3"].cancel()
    await settle()
    clock.sleepers.pop(0)
    clock.wake()
    await settle()
    await crowd.end("a4")

    assert crowd.started == ["a1", "a4"]


async def test_one_who_gives_up_as_its_turn_comes_passes_it_on() -> None:
    crowd = Crowd(HostGate(SteppedClock(), 0, 8))
    for name in ("a1", "a2", "a3"):
        crowd.send(name, "a")
    await settle()
    crowd.ends["a1"].set()
    await asyncio.sleep(0)  # a1 ends and hands over; a2 has not run yet
    crowd.tasks["a2"].cancel()
    await settle()
    await crowd.end("a3")

    assert crowd.started == ["a1", "a3"]


async def test_idle_hosts_are_forgotten() -> None:
    gate = HostGate(SteppedClock(), 0, 8)
    for number in range(1000):
        async with gate.turn(f"host{number}"):
            pass

    assert len(gate) <= 1


async def test_hosts_are_remembered_for_the_pause() -> None:
    gate = HostGate(SteppedClock(), 60, 8)
    for number in range(10):
        async with gate.turn(f"host{number}"):
            pass

    assert len(gate) == 10
