"""What an analyst changes in stories and texts. All of it is remembered: no machine undoes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from aggregator.dedupe import jaccard
from aggregator.errors import Conflict, NotFound
from aggregator.model.story import PlacedBy
from aggregator.store.stories import has_texts, lead_on, lends, rebuild, stay_apart
from aggregator.store.storylines import present
from aggregator.store.tables import (
    ArticleRow,
    StoryApartRow,
    StoryEditRow,
    StoryRow,
    TextApartRow,
    TextEditRow,
    TextGroupRow,
)


def merge(session: Session, story_ids: Sequence[int], now: datetime) -> int:
    """Put the texts of all these stories into the first one, for good; later texts that resemble them follow. Returns its id.

    Raises NotFound, and Conflict when there is nothing to merge.
    """
    rows = list({row.id or 0: row for row in (present(session, id_) for id_ in story_ids)}.values())
    if len(rows) < 2:
        raise Conflict("name at least two stories; these are one already")
    into, *others = rows
    target = into.id or 0
    for other in others:
        source = other.id or 0
        moved = select(TextGroupRow.id).where(TextGroupRow.story_id == source, col(TextGroupRow.merged_into).is_(None))
        groups = [id_ for id_ in session.exec(moved) if id_ is not None]
        _move(session, groups, target)
        session.add(StoryEditRow(at=now, verb="merge", story_id=target, other_id=source, group_ids=groups))
        _fold(session, other, into)
    session.flush()
    rebuild(session, rows)
    return target


def split(session: Session, article_ids: Sequence[int], now: datetime) -> int:
    """Take these articles, each with all copies of its text, out of their story into one of their own. Returns its id.

    It is remembered: what resembles them stays out of the old story. Raises NotFound, and Conflict when they are of
    different stories, or all of one.
    """
    rows = _articles(session, article_ids)
    stories = {row.story_id for row in rows}
    if len(stories) > 1:
        raise Conflict(f"these articles are of different stories: {', '.join(map(str, sorted(stories)))}")
    old = present(session, stories.pop())
    groups = sorted({row.group_id for row in rows if row.group_id is not None})
    staying = select(func.count()).select_from(TextGroupRow).where(TextGroupRow.story_id == old.id)
    staying = staying.where(col(TextGroupRow.merged_into).is_(None), col(TextGroupRow.id).not_in(groups))
    if session.exec(staying).one() == 0:
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
    rebuild(session, [old, new])
    return target


def take_out(session: Session, article_ids: Sequence[int], now: datetime, *, own_story: bool = False) -> int:
    """These articles are no copies of the others of their text: make them a text of their own. Returns the id of its story.

    It stays in the story, unless it is to have its ``own_story``. It is remembered: their later copies join them, and none of
    the others does. Raises NotFound, and Conflict when they are of different texts, or all of one.
    """
    rows = _articles(session, article_ids)
    texts = sorted({row.group_id or 0 for row in rows})
    if len(texts) > 1:
        raise Conflict(
            f"these articles are of different texts: {', '.join(map(str, texts))}; take them out of one text at a time"
        )
    old = session.get_one(TextGroupRow, texts[0])
    taken = [row.id or 0 for row in rows]
    staying = [row for row in _members(session, texts[0]) if row.id not in taken]
    if not staying:
        those = f"article {rows[0].id} is the only one" if len(rows) == 1 else "these are all articles"
        raise Conflict(f"{those} of text {old.id}: nobody would be left in it; without --copy, a whole text leaves its story")
    story = session.get_one(StoryRow, old.story_id)
    seen, language = min(row.first_seen_at for row in rows), rows[0].language or ""
    new = TextGroupRow(story_id=old.story_id, created_at=seen, language=language, placed_by=PlacedBy.HAND.value, words=[])
    session.add(new)
    session.flush()
    source, target = old.id or 0, new.id or 0
    if story.open:
        new.vector = lends(session, rows[0])
    if (rows[0].id or 0) < (staying[0].id or 0):  # the first, whose words the text had lent so far
        staying[0].similarity = 0.0
        if story.open:
            old.vector = lends(session, staying[0])
    _put(rows, new, rows[0])
    before = session.exec(select(TextApartRow.other_id).where(TextApartRow.group_id == source)).all()
    session.add_all(TextApartRow(group_id=target, other_id=other) for other in (source, *before))
    session.add(TextEditRow(at=now, verb="split", group_id=target, other_id=source, article_ids=taken))
    session.flush()
    rebuild(session, [story])
    return split(session, article_ids, now) if own_story else old.story_id


def join(session: Session, article_ids: Sequence[int], now: datetime) -> int:
    """The texts of these articles are the same after all: put all of their articles into the text of the first named.

    Returns the id of its story. A story of which no text is left leads there. It is remembered: later copies of each join it,
    and its articles stay. Raises NotFound, and Conflict when they are one text already.
    """
    named = {row.id: row.group_id or 0 for row in _articles(session, article_ids)}
    target, *others = dict.fromkeys(named[id_] for id_ in article_ids)
    if not others:
        raise Conflict(f"these articles are of one text already: {target}; name one of each text")
    into = session.get_one(TextGroupRow, target)
    stories = [session.get_one(StoryRow, into.story_id)]
    for source in others:
        other, moved = session.get_one(TextGroupRow, source), _members(session, source)
        story = session.get_one(StoryRow, other.story_id)
        _put(moved, into, _members(session, target)[0])
        stories[0].newest_at = max(stories[0].newest_at, *(row.first_seen_at for row in moved))
        ids = [row.id or 0 for row in moved]
        session.add(TextEditRow(at=now, verb="join", group_id=target, other_id=source, article_ids=ids))
        session.flush()
        lead_on(session, other, target)
        if not has_texts(session, story):
            _fold(session, story, stories[0])
        stories.append(story)
    rebuild(session, {story.id: story for story in stories}.values())
    return into.story_id


def _articles(session: Session, ids: Sequence[int]) -> list[ArticleRow]:
    """By id. Raises NotFound."""
    rows = list(session.exec(select(ArticleRow).where(col(ArticleRow.id).in_(ids)).order_by(col(ArticleRow.id))))
    known = {row.id for row in rows}
    if missing := [id_ for id_ in ids if id_ not in known]:
        raise NotFound(f"there is no article {missing[0]}")
    return rows


def _members(session: Session, group_id: int) -> list[ArticleRow]:
    return list(session.exec(select(ArticleRow).where(ArticleRow.group_id == group_id).order_by(col(ArticleRow.id))))


def _put(rows: Iterable[ArticleRow], group: TextGroupRow, first: ArticleRow) -> None:
    """The one place where articles change their text by hand."""
    for row in rows:
        row.group_id, row.story_id = group.id, group.story_id
        alike = 1.0 if row.text_hash == first.text_hash else jaccard(row.sketch, first.sketch)
        row.similarity = 0.0 if row is first else alike


def _fold(session: Session, story: StoryRow, into: StoryRow) -> None:
    """A story of which no text is left leads on to another."""
    into.newest_at = max(into.newest_at, story.newest_at)
    story.merged_into, story.open, story.vector, story.texts = into.id, False, b"", 0
    stay_apart(session, StoryApartRow, story.id or 0, into.id or 0)


def _move(session: Session, groups: Iterable[int], story_id: int) -> None:
    """The one place where texts change their story: groups, and the articles in them."""
    for id_ in groups:
        session.execute(update(ArticleRow).where(col(ArticleRow.group_id) == id_).values(story_id=story_id))
        moved = {"story_id": story_id, "placed_by": PlacedBy.HAND.value}
        session.execute(update(TextGroupRow).where(col(TextGroupRow.id) == id_).values(**moved))
