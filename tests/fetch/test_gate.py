"""Turns at a host: order, pauses, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch import HostGate, host_key, is_private_host
from aggregator.fetch.gate import REMEMBERED


class SteppedClock:
    """Wakes a sleeper when told to; ``wall`` may jump, ``seconds`` pass only while somebody sleeps or is told to."""

    def __init__(self) -> None:
        self.sleepers: list[tuple[float, asyncio.Event]] = []
        self.seconds = 1000.0
        self.wall = datetime(2026, 11, 24, tzinfo=UTC)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self.sleepers.append((self.seconds + seconds, event))
        await event.wait()

    def wake(self) -> float:
        """Go to the instant at which the first sleeper wakes; how many seconds that took."""
        before, first = self.seconds, min(self.sleepers, key=lambda sleeper: sleeper[0])
        self.sleepers.remove(first)
        self.seconds = max(before, first[0])
        first[1].set()
        return self.seconds - before


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
    assert pause == 60
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
    clock = SteppedClock()
    gate = HostGate(clock, 2, 8)
    for number in range(1000):
        async with gate.turn(f"host{number}"):
            clock.seconds += 1

    assert len(gate) <= 1.25 * REMEMBERED + 8  # a few are looked at in each turn


async def test_hosts_are_remembered_for_the_pause() -> None:
    gate = HostGate(SteppedClock(), 60, 8)
    for number in range(10):
        async with gate.turn(f"host{number}"):
            pass

    assert len(gate) == 10


async def test_a_crawl_delay_widens_the_pause_before_its_own_start() -> None:
    """A feed at 0 s, a page that asks for 30 s, a feed that does not: 0, 30, 32; a delay below our own pause changes nothing."""
    clock = SteppedClock()
    gate, starts = HostGate(clock, 2, 8), []

    async def request(*, page: bool, gap: float) -> None:
        async with gate.turn("a", page=page, gap=gap):
            starts.append(clock.seconds - 1000)

    for page, gap in ((False, 0.0), (True, 30.0), (False, 0.0), (True, 1.0)):
        task = asyncio.create_task(request(page=page, gap=gap))
        await settle()
        if clock.sleepers:
            clock.wake()
        await task

    assert starts == [0, 30, 32, 34]


async def test_a_crawl_delay_holds_after_a_quiet_while() -> None:
    clock = SteppedClock()
    gate = HostGate(clock, 2, 8)
    async with gate.turn("a"):
        pass
    clock.seconds += 100
    for number in range(8):
        async with gate.turn(f"other{number}"):
            pass

    waiting = asyncio.create_task(gate.turn("a", page=True, gap=240).__aenter__())
    await settle()

    assert clock.wake() == 140
    await waiting


@dataclass(frozen=True)
class Wish:
    """A request as it is made: at which second, to which host, how long it takes; and how the wall clock jumps then, in hours."""

    at: int
    host: str
    page: bool
    gap: int
    takes: int
    jump: int


WISHES = st.lists(
    st.builds(
        Wish,
        at=st.integers(0, 60),
        host=st.sampled_from("abc"),
        page=st.booleans(),
        gap=st.sampled_from((0, 1, 10, 400)),
        takes=st.integers(0, 5),
        jump=st.integers(-9, 9),
    ),
    min_size=2,
    max_size=12,
)


@given(wishes=WISHES, slots=st.integers(1, 3))
def test_t5_t6_one_at_a_time_and_never_too_early_whatever_the_wall_clock_does(wishes: list[Wish], slots: int) -> None:
    starts, ends = asyncio.run(_play(wishes, slots))

    for host in starts:
        for (before, _), (start, gap), end in zip(starts[host], starts[host][1:], ends[host], strict=False):
            assert start >= end
            assert start - before >= max(2, gap)
    assert sum(map(len, starts.values())) == len(wishes)


async def _play(wishes: list[Wish], slots: int) -> tuple[dict[str, list[tuple[float, int]]], dict[str, list[float]]]:
    clock = SteppedClock()
    gate = HostGate(clock, 2, slots)
    starts: dict[str, list[tuple[float, int]]] = defaultdict(list)
    ends: dict[str, list[float]] = defaultdict(list)

    async def request(wish: Wish) -> None:
        await clock.sleep(wish.at)
        clock.wall += timedelta(hours=wish.jump)
        async with gate.turn(wish.host, page=wish.page, gap=wish.gap):
            starts[wish.host].append((clock.seconds, wish.gap))
            await clock.sleep(wish.takes)
            ends[wish.host].append(clock.seconds)

    tasks = [asyncio.create_task(request(wish)) for wish in wishes]
    await settle()
    while clock.sleepers:
        clock.wake()
        await settle()
    await asyncio.gather(*tasks)
    return starts, ends


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://a.tumblr.com/rss", "tumblr.com"),
        ("https://tumblr.com/rss", "tumblr.com"),
        ("https://b.c.tumblr.com:8443/rss", "tumblr.com:8443"),
        ("https://nottumblr.com/rss", "nottumblr.com"),
        ("https://tumblr.com.example/rss", "tumblr.com.example"),
        ("https://A.Bücher.example/", "xn--bcher-kva.example"),
        ("ftp://a.tumblr.com/rss", ""),
    ],
)
def test_s11_hosts_of_a_site_count_as_one(url: str, key: str) -> None:
    assert host_key(url, ("tumblr.com", "xn--bcher-kva.example")) == key


HOUSE = ("localhost", "LOCALHOST.", "app.localhost", "printer", "nas.local", "hub.internal", "box.lan", "tv.home.arpa")
HOUSE_ADDRESSES = ("127.0.0.1", "10.1.2.3:8080", "[::1]", "[fd00::1]:8080", "fe80::1", "169.254.1.1", "100.64.0.1", "224.0.0.1")
OPEN = ("example.com", "a.test", "a.test:8080", "8.8.8.8", "8.8.8.8:80", "[2606:4700::1111]:8080", "2606:4700::1111")
OPEN_IN_SPITE_OF_ITS_SPELLING = ("local.example", "lan.example", "notlocalhost.example", "internal.example:8080")


@pytest.mark.parametrize("host", [*HOUSE, *HOUSE_ADDRESSES])
def test_s11_hosts_of_a_house(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", [*OPEN, *OPEN_IN_SPITE_OF_ITS_SPELLING])
def test_s11_hosts_of_the_open_web(host: str) -> None:
    assert not is_private_host(host)
