"""``rule feed`` on the demo's archive."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Desk = Any
NS = {"a": "http://www.w3.org/2005/Atom"}


def test_the_feed_of_a_rule_holds_its_matches_newest_first(desk: Desk) -> None:
    feed = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    ids = [entry.findtext("a:id", "", NS) for entry in feed.findall("a:entry", NS)]
    rows = desk.sql("SELECT m.id FROM match m JOIN rule r ON r.id = m.rule_id WHERE r.slug = 'fhm' ORDER BY m.id DESC")
    assert [int(id_.rpartition("/")[2]) for id_ in ids] == [number for (number,) in rows[:50]]
    assert len(set(ids)) == len(ids) > 3
    few = json.loads(desk.call("rule", "feed", "fhm", "--format", "json", "--limit", "2").out)
    assert [item["id"] for item in few["items"]] == ids[:2]


@pytest.mark.parametrize("form", ["atom", "json", "rss"])
def test_the_file_is_replaced_as_a_whole_and_only_when_something_changed(desk: Desk, form: str) -> None:
    path = desk.root / "fhm.feed"
    call = ("rule", "feed", "fhm", "--format", form, "--output", path)
    assert "matches." in desk.call(*call).err
    first, node = path.read_bytes(), path.stat().st_ino
    assert "as before" in desk.call(*call).err
    assert (path.read_bytes(), path.stat().st_ino) == (first, node)
    desk.sql("UPDATE article SET title = 'Another headline'")
    desk.call(*call)
    assert b"Another headline" in path.read_bytes()
    assert path.stat().st_ino != node
    assert [entry.name for entry in desk.root.iterdir() if "fhm.feed" in entry.name] == ["fhm.feed"]


def test_an_article_that_was_edited_is_updated(desk: Desk) -> None:
    before = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    desk.sql(
        "INSERT INTO revision (article_id, number, title, text, replaced_at, reason) SELECT article_id, 99, '', '',"
        " '2031-01-02 03:04:05.000000', 'edit' FROM match m JOIN rule r ON r.id = m.rule_id WHERE slug = 'fhm' LIMIT 1"
    )
    after = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    changed = [entry for entry in after.findall("a:entry", NS) if entry.findtext("a:updated", "", NS).startswith("2031-01-02")]
    assert len(changed) == 1
    assert after.findtext("a:updated", "", NS) == "2031-01-02T03:04:05Z" != before.findtext("a:updated", "", NS)
    ids = [[entry.findtext("a:id", "", NS) for entry in feed.findall("a:entry", NS)] for feed in (before, after)]
    assert ids[0] == ids[1]


def test_what_noise_control_keeps_back_is_in_no_feed(desk: Desk) -> None:
    whole = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    desk.sql("UPDATE match SET suppressed = 'not the first' WHERE rule_id = (SELECT id FROM rule WHERE slug = 'fhm')"
             " AND id % 2 = 0")  # fmt: skip
    rest = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    assert 0 < len(rest.findall("a:entry", NS)) < len(whole.findall("a:entry", NS))


def test_no_such_rule_and_no_such_folder(desk: Desk) -> None:
    assert "there is no rule 'nothing'" in desk.call("rule", "feed", "nothing").err
    assert desk.call("rule", "feed", "fhm", "--output", desk.root / "absent" / "feed.xml").code == 1
