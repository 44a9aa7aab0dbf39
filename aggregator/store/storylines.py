"""Stories as an analyst sees them: a list of them, and one with the reasons for all that is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from aggregator.dedupe import original
from aggregator.errors import NotFound
from aggregator.model.story import PlacedBy, StoryDossier, StoryEdit, StoryLine, StoryMember, StoryText, TextEdit
from aggregator.store.tables import ArticleRow, SourceRow, StoryEditRow, StoryRow, TextEditRow, TextGroupRow


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
    story = present(session, story_id)
    (line,) = _lines(session, [story.id], 1)
    joined = select(ArticleRow, SourceRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    members: defaultdict[int, list[tuple[ArticleRow, SourceRow]]] = defaultdict(list)
    for article, source in session.exec(joined.where(ArticleRow.story_id == story.id).order_by(col(ArticleRow.id))):
        members[article.group_id or 0].append((article, source))
    left = (TextGroupRow.story_id == story.id, col(TextGroupRow.merged_into).is_(None))
    groups = session.exec(select(TextGroupRow).where(*left).order_by(col(TextGroupRow.id))).all()
    changed = _text_edits(session, [row.id or 0 for row in groups])
    edited = select(StoryEditRow).where((StoryEditRow.story_id == story.id) | (StoryEditRow.other_id == story.id))
    edits = session.exec(edited.order_by(col(StoryEditRow.id)))
    return StoryDossier(
        line,
        tuple(_text(row, members[row.id or 0], changed[row.id or 0]) for row in groups),
        tuple(StoryEdit(row.at, row.verb, row.story_id, row.other_id) for row in edits),
    )


def _text_edits(session: Session, groups: Sequence[int]) -> defaultdict[int, list[TextEdit]]:
    """What was changed by hand in these texts, and in those that lead on to them."""
    led = session.exec(select(TextGroupRow.id, TextGroupRow.merged_into).where(col(TextGroupRow.merged_into).in_(groups)))
    text_of = {id_: id_ for id_ in groups} | {id_ or 0: into or 0 for id_, into in led}
    of = col(TextEditRow.group_id).in_(text_of) | col(TextEditRow.other_id).in_(text_of)
    found: defaultdict[int, list[TextEdit]] = defaultdict(list)
    for row in session.exec(select(TextEditRow).where(of).order_by(col(TextEditRow.id))):
        edit = TextEdit(row.at, row.verb, row.group_id, row.other_id, tuple(row.article_ids))
        for text in {text_of[id_] for id_ in (row.group_id, row.other_id) if id_ in text_of}:
            found[text].append(edit)
    return found


def _text(row: TextGroupRow, members: Sequence[tuple[ArticleRow, SourceRow]], edits: Sequence[TextEdit]) -> StoryText:
    told = [
        StoryMember(
            article.id or 0, source.name or source.slug, article.title, article.url, article.first_seen_at, article.published_at,
            article.credit, article.similarity,
        )
        for article, source in members
    ]  # fmt: skip
    first, evidence = original(told)
    words = tuple((str(word), float(score)) for word, score in row.words)
    return StoryText(row.id or 0, PlacedBy(row.placed_by), row.score, words, first, evidence, tuple(told), tuple(edits))


def present(session: Session, story_id: int) -> StoryRow:
    """A story, or the one that its number leads to. Raises NotFound."""
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
