from __future__ import annotations

import pytest

from aggregator.text.direction import direction

HEBREW = "מועצת הנמל הצביעה ביום שלישי"
SORANI = "ئەنجومەنی بەندەر ئێوارەی سێشەممە دەنگی دا"
KURMANJI = "Meclîsa bendergehê êvara sêşemê biryar da"


@pytest.mark.parametrize(
    ("language", "text", "way"),
    [
        ("he", HEBREW, "rtl"),
        ("yi", "דער פּאָרט ראַט האָט באַשלאָסן", "rtl"),
        ("ar", "صوّت مجلس الميناء", "rtl"),
        ("fa", "BBC: شورای بندر رأی داد", "rtl"),
        ("ur", "بندرگاہ کی کونسل", "rtl"),
        ("ku", SORANI, "rtl"),
        ("ku", KURMANJI, "ltr"),
        ("ckb", SORANI, "rtl"),
        ("uz", "Port kengashi qaror qildi", "ltr"),
        ("en", "The word \u200f" + HEBREW, "ltr"),
        (None, "Port Ellery: " + HEBREW, "rtl"),
        (None, "The council said " + HEBREW[:9] + " and left for the day", "ltr"),
        ("ku-Latn", SORANI, "ltr"),
        (None, "12:30 …", "ltr"),
    ],
)
def test_direction(language: str | None, text: str, way: str) -> None:
    assert direction(language, text) == way
