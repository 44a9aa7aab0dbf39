"""Pages as they came: kept with the revision that they made, identical bytes once, and for no longer than wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from aggregator.model.feed import FeedEntry
from aggregator.model.page import Fetched, Validators
from aggregator.store import Store, maintenance, pages
from aggregator.store.pages import PackedPage

Pack = Callable[..., PackedPage]


@pytest.fixture
def packed(now: datetime, make_entry: Callable[..., FeedEntry]) -> Pack:
    def make(body: bytes = b"<html>page</html>", at: datetime = now) -> PackedPage:
        url, headers = "https://wire.test/a", (("content-type", "text/html"), ("etag", '"1"'))
        page = Fetched(url, f"{url}?final", 200, headers, body, "text/html", None, Validators('"1"'), at)
        return pages.pack(page, make_entry(title="Le « port » ⚓"))

    return make


@pytest.fixture
def articled(applied: Store) -> Store:
    """Three articles, bare."""

    def unit(session: Session) -> None:
        session.execute(text("INSERT INTO story (created_at) VALUES ('2026-01-01 00:00:00')"))
        for _ in range(3):
            session.execute(
                text(
                    "INSERT INTO article (source_id, story_id, url, title, text, text_origin, text_hash, note, authors, tags,"
                    " site_name, has_time, date_evidence, sketch, words, revision, baseline, first_seen_at, match_due)"
                    " VALUES (1, 1, '', 'A title', 'A text', 'page', 'hash', '', '[]', '[]', '', false, '[]', '[]', 2, 1, false,"
                    " '2026-03-02 12:00:00.000000', false)"
                )
            )

    applied.write_now(unit)
    return applied


def test_a_page_comes_back_as_it_was(articled: Store, packed: Pack, make_entry: Callable[..., FeedEntry], now: datetime) -> None:
    page = packed()
    articled.write_now(pages.keep, 1, 1, page)
    (kept,) = articled.read_now(pages.pages_of, 1)
    assert (kept.url, kept.final_url, kept.status) == ("https://wire.test/a", "https://wire.test/a?final", 200)
    assert (kept.headers, kept.fetched_at, kept.size) == (page.headers, now, 17)
    assert articled.read_now(pages.body_of, kept.sha256) == b"<html>page</html>"
    assert articled.read_now(pages.entry_of, 1, 1) == make_entry(title="Le « port » ⚓")
    assert articled.read_now(pages.entry_of, 1, 2) is None


def test_the_first_page_of_a_revision_stays(articled: Store, packed: Pack) -> None:
    articled.write_now(pages.keep, 1, 1, packed())
    articled.write_now(pages.keep, 1, 1, packed(b"another"))
    (kept,) = articled.read_now(pages.pages_of, 1)
    assert articled.read_now(pages.body_of, kept.sha256) == b"<html>page</html>"


def test_identical_bodies_are_stored_once(articled: Store, packed: Pack) -> None:
    for article in (1, 2):
        articled.write_now(pages.keep, article, 1, packed())
    articled.write_now(pages.keep_again, 1, 1, 2)
    found = articled.read_now(maintenance.stats)
    assert (found.pages, found.page_bytes) == (3, len(packed().body))
    assert [page.revision for page in articled.read_now(pages.pages_of, 1)] == [1, 2]


def test_pages_go_when_their_time_is_over(articled: Store, packed: Pack, now: datetime) -> None:
    articled.write_now(pages.keep, 1, 1, packed(b"old", now - timedelta(days=2)))
    articled.write_now(pages.keep, 2, 1, packed(b"both", now - timedelta(days=2)))
    articled.write_now(pages.keep, 3, 1, packed(b"both"))
    assert articled.write_now(pages.prune_pages, now - timedelta(days=1), 1_000_000) == 2
    (kept,) = articled.read_now(pages.pages_of, 3)
    assert articled.read_now(pages.body_of, kept.sha256) == b"both", "a body stays as long as anything needs it"
    assert articled.write_now(pages.prune_pages, None, 1_000_000) == 1, "no pages are wanted any more"
    assert articled.read_now(maintenance.stats).page_bytes == 0


def test_beyond_their_share_of_the_store_the_oldest_go(articled: Store, packed: Pack, now: datetime) -> None:
    for number in (1, 2, 3):
        page = packed(bytes([number]) * 10, now - timedelta(hours=number))
        articled.write_now(pages.keep, number, 1, replace(page, body=page.body.ljust(100)))
    assert articled.write_now(pages.prune_pages, now - timedelta(days=1), 250) == 1
    assert articled.read_now(pages.pages_of, 3) == []
    assert [len(articled.read_now(pages.pages_of, number)) for number in (1, 2)] == [1, 1]
