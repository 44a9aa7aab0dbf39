"""XML made safe and, where a small thing is wrong, well-formed, before a real parser sees it.

expat alone checks a document about fifty times as fast as feedparser reads it. So it is asked first: it finds the DOCTYPE
(cut off: no entity declaration, no external DTD survives), names the root element, and says where the document breaks.
The common breaks are mended here, because feedparser would fall back to an SGML parser that loses things.
"""

from __future__ import annotations

import html.entities
import re
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape

from aggregator.parse.split import MARKED, MOST_MARKS, Mark

_CUT_OFF = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_JUNK_AFTER = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_ENTRY_START = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s/>]")
_ENTRY_END = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:item|entry)\s*>")
# Of sitemaps; in feeds such names mean other things.
_PAGE_START = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:url|sitemap)[\s/>]")
_PAGE_END = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:url|sitemap)\s*>")
_SITEMAPS = ("urlset", "sitemapindex")
_REFERENCE = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)"  # untouched: there an ampersand is an ampersand
    r"|&(?:\#(?P<dec>\d{1,9})|\#[xX](?P<hex>[0-9a-fA-F]{1,8})|(?P<name>[A-Za-z][A-Za-z0-9]{0,30}));"
    r"|&",
    re.DOTALL,
)
_FINAL = True
_SEPARATOR = "\x01"  # a space would make expat refuse namespaces that have one
_DEEPEST = 500
_MOST_ATTRIBUTES = 1000
_XML_NAMES = frozenset(("amp", "lt", "gt", "quot", "apos"))


@dataclass(frozen=True, slots=True)
class Checked:
    """``data`` as it should be parsed; ``root`` is the root element's local name in lower case ("" if there is none).

    ``problem`` says what is still wrong with it, ``warnings`` what was mended. ``marks`` are for ``split.cut``; a document that
    had to be mended has none.
    """

    data: bytes
    root: str
    problem: str = ""
    warnings: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


class _StopError(Exception):
    """Raised inside a handler to stop expat."""


def check(data: bytes, *, deepest: int = _DEEPEST) -> Checked:
    """Check UTF-8 ``data``, without DOCTYPE, and mended where that is possible. Nothing raises.

    A document with elements nested deeper than ``deepest``, or with more than 1,000 attributes, is refused: its ``data``
    is empty, ``problem`` says why.
    """
    scan = _Scan(data, deepest)
    if scan.doctype:
        # Nothing but line ends stays, so that the line numbers in messages are those of the original.
        start, end = scan.doctype
        data = data[:start] + b"\n" * data.count(b"\n", start, end) + data[end:]
        scan = _Scan(data, deepest)
        if scan.doctype:  # only a forged document has a second one
            scan.refused = "more than one DOCTYPE"
    warnings: list[str] = []
    root = scan.root
    for _ in range(3):  # a document may be wrong in more than one way
        if scan.error is None or scan.refused:
            break
        mended, warning = _mend(data, scan)
        if mended == data:
            break
        warnings.append(warning)
        data = mended
        scan = _Scan(data, deepest)
        root = root or scan.root
    if scan.refused:
        return Checked(b"", root, scan.refused)
    if scan.error:
        return Checked(data, root, f"malformed XML: {scan.error}", tuple(warnings))
    return Checked(data, root, warnings=tuple(warnings), marks=() if warnings else tuple(scan.marks))


class _Scan:
    """One run of expat over a document: root element, DOCTYPE, marks for ``split``, first error. Stops before entities."""

    def __init__(self, data: bytes, deepest: int) -> None:
        self.root = ""
        self.doctype: tuple[int, int] | None = None
        self.error: expat.ExpatError | None = None
        self.offset = 0
        self.refused = ""
        self.marks: list[Mark] = []
        self._marked: dict[str, str] = {}
        self._data, self._depth, self._deepest = data, 0, deepest
        self._parser = parser = expat.ParserCreate("utf-8", _SEPARATOR)
        parser.StartDoctypeDeclHandler = self._on_doctype
        parser.EndDoctypeDeclHandler = self._on_doctype_end
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        try:
            parser.Parse(data, _FINAL)
        except _StopError:
            pass
        except expat.ExpatError as error:
            self.error, self.offset = error, max(0, parser.ErrorByteIndex)

    def _on_doctype(self, *_: object) -> None:
        here = self._parser.CurrentByteIndex + 1
        self.doctype = (max(0, self._data.rfind(b"<!DOCTYPE", 0, here)), here)

    def _on_doctype_end(self) -> None:
        start = self.doctype[0] if self.doctype else 0
        self.doctype = (start, self._parser.CurrentByteIndex + 1)

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.root:
            self.root = name.rpartition(_SEPARATOR)[2].lower()
            if self.doctype:
                raise _StopError
        marked = self._marked.get(name)
        if marked is None:
            local = name.rpartition(_SEPARATOR)[2].lower()
            marked = self._marked[name] = local if local in MARKED else ""
        if marked and len(self.marks) <= MOST_MARKS:
            self.marks.append(Mark(marked, self._parser.CurrentByteIndex, self._depth, opens=True))
        self._depth += 1
        if self._depth > self._deepest:
            self.refused = "elements are nested too deep"
            raise _StopError
        if len(attributes) > _MOST_ATTRIBUTES:  # Python's SAX needs a time that grows with their square
            self.refused = "an element has too many attributes"
            raise _StopError

    def _on_end(self, name: str) -> None:
        self._depth -= 1
        if (marked := self._marked[name]) and len(self.marks) <= MOST_MARKS:
            self.marks.append(Mark(marked, self._parser.CurrentByteIndex, self._depth, opens=False))


def _mend(data: bytes, scan: _Scan) -> tuple[bytes, str]:
    code = scan.error.code if scan.error else 0
    if code == _JUNK_AFTER:
        return data[: scan.offset], "something follows the end of the document; it was ignored"
    if code in _CUT_OFF and scan.root:
        return _close(data, scan.root), "the document is cut off; what follows its last whole entry was left out"
    mended = _REFERENCE.sub(_mended_reference, data.decode("utf-8", "replace")).encode("utf-8", "replace")
    return mended, f"malformed XML: {scan.error}; mended"


def _mended_reference(match: re.Match[str]) -> str:
    whole = match[0]
    if whole == "&":
        return "&amp;"
    if whole.startswith("<"):
        return whole
    if name := match["name"]:
        if name in _XML_NAMES:
            return whole
        known = html.entities.html5.get(f"{name};")
        return escape(known, {'"': "&quot;", "'": "&apos;"}) if known else f"&amp;{name};"
    code = int(match["dec"]) if match["dec"] else int(match["hex"], 16)
    return whole if _is_xml_character(code) else ""


def _is_xml_character(code: int) -> bool:
    """Tell whether XML 1.0 allows the character (its production 2)."""
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def first_entries(data: bytes, count: int) -> tuple[bytes, int]:
    """Cut a document after its first ``count`` entries and close it; also return how many entries there were.

    Without this, a feed of 100,000 entries would cost its worker's whole time for entries that nobody keeps.
    """
    ends = [match.end() for match in _ENTRY_END.finditer(data)]
    if len(ends) <= count:
        return data, len(ends)
    shortened = _closed(data[: ends[count - 1]]) if count else b""
    if _Scan(shortened, _DEEPEST).error:  # malformed all along, or the last end stood in a comment
        return data, len(ends)
    return shortened, len(ends)


def _close(data: bytes, root: str) -> bytes:
    """Cut after the last whole entry and close the elements that are open there."""
    start, end = (_PAGE_START, _PAGE_END) if root in _SITEMAPS else (_ENTRY_START, _ENTRY_END)
    ends = [match.end() for match in end.finditer(data)]
    if ends:
        return _closed(data[: ends[-1]])
    first = start.search(data)
    return _closed(data[: first.start()] if first else data)


def _closed(data: bytes) -> bytes:
    """Close the elements that are open at the end of ``data``; malformed data is returned as it is."""
    opened: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: opened.append(name)
    parser.EndElementHandler = lambda _: opened.pop()
    try:
        parser.Parse(data, not _FINAL)
    except expat.ExpatError:
        return data
    return data + "".join(f"</{name}>" for name in reversed(opened)).encode()
