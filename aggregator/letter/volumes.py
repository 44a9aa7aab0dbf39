"""Spikes and silences as every mail tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aggregator.letter.paper import tidy
from aggregator.letter.words import Words
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject
from aggregator.model.delivery import Recipient


@dataclass(frozen=True, slots=True)
class VolumeLine:
    """One spike or silence: whose, and what is said of it."""

    name: str
    facts: str


def volume_line(anomaly: Anomaly, today: date, words: Words) -> VolumeLine:
    """``Jamaran · source · 0 articles in the 24 hours to 06:00, expected 14``; ``until`` is in the reader's zone already."""
    told = words.spike if anomaly.kind is AnomalyKind.SPIKE else words.silence
    counted = words.count(words.articles, anomaly.count)
    said = told.format(counted=counted, at=words.moment(anomaly.until, today=today), usual=usual(anomaly))
    return VolumeLine(tidy(anomaly.name or anomaly.slug, 120), f"{words.subjects[anomaly.subject]} · {said}")


def usual(anomaly: Anomaly) -> str:
    """The usual volume as a whole number."""
    return f"{round(anomaly.usual):,}"


def concerns(anomaly: Anomaly, recipient: Recipient) -> bool:
    """Whether a reader is told: of the rules that he follows; of entities and sources if he follows all rules."""
    return recipient.follows(anomaly.slug) if anomaly.subject is Subject.RULE else "*" in recipient.rules


def of_reader(anomalies: Sequence[Anomaly], recipient: Recipient) -> tuple[Anomaly, ...]:
    """What a reader is told: silences of sources first, then by how far they are from the usual."""
    own = [anomaly for anomaly in anomalies if concerns(anomaly, recipient)]
    return tuple(
        sorted(own, key=lambda item: (item.subject is not Subject.SOURCE, -abs(item.count - item.usual), item.subject, item.slug))
    )
