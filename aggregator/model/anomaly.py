"""Volumes that are not as usual: spikes and silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import sqrt
from statistics import median

_NORMAL = 1.4826  # makes the median absolute deviation a standard deviation, for normal values


class Subject(StrEnum):
    """What is counted: a rule's matches, the articles that name an entity, a source's articles."""

    RULE = "rule"
    ENTITY = "entity"
    SOURCE = "source"


class AnomalyKind(StrEnum):
    """Much more than usual, or much less."""

    SPIKE = "spike"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Volume:
    """A subject's ``count`` in the 24 hours that end at ``until``, and in those before: ``before``, the latest first.

    ``before`` goes back as far as the subject is known for whole days; None stands for a day on which we saw nothing at all.
    """

    subject: Subject
    slug: str
    name: str
    count: int
    before: tuple[int | None, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A volume that is not as usual. ``usual`` is the median of ``baseline`` (counts of 24 hours each, the latest first)."""

    subject: Subject
    slug: str
    name: str
    kind: AnomalyKind
    count: int
    usual: float
    baseline: tuple[int, ...]
    until: datetime


def spread(usual: float, baseline: Sequence[int]) -> float:
    """How far volumes stray from ``usual``: the median absolute deviation of ``baseline``, as a standard deviation; never less
    than counting by chance has (Poisson)."""
    return max(_NORMAL * median(abs(count - usual) for count in baseline), sqrt(usual + 1))
