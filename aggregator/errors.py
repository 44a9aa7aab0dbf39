"""The exceptions of aggregator. An exception means that we or the operator must act.

The misfortune of others (a dead feed, a broken page, a refused mail) is a value, never an exception: see ``model/``.

* AggregatorError
    + ConfigError               one thing wrong in the configuration: where, what, how to mend it
        - RuleSyntaxError       one thing wrong in a query: line, column, hint
    + ConfigErrors              all of them at once, as ``aggregator check`` prints them
    + StoreError
        - NotFound
        - Conflict
"""

from __future__ import annotations


class AggregatorError(Exception):
    """The root of every exception that aggregator raises on purpose."""


class ConfigError(AggregatorError):
    """One thing wrong in the configuration.

    ``path`` is the file as the operator named it, ``key`` the dotted key (``source[3].url``), ``line`` counts from 1
    (0: unknown), ``hint`` says how to mend it.
    """

    def __init__(self, message: str, *, path: str = "", key: str = "", line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.path, self.key, self.line, self.hint = message, path, key, line, hint

    def __str__(self) -> str:
        place = ":".join(filter(None, (self.path, str(self.line) if self.line else "")))
        head = ": ".join(filter(None, (place, self.key, self.message)))
        return f"{head}\n    {self.hint}" if self.hint else head


class RuleSyntaxError(ConfigError):
    """One thing wrong in a query. ``query_line`` and ``column`` count from 1 within its text; ``length`` is in characters."""

    def __init__(
        self, message: str, *, query: str, query_line: int, column: int, length: int = 1, hint: str = "", **place: str
    ) -> None:
        super().__init__(message, hint=hint, path=place.get("path", ""), key=place.get("key", ""))
        self.query, self.query_line, self.column, self.length = query, query_line, column, max(1, length)


class ConfigErrors(AggregatorError):  # noqa: N818 - the plural of ConfigError
    """Every error of a configuration, in the order of files and lines."""

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


class StoreError(AggregatorError):
    """The store cannot do what was asked."""


class NotFound(StoreError):  # noqa: N818 - the architecture's name
    """There is no row of that name or id."""


class Conflict(StoreError):  # noqa: N818 - the architecture's name
    """Somebody else did it first, or holds the lock."""
