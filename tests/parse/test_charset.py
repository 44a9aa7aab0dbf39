"""Labels that lie, labels that are missing, and texts that came through them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from aggregator.parse.charset import to_utf8

if TYPE_CHECKING:
    from tests.parse.conftest import Feed


def document(title: str, label: str = "") -> str:
    head = f'<?xml version="1.0" encoding="{label}"?>\n' if label else ""
    return f'{head}<rss version="2.0"><channel><title>{title}</title><item><title>{title}</title></item></channel></rss>'


PERSIAN, RUSSIAN, CHINESE, JAPANESE, FRENCH = "خبر پارس", "Новости дня", "新闻今天发布", "今日のニュース", "Élan à Besançon œuvre"


@pytest.mark.parametrize(
    ("title", "codec", "label", "content_type"),
    [
        (PERSIAN, "utf-8", "utf-8", "application/xml"),
        (PERSIAN, "utf-8", "", ""),
        (PERSIAN, "utf-8", "windows-1256", "text/xml; charset=iso-8859-1"),  # two lies
        (PERSIAN, "utf-8", "", "text/xml"),  # RFC 3023 would say us-ascii
        (PERSIAN, "utf-8-sig", "iso-8859-1", ""),
        (PERSIAN, "utf-16", "utf-16", "application/xml; charset=utf-8"),
        (PERSIAN, "utf-16-le", "utf-16", ""),
        (PERSIAN, "utf-16-be", "", ""),
        (PERSIAN, "utf-32", "", ""),
        ("خبر", "windows-1256", "windows-1256", ""),
        (RUSSIAN, "windows-1251", "", "text/xml; charset=windows-1251"),
        (RUSSIAN, "windows-1251", "windows-1251", "text/xml; charset=ISO-8859-1"),  # a server's default
        (RUSSIAN, "koi8-r", "koi8-r", "text/xml; charset=utf-8"),
        (CHINESE, "gb18030", "gb2312", ""),
        ("新聞今天發布", "big5", "Big5", ""),
        (JAPANESE, "shift_jis", "Shift_JIS", ""),
        (JAPANESE, "euc-jp", "", 'text/xml; charset="EUC-JP"'),
        (JAPANESE, "iso-2022-jp", "iso-2022-jp", ""),
        ("뉴스", "euc-kr", "euc-kr", ""),
        (FRENCH, "windows-1252", "iso-8859-1", ""),
        (FRENCH, "windows-1252", "utf-8", "text/xml; charset=utf-8"),
        ("Élan", "iso-8859-1", "", ""),
        ("Élan", "iso-8859-1", "no-such-charset", "text/xml; charset=neither"),
    ],
)
def test_the_text_is_read_in_its_real_encoding(feed: Feed, title: str, codec: str, label: str, content_type: str) -> None:
    parsed = feed(document(title, label).encode(codec), content_type=content_type)
    assert (parsed.title, parsed.entries[0].title) == (title, title)


def test_a_few_torn_characters_do_not_spoil_the_rest(feed: Feed) -> None:
    body = document(PERSIAN * 5, "utf-8").encode().replace("پ".encode(), "پ".encode()[:1], 1)
    parsed = feed(body)
    assert parsed.title == (PERSIAN * 5).replace("پ", "\ufffd", 1)
    assert parsed.entries[0].title == PERSIAN * 5
    assert parsed.warnings == ("1 characters are not valid UTF-8",)


@pytest.mark.parametrize("label", ["utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "rot13", "hex", "base64"])
def test_encodings_that_are_doors_stay_shut(feed: Feed, label: str) -> None:
    parsed = feed(document(r"+ADw-script+AD4- \x3cscript\x3e", label).encode(), content_type=f"text/xml; charset={label}")
    assert parsed.title == r"+ADw-script+AD4- \x3cscript\x3e"


@pytest.mark.parametrize("label", ["utf-7", "idna", "no-such-thing", "x" * 100, "\x00", ""])
def test_a_silly_label_on_bytes_of_no_encoding_does_no_harm(label: str) -> None:
    data, warnings = to_utf8(b"<a>\xff\xfa\xc0</a>", f"text/xml; charset={label}")
    assert data == "<a>ÿúÀ</a>".encode()
    assert warnings == ("no declared encoding fits the text; read as cp1252",)


def test_control_characters_and_marks_go() -> None:
    assert to_utf8(codecs.BOM_UTF8 * 2 + b"a\x00\x0b\x1bb\t\n", "")[0] == b"ab\t\n"
    assert to_utf8("a\ufffeb\uffffc".encode(), "")[0] == b"abc"
