import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from string import Formatter

import pytest

from aggregator.extract import article as reading
from aggregator.extract.calendars import solar_hijri as gregorian_of
from aggregator.letter import Words, retell, words_of
from aggregator.letter.languages import TABLES
from aggregator.letter.persian import solar_hijri
from aggregator.model.anomaly import Subject
from aggregator.model.delivery import MatchedArticle
from aggregator.model.page import FailureKind, FetchFailed
from aggregator.model.rule import Entity
from aggregator.pipeline.edits import silent_changes
from aggregator.pipeline.extract import _note

ENGLISH = words_of("en")
OTHERS = [words for words in TABLES.values() if words.language != "en"]
DAY = date(2026, 11, 24)


def texts(words: Words) -> dict[str, tuple[str, ...]]:
    """Every text of a table by its place: that of a field, a form or a key."""
    found: dict[str, tuple[str, ...]] = {}
    for field in fields(words):
        value = getattr(words, field.name)
        if isinstance(value, str):
            found[field.name] = (value,)
        elif isinstance(value, tuple):
            found[field.name] = value
        elif isinstance(value, Mapping):
            found |= {f"{field.name}.{key}": (text,) for key, text in value.items()}
    return found


def asked(form: str) -> set[str]:
    """The places that a form fills in."""
    return {name for _, name, _, _ in Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("words", TABLES.values(), ids=TABLES)
def test_every_table_is_complete(words: Words) -> None:
    assert set(words.failures) == set(FailureKind)
    assert set(words.subjects) == set(Subject)
    assert set(words.languages) == set(ENGLISH.languages)
    assert set(words.notes) == (set() if words.language == "en" else set(OTHERS[0].notes))
    forms = len({words.plural(n) for n in range(200)})
    for place, said in texts(words).items():
        assert all(text.strip() for text in said if place not in ("comma", "thousands")), place
        if place in texts(ENGLISH) and isinstance(getattr(words, place, None), tuple):
            assert len(said) == forms, place


@pytest.mark.parametrize("words", OTHERS, ids=lambda words: words.language)
def test_every_form_asks_for_what_the_english_one_does(words: Words) -> None:
    english = texts(ENGLISH)
    for place, said in texts(words).items():
        if place.startswith("notes."):
            assert asked(said[0]) == asked(place.removeprefix("notes.")), place
        elif place in ("rise", "fall", "level"):
            assert asked(said[0]) >= asked(english[place][0]) - {"gap"}, place
        else:
            assert {frozenset(asked(text)) for text in said} == {frozenset(asked(text)) for text in english[place]}, place


@pytest.mark.parametrize("words", OTHERS, ids=lambda words: words.language)
def test_no_word_of_a_table_was_left_in_english(words: Words) -> None:
    english = texts(ENGLISH)
    alike = {
        place: text
        for place, forms in texts(words).items()
        for text, told in zip(forms, english.get(place, (place,)), strict=False)
        if text == told and re.search("[A-Za-z]{3}", re.sub(r"{\w+}", "", text))
    }
    assert set(alike) <= {
        "articles",
        "urgent",
        "subjects.source",
        "silence_of",
        "languages.hi",
        "languages.ur",
    }  # alike


def test_a_language_without_a_table_is_told_in_english() -> None:
    assert words_of("es").language == "en"
    assert (words_of("fa").language, words_of("de-AT").language, words_of("FR_ca").language) == ("fa", "de", "fr")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["0 stories", "1 story", "2 stories", "1,204 stories"]),
        ("fr", ["0 sujet", "1 sujet", "2 sujets", "1\u202f204 sujets"]),
        ("de", ["0 Themen", "1 Thema", "2 Themen", "1.204 Themen"]),
        ("fa", ["۰ خبر", "۱ خبر", "۲ خبر", "۱٬۲۰۴ خبر"]),
    ],
)
def test_counts(language: str, said: list[str]) -> None:
    words = words_of(language)
    assert [words.count(words.stories, n) for n in (0, 1, 2, 1204)] == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["+37\u00a0%", "−12\u00a0%", "±0\u00a0%", "×15"]),
        ("fr", ["+37\u00a0%", "−12\u00a0%", "±0\u00a0%", "×15"]),
        ("de", ["+37\u00a0%", "−12\u00a0%", "±0\u00a0%", "×15"]),
        ("fa", ["۳۷٪ بیشتر", "۱۲٪ کمتر", "بی‌تغییر", "۱۵ برابر"]),
    ],
)
def test_percentages_say_which_way(language: str, said: list[str]) -> None:
    words = words_of(language)
    assert [words.percent(trend) for trend in (37, -12, 0, 1400)] == said
    assert ENGLISH.percent(37, gap="") == "+37%"


@pytest.mark.parametrize(
    ("language", "day", "full", "first"),
    [
        ("en", "Tue 24 Nov", "Tue 24 Nov 2026", "Thu 1 Oct"),
        ("fr", "mar. 24 nov.", "mar. 24 nov. 2026", "jeu. 1er oct."),
        ("de", "Di., 24. Nov.", "Di., 24. Nov. 2026", "Do., 1. Okt."),
        ("fa", "سه‌شنبه ۳ آذر", "سه‌شنبه ۳ آذر ۱۴۰۵ (۲۴ نوامبر ۲۰۲۶)", "پنجشنبه ۹ مهر"),
    ],
)
def test_days_are_written_as_the_language_does(language: str, day: str, full: str, first: str) -> None:
    words = words_of(language)
    assert (words.day(DAY), words.full_day(DAY), words.day(date(2026, 10, 1))) == (day, full, first)


def test_the_calendar_of_iran_is_the_one_that_dates_are_read_in() -> None:
    day = date(1921, 3, 21)
    while day < date(2121, 3, 20):
        assert gregorian_of(*solar_hijri(day)) == day
        day += timedelta(days=1)


def test_moments_name_only_what_the_reader_does_not_know() -> None:
    at = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
    assert ENGLISH.moment(at, today=date(2026, 11, 23)) == "08:05"
    assert ENGLISH.moment(at, today=date(2026, 11, 24)) == "Mon 23 Nov 08:05"
    assert ENGLISH.moment(at, today=date(2027, 1, 2)) == "Mon 23 Nov 2026 08:05"
    assert ENGLISH.moment(at, today=date(2026, 11, 23), has_time=False) == "Mon 23 Nov"
    assert words_of("de").moment(at, today=DAY) == "Mo., 23. Nov., 08:05"
    assert words_of("fa").moment(at, today=DAY) == "دوشنبه ۲ آذر، ساعت ۰۸:۰۵"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("no text found on the page", "kein Text auf der Seite gefunden"),
        ("Text from the feed: the page answered 403.", "Text aus dem Feed: die Seite antwortete 403."),
        ("page is application/pdf, not HTML", "die Seite ist application/pdf, nicht HTML"),
        (
            "Changed after publication: found only since. no text found on the page",
            "Nach der Veröffentlichung geändert, erst seitdem gefunden. kein Text auf der Seite gefunden",
        ),
        (
            "the headline was “Port; open was added; 7 was taken out”; Oban Lind was added; MEK was taken out",
            "die Überschrift war „Port; open was added; 7 was taken out“; Oban Lind kam hinzu; MEK wurde gestrichen",
        ),
        (
            "Changed after publication: Oban Lind was added; the rule finds it no more.",
            "Nach der Veröffentlichung geändert: Oban Lind kam hinzu; die Regel findet ihn nicht mehr.",
        ),
    ],
)
def test_what_is_stored_in_english_is_told_in_the_readers_language(told: str, said: str) -> None:
    assert retell(told, words_of("de")) == (said, "de")
    assert retell(told, ENGLISH) == (told, "en")


@pytest.mark.parametrize("told", ["an outlet's own word", "no text found on the page; and more", "the headline was “x"])
def test_what_no_table_knows_stays_english(told: str) -> None:
    assert retell(told, words_of("fa")) == (told, "en")
    assert retell("", words_of("fa")) == ("", "en")


def test_every_sentence_that_is_stored_is_known_to_the_tables(match: Callable[..., MatchedArticle]) -> None:
    link = "the link leads to image/png"
    told = {_note(FetchFailed("http://x.test", kind, link, datetime(2026, 11, 24, tzinfo=UTC), 403)) for kind in FailureKind}
    told |= {reading._ASKED, reading._BEGINNING}
    entity = Entity("lind", "Oban Lind", ("Lind",))
    before, after = (match(title=title, text=title).article for title in ("Lind speaks", "Port closed"))
    told |= {"; ".join(silent_changes(*pair, (entity,))) for pair in ((before, after), (after, before))}
    assert len(told) > 10
    for words in OTHERS:
        assert {sentence for sentence in told if retell(sentence, words)[1] != words.language} == set()
        assert {retell(f"Changed after publication: {sentence}.", words)[1] for sentence in told if ";" in sentence} == {
            words.language
        }
