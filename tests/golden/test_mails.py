"""Each mail is the one that was looked at, is valid HTML, and can be read by everybody: aloud, in the dark, in any language."""

from __future__ import annotations

import difflib
import email
import email.policy
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from justhtml import JustHTML
from lxml import html as lxml_html

from aggregator.letter import Words, words_of
from aggregator.letter.languages import TABLES
from tests.golden.files import FOLDER, content, letter, paths
from tests.golden.press import OUTLETS, TEXTS
from tests.golden.scenes import SCENES

NAMES = list(SCENES)
MARK = "background:#ffe58f;color:#1b1f24"


def page_of(name: str) -> Any:
    return lxml_html.document_fromstring(letter(name).html)


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.name)
def test_the_mail_is_the_one_that_was_looked_at(path: Path) -> None:
    """To renew: ``python -m tests.golden --update``, then look at the difference, and at the pictures."""
    new, old = content(path), path.read_bytes() if path.exists() else b""
    if new != old:
        pytest.fail("\n".join(difflib.unified_diff(_shown(old), _shown(new), "committed", "now", lineterm="", n=1))[:8000])


def _shown(content: bytes) -> list[str]:
    """The file as lines to compare; of a message its headers and decoded parts."""
    if not content.startswith(b"Date:"):
        return content.decode().split("\n")
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = [str(part.get_content()) for part in message.walk() if not part.is_multipart()]
    return [f"{name}: {value}" for name, value in message.items()] + "\n".join(parts).split("\n")


def test_nothing_else_lies_among_them_and_they_stay_small() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {path.name for path in paths()}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 600_000
    assert all(len(letter(name).html.encode()) <= 90_000 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_html_is_valid(name: str) -> None:
    """By the parser of the HTML standard, which names every error that it has to mend."""
    assert JustHTML(letter(name).html, collect_errors=True, sanitize=False).errors == []


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_aloud(name: str) -> None:
    page = page_of(name)
    levels = [int(node.tag[1]) for node in page.xpath("//h1|//h2|//h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), "no level is skipped"
    assert all(node.text_content().strip() for node in page.xpath("//h1|//h2|//h3|//a|//p|//title"))
    assert page.get("lang")
    assert page.get("dir") in ("ltr", "rtl")
    for table in page.xpath("//table"):
        assert (table.get("role"), bool(table.get("aria-label"))) in (("img", True), ("presentation", False))
    assert not page.xpath("//img|//script|//svg|//form|//iframe|//*[@onclick]|//*[@id]")
    assert all(link.text_content().strip().lower() not in ("here", "more", "link", "click here") for link in page.xpath("//a"))
    assert {mark.get("style") for mark in page.xpath("//mark")} <= {MARK}
    for story in page.xpath("//div[@class='s']"):
        assert story.get("dir") in ("ltr", "rtl")
        assert story.get("lang") is not None


@pytest.mark.parametrize("name", NAMES)
def test_both_parts_tell_the_same(name: str) -> None:
    """What is in the HTML, but for its preview and its charts, is in the text, word for word; and every address."""
    made = letter(name)
    page = page_of(name)
    page.xpath("//body/div")[0].drop_tree()
    page.xpath("//style")[0].drop_tree()
    for chart in page.xpath("//table"):
        chart.drop_tree()
    told = "".join(_words(made.text))  # long words are broken there
    missing = Counter(_words(" ".join(page.xpath("//body//text()")))) - Counter(_words(made.text))
    assert [word for word in missing if word not in told] == []
    assert not missing or name == "long-words", "as often as in the HTML, but for words that are broken"
    assert set(page.xpath("//a/@href")) == set(re.findall(r"^ *(https?://\S+)$", made.text, re.MULTILINE))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub("[\u200e\u200f\u2068\u2069]", "", text))


LEAST = 4.5
"""Contrast of text to its ground (WCAG 2.2, 1.4.3)."""

TINTED = {".w", ".g", ".d", ".e"}
"""What stands on a ground of its own; all else stands on the paper, and what is in the lead on that, too."""


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def rules_of(css: str) -> dict[str, dict[str, str]]:
    """Colours by selector: ``{".c": {"background": "#fcfcfd"}}``."""
    found: dict[str, dict[str, str]] = {}
    for names, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        for name in names.strip().split(","):
            found.setdefault(name, {}).update(re.findall(r"(?:^|;)(color|background):(#\w{6})", body))
    return found


def schemes() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    light, dark = page_of("usual").xpath("//style/text()")[0].split("@media (prefers-color-scheme:dark){")
    day = rules_of(re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\}", "", light))
    night = rules_of(dark)
    yield "light", day
    yield "dark", {name: day.get(name, {}) | night.get(name, {}) for name in {*day, *night}}


@pytest.mark.parametrize(("scheme", "rules"), [*schemes()], ids=("light", "dark"))
def test_every_colour_contrasts_enough_on_its_ground(scheme: str, rules: dict[str, dict[str, str]]) -> None:
    checked = 0
    for name, told in rules.items():
        if "color" not in told:
            continue
        for ground in (rules[place]["background"] for place in ([name] if name in TINTED else [".c", ".l"])):
            assert contrast(told["color"], ground) >= LEAST, (scheme, name, told["color"], ground)
            checked += 1
    assert checked > 15
    assert contrast("#1b1f24", "#ffe58f") >= LEAST
    # Bars are graphics: three to one is enough (1.4.11), also between the last one and the others.
    bar, last, paper = (rules[name]["background"] for name in (".b div", ".b .x", ".c"))
    assert all(contrast(*pair) >= 3 for pair in ((bar, paper), (last, paper), (bar, last)))


FOREIGN = " ".join([*OUTLETS, *(word for pair in TEXTS.values() for word in pair)])
NOT_OURS = """Selvane desk Free Harbour Movement Customs union Dredging contracts Ferry disaster Irena Kelvaris FHM
Who ordered the search wire state opposition international https outlet example watch
Europe Paris Asia Tehran Newsdesk quiet Subject"""


def english_words() -> set[str]:
    """Every word of our English table that no article, name or other language of ours has."""
    said = _table_words(words_of("en"))
    theirs = {word.lower() for word in _words(FOREIGN + NOT_OURS)}
    return {word for word in said if len(word) > 1} - theirs


def _table_words(words: Words) -> set[str]:
    told: list[str] = []
    for field in Words.__dataclass_fields__:
        value = getattr(words, field)
        told += [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
        told += list(value.values()) if field in ("failures", "subjects", "languages", "notes") else []
    return {word.lower() for text in told for word in _words(re.sub(r"{\w*}", " ", text))}


@pytest.mark.parametrize("name", ["everything-fr", "everything-de", "everything-fa", "persian", "alert-fa", "volumes-de"])
def test_no_english_word_of_ours_is_left(name: str) -> None:
    made = letter(name)
    language = page_of(name).get("lang")
    ours = english_words() - _table_words(TABLES[language])
    assert {"stories", "articles", "published", "unsubscribe", "silent"} <= english_words()
    for part in (f"{made.subject}\n{made.text}", " ".join(page_of(name).xpath("//body//text()|//@aria-label"))):
        told = {word.lower() for word in _words(re.sub(r"https?://\S+", "", part))}
        assert told & ours == set()


def test_a_persian_mail_runs_from_right_to_left_with_stories_in_their_own_way() -> None:
    page = page_of("persian")
    assert (page.get("lang"), page.get("dir")) == ("fa", "rtl")
    ways = [(story.get("lang"), story.get("dir")) for story in page.xpath("//div[@class='s']")]
    assert {("fa", "rtl"), ("en", "ltr"), ("fr", "ltr"), ("de", "ltr")} == set(ways)
    for node in page.xpath("//div[@class='s' and @dir='ltr']//text()[normalize-space()]"):
        if re.search("[\u0600-\u06ff]", node):
            holder = [up.tag for up in (node.getparent(), *node.getparent().iterancestors())]
            assert "bdi" in holder, node
    digits = " ".join(page.xpath("//p[@class='k' or @class='t']//text()"))
    assert not re.search("[0-9]", digits)
