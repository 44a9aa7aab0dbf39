"""Every word of our own in a mail: what a language has to have. The tables are in modules of their own, one per language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aggregator.model.anomaly import Subject
from aggregator.model.page import FailureKind

MINUS = "\u2212"
NO_BREAK = "\u00a0"
LATIN_DIGITS = "0123456789"
MANIFOLD = 900
"""A rise in per cent from which on nobody reads it as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language. Nothing has a default: a table that lacks a word is none.

    Counted nouns are tuples of plural forms with ``{n}``; ``plural`` picks the form of a number. ``write_day`` writes a
    date, with its year if the second argument says so. ``rise``, ``fall`` and ``level`` are percentages with ``{n}`` and
    ``{gap}``, the space before the sign; ``manifold`` is how many times as many. ``notes`` translates the sentences that are
    stored with articles, see ``retell``.
    """

    language: str
    plural: Callable[[int], int]
    write_day: Callable[[date, bool], str]
    dated_clock: str
    digits: str
    thousands: str
    quote: str
    comma: str
    semicolon: str
    colon: str
    rise: str
    fall: str
    level: str
    manifold: str
    languages: Mapping[str, str]
    failures: Mapping[FailureKind, str]
    subjects: Mapping[Subject, str]
    notes: Mapping[str, str]

    articles: tuple[str, ...]
    stories: tuple[str, ...]
    outlets: tuple[str, ...]
    new_stories: tuple[str, ...]
    days_ago: tuple[str, ...]
    copies: tuple[str, ...]
    more_stories: tuple[str, ...]
    more_rules: tuple[str, ...]
    other_rules: tuple[str, ...]
    more_sources: tuple[str, ...]
    more_outlets: tuple[str, ...]
    changes: tuple[str, ...]
    more_changed: tuple[str, ...]
    earlier_changes: tuple[str, ...]
    failing: tuple[str, ...]
    gap: tuple[str, ...]
    missed: tuple[str, ...]

    digest_of: str
    clipping_of: str
    alert: str
    alert_of: str
    window: str
    versus: str
    bars: str
    bars_now: str
    top_stories: str
    stories_of_rule: str
    new: str
    continuing: str
    also_in: str
    more_on: str
    wording: str
    shown_above: str
    undated: str
    untitled: str
    nothing: str
    no_matches: str
    changed: str
    watched_by: str
    new_outlets: str
    first_under: str
    quiet: str
    usual: str
    health: str
    silent: str
    gaps: str
    unusual: str
    spike: str
    silence: str
    spike_of: str
    silence_of: str
    expected: str
    usually: str
    within: str
    blind: str
    away: str
    between: str
    since: str
    next_try: str
    others: str
    follows: str
    now_in: str
    over_cap: str
    of_storm: str
    unanswered: str
    acknowledge: str
    snooze: str
    urgent: str
    why_digest: str
    why_alert: str
    change: str
    view: str
    edit_rules: str
    pause: str
    unsubscribe: str

    def number(self, n: int) -> str:
        """``1,204`` in the language's digits."""
        return self.localised(f"{n:,}".replace(",", self.thousands))

    def localised(self, text: str) -> str:
        """``text`` with its digits written in the language's own."""
        return text if self.digits == LATIN_DIGITS else text.translate(str.maketrans(LATIN_DIGITS, self.digits))

    def count(self, forms: tuple[str, ...], n: int, **more: str) -> str:
        """``forms`` for the number ``n``: ``1,204 articles``; ``more`` fills what else a form asks for."""
        return forms[self.plural(n)].format(n=self.number(n), **more)

    def day(self, day: date) -> str:
        """``Tue 24 Nov``."""
        return self.write_day(day, False)  # noqa: FBT003

    def full_day(self, day: date) -> str:
        """``Tue 24 Nov 2026``."""
        return self.write_day(day, True)  # noqa: FBT003

    def clock(self, at: datetime) -> str:
        """``08:12``."""
        return self.localised(f"{at:%H:%M}")

    def moment(self, at: datetime, *, today: date | None = None, has_time: bool = True) -> str:
        """``08:12`` on ``today``, else ``Mon 23 Nov 08:12``, with the year if it is another; the date alone without a time."""
        this_year = today is None or at.year == today.year
        dated = self.day(at) if this_year else self.full_day(at)
        if not has_time:
            return dated
        return self.clock(at) if at.date() == today else self.dated_clock.format(day=dated, clock=self.clock(at))

    def percent(self, trend: int, gap: str = NO_BREAK) -> str:
        """``+37 %``, ``−12 %``, ``±0 %``, from ten times on ``×10``; the no-break space in it is ``gap``."""
        if trend >= MANIFOLD:
            return self.manifold.format(n=self.number(1 + round(trend / 100)))
        form = self.rise if trend > 0 else self.fall if trend < 0 else self.level
        return form.format(n=self.number(abs(trend)), gap=gap)

    def language_name(self, code: str) -> str:
        """``Persian`` for ``fa``; an unknown code is shown as it is."""
        return self.languages.get(code, code)

    def quoted(self, text: str) -> str:
        """``text`` in the language's quotation marks."""
        return self.quote.format(text)
