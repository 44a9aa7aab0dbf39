import re

import pytest

from aggregator.letter import foreign, named, safe_url, said, subject_line, tidy, words_of, wrapped
from aggregator.letter.isolation import spoken
from aggregator.letter.paper import isolated, stationery


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\r\nb\x00c\x85d\u2028e", "a b c d e"),
        (" kept at both ends ", " kept at both ends "),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("\u2067isolates\u2069 and \u202bembeddings\u202c", "isolates and embeddings"),
        ("override \u202e stays", "override \u202e stays"),
        ("می‌گویند", "می‌گویند"),
    ],
)
def test_tidy(raw: str, clean: str) -> None:
    assert tidy(raw) == clean


def test_cuts_end_with_an_ellipsis() -> None:
    assert tidy("abcdef", 6) == "abcdef"
    assert tidy("abcd fghi", 6) == "abcd…"


def test_a_subject_is_one_line_that_nothing_turns_around() -> None:
    assert subject_line(" a\u202eb\u202d\r\nBcc: c\u2028") == "ab Bcc: c"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("https://x.example/a?b=1&c=2", "https://x.example/a?b=1&c=2"),
        ("HTTP://x.example", "HTTP://x.example"),
        ("https://x.example/فا\u200cرسی", "https://x.example/فا%E2%80%8Cرسی"),
        ("https://x.example/a b\n\u202ec", "https://x.example/a%20b%0A%E2%80%AEc"),
        ("https://x.example/\ud800", "https://x.example/%3F"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("javascript://x.example/%0Aalert(1)", ""),
        ("data:text/html,x", ""),
        ("https:///path", ""),
        ("https://x.example/" + "a" * 2000, ""),
    ],
)
def test_safe_url(raw: str, safe: str) -> None:
    assert safe_url(raw) == safe


def test_foreign_words_cannot_turn_a_line_of_text() -> None:
    assert foreign(" plain ") == "plain"
    assert foreign("a\u202eb") == "\u2068a\u202eb\u2069"
    assert foreign("سازمان (MEK) گفت") == "سازمان (MEK)\u200e گفت"
    assert foreign("Latin (MEK) only") == "Latin (MEK) only"
    assert spoken(f"{named('موج')} · {named('Wave')}", "ltr") == "موج\u200e · Wave"
    assert spoken(f"{named('موج')} · {named('Wave')}", "rtl") == "موج · Wave\u200f"
    assert spoken("by " + named("a\u202eb"), "ltr") == "by \u2068a\u202eb\u2069"


def test_a_name_in_a_sentence_of_ours_is_isolated_in_html() -> None:
    assert str(isolated("read by " + named("<b>\u2069موج") + " & co")) == "read by <bdi>&lt;b&gt;موج</bdi> &amp; co"


def test_a_line_of_ours_runs_our_way_whatever_it_begins_with() -> None:
    assert said(f"{named('Wave')} · ۳ خبر", words_of("fa")) == ["\u200fWave\u200f · ۳ خبر"]
    assert said(f"{named('موج')} · 3 stories", words_of("en")) == ["\u200eموج\u200e · 3 stories"]
    assert said("۳ خبر", words_of("fa")) == ["۳ خبر"]
    assert subject_line("[Desk] ۳ خبر", way="rtl") == "\u200f[Desk] ۳ خبر"


def test_prose_is_wrapped_and_words_with_hyphens_stay_whole() -> None:
    lines = wrapped("well-known " * 20, "  ", "- ")
    assert lines[0].startswith("- well-known")
    assert all(line.startswith("  well-known") and line.endswith("well-known") and len(line) <= 76 for line in lines[1:])


@pytest.mark.parametrize("package", ["aggregator.digest", "aggregator.alerts", "aggregator.letter"])
def test_templates_escape_and_never_opt_out(package: str) -> None:
    environment = stationery(package)
    assert environment.autoescape is True
    names = environment.list_templates(extensions=["html"])
    assert {"letter.html", "story.html"} <= set(names)
    for name in names:
        assert environment.loader is not None
        source, _, _ = environment.loader.get_source(environment, name)
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", source)
