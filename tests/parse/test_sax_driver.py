"""The expat driver behind feedparser. These tests fail when feedparser or Python's SAX change what we rest on."""

from __future__ import annotations

import xml.sax.handler
import xml.sax.xmlreader
from io import BytesIO

import feedparser.api
import pytest

from aggregator.parse import sax_driver


class Recorder(xml.sax.handler.ContentHandler):
    def __init__(self) -> None:
        self.runs: list[str] = []

    def characters(self, content: str) -> None:
        self.runs.append(content)


def test_feedparser_is_told_to_use_it() -> None:
    assert feedparser.api.PREFERRED_XML_PARSERS[0] == sax_driver.__name__
    assert isinstance(xml.sax.make_parser(feedparser.api.PREFERRED_XML_PARSERS), sax_driver.BufferedExpatParser)


@pytest.mark.parametrize(("text", "runs"), [("a &lt;b&gt; &amp; c\n\nd", ["a <b> & c\n\nd"]), ("one<i/>two", ["one", "two"])])
def test_text_comes_in_runs_not_in_crumbs(text: str, runs: list[str]) -> None:
    recorder = Recorder()
    parser = sax_driver.create_parser()
    parser.setContentHandler(recorder)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(BytesIO(f"<t>{text}</t>".encode()))
    parser.parse(source)
    assert recorder.runs == runs
