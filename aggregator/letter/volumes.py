"""Spikes and silences as every mail tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aggregator.letter.isolation import tidy
from aggregator.letter.words import Words
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject, spread
from aggregator.model.delivery import Recipient


@dataclass(frozen=True, slots=True)
class VolumeLine:
    """One spike or silence: whose, and what is said of it."""

    name: str
    facts: str


def volume_line(anomaly: Anomaly, today: date, words: Words) -> VolumeLine:
    """``Jamaran · source · 0 articles in the 24 hours to 06:00, expected 14 ± 4``; ``until`` is in the reader's zone already."""
    told = words.spike if anomaly.kind is AnomalyKind.SPIKE else words.silence
    counted = words.count(words.articles, anomaly.count)
    stray = words.number(round(spread(anomaly.usual, anomaly.baseline))) if anomaly.baseline else ""
    usual = words.within.format(n=_usual(anomaly, words), spread=stray) if stray else _usual(anomaly, words)
    said = told.format(counted=counted, at=words.moment(anomaly.until, today=today), usual=usual)
    return VolumeLine(tidy(anomaly.name or anomaly.slug, 120), f"{words.subjects[anomaly.subject]} · {said}")


def volume_subject(anomalies: Sequence[Anomaly], words: Words) -> str:
    """``SILENCE Jamaran: 0 articles, expected 14``, and how many more: what a subject says of one or more."""
    first = anomalies[0]
    spike = first.kind is AnomalyKind.SPIKE
    kind, against = (words.spike_of, words.usually) if spike else (words.silence_of, words.expected)
    said = f"{kind} {tidy(first.name or first.slug, 60)}{words.colon}{words.count(words.articles, first.count)}"
    said += words.comma + against.format(usual=_usual(first, words))
    return f"{said} … {words.others.format(n=words.number(len(anomalies) - 1))}" if len(anomalies) > 1 else said


def _usual(anomaly: Anomaly, words: Words) -> str:
    return words.number(round(anomaly.usual))


def concerns(anomaly: Anomaly, recipient: Recipient) -> bool:
    """Whether a reader is told: of the rules that he follows; of entities and sources if he follows all rules."""
    return recipient.follows(anomaly.slug) if anomaly.subject is Subject.RULE else "*" in recipient.rules


def of_reader(anomalies: Sequence[Anomaly], recipient: Recipient) -> tuple[Anomaly, ...]:
    """What a reader is told: silences of sources first, then by how far they are from the usual."""
    own = [anomaly for anomaly in anomalies if concerns(anomaly, recipient)]
    return tuple(
        sorted(own, key=lambda item: (item.subject is not Subject.SOURCE, -abs(item.count - item.usual), item.subject, item.slug))
    )
