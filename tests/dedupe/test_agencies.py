"""Whom a text credits: datelines, tails, authors; and what is no credit."""

from __future__ import annotations

import pytest

from aggregator.dedupe import credit
from aggregator.dedupe.agencies import is_outlet_of

BODY = "The ferry between the islands stays in port for a third day, and nobody says for how long. " * 6


@pytest.mark.parametrize(
    ("head", "agency"),
    [
        ("NORTHPORT, March 3 (Reuters) - ", "Reuters"),
        ("NORTHPORT (AP) — ", "AP"),
        ("Northport (AFP/dpa) – ", "AFP"),
        ("Northport (dpa) - ", "dpa"),
        ("ANKARA (AA) - ", "Anadolu"),
        ("МОСКВА, 3 марта. /ТАСС/. ", "TASS"),
        ("МОСКВА, 3 мар — РИА Новости. ", "RIA Novosti"),
        ("به گزارش ایرنا، ", "IRNA"),
        ("به گزارش خبرنگار خبرگزاری ايسنا، ", "ISNA"),
        ("به گزارش خبرگزاری مهر، ", "Mehr"),
        ("باريس (أ ف ب) - ", "AFP"),
        ("دبي (رويترز) - ", "Reuters"),
        ("新华社北京3月3日电（记者某某）", "Xinhua"),
        ("（中央社記者某某台北3日電）", "CNA"),
        ("(聯合國新聞)", "UN News"),
        ("(서울=연합뉴스) 홍길동 기자 = ", "Yonhap"),
        ("【共同】", "Kyodo"),
        ("REUTERS - ", "Reuters"),
    ],
)
def test_a_dateline_credits(head: str, agency: str) -> None:
    assert credit(head + BODY) == agency


@pytest.mark.parametrize(
    ("tail", "agency"),
    [
        ("— AFP", "AFP"),
        ("\nReuters", "Reuters"),
        (" (PTI)", "PTI"),
        ("\ndpa/abc", "dpa"),
        ("\nSource: Reuters", "Reuters"),
        ("\nИсточник: ТАСС", "TASS"),
        ("\nمنبع: ایسنا", "ISNA"),
        ("\nالمصدر: الأناضول", "Anadolu"),
        ("\n來源：新華社", "Xinhua"),
        ("\n© 2026 AFP", "AFP"),
    ],
)
def test_a_tail_credits(tail: str, agency: str) -> None:
    assert credit(BODY + tail) == agency


@pytest.mark.parametrize(
    ("authors", "agency"),
    [(("Reuters Staff",), "Reuters"), (("Jo Doe", "AFP"), "AFP"), (("dpa/Jo Doe",), "dpa"), (("By Associated Press",), "AP")],
)
def test_an_author_credits(authors: tuple[str, ...], agency: str) -> None:
    assert credit(BODY, authors=authors) == agency


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        f"{BODY} The minister told Reuters that she knew nothing of it. {BODY}",
        f"The AP exam is over, and the map (APS) is redrawn. {BODY}",
        f"Two vans collided near the ANSAldo works. {BODY}",
        f"{BODY} She spoke with the BBC and the AFP about it, she said.",
        "",
    ],
)
def test_what_is_only_named_is_no_credit(text: str) -> None:
    assert credit(text) == ""


def test_an_agency_knows_its_own_outlets() -> None:
    assert is_outlet_of("Reuters", "Reuters", "https://x.test/1")
    assert is_outlet_of("TASS", "News", "https://www.tass.ru/1")
    assert is_outlet_of("AP", "News", "https://hosted.ap.org/1")
    assert not is_outlet_of("AP", "Northport Courier", "https://map.org/1")
    assert not is_outlet_of("AFP", "Northport Courier", "not an address")
