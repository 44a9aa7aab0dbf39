"""Shim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RobotsVerdict:
    """Shim."""

    allowed: tuple[bool, ...]
    crawl_delay: float | None


def read_robots(body: bytes) -> str:
    """Shim."""
    return body.decode("utf-8", "replace")


def judge_robots(text: str, agent: str, urls: tuple[str, ...]) -> RobotsVerdict:
    """Shim."""
    return RobotsVerdict((True,) * len(urls), None)
