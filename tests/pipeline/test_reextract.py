"""Reading kept pages again: identity stays, a change is a revision, and nobody is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from warcio.archiveiterator import ArchiveIterator

from aggregator.app import App, open_app
from aggregator.config.settings import Config
from aggregator.errors import NotFound
from aggregator.extract.article import EXTRACTOR
from aggregator.model.record import Reason
from aggregator.pipeline.reextract import reextract
from aggregator.pipeline.warc import write_warc
from aggregator.store import pages, records
from aggregator.store.tables import AlertRow, ArticleRow, DigestItemRow, MatchRow, RevisionRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]


async def _worse(app: App, clock: Any, site: Any) -> None:
    """Two articles, as a worse extractor would have left them: the first lacks its last words, the second its authors."""
    await app.settle()
    site.publish("fire", "sorrelwood", on_page="quillback")
    site.publish("flood", "sorrelwood")
    clock.at += timedelta(hours=1)
    await app.settle()

    def spoil(session: Any) -> None:
        session.execute(text("UPDATE article SET text = 'sorrelwood', text_hash = 'x', extractor = 0 WHERE title LIKE 'Fire%'"))
        session.execute(text("UPDATE article SET authors = '[\"Nobody\"]', language = 'xx' WHERE title LIKE 'Flood%'"))
        for table in ("alert", "digest_item", "match"):
            session.execute(text(f"DELETE FROM {table}"))

    await app.rooms.store.write(spoil)


async def test_a_dry_run_counts_and_writes_nothing(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        await _worse(app, clock, site)
        ids = app.rooms.store.read_now(records.extractable_ids)
        assert await reextract(app.rooms, ids, dry_run=True) == {"text": 1, "metadata": 1}
        assert {row.revision for row in rows(app, ArticleRow)} == {1}


async def test_a_better_text_is_a_revision_that_alerts_nobody(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        await _worse(app, clock, site)
        mails = len(relay.mails)
        ids = app.rooms.store.read_now(records.extractable_ids)
        assert await reextract(app.rooms, ids, dry_run=False) == {"text": 1, "metadata": 1}
        fire, flood = sorted(rows(app, ArticleRow), key=lambda row: row.title)
        assert (fire.revision, fire.revision_reason, "quillback" in fire.text) == (2, "re-extraction", True)
        assert (flood.revision, flood.authors, flood.language != "xx") == (1, [], True)
        assert [row.text for row in rows(app, RevisionRow)] == ["sorrelwood"]
        assert [page.revision for page in app.rooms.store.read_now(pages.pages_of, fire.id)] == [1, 2]
        clock.at += timedelta(minutes=1)
        await app.settle()
        assert len(rows(app, MatchRow)) == 2, "rules see the better text"
        assert {(row.state, row.why) for row in rows(app, AlertRow)} == {("suppressed", "back-fill")}
        assert (rows(app, DigestItemRow), len(relay.mails)) == ([], mails)
        assert await reextract(app.rooms, ids, dry_run=False) == {"same": 2}


async def test_only_what_an_older_extractor_made(clock: Any, site: Any, desk: Desk) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        await _worse(app, clock, site)
        app.rooms.store.write_now(
            lambda session: session.execute(
                text("UPDATE article SET extractor = :later WHERE title LIKE 'Fire%'"), {"later": EXTRACTOR + 1}
            )
        )
        assert len(app.rooms.store.read_now(records.extractable_ids, EXTRACTOR + 1)) == 1
        assert len(app.rooms.store.read_now(records.extractable_ids, EXTRACTOR + 2)) == 2


async def test_without_a_page_there_is_nothing_to_read(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        site.publish("fire", page=False)
        await app.settle()
        assert await reextract(app.rooms, [rows(app, ArticleRow)[0].id], dry_run=False) == {"no page": 1}
        with pytest.raises(NotFound, match="there is no article 99"):
            await reextract(app.rooms, [99], dry_run=False)


async def test_the_record_tells_everything(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        await _worse(app, clock, site)
        (id_,) = [row.id for row in rows(app, ArticleRow) if row.title == "Fire story"]
        await reextract(app.rooms, [id_], dry_run=False)
        found = app.rooms.store.read_now(records.record, id_)
        assert [(state.number, state.reason) for state in found.states] == [(1, Reason.FIRST), (2, Reason.REEXTRACTION)]
        assert [seen.source for seen in found.sightings] == ["site"]
        assert [page.url for page in found.pages] == [site.url("/fire")] * 2
        assert ("content-type", "text/html; charset=utf-8") in found.pages[0].headers


@pytest.mark.parametrize("name", ["evidence.warc", "evidence.warc.gz"])
async def test_a_warc_file_is_read_by_its_own_reader(
    clock: Any, site: Any, desk: Desk, rows: Rows, tmp_path: Path, name: str
) -> None:
    async with open_app(desk(site.source()), clock=clock) as app:
        await app.settle()
        site.publish("fire", "sorrelwood")
        site.pages["/fire"].headers["Content-Encoding"] = "identity"
        clock.at += timedelta(hours=1)
        await app.settle()
        store = app.rooms.store
        (page,) = store.read_now(pages.pages_of, 1)
        body = store.read_now(pages.body_of, page.sha256)
        assert write_warc(tmp_path / name, "aggregator test", [(page, body, b'{"id": 1}')]) == 1
    with (tmp_path / name).open("rb") as file:
        found = [
            (record.rec_type, record.rec_headers, record.http_headers, record.content_stream().read())
            for record in ArchiveIterator(file, check_digests="raise")
        ]
    assert [kind for kind, *_ in found] == ["warcinfo", "response", "metadata"]
    _, headers, http, content = found[1]
    assert (headers.protocol, headers.get_header("WARC-Target-URI")) == ("WARC/1.1", site.url("/fire"))
    assert headers.get_header("WARC-Date") == "2026-03-20T01:00:00.000000Z"
    assert (http.get_statuscode(), http.get_header("Content-Length"), content) == ("200", str(len(body)), body)
    assert http.get_header("X-Orig-content-encoding") == "identity"
    assert found[2][1].get_header("WARC-Refers-To") == headers.get_header("WARC-Record-ID")
    assert BytesIO(found[2][3]).read() == b'{"id": 1}'
    with pytest.raises(FileExistsError):
        write_warc(tmp_path / name, "aggregator test", [])
