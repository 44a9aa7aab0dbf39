"""Which encoding a document is in, whatever its labels say.

The order is that of trust, not that of RFC 7303: a byte order mark; then UTF-8 when the bytes are valid UTF-8 (text in
another encoding practically never is, while labels lie daily); then the labels; then windows-1252.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_LABEL = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_HTTP_LABEL = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)

# What a label means in practice (https://encoding.spec.whatwg.org/#names-and-labels): the superset that people use.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# Only encodings that exist on the web. Python knows others (utf-7, idna, punycode, unicode_escape) that are a door for
# smuggled markup, or slow without a bound.
_KNOWN = re.compile(
    r"utf-(8|16|32)(-[bl]e)?|cp(8(50|52|55|62|66|74)|9(32|49)|125[0-8])|iso8859-\d+|koi8-[rut]|mac-\w+|gb18030|hz|big5\w*|euc_\w+|johab|iso2022_\w+"
)
_ESCAPED = ("iso2022", "hz")
_DEFAULT_LABELS = ("cp1252", "utf-8")


def to_utf8(body: bytes, content_type: str) -> tuple[bytes, tuple[str, ...]]:
    """Return ``body`` in UTF-8 without byte order mark and control characters, and warnings about characters lost.

    ``content_type`` is the raw header value, possibly empty. Nothing raises: what no encoding explains becomes U+FFFD.
    """
    encoding, mark = _sniff(body)
    warnings: tuple[str, ...] = ()
    if encoding:
        text = body[mark:].decode(encoding, "replace")
        clean = text.encode("utf-8", "replace")
    elif _is_utf8(body) and not _escaped_label(body, content_type):
        clean = body
    else:
        text, warnings = _decode(body, content_type)
        clean = text.encode("utf-8", "replace")
    return _without_controls(clean), warnings


_C0 = bytes(c for c in range(0x20) if c not in b"\t\n\r")


def _without_controls(data: bytes) -> bytes:
    # XML 1.0 forbids them, and outlets send them; one would throw the whole document at the slow, lossy parser.
    data = data.translate(None, _C0)
    if b"\xef\xbf\xbe" in data or b"\xef\xbf\xbf" in data:
        data = data.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")
    while data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    return data


def _sniff(body: bytes) -> tuple[str, int]:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return encoding, len(mark)
    # Without a mark, UTF-16 and UTF-32 show in the zero bytes around the first character, which is "<" or "{".
    match [bool(byte) for byte in body[:4]]:
        case [False, False, False, True]:
            return "utf-32-be", 0
        case [True, False, False, False]:
            return "utf-32-le", 0
        case [False, True, _, _]:
            return "utf-16-be", 0
        case [True, False, _, _]:
            return "utf-16-le", 0
        case _:
            return "", 0


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _labels(body: bytes, content_type: str) -> list[str]:
    """Codec names from the header and from the XML declaration, the likelier first."""
    http = _HTTP_LABEL.search(content_type)
    xml = _XML_LABEL.search(body[:400])
    names = [_codec(http[1]) if http else "", _codec(xml[1].decode("ascii")) if xml else ""]
    if names[0] in _DEFAULT_LABELS:  # servers send these for everything; the document itself knows better
        names.reverse()
    return [name for name in names if name]


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    name = _SUPERSETS.get(name, name)
    return name if _KNOWN.fullmatch(name) else ""


def _escaped_label(body: bytes, content_type: str) -> bool:
    return any(name.startswith(_ESCAPED) for name in _labels(body, content_type))


def _decode(body: bytes, content_type: str) -> tuple[str, tuple[str, ...]]:
    labels = _labels(body, content_type)
    for name in labels:
        try:
            return body.decode(name), ()
        except UnicodeError:
            continue
    text = body.decode("utf-8", "replace")
    torn = text.count("\ufffd")
    # Mostly good UTF-8 with a few torn characters (texts are often cut by bytes) is still UTF-8.
    if 2 * torn < len(text) - len(text.encode("ascii", "ignore")):
        return text, (f"{torn} characters are not valid UTF-8",)
    name = next((label for label in labels if label != "utf-8"), "cp1252")
    text = body.decode(name, "replace")
    return text, (f"no declared encoding fits the text; read as {name}",)
