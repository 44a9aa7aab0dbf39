"""The text part of a mail: wrapped prose, addresses unbroken on lines of their own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from aggregator.letter.isolation import foreign, named, safe_url, spoken, starting
from aggregator.letter.stories import by_group, further_groups, naming, standing
from aggregator.letter.words import Words
from aggregator.model.delivery import Links, Segment, StoryBlock
from aggregator.text import direction

WIDTH = 76


def sentence(segments: Iterable[Segment]) -> str:
    """A headline or a snippet without its marks."""
    return "".join(segment.text for segment in segments)


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """``text`` as lines of at most 76 characters; ``first`` is the indent of the first one when it differs."""
    lead = indent if first is None else first
    if text and len(lead) + len(text) <= WIDTH and text == text.strip() and "  " not in text:
        return [lead + text]
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False)


def said(text: str, words: Words, indent: str = "", first: str | None = None) -> list[str]:
    """A sentence of ours as lines, each running the way of our language."""
    around = direction(words.language)
    return [starting(line, around) for line in wrapped(spoken(text, around), indent, first)]


def story_lines(block: StoryBlock, facts: Sequence[str], words: Words) -> list[str]:
    """A story in the order of its HTML: headline, outlet and facts, address, snippets, names used, other outlets, texts, note."""
    tag = [named(block.group, 30)] if block.group else []
    new = [standing(block, words)] if block.continuing is not None else []
    lines = wrapped(foreign(sentence(block.headline)), "  ", "- ")
    lines += said(" · ".join([named(block.outlet, 80), *tag, *new, *facts]), words, "  ")
    lines += address(block.url, "  ")
    for fragment in block.snippets:
        lines += wrapped(foreign(sentence(fragment)), "    ")
    if block.aliases:
        lines += said(naming(block, words), words, "  ")
    for group, copies in by_group(block.also):
        tagged = f"{words.also_in} {named(group, 30)}" if group else words.also_in
        for copy in copies:
            lines += said(f"{tagged}{words.colon if group else ' '}{named(copy.outlet, 80)}", words, "  ")
            lines += address(copy.url, "  ")
    if block.more:
        lines += said(words.count(words.copies, block.more) + further_groups(block, words), words, "  ")
    for told in block.texts:
        lines += said(f"{words.more_on}{words.colon}{named(told.title, 200)} · {named(told.outlet, 120)}", words, "  ")
        lines += address(told.url, "  ")
    return [*lines, *note_lines(block, words), ""]


def note_lines(block: StoryBlock, words: Words) -> list[str]:
    """The note on a story, if there is one, the way its language runs."""
    if not block.note:
        return []
    return said(block.note, words, "  ") if block.note_language == words.language else wrapped(foreign(block.note), "  ")


def address(url: str, indent: str) -> list[str]:
    """An address on a line of its own, whole; nothing when it is none of the web's."""
    target = safe_url(url)
    return [f"{indent}{target}"] if target else []


def link_lines(links: Links, words: Words, *, top: bool) -> list[str]:
    """The mail's own links, each with its address below; at the ``top`` only those that clipping must not hide."""
    shown = own_links(links, words, top=top)
    lines = [line for url, name in shown for line in (*said(name, words), *address(url, "  "))]
    return [*lines, ""] if lines else []


def own_links(links: Links, words: Words, *, top: bool) -> list[tuple[str, str]]:
    """Address and name of each link that there is, in the order in which both parts show them."""
    both = [(links.view, words.view), (links.unsubscribe, words.unsubscribe)]
    below = [both[0], (links.rules, words.edit_rules), (links.pause, words.pause), both[1]]
    return [(url, name) for url, name in (both if top else below) if url]
