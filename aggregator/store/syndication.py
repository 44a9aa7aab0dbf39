"""What a feed of a rule is made of, and who mints its ids."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from aggregator.errors import NotFound
from aggregator.model.syndication import FoundArticle, RuleFeed, TagAuthority
from aggregator.store.codec import RULE
from aggregator.store.matches import matched_articles
from aggregator.store.tables import MatchRow, RevisionRow, RuleRow, TagAuthorityRow


def tag_authority(session: Session, domain: str, now: datetime) -> TagAuthority:
    """Who mints the ids of this store's feeds. The first call decides it for good: an id must outlive a change of the domain."""
    row = session.exec(select(TagAuthorityRow)).first()
    if row is None:
        row = TagAuthorityRow(id=1, domain=domain, day=now.astimezone(UTC).date(), token=secrets.token_hex(4))
        session.add(row)
    return TagAuthority(row.domain, row.day, row.token)


def rule_feed(session: Session, slug: str, authority: TagAuthority, instance: str, most: int) -> RuleFeed:
    """The feed of a rule with its newest ``most`` matches, without those that its noise control keeps back.

    Raises NotFound for a rule that was never applied.
    """
    rule = session.exec(select(RuleRow).where(RuleRow.slug == slug)).one_or_none()
    if rule is None or rule.id is None:
        raise NotFound(f"there is no rule {slug!r} in the store; run `aggregator apply` first")
    told = (MatchRow.rule_id == rule.id, MatchRow.suppressed == "")
    statement = select(MatchRow.id).where(*told).order_by(col(MatchRow.id).desc()).limit(most)
    ids = [id_ for id_ in session.exec(statement) if id_ is not None]
    found = sorted(matched_articles(session, ids), key=lambda match: -match.match_id)
    changed = _changed(session, [match.article.id for match in found])
    items = [FoundArticle(match, max(match.matched_at, changed.get(match.article.id, match.matched_at))) for match in found]
    updated = max((item.updated_at for item in items), default=rule.created_at)
    name = RULE.load(rule.spec).name or slug
    return RuleFeed(authority, rule.id, slug, name, instance, updated, tuple(items))


def _changed(session: Session, article_ids: Sequence[int]) -> dict[int, datetime]:
    """When those of the articles that were revised were so last."""
    latest: dict[int, datetime] = {}
    for start in range(0, len(article_ids), 500):
        mine = col(RevisionRow.article_id).in_(article_ids[start : start + 500])
        statement = select(RevisionRow.article_id, func.max(RevisionRow.replaced_at)).where(mine)
        latest |= dict(session.exec(statement.group_by(col(RevisionRow.article_id))).all())
    return latest
