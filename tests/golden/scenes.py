"""The situations: what a reader may meet, from a day without news to one with five thousand matches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from aggregator.alerts import plan_alerts, render_alert, render_volumes
from aggregator.digest import compose, render_digest
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject
from aggregator.model.delivery import Letter, MatchedArticle, Recipient, RuleDigest, SourceGap, SourceTrouble, WatchedEdit
from aggregator.model.page import FailureKind
from tests.golden.press import CUSTOMS, DAY, DREDGING, FERRY, HARBOUR, LINKS, OUTLETS, READER, WINDOW, Press

HOUR = timedelta(hours=1)
AWAY = ((WINDOW[0] - 60 * HOUR, WINDOW[0] - 12 * HOUR), (WINDOW[0] + HOUR, WINDOW[0] + 1.5 * HOUR))
PERSIAN = replace(READER, name="آنا", language="fa", timezone="Asia/Tehran")
RULES = (HARBOUR, CUSTOMS, DREDGING, FERRY)
FAILING = (
    SourceTrouble("karst", "Karst Observer", FailureKind.HTTP, "403", WINDOW[0] - 30 * HOUR, WINDOW[1] + HOUR),
    SourceTrouble("quay", "Free Quay", FailureKind.DNS, "", WINDOW[0] + 5 * HOUR, WINDOW[1] + 3 * HOUR),
)
GAPS = (SourceGap("telegraph", "State Telegraph", 12, WINDOW[0] - 2 * HOUR, WINDOW[0] + 9 * HOUR),)
SILENT = Anomaly(Subject.SOURCE, "exile", "Exile Voice", AnomalyKind.SILENCE, 0, 14.0, (14, 10, 18, 15, 11), WINDOW[1])
SPIKE = Anomaly(Subject.RULE, "harbour", "Free Harbour Movement", AnomalyKind.SPIKE, 62, 9.0, (9, 8, 11, 7, 9), WINDOW[1])
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\r\nBcc: x@example.org\x00\u2028\u202e\u2069</p></div><!--'


def digest(
    items: Sequence[MatchedArticle] = (),
    rules: Sequence[RuleDigest] = RULES,
    reader: Recipient = READER,
    *,
    day: date = DAY,
    window: Any = WINDOW,
    troubles: Sequence[SourceTrouble] = (),
    gaps: Sequence[SourceGap] = (),
    edits: Sequence[WatchedEdit] = (),
    anomalies: Sequence[Anomaly] = (),
    instance: str = "Selvane desk",
    missed: int = 0,
    linked: bool = True,
    **more: Any,
) -> Letter:
    """A digest from what a situation is made of."""
    told = (items, rules, troubles, gaps, edits, anomalies)
    issue = compose(reader, day, window, *told, instance=instance, missed_days=missed, **more)
    return render_digest(issue, LINKS if linked else None)


def usual_day(press: Press) -> list[MatchedArticle]:
    """Six stories under two rules: a wide one with copies and texts of its own, a Persian, a French and a German one."""
    wire = "Varenia Wire Service|State Telegraph|Republic Herald|Exile Voice|Karst Observer|Free Quay|Lamplighter"
    return [
        *press.copies(wire, "search", story=1, aliases=("Free Harbour Movement", "FHM")),
        *press.copies("The Meridian Courier|Karst Observer", "budget", copy_of=102, hours=9, title="Who ordered the search?"),
        *press.copies("Exile Voice|Free Quay", "appeal", story=2, hours=14),
        *press.copies("پژواک|خبرگزاری بندر", "fa", story=3, hours=6, aliases=("جنبش بندر آزاد",)),
        press.article("Le Courrier du Port", "fr", story=4, hours=7),
        press.article("Hafenbote", "de", story=5, hours=8, note="no text found on the page"),
        press.article("Republic Herald", "budget", story=6, hours=18),
        *press.copies("State Telegraph|The Meridian Courier", "union", rule="customs", story=7, hours=11),
    ]


def edits(press: Press) -> list[WatchedEdit]:
    """Two articles that were changed after publication, one of them Persian and twice."""
    persian, english = press.article("خبرگزاری بندر", "fa").article, press.article("State Telegraph", "search").article
    return [
        WatchedEdit(1, "harbour", persian, "the headline was “پلیس دفتر جنبش را بست”", WINDOW[0] + 8 * HOUR),
        WatchedEdit(2, "customs", persian, "the headline was “پلیس دفتر جنبش را بست”", WINDOW[0] + 8 * HOUR),
        WatchedEdit(3, "harbour", persian, "Irena Kelvaris was taken out", WINDOW[0] + 20 * HOUR),
        WatchedEdit(4, "harbour", english, "Irena Kelvaris was added; the rule finds it no more", WINDOW[0] + 22 * HOUR),
    ]


def everything(language: str, reader: Recipient = READER) -> Letter:
    """Every block at once, for a reader of ``language``."""
    press = Press()
    new = {("harbour", "Hafenbote"), ("customs", "The Meridian Courier"), ("harbour", "پژواک")}
    return digest(
        [*usual_day(press), press.article("Lamplighter", "union", rule="customs", story=8, dated=WINDOW[0] - 40 * HOUR, hours=3)],
        reader=replace(reader, language=language),
        troubles=FAILING,
        gaps=GAPS,
        edits=edits(press),
        anomalies=(SILENT, SPIKE),
        previous={1, 3},
        new_outlets=new,
    )


def five_thousand() -> Letter:
    """5,000 matches over a hundred rules, each with a story that several outlets copy."""
    press, outlets = Press(), ("Varenia Wire Service", "State Telegraph", "پژواک", "Exile Voice", "Karst Observer")
    items = [
        press.article(
            outlets[(number // 100) % 5],
            "fa" if (number // 100) % 5 == 2 else "search",
            rule=f"rule-{number % 100}",
            story=1 + number % 100 + 100 * (number // 500),
            copy_of=1 + number,
            hours=number / 250,
        )
        for number in range(5000)
    ]
    days = [tuple(30 + n * day % 40 for day in range(13)) for n in range(100)]
    rules = [RuleDigest(f"rule-{n}", f"Watched subject {n + 1}", "q", days[n]) for n in range(100)]
    return digest(items, rules, troubles=FAILING * 20, gaps=GAPS * 30, previous=set(range(300)))


def storm() -> Letter:
    """One rule with four hundred articles on a single day."""
    press = Press()
    names = [name for name in OUTLETS if name not in ("The Meridian Courier", "پژواک", "خبرگزاری بندر", "Le Courrier du Port")]
    items = [
        match
        for story in range(60)
        for match in press.copies(
            "|".join(names[: 1 + story % 8]), ("search", "appeal", "budget")[story % 3], story=story + 1, hours=story / 4
        )
    ]
    items += [press.article("The Meridian Courier", "appeal", story=1, copy_of=900 + n, hours=n / 8) for n in range(130)]
    return digest(items, [HARBOUR, CUSTOMS], anomalies=[replace(SPIKE, count=400)], previous={1, 2, 3})


def hostile() -> Letter:
    """Markup, controls, line ends and direction overrides wherever somebody else's words stand."""
    press = Press()
    made = {"title": HOSTILE, "body": HOSTILE * 3, "note": HOSTILE, "aliases": (HOSTILE,), "group": HOSTILE, "language": 'x"><b>'}
    items = [
        press.article(HOSTILE, rule=HOSTILE, story=1, url="https://outlet.example/?q=\"><script>alert(3)</script>&a=1'", **made),  # type: ignore[arg-type]
        press.article("B" + HOSTILE, rule=HOSTILE, story=1, copy_of=2, url="javascript:alert(4)", **made),  # type: ignore[arg-type]
        press.article("C" + HOSTILE, rule=HOSTILE, story=1, **made),  # type: ignore[arg-type]
    ]
    return digest(
        items,
        [RuleDigest(HOSTILE, HOSTILE, "q", (7,) * 13), RuleDigest("quiet", HOSTILE, "q")],
        troubles=[SourceTrouble("s", HOSTILE, FailureKind.HTTP, HOSTILE, WINDOW[0], None)],
        gaps=[SourceGap("s", HOSTILE, 3, *WINDOW)],
        edits=[WatchedEdit(1, HOSTILE, items[0].article, HOSTILE, WINDOW[0])],
        anomalies=[replace(SILENT, name=HOSTILE)],
        instance=HOSTILE,
        new_outlets={(HOSTILE, HOSTILE)},
        linked=False,
    )


def long_words() -> Letter:
    """Words and addresses that nothing breaks, in every place."""
    press, address = Press(), "https://outlet.example/" + "a-very-long-path/" * 40
    word = "Donaudampfschifffahrtsgesellschaft" * 6
    items = [
        press.article(word, title=word, body=word * 3, url=address, note=word, group=word),
        press.article("B" + word, title=word, body=word, story=1, group=word, aliases=(word,)),
        press.article("پژواک", "fa", title="بسم‌الله" * 30, body="می‌خواهیم‌‌" * 60, story=2),
    ]
    rules = [RuleDigest("harbour", word, "q", (99_999,) * 13), RuleDigest("quiet", word, "q", (5,) * 13)]
    troubles = [SourceTrouble("s", word, FailureKind.TLS, word, WINDOW[0], WINDOW[1])]
    return digest(items, rules, troubles=troubles, instance=word, previous={2}, new_outlets={("harbour", word)})


def late() -> Letter:
    """What was found long after it was published, what has only a date, and what has none."""
    press = Press()
    return digest(
        [
            press.article("Karst Observer", "search", story=1, dated=WINDOW[0] - 70 * HOUR),
            press.article("Free Quay", "appeal", story=2, dated=(WINDOW[0] - 30 * HOUR).replace(hour=0), has_time=False),
            press.article("Exile Voice", "budget", story=3, undated=True, has_time=False),
            press.article("Lamplighter", "union", story=4, title="", dated=WINDOW[0] - 400 * 24 * HOUR),
        ],
        [HARBOUR],
        previous=(),
    )


def reference() -> Letter:
    """An article under two rules: in full under the first, told under the second."""
    press = Press()
    both = press.copies("Varenia Wire Service|Free Quay", "union", story=1)
    again = [replace(item, rule="customs", match_id=item.match_id + 100) for item in both]
    return digest([*both, *again, press.article("Hafenbote", "de", rule="customs", story=2)], [HARBOUR, CUSTOMS], previous={1})


def alert(language: str) -> Letter:
    """Three stories at once."""
    press = Press()
    items = [*press.copies("Varenia Wire Service|پژواک", "search", story=1), press.article("پژواک", "fa", story=2)]
    since = "Changed after publication: found only since."
    items.append(press.article("Free Quay", "union", rule="customs", story=3, note=since))
    (intent,) = plan_alerts(items, [replace(READER, language=language)])
    return render_alert(intent, instance="Selvane desk", now=WINDOW[1], names={"harbour": HARBOUR.name, "customs": CUSTOMS.name})


def volumes(language: str) -> Letter:
    """A silence and a spike as an alert of their own."""
    reader = replace(READER, language=language)
    return render_volumes([SILENT, SPIKE], reader, instance="Selvane desk", now=WINDOW[1])


SCENES: dict[str, Callable[[], Letter]] = {
    "usual": lambda: digest(usual_day(Press()), previous={1, 3}),
    "first": lambda: digest(usual_day(Press()), linked=False),
    "nothing": lambda: digest(),
    "blind": lambda: digest(troubles=FAILING),
    "one-story": lambda: digest([Press().article()], [HARBOUR], previous=()),
    "storm": storm,
    "five-thousand": five_thousand,
    "catch-up": lambda: digest(usual_day(Press()), window=(WINDOW[0] - 72 * HOUR, WINDOW[1]), missed=3, previous={1}, away=AWAY),
    "silence": lambda: digest(rules=(), anomalies=[SILENT]),
    "edits": lambda: digest(edits=edits(Press())),
    "long-words": long_words,
    "hostile": hostile,
    "everything-en": lambda: everything("en"),
    "everything-fr": lambda: everything("fr"),
    "everything-de": lambda: everything("de"),
    "everything-fa": lambda: everything("fa", PERSIAN),
    "persian": lambda: digest(usual_day(Press()), reader=PERSIAN, previous={1, 3}),
    "arabic": lambda: digest(usual_day(Press()), reader=replace(READER, language="ar", timezone="Asia/Beirut"), troubles=FAILING),
    "clipping": lambda: digest(usual_day(Press())[:13], [HARBOUR], previous={3}, clipping=True),
    "late": late,
    "reference": reference,
    "alert-en": lambda: alert("en"),
    "alert-fa": lambda: alert("fa"),
    "volumes-de": lambda: volumes("de"),
}
"""Each situation by the name of its files."""

MESSAGES = ("usual", "persian", "hostile", "long-words")
"""Those of which the whole message is kept, as it leaves."""
