"""Mails as a browser shows them: pictures, and what can be measured of the page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (360, 800)
SCHEMES = {"dark": "0", "light": "1"}
"""What a browser calls them in its settings."""

SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=5000",
)  # fmt: skip


def _run(arguments: list[str], scheme: str) -> str:
    assert BROWSER is not None
    setting = f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"
    with tempfile.TemporaryDirectory() as profile:
        command = [BROWSER, *SWITCHES, setting, f"--user-data-dir={profile}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def framed(pages: Mapping[str, str], script: str) -> str:
    """A page that holds each mail in a frame of each width, and runs ``script`` when all are loaded."""
    frames = "".join(
        f'<iframe title="{escape(name)}" width="{width}" height="600" srcdoc="{escape(html, quote=True)}"></iframe>'
        for name, html in pages.items()
        for width in WIDTHS
    )
    run = f"<script>addEventListener('load', async () => {{ {script} }})</script>"
    return f"<!DOCTYPE html><meta charset=utf-8>{run}<body>{frames}</body>"


def measure(pages: Mapping[str, str], script: str, scheme: str, folder: Path) -> Any:
    """What ``script`` leaves in ``out`` after it saw every frame; see ``framed``."""
    leave = "const pre = document.createElement('pre'); pre.id = 'result'; pre.textContent = JSON.stringify(out);"
    page = folder / f"frames-{scheme}.html"
    page.write_text(framed(pages, f"const out = []; {script} {leave} document.body.append(pre);"), "utf-8")
    dom = _run(["--window-size=1000,800", "--dump-dom", page.as_uri()], scheme)
    found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-2000:]
    return json.loads(unescape(found[1]))


def shoot(pages: Mapping[str, str], folder: Path, height: int = 2400) -> None:
    """A picture of each mail at each width and in each scheme: ``usual-360-dark.png``."""
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, "utf-8")
        for width in WIDTHS:
            for scheme in SCHEMES:
                # A window is never narrower than 500 pixels: the mail stands in a frame.
                size = f'width="{width}" height="{height}"'
                frame = f'<iframe style="border:0" {size} srcdoc="{escape(html, quote=True)}"></iframe>'
                (folder / "frame.html").write_text(f"<!DOCTYPE html><meta charset=utf-8><body style=margin:0>{frame}", "utf-8")
                target = folder / f"{name}-{width}-{scheme}.png"
                size = f"--window-size={max(width, 500)},{height}"
                _run([size, f"--screenshot={target}", (folder / "frame.html").as_uri()], scheme)


def lint(pages: Mapping[str, str], axe: Path, scheme: str, folder: Path) -> list[str]:
    """What the accessibility linter axe-core (its ``axe.min.js``) finds in the mails, one line for each place."""
    ask = """
    for (const frame of document.querySelectorAll('iframe')) {
      const script = frame.contentDocument.createElement('script');
      script.textContent = AXE;
      frame.contentDocument.head.append(script);
      const found = await frame.contentWindow.axe.run(frame.contentDocument.querySelector('.c'), {iframes: false});
      for (const rule of found.violations)
        for (const node of rule.nodes) out.push(`${frame.title} ${frame.width}: ${rule.id}: ${node.html.slice(0, 120)}`);
    }
    """
    code = json.dumps(axe.read_text("utf-8")).replace("</", "<\\/")
    return [str(line) for line in measure(pages, f"const AXE = {code}; {ask}", scheme, folder)]
