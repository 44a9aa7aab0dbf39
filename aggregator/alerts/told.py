"""What a reader knows of a story: read from what became of its matches, wherever its articles stand now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.model.alert import Earlier


@dataclass(frozen=True, slots=True)
class ToldStory:
    """What a reader was told of a story under a rule. ``outlets`` are those of the first mail, ``grown`` that a second went."""

    first: datetime
    last: datetime
    outlets: frozenset[str]
    everywhere: frozenset[str]
    grown: bool
    notice: int


def told_story(earlier: Sequence[Earlier]) -> ToldStory | None:
    """Of a story's earlier matches under one rule; None if no mail told of it."""
    sent = [each for each in earlier if each.notice]
    if not sent:
        return None
    first = min(sent, key=lambda each: (each.at, each.notice))
    notices = {each.notice for each in sent if each.told}
    return ToldStory(
        first=first.at,
        last=max(each.at for each in sent),
        outlets=frozenset(each.source for each in sent if each.notice == first.notice),
        everywhere=frozenset(each.source for each in earlier),
        grown=len(notices | {first.notice}) > 1,
        notice=first.notice,
    )
