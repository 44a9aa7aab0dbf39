"""The text part of a mail: wrapped prose, addresses unbroken on lines of their own."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from aggregator.letter.paper import MOST_ALIASES, is_rtl, safe_url, tidy
from aggregator.letter.words import Words
from aggregator.model.delivery import Segment, StoryBlock

WIDTH = 76
_MARK = "\u200e"
_OVERRIDES = re.compile("[\u202d\u202e]")
_LATIN_IN_BRACKETS = re.compile(r"\([^()]*[A-Za-z0-9][^()]*\)")


def foreign(text: str, most: int = 0) -> str:
    """Somebody else's words on one line, unable to turn the rest of it around.

    A text with a direction override is isolated (U+2068, U+2069). In a text from right to left, brackets around Latin
    letters or digits are followed by U+200E, without which many clients show them at the wrong end.
    """
    clean = tidy(text, most).strip()
    if is_rtl(clean):
        clean = _LATIN_IN_BRACKETS.sub(rf"\g<0>{_MARK}", clean)
    return f"\u2068{clean}\u2069" if _OVERRIDES.search(clean) else clean


def named(text: str, most: int = 0) -> str:
    """A foreign name that stands inside a line of ours: what follows it keeps our direction."""
    clean = foreign(text, most)
    return clean + _MARK if is_rtl(clean) else clean


def sentence(segments: Iterable[Segment]) -> str:
    """A headline or a snippet without its marks."""
    return "".join(segment.text for segment in segments)


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """``text`` as lines of at most 76 characters; ``first`` is the indent of the first one when it differs."""
    lead = indent if first is None else first
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False)


def story_lines(block: StoryBlock, facts: Sequence[str], words: Words) -> list[str]:
    """A story in the order of its HTML: headline, outlet and facts, address, snippets, names used, other outlets, texts, note."""
    tag = [named(block.group, 30)] if block.group else []
    lines = wrapped(foreign(sentence(block.headline)), "  ", "- ")
    lines += wrapped(" · ".join([named(block.outlet, 80), *tag, *facts]), "  ")
    lines += _address(block.url, "  ")
    for fragment in block.snippets:
        lines += wrapped(foreign(sentence(fragment)), "    ")
    if block.aliases:
        names = ", ".join(f"“{named(alias, 60)}”" for alias in block.aliases[:MOST_ALIASES])
        lines += wrapped(f"{words.wording} {names}", "  ")
    for copy in block.also:
        group = f" ({named(copy.group, 30)})" if copy.group else ""
        lines += wrapped(f"{words.also_in} {named(copy.outlet, 80)}{group}", "  ")
        lines += _address(copy.url, "  ")
    for told in block.texts:
        lines += wrapped(f"{words.more_on}: {foreign(told.title, 200)} · {named(told.outlet, 120)}", "  ")
        lines += _address(told.url, "  ")
    if block.more:
        lines += wrapped(words.count(words.copies, block.more), "  ")
    if block.note:
        lines += wrapped(foreign(block.note, 200), "  ")
    return [*lines, ""]


def _address(url: str, indent: str) -> list[str]:
    target = safe_url(url)
    return [f"{indent}{target}"] if target else []
