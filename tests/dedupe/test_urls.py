from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import canonical_url, url_key


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://WWW.Herald.Example:443/A/b", "https://www.herald.example/A/b"),
        ("http://herald.example:80", "http://herald.example/"),
        ("http://herald.example:8080/a", "http://herald.example:8080/a"),
        ("https://herald.example/a#comments", "https://herald.example/a"),
        ("https://herald.example/#!/story/5", "https://herald.example/#!/story/5"),
        ("https://herald.example/a?utm_source=rss&id=3&fbclid=x&UTM_Medium=y", "https://herald.example/a?id=3"),
        ("https://herald.example/a?ref=rss&page=2", "https://herald.example/a?page=2"),
        ("https://herald.example/a?ref=chapter-2", "https://herald.example/a?ref=chapter-2"),
        ("https://herald.example/a?b=2&a=1", "https://herald.example/a?a=1&b=2"),
        ("https://herald.example/a;jsessionid=1A2B?x=1&PHPSESSID=zz", "https://herald.example/a?x=1"),
        ("https://herald.example/x/../خبر", "https://herald.example/%D8%AE%D8%A8%D8%B1"),
        ("https://herald.example/%d8%ae", "https://herald.example/%D8%AE"),
        ("  https://herald.example/a ", "https://herald.example/a"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_canonical_url(url: str, expected: str) -> None:
    assert canonical_url(url) == expected
    assert canonical_url(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://herald.example/news/ferry",
        "http://herald.example/news/ferry/",
        "https://www.herald.example/news/ferry",
        "https://m.herald.example/news/ferry",
        "https://mobile.herald.example/news/ferry",
        "https://amp.herald.example/news/ferry",
        "https://herald.example/news/ferry/amp",
        "https://herald.example/news/ferry/amp/",
        "https://herald.example/news/ferry.amp",
        "https://herald.example/news/ferry?amp=1",
        "https://herald.example/news/ferry?outputType=amp",
        "https://herald.example/news/ferry/index.html",
        "https://herald.example/news/ferry?utm_campaign=x#top",
    ],
)
def test_forms_of_one_page_share_a_key(url: str) -> None:
    assert url_key(url) == "herald.example/news/ferry"


def test_different_pages_have_different_keys() -> None:
    urls = [
        "https://herald.example/a?id=1", "https://herald.example/a?id=2", "https://herald.example/a", "https://herald.example/A",
        "https://m.example/a", "https://news.herald.example/a", "https://herald.example/amp", "https://herald.example/#!/1",
        "https://herald.example/#!/2", "https://herald.example/a?id=1&page=2", "https://herald.example:8080/a",
    ]  # fmt: skip

    assert len({url_key(url) for url in urls}) == len(urls)


def test_long_addresses_are_bounded_and_stay_apart() -> None:
    keys = {url_key(f"https://herald.example/{'x' * 3000}?id={number}") for number in (1, 2)}

    assert {len(key) for key in keys} == {512}
    assert len(keys) == 2


@given(st.text(max_size=60))
def test_any_text_gives_a_bounded_key(text: str) -> None:
    for url in (text, f"http://herald.example/{text}", f"https://{text}/a"):
        assert len(url_key(url)) <= 512
        assert url_key(url) == url_key(url)


@given(
    st.sampled_from(["http", "https"]),
    st.text("abz09-", min_size=1, max_size=8),
    st.sampled_from(["", ":80", ":443", ":8080", ":0080", ":65535"]),
    st.lists(st.text("abZ09_.~-", max_size=6), min_size=1, max_size=5),
)
def test_the_short_way_for_simple_addresses_leads_to_the_same_place(scheme: str, label: str, port: str, path: list[str]) -> None:
    url = f"{scheme}://{label}.example{port}/{'/'.join(path)}"
    around = f"{url}#top"  # no longer simple, and the same address
    assert url_key(url) == url_key(around)
    assert canonical_url(url) == canonical_url(around)


@given(st.integers(), st.integers())
def test_an_id_is_never_lost(one: int, other: int) -> None:
    same = url_key(f"https://herald.example/show.php?id={one}") == url_key(f"https://herald.example/show.php?id={other}")

    assert same == (one == other)
