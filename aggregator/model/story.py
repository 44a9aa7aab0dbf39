"""A story as an analyst sees it: its texts, who copied them, and why each is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PlacedBy(StrEnum):
    """Who put a text into its story."""

    FIRST = "first"
    MACHINE = "machine"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class StoryMember:
    """An article of a text group. ``similarity`` is that to the likest copy known when it came, 0 for the first.

    Of what was moved by hand, it is that to the first.
    """

    article_id: int
    outlet: str
    title: str
    url: str
    seen_at: datetime
    published_at: datetime | None
    credit: str
    similarity: float


@dataclass(frozen=True, slots=True)
class TextEdit:
    """What an analyst did: ``split`` took articles out of ``other_id`` as a text ``group_id`` of their own, ``join`` put all
    articles of ``other_id`` into ``group_id``."""

    at: datetime
    verb: str
    group_id: int
    other_id: int
    article_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoryText:
    """A text group: ``members`` earliest first, ``original`` the id of the one that the others copy, ``evidence`` why so.

    ``words`` are those that it shares with the story, with their scores; they add up to ``score`` but for the lesser ones.
    ``edits`` are what was changed in it by hand, oldest first, in texts that were put into it as well.
    """

    group_id: int
    placed_by: PlacedBy
    score: float
    words: tuple[tuple[str, float], ...]
    original: int
    evidence: str
    members: tuple[StoryMember, ...]
    edits: tuple[TextEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryEdit:
    """What an analyst did: ``merge`` (``other_id`` went into ``story_id``), ``split`` (``story_id`` came out of ``other_id``)."""

    at: datetime
    verb: str
    story_id: int
    other_id: int


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story in a list, under the title of its first article."""

    story_id: int
    title: str
    language: str
    begun_at: datetime
    newest_at: datetime
    articles: int
    texts: int
    outlets: int


@dataclass(frozen=True, slots=True)
class StoryDossier:
    """All of a story."""

    line: StoryLine
    texts: tuple[StoryText, ...]
    edits: tuple[StoryEdit, ...]
