"""Articles: deciding on a draft and storing what was decided, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import insert, text, update
from sqlmodel import Session, col, select

from aggregator.dedupe import LOOKUP_SIZE, Place, group, same_outlet, url_key
from aggregator.model.article import (
    Article,
    ArticleDraft,
    Candidate,
    Discard,
    Duplicate,
    Extraction,
    New,
    Revision,
    TextOrigin,
    Verdict,
)
from aggregator.model.page import Validators
from aggregator.model.record import Reason
from aggregator.store import entries, fulltext, pages, stories
from aggregator.store.codec import DATE_CANDIDATE
from aggregator.store.dialect import driver, instant, upsert
from aggregator.store.entries import PendingEntry
from aggregator.store.pages import PackedPage
from aggregator.store.rhythm import Rhythm, plan
from aggregator.store.stories import PlaceStory
from aggregator.store.tables import AddressRow, ArticleRow, RevisionRow, ShingleRow, SightingRow, SourceRow

MOST_CANDIDATES = 50
"""A shingle that more articles share than this is boilerplate; the best-sharing candidates are enough."""

_BY_URL = "SELECT article_id FROM address WHERE url_key IN (SELECT value FROM json_each(:keys))"
_SHARING = (
    "SELECT article_id FROM shingle WHERE hash IN (SELECT CAST(value AS BIGINT) FROM json_each(:smallest))"
    " GROUP BY article_id ORDER BY count(*) DESC, article_id DESC LIMIT :most"
)
_WORD_FOR_WORD = "SELECT id FROM article WHERE text_hash = :hash ORDER BY id DESC LIMIT :most"
"""The latest articles with exactly this text: what finds texts that are too short for a sketch."""

_SOURCE = "SELECT name, outlet_group, coalesce(moved_to, url) FROM source WHERE id = :id"
_KNOWN = (
    "SELECT a.id, a.source_id, a.group_id, a.title, a.text_hash, CAST(a.sketch AS TEXT), a.words, a.first_seen_at,"
    " a.text_origin, a.text, a.published_at, a.url, s.name, s.outlet_group, coalesce(s.moved_to, s.url),"
    " (SELECT json_group_array(other_id) FROM text_apart WHERE group_id = a.group_id) FROM article AS a"
    " JOIN source AS s ON s.id = a.source_id WHERE a.id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids)) ORDER BY a.id"
)

Decide = Callable[[ArticleDraft, Sequence[Candidate]], Verdict]


@dataclass(frozen=True, slots=True)
class Seen:
    """The page behind a draft: ``packed`` to be kept (None: pages are not kept), and what it takes to ask for it again."""

    packed: PackedPage | None
    host: str
    validators: Validators
    rhythm: Rhythm
    at: datetime


def ingest(
    session: Session,
    entry: PendingEntry,
    draft: ArticleDraft,
    decide: Decide,
    place: PlaceStory,
    retry_at: datetime | None,
    error: str,
    page: Seen | None = None,
) -> tuple[Verdict, int | None]:
    """Decide on a draft against what is stored, and store the outcome with the entry's sighting. Returns the verdict and article.

    ``retry_at`` keeps the entry pending: the article stands with the feed's text until its page can be had. ``page`` is kept
    with the revision that it made.
    """
    if not entries.finish(session, entry, error, retry_at):
        return Discard("the entry was edited or taken over while its page was fetched"), None
    candidates = _candidates(session, draft)
    verdict = decide(draft, candidates)
    match verdict:
        case New():
            article_id = _insert(session, draft, verdict, place)
        case Revision(article_id=article_id):
            row = session.get_one(ArticleRow, article_id)
            summary = row.text_origin != TextOrigin.PAGE
            revise(session, article_id, draft, _reason(entry))
            if summary and draft.extraction.text_origin is TextOrigin.PAGE:
                # What a hand took out of this article's text is not the same, whatever its page says.
                others = [one for one in candidates if one.article_id != article_id and row.group_id not in one.taken_from]
                stories.regroup(session, article_id, draft, group(draft, others), place)
        case Duplicate(article_id=article_id):
            pass
        case Discard():
            return verdict, None
        case _:
            assert_never(verdict)
    sight(session, entry, article_id, draft.url, draft.seen_at)
    know_addresses(session, article_id, draft.fingerprint.url_keys)
    if page is not None:
        _keep_page(session, article_id, draft, page)
    return verdict, article_id


def know_addresses(session: Session, article_id: int, keys: Iterable[str]) -> None:
    """Note under which addresses an article is known. One that names another article already goes on naming it."""
    addresses = [{"url_key": key, "article_id": article_id} for key in keys]
    if addresses:
        session.execute(upsert(AddressRow).on_conflict_do_nothing(), addresses)


def _reason(entry: PendingEntry) -> Reason:
    if entry.sighted is None:
        return Reason.REPOST
    return Reason.PAGE_CAME if entry.attempts else Reason.FEED_EDIT


def _keep_page(session: Session, article_id: int, draft: ArticleDraft, page: Seen) -> None:
    """Keep a page with its article's present revision, unless it is another source's view of it or says something else.

    It is asked for again later, but for what stood in the feed before our time.
    """
    row = session.get_one(ArticleRow, article_id)
    if (row.source_id, row.text_hash) != (draft.source_id, draft.fingerprint.text_hash):
        return
    if page.packed is not None:
        pages.keep(session, article_id, row.revision, page.packed)
    if draft.extraction.text_origin is TextOrigin.PAGE and not row.baseline and page.rhythm != Rhythm():
        plan(session, article_id, page.host, page.validators, row.first_seen_at, page.rhythm, page.at)


def sight(session: Session, entry: PendingEntry, article_id: int, url: str, at: datetime) -> None:
    """Note that an article was seen in an entry. Once is enough."""
    values = {"entry_id": entry.id, "article_id": article_id, "source_id": entry.source_id, "url": url, "seen_at": at}
    session.execute(upsert(SightingRow).values(values).on_conflict_do_nothing())


def sight_known(session: Session, entry: PendingEntry, at: datetime) -> int | None:
    """The entry's address or words are a known article's: one more sighting, no page needed. None when the lease was lost."""
    if entry.known is None or not entries.finish(session, entry):
        return None
    link = entry.entry.link or ""
    sight(session, entry, entry.known, link, at)
    if link and entry.own_page:
        know_addresses(session, entry.known, [url_key(link)])
    return entry.known


def _candidates(session: Session, draft: ArticleDraft) -> list[Candidate]:
    by_entry = _ids(session, "SELECT article_id FROM sighting WHERE entry_id = :entry", {"entry": draft.entry_id})
    by_url = _ids(session, _BY_URL, {"keys": json.dumps(draft.fingerprint.url_keys)})
    by_text = _sharing(session, draft) if draft.fingerprint.sketch else []
    same = {"hash": draft.fingerprint.text_hash, "most": MOST_CANDIDATES}
    by_words = _ids(session, _WORD_FOR_WORD, same) if draft.fingerprint.words else []
    wanted = dict.fromkeys((*by_entry, *by_url, *by_text, *by_words))
    if not wanted:
        return []
    run = driver(session).execute
    called, kind, feed = run(_SOURCE, {"id": draft.source_id}).fetchone()
    here = Place(draft.source_id, called, kind, feed, draft.url)
    return [
        Candidate(
            article_id=id_,
            source_id=source_id,
            group_id=group_id,
            same_entry=id_ in by_entry,
            same_url=id_ in by_url,
            title=title,
            text_hash=text_hash,
            sketch=tuple(json.loads(sketch)),
            words=words,
            seen_at=instant(seen_at),
            text_origin=TextOrigin(origin),
            same_outlet=same_outlet(here, Place(source_id, name, outlet_group, home, url)),
            text=body,
            published_at=instant(published_at) if published_at else None,
            taken_from=frozenset(json.loads(taken_from)),
        )
        for (
            id_, source_id, group_id, title, text_hash, sketch, words, seen_at, origin, body, published_at, url, name,
            outlet_group, home, taken_from,
        ) in run(_KNOWN, {"ids": json.dumps(list(wanted))})
    ]  # fmt: skip


def _sharing(session: Session, draft: ArticleDraft) -> list[int]:
    """Articles by how many of the draft's smallest shingles they share, most first; newer first among equals."""
    smallest = json.dumps(draft.fingerprint.sketch[:LOOKUP_SIZE])
    return _ids(session, _SHARING, {"smallest": smallest, "most": MOST_CANDIDATES})


def _ids(session: Session, statement: str, values: dict[str, Any]) -> list[int]:
    return [row[0] for row in driver(session).execute(statement, values)]


def columns_of(draft: ArticleDraft) -> dict[str, Any]:
    """The columns that a draft fills, for a new article and for a revision alike."""
    made: Extraction = draft.extraction
    return {
        "url": draft.url,
        "canonical_url": made.canonical_url,
        "title": made.title,
        "text": made.text,
        "text_origin": made.text_origin.value,
        "text_hash": draft.fingerprint.text_hash,
        "note": made.note,
        "authors": list(made.authors),
        "tags": list(made.tags),
        "language": made.language,
        "other_languages": list(made.other_languages),
        "section": made.section,
        "access": made.access.value,
        "comments": made.comments,
        "extractor": made.extractor,
        "site_name": made.site_name,
        "image_url": made.image_url,
        "published_at": made.date.at,
        "has_time": made.date.has_time,
        "published_zone": made.date.zone,
        "date_origin": made.date.origin.value if made.date.origin else "",
        "modified_at": made.modified_at,
        "date_evidence": [DATE_CANDIDATE.dump(candidate) for candidate in made.date.candidates],
        "sketch": list(draft.fingerprint.sketch),
        "words": draft.fingerprint.words,
        "credit": draft.fingerprint.credit,
    }


def _insert(session: Session, draft: ArticleDraft, verdict: New, place: PlaceStory) -> int:
    group_id = verdict.group_id
    if group_id is None:
        group_id, story_id = stories.begin_group(session, draft, place)
    else:
        story_id = stories.story_of(session, group_id)
        stories.touch(session, story_id, draft.seen_at)
    values = columns_of(draft) | {"source_id": draft.source_id, "baseline": draft.baseline}
    values |= {"story_id": story_id, "group_id": group_id, "similarity": verdict.similarity}
    values |= {"revision_reason": Reason.FIRST.value}
    statement = insert(ArticleRow).values(**values, first_seen_at=draft.seen_at).returning(col(ArticleRow.id))
    article_id: int = session.execute(statement).scalar_one()
    _index(session, article_id, draft)
    return article_id


def _index(session: Session, article_id: int, draft: ArticleDraft) -> None:
    made = draft.extraction
    fulltext.put(session, article_id, made.title, made.text, made.authors)
    shingles = [{"hash": value, "article_id": article_id} for value in draft.fingerprint.sketch[:LOOKUP_SIZE]]
    if shingles:
        session.execute(upsert(ShingleRow).on_conflict_do_nothing(), shingles)


def revise(session: Session, article_id: int, draft: ArticleDraft, reason: Reason) -> int:
    """Store a new state of an article, and the old one whole. Returns the new revision's number."""
    old = session.get_one(ArticleRow, article_id)
    session.add(
        RevisionRow(
            article_id=article_id,
            number=old.revision,
            title=old.title,
            text=old.text,
            replaced_at=draft.seen_at,
            reason=old.revision_reason,
        )
    )
    number = old.revision + 1
    values = columns_of(draft) | {"revision": number, "match_due": True, "revision_reason": reason.value}
    session.execute(update(ArticleRow).where(col(ArticleRow.id) == article_id).values(**values))
    session.execute(text("DELETE FROM shingle WHERE article_id = :id"), {"id": article_id})
    fulltext.drop(session, article_id)
    _index(session, article_id, draft)
    return number


def refresh(session: Session, article_id: int, draft: ArticleDraft) -> None:
    """Take over what a draft says beside title and text, which are the same: dates, authors, language… No new revision."""
    fulltext.drop_authors(session, article_id)
    fulltext.put_authors(session, article_id, draft.extraction.authors)
    session.execute(update(ArticleRow).where(col(ArticleRow.id) == article_id).values(**columns_of(draft)))


def article(row: ArticleRow, source: SourceRow) -> Article:
    """A row and its source's, as the value that rules and digests work on."""
    return Article(
        id=row.id or 0,
        story_id=row.story_id,
        group_id=row.group_id or 0,
        source_slug=source.slug,
        source_name=source.name,
        source_group=source.outlet_group,
        country=source.country,
        url=row.url,
        title=row.title,
        text=row.text,
        text_origin=TextOrigin(row.text_origin),
        note=row.note,
        authors=tuple(row.authors),
        tags=tuple(row.tags),
        language=row.language,
        published_at=row.published_at,
        has_time=row.has_time,
        first_seen_at=row.first_seen_at,
        revision=row.revision,
        words=row.words,
        baseline=row.baseline,
        revision_reason=row.revision_reason,
    )


def articles_due(session: Session, most: int, without: Collection[int] = ()) -> list[Article]:
    """Articles that wait for matching, oldest first; ``without`` those."""
    ids = ids_due(session, most, without)
    statement = select(ArticleRow, SourceRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    found = session.exec(statement.where(col(ArticleRow.id).in_(ids)).order_by(col(ArticleRow.id)))
    return [article(row, source) for row, source in found]


def ids_due(session: Session, most: int, without: Collection[int] = ()) -> list[int]:
    """The ids of those."""
    waiting = (col(ArticleRow.match_due).is_(True), *([col(ArticleRow.id).not_in(without)] if without else []))
    found = session.exec(select(ArticleRow.id).where(*waiting).order_by(col(ArticleRow.id)).limit(most))
    return [id_ for id_ in found if id_ is not None]


def articles_by_id(session: Session, ids: Iterable[int]) -> dict[int, Article]:
    """Articles by id."""
    statement = select(ArticleRow, SourceRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    found = session.exec(statement.where(col(ArticleRow.id).in_(list(ids))))
    return {row.id or 0: article(row, source) for row, source in found}


def states_before(session: Session, articles: Iterable[Article]) -> dict[int, Article]:
    """Of articles that were edited: as they were before, by id."""
    found = {}
    for each in articles:
        if each.revision > 1 and (old := session.get(RevisionRow, (each.id, each.revision - 1))):
            found[each.id] = replace(each, title=old.title, text=old.text, revision=old.number, revision_reason=old.reason)
    return found
