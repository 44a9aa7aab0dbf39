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
    said,
    subject_line,
    tidy,
    volume_line,
    volume_subject,
    words_of,
    write_html,
)
from aggregator.model.anomaly import Anomaly
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
    told = {"instance": named(instance, 60), "recipient": named(recipient.slug, 80)}
    page = _Page(
        heading=words.alert_of.format(**told, day=words.full_day(today)),
        title=words.unusual,
        lines=tuple(volume_line(anomaly, today, words) for anomaly in local[:MOST_SHOWN]),
        left_out=words.others.format(n=words.number(len(local) - MOST_SHOWN)) if len(local) > MOST_SHOWN else "",
        note=words.of_storm if in_digest else "",
        footer=(words.why_alert.format(**told), words.change.format(**told)),
    )
    told_of = f"[{tidy(instance, 40)}] {volume_subject(local, words)}"
    subject = subject_line(told_of, 240, way=direction(words.language))
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
    return Letter(subject=subject, text=_text(page, words), html=html)


def _text(page: _Page, words: Words) -> str:
    lines = [*said(page.heading, words), "", "=" * WIDTH, *said(page.title, words), ""]
    for line in page.lines:
        lines += said(f"{named(line.name)} · {line.facts}", words, "  ", "- ")
    lines.append("")
    for more in filter(None, (page.left_out, page.note)):
        lines += [*said(more, words), ""]
    lines.append("-" * WIDTH)
    for sentence in page.footer:
        lines += said(sentence, words)
    return "\n".join(lines) + "\n"
