"""robots.txt: what RFC 9309 says, what outlets write, and what the hostile try."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse.robots import LONGEST_DELAY, MOST_BYTES, RobotsVerdict, judge_robots, read_robots

AGENT = "aggregator"
HOST = "https://n.example"


def allowed(text: str, *paths: str) -> list[bool]:
    return list(judge_robots(text, AGENT, tuple(f"{HOST}{path}" for path in paths)).allowed)


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("USER-AGENT: *\nDISALLOW: /a", "/ab", False),
        ("User-agent: *\nDisallow: /a/", "/a", True),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /*.php$", "/x/y.php", False),
        ("User-agent: *\nDisallow: /*?print=", "/x?print=1", False),
        ("User-agent: *\nDisallow: /\nAllow: /news/", "/news/1", True),
        ("User-agent: *\nAllow: /news\nDisallow: /news/live/", "/news/live/1", False),  # the longer pattern
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # equal ones: the milder (§2.2.2)
        ("User-agent: *\nDisallow: /%7Ejoe/", "/~joe/x", False),
        ("User-agent: *\nDisallow: /خبر", "/%D8%AE%D8%A8%D8%B1/1", False),
        ("User-agent: *\nDisallow: / # all of it", "/a", False),
        ("Disallow: /", "/a", True),  # of nobody
        ("User-agent: otherbot\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Aggregator\nDisallow: /x", "/a", True),  # ours wins over that for all
        ("User-agent: aggregator/2.0 (news)\nDisallow: /", "/a", False),
        ("User-agent: otherbot\nUser-agent: aggregator\nDisallow: /", "/a", False),
        ("User-agent: aggregator\nUser-agent: otherbot\nDisallow: /", "/a", False),
        ("User-agent: aggregator\nDisallow: /a\nUser-agent: x\nDisallow: /b\nUser-agent: aggregator\nDisallow: /c", "/c", False),
        ("User-agent: aggregator\nDisallow: /a\nUser-agent: x\nDisallow: /b\nUser-agent: aggregator\nDisallow: /c", "/b", True),
        ("User-agent: agg\nDisallow: /", "/a", True),  # the beginning of our name is another name
        ("User-agent: aggregator-video\nDisallow: /", "/a", True),
        ("User-agent: a*\nDisallow: /", "/a", True),
        ("User-agent: *\nDisalow: /a", "/a", False),
        ("User agent *\nDisallow /a", "/a", False),
        ("User-agent: *\nSitemap: https://n.example/s.xml\nDisallow: /a", "/a", False),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", "/a", False),
        ("User-agent: *\rDisallow: /a\r", "/a", False),
    ],
)
def test_rules(rules: str, path: str, expected: bool) -> None:
    assert allowed(read_robots(rules.encode()), path) == [expected]


def test_every_address_has_its_answer() -> None:
    text = "User-agent: *\nDisallow: /a"
    assert allowed(text, "/a", "/b", "/a/b") == [False, True, False]
    odd = ("", "nonsense", "http://[::1", "https://n.example", "https://n.example/\ud800", "https://n.example/a#b")
    assert judge_robots(text, AGENT, odd).allowed == (True, True, False, True, False, False)
    assert judge_robots(text, AGENT, ()).allowed == ()


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("Crawl-delay: 10", 10.0),
        ("crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 10\nCrawl-delay: 3", 3.0),
        ("Crawl-delay: 3600", LONGEST_DELAY),
        ("Crawl-delay: 0", None),
        ("Crawl-delay: -5", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: 1e400", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay:", None),
        ("", None),
    ],
)
def test_crawl_delay(lines: str, delay: float | None) -> None:
    assert judge_robots(f"User-agent: *\n{lines}\nDisallow: /x", AGENT, ()) == RobotsVerdict((), delay)


def test_the_crawl_delay_of_others_is_none_of_ours() -> None:
    text = "User-agent: otherbot\nCrawl-delay: 50\n\nUser-agent: *\nCrawl-delay: 5\n\nUser-agent: aggregator\nCrawl-delay: 2\n"
    assert judge_robots(text, AGENT, ()).crawl_delay == 2.0
    assert judge_robots(text, "somebody", ()).crawl_delay == 5.0


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfUser-agent: *", "User-agent: *"),
        ("User-agent: *".encode("utf-16"), "User-agent: *"),
        (b"Disallow: /caf\xc3\xa9", "Disallow: /café"),
        (b"\n\n<!DOCTYPE html><html><body>\nUser-agent: *\nDisallow: /\n</body></html>", ""),
        (b"<html>", ""),
        (b'{"error": 404}', ""),
    ],
)
def test_bytes_become_text_and_a_web_page_forbids_nothing(body: bytes, text: str) -> None:
    assert read_robots(body) == text


def test_what_is_no_utf8_does_no_harm() -> None:
    assert allowed(read_robots(b"User-agent: *\nDisallow: /\xff\xfe\xe9\nDisallow: /a"), "/a", "/b") == [False, True]
    assert allowed(read_robots(bytes(range(256)) * 4), "/a") == [True]


def test_the_line_that_the_limit_cuts_is_not_read() -> None:
    head = b"User-agent: *\nDisallow: /a\n"
    filler = b"# " + b"x" * (MOST_BYTES - len(head) - 14) + b"\n"
    body = head + filler + b"Disallow: /private\nDisallow: /late\n"
    assert body[:MOST_BYTES].endswith(b"\nDisallow: /")
    assert allowed(read_robots(body), "/a", "/b", "/private", "/late") == [False, True, True, True]


def filled(line: str, head: str = "User-agent: *\n") -> str:
    """Half a megabyte of a line, ``#`` in it counted up."""
    lines = [line.replace("#", str(number)) for number in range(MOST_BYTES // len(line))]
    return (head + "\n".join(lines))[:MOST_BYTES]


@pytest.mark.parametrize(
    "text",
    [
        filled("User-agent: b#", "")[: MOST_BYTES // 2] + "\n" + filled("Disallow: /#", ""),
        filled("User agent b#", "")[: MOST_BYTES // 2] + "\n" + filled("Disallow: /#", ""),
        filled("Useragent: aggregator", "")[: MOST_BYTES // 2] + "\n" + filled("Disallow: /#$", ""),
        filled("Disallow: /*a*a*a*a*b$"),
        filled("Disallow: /" + "*a" * 1500 + "$"),
        "User-agent: *\nDisallow: /" + "*a" * 250_000 + "b$",
        filled("Disallow: /%C3%28*"),
        filled("Disallow: /" + "$" * 20),
        "\n" * MOST_BYTES,
        ":" * MOST_BYTES,
        "*" * MOST_BYTES,
    ],
    ids=["agents", "agents-without-colon", "our-name", "stars", "long-stars", "one-line", "percent", "dollars", "blank", "colons",
         "all-stars"],
)  # fmt: skip
def test_a_hostile_file_costs_little_memory(text: str) -> None:
    """10,000 robots above 20,000 rules would be 200 million rules, and 40,000 rules with wildcards 0.2 s for each address."""
    urls = tuple(f"{HOST}/{'a' * 2_000}/{number}" for number in range(3))
    tracemalloc.start()
    verdict = judge_robots(text, AGENT, urls)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(verdict.allowed) == 3
    assert peak < 20_000_000


def test_wildcards_are_bounded_and_the_plain_rules_among_them_still_count() -> None:
    text = filled("Disallow: /*a*a*a*a*b$")[: MOST_BYTES - 50].rpartition("\n")[0] + "\nDisallow: /private\nDisallow: /*late"
    assert allowed(text, "/private", "/x/late") == [False, True]
    assert allowed("User-agent: *\nDisallow: /*late", "/x/late") == [False]


FIELDS = ["User-agent:", "Disallow:", "Allow:", "Crawl-delay:", "Request-rate:", "Visit-time:", "Host:", "x", "", "User agent"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FIELDS),
            st.text(alphabet="*$/%aA1b-. \x00\u00e9\ud800#:\n", max_size=12),
        ),
        max_size=12,
    ),
    st.text(max_size=30),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_stands_in_it_there_is_an_answer(lines: list[tuple[str, str]], path: str) -> None:
    text = "\n".join(f"{field} {value}" for field, value in lines)
    for read in (text, read_robots(text.encode("utf-8", "replace"))):
        verdict = judge_robots(read, AGENT, (f"{HOST}/{path}", path))
        assert len(verdict.allowed) == 2
        assert verdict.crawl_delay is None or 0 < verdict.crawl_delay <= LONGEST_DELAY
