"""Feeds that no outlet ever sent, against what the parser promises.

The corpus of the tests is taken apart and put together again at random: as trees, which stay well-formed, and as pieces of text,
which do not. Of each document it must be true that

* nothing raises, and nothing under 100 kB takes seconds;
* what comes out keeps the promises of the model;
* a well-formed document with N items of RSS or entries of Atom gives N entries, or says why not;
* the document and another version of it give the same, whether or not the window of the one is known when the other is parsed.

Usage: ``python -m tests.fuzz.parse --minutes 10 [--seed 1]``; a finding is printed with its document, and the run goes on.
"""

from __future__ import annotations

import argparse
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

from lxml import etree

from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed, Window
from aggregator.parse import parse_feed, parse_opml
from aggregator.parse.split import cut
from aggregator.parse.strict import read_xml
from aggregator.parse.wellformed import check
from tests.parse.corpus import documents

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SLOW = 3.0
"""Seconds of CPU that no document of the corpus' size may take."""

FEW = 6
"""Entries that are left of a tree, for the sake of speed."""

SAYS_WHY = ("elements are nested too deep", "an element has too many attributes", "not a feed", "the body is empty")
TOKEN = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<[^<>]*>|[^<]+|<", re.DOTALL)
ATTRIBUTES = (
    ("type", "xhtml"), ("type", "html"), ("type", "text/plain"), ("mode", "base64"), ("mode", "escaped"), ("rel", "self"),
    ("href", "/x"), ("url", "//x"), ("isPermaLink", "false"), ("src", "s"), ("lastmod", "2026-11-20"), ("version", "0.92"),
    ("{http://www.w3.org/XML/1998/namespace}lang", "xx"), ("{http://www.w3.org/XML/1998/namespace}base", "http://b.example/b/"),
    ("{http://www.w3.org/XML/1998/namespace}base", "b/"), ("start", "0:1"), ("srsName", "EPSG:x"), ("term", "t"), ("base", "::"),
)  # fmt: skip
TEXTS = (
    "",
    " ",
    "x",
    "&",
    "<b>x</b>",
    "]]>",
    "2026-11-20T10:00:00Z",
    "20 Nov 10:00",
    "1 2 3",
    "http://[x",
    "a@b.example",
    "\u0085\u0642",
    "-" * 50,
)
NAMES = (
    "svg", "math", "div", "title", "link", "description", "content", "summary", "image", "textInput", "source", "author", "name",
    "guid", "id", "language", "items", "links", "url", "category", "updated", "body", "feed", "rss", "channel", "item", "entry",
)  # fmt: skip


class FindingError(AssertionError):
    """A promise that was broken."""


def parse(body: bytes, known: Window | None = None) -> ParsedFeed | ParseFailed:
    started = time.process_time()
    parsed = parse_feed(
        body, url="https://n.example/f", content_type="text/xml", timezone="Asia/Tehran", max_entries=5000, now=NOW, known=known
    )
    if time.process_time() - started > SLOW:
        raise FindingError("slow")
    return parsed


def judge(older: bytes, body: bytes) -> str:
    """Check all promises for a document and an older version of it; return what became of it, in a word."""
    parse_opml(body)
    whole = parse(body)
    expected = entries_in(body)
    if isinstance(whole, ParseFailed):
        if expected and not whole.detail.endswith(SAYS_WHY):
            raise FindingError(f"{expected} entries lost: {whole.detail}")
        return "no feed"
    promises(whole)
    if expected and not whole.warnings and len(read_xml(check(body).data).entries) < expected:
        raise FindingError(f"of {expected} entries some were lost")
    known = 0
    for window in windows(older, body):
        known += same(whole, parse(body, window))
    return "known in part" if known else "well-formed" if expected else "a feed"


def entries_in(body: bytes) -> int:
    """How many entries a feed has that lxml finds well-formed, 0 if it is none."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return 0
    if root.tag == "rss":
        return len(root.findall("channel[1]/item"))
    return len(root.findall("{*}entry")) if root.tag == "{http://www.w3.org/2005/Atom}feed" else 0


def promises(parsed: ParsedFeed) -> None:
    keys = {entry.key for entry in parsed.entries}
    fine = len(keys) == len(parsed.entries) and all(
        0 < len(entry.key) <= 512
        and len(entry.content_hash) == 64
        and all(address is None or address.startswith(("http://", "https://")) for address in (entry.link, entry.image_url))
        and entry.title == " ".join(entry.title.split())
        for entry in parsed.entries
    )
    repr(parsed).encode()  # no lone surrogates
    if not fine:
        raise FindingError("an entry is not what the model says")


def windows(older: bytes, body: bytes) -> Iterator[Window]:
    """Windows that the document may be parsed with: of an older version, and of itself without its first entry."""
    checked = check(body)
    part = cut(checked.data, checked.marks)
    for other in (older, part.with_entries(range(1, len(part.spans))) if part else b""):
        before = parse(other)
        if isinstance(before, ParsedFeed) and before.window:
            yield before.window


def same(whole: ParsedFeed, parsed: ParsedFeed | ParseFailed) -> bool:
    """Whether entries were known again; they and all else must be what the whole parse says."""
    if not isinstance(parsed, ParsedFeed) or replace(parsed, entries=(), kept=()) != replace(whole, entries=()):
        raise FindingError("another feed than by the whole parse")
    fresh: dict[str, FeedEntry] = {entry.key: entry for entry in parsed.entries}
    kept = {seen.key: (seen.link, seen.title) for seen in parsed.kept}
    for entry in whole.entries:
        if fresh.get(entry.key) != entry and kept.get(entry.key) != (entry.link, entry.title):
            raise FindingError(f"another entry than by the whole parse: {entry.key}")
    if len(fresh) + len(kept) != len(whole.entries):
        raise FindingError("other entries than by the whole parse")
    return bool(kept)


class Mutator:
    """Makes documents of the corpus' pieces."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._bodies = list(documents().values())
        self._trees = [etree.fromstring(check(body).data) for body in self._bodies if body.startswith(b"<")]
        self._tokens = [token for body in self._bodies for token in TOKEN.findall(body)]

    def pair(self) -> tuple[bytes, bytes]:
        """A document, and the same a few changes later."""
        if self._random.random() < 0.7:
            tree = deepcopy(self._random.choice(self._trees))
            entries = list(tree.iter("{*}item", "{*}entry"))
            for entry in self._random.sample(entries, max(0, len(entries) - FEW)):
                entry.getparent().remove(entry)
            self._change_tree(tree)
            older = etree.tostring(tree)
            self._change_tree(tree)
            return older, etree.tostring(tree)
        older = self._change_text(self._random.choice(self._bodies))
        return older, self._change_text(older)

    def _change_tree(self, tree: etree._Element) -> None:
        for _ in range(self._random.randint(1, 4)):
            nodes = [node for node in tree.iter() if isinstance(node.tag, str)]
            node = self._random.choice(nodes)
            match self._random.randrange(8):
                case 0 if node is not tree:
                    node.getparent().remove(node)
                case 1:
                    node.set(*self._random.choice(ATTRIBUTES))
                case 2:
                    node.text = self._random.choice(TEXTS)
                case 3:
                    node.tag = self._random.choice((self._random.choice(NAMES), self._random.choice(nodes).tag))
                case 4 | 5:
                    other = self._random.choice((tree, self._random.choice(self._trees)))
                    copy = deepcopy(self._random.choice([one for one in other.iter() if isinstance(one.tag, str)]))
                    node.insert(self._random.randint(0, len(node)), copy)
                case 6:
                    etree.SubElement(node, self._random.choice(NAMES)).text = self._random.choice(TEXTS)
                case _ if len(node) > 1:
                    node.insert(0, node[-1])

    def _change_text(self, body: bytes) -> bytes:
        tokens = TOKEN.findall(body)
        for _ in range(self._random.randint(1, 5)):
            place = self._random.randint(0, len(tokens))
            match self._random.randrange(4):
                case 0:
                    del tokens[place : place + self._random.choice((1, 1, 1, 20))]
                case 1:
                    tokens.insert(place, self._random.choice(self._tokens))
                case 2:
                    tokens[place : place + 2] = reversed(tokens[place : place + 2])
                case _:
                    text = b"".join(tokens)
                    cut_at = self._random.randint(0, len(text))
                    tokens = TOKEN.findall(
                        text[:cut_at] + self._random.randbytes(self._random.choice((0, 1, 3))) + text[cut_at + 1 :]
                    )
        return b"".join(tokens)


def run(seed: int, seconds: float = float("inf"), count: float = float("inf")) -> tuple[Counter[str], list[str]]:
    """Judge documents for so long, or so many; return what became of them, and the findings."""
    mutator, fates, findings = Mutator(seed), Counter[str](), []
    end = time.monotonic() + seconds
    while time.monotonic() < end and fates.total() < count:
        older, body = mutator.pair()
        try:
            fates[judge(older, body)] += 1
        except Exception as error:  # what the fuzzer is for
            fates["finding"] += 1
            kind = str(error) if isinstance(error, FindingError) else "".join(traceback.format_exception(error)[-3:])
            findings.append(f"{kind}\n  older {older!r}\n  newer {body!r}")
    return fates, findings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    fates, findings = run(options.seed, 60 * options.minutes)
    print("\n\n".join(findings))
    print(f"seed {options.seed}:", dict(fates))


if __name__ == "__main__":
    main()
