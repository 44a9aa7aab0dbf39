"""The parts that all formats share, where a feed around them would only be in the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse import fields

BASE = "https://n.example/feed"


@pytest.mark.parametrize(
    "value", ["http:///x", "http://:80/", "https://n.example:0/", "//", "//\\evil", "https:n", "https:///x", "ftp://n/"]
)
def test_addresses_without_a_host_or_with_a_bad_one_are_dropped(value: str) -> None:
    assert fields.http_url(value, BASE) is None


@given(st.text(max_size=60), st.sampled_from([BASE, "", "javascript:x", "nonsense"]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_an_address_is_http_or_nothing(value: str, base: str) -> None:
    address = fields.http_url(value, base)
    assert address is None or (address.startswith(("http://", "https://")) and not set(address) & set(" \t\r\n\x00\u202e"))


@given(st.text(alphabet="ab <>&;#/!-b\n\x00\x85\u00a0\u202e\ud800", max_size=60), st.booleans())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_plain_text_is_one_clean_line(text: str, markup: bool) -> None:
    line = fields.plain(text, markup=markup)
    assert line == " ".join(line.split())
    assert not set(line) & set("\x00\n\x85\u00a0\ud800")
    line.encode()


def test_plain_text_that_looks_like_markup_is_left_alone_when_the_feed_says_plain() -> None:
    assert fields.plain("the <video> element", markup=False) == "the <video> element"
    assert fields.plain("the <i>Times</i>", markup=False) == "the Times"
    assert fields.rich("a < b & c", markup=False) == "a &lt; b &amp; c"
    assert fields.rich("<p>a</p>", markup=False) == "<p>a</p>"
    assert fields.rich("a < b", markup=True) == "a < b"
