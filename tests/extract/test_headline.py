from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.extract.body import trim_lead
from aggregator.extract.headline import clean_title
from aggregator.model.article import Extraction

Extract = Callable[..., Extraction]
NAMES = ("Northern Herald", "Ellery Wire - World", "herald.example", "herald")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Ferry closes - Northern Herald", "Ferry closes"),
        ("Ferry closes | Northern Herald", "Ferry closes"),
        ("Ferry closes – Northern Herald", "Ferry closes"),
        ("Ferry closes — northern herald", "Ferry closes"),
        ("Northern Herald: Ferry closes", "Ferry closes"),
        ("Ferry closes | Northern Herald | 13.05.2023", "Ferry closes"),
        ("Ferry closes - why? - Northern Herald", "Ferry closes - why?"),
        ("Ellery Wire - World: Ferry closes", "Ferry closes"),
        ("Ferry closes | Ellery Wire - World", "Ferry closes"),
        ("Ferry closes – and reopens", "Ferry closes – and reopens"),
        ("Minister: Ferry closes", "Minister: Ferry closes"),
        ("Ferry-Herald merger", "Ferry-Herald merger"),
        ("  Two\n lines &amp;amp; an “entity” ", "Two lines & an “entity”"),
        ("<b>Bold</b> a<sub>2</sub> < b", "Bold a2 < b"),
        ("می‌خواهیم", "می‌خواهیم"),
        ("Northern Herald", "Northern Herald"),
    ],
)
def test_outlet_names_leave_the_title(raw: str, expected: str) -> None:
    assert clean_title(raw, NAMES) == expected


def _page(h1: str = "", og: str = "", title: str = "", ld: str = "") -> str:
    script = f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"{ld}"}}</script>' if ld else ""
    meta = f'<meta property="og:title" content="{og}">' if og else ""
    return f"<html><head><title>{title}</title>{meta}{script}</head><body><h1>{h1}</h1><p>Some text of it.</p></body></html>"


@pytest.mark.parametrize(
    ("page", "feed", "expected"),
    [
        (_page(h1="Ferry’s last day", og="Ferry's last day"), "Ferry's last day", "Ferry’s last day"),
        (_page(title="Ferry’s last day - Northern Herald"), "Ferry's last day", "Ferry’s last day"),
        (_page(h1="Northern Herald", title="Ferry closes | Northern Herald"), "", "Ferry closes"),
        (_page(h1="The council closes the ferry terminal", og="Ferry: what to know"), "The council closes the ferry terminal",
         "The council closes the ferry terminal"),
        (_page(h1="The council closes the old ferry terminal for good"), "The council closes the old…",
         "The council closes the old ferry terminal for good"),
        (_page(h1="Just a moment", title="Just a moment"), "Ferry terminal closes", "Ferry terminal closes"),
        (_page(h1="FERRY CLOSES", ld="Ferry closes"), "", "Ferry closes"),
        (_page(h1='"Ferry" closes', title="Ferry closes"), "", '"Ferry" closes'),
        (_page(title="Ferry closes | Harbour | Weather and more", h1="Ferry closes"), "", "Ferry closes"),
        (_page(h1="Read this", og="Ferry closes at noon", ld="Ferry closes at noon"), "", "Ferry closes at noon"),
    ],
)  # fmt: skip
def test_evidence_votes(extract: Extract, page: str, feed: str, expected: str) -> None:
    assert extract(page, title=feed).title == expected


def test_without_a_page_the_feeds_title_is_cleaned(extract: Extract) -> None:
    assert extract(None, title="Ferry closes - Northern Herald").title == "Ferry closes"
    assert extract(None, title="Ferry …").title == "Ferry …"


HEAD = "Council closes the old ferry terminal"
LEAD = "After three hours of debate the vote was clear."


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n{LEAD}",
        f"{HEAD}\n{HEAD}\n{HEAD}\n{LEAD}",
        f"{HEAD}{HEAD}{LEAD}",
        f"{HEAD}{LEAD}",
        f"{HEAD} — {LEAD}",
        f"HomeNewsHarbour{HEAD}\n{LEAD}",
        f"HomeNewsHarbour{HEAD}{LEAD}",
        f"Home › News › {HEAD}\n{LEAD}",
        f"Home > News > Harbour\n{HEAD}\n{LEAD}",
        f"Friday, December 1, 2023\n{HEAD}\n{LEAD}",
        f"{HEAD}\n13.05.2023 10:30\n{LEAD}",
        f"“{HEAD.upper()}”\n{LEAD}",
        f"\n\n  {HEAD} \xa0 \n\n {LEAD}\n",
    ],
)
def test_what_stands_above_the_text_is_trimmed(text: str) -> None:
    assert trim_lead(text, HEAD) == LEAD


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD} on Tuesday, after a debate of three hours.",
        f"Critics say “{HEAD}” is a headline that nobody wished for.",
        "On 13 May 2023 the council met. It was a long evening.",
        "The council met.\n" + HEAD,
        "شورای بندر پایانه قدیمی را بست و قایق‌ها ماندند.",
    ],
)
def test_text_that_uses_the_words_stays(text: str) -> None:
    assert trim_lead(text, HEAD) == text
    assert trim_lead(text, "شورای بندر پایانه قدیمی را بست") == text


def test_a_caseless_headline_glued_twice_is_trimmed() -> None:
    head = "شورای بندر پایانه قدیمی را بست"

    assert trim_lead(f"{head}\n{head} {head}\nپس از سه ساعت بحث.", head) == "پس از سه ساعت بحث."
