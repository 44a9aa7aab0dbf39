"""A newsroom with a clock that is stepped by hand, and a client that shows what is on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from aggregator.newsroom import Newsroom


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **length: float) -> datetime:
        self.at += timedelta(**length)
        return self.at


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Get(Protocol):
    def __call__(self, url: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer: ...


@pytest.fixture
def start() -> datetime:
    return datetime(2024, 5, 11, 4, 30, tzinfo=UTC)


@pytest.fixture
def clock(start: datetime) -> Clock:
    return Clock(start)


@pytest.fixture
def newsroom(start: datetime, clock: Clock) -> Iterator[Newsroom]:
    with Newsroom(start=start, clock=clock) as room:
        yield room


@pytest.fixture
def opened() -> Iterator[Callable[[str], HTTPConnection]]:
    """Opens connections to the host of a URL, and closes them all at the end."""
    connections: list[HTTPConnection] = []

    def open_one(url: str) -> HTTPConnection:
        connections.append(HTTPConnection(urlsplit(url).netloc))
        return connections[-1]

    yield open_one
    for connection in connections:
        connection.close()


@pytest.fixture
def get() -> Get:
    def fetch(url: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc)
        try:
            connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), headers=headers or {})
            response: HTTPResponse = connection.getresponse()
            return Answer(response.status, response.read(), {name.lower(): value for name, value in response.getheaders()})
        finally:
            connection.close()

    return fetch
