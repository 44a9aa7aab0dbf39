"""Asking again: the pages of fresh articles, for what was edited or withdrawn after publication."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

from aggregator.dedupe import judge
from aggregator.manners import read_hints
from aggregator.model.article import ArticleDraft, Extraction, Fingerprint
from aggregator.model.feed import FeedEntry
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified, Validators
from aggregator.model.record import Outcome
from aggregator.pipeline.cpu import Crashed
from aggregator.pipeline.encounter import heard, wants_rest
from aggregator.pipeline.extract import HTML, rhythm_of
from aggregator.pipeline.jobs import PageJob, read_article
from aggregator.pipeline.rooms import Rooms
from aggregator.store import rechecks
from aggregator.store.pages import body_of, pack
from aggregator.store.rechecks import DueRecheck
from aggregator.text import terms

LEASE = timedelta(minutes=15)
"""Longer than a batch of one host can take, gaps and deadlines included."""

LATER = timedelta(hours=1)
"""When a page is due again that could not be asked for: our line is down, or the host wants rest."""

MOST_FRESH = timedelta(days=1)
"""What a page's `max-age` can delay the plan by at most."""

GONE = frozenset((HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS))


@dataclass(frozen=True, slots=True)
class RecheckReport:
    """What came of a batch of visits, by outcome."""

    pages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


async def recheck_pages(rooms: Rooms, ids: Sequence[int]) -> RecheckReport:
    """Ask again for the leased pages of the articles ``ids``, one after the other: they share a host."""
    report = RecheckReport(pages=len(ids))
    for place, id_ in enumerate(ids):
        due = await rooms.store.read(rechecks.due_recheck, id_)
        if due is None:
            continue
        answer = None if rooms.line.down else await _ask(rooms, due)
        if answer is None or (isinstance(answer, FetchFailed) and wants_rest(due.host, answer)):
            await rooms.store.write(rechecks.put_off, ids[place:], rooms.clock.now() + LATER)
            break
        outcome = await _take(rooms, due, answer)
        report.outcomes[outcome.value] += 1
    return report


async def _ask(rooms: Rooms, due: DueRecheck) -> FetchOutcome:
    networks = due.source.allow_networks
    request = FetchRequest(due.article.url, Accept.PAGE, due.validators, allow_networks=networks)
    answer = await rooms.fetcher.fetch(request, permit=rooms.robots.for_pages(networks))
    await heard(rooms, due.host, answer)
    return answer


async def _take(rooms: Rooms, due: DueRecheck, answer: FetchOutcome) -> Outcome:
    now = rooms.clock.now()
    match answer:
        case NotModified():
            return await _not_modified(rooms, due, answer, now)
        case FetchFailed(status=status, detail=detail):
            gone = answer.kind is FailureKind.HTTP and status in GONE
            told = detail if gone else f"{answer.kind}: {detail}"
            return await _note(rooms, due, Outcome.WITHDRAWN if gone else Outcome.FAILED, now, status=status, detail=told)
        case Fetched() if answer.media_type not in HTML:
            detail = f"it leads to {answer.media_type}"
            return await _note(rooms, due, Outcome.FAILED, now, status=answer.status, detail=detail)
        case Fetched():
            return await _read(rooms, due, answer, now)


async def _not_modified(rooms: Rooms, due: DueRecheck, answer: NotModified, now: datetime) -> Outcome:
    """What the answer says of the page that we have counts from now on (RFC 9111, section 4.3.4): validators and freshness.

    Validators belong to one address: when a redirect leads elsewhere now, the next request is for the whole page.
    """
    known = {due.article.url} | ({due.page.final_url} if due.page else set())
    validators = answer.validators if answer.final_url in known else Validators()
    return await _note(rooms, due, Outcome.NOT_MODIFIED, now, status=304, validators=validators, fresh=_fresh(answer))


def _fresh(answer: Fetched | NotModified) -> timedelta:
    """For how long the outlet says that asking again is of no use. Not for ever: edits are what we come for."""
    return min(read_hints(answer.headers) or timedelta(), MOST_FRESH)


async def _note(
    rooms: Rooms,
    due: DueRecheck,
    outcome: Outcome,
    now: datetime,
    *,
    status: int | None,
    detail: str = "",
    validators: Validators | None = None,
    fresh: timedelta = timedelta(),
) -> Outcome:
    rhythm = rhythm_of(rooms.active.config.settings.articles)
    await rooms.store.write(
        rechecks.settle, due, outcome, now, rhythm, status=status, detail=detail, validators=validators, fresh=fresh
    )
    return outcome


async def _read(rooms: Rooms, due: DueRecheck, page: Fetched, now: datetime) -> Outcome:
    if due.page is not None and sha256(page.body).hexdigest() == due.page.sha256:
        status = page.status
        return await _note(rooms, due, Outcome.SAME, now, status=status, validators=page.validators, fresh=_fresh(page))
    made, entry = await _extract(rooms, due, page)
    if isinstance(made, Crashed):
        detail = f"reading the page {made.detail}"
        return await _note(rooms, due, Outcome.FAILED, now, status=page.status, detail=detail)
    extraction, mark = made
    outcome = judge(due.article.title, due.mark, due.access, extraction, mark)
    settings = rooms.active.config.settings
    draft = packed = None
    if outcome is Outcome.REVISED:
        # When it was published is not for a later state of the page to say, unless nothing was known.
        extraction = replace(extraction, date=due.decided if due.decided.at else extraction.date)
        draft = ArticleDraft(due.source_id, 0, page.final_url, extraction, mark, now, due.article.baseline)
        packed = await asyncio.to_thread(pack, page, entry) if settings.archive.pages else None
    await rooms.store.write(
        rechecks.settle,
        due,
        outcome,
        now,
        rhythm_of(settings.articles),
        status=page.status,
        detail=page.final_url if outcome is Outcome.ELSEWHERE else "",
        validators=page.validators,
        fresh=_fresh(page),
        draft=draft,
        page=packed,
    )
    return outcome


async def _extract(rooms: Rooms, due: DueRecheck, page: Fetched) -> tuple[tuple[Extraction, Fingerprint] | Crashed, FeedEntry]:
    """Extract a later state of a page, and tell with which entry.

    Its headline is the page's own: what the feed called it then is no evidence now.

    A page may have called it otherwise than its feed all along. So a headline that differs from the stored one counts only if
    the page that is kept had another one; else all is read again with the feed's words, as it was the first time.
    """
    content_type = next((value for name, value in page.headers if name == "content-type"), "")
    addresses = (due.article.url, page.final_url)
    whole = PageJob(due.entry, due.source, page.final_url, page.body, content_type, "", page.fetched_at, addresses)
    alone = replace(whole, entry=replace(due.entry, title=""))
    made = await rooms.cpu.run(read_article, alone)
    if isinstance(made, Crashed) or terms(made[0].title) == terms(due.article.title):
        return made, alone.entry
    if due.page is not None:
        body = await rooms.store.read(body_of, due.page.sha256)
        kept_type = next((value for name, value in due.page.headers if name == "content-type"), "")
        kept = replace(alone, url=due.page.final_url, body=body, content_type=kept_type, seen_at=due.page.fetched_at)
        before = await rooms.cpu.run(read_article, kept)
        if not isinstance(before, Crashed) and terms(before[0].title) != terms(made[0].title):
            return made, alone.entry
    return await rooms.cpu.run(read_article, whole), whole.entry
