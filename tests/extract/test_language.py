from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.extract.language import detect_language
from aggregator.model.article import Extraction

PERSIAN = "شورای بندر شب سه‌شنبه پس از سه ساعت بحث رأی داد که پایانه قدیمی قایق‌ها بسته شود و اسکله موقت چوبی ساخته شود."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PERSIAN, "fa"),
        ("صوّت مجلس الميناء مساء الثلاثاء على إغلاق محطة العبّارات القديمة بعد نقاش دام ثلاث ساعات في القاعة الكبرى.", "ar"),
        ("بندرگاہ کی کونسل نے منگل کی شام پرانے فیری ٹرمینل کو بند کرنے کے حق میں ووٹ دیا اور لوگ ہڑتال پر ہیں۔", "ur"),
        ("Рада порту у вівторок увечері проголосувала за закриття старого причалу після тривалого обговорення.", "uk"),
        ("Совет порта во вторник вечером проголосовал за закрытие старого причала после долгого обсуждения.", "ru"),
        ("港务委员会星期二晚上投票决定关闭旧的渡轮码头。", "zh"),
        ("港湾評議会は火曜日の夜、古いフェリーターミナルの閉鎖を決めた。", "ja"),
        ("항만 위원회는 화요일 저녁 오래된 여객선 터미널을 닫기로 했다.", "ko"),
        ("מועצת הנמל הצביעה ביום שלישי בערב על סגירת מסוף המעבורות הישן.", "he"),
        ("Το συμβούλιο του λιμανιού ψήφισε το κλείσιμο του παλιού σταθμού.", "el"),
        ("Der Hafenrat stimmte am Dienstagabend für die Schließung des alten Fähranlegers nach langer Debatte.", "de"),
        ("Le conseil du port a voté mardi soir la fermeture de l’ancienne gare maritime après un long débat.", "fr"),
        ("Liman meclisi salı akşamı uzun bir tartışmanın ardından eski vapur iskelesinin kapatılmasına karar verdi.", "tr"),
        ("The harbour council voted on Tuesday evening to close the old ferry terminal after a long debate.", "en"),
    ],
)
def test_the_text_decides_whatever_is_declared(text: str, code: str) -> None:
    assert detect_language(text) == code
    wrong = "ar" if code == "fa" else "en" if code != "en" else "de"
    assert detect_language(text * 2, (wrong,)) == code


def test_persian_page_that_declares_english(extract: Callable[..., Extraction]) -> None:
    page = f'<html lang="en"><head><meta property="og:locale" content="en_US"></head><body><p>{PERSIAN}</p></body></html>'

    assert extract(page, outlet_language="en", language="en-us").language == "fa"


@pytest.mark.parametrize(
    ("text", "hints", "code"),
    [
        ("Radio Metro", (None, "de-AT"), "de"),
        ("Radio Metro", ("fi", "de"), "fi"),
        ("سلام", ("fa",), "fa"),
        ("سلام", ("ar",), "ar"),
        ("پل", ("ar",), "fa"),
        ("یک کار", (), "fa"),
        ("Привет", ("en", "ru"), "ru"),
        ("Її", ("ru",), "uk"),
        ("東京", ("zh",), "zh"),
    ],
)
def test_hints_break_ties_of_short_texts(text: str, hints: tuple[str | None, ...], code: str) -> None:
    assert detect_language(text, hints) == code


def test_no_letters_no_language() -> None:
    assert detect_language("12:30 — 100 %", ("en",)) is None
    assert detect_language("") is None
