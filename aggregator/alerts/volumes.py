"""How an alert of spikes and silences looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator.letter import (
    WIDTH,
    VolumeLine,
    Words,
    named,
    subject_line,
    tidy,
    usual,
    volume_line,
    words_of,
    wrapped,
    write_html,
)
from aggregator.model.anomaly import Anomaly, AnomalyKind
from aggregator.model.delivery import Letter, Recipient
from aggregator.text import direction

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _Page:
    heading: str
    title: str
    lines: tuple[VolumeLine, ...]
    left_out: str
    note: str
    footer: tuple[str, ...]


def render_volumes(
    anomalies: Sequence[Anomaly], recipient: Recipient, *, instance: str, now: datetime, in_digest: bool = False
) -> Letter:
    """One mail with ``anomalies`` (one or more), with times in the reader's zone; fifty at most are shown, the others counted.

    ``in_digest``: they are storms, and what came with them stands in the digest.
    """
    zone = ZoneInfo(recipient.timezone)
    words, today = words_of(recipient.language), now.astimezone(zone).date()
    local = [replace(anomaly, until=anomaly.until.astimezone(zone)) for anomaly in anomalies]
    said = {"instance": named(instance, 60), "recipient": named(recipient.slug, 80)}
    page = _Page(
        heading=words.alert_of.format(**said, day=words.full_day(today)),
        title=words.unusual,
        lines=tuple(volume_line(anomaly, today, words) for anomaly in local[:MOST_SHOWN]),
        left_out=words.others.format(n=f"{len(local) - MOST_SHOWN:,}") if len(local) > MOST_SHOWN else "",
        note=words.of_storm if in_digest else "",
        footer=(words.why_alert.format(**said), words.change.format(**said)),
    )
    subject = _subject(local, instance, words)
    html = write_html(
        "aggregator.alerts",
        "volumes.html",
        page=page,
        subject=subject,
        preheader=" · ".join(f"{line.name}: {line.facts}" for line in page.lines[:3]),
        footer=page.footer,
        language=recipient.language,
        direction=direction(recipient.language),
        w=words,
    )
    return Letter(subject=subject, text=_text(page), html=html)


def _subject(anomalies: Sequence[Anomaly], instance: str, words: Words) -> str:
    """``[{instance}] SILENCE Jamaran: 0 articles, expected 14``, and how many more."""
    first = anomalies[0]
    spike = first.kind is AnomalyKind.SPIKE
    kind, against = (words.spike_of, words.usually) if spike else (words.silence_of, words.expected)
    said = f"{kind} {tidy(first.name or first.slug, 60)}: {words.count(words.articles, first.count)}"
    said += f", {against.format(usual=usual(first))}"
    if len(anomalies) > 1:
        said += f" … {words.others.format(n=f'{len(anomalies) - 1:,}')}"
    return subject_line(f"[{tidy(instance, 40)}] {said}", 240)


def _text(page: _Page) -> str:
    lines = [*wrapped(page.heading), "", "=" * WIDTH, page.title, ""]
    for line in page.lines:
        lines += wrapped(f"{named(line.name)} · {line.facts}", "  ", "- ")
    lines += ["", *([page.left_out, ""] if page.left_out else []), *([page.note, ""] if page.note else []), "-" * WIDTH]
    for sentence in page.footer:
        lines += wrapped(sentence)
    return "\n".join(lines) + "\n"
