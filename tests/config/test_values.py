from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from aggregator.config import values
from aggregator.config.stores import store_url

STEADY = settings(deadline=None, derandomize=True)


def refusal(read: Callable[[Any], object], value: object) -> tuple[str, str]:
    with pytest.raises(PydanticCustomError) as caught:
        read(value)
    context = caught.value.context or {}
    return context["message"], context["hint"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("30m", 1800), ("2h", 7200), ("1d", 86400), ("1.5h", 5400), ("0.5 s", 0.5), ("0s", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert values.duration(text).total_seconds() == seconds


@pytest.mark.parametrize("value", ["", "30", "30 min", "-5m", "1h30m", "m", "٣m", "1e3s", "9999999999d", True, 1.5, [], time(7)])
def test_other_things_are_no_durations(value: object) -> None:
    assert '"30m"' in refusal(values.duration, value)[1]


def test_a_bare_number_is_asked_for_its_unit() -> None:
    assert refusal(values.duration, 30) == ("must be a duration, not an integer", 'write "30s" for seconds or "30m" for minutes')


@STEADY
@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30)))
def test_a_spelt_duration_reads_back(length: timedelta) -> None:
    assert values.duration(values.spell(length)) == length


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org:8443/a%20b?c=d#e",
        "https://[2001:db8::1]/feed",
        "https://bücher.example/فید",
        "http://127.0.0.1:8000/feed",
    ],
)
def test_web_urls(url: str) -> None:
    assert values.web_url(url) == url


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://example.org/", "not an http"),
        ("javascript:alert(1)", "not an http"),
        ("file:///etc/passwd", "not an http"),
        ("example.org/feed", "not an http"),
        ("", "not an http"),
        ("https://", "no host"),
        ("https:///feed", "no host"),
        ("https://user:secret@example.org/", "user name or password"),
        ("https://user@example.org/", "user name or password"),
        ("https://example.org:99999/", "not a URL"),
        ("https://example.org:0/", "port 0"),
        ("https://example.org:x/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://example.org/a b", "blanks"),
        ("https://example.org\\@evil.example/", "backslashes"),
        ("https://example.org/\n", "blanks"),
        ("https://example.org/\u0000", "control"),
        ("https://example.org/" + "x" * 2048, "2048"),
    ],
)
def test_bad_urls_are_refused(url: str, word: str) -> None:
    message, _ = refusal(values.web_url, url)
    assert word in message
    assert "secret" not in message


def test_a_url_without_a_scheme_is_completed_in_the_hint() -> None:
    assert refusal(values.web_url, "example.org/feed")[1] == "write https://example.org/feed"
    assert refusal(values.web_url, "feed://example.org/x")[1] == "write https://example.org/x"


def test_text_is_one_line_of_bounded_length() -> None:
    assert values.one_line("x" * 2048) == "x" * 2048
    assert refusal(values.one_line, "x" * 2049)[0] == "must have at most 2048 characters, has 2049"
    for char, name in (("\n", "U+000A"), ("\x1b", "U+001B"), ("\x85", "U+0085"), ("\u2028", "U+2028")):
        assert name in refusal(values.one_line, f"a{char}b")[0]


def test_addresses() -> None:
    assert values.mail_address("reader@example.org") == "reader@example.org"
    assert values.mail_address("reader@BÜCHER.example") == "reader@xn--bcher-kva.example"
    assert values.mail_address("monitor@mail.internal") == "monitor@mail.internal"


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("a@b.c, x@y", "one [[recipient]]"),
        ("a@b.org;c@d.org", "one [[recipient]]"),
        ("Reader <a@b.org>", "without name"),
        ("a@b.org\nBcc: c@d.org", "one [[recipient]]"),
        ("a@host", "name@example.org"),
        ("root@localhost", "name@example.org"),
        ("reader", "name@example.org"),
        ("", "name@example.org"),
        ('"a b"@example.org', "name@example.org"),
        ("a@[127.0.0.1]", "name@example.org"),
        ("leser.ü@example.org", "name@example.org"),
    ],
)
def test_bad_addresses(address: str, hint: str) -> None:
    message, found = refusal(values.mail_address, address)
    assert "is not an e-mail address" in message
    assert "\n" not in message
    assert hint in found


@pytest.mark.parametrize(
    ("zone", "better"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/paris", "Europe/Paris"),
        ("Tehran", "Asia/Tehran"),
        ("New York", "America/New_York"),
        ("utc", "UTC"),
        ("../../etc/passwd", "IANA"),
        ("", "IANA"),
        ("Xyzzy", "IANA"),
    ],
)
def test_time_zones(zone: str, better: str) -> None:
    assert better in refusal(values.time_zone, zone)[1]


@pytest.mark.parametrize(
    ("block", "hint"),
    [("10.0.0.1/8", "10.0.0.0/8"), ("10.0.0.0/33", "10.0.0.0/8"), ("intranet", "10.0.0.0/8"), ("fd00::1/8", "fd00::/8")],
)
def test_networks(block: str, hint: str) -> None:
    assert hint in refusal(values.network, block)[1]
    assert values.network("192.168.0.0/16") == "192.168.0.0/16"
    assert values.network("::1") == "::1"


def test_times_of_day() -> None:
    assert values.wall_time("07:00") == values.wall_time(time(7)) == values.wall_time("7:00:00") == time(7)
    for value in ("24:00", "7", "7:60", "", "07:00 Uhr", 7, True):
        assert "07:00" in refusal(values.wall_time, value)[1]


def test_weekdays() -> None:
    assert values.weekdays("daily") == (1, 2, 3, 4, 5, 6, 7)
    assert values.weekdays("workdays") == (1, 2, 3, 4, 5)
    assert values.weekdays(["sun", "Monday", "mon"]) == (1, 7)
    for value in ([], "weekly", "mon", 1, ["mo"], [1], [["mon"]]):
        assert refusal(values.weekdays, value)[0]
    assert refusal(values.weekdays, ["tues"])[1] == 'did you mean "tue"?'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("BBC World", 'write "bbc-world"'),
        ("a--b", 'write "a-b"'),
        ("", "radio-one"),
        ("ایران", "radio-one"),
        ("x" * 65, "x" * 64),
        ("a_b", "a-b"),
    ],
)
def test_slugs(text: str, hint: str) -> None:
    assert hint in refusal(values.slug, text)[1]
    assert values.slug("a-1") == "a-1"


@STEADY
@given(st.text())
def test_readers_take_a_text_or_say_why_not_on_one_line(text: str) -> None:
    for read in (
        values.web_url, values.mail_address, values.time_zone, values.network, values.duration, values.wall_time, values.slug,
        values.one_line, values.language, values.country, store_url, values.weekdays,
    ):  # fmt: skip
        with suppress(PydanticCustomError):
            assert read(text) is not None or text == ""
            continue
        message, _ = refusal(read, text)
        assert len(message.splitlines()) == 1, read
