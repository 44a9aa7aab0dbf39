"""A page that fools extractors: today above all, a run-together breadcrumb, the headline thrice; only the feed has the date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from aggregator.model.article import DateOrigin, Extraction, TextOrigin

TITLE = "The HFU’s Quiet Rise Unsettles Port Ellery’s Council and Its Patrons"
BODY = (
    "The dispute over the harbour continues. Despite the council’s warnings, members call it a ‘revival’ that will\xa0last.",
    "This persistence owes much to the Harbour Freedom Union (HFU), whose pamphlets speak of “the people’s port” at length.",
    "On May 12, the retired harbour master warned: “The danger that the Union poses to this council is unequalled.”",
    "In its report of 7 May 2023 the state-owned Quay Gazette called the Freedom Union a passing fashion on four pages.",
    "The Ittihad al-Mina, as the dock workers from the south call the same union, has asked for talks before the summer begins.",
)
FLAT = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE} - Ellery Observer</title></head><body>
<div class="wrap"><p>Wednesday, March 20, 2024</p>
<p>HomeHarbour News NowHarbour Politics &amp; UnionsThe HFU's Quiet Rise Unsettles Port Ellery's Council and Its Patrons </p>
<p>{TITLE}&nbsp;</p><p>{TITLE}</p>
{"".join(f"<p>{text}&nbsp;</p>" for text in BODY)}</div></body></html>"""
THEMED = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE} &#8211; Ellery Observer</title></head>
<body>
<header id="masthead" class="site-header"><a href="/">Ellery Observer</a>
<span class="top-date">Wednesday, March 20, 2024</span></header>
<div class="breadcrumbs"><a href="/">Home</a><a href="/n">News</a><span>{TITLE}</span></div><h2>{TITLE}</h2>
<main><article><header><h1>{TITLE}</h1></header>{"".join(f"<p>{text}</p>" for text in BODY)}</article></main>
<aside class="widget"><h2>Recent Posts</h2><ul><li>Other things <time datetime="2024-03-19">19 March 2024</time></li></ul></aside>
<footer>&copy; 2024 Ellery Observer</footer></body></html>"""
ANNOUNCED = datetime(2023, 5, 13, 8, 30, tzinfo=UTC)


@pytest.fixture(params=[FLAT, THEMED], ids=["flat", "themed"])
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_title_text_and_date_are_exact(extract: Callable[..., Extraction], page: str) -> None:
    found = extract(
        page, title="The HFU's Quiet Rise Unsettles Port Ellery's Council and Its Patrons", outlet="Ellery Observer",
        published_at=ANNOUNCED, published_raw="Sat, 13 May 2023 08:30:00 +0000",
    )  # fmt: skip

    assert found.title == TITLE
    assert found.text == "\n".join(BODY).replace("\xa0", " ")
    assert found.text_origin is TextOrigin.PAGE
    assert (found.note, found.language) == ("", "en")
    assert (found.date.at, found.date.has_time, found.date.origin) == (ANNOUNCED, True, DateOrigin.FEED)
    assert [item.rejected for item in found.date.candidates if item.at.date().isoformat() == "2024-03-20"] == ["masthead"]


def test_todays_masthead_is_no_date_even_if_the_feed_has_none(extract: Callable[..., Extraction], page: str) -> None:
    found = extract(page, outlet="Ellery Observer")

    assert found.date.at is None
    assert {item.rejected for item in found.date.candidates} <= {"masthead", "related"}
    assert "masthead" in {item.rejected for item in found.date.candidates}
    assert found.title == TITLE
