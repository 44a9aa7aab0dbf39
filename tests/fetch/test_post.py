"""POST: what goes out, and that misfortune is a value here, too."""

from __future__ import annotations

from typing import Any

from aggregator.model.page import FailureKind, FetchFailed, Posted, PostRequest

FORM = "application/x-www-form-urlencoded"


async def test_a_post_is_answered_with_status_headers_and_the_beginning_of_the_body(
    server: Any, fetcher: Any, answer: Any
) -> None:
    server.script("/hub", answer(503, b"busy", {"Retry-After": "60", "Location": "/elsewhere"}))
    outcome = await fetcher().post(PostRequest(server.url("/hub"), b"", FORM))
    assert isinstance(outcome, Posted)
    assert (outcome.status, outcome.sample, dict(outcome.headers)["location"]) == (503, "busy", "/elsewhere")
    assert outcome.retry_after is not None
    assert server.log[0].header("Content-Type") == FORM
    assert "aggregator/" in server.log[0].header("User-Agent")


async def test_the_guard_stands_before_a_post(server: Any, fetcher: Any) -> None:
    outcome = await fetcher(allow_networks=()).post(PostRequest(server.url("/hub"), b"a=b", FORM))
    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, server.connections) == (FailureKind.BLOCKED, 0)
