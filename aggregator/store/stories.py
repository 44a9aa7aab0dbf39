"""Stories: where a new text belongs, decided in the transaction that stores it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, inspect, text, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from aggregator.dedupe import LOOKUP_TERMS, MOST_CANDIDATES, Find, add, place_story, profile, term_id
from aggregator.model.article import ArticleDraft, Corpus, Extraction, New, Placement, Profile, StoryCandidate, TextOrigin
from aggregator.model.story import PlacedBy
from aggregator.store.codec import dump_vector, load_vector
from aggregator.store.dialect import driver, instant, stamp, upsert
from aggregator.store.tables import ArticleRow, StoryApartRow, StoryRow, TextApartRow, TextEditRow, TextGroupRow

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

    What was placed by hand stays. A group that nobody is left in leads on to the new one, and so does the number of a story of
    which nothing is left.
    """
    row = session.get_one(ArticleRow, article_id)
    old = session.get_one(TextGroupRow, row.group_id)
    if found.group_id == old.id or old.placed_by == PlacedBy.HAND or _joined_by_hand(session, old):
        return
    alone = not session.exec(
        select(ArticleRow.id).where(ArticleRow.group_id == old.id, ArticleRow.id != article_id).limit(1)
    ).first()
    story = session.get_one(StoryRow, old.story_id)
    if alone:  # what it lent is no longer what it says
        old.vector = b""
        session.flush()
        rebuild(session, [story])
    if found.group_id is None:
        group_id, story_id = begin_group(session, draft, place)
    else:
        group_id, story_id = found.group_id, story_of(session, found.group_id)
        touch(session, story_id, draft.seen_at)
    row.group_id, row.story_id, row.similarity = group_id, story_id, found.similarity
    session.flush()
    if alone:
        lead_on(session, old, group_id)
        if story.id != story_id and not has_texts(session, story):
            story.merged_into = story_id


def _joined_by_hand(session: Session, group: TextGroupRow) -> bool:
    joined = select(TextEditRow.id).where(TextEditRow.group_id == group.id, TextEditRow.verb == "join")
    return session.exec(joined.limit(1)).first() is not None


def has_texts(session: Session, story: StoryRow) -> bool:
    """Whether a story has a text that articles are left in."""
    left = select(TextGroupRow.id).where(TextGroupRow.story_id == story.id, col(TextGroupRow.merged_into).is_(None))
    return session.exec(left.limit(1)).first() is not None


def lead_on(session: Session, old: TextGroupRow, group_id: int) -> None:
    """A group that nobody is left in leads on to another: its number, and what was taken out of it by hand."""
    old.merged_into, old.vector = group_id, b""
    session.flush()
    session.execute(update(TextGroupRow).where(col(TextGroupRow.merged_into) == old.id).values(merged_into=group_id))
    stay_apart(session, TextApartRow, old.id or 0, group_id)


def stay_apart(session: Session, table: type[StoryApartRow] | type[TextApartRow], old: int, new: int) -> None:
    """What was kept apart from one, a story or a group, is kept apart from the other that takes its place."""
    left, right = inspect(table).primary_key
    for pair in session.execute(columns(left, right).where((left == old) | (right == old))).all():
        apart = [new if id_ == old else id_ for id_ in pair]
        if apart[0] != apart[1]:
            session.execute(upsert(table).values(apart).on_conflict_do_nothing())
    session.execute(delete(table).where((left == old) | (right == old)))


def lends(session: Session, article: ArticleRow) -> bytes:
    """What a text lends its story (``TextGroupRow.vector``), by the words of one of its articles, as its first."""
    told = Extraction(article.title, article.text, TextOrigin(article.text_origin), language=article.language)
    known = profile(told)
    corpus = _corpus(driver(session).execute, known, {key: term_id(known.language, key) for key, _, _ in known.terms})
    return dump_vector(place_story(known, corpus, lambda _keys, _least: (), article.first_seen_at).lent)


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


def rebuild(session: Session, stories: Iterable[StoryRow]) -> None:
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
