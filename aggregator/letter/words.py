"""Every word of our own in a mail, in one table per language. To add a language, write its table and enter it in ``TABLES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aggregator.model.anomaly import Subject
from aggregator.model.page import FailureKind

MINUS = "\u2212"
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. Counted nouns are tuples of plural forms with ``{n}``; ``plural`` picks the form of a number."""

    language: str
    plural: Callable[[int], int]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    languages: Mapping[str, str]
    failures: Mapping[FailureKind, str]
    subjects: Mapping[Subject, str]
    articles: tuple[str, ...]
    stories: tuple[str, ...]
    outlets: tuple[str, ...]
    days_ago: tuple[str, ...]
    copies: tuple[str, ...]
    more_stories: tuple[str, ...]
    more_rules: tuple[str, ...]
    other_rules: tuple[str, ...]
    more_sources: tuple[str, ...]
    changes: tuple[str, ...]
    more_changed: tuple[str, ...]
    earlier_changes: tuple[str, ...]
    failing: tuple[str, ...]
    gap: tuple[str, ...]
    missed: tuple[str, ...]
    digest_of: str = "{instance}: digest of {day}"
    alert: str = "ALERT"
    alert_of: str = "{instance}: alert of {day}"
    versus: str = "{percent} vs 7-day median"
    bars: str = "articles a day, oldest first: {days}"
    bars_now: str = "in this digest: {now}"
    also_in: str = "Also in"
    more_on: str = "More on this"
    wording: str = "Named here"
    shown_above: str = "Also matches {rule}, above."
    undated: str = "no date given"
    untitled: str = "(no headline)"
    nothing: str = "Nothing matched in this window."
    no_matches: str = "No matches"
    changed: str = "Changed after publication"
    watched_by: str = "Watched by"
    quiet: str = "No matches for"
    usual: str = "usually {n} a day"
    health: str = "Sources that cannot be read"
    gaps: str = "Entries that we missed"
    unusual: str = "Unusual volumes"
    spike: str = "{counted} in the 24 hours to {at}, usually {usual}"
    silence: str = "{counted} in the 24 hours to {at}, expected {usual}"
    spike_of: str = "SPIKE"
    silence_of: str = "SILENCE"
    expected: str = "expected {usual}"
    usually: str = "usually {usual}"
    blind: str = "What these outlets published meanwhile is missing from this mail."
    since: str = "since {at}"
    next_try: str = "next try {at}"
    others: str = "and {n} more"
    now_in: str = "Told before, now in {counted}: {headline}"
    over_cap: str = "{rule}: and {counted} more, in your next digest"
    of_storm: str = "What came with it stands in your next digest."
    unanswered: str = "“{recipient}” has not acknowledged this."
    acknowledge: str = "Acknowledge:"
    urgent: str = "URGENT"
    why_digest: str = "You get this digest because {instance} lists you as the reader “{recipient}”."
    why_alert: str = "You get this alert because {instance} lists you as the reader “{recipient}”, with alerts on."
    change: str = "To change rules, days or hours, or to stop it, ask whoever runs {instance} to edit the reader “{recipient}”."

    def count(self, forms: tuple[str, ...], n: int) -> str:
        """``forms`` for the number ``n``, written with a thousands comma: ``1,204 articles``."""
        return forms[self.plural(n)].format(n=f"{n:,}")

    def day(self, day: date) -> str:
        """``Tue 24 Nov``."""
        return f"{self.weekdays[day.weekday()]} {day.day} {self.months[day.month - 1]}"

    def full_day(self, day: date) -> str:
        """``Tue 24 Nov 2026``."""
        return f"{self.day(day)} {day.year}"

    def moment(self, at: datetime, *, today: date | None = None, has_time: bool = True) -> str:
        """``08:12`` on ``today``, else ``Mon 23 Nov 08:12``, with the year if it is another; the date alone without a time."""
        this_year = today is None or at.year == today.year
        dated = self.day(at) if this_year else self.full_day(at)
        if not has_time:
            return dated
        clock = f"{at:%H:%M}"
        return clock if at.date() == today else f"{dated} {clock}"

    def percent(self, trend: int, gap: str = NO_BREAK) -> str:
        """``+37 %``, ``−12 %``, ``±0 %``; the no-break space in it is ``gap``."""
        sign = "+" if trend > 0 else MINUS if trend < 0 else "±"
        return f"{sign}{abs(trend):,}{gap}%"

    def language_name(self, code: str) -> str:
        """``Persian`` for ``fa``; an unknown code is shown as it is."""
        return self.languages.get(code, code)


ENGLISH = Words(
    language="en",
    plural=lambda n: 0 if n == 1 else 1,
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    languages={
        "ar": "Arabic", "az": "Azerbaijani", "bn": "Bengali", "ckb": "Sorani Kurdish", "cs": "Czech", "da": "Danish",
        "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French",
        "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian",
        "ja": "Japanese", "ka": "Georgian", "ko": "Korean", "ku": "Kurdish", "nl": "Dutch", "no": "Norwegian",
        "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sq": "Albanian",
        "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "ug": "Uyghur", "uk": "Ukrainian", "ur": "Urdu",
        "vi": "Vietnamese", "zh": "Chinese",
    },
    failures={
        FailureKind.BLOCKED: "refused by our own guard",
        FailureKind.DNS: "its name does not resolve",
        FailureKind.CONNECT: "no connection",
        FailureKind.TLS: "its certificate or encryption is broken",
        FailureKind.TIMEOUT: "no answer in time",
        FailureKind.PROTOCOL: "broken answers",
        FailureKind.REDIRECTS: "redirects without end",
        FailureKind.HTTP: "answers with an error",
        FailureKind.TOO_BIG: "too big",
        FailureKind.ENCODING: "unreadable encoding",
        FailureKind.TRUNCATED: "broken off",
        FailureKind.NOT_A_FEED: "no feed",
        FailureKind.NOT_A_PAGE: "no page",
        FailureKind.CHALLENGE: "wants to see a human",
        FailureKind.ROBOTS: "asks robots to stay away",
        FailureKind.CRASHED: "cannot be taken apart",
    },
    subjects={Subject.RULE: "rule", Subject.ENTITY: "entity", Subject.SOURCE: "source"},
    articles=("{n} article", "{n} articles"),
    stories=("{n} story", "{n} stories"),
    outlets=("{n} outlet", "{n} outlets"),
    days_ago=("published {n} day ago", "published {n} days ago"),
    copies=("+{n} more article", "+{n} more articles"),
    more_stories=("+{n} more story", "+{n} more stories"),
    more_rules=("+{n} more rule with matches", "+{n} more rules with matches"),
    other_rules=("+{n} more rule", "+{n} more rules"),
    more_sources=("+{n} more source", "+{n} more sources"),
    changes=("{n} article changed after publication", "{n} articles changed after publication"),
    more_changed=("+{n} more changed article", "+{n} more changed articles"),
    earlier_changes=("+{n} earlier change", "+{n} earlier changes"),
    gap=(
        "about {n} entry, published between {{after}} and {{before}}, scrolled out before we came",
        "about {n} entries, published between {{after}} and {{before}}, scrolled out before we came",
    ),
    failing=("{n} source cannot be read", "{n} sources cannot be read"),
    missed=(
        "No digest went out on {n} day before this one; this mail covers that day as well.",
        "No digest went out on {n} days before this one; this mail covers them as well.",
    ),
)  # fmt: skip

TABLES: Mapping[str, Words] = {"en": ENGLISH}


def words_of(language: str) -> Words:
    """The table of ``language``, or the English one as long as nobody has written it."""
    return TABLES.get(language, ENGLISH)
