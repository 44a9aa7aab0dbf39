"""A page as blocks of text: where each stands, how much of it is link, and which parts say they are not the article."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lxml import etree

from aggregator.extract.document import Tree, clean_line


class Kind(StrEnum):
    """What a block is by its element."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"
    CELL = "cell"


class Mark(StrEnum):
    """What an element says of itself that speaks against its being the article, ever stronger.

    ``COVER`` names how something is shown or hidden, ``SIDE`` what stands beside an article; both wrap whole articles, too.
    """

    COVER = "cover"
    SIDE = "side"
    HARD = "hard"
    COMMENTS = "comments"


@dataclass(slots=True)
class Block:
    """One run of text without a block boundary inside. ``links`` is how many of its characters stand in links.

    ``home`` is the innermost block element around it; ``marks`` are the marked elements around it, outermost first.
    """

    text: str
    kind: Kind
    links: int
    home: Tree
    marks: tuple[tuple[Tree, Mark], ...] = ()
    prose: int = 0

    @property
    def linked(self) -> bool:
        """Whether nearly all of it is link."""
        return self.links * 10 >= len(self.text) * 9


SENTENCE_END = re.compile(r"[.!?…。！？؟۔](?:['\"”’»›」』)\]]|$|\s)")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_PROSE, _SENTENCE = 80, 40
_LABEL, _MOST = 400, 20_000
"""How much of a name is read, in characters, and how much of a page, in blocks: what goes beyond is a flood."""

_BLOCK_WORDS = (
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hr li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_WORDS.split())
_SILENT_WORDS = (
    "audio button canvas datalist embed head iframe input map math noscript object picture progress script select style svg "
    "template textarea title video"
)
_SILENT = frozenset(_SILENT_WORDS.split())
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_FRAMES = frozenset(("html", "body", "main", "article"))
_HARD_TAGS = frozenset(("nav", "footer", "menu", "dialog"))
_SIDE_TAGS = frozenset(("aside", "figure", "figcaption", "form"))
_HARD_ROLES = frozenset(
    ("alert", "alertdialog", "dialog", "menu", "menubar", "navigation", "search", "tablist", "toolbar", "tooltip")
)
_SIDE_ROLES = frozenset(("banner", "complementary", "contentinfo"))
_COMMENT_WORDS = (
    "comments?|comment-?(?:list|area|section|thread|wrap\\w*|body|content|form|count)|disqus\\w*|dsq|respond|kommentare?|"
    "comentarios?|commentaires?|commenti|reacties|komentarze|livefyre|readers?-?(?:comments|responses|opinions?)"
)
_HARD_WORDS = (
    "cookies?|consent|gdpr|modals?|pop-?ups?|lightbox|footer|navigation|navbar|nav|menu|"
    "related\\w*|recommend\\w*|recirc\\w*|most-?(?:read|popular|viewed)|popular|trending|outbrain|taboola|newsletters?|"
    "prev[-_]?next|next[-_]?prev|prev(?:ious)?[-_]?(?:posts?|articles?|story)|next[-_]?(?:posts?|articles?|story)|blurred|obfuscated|scrambled"
)
_SIDE_WORDS = (
    "ads?|advert\\w*|ad-?(?:slot|unit)|banner|sponsor\\w*|promos?|promotion|cta|call-?to-?action|"
    "teasers?|read-?(?:more|next|also|too)|readmore|see-?also|more-?(?:on|from|stories|news)|also-?(?:read|like)|up-?next|"
    "further-?reading|share|sharing|share-?(?:bar|buttons?|links?|tools?)|shares|social|social-?\\w+|addtoany|sharedaddy|follow-?us|"
    "sign-?up|login|breadcrumbs?|bylines?|dateline|authors?|author-?(?:bio|box|info|card|name)|bio|contributors?|"
    "tags?|tag-?(?:list|cloud|links?)|keywords?|topics?|categories|meta|meta-?data|"
    "article-?(?:info|tools)|captions?|credits?|copyright|photo-?credits?|legende|"
    "side-?bar|right-?col(?:umn)?|left-?col(?:umn)?|col(?:umn)?-?(?:right|left)|masthead|toolbar|pagination|pager|"
    "rating|polls?|quiz|survey|disclaimer|notice"
)
_COVER_WORDS = (
    "subscri\\w*|paywall|regwall|piano|register|gallery|slideshow|carousel|slider|overlay|tooltip|hidden|invisible|"
    "sr-?only|visually-?hidden|screen-?reader(?:-text)?|no-?print|print-?only|player|jwplayer"
)


def _names(words: str) -> re.Pattern[str]:
    """Finds one of ``words`` as a whole part of a class or id: between blanks, hyphens, underscores or humps."""
    return re.compile(rf"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?i:{words})(?:$|[\s_-]|(?=[A-Z\d]))")


_COMMENTS, _HARD = _names(_COMMENT_WORDS), _names(_HARD_WORDS)
_SIDE, _COVER = _names(_SIDE_WORDS), _names(_COVER_WORDS)
_STEMS = frozenset(
    word[:4]
    for words in (_COMMENT_WORDS, _HARD_WORDS, _SIDE_WORDS, _COVER_WORDS)
    for word in re.findall(r"(?:^|\|)([a-z]+)", re.sub(r"\(\?:[^()]*\)", "", words))
)
"""How the words begin that these patterns look for: few names have any, and looking these up is much cheaper."""
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+")
# Names that say what a wrapper has or how it looks, and those that WordPress gives an article: its tags, its categories.
_SAYS_HAS = re.compile(
    r"(?:^|\s)\S*(?:has|with|without|no|not|tag|category|author|overflow|enabled|disabled)[-_]\S*|\S+[-_](?:enabled|disabled)(?=\s|$)"
)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)


def weight(text: str) -> int:
    """The length of a text, an ideograph or syllable counting as three letters."""
    return len(text) + (0 if text.isascii() else 2 * len(_WIDE.findall(text)))


def _mark(element: Tree, name: str) -> Mark | None:
    """What an element says of itself by its tag, role, class, id and style."""
    if name in _FRAMES:
        return None
    get = element.get
    role = get("role") or ""
    if name in _HARD_TAGS or role in _HARD_ROLES:
        return Mark.HARD
    mark = _named(get("class") or "", get("id") or "")
    if mark and not (mark is Mark.SIDE and "teaser" in (get("class") or "") and element.find(".//a") is None):  # else the lead
        return mark
    if name in _SIDE_TAGS or role in _SIDE_ROLES:
        return Mark.SIDE
    style = get("style")
    hidden = get("hidden") is not None or get("aria-hidden") == "true" or get("aria-modal") is not None
    return Mark.COVER if hidden or (style and _HIDDEN.search(style)) else None


@lru_cache(maxsize=8192)
def _named(class_: str, id_: str) -> Mark | None:
    """What an element is called. Pages repeat their names, and so do the pages of a site."""
    label = f"{class_[:_LABEL]} {id_[:_LABEL]}"
    if _STEMS.isdisjoint([word[:4].lower() for word in _WORD.findall(label)]):
        return None
    label = _SAYS_HAS.sub(" ", label)
    if _COMMENTS.search(label):
        return Mark.COMMENTS
    if _HARD.search(label):
        return Mark.HARD
    if _SIDE.search(label):
        return Mark.SIDE
    return Mark.COVER if _COVER.search(label) else None


def read_blocks(root: Tree) -> list[Block]:
    """The blocks under ``root`` in reading order. It walks by events: pages nest deeper than Python may recurse."""
    reader = _Reader(root)
    walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walker:
        if event == "start":
            if element.tag in _SILENT:
                walker.skip_subtree()
                continue
            reader.enter(element)
            said = element.text
        else:
            if event == "end":
                reader.leave(element)
            if element is root or len(reader.made) >= _MOST:
                break
            said = element.tail
        if said:
            reader.pieces.append(said.replace("\n", " "))
            if reader.anchors:
                reader.links += len(said)
    reader.flush()
    return reader.made


class _Reader:
    """Where the walk stands: the block elements and marked elements around it, and the text of the block that is open."""

    def __init__(self, root: Tree) -> None:
        self.made: list[Block] = []
        self.pieces: list[str] = []
        self.links = self.anchors = 0
        self._homes: list[Tree] = [root]
        self._kinds: list[Kind] = [Kind.TEXT]
        self._marks: list[tuple[Tree, Mark]] = []

    def enter(self, element: Tree) -> None:
        name = element.tag
        if name in _BLOCKS:
            self.flush()
            self._homes.append(element)
            self._kinds.append(_kind(name, self._kinds[-1]))
        elif name == "a":
            self.anchors += 1
        elif name == "br":
            self.pieces.append("\n")
        if (element.attrib or name in _HARD_TAGS or name in _SIDE_TAGS) and (mark := _mark(element, name)):
            self._marks.append((element, mark))

    def leave(self, element: Tree) -> None:
        name = element.tag
        if name in _BLOCKS:
            self.flush()
            self._homes.pop()
            self._kinds.pop()
        elif name == "a":
            self.anchors -= 1
        if self._marks and self._marks[-1][0] is element:
            self._marks.pop()

    def flush(self) -> None:
        """Make blocks of what has gathered, one for each line."""
        whole, links = "".join(self.pieces), self.links
        self.pieces.clear()
        self.links = 0
        if not whole or whole.isspace():
            return
        share = min(1.0, links / len(whole.strip()))
        for line in whole.split("\n"):
            if text := clean_line(line):
                block = Block(text, self._kinds[-1], round(share * len(text)), self._homes[-1], tuple(self._marks))
                block.prose = _prose(block)
                self.made.append(block)


def _prose(block: Block) -> int:
    """How much running text a block is, by weight; 0 for headings, links, labels and other short pieces."""
    if block.kind is Kind.HEADING or block.links * 2 > len(block.text):
        return 0
    size = weight(block.text)
    return size if size >= _PROSE or (size >= _SENTENCE and SENTENCE_END.search(block.text)) else 0


def _kind(name: str, around: Kind) -> Kind:
    if name in _HEADINGS:
        return Kind.HEADING
    if name == "li":
        return Kind.ITEM
    return Kind.CELL if name in ("td", "th") else around


_WRAPS = {Mark.COVER: 0.4, Mark.SIDE: 0.5}
"""From which share of the page's open prose on a mark is taken for a wrapper's."""


def live(blocks: Iterable[Block]) -> list[Block]:
    """The blocks that no mark speaks against. A mark around much of the page's prose is a wrapper's, and does not count."""
    blocks = list(blocks)
    held: dict[Tree, int] = {}
    total = open_ = 0
    for block in blocks:
        if not block.prose:
            continue
        total += block.prose
        open_ += block.prose if all(mark in _WRAPS for _, mark in block.marks) else 0
        for element, _ in block.marks:
            held[element] = held.get(element, 0) + block.prose
    if open_ < 200:  # the whole article is under a name that means something else on other pages
        return [block for block in blocks if all(held.get(element, 0) > total / 2 for element, _ in block.marks)]
    return [
        block
        for block in blocks
        if all(mark in _WRAPS and held.get(element, 0) > open_ * _WRAPS[mark] for element, mark in block.marks)
    ]
