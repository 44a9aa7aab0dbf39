"""Messages to chats: short, and nobody's playground."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model.channel import ChatStyle
from aggregator.syndication.chat import MOST, chat_text

NASTY = "<b>x</b> & @everyone <!channel> [a](http://evil.example/) **bold** `c` <@123>\nnext"


def found(title: str = "Tunnel closed", rule: str = "tunnel", **values: Any) -> str:
    data = {"rule": rule, "rule_name": rule.title(), "title": title, "outlet": "Courier", "url": "https://courier.example/1"}
    return json.dumps({"type": "article.matched", "data": data | values})


def test_what_was_found_stands_under_its_rule() -> None:
    text = chat_text([found(), found("Port closed"), found("Strike", "port")], ChatStyle.PLAIN, "Desk")
    assert text == (
        "[Desk]\nTunnel:\nTunnel closed\nCourier https://courier.example/1\nPort closed\nCourier https://courier.example/1\n"
        "Port:\nStrike\nCourier https://courier.example/1"
    )


@pytest.mark.parametrize("style", ChatStyle)
def test_nobody_is_called_and_nothing_is_formatted(style: ChatStyle) -> None:
    text = chat_text([found(NASTY, outlet=NASTY, rule_name=NASTY, url="https://a.example/@here/<x>|y")], style, "Desk")
    assert not re.search(r"@\w", text)
    assert "https://a.example/%40here/%3Cx%3E%7Cy" in text
    if style is ChatStyle.HTML:
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
        assert "<!channel>" in html.unescape(text)
    if style is ChatStyle.MARKDOWN:
        assert not re.search(r"(?<!\\)[*`<\[\]()]", text.removeprefix("[Desk]"))


@settings(max_examples=50)
@given(
    titles=st.lists(st.text(max_size=400), min_size=1, max_size=60),
    outlet=st.text(max_size=90),
    url=st.sampled_from(["", "https://a.example/", "https://a.example/" + "x" * 1900]),
    style=st.sampled_from(ChatStyle),
)
def test_a_message_has_at_most_a_thousand_characters_and_counts_the_rest(
    titles: list[str], outlet: str, url: str, style: ChatStyle
) -> None:
    text = chat_text([found(title, outlet=outlet, url=url) for title in titles], style, "Desk")
    assert len(text) <= MOST
    more = re.search(r"\n… and ([\d,]+) more$", text)
    left = int(more[1].replace(",", "")) if more else 0
    assert left < len(titles)


@pytest.mark.parametrize("style", ChatStyle)
def test_what_does_not_fit_is_counted(style: ChatStyle) -> None:
    text = chat_text([found(f"story {n}", url=f"https://courier.example/1{n:02}") for n in range(60)], style, "Desk")
    more = re.search(r"\n… and ([\d,]+) more$", text)
    assert more is not None
    assert 0 < text.count("https://courier.example/1") == 60 - int(more[1])


def test_the_last_of_them_needs_no_room_for_a_count() -> None:
    bodies = [found("x" * 180) for _ in range(4)]
    assert "more" not in chat_text(bodies, ChatStyle.PLAIN, "Desk")
    assert chat_text([*bodies, found("y" * 180)], ChatStyle.PLAIN, "Desk").endswith("… and 1 more")
