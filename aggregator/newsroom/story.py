"""Stories, and the shelves they stand on: in the order of their instants, visible once the clock has passed them."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Protocol

from aggregator.newsroom.outlet import Profile

_OFFSET = re.compile(r"([+-])(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True, slots=True)
class Story:
    """One story of one outlet. ``path`` is its place on the site; ``paragraphs`` are plain text.

    ``topics`` are the slugs of the sample rules that are meant to find it. ``private`` stories lie where the outlet's
    robots.txt (RFC 9309) lets no crawler go.
    """

    at: datetime
    path: str
    title: str
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    private: bool = False

    @property
    def text(self) -> str:
        """The plain text, paragraphs separated by one newline."""
        return "\n".join(self.paragraphs)


class Shelf(Protocol):
    """Where an outlet keeps its stories."""

    def published(self, now: datetime) -> int:
        """How many stories are out at this instant."""
        ...

    def path(self, index: int) -> str:
        """The place of a story, counted from the oldest (0)."""
        ...

    def story(self, index: int) -> Story:
        """A story, counted from the oldest (0)."""
        ...

    def find(self, path: str, now: datetime) -> Story | None:
        """The published story at a path."""
        ...

    def add(self, story: Story) -> None:
        """Put one more story up. Raises ValueError where that is not possible, or its path is taken."""
        ...


class WrittenShelf:
    """Stories that somebody wrote; more can be added at run time."""

    def __init__(self, stories: Sequence[Story]) -> None:
        self._stories: list[Story] = []
        self._paths: dict[str, Story] = {}
        for story in stories:
            self.add(story)

    def published(self, now: datetime) -> int:
        """How many stories are out at this instant."""
        return bisect_right(self._stories, now, key=_instant)

    def path(self, index: int) -> str:
        """The place of a story, counted from the oldest (0)."""
        return self._stories[index].path

    def story(self, index: int) -> Story:
        """A story, counted from the oldest (0)."""
        return self._stories[index]

    def find(self, path: str, now: datetime) -> Story | None:
        """The published story at a path."""
        story = self._paths.get(path)
        return story if story and story.at <= now else None

    def add(self, story: Story) -> None:
        """Put one more story up. Raises ValueError if its path is taken."""
        if story.path in self._paths:
            raise ValueError(f"there is a story at {story.path} already; choose another title or slug")
        self._paths[story.path] = story
        insort(self._stories, story, key=_instant)


def _instant(story: Story) -> datetime:
    return story.at


def written_shelf(profile: Profile, start: datetime) -> WrittenShelf:
    """The stories of a written outlet, dated relative to ``start``."""
    return WrittenShelf([_from_row(profile, row, start) for row in _rows(profile.slug)])


def _rows(outlet: str) -> list[dict[str, Any]]:
    stories: list[dict[str, Any]] = tomllib.loads(_read(outlet))["story"]
    return stories


def _read(outlet: str) -> str:
    return files(__package__).joinpath("stories", f"{outlet}.toml").read_text("utf-8")


def _from_row(profile: Profile, row: Mapping[str, Any], start: datetime) -> Story:
    at = start + offset(row["at"])
    private = row.get("private", False)
    path = profile.path_of(row["slug"], at)
    return Story(
        at=at,
        path=f"/private{path}" if private else path,
        title=row["title"],
        paragraphs=_syndicated(row) if "copy_of" in row else _paragraphs(row["text"]),
        authors=tuple(row.get("authors", ())),
        tags=tuple(row.get("tags", ())),
        topics=tuple(row.get("topics", ())),
        private=private,
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    """Blank lines separate paragraphs; other line breaks are only for whoever reads the file."""
    return tuple(" ".join(block.split("\n")).strip() for block in text.strip().split("\n\n"))


def _syndicated(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Another outlet's story as its customers print it: without its last paragraph, with a line of credit."""
    outlet, slug = row["copy_of"].split("/")
    original = next(other for other in _rows(outlet) if other["slug"] == slug)
    return (*_paragraphs(original["text"])[:-1], row["credit"])


def offset(text: str) -> timedelta:
    """Read ``-52h10m`` or ``+20s``. Raises ValueError for anything else."""
    found = _OFFSET.fullmatch(text)
    if not found or not any(found.groups()[1:]):
        raise ValueError(f"{text!r} is no offset; write it like -52h10m or +20s")
    sign, *parts = found.groups(default="0")
    hours, minutes, seconds = map(int, parts)
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -length if sign == "-" else length
