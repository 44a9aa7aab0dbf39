"""Where a text names whom it has something from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import attributions


def cites(text: str, name: str) -> bool:
    return any(name in text[start:end] for start, end in attributions(text))


@pytest.mark.parametrize(
    "text",
    [
        "The port is shut, according to Mashreq News.",
        "According to the Mashreq News agency the port is shut.",
        "“The port is shut,” the captain told Mashreq News on Monday.",
        "Mashreq News reported on Tuesday that the port is shut.",
        "The port, Mashreq News says, is shut.",
        "Citing Mashreq News, the paper wrote of strikes.",
        "Le port est fermé, selon Mashreq News.",
        "D’après Mashreq News, le port est fermé.",
        "Laut Mashreq News ist der Hafen zu.",
        "Der Hafen ist Mashreq News zufolge geschlossen.",
        "Nach Angaben von Mashreq News ist der Hafen zu.",
        "El puerto está cerrado, según Mashreq News.",
        "O porto está fechado, segundo Mashreq News.",
        "Il porto è chiuso, secondo Mashreq News.",
        "De haven is dicht, volgens Mashreq News.",
        "Port jest zamknięty, jak podaje Mashreq News.",
        "Mashreq News haberine göre liman kapalı.",
        "Порт закрыт, сообщает Mashreq News.",
        "По данным Mashreq News, порт закрыт.",
        "Порт зачинено, повідомляє Mashreq News.",
        "به گزارش Mashreq News بندر بسته است.",
        "به نقل از خبرگزاری Mashreq News، بندر بسته است.",
        "خبرگزاری Mashreq News گزارش داد که بندر بسته است.",
        "وأفادت وكالة Mashreq News بأن الميناء مغلق.",
        "أفادت وكالة Mashreq News بأن الميناء مغلق.",
        "نقلاً عن Mashreq News، الميناء مغلق.",
        "לפי Mashreq News הנמל סגור.",
        "据Mashreq News报道，港口关闭。",
        "Mashreq News报道称港口关闭。",
    ],
)
def test_a_source_is_named(text: str) -> None:
    assert cites(text, "Mashreq News")


@pytest.mark.parametrize(
    "text",
    [
        "Mashreq News is a building. The mayor said so.",
        "The mayor said that the port is shut; Mashreq News burns.",
        "Edward Said, Mashreq News, and others.",
        "According to the mayor, Mashreq News is wrong.",
        "Mashreq News\nThe mayor said so",
        "Das Gebäude von Mashreq News brennt. Laut Polizei ist niemand verletzt.",
        "The accordingto Mashreq News.",
        "",
    ],
)
def test_a_name_that_only_stands_there_is_no_source(text: str) -> None:
    assert not cites(text, "Mashreq News")


def test_a_name_far_from_the_cue_is_not_looked_for() -> None:
    assert not cites("according to " + "word " * 12 + "Mashreq News", "Mashreq News")
    assert cites("according to " + "word " * 10 + "Mashreq News", "Mashreq News")


@given(
    st.text(alphabet="ab Said,.\n“”", max_size=80)
    | st.lists(st.sampled_from(["according to ", "said ", "به گزارش ", "x", ". "])).map("".join)
)
def test_places_lie_within_the_text_and_hold_words(text: str) -> None:
    for start, end in attributions(text):
        assert 0 <= start < end <= len(text)
        assert text[start:end].strip()
