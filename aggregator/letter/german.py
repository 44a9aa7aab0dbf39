"""German."""

from __future__ import annotations

from datetime import date

from aggregator.letter.words import LATIN_DIGITS, MINUS, NO_BREAK, Words
from aggregator.model.anomaly import Subject
from aggregator.model.page import FailureKind

_WEEKDAYS = ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So.")
_MONTHS = ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.")


def _day(day: date, with_year: bool) -> str:
    year = f" {day.year}" if with_year else ""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day}. {_MONTHS[day.month - 1]}{year}"


GERMAN = Words(
    language="de",
    plural=lambda n: 0 if n == 1 else 1,
    write_day=_day,
    dated_clock="{day}, {clock}",
    digits=LATIN_DIGITS,
    thousands=".",
    quote="„{}“",
    comma=", ",
    semicolon="; ",
    colon=": ",
    rise=f"+{{n}}{NO_BREAK}%",
    fall=f"{MINUS}{{n}}{NO_BREAK}%",
    level=f"±0{NO_BREAK}%",
    languages={
        "ar": "Arabisch", "az": "Aserbaidschanisch", "bn": "Bengalisch", "ckb": "Sorani-Kurdisch", "cs": "Tschechisch",
        "da": "Dänisch", "de": "Deutsch", "el": "Griechisch", "en": "Englisch", "es": "Spanisch", "fa": "Persisch",
        "fi": "Finnisch", "fr": "Französisch", "he": "Hebräisch", "hi": "Hindi", "hu": "Ungarisch", "hy": "Armenisch",
        "id": "Indonesisch", "it": "Italienisch", "ja": "Japanisch", "ka": "Georgisch", "ko": "Koreanisch", "ku": "Kurdisch",
        "nl": "Niederländisch", "no": "Norwegisch", "pl": "Polnisch", "ps": "Paschtu", "pt": "Portugiesisch",
        "ro": "Rumänisch", "ru": "Russisch", "sq": "Albanisch", "sr": "Serbisch", "sv": "Schwedisch", "th": "Thailändisch",
        "tr": "Türkisch", "ug": "Uigurisch", "uk": "Ukrainisch", "ur": "Urdu", "vi": "Vietnamesisch", "zh": "Chinesisch",
    },
    failures={
        FailureKind.BLOCKED: "von unserem eigenen Schutz abgewiesen",
        FailureKind.DNS: "ihr Name ist nicht auffindbar",
        FailureKind.CONNECT: "keine Verbindung",
        FailureKind.TLS: "Zertifikat oder Verschlüsselung fehlerhaft",
        FailureKind.TIMEOUT: "keine Antwort in der Zeit",
        FailureKind.PROTOCOL: "fehlerhafte Antworten",
        FailureKind.REDIRECTS: "Weiterleitungen ohne Ende",
        FailureKind.HTTP: "antwortet mit einem Fehler",
        FailureKind.TOO_BIG: "zu groß",
        FailureKind.ENCODING: "unlesbar kodiert",
        FailureKind.TRUNCATED: "abgebrochen",
        FailureKind.NOT_A_FEED: "kein Feed",
        FailureKind.NOT_A_PAGE: "keine Seite",
        FailureKind.CHALLENGE: "will einen Menschen sehen",
        FailureKind.ROBOTS: "bittet Programme, fernzubleiben",
        FailureKind.CRASHED: "lässt sich nicht zerlegen",
    },
    subjects={Subject.RULE: "Regel", Subject.ENTITY: "Name", Subject.SOURCE: "Quelle"},
    notes={
        "the page asks for consent to cookies in the place of its article":
            "die Seite verlangt an der Stelle ihres Artikels die Zustimmung zu Cookies",
        "the page shows only the beginning, the rest to subscribers": "die Seite zeigt nur den Anfang, den Rest für Abonnenten",
        "page text is much shorter than the feed's": "der Text der Seite ist viel kürzer als der des Feeds",
        "no text found on the page": "kein Text auf der Seite gefunden",
        "no text found on the page or in the feed": "kein Text auf der Seite oder im Feed gefunden",
        "page could not be parsed": "die Seite ließ sich nicht zerlegen",
        "page is {0}, not HTML": "die Seite ist {0}, nicht HTML",
        "page has a tag of more than {0} attributes: the rest of them was left out":
            "die Seite hat ein Element mit mehr als {0} Attributen: die übrigen wurden weggelassen",
        "Only the headline: page and feed text could not be read.":
            "Nur die Überschrift: weder Seite noch Feed ließen sich lesen.",
        "Text from the feed: the page answered {0}.": "Text aus dem Feed: die Seite antwortete {0}.",
        "Text from the feed: the page did not answer in time.": "Text aus dem Feed: die Seite antwortete nicht rechtzeitig.",
        "Text from the feed: the link is not one that we may follow.":
            "Text aus dem Feed: diesem Link dürfen wir nicht folgen.",
        "Text from the feed: the link leads to {0}.": "Text aus dem Feed: der Link führt zu {0}.",
        "Text from the feed: the page is too big.": "Text aus dem Feed: die Seite ist zu groß.",
        "Text from the feed: the page could not be read.": "Text aus dem Feed: die Seite ließ sich nicht lesen.",
        "Text from the feed: the outlet asks programs not to read its page.":
            "Text aus dem Feed: das Medium bittet Programme, seine Seite nicht zu lesen.",
        "Text from the feed: the page wants to see a human.": "Text aus dem Feed: die Seite will einen Menschen sehen.",
        "Text from the feed: the page could not be had.": "Text aus dem Feed: die Seite war nicht zu bekommen.",
        "Changed after publication: found only since.": "Nach der Veröffentlichung geändert, erst seitdem gefunden.",
        "Changed after publication: {0}.": "Nach der Veröffentlichung geändert: {0}.",
        "the headline was “{0}”": "die Überschrift war „{0}“",
        "{0} was added": "{0} kam hinzu",
        "{0} was taken out": "{0} wurde gestrichen",
        "the rule finds it no more": "die Regel findet ihn nicht mehr",
    },
    articles=("{n} Artikel", "{n} Artikel"),
    stories=("{n} Thema", "{n} Themen"),
    outlets=("{n} Medium", "{n} Medien"),
    new_stories=("{n} neu", "{n} neu"),
    days_ago=("vor {n} Tag erschienen", "vor {n} Tagen erschienen"),
    copies=("+{n} weiterer Artikel", "+{n} weitere Artikel"),
    more_stories=("+{n} weiteres Thema", "+{n} weitere Themen"),
    more_rules=("+{n} weitere Regel mit Treffern", "+{n} weitere Regeln mit Treffern"),
    other_rules=("+{n} weitere Regel", "+{n} weitere Regeln"),
    more_sources=("+{n} weitere Quelle", "+{n} weitere Quellen"),
    more_outlets=("+{n} weiteres Medium", "+{n} weitere Medien"),
    changes=("{n} Artikel nach der Veröffentlichung geändert", "{n} Artikel nach der Veröffentlichung geändert"),
    more_changed=("+{n} weiterer geänderter Artikel", "+{n} weitere geänderte Artikel"),
    earlier_changes=("+{n} frühere Änderung", "+{n} frühere Änderungen"),
    failing=("{n} Quelle nicht lesbar", "{n} Quellen nicht lesbar"),
    gap=(
        "etwa {n} Eintrag, erschienen zwischen {after} und {before}, war verschwunden, bevor wir kamen",
        "etwa {n} Einträge, erschienen zwischen {after} und {before}, waren verschwunden, bevor wir kamen",
    ),
    missed=(
        "Am {n} Tag davor ging keine Presseschau hinaus; diese Mail holt ihn nach.",
        "An den {n} Tagen davor ging keine Presseschau hinaus; diese Mail holt sie nach.",
    ),
    digest_of="{instance}: Presseschau vom {day}",
    clipping_of="{instance}: {rule}, {day}",
    alert="EILMELDUNG",
    alert_of="{instance}: Eilmeldung vom {day}",
    window="{start} – {end} ({zone})",
    versus="{percent} gegenüber dem 7-Tage-Median",
    bars="Artikel je Tag, die ältesten zuerst: {days}",
    bars_now="in dieser Presseschau: {now}",
    top_stories="Das Wichtigste",
    stories_of_rule="Themen",
    new="neu",
    continuing="fortgesetzt",
    also_in="Auch in",
    more_on="Mehr dazu",
    wording="Hier genannt",
    shown_above="Passt auch zu {rule}, siehe oben.",
    undated="ohne Datum",
    untitled="(ohne Überschrift)",
    nothing="In dieser Zeit gab es keine Treffer.",
    no_matches="Keine Treffer",
    changed="Nach der Veröffentlichung geändert",
    watched_by="Beobachtet von",
    new_outlets="Neue Medien",
    first_under="zum ersten Mal unter {rules}",
    quiet="Keine Treffer für",
    usual="sonst {n} am Tag",
    health="Nicht lesbare Quellen",
    silent="Verstummte Quellen",
    gaps="Verpasste Einträge",
    unusual="Ungewöhnliche Mengen",
    spike="{counted} in den 24 Stunden bis {at}, sonst {usual}",
    silence="{counted} in den 24 Stunden bis {at}, erwartet {usual}",
    spike_of="ANSTIEG",
    silence_of="STILLE",
    expected="erwartet {usual}",
    usually="sonst {usual}",
    within="{n} ± {spread}",
    blind="Was diese Medien inzwischen brachten, fehlt in dieser Mail.",
    since="seit {at}",
    next_try="nächster Versuch {at}",
    others="und {n} weitere",
    now_in="Schon gemeldet, jetzt in {counted}: {headline}",
    over_cap="{rule}: und noch {counted}, in der nächsten Presseschau",
    of_storm="Was dazu kam, steht in der nächsten Presseschau.",
    unanswered="„{recipient}“ hat das nicht bestätigt.",
    acknowledge="Bestätigen",
    snooze="Dazu einen Tag lang keine Meldung",
    urgent="DRINGEND",
    why_digest="Sie bekommen diese Presseschau, weil {instance} Sie als „{recipient}“ unter den Lesern führt.",
    why_alert="Sie bekommen diese Eilmeldung, weil {instance} Sie als „{recipient}“ unter den Lesern führt, mit Eilmeldungen.",
    change=(
        "Um Regeln, Tage oder Zeiten zu ändern oder alles zu beenden, bitten Sie die Betreiber von "
        "{instance}, den Leser „{recipient}“ zu bearbeiten."
    ),
    view="Im Browser ansehen",
    edit_rules="Regeln ändern",
    pause="Eine Woche pausieren",
    unsubscribe="Abbestellen",
)  # fmt: skip
