"""``article``: on the demo, where every article has a page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

Desk = Any


@pytest.fixture
def spoilt(desk: Desk) -> int:
    """An article as a worse extractor left it."""
    ((id_,),) = desk.sql("SELECT article_id FROM page ORDER BY article_id LIMIT 1")
    desk.sql("UPDATE article SET title = 'Old headline', text = 'Old words.', text_hash = 'x' WHERE id = ?", id_)
    return int(id_)


def test_the_list_is_newest_first(desk: Desk) -> None:
    shown = desk.call("article", "list", "--limit", "3")
    assert (shown.code, len(shown.out.splitlines())) == (0, 3)
    records = desk.call("article", "list", "--limit", "100", "--json").records
    ids = [record["id"] for record in records]
    assert ids == sorted(ids, reverse=True)
    assert desk.call("article", "list", "--withdrawn").out == ""
    slug = records[0]["source"]
    assert {record["source"] for record in desk.call("article", "list", "--source", slug, "--json").records} == {slug}


def test_the_record_shows_identity_dates_and_evidence(desk: Desk, spoilt: int) -> None:
    ((url, digest),) = desk.sql("SELECT final_url, sha256 FROM page WHERE article_id = ?", spoilt)
    desk.sql("UPDATE article SET withdrawn_at = '2026-11-24 08:00:00.000000', withdrawn = '410 Gone' WHERE id = ?", spoilt)
    shown = desk.call("article", "show", str(spoilt))
    assert shown.code == 0
    assert shown.out.startswith(f"#{spoilt}  Old headline\n")
    for part in (
        url,
        digest,
        "content-type: text/html",
        "seen in",
        "first seen",
        "dates",
        "2026-11-24 08:00 UTC: the page answered",
    ):
        assert part in shown.out
    (record,) = desk.call("article", "show", str(spoilt), "--json").records
    assert (record["id"], record["pages"][0]["sha256"], record["withdrawn"]) == (spoilt, digest, "410 Gone")
    assert record["states"][-1]["reason"] == "first seen"


def test_an_article_that_there_is_not(desk: Desk) -> None:
    for command in ("show", "diff"):
        done = desk.call("article", command, "99999")
        assert (done.code, "there is no article 99999" in done.err) == (1, True)


def test_reading_a_page_again_and_what_it_changed(desk: Desk, spoilt: int) -> None:
    before = desk.everything()
    dry = desk.call("article", "reextract", "--all", "--dry-run")
    assert "       1 with another headline or text: a new revision" in dry.out
    assert dry.out.endswith("articles, nothing written.\n")
    assert desk.everything() == before
    done = desk.call("article", "reextract", str(spoilt), "--json")
    assert done.records == [{"dry_run": False, "articles": 1, "text": 1}]
    assert desk.sql("SELECT revision, revision_reason FROM article WHERE id = ?", spoilt) == [(2, "re-extraction")]
    diff = desk.call("article", "diff", str(spoilt))
    assert "(re-extraction)" in diff.out
    assert "- Old words." in diff.out
    assert "* the headline was “Old headline”" in diff.out
    (record,) = desk.call("article", "diff", str(spoilt), "1", "2", "--json").records
    assert (record["from"]["title"], record["to"]["reason"]) == ("Old headline", "re-extraction")
    assert {change["kind"] for change in record["changes"]} >= {"removed", "added"}
    assert "has the revisions 1 to 2" in desk.call("article", "diff", str(spoilt), "1", "7").err
    assert f"#{spoilt} " in desk.call("article", "list", "--edited").out


def test_what_to_read_again_must_be_said(desk: Desk) -> None:
    for arguments in ((), ("--all", "1"), ("--all", "--older-than-version", "3")):
        assert desk.call("article", "reextract", *arguments).code == 2


def test_evidence_for_others(desk: Desk) -> None:
    ids = [str(row[0]) for row in desk.sql("SELECT article_id FROM page ORDER BY article_id LIMIT 2")]
    desk.sql("DELETE FROM page WHERE article_id = ?", ids[1])
    done = desk.call("article", "export", "--warc", "out.warc.gz", *ids)
    assert (done.code, done.out) == (0, "out.warc.gz: 1 page of 1 article.\n")
    assert ids[1] in done.err
    with (desk.root / "out.warc.gz").open("rb") as file:
        found = [(record.rec_type, record.content_stream().read()) for record in ArchiveIterator(file, check_digests="raise")]
    assert [kind for kind, _ in found] == ["warcinfo", "response", "metadata"]
    assert json.loads(found[2][1])["article"]["id"] == int(ids[0])
    again = desk.call("article", "export", "--warc", "out.warc.gz", ids[0])
    assert (again.code, "exists already" in again.err) == (1, True)
    none = desk.call("article", "export", "--warc", "other.warc", ids[1])
    assert (none.code, "no page of these articles is kept" in none.err) == (1, True)
    assert not (desk.root / "other.warc").exists()


def test_a_renumbered_feed_stands_in_its_dossier(desk: Desk) -> None:
    ((source, slug),) = desk.sql("SELECT id, slug FROM source WHERE slug = 'meridian-courier'")
    seen = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 hour')"
    old = desk.sql("SELECT id FROM article WHERE source_id = ? ORDER BY id LIMIT 5", source)
    assert len(old) == 5
    for number, (article,) in enumerate(old):
        desk.sql(
            "INSERT INTO entry (source_id, key, url_key, host, content_hash, version, baseline, first_seen_at, state, attempts,"
            f" due_at, error) VALUES (?, ?, '', '', '', 1, 0, {seen}, 'done', 0, {seen}, '')",
            source, f"again-{number}",
        )  # fmt: skip
        desk.sql(
            "INSERT INTO sighting (entry_id, article_id, source_id, url, seen_at)"
            f" VALUES ((SELECT max(id) FROM entry), ?, ?, '', {seen})",
            article, source,
        )  # fmt: skip
    poll = "(SELECT min(first_seen_at) FROM entry WHERE key LIKE 'again-%')"
    desk.sql(f"UPDATE entry SET first_seen_at = {poll} WHERE key LIKE 'again-%'")
    desk.sql("UPDATE article SET first_seen_at = '2026-01-01 00:00:00.000000' WHERE source_id = ?", source)
    shown = desk.call("source", "show", slug)
    assert "renumbered" in shown.out
    assert "5 of 5 new entries were known articles under new ids" in " ".join(shown.out.split())
