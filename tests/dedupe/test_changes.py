from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import diff_sentences, sentences
from aggregator.model.record import ChangeKind

KEPT, ADDED, REMOVED, ALTERED = ChangeKind.KEPT, ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.ALTERED


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The ferry closed. “Nobody was told,” she said! Why? It rose by 3.5 per cent at port.example today.", 4),
        ("Dr. Oban met J. K. Lind of the U.S. embassy. They spoke.", 2),
        ("It cost approx. 40 crowns. He paid.", 2),
        ("بندر بسته شد. چرا؟ کارگران اعتصاب کردند.", 3),
        ("أغلق الميناء. لماذا؟ أضرب العمال۔ وعادوا", 4),
        ("港が閉鎖された。「なぜですか？」市長は答えなかった！", 3),
        ("港口关闭。为什么？工人罢工。", 3),
        ("बंदरगाह बंद है। क्यों? मजदूर हड़ताल पर हैं।", 3),
        ("Порт закрыт. Почему? Рабочие бастуют…  Всё.", 4),
        ("항구가 폐쇄됐다. 왜 그런가? 노동자들이 파업했다.", 3),
        ("A headline\nA paragraph without an end\n\nAnother", 3),
        ("", 0),
        (" \n ", 0),
    ],
)
def test_sentences_of_many_scripts(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_an_edit_by_sentence() -> None:
    old = "The ferry closed at noon. Three people were hurt. The mayor said nothing. It is the last of its kind."
    new = "The ferry closed at noon. Four people were hurt. It is the last of its kind. An inquiry follows."
    found = diff_sentences(old, new)
    assert [change.kind for change in found] == [KEPT, ALTERED, REMOVED, KEPT, ADDED]
    changed = found[1]
    assert [changed.old[slice(*span)] for span in changed.old_spans] == ["Three"]
    assert [changed.new[slice(*span)] for span in changed.new_spans] == ["Four"]
    assert (found[2].old, found[4].new) == ("The mayor said nothing.", "An inquiry follows.")


def test_words_taken_out_are_marked_on_one_side_only() -> None:
    (change,) = diff_sentences("The minister Oban Lind resigned today.", "The minister resigned today.")
    assert [change.old[slice(*span)] for span in change.old_spans] == ["Oban Lind"]
    assert change.new_spans == ()


def test_another_spelling_is_no_change() -> None:
    found = diff_sentences("دولت ايران گفت.", "دولت ایران گفت .")
    assert [change.kind for change in found] == [KEPT]


def test_persian_words_are_marked() -> None:
    (change,) = diff_sentences("سه نفر در بندر زخمی شدند.", "چهار نفر در بندر زخمی شدند.")
    assert [change.old[slice(*span)] for span in change.old_spans] == ["سه"]
    assert [change.new[slice(*span)] for span in change.new_spans] == ["چهار"]


def test_a_text_from_nothing() -> None:
    assert [change.kind for change in diff_sentences("", "One. Two.")] == [ADDED, ADDED]
    assert [change.kind for change in diff_sentences("One. Two.", "")] == [REMOVED, REMOVED]


_TEXT = st.text(alphabet="ab. \n?。؟۔।A1,”", max_size=60)


@given(_TEXT, _TEXT)
def test_nothing_is_lost(old: str, new: str) -> None:
    found = diff_sentences(old, new)
    assert [change.old for change in found if change.old] == sentences(old)
    assert [change.new for change in found if change.new] == sentences(new)
    for change in found:
        for text, spans in ((change.old, change.old_spans), (change.new, change.new_spans)):
            assert all(0 <= start < end <= len(text) for start, end in spans)
            assert list(spans) == sorted(spans)


@given(_TEXT)
def test_sentences_hold_every_word(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
