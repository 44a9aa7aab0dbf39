"""An article's record and its changes, as an analyst reads them: 80 columns, times in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from textwrap import shorten, wrap
from typing import Any

import typer

from aggregator.cli.printing import counted, printable, utc
from aggregator.model.article import Access, DateCandidate
from aggregator.model.record import ArticleRecord, Change, ChangeKind, Found, State, StoredPage

WIDTH = 80
_LABEL = 12
_HEAD = 600
"""Characters of the text that are shown."""


def record_lines(found: ArticleRecord) -> list[str]:
    """The whole record."""
    now = found.states[-1]
    lines = wrap(printable(f"#{found.id}  {now.title}"), WIDTH, subsequent_indent="  ")
    rows: list[tuple[str, Sequence[str]]] = [
        ("outlet", [f"{found.outlet} ({found.source})"]),
        ("address", [found.url, f"canonical: {found.canonical_url}" if found.canonical_url not in (None, found.url) else ""]),
        ("known as", found.addresses),
        ("published", [_published(found), f"modified {utc(found.modified_at)}" if found.modified_at else ""]),
        ("dates", [_date(date, chosen=_is_chosen(date, found)) for date in found.dates]),
        ("first seen", [utc(found.first_seen_at)]),
        ("withdrawn", [f"{utc(found.withdrawn_at)}: the page answered {found.withdrawn}"] if found.withdrawn_at else []),
        ("seen in", [f"{utc(seen.at)}  {seen.source}  {seen.url}" for seen in found.sightings]),
        ("authors", [", ".join(found.authors)]),
        ("section", [" · ".join(filter(None, (found.section, *found.tags)))]),
        ("language", [", ".join((found.language or "not known", *found.other_languages))]),
        ("text", _text(found)),
        ("revisions", [_state(state) for state in found.states]),
        ("matches", [_match(match) for match in found.matches]),
        ("edits", [f"{utc(edit.at)}  {edit.rule}, revision {edit.revision}: {edit.what}" for edit in found.edits]),
        ("pages", list(chain.from_iterable(map(_page, found.pages))) or ["none is kept"]),
        ("asked again", _visits(found)),
    ]
    for label, paragraphs in rows:
        lines += _row(label, paragraphs)
    return lines


def _row(label: str, paragraphs: Sequence[str]) -> Iterator[str]:
    for paragraph in filter(None, paragraphs):
        for piece in wrap(printable(paragraph), WIDTH - _LABEL - 2, break_long_words=False, break_on_hyphens=False):
            yield f"  {label:{_LABEL}}{piece}".rstrip()
            label = ""


def _published(found: ArticleRecord) -> str:
    if found.published_at is None:
        return "not known"
    when = utc(found.published_at) if found.has_time else f"{found.published_at:%Y-%m-%d} (no time is given)"
    zone = f", stated in {found.published_zone}" if found.published_zone else ""
    return when + (f", by {found.date_origin}" if found.date_origin else "") + zone


def _is_chosen(date: DateCandidate, found: ArticleRecord) -> bool:
    return not date.rejected and date.origin == found.date_origin and date.at == found.published_at


def _date(date: DateCandidate, *, chosen: bool) -> str:
    when = f"{date.at:%Y-%m-%d %H:%M}" if date.has_time else f"{date.at:%Y-%m-%d}      "
    why = f"rejected: {date.rejected}" if date.rejected else f"weight {date.weight:.2f}" if date.weight else "usable"
    why = f"chosen, {why}" if chosen else why
    return f"{when}  {date.origin}, {why}  “{shorten(date.raw, 60)}”"


def _text(found: ArticleRecord) -> list[str]:
    by = f"extractor {found.extractor}" if found.extractor else "an extractor without a number"
    access = "" if found.access is Access.OPEN else f", {found.access}"
    about = f"{counted(found.words, 'word')} from the {found.text_origin}{access}, by {by}"
    head = found.states[-1].text
    return [about, found.note, head if len(head) <= _HEAD else f"{head[:_HEAD]}…"]


def _state(state: State) -> str:
    return f"{state.number}  {utc(state.at)}  {state.reason or 'reason not recorded'}  {state.title}"


def _match(match: Found) -> str:
    leaves = [f"{leaf} ({', '.join(aliases)})" if aliases else leaf for leaf, aliases in match.leaves.items()]
    notes = [f"by {', '.join(leaves)}"] if leaves else []
    notes += ["only since an edit"] if match.by_edit else []
    notes += [f"found no more since {utc(match.lapsed_at)}"] if match.lapsed_at else []
    notes += [match.suppressed] if match.suppressed else []
    return "; ".join((f"{utc(match.at)}  {match.rule}@{match.version}", *notes))


def _page(page: StoredPage) -> list[str]:
    headers = "; ".join(f"{name}: {value}" for name, value in page.headers)
    return [
        f"revision {page.revision}, fetched {utc(page.fetched_at)}, status {page.status}, {page.size:,} bytes",
        f"asked for {page.url}" if page.url != page.final_url else "",
        f"at {page.final_url}",
        f"sha256 {page.sha256}",
        headers if len(headers) <= 2000 else f"{headers[:2000]}…",
    ]


def _visits(found: ArticleRecord) -> list[str]:
    done = []
    for visit in found.visits:
        status, detail = f" ({visit.status})" if visit.status else "", f": {visit.detail}" if visit.detail else ""
        done.append(f"{utc(visit.at)}  {visit.outcome}{status}{detail}")
    return [*done, f"next {utc(found.next_visit_at)}"] if found.next_visit_at else done


def change_record(change: Change) -> dict[str, Any]:
    """A change for programs."""
    record = {"kind": change.kind.value, "old": change.old, "new": change.new}
    spans = {"old_spans": change.old_spans, "new_spans": change.new_spans}
    return record | (spans if change.kind is ChangeKind.ALTERED else {})


def change_lines(changes: Sequence[Change], *, whole: bool) -> Iterator[str]:
    """Changes as in a diff: ``-`` and ``+`` before sentences, ``[-words-]`` and ``{+words+}`` where a sentence was altered."""
    skipped = 0
    for change in changes:
        if change.kind is ChangeKind.KEPT and not whole:
            skipped += 1
            continue
        if skipped:
            yield f"  … {counted(skipped, 'sentence')} as before"
            skipped = 0
        match change.kind:
            case ChangeKind.KEPT:
                yield f"  {printable(change.new)}"
            case ChangeKind.ADDED:
                yield typer.style(f"+ {printable(change.new)}", fg="green")
            case ChangeKind.REMOVED:
                yield typer.style(f"- {printable(change.old)}", fg="red")
            case ChangeKind.ALTERED:
                yield typer.style(f"- {_marked(change.old, change.old_spans, '[-', '-]')}", fg="red")
                yield typer.style(f"+ {_marked(change.new, change.new_spans, '{+', '+}')}", fg="green")
    if skipped:
        yield f"  … {counted(skipped, 'sentence')} as before"


def _marked(text: str, spans: Sequence[tuple[int, int]], opening: str, closing: str) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], opening, text[start:end], closing]
        at = end
    return printable("".join([*parts, text[at:]]))
