"""feedparser's strict parser, told of elements by expat itself, and without the steps that we have no use for.

What an element means is still for feedparser to say: this is its own class, with the few methods that every element passes
through written anew for the one case that is ours: well-formed UTF-8 without DOCTYPE, an address that feedparser is not told,
nothing sanitised, nothing resolved inside markup. They give what the originals give, and hand over to them where the case is
another one (tests/parse/test_strict.py puts the originals back, one by one, and compares). A document on which expat fails goes
to ``feedparser.parse`` as a whole. On ordinary feeds this takes less than half of feedparser's time:

* events come from expat without ``xml.sax`` between, text in runs and not in crumbs;
* names of elements and attributes are worked out once for each document, not once for each element;
* nothing is deep-copied, joined with an empty base, or translated from windows-1252, where that changes nothing;
* dates stay text: ours are read by ``dates``, and few need feedparser's (see ``parsed_date``).

It also forgets: after every entry, what it remembers is set back to what it was before the first one. feedparser carries much of
it over (a base, a declared prefix, being inside a text), so that a later entry may be read in another way, or be lost. Like this,
an entry is what its own bytes make of it, and may be known again by them (see ``split``); ``state`` is what that rests on.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias
from xml.parsers import expat

import feedparser
from feedparser.api import StrictFeedParser
from feedparser.datetimes import _parse_date
from feedparser.html import _cp1252
from feedparser.urls import make_safe_absolute_uri
from feedparser.util import FeedParserDict

Node: TypeAlias = dict[str, Any]
"""One of feedparser's dictionaries: any key may hold anything."""

VERSION: str = feedparser.__version__

_UTF8 = {"content-type": "application/xml; charset=utf-8"}
_FINAL = True
_SEPARATOR = "\x01"  # a space would make expat refuse namespaces that have one
_XHTML = "application/xhtml+xml"
_ENTRIES = ("item", "entry")
_ROOTS = ("feed", "rss", "rdf:RDF")
_SCOPED = ("xml:base", "base", "xml:lang", "lang")
_IN_IMAGE = frozenset(("title", "link", "description", "url", "href", "width", "height"))
_IN_TEXTINPUT = frozenset(("title", "link", "description", "name"))
_INLINE = {"math": "http://www.w3.org/1998/Math/MathML", "svg": "http://www.w3.org/2000/svg"}
_USERLAND = "http://backend.userland.com/rss"
_C1 = re.compile("[\x80-\x9f]")
_QUERY = re.compile("&([A-Za-z0-9_]+);")

# What feedparser is known to raise on hostile input: for elements that overwrite its own state (<links a="b">) or that it expects
# inside others. It costs the element, not the feed.
FAILS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
# What the parser remembers between elements, but for counters and stacks.
_MEMORY = (
    "version", "infeed", "inentry", "incontent", "intextinput", "inimage", "inauthor", "incontributor", "inpublisher", "insource",
    "svgOK", "hasContent", "_summaryKey", "lang", "baseuri", "psc_chapters_flag", "ingeometry",
)  # fmt: skip
_recall = attrgetter(*_MEMORY)


@dataclass(frozen=True, slots=True)
class Reading:
    """What feedparser found. ``version`` is its word for the format.

    ``state`` is all that the parser remembered when an entry began, the same for each; None when entries may have seen something
    of each other all the same, or there are none.
    """

    feed: Node
    entries: list[Node]
    version: str
    state: str | None


def read_xml(data: bytes) -> Reading:
    """Read a feed in UTF-8, without DOCTYPE. feedparser raises what it likes on hostile input."""
    parser = EventParser()
    try:
        parser.run(data)
    except expat.ExpatError:
        result = feedparser.parse(io.BytesIO(data), response_headers=_UTF8, sanitize_html=False, resolve_relative_uris=False)
        return Reading(result["feed"], result["entries"], result.get("version") or "", None)
    return Reading(parser.feeddata, parser.entries, parser.version, parser.state)


def parsed_date(node: Node, key: str) -> Sequence[int] | None:
    """Return feedparser's reading of the date ``key``, nine numbers in UTC, or None."""
    value = dict.get(node, f"{key}_parsed")
    if isinstance(value, str):
        value = _parse_date(value)
    return value if isinstance(value, tuple) else None


class _Params(FeedParserDict):  # type: ignore[misc]
    """feedparser's dictionary, for keys that have no other names: it need not look for them."""

    __getitem__: Any = dict.__getitem__
    __setitem__: Any = dict.__setitem__
    __contains__: Any = dict.__contains__
    get: Any = dict.get


class EventParser(StrictFeedParser):  # type: ignore[misc]
    """feedparser's strict parser for one document: ``run`` it, then read ``feeddata``, ``entries``, ``version``, ``state``."""

    resolve_relative_uris = False
    sanitize_html = False
    baseuri: str
    lang: str | None
    incontent: int

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.contentparams: Node = _Params()
        self._tags: dict[str, str] = {}
        self._attributes: dict[str, tuple[str, str]] = {}
        self._handlers: dict[str, _Handler] = {}
        self._bases: dict[str, str] = {}
        self._level = 0
        self._start: _Start | None = None
        self._over = False
        self._declared = False
        self._title_depth, self._seen = -1, 0
        self._independent = True

    @property
    def state(self) -> str | None:
        """See ``Reading``."""
        if not (start := self._start) or not self._independent:
            return None
        return repr((start.memory, start.prefixes, start.namespaces))

    # What expat reports. The first two do the work of ``xml.sax.expatreader`` and of feedparser's handlers for it.

    def run(self, data: bytes) -> None:
        """Read the document; ``ExpatError`` when it is malformed."""
        parser = expat.ParserCreate("utf-8", _SEPARATOR)
        parser.namespace_prefixes = True
        parser.buffer_text = True  # else every piece between two references is a call of its own
        parser.buffer_size = 1 << 16
        parser.StartNamespaceDeclHandler = self.startPrefixMapping
        parser.StartElementHandler = self.on_start
        parser.EndElementHandler = self.on_end
        parser.CharacterDataHandler = self.handle_data
        parser.Parse(data, _FINAL)

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins; names are expat's: the namespace's address, the local name, the prefix."""
        tag = self._tags.get(name) or self._tag(name)
        if not self._start and tag in _ENTRIES:
            self._start = self._remember()
        given = self.decls
        self.decls: dict[str, str] = {}
        if tag.endswith(("math", "svg")):
            namespace, local = _pair(name)
            if namespace and _INLINE.get(local.lower()) == namespace:
                given["xmlns"] = namespace
        if attributes:
            # First under feedparser's prefix, then under the document's own.
            known = self._attributes
            keys = [known.get(key) or self._attribute(key) for key in attributes]
            given |= zip((key for key, _ in keys), attributes.values(), strict=True)
            given |= zip((key for _, key in keys), attributes.values(), strict=True)
        try:  # noqa: SIM105 - suppress() would cost every element something
            self.unknown_starttag(tag, list(given.items()))
        except FAILS:
            pass
        self._level += 1
        if self._start and not self.entries:  # it was none
            self._start = None

    def on_end(self, name: str) -> None:
        """An element ends."""
        try:  # noqa: SIM105
            self.unknown_endtag(self._tags.get(name) or self._tag(name))
        except FAILS:
            pass
        self._level -= 1
        if self._start and self._level <= self._start.level and not self._over:
            if self._level == self._start.level:
                self._forget(self._start)
            else:
                self._over = True

    def _tag(self, name: str) -> str:
        """Return the name of an element as feedparser's handlers know it."""
        namespace, local = _pair(name)
        address = (namespace or "").lower()
        prefix = self._matchnamespaces.get(_USERLAND if _USERLAND[7:] in address else address)
        if prefix is None:
            # An unknown namespace is called what it was called first, and that may have been this moment: not to be kept.
            prefix = next((known for known, other in self.namespaces_in_use.items() if known and other == namespace), "")
            return f"{prefix}:{local}".lower() if prefix else local.lower()
        tag = self._tags[name] = f"{prefix}:{local}".lower() if prefix else local.lower()
        return tag

    def _attribute(self, name: str) -> tuple[str, str]:
        """Return an attribute's name with feedparser's prefix and with the document's."""
        namespace, local = _pair(name)
        prefix = self._matchnamespaces.get((namespace or "").lower(), "")
        parts = name.split(_SEPARATOR)
        given = f"{parts[2]}:{local}" if len(parts) == 3 else local
        keys = self._attributes[name] = (f"{prefix}:{local}".lower() if prefix else local.lower(), given.lower())
        return keys

    # Elements

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """As the original; names of elements may mean something else from here on."""
        super().track_namespace(prefix, uri)
        self._handlers.clear()
        self._declared = True

    def _handler(self, tag: str) -> _Handler:
        prefix, colon, suffix = tag.partition(":")
        if not colon:
            prefix, suffix = "", tag
        prefix = self.namespacemap.get(prefix, prefix)
        name = f"{prefix}_{suffix}" if prefix else suffix
        found = self._handlers[tag] = _Handler(
            name,
            f"_start_{name}",
            f"_end_{name}",
            ends_textinput=not prefix and tag not in _IN_TEXTINPUT,
            ends_image=not prefix and tag not in _IN_IMAGE,
        )
        return found

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> Any:
        """As the original; elements inside inline markup, or that change base, language or namespaces, are left to it."""
        attributes = dict(map(self._normalize_attributes, attrs)) if attrs else {}
        if self.incontent or (attributes and any(key in _SCOPED or key.startswith("xmlns") for key in attributes)):
            return super().unknown_starttag(tag, attrs)
        self.depth += 1
        if base := self.baseuri:
            if base not in self._bases:
                self._bases[base] = make_safe_absolute_uri(base, base) or base
            self.baseuri = self._bases[base]
        lang = self.lang
        if lang and tag in _ROOTS:
            self.feeddata["language"] = lang.replace("_", "-")
        self.basestack.append(self.baseuri)
        self.langstack.append(lang)
        handler = self._handlers.get(tag) or self._handler(tag)
        if handler.ends_textinput:
            self.intextinput = 0
        if handler.ends_image:
            self.inimage = 0
        try:
            return getattr(self, handler.start)(attributes)
        except AttributeError:  # feedparser takes one raised inside a handler for the want of a handler, too
            if not attributes:
                return self.push(handler.name, 1)
            self._get_context()[handler.name] = attributes
            return None

    def unknown_endtag(self, tag: str) -> None:
        """As the original, to which the ends of SVG are left; but a base ends with its element.

        feedparser keeps an entry's ``xml:base`` when the feed has none of its own: ids and links of the next entry that are
        relative would become others when another entry appears above it.
        """
        if self.svgOK:
            super().unknown_endtag(tag)
            return
        handler = self._handlers.get(tag) or self._handler(tag)
        try:
            getattr(self, handler.end)()
        except AttributeError:
            self.pop(handler.name)
        except FAILS:
            pass
        if self.incontent:
            if not self.contentparams.get("type", "xml").endswith("xml"):
                if tag in ("xhtml:div", "div"):
                    return
                self.contentparams["type"] = _XHTML
            if self.contentparams.get("type") == _XHTML:
                self.handle_data(f"</{tag.rpartition(':')[2]}>", escape=0)
        if self.basestack:
            self.basestack.pop()
            if self.basestack:
                self.baseuri = self.basestack[-1]
        if self.langstack:
            self.langstack.pop()
            if self.langstack:
                self.lang = self.langstack[-1]
        self.depth -= 1

    def push_content(self, tag: str, attrs_d: Node, default_content_type: str, expecting_text: int) -> None:
        """As the original, with a dictionary that looks for no other names of a key."""
        self.incontent += 1
        if self.lang:
            self.lang = self.lang.replace("_", "-")
        kind = self.map_content_type(attrs_d.get("type", default_content_type))
        params: Node = _Params(type=kind, language=self.lang, base=self.baseuri)
        self.contentparams = params  # before the next line, which looks at it
        params["base64"] = self._is_base64(attrs_d, params)
        self.push(tag, expecting_text)

    def pop_content(self, tag: str) -> str | None:
        """As the original, but one end too many does not make all that follows a text, and the end is one whatever happens."""
        try:
            return self.pop(tag)
        finally:
            self.incontent = max(0, self.incontent - 1)
            self.contentparams.clear()

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """As the original, to which XHTML and base64 are left."""
        stack, params = self.elementstack, self.contentparams
        if not stack or stack[-1][0] != element:
            return None
        if params and (params.get("base64") or params.get("type") == _XHTML):
            popped: str | None = super().pop(element, strip_whitespace)
            return popped
        _, expecting_text, pieces = stack.pop()
        output = "".join(pieces)
        if strip_whitespace:
            output = output.strip()
        if expecting_text:
            output = self._readable(element, output)
            deep = element == "title" and -1 < self.title_depth <= self.depth
            if not deep and element not in ("category", "tags", "itunes_keywords"):  # their own handlers see to those
                self._store(element, output)
        return output

    def _readable(self, element: str, output: str) -> str:
        """The steps of ``pop`` that may change the text."""
        if element in self.can_be_relative_uri and output and (element != "id" or self.guidislink):
            output = self.resolve_uri(output)
        if params := self.contentparams:
            # Some formats leave it to the reader whether a text is HTML.
            if params.get("type") == "text/plain" and not self.version.startswith("atom") and self.looks_like_html(output):
                params["type"] = "text/html"
            params.pop("mode", None)
            params.pop("base64", None)
        if not output.isascii():
            with suppress(UnicodeError):  # UTF-8 that was taken for ISO 8859-1 and encoded again
                output = output.encode("iso-8859-1").decode("utf-8")
            if _C1.search(output):
                output = output.translate(_cp1252)
        return output

    def _store(self, element: str, output: str) -> None:
        """The steps of ``pop`` that put the text where it belongs."""
        if self.inentry and not self.insource:
            entry = self.entries[-1]
            if element == "content":
                entry.setdefault(element, []).append(self._detail(output))
            elif element == "link":
                if not self.inimage:
                    output = _unmangled(output.replace("&amp;", "&"))
                    entry[element] = output
                    if output:
                        entry["links"][-1]["href"] = output
            else:
                element = "summary" if element == "description" else element
                depths = self.property_depth_map.setdefault(entry, {})
                before = depths.get(element)
                if before is None or self.depth <= before:
                    depths[element] = self.depth
                    entry[element] = output
                if self.incontent:
                    entry[f"{element}_detail"] = self._detail(output)
        elif self.infeed or self.insource:
            context = self._get_context()
            element = "subtitle" if element == "description" else element
            context[element] = output
            if element == "link":
                context[element] = context["links"][-1]["href"] = _unmangled(output)
            elif self.incontent:
                context[f"{element}_detail"] = self._detail(output)

    def _detail(self, value: str) -> FeedParserDict:
        made = FeedParserDict(self.contentparams)  # flat: need not be copied deep
        made["value"] = value
        return made

    def resolve_uri(self, uri: str) -> str:
        """As the original; without a base there is nothing to join, only slashes too many to take out."""
        if not self.baseuri and ":///" not in uri:
            return uri
        resolved: str = super().resolve_uri(uri)
        return resolved

    @staticmethod
    def looks_like_html(s: str) -> bool:
        """As the original, which asks for a closing tag or a reference first, with slower means."""
        return ("&" in s or "</" in s) and bool(StrictFeedParser.looks_like_html(s))

    def _end_published(self) -> None:
        self._save("published_parsed", self.pop("published"), overwrite=True)

    def _end_updated(self) -> None:
        self._save("updated_parsed", self.pop("updated"), overwrite=True)

    def _end_created(self) -> None:
        self._save("created_parsed", self.pop("created"), overwrite=True)

    _end_issued = _end_pubdate = _end_published
    _end_modified = _end_lastbuilddate = _end_updated

    def _get_context(self) -> Node:
        """As the original, which raises for the text input of an entry; entries that look into the feed's are found out."""
        context: Node = self.feeddata
        if self.insource:
            context = self.sourcedata
        elif self.inentry and not self.inimage and not self.intextinput:
            context = self.entries[-1]
        else:
            if self.inentry:
                self._independent = False
                context = self.entries[-1]
            if self.inimage and "image" in self.feeddata:
                context = self.feeddata["image"]
            elif self.intextinput and "textinput" in self.feeddata:
                context = self.feeddata["textinput"]
        return context

    def _remember(self) -> _Start:
        """Return what is remembered when the first entry begins."""
        stacks = (len(self.elementstack), len(self.basestack), len(self.langstack))
        self._declared = False
        self._title_depth, self._seen = self.title_depth, 0
        return _Start(self._level, self.depth, _recall(self), stacks, dict(self.namespacemap), dict(self.namespaces_in_use))

    def _forget(self, start: _Start) -> None:
        """Set back what was remembered when the first entry began: an entry, or something beside the entries, has ended."""
        if _recall(self) != start.memory:
            for name, value in zip(_MEMORY, start.memory, strict=True):
                setattr(self, name, value)
        for stack, length in zip((self.elementstack, self.basestack, self.langstack), start.stacks, strict=True):
            del stack[length:]
        self.depth = start.depth
        self.contentparams.clear()
        self.sourcedata.clear()
        if self._declared:
            self._declared = False
            self._handlers.clear()
            self.namespacemap, self.namespaces_in_use = dict(start.prefixes), dict(start.namespaces)
        # How deep the feed's own title was: a second one counts only if it is less deep.
        if len(self.entries) > self._seen:
            self._seen, self.title_depth = len(self.entries), self._title_depth
        else:
            self._title_depth = self.title_depth


class _Start(NamedTuple):
    """What the parser remembers when the first entry begins: how many elements are open, by our count and by feedparser's, the
    values of ``_MEMORY``, the lengths of the stacks, and the declarations."""

    level: int
    depth: int
    memory: tuple[Any, ...]
    stacks: tuple[int, int, int]
    prefixes: dict[str | None, str]
    namespaces: dict[str, str]


class _Handler(NamedTuple):
    """What feedparser does with elements of one name: the name without colon, its methods, and whether they end an open image."""

    name: str
    start: str
    end: str
    ends_textinput: bool
    ends_image: bool


def _pair(name: str) -> tuple[str | None, str]:
    """Return namespace and local name of expat's name; ``xml.sax`` takes the spaces around an address off, too."""
    parts = name.split(_SEPARATOR)
    return (None, name) if len(parts) == 1 else (parts[0].strip(), parts[1])


def _unmangled(address: str) -> str:
    """Mend ``?a=1&b;=2``, which is what careless software makes of ``?a=1&b=2``."""
    return _QUERY.sub(r"&\g<1>", address) if "&" in address else address
