"""Stories: where a new text belongs, decided in the transaction that stores it; and what an analyst changes in it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, text, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from aggregator.dedupe import LOOKUP_TERMS, MOST_CANDIDATES, Find, add, original, term_id
from aggregator.errors import Conflict, NotFound
from aggregator.model.article import ArticleDraft, Corpus, New, Placement, Profile, StoryCandidate
from aggregator.model.story import PlacedBy, StoryDossier, StoryEdit, StoryLine, StoryMember, StoryText
from aggregator.store.codec import dump_vector, load_vector
from aggregator.store.dialect import driver, instant, stamp
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    MatchRow,
    SourceRow,
    StoryApartRow,
    StoryEditRow,
    StoryRow,
    TextGroupRow,
)

Run = Callable[..., Any]
"""``execute`` of the driver's connection."""

PlaceStory = Callable[[Profile, Corpus, Find, datetime], Placement]

MOST_FOUND_BY_TERM = 64
"""A term is asked for its newest stories only; those of a word that many share are boilerplate."""

SAMPLED = ((200_000, 16), (20_000, 4))
"""Of a language that has so many texts, one in sixteen (four) is counted, so many times: it tells as much for less writing."""

MOST_COUNTED = 400_000
"""When a language has more texts than this, all its counts are halved: old words fade, and the table stays small."""

# These run for every new text, on the driver itself: building and wrapping a statement costs ten times what running it does.
_COUNTS = "SELECT term, texts FROM term_count WHERE term IN (SELECT CAST(value AS BIGINT) FROM json_each(:terms))"
_LEARN = (
    "INSERT INTO term_count (term, texts) SELECT CAST(value AS BIGINT), :times FROM json_each(:terms) WHERE true"
    " ON CONFLICT (term) DO UPDATE SET texts = term_count.texts + :times"
)
_CANDIDATES = (
    "SELECT id, texts, vector, newest_at, (SELECT json_group_array(other_id) FROM story_apart WHERE story_id = story.id)"
    " FROM story WHERE open AND id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids)) ORDER BY id"
)
_BEGIN = (
    "INSERT INTO story (created_at, newest_at, language, texts, vector, open)"
    " VALUES (:at, :at, :language, :texts, :story, :open) RETURNING id"
)
_GROW = (
    "UPDATE story SET newest_at = max(newest_at, :at), texts = texts + :texts,"
    " vector = CASE WHEN :open THEN :story ELSE vector END WHERE id = :story_id"
)
_GROUP = (
    "INSERT INTO text_group (story_id, created_at, language, placed_by, score, words, vector)"
    " VALUES (:story_id, :at, :language, :by, :score, :words, :lent) RETURNING id"
)
_FIND = (
    "INSERT INTO story_term (term, story_id) SELECT CAST(value AS BIGINT), :story_id FROM json_each(:terms) WHERE true"
    " ON CONFLICT DO NOTHING"
)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def begin_group(session: Session, draft: ArticleDraft, place: PlaceStory) -> tuple[int, int]:
    """A text that is no copy: put it into its story, or let it begin one. Returns the ids of its group and story."""
    known = draft.fingerprint.profile
    ids = {key: term_id(known.language, key) for key, _, _ in known.terms}
    run = driver(session).execute
    corpus = _corpus(run, known, ids)
    placed = place(known, corpus, lambda keys, least: _find(run, keys, least, ids), draft.seen_at)
    if times := _times(corpus, draft.fingerprint.text_hash) if ids else 0:
        run(_LEARN, {"terms": json.dumps([term_id(known.language, ""), *ids.values()]), "times": times})
    values: dict[str, Any] = {"at": stamp(draft.seen_at), "language": known.language, "score": placed.score}
    lent = dump_vector(placed.lent)
    story = lent if placed.story is placed.lent else dump_vector(placed.story)
    values |= {"lent": lent, "story": story, "open": bool(placed.story), "texts": int(bool(placed.story))}
    values["words"] = _encode([[word, round(score, 4)] for word, score in placed.words])
    if placed.story_id is None:
        values |= {"story_id": run(_BEGIN, values).fetchone()[0], "by": PlacedBy.FIRST.value}
    else:
        values |= {"story_id": placed.story_id, "by": PlacedBy.MACHINE.value}
        run(_GROW, values)
    group_id: int = run(_GROUP, values).fetchone()[0]
    if placed.keys:
        run(_FIND, {"story_id": values["story_id"], "terms": json.dumps([ids[key] for key in placed.keys])})
    return group_id, values["story_id"]


def _times(corpus: Corpus, text_hash: str) -> int:
    """How many times a text's words are counted."""
    one_in = next((one_in for texts, one_in in SAMPLED if corpus.total >= texts), 1)
    return 0 if int(text_hash[:8], 16) % one_in else one_in


def touch(session: Session, story_id: int, at: datetime) -> None:
    """A story got another article."""
    driver(session).execute("UPDATE story SET newest_at = max(newest_at, :at) WHERE id = :id", {"at": stamp(at), "id": story_id})


def story_of(session: Session, group_id: int) -> int:
    """The story of a group."""
    return session.exec(select(TextGroupRow.story_id).where(TextGroupRow.id == group_id)).one()


def regroup(session: Session, article_id: int, draft: ArticleDraft, found: New, place: PlaceStory) -> None:
    """Decide anew where a text belongs of which only a summary was known. ``found`` is what its full text is a copy of.

    What was placed by hand stays. A group that nobody is left in goes; its alerts count for the new one, and the number of a
    story of which nothing is left leads on.
    """
    row = session.get_one(ArticleRow, article_id)
    old = session.get_one(TextGroupRow, row.group_id)
    if old.placed_by == PlacedBy.HAND or found.group_id == old.id:
        return
    alone = not session.exec(
        select(ArticleRow.id).where(ArticleRow.group_id == old.id, ArticleRow.id != article_id).limit(1)
    ).first()
    story = session.get_one(StoryRow, old.story_id)
    if alone:  # what it lent is no longer what it says
        old.vector = b""
        session.flush()
        _rebuild(session, [story])
    if found.group_id is None:
        group_id, story_id = begin_group(session, draft, place)
    else:
        group_id, story_id = found.group_id, story_of(session, found.group_id)
        touch(session, story_id, draft.seen_at)
    row.group_id, row.story_id, row.similarity = group_id, story_id, found.similarity
    session.flush()
    _hand_alerts_on(session, article_id, old.id or 0, group_id, alone=alone)
    if alone:
        session.delete(old)
        session.flush()
        if (
            story.id != story_id
            and not session.exec(select(TextGroupRow.id).where(TextGroupRow.story_id == story.id).limit(1)).first()
        ):
            story.merged_into = story_id


def _hand_alerts_on(session: Session, article_id: int, old: int, new: int, *, alone: bool) -> None:
    """A text alerts once per rule: what was told of an article counts for the group that it goes to."""
    told = set(session.exec(select(AlertRow.rule_id).where(AlertRow.group_id == new)))
    if alone:
        for alert in session.exec(select(AlertRow).where(AlertRow.group_id == old)).all():
            if alert.rule_id in told:
                session.delete(alert)
            else:
                alert.group_id = new
        session.flush()
        return
    own = select(AlertRow).join(MatchRow, col(MatchRow.id) == AlertRow.match_id)
    for alert in session.exec(own.where(AlertRow.group_id == old, MatchRow.article_id == article_id)).all():
        if alert.rule_id not in told:
            copy = alert.model_dump(exclude={"id"}) | {"group_id": new, "state": "suppressed", "sent_at": None}
            session.add(AlertRow(**copy | {"reason": "told before its full text was known"}))
    session.flush()


def _corpus(run: Run, known: Profile, ids: Mapping[str, int]) -> Corpus:
    if not ids:
        return Corpus()
    whole = term_id(known.language, "")
    counts: dict[int, int] = dict(run(_COUNTS, {"terms": json.dumps([whole, *ids.values()])}))
    return Corpus(counts.get(whole, 0), {key: counts[term] for key, term in ids.items() if term in counts})


@cache
def _newest(terms: int) -> str:
    part = (
        "SELECT {n}, story_id FROM"
        " (SELECT story_id FROM story_term WHERE term = :t{n} ORDER BY story_id DESC LIMIT {most}) AS newest"
    )
    return " UNION ALL ".join(part.format(n=n, most=MOST_FOUND_BY_TERM) for n in range(terms))


def _find(run: Run, keys: Mapping[str, float], least: float, ids: Mapping[str, int]) -> list[StoryCandidate]:
    """The open stories that share most of the weight of ``keys``, and ``least`` at least."""
    squares = [weight * weight for weight in keys.values()]
    shared: dict[int, float] = {}
    for place, story_id in run(_newest(len(squares)), {f"t{n}": ids[key] for n, key in enumerate(keys)}).fetchall():
        shared[story_id] = shared.get(story_id, 0.0) + squares[place]
    enough = [story for story, weight in shared.items() if weight >= least]
    best = sorted(enough, key=lambda story: (-shared[story], -story))[:MOST_CANDIDATES]
    return candidates(run, best) if best else []


def candidates(run: Run, ids: Sequence[int]) -> list[StoryCandidate]:
    """Stories as candidates, without those that are closed."""
    return [
        StoryCandidate(id_, texts, load_vector(vector), instant(newest_at), frozenset(json.loads(apart)))
        for id_, texts, vector, newest_at, apart in run(_CANDIDATES, {"ids": json.dumps(ids)})
    ]


# What an analyst sees and does.


def listing(session: Session, since: datetime, most: int) -> list[StoryLine]:
    """Stories that grew since then, those of most outlets first."""
    newest = select(StoryRow.id).where(col(StoryRow.newest_at) >= since, col(StoryRow.merged_into).is_(None))
    return _lines(session, newest, most)


def _lines(session: Session, ids: Any, most: int) -> list[StoryLine]:
    outlets = func.count(func.distinct(ArticleRow.source_id))
    texts = func.count(func.distinct(ArticleRow.group_id))
    statement = (
        columns(col(ArticleRow.story_id), func.count(), texts, outlets, func.min(ArticleRow.id))
        .where(col(ArticleRow.story_id).in_(ids))
        .group_by(col(ArticleRow.story_id))
        .order_by(outlets.desc(), func.count().desc(), col(ArticleRow.story_id).desc())
        .limit(most)
    )
    found = session.execute(statement).all()
    rows = {row.id: row for row in session.exec(select(StoryRow).where(col(StoryRow.id).in_([one[0] for one in found])))}
    firsts = [one[4] for one in found]
    titles = dict(session.exec(select(ArticleRow.id, ArticleRow.title).where(col(ArticleRow.id).in_(firsts))).all())
    return [
        StoryLine(
            story_id, titles[first], rows[story_id].language, rows[story_id].created_at, rows[story_id].newest_at,
            articles, texts_, outlets_,
        )
        for story_id, articles, texts_, outlets_, first in found
    ]  # fmt: skip


def dossier(session: Session, story_id: int) -> StoryDossier:
    """A story and the reasons for its members. One that was merged leads to where its texts are now. Raises NotFound."""
    story = _present(session, story_id)
    (line,) = _lines(session, [story.id], 1)
    joined = select(ArticleRow, SourceRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    members: defaultdict[int, list[tuple[ArticleRow, SourceRow]]] = defaultdict(list)
    for article, source in session.exec(joined.where(ArticleRow.story_id == story.id).order_by(col(ArticleRow.id))):
        members[article.group_id or 0].append((article, source))
    groups = session.exec(select(TextGroupRow).where(TextGroupRow.story_id == story.id).order_by(col(TextGroupRow.id)))
    edited = select(StoryEditRow).where((StoryEditRow.story_id == story.id) | (StoryEditRow.other_id == story.id))
    edits = session.exec(edited.order_by(col(StoryEditRow.id)))
    return StoryDossier(
        line,
        tuple(_text(row, members[row.id or 0]) for row in groups),
        tuple(StoryEdit(row.at, row.verb, row.story_id, row.other_id) for row in edits),
    )


def _text(row: TextGroupRow, members: Sequence[tuple[ArticleRow, SourceRow]]) -> StoryText:
    told = [
        StoryMember(
            article.id or 0, source.name or source.slug, article.title, article.url, article.first_seen_at, article.published_at,
            article.credit, article.similarity,
        )
        for article, source in members
    ]  # fmt: skip
    first, evidence = original(told)
    words = tuple((str(word), float(score)) for word, score in row.words)
    return StoryText(row.id or 0, PlacedBy(row.placed_by), row.score, words, first, evidence, tuple(told))


def _present(session: Session, story_id: int) -> StoryRow:
    seen: set[int] = set()
    while story_id not in seen:
        seen.add(story_id)
        story = session.get(StoryRow, story_id)
        if story is None:
            break
        if story.merged_into is None:
            return story
        story_id = story.merged_into
    raise NotFound(f"there is no story {story_id}")


def merge(session: Session, story_ids: Sequence[int], now: datetime) -> int:
    """Put the texts of all these stories into the first one, for good; later texts that resemble them follow. Returns its id.

    Raises NotFound, and Conflict when there is nothing to merge.
    """
    rows = list({row.id or 0: row for row in (_present(session, id_) for id_ in story_ids)}.values())
    if len(rows) < 2:
        raise Conflict("name at least two stories; these are one already")
    into = rows[0]
    target = into.id or 0
    for other in rows[1:]:
        source = other.id or 0
        moved = session.exec(select(TextGroupRow.id).where(TextGroupRow.story_id == source))
        groups = [id_ for id_ in moved if id_ is not None]
        _move(session, groups, target)
        into.newest_at = max(into.newest_at, other.newest_at)
        other.merged_into, other.open, other.vector, other.texts = target, False, b"", 0
        session.add(StoryEditRow(at=now, verb="merge", story_id=target, other_id=source, group_ids=groups))
        apart = select(StoryApartRow).where((StoryApartRow.story_id == source) | (StoryApartRow.other_id == source))
        for pair in session.exec(apart).all():
            left, right = (target if id_ == source else id_ for id_ in (pair.story_id, pair.other_id))
            session.delete(pair)
            if left != right:
                session.merge(StoryApartRow(story_id=left, other_id=right))
    session.flush()
    _rebuild(session, rows)
    return target


def split(session: Session, article_ids: Sequence[int], now: datetime) -> int:
    """Take these articles, each with all copies of its text, out of their story into one of their own. Returns its id.

    It is remembered: what resembles them stays out of the old story. Raises NotFound, and Conflict when they are of
    different stories, or all of one.
    """
    asked = select(ArticleRow.id, ArticleRow.group_id, ArticleRow.story_id).where(col(ArticleRow.id).in_(article_ids))
    rows = {id_: (group, story) for id_, group, story in session.exec(asked)}
    if missing := [id_ for id_ in article_ids if id_ not in rows]:
        raise NotFound(f"there is no article {missing[0]}")
    stories = {story for _, story in rows.values()}
    if len(stories) > 1:
        raise Conflict(f"these articles are of different stories: {', '.join(map(str, sorted(stories)))}")
    old = _present(session, stories.pop())
    groups = sorted({group for group, _ in rows.values() if group is not None})
    staying = select(func.count()).select_from(TextGroupRow).where(TextGroupRow.story_id == old.id)
    if session.exec(staying.where(col(TextGroupRow.id).not_in(groups))).one() == 0:
        raise Conflict("these are all texts of the story: nothing would be left of it")
    begun, newest = session.exec(
        select(func.min(ArticleRow.first_seen_at), func.max(ArticleRow.first_seen_at)).where(col(ArticleRow.group_id).in_(groups))
    ).one()
    new = StoryRow(created_at=begun, newest_at=newest, language=old.language)
    session.add(new)
    session.flush()
    target, source = new.id or 0, old.id or 0
    _move(session, groups, target)
    session.add(StoryEditRow(at=now, verb="split", story_id=target, other_id=source, group_ids=groups))
    session.add(StoryApartRow(story_id=target, other_id=source))
    _rebuild(session, [old, new])
    return target


def _move(session: Session, groups: Iterable[int], story_id: int) -> None:
    """The one place where texts change their story: groups, and the articles in them."""
    for id_ in groups:
        session.execute(update(ArticleRow).where(col(ArticleRow.group_id) == id_).values(story_id=story_id))
        moved = {"story_id": story_id, "placed_by": PlacedBy.HAND.value}
        session.execute(update(TextGroupRow).where(col(TextGroupRow.id) == id_).values(**moved))


def _rebuild(session: Session, stories: Iterable[StoryRow]) -> None:
    """Make what stories are found by from their texts again."""
    for story in stories:
        session.execute(text("DELETE FROM story_term WHERE story_id = :id"), {"id": story.id})
        lending = (TextGroupRow.story_id == story.id, TextGroupRow.vector != b"")
        told = session.exec(select(TextGroupRow.language, TextGroupRow.vector).where(*lending)).all()
        vectors = [(language, load_vector(vector)) for language, vector in told]
        story.texts, story.open, story.vector = len(vectors), bool(vectors), dump_vector(add(vector for _, vector in vectors))
        session.add(story)
        ids = {term_id(language, key) for language, vector in vectors for key in list(vector)[:LOOKUP_TERMS]}
        driver(session).execute(_FIND, {"story_id": story.id, "terms": json.dumps(sorted(ids))})
    session.flush()


def close(session: Session, before: datetime, most: int = 2000) -> int:
    """Close stories that have not grown since ``before``, so that what finds stories holds recent ones only. Returns how many."""
    over = session.exec(select(StoryRow.id).where(col(StoryRow.open), col(StoryRow.newest_at) < before).limit(most)).all()
    for id_ in over:
        session.execute(text("DELETE FROM story_term WHERE story_id = :id"), {"id": id_})
        session.execute(update(TextGroupRow).where(col(TextGroupRow.story_id) == id_).values(vector=b""))
        session.execute(update(StoryRow).where(col(StoryRow.id) == id_).values(open=False, vector=b""))
    return len(over)


def fade(session: Session) -> bool:
    """Halve all counts of words when a language has very many texts. Returns whether it did."""
    if (session.execute(text("SELECT max(texts) FROM term_count")).scalar_one() or 0) <= MOST_COUNTED:
        return False
    session.execute(text("UPDATE term_count SET texts = texts / 2"))
    session.execute(text("DELETE FROM term_count WHERE texts = 0"))
    return True
