"""The HTML that our mails are written on: one Jinja environment with autoescape."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from aggregator.letter.isolation import CLOSE, OPEN, safe_url, tidy
from aggregator.letter.plain import own_links
from aggregator.letter.stories import by_group, further_groups, naming, standing, story_facts, trim
from aggregator.letter.words import Words
from aggregator.model.delivery import Links, StoryBlock

MOST_BYTES = 90_000
"""Target for the decoded HTML of a mail: Gmail clips it at about 102 kB."""


def isolated(text: str) -> Markup:
    """A sentence of ours as HTML: each name in it, which stands between U+2068 and U+2069 (see ``named``), in a ``bdi``."""
    return Markup(str(escape(text)).replace(OPEN, "<bdi>").replace(CLOSE, "</bdi>"))  # noqa: S704 - it is escaped


@cache
def stationery(package: str) -> Environment:
    """The environment for the templates of ``package``, with those of this room to extend and import. Autoescape is always on."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("aggregator.letter")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(tidy=tidy, href=safe_url, isolated=isolated)
    environment.globals.update(
        by_group=by_group, further_groups=further_groups, naming=naming, standing=standing, own_links=own_links, links=Links()
    )
    return environment


class Stories:
    """Stories as HTML for one mail. Each is written once, however often the mail that it stands in is tried; so is each cut."""

    def __init__(self, today: date, words: Words) -> None:
        facts = partial(story_facts, today=today, words=words)
        module: Any = stationery("aggregator.letter").get_template("story.html").make_module({"w": words, "facts": facts})
        self._write: Callable[[StoryBlock], str] = module.story
        self._cuts: dict[tuple[int, int, int], tuple[StoryBlock, StoryBlock]] = {}
        self._written: dict[int, tuple[StoryBlock, str]] = {}

    def cut(self, block: StoryBlock, *, also: int, fragments: int) -> StoryBlock:
        """See ``trim``."""
        key = (id(block), also, fragments)  # what is kept beside it keeps the id its own
        if key not in self._cuts:
            self._cuts[key] = (block, trim(block, also=also, fragments=fragments))
        return self._cuts[key][1]

    def html(self, block: StoryBlock) -> str:
        """The story, escaped."""
        if id(block) not in self._written:
            self._written[id(block)] = (block, self._write(block))
        return self._written[id(block)][1]


def write_html(package: str, template: str, **content: object) -> str:
    """``template`` of ``package`` filled with ``content``; indentation and empty lines are dropped, they only cost bytes."""
    page = stationery(package).get_template(template).render(**content)
    return "".join(f"{line}\n" for line in (line.strip(" ") for line in page.split("\n")) if line)


def first_fitting(steps: int, html: Callable[[int], str], *, likely: bool = True) -> int:
    """The first of ``steps`` ways to write a mail, each shorter than the one before, whose HTML fits; the last if none does.

    ``likely``: most mails of this kind fit as they are, so that is tried first.
    """

    def fits(step: int) -> bool:
        return len(html(step).encode()) <= MOST_BYTES

    return 0 if likely and fits(0) else bisect_left(range(steps - 1), x=True, key=fits)
