"""The mail that tells of a channel that was switched off."""

from __future__ import annotations

from html import escape

from aggregator.letter import subject_line, tidy, wrapped
from aggregator.model.channel import Channel
from aggregator.model.delivery import Letter


def switched_off(channel: Channel, reason: str, *, instance: str) -> Letter:
    """To the owner: what happened, why, and what to do. Nothing is lost meanwhile."""
    subject = subject_line(f"[{tidy(instance, 40)}] {channel.kind} {channel.slug} was switched off")
    what_to_do = (
        "What it is owed from now on is kept as long as sent messages are. When it works again, "
        f"`aggregator channel test {channel.slug}` says so, and `aggregator channel enable {channel.slug}` sends what waits; "
        f"`aggregator channel replay {channel.slug}` sends what was given up before."
    )
    said = (
        f"The {channel.kind} {channel.slug} was switched off: {tidy(reason, 400)}",
        what_to_do,
        f"You get this mail as the owner of {channel.slug} in {tidy(instance, 60)}.",
    )
    text = "\n".join(line for sentence in said for line in (*wrapped(sentence), ""))
    html = "".join(f"<p>{escape(sentence)}</p>\n" for sentence in said)
    return Letter(
        subject, text, f'<!doctype html>\n<html lang="en"><title>{escape(subject)}</title>\n<body>\n{html}</body></html>\n'
    )
