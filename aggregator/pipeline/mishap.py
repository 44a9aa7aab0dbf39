"""Bugs cost what they stand in, and nothing beside it: the one place where every exception is caught."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

_MOST = 300


async def survived(work: Awaitable[T]) -> T | Exception:
    """What ``work`` comes to, or the exception that it ended in. Whoever asks goes on with the next, and tells of it."""
    try:
        return await work
    except Exception as error:
        return error


def in_words(error: Exception) -> str:
    """``KeyError: 'x'``: an exception on one line, for a log and a column."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:_MOST]
