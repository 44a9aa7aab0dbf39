"""An invented press for the golden mails: outlets, articles with hits, rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

from aggregator.model.article import Article, TextOrigin
from aggregator.model.delivery import Links, MatchedArticle, Recipient, RuleDigest
from aggregator.model.rule import Span

DAY = date(2026, 11, 24)
WINDOW = (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC))
READER = Recipient("desk", "desk@example.org", name="Ana Morrow", timezone="Europe/Paris")
LINKS = Links(*(f"https://watch.example/{letter}/AAAAAAAAAAHk2v9QWmT0xw" for letter in "vupr"))

OUTLETS = {
    "Varenia Wire Service": ("wire", "en"),
    "State Telegraph": ("state", "en"),
    "Republic Herald": ("state", "en"),
    "Karst Observer": ("international", "en"),
    "The Meridian Courier": ("international", "en"),
    "Exile Voice": ("opposition", "en"),
    "Free Quay": ("opposition", "en"),
    "پژواک": ("opposition", "fa"),
    "خبرگزاری بندر": ("state", "fa"),
    "Le Courrier du Port": ("international", "fr"),
    "Hafenbote": ("international", "de"),
    "Lamplighter": ("", "en"),
}

HARBOUR = RuleDigest("harbour", "Free Harbour Movement", "@fhm", daily=(9, 4, 6, 8, 2, 5, 7, 9, 12, 8, 10, 11, 9))
CUSTOMS = RuleDigest("customs", "Customs union", '"customs union"', daily=(0, 1, 0, 2, 1, 0, 0, 1, 3, 1, 0, 1, 2))
FERRY = RuleDigest("ferry", "Ferry disaster", "ferry", daily=(0,) * 13)
DREDGING = RuleDigest("dredging", "Dredging contracts", "dredging", daily=(6, 5, 6, 7, 5, 6, 6, 5, 7, 6, 6, 5, 6))

TEXTS = {
    "search": (
        "Police searched the offices of the Free Harbour Movement",
        (
            "Police searched the offices of the Free Harbour Movement in Selvane on Monday morning and took two computers. "
            "A spokeswoman for the movement called the search an attempt to frighten the dockers a week before the vote. "
            "The prosecutor said the Free Harbour Movement had been told of the warrant, and that it would be shown at court."
        ),
    ),
    "appeal": (
        "Free Harbour Movement appeals against search warrant",
        (
            "Irena Kelvaris told nine hundred people in front of the customs house that the Free Harbour Movement would appeal. "
            "The court of Selvane has three days to answer. Lawyers expect a hearing on Friday."
        ),
    ),
    "budget": (
        "Council votes on the harbour budget after a night of argument",
        (
            "The council passed the budget by one vote. Members close to the Free Harbour Movement had asked for a delay, as the "
            "figures for dredging came only on Sunday evening."
        ),
    ),
    "union": (
        "Customs union: what changes at the quay on 1 January",
        (
            "With the customs union, forms that took an hour will take five minutes, the ministry says. Port agents doubt it. "
            "The customs union has been put off twice."
        ),
    ),
    "fa": (
        "پلیس دفتر «جنبش بندر آزاد» (Free Harbour Movement) را بازرسی کرد",
        (
            "پلیس بامداد دوشنبه دفتر جنبش بندر آزاد را در سلوانه بازرسی کرد و دو رایانه را با خود برد. "
            "سخنگوی جنبش بندر آزاد این بازرسی را تلاشی برای ترساندن کارگران اسکله پیش از رأی‌گیری خواند. "
            "دادستان گفت که حکم بازرسی در دادگاه نشان داده خواهد شد."
        ),
    ),
    "fr": (
        "La police perquisitionne le Mouvement du port libre",
        (
            "La police a perquisitionné lundi matin les bureaux du Mouvement du port libre à Selvane. "
            "« C’est une intimidation », a dit sa porte-parole."
        ),
    ),
    "de": (
        "Durchsuchung bei der Bewegung Freier Hafen",
        "Die Polizei hat am Montagmorgen die Büros der Bewegung Freier Hafen in Selvane durchsucht und zwei Rechner mitgenommen.",
    ),
}
HITS = ("Free Harbour Movement", "customs union", "Customs union", "جنبش بندر آزاد", "Mouvement du port libre", "Freier Hafen")


class Press:
    """Prints articles with ids that begin at 1, so that the same situation is always the same."""

    def __init__(self) -> None:
        self._ids: Iterator[int] = count(1)

    def article(
        self,
        outlet: str = "Varenia Wire Service",
        text: str = "search",
        *,
        rule: str = "harbour",
        story: int = 1,
        copy_of: int | None = None,
        hours: float = 4,
        title: str | None = None,
        body: str | None = None,
        url: str | None = None,
        note: str = "",
        aliases: tuple[str, ...] = (),
        dated: datetime | None = None,
        has_time: bool = True,
        undated: bool = False,
        language: str | None = None,
        group: str | None = None,
    ) -> MatchedArticle:
        """A match, ``hours`` after the window began; every phrase of ``HITS`` that occurs is one."""
        number = next(self._ids)
        at = WINDOW[0] + timedelta(hours=hours)
        known_group, spoken = OUTLETS.get(outlet, ("", "en"))
        title = TEXTS[text][0] if title is None else title
        body = TEXTS[text][1] if body is None else body
        article = Article(
            id=number,
            story_id=story,
            group_id=copy_of or story * 100,
            source_slug=f"source-{outlet}",
            source_name=outlet,
            source_group=known_group if group is None else group,
            country="",
            url=f"https://outlet.example/2026/11/{number}" if url is None else url,
            title=title,
            text=body,
            text_origin=TextOrigin.PAGE,
            note=note,
            authors=(),
            tags=(),
            language=spoken if language is None else language,
            published_at=None if undated else dated or at,
            has_time=has_time,
            first_seen_at=at + timedelta(minutes=7),
            revision=1,
            words=len(body.split()),
            baseline=False,
        )
        return MatchedArticle(number, rule, article, _spans(title, body), aliases, article.first_seen_at)

    def copies(self, outlets: str, text: str, **more: object) -> list[MatchedArticle]:
        """The same text in each of ``outlets`` (separated by bars), half an hour after one another."""
        start = float(str(more.pop("hours", 4)))
        return [
            self.article(outlet, text, hours=start + 0.5 * place, **more)  # type: ignore[arg-type]
            for place, outlet in enumerate(outlets.split("|"))
        ]


def _spans(title: str, body: str) -> tuple[Span, ...]:
    found = []
    for field, where in (("title", title), ("body", body)):
        for hit in HITS:
            start = where.find(hit)
            while start >= 0:
                found.append(Span(field, start, start + len(hit), hit))
                start = where.find(hit, start + 1)
    return tuple(sorted(found, key=lambda span: (span.field != "title", span.start)))
