"""From a file to typed values: one ``Document`` per file, which collects its errors with key and line as it goes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aggregator.config.forms import Form
from aggregator.config.locate import Places, Route
from aggregator.config.values import did_you_mean, kind, shorten, which_of
from aggregator.errors import ConfigError

F = TypeVar("F", bound=Form)

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HOMES = {
    "source": "sources.toml",
    "defaults": "sources.toml",
    "entity": "entities.toml",
    "rule": "rules.toml",
    "recipient": "recipients.toml",
    "webhook": "channels.toml",
    "chat": "channels.toml",
}
_WANTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list in brackets",
    "model_type": "a table",
}
_EXAMPLES = {
    "string_type": 'put the value in quotes: "…"',
    "bool_type": "write true or false, without quotes",
    "int_type": "write the number without quotes",
    "tuple_type": 'write ["one", "two"]',
}


class Document:
    """One TOML file. ``path`` is the file as the operator named it; a file that is not there counts as empty.

    ``content`` stands for the file's bytes if it is given. ``broken`` tells that nothing could be read; ``errors`` grows
    while the document is checked.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = str(path)
        self.errors: list[ConfigError] = []
        self._noted: set[tuple[Route, str]] = set()
        self.data: dict[str, Any] = {}
        self.broken = self.missing = False
        self._text = ""
        try:
            self._parse((path.read_bytes() if content is None else content).decode("utf-8-sig"))
        except FileNotFoundError:
            self.missing = True
        except OSError as error:
            self._fail(f"cannot be read: {error.strerror}", 0, "check the owner and the mode of the file and its folder")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._fail(f"is not UTF-8 text (byte 0x{error.object[error.start]:02x})", line, "save the file as UTF-8")

    def _parse(self, text: str) -> None:
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = _PLACE.search(str(error))
            message = _PLACE.sub("", str(error))
            line, column = (int(place[1]), int(place[2])) if place and place[1] else _end(text)
            self._fail(f"column {column}: {message}", line, _syntax_hint(message))
        except RecursionError:
            self._fail("is nested too deeply", 0, "no key of this file needs more than two levels")
        else:
            self._text = text

    @cached_property
    def _places(self) -> Places:
        return Places(self._text)  # only files with errors are scanned

    def _fail(self, message: str, line: int, hint: str) -> None:
        self.broken = True
        self.errors.append(ConfigError(message, path=self.path, line=line, hint=hint))

    def add(self, route: Route, message: str, hint: str = "") -> None:
        """Note an error at ``route``, once."""
        if (route, message) not in self._noted:
            self._noted.add((route, message))
            self.errors.append(ConfigError(message, path=self.path, key=self.key(route), line=self.line(route), hint=hint))

    def line(self, route: Route) -> int:
        """The line where ``route`` stands."""
        return self._places.line(route)

    def within(self, route: Route, offset: int) -> tuple[int, int]:
        """The line and column of character ``offset`` (from 0) of the string at ``route``."""
        return self._places.within(route, offset)

    def key(self, route: Route) -> str:
        """``route`` as people read it: ``fetch.deadline``, ``rule["mek"].query``, ``source[2].url`` (no slug)."""
        words = ""
        here: Any = self.data
        for part in route:
            here = _step(here, part)
            if isinstance(part, str):
                words += f".{part}" if re.fullmatch(r"[\w-]+", part) else f'."{shorten(part)}"'
            elif isinstance(here, dict) and isinstance(name := here.get("slug"), str) and name:
                words += f'["{shorten(name)}"]'
            else:
                words += f"[{part + 1}]"
        return words.removeprefix(".")

    def table(self, name: str) -> dict[str, Any]:
        """The table ``[name]``; empty if it is missing or something else (which is then an error)."""
        found = self.data.get(name, {})
        if isinstance(found, dict):
            return found
        hint = (
            f"write [{name}] with single brackets, once"
            if isinstance(found, list)
            else f"write it as [{name}] on a line of its own"
        )
        self.add((name,), f"must be a table, not {kind(found)}", hint)
        return {}

    def tables(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        """The tables ``[[name]]`` with their indices; empty if it is missing or something else (which is then an error)."""
        found = self.data.get(name, [])
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return list(enumerate(found))
        hint = f"write [[{name}]] with double brackets, once for each"
        self.add((name,), f"must be a list of tables, not {kind(found)}", hint)
        return []

    def only(self, *known: str) -> None:
        """Refuse every top-level key but ``known``, and say of one of another file where it belongs."""
        for name in self.data:
            if name in known:
                continue
            home = _HOMES.get(name)
            otherwise = f"known here: {', '.join(known)}"
            self.add((name,), "unknown key", f"it belongs into {home}" if home else did_you_mean(name, known, otherwise))

    def check(self, form: type[F], table: dict[str, Any], route: Route, context: dict[str, Any] | None = None) -> F | None:
        """``table`` (at ``route``) as a ``form``, or None when it has errors, which are noted."""
        try:
            return form.model_validate(table, context=context)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                message, hint = _explain(problem, form)
                self.add((*route, *problem["loc"]), message, hint)
            return None


def items(document: Document, name: str, form: type[F], context: dict[str, Any] | None = None) -> list[F]:
    """The tables ``[[name]]`` that are right; the errors of the others, and every slug that stands twice, are noted."""
    found, routes = [], dict[str, Route]()
    for index, table in document.tables(name):
        route: Route = (name, index)
        if (item := document.check(form, table, route, context)) is not None:
            found.append(item)
        slug = table.get("slug")
        if isinstance(slug, str) and (first := routes.setdefault(slug, route)) is not route:
            line = document.line((*first, "slug"))
            document.add((*route, "slug"), f'"{slug}" stands on line {line} already', "slugs are unique; change one of the two")
    return found


def _end(text: str) -> tuple[int, int]:
    """Line and column just behind the last character."""
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def _step(here: Any, part: str | int) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        return None


def _syntax_hint(message: str) -> str:
    if message.startswith(("Invalid value", "Expected newline")):
        return 'text stands in quotes, a list in brackets: name = "Radio One", tags = ["a", "b"]'
    if "Unescaped '\\'" in message or "escape" in message:
        return "in double quotes a backslash starts an escape; single quotes take everything as it is"
    if "string" in message.lower() or "Illegal character" in message:
        return "close the quotes on the same line, or use ''' for text of several lines"
    if "overwrite" in message or "twice" in message:
        return "every key and every [table] stands once; only [[double brackets]] repeat"
    return ""


def _explain(problem: ErrorDetails, form: type[Form]) -> tuple[str, str]:
    """Message and hint for what pydantic found. No value is shown but of keys that hold no secrets."""
    what, context = problem["type"], problem.get("ctx", {})
    match what:
        case "refused":
            return context["message"], context["hint"]
        case "missing":
            return "is missing", f"add a line: {problem['loc'][-1]} = …"
        case "extra_forbidden":
            known = list(
                form.nested.get(str(problem["loc"][0]), form).model_fields if len(problem["loc"]) > 1 else form.model_fields
            )
            return "unknown key", did_you_mean(problem["loc"][-1], known, f"known here: {', '.join(known)}")
        case "enum":
            choices = [choice.strip("'") for choice in re.split(r", | or ", context["expected"])]
            return f"must be one of {context['expected']}", did_you_mean(problem["input"], choices)
        case "greater_than_equal":
            return f"{problem['input']} is out of range", f"at least {context['ge']:,}".replace(",", "_")
        case "less_than_equal":
            return f"{problem['input']} is out of range", f"at most {context['le']:,}".replace(",", "_")
        case "string_too_short" | "too_short":
            return "must not be empty", ""
        case "string_pattern_mismatch":
            return "must not contain blanks", ""
        case _ if what in _WANTED:
            return f"must be {_WANTED[what]}, not a value of type {kind(problem['input'])}", _EXAMPLES.get(what, "")
        case _:
            return problem["msg"], ""


def check_patterns(document: Document, route: Route, table: Mapping[str, Any], slugs: Sequence[str]) -> None:
    """A pattern among the ``rules`` of a table that follows no rule is an error; ``*`` is not, even before there is a rule."""
    patterns = table.get("rules")
    for place, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
        if not isinstance(pattern, str) or pattern == "*" or any(fnmatchcase(slug, pattern) for slug in slugs):
            continue
        document.add((*route, "rules", place), f'"{pattern}" matches no rule', which_of(pattern, "rules", slugs))
