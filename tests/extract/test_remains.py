from __future__ import annotations

import pytest

from aggregator.extract.remains import is_byline, is_invitation, is_label, is_read_also, without_remains


@pytest.mark.parametrize(
    "line",
    [
        "Read more: Ferry terminal closes", "» Read also", "Related: Ferry terminal closes", "Mehr zum Thema:",
        "Lesen Sie auch: Der Hafen schließt", "À lire aussi Le port ferme", "Lee también: El puerto cierra",
        "Leggi anche > Il porto", "Leia também: O porto", "Czytaj też: Port zamknięty", "Читайте также: Порт закрыт",
        "Διαβάστε επίσης: Το λιμάνι",
        "Bunlar da ilginizi çekebilir", "بیشتر بخوانید: بندر بسته شد", "اقرأ أيضاً: إغلاق الميناء", "קראו גם: הנמל נסגר",
        "延伸閱讀：港口關閉", "【関連記事】港が閉鎖", "관련기사: 항구 폐쇄", "Les også: Havnen stenger", "Läs mer: Hamnen stängs",
    ],
)  # fmt: skip
def test_lines_that_lead_away(line: str) -> None:
    assert is_read_also(line)
    assert without_remains(["The council met.", line, "It voted at ten."]) == ["The council met.", "It voted at ten."]


@pytest.mark.parametrize(
    "line",
    [
        "Read this as a warning, said the mayor of Port Ellery.",
        "Related work on the quay was done by three engineers last year.",
        "More on the quay than in the hall, people wondered about the vote.",
        "Читайте также мелкий шрифт, советует мэр.",
    ],
)
def test_sentences_that_begin_so_stay(line: str) -> None:
    assert not is_read_also(line)
    assert is_read_also(line, linked=0.9), "unless they are a link"


@pytest.mark.parametrize(
    "line",
    ["Advertisement", "Werbung", "Share", "WhatsApp", "3 Comments", "Kommentare (12)",
     "5 min read", "Lesezeit: 3 Minuten", "廣告", "댓글 4",
     "Реклама", "تبلیغات", "Copy link", "Leave a comment"],
)  # fmt: skip
def test_labels(line: str) -> None:
    assert is_label(line)


@pytest.mark.parametrize(
    "line", ["Share prices fell on Tuesday.", "Werbung für den Hafen kostet Geld.", "X marks the spot.", "Del Mar"]
)
def test_no_labels(line: str) -> None:
    assert not is_label(line)


@pytest.mark.parametrize(
    "line",
    ["Sign up for our free daily newsletter.", "Folgen Sie uns auf Telegram",
     "Abonnez-vous à notre lettre", "Подписывайтесь на наш канал",
     "به کانال تلگرام ما بپیوندید", "تابعونا على فيسبوك", "Zapisz się na newsletter",
     "訂閱我們的電子報", "뉴스레터 구독하기", "Bizi takip edin"],
)  # fmt: skip
def test_invitations_go_at_the_ends_only(line: str) -> None:
    prose = [f"Paragraph {number} of the article says something new." for number in range(9)]

    assert is_invitation(line)
    assert without_remains([line, *prose, line]) == prose
    assert line in without_remains([*prose, line, *prose])


def test_what_ends_a_text_and_is_not_of_it() -> None:
    prose = ["The council met.", "It voted at ten."]

    assert (
        without_remains([*prose, "More by this author:", "Tags: harbour, ferry", "© 2024 Northern Herald. All rights reserved."])
        == prose
    )
    assert without_remains([*prose, "Reuters"]) == [*prose, "Reuters"], "a credit line tells whose text it is"


def test_bylines_by_the_names_of_those_who_wrote() -> None:
    people = ("Ines Talvik", "Northern Herald")

    assert is_byline("By Ines Talvik, Northern Herald", people)
    assert is_byline("نویسنده: Ines Talvik", people)
    assert not is_byline("Ines Talvik won the regatta of Port Ellery in her own boat", people)
    assert not is_byline("The harbour is closed", people)
    assert without_remains(["By Ines Talvik", "The council met.", "Ines Talvik"], people) == ["The council met."]
