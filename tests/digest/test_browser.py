"""A digest in a real browser: nothing is cut off on a phone, marks show, and each story reads in its own direction."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import escape, unescape
from pathlib import Path

import pytest

from aggregator.digest import compose, render_digest
from aggregator.model.delivery import MatchedArticle, Recipient, RuleDigest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1000,800", "--virtual-time-budget=3000",
)  # fmt: skip

MEASURE = """
const out = [];
for (const frame of document.querySelectorAll('iframe')) {
  const page = frame.contentDocument;
  const look = page.defaultView;
  const stories = [...page.querySelectorAll('[lang][dir]')].filter(node => node !== page.documentElement);
  out.push({
    asked: +frame.width,
    needed: page.documentElement.scrollWidth,
    marks: [...page.querySelectorAll('mark')].map(node => look.getComputedStyle(node).backgroundColor),
    directions: stories.map(node => [node.lang, look.getComputedStyle(node).direction]),
  });
}
const result = document.createElement('pre');
result.id = 'result';
result.textContent = JSON.stringify(out);
document.body.append(result);
"""


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian: apt-get install chromium)")
def test_nothing_is_cut_off_and_every_story_has_its_direction(match: Callable[..., MatchedArticle], tmp_path: Path) -> None:
    items = [
        match(title="Tunnel closed again", hits=("Tunnel", "tunnel"), outlet="Northport Courier", group="international"),
        match(
            title="تونل بندر بسته شد", text="تونل بندر تا اطلاع ثانوی بسته است.", language="fa", hits=("تونل",), outlet="پژواک"
        ),
        match(title="W" * 150, url="https://outlet.example/" + "very-long-" * 60, text="x" * 700, hits=("x" * 700,)),
    ]
    window = (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC))
    recipient = Recipient("ana", "ana@example.org", timezone="Europe/Paris")
    rules = [RuleDigest("tunnel", "Tunnel", "tunnel", (3, 4, 5, 6, 7, 8, 9))]
    issue = compose(recipient, date(2026, 11, 24), window, items, rules, [], instance="Desk", missed_days=0)
    mail = escape(render_digest(issue).html, quote=True)
    frames = "".join(f'<iframe width="{width}" height="600" srcdoc="{mail}"></iframe>' for width in (360, 800))
    script = f"<script>addEventListener('load', () => {{ {MEASURE} }})</script>"
    (tmp_path / "frames.html").write_text(f"<!DOCTYPE html><meta charset=utf-8>{script}<body>{frames}</body>", "utf-8")
    assert BROWSER is not None
    page = (tmp_path / "frames.html").as_uri()
    command = [BROWSER, *SWITCHES, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page]
    dom = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-2000:]
    phone, screen = json.loads(unescape(found[1]))
    for view in (phone, screen):
        assert view["needed"] <= view["asked"], "nobody should have to scroll sideways"
        assert view["marks"]
        assert set(view["marks"]) == {"rgb(255, 229, 143)"}
        assert ["fa", "rtl"] in view["directions"]
        assert ["en", "ltr"] in view["directions"]
