"""The golden mails in a real browser: nothing is cut off on a phone, marks show in the dark, each story reads its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.files import letter
from tests.golden.pictures import BROWSER, SCHEMES, WIDTHS, measure
from tests.golden.scenes import SCENES

LOOK = """
for (const frame of document.querySelectorAll('iframe')) {
  const page = frame.contentDocument, look = page.defaultView, root = page.documentElement;
  const styles = (query, name) => [...page.querySelectorAll(query)].map(node => look.getComputedStyle(node)[name]);
  const beyond = node => { const box = node.getBoundingClientRect(); return box.left < 0 || box.right > root.clientWidth + 0.5; };
  out.push({
    name: frame.title,
    asked: +frame.width,
    needed: root.scrollWidth,
    beyond: [...page.querySelectorAll('body *')].filter(beyond).map(node => node.outerHTML.slice(0, 80)),
    paper: styles('.c', 'backgroundColor'),
    marks: styles('mark', 'backgroundColor'),
    marked: styles('mark', 'color'),
    hidden: styles('body > div', 'display')[0],
    ways: [...page.querySelectorAll('[lang][dir]')].map(node => [node.dir, look.getComputedStyle(node).direction]),
  });
}
"""


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian: apt-get install chromium)")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_cut_off_at_any_width_in_either_scheme(scheme: str, tmp_path: Path) -> None:
    found = measure({name: letter(name).html for name in SCENES}, LOOK, scheme, tmp_path)
    assert len(found) == len(SCENES) * len(WIDTHS)
    for view in found:
        assert (view["name"], view["needed"], view["beyond"]) == (view["name"], view["asked"], [])
        assert view["paper"] == ["rgb(26, 30, 35)" if scheme == "dark" else "rgb(252, 252, 253)"], (
            "the scheme is the one asked for"
        )
        assert set(view["marks"]) <= {"rgb(255, 229, 143)"}
        assert set(view["marked"]) <= {"rgb(27, 31, 36)"}
        assert view["hidden"] == "none", "the preview is not shown"
        assert all(asked == shown for asked, shown in view["ways"])
    assert sum(len(view["marks"]) for view in found) > 100
