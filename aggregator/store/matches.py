"""Matches: stored once per rule and article, together with everything that they cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from aggregator.model.article import Article
from aggregator.model.delivery import MatchedArticle, Recipient
from aggregator.model.record import BY_PUBLISHER, Reason
from aggregator.model.rule import Lane, Match, RuleSpec
from aggregator.store.articles import articles_by_id
from aggregator.store.channels import active_channels, owe_match
from aggregator.store.codec import dump_spans, load_spans
from aggregator.store.dialect import upsert
from aggregator.store.edits import owe_edit
from aggregator.store.raising import Raised, raise_alerts
from aggregator.store.registry import Registered
from aggregator.store.rhythm import Rhythm, hasten
from aggregator.store.subscriptions import Follower, followers
from aggregator.store.tables import ArticleRow, DigestItemRow, EditRow, MatchRow, RuleRow


@dataclass(frozen=True, slots=True)
class Watch:
    """What matching needs to know: rules and recipients as configured, and their ids in the store."""

    rules: Mapping[str, RuleSpec]
    recipients: tuple[Recipient, ...]
    registered: Registered
    group_wait: timedelta
    rhythm: Rhythm = field(default_factory=Rhythm)


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """What a batch of matching brought."""

    articles: int = 0
    matches: int = 0
    alerts: int = 0
    edits: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit of an article means: the rules that match only since then, and what rules are told of it, in words."""

    newly: frozenset[str] = frozenset()
    told: str = ""


def store_matches(
    session: Session,
    found: Sequence[tuple[Article, Sequence[Match]]],
    watch: Watch,
    now: datetime,
    edits: Mapping[int, Edit] | None = None,
) -> MatchCounts:
    """Store what the rules found, in one transaction with what it causes: alert events and the digests' ledger.

    A match that is already stored is left as it is: an edited article alerts only for rules that newly match it. ``edits``
    tells what was edited, by article; rules that watch edits are told. A rule that finds an article no more keeps its match,
    with the instant. What only another extraction brings to light is stored, and told to nobody; nor is what a rule finds
    after the first article of a story, if that is all it is to tell.
    """
    matches = alerts = told = 0
    owing = followers(session) if any(hits or article.revision > 1 for article, hits in found) else ()
    anything = any(hits for _, hits in found)
    channels = active_channels(session) if anything else ()
    known = watch.registered.recipients
    readers = [(known[person.slug], person) for person in watch.recipients if person.slug in known] if anything else ()
    for article, hits in found:
        edit = (edits or {}).get(article.id, Edit())
        if article.revision > 1:
            told += _follow(session, article, {match.rule for match in hits}, edit, watch, owing, now)
        for match in hits:
            suppressed = _not_the_first(session, article, match, watch)
            match_id = _insert(session, article, match, watch, now, by_edit=match.rule in edit.newly, suppressed=suppressed)
            if match_id is None:
                continue
            matches += 1
            if not suppressed:
                by_edit = match.rule in edit.newly
                alerts += _raise_alert(session, article, match, match_id, watch, readers, now, by_edit=by_edit)
            if not suppressed and article.revision_reason != Reason.REEXTRACTION:
                _owe(session, match, match_id, article, owing)
                owe_match(session, channels, article, match, match_id, watch.rules[match.rule], now + watch.group_wait, now)
        if hits:
            hasten(session, article.id, article.first_seen_at, watch.rhythm, now)
        # An edit that came in between has a higher revision, and its own turn.
        session.execute(
            update(ArticleRow)
            .where(col(ArticleRow.id) == article.id, col(ArticleRow.revision) == article.revision)
            .values(match_due=False)
        )
    return MatchCounts(len(found), matches, alerts, told)


def _follow(
    session: Session,
    article: Article,
    hits: Collection[str],
    edit: Edit,
    watch: Watch,
    owing: Sequence[Follower],
    now: datetime,
) -> int:
    """What an edit means for the rules that had found the article before. Returns how many are told."""
    slugs = {rule_id: slug for slug, rule_id in watch.registered.rules.items()}
    told = 0
    for row in session.exec(select(MatchRow).where(MatchRow.article_id == article.id)).all():
        slug = slugs.get(row.rule_id)
        if slug is None:  # a rule that was taken away sees nothing any more
            continue
        lapsed = slug not in hits
        was_lapsed, row.lapsed_at = row.lapsed_at is not None, (row.lapsed_at or now) if lapsed else None
        rule = watch.rules.get(slug)
        if (
            rule is None
            or not rule.watch_edits
            or row.suppressed
            or (was_lapsed and lapsed)
            or article.revision_reason not in BY_PUBLISHER
        ):
            continue
        what = "; ".join(filter(None, (edit.told, "the rule finds it no more" if lapsed else "")))
        if what:
            at_once = rule.lane is Lane.NOW
            values: dict[str, Any] = {
                "rule_id": row.rule_id,
                "article_id": article.id,
                "match_id": row.id,
                "revision": article.revision,
            }
            values |= {"what": what, "at": now, "state": "pending" if at_once else "noted"}
            statement = upsert(EditRow).values(**values).on_conflict_do_nothing().returning(col(EditRow.id))
            edit_id: int | None = session.execute(statement).scalar_one_or_none()
            if edit_id is not None:
                told += 1
                # A mail of its own goes to readers with alerts on; it is owed to the others in their digest.
                owe_edit(session, edit_id, _followed(slug, article, owing, without_alerts=at_once))
    session.flush()
    return told


def _not_the_first(session: Session, article: Article, match: Match, watch: Watch) -> str:
    """Why a rule that tells only the first article of a story does not tell this one; "" if it does."""
    rule = watch.rules.get(match.rule)
    if rule is None or not rule.first_of_story:
        return ""
    statement = (
        select(MatchRow.article_id)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .where(
            MatchRow.rule_id == watch.registered.rules.get(match.rule),
            col(MatchRow.suppressed) == "",
            ArticleRow.story_id == article.story_id,
            col(ArticleRow.id) != article.id,
        )
        .order_by(col(MatchRow.id))
        .limit(1)
    )
    first = session.exec(statement).first()
    return "" if first is None else later_of_story(article.story_id, first)


def later_of_story(story_id: int, first_id: int) -> str:
    """The reason why a match is told to nobody: the rule has found article ``first_id`` of the same story before."""
    return f"not the first of story {story_id}: the rule found article {first_id} before"


def _insert(
    session: Session, article: Article, match: Match, watch: Watch, now: datetime, *, by_edit: bool, suppressed: str
) -> int | None:
    rule_id = watch.registered.rules.get(match.rule)
    if rule_id is None:
        return None
    values: dict[str, Any] = {"rule_id": rule_id, "rule_version": watch.registered.rule_versions[match.rule]}
    values |= {"article_id": article.id, "revision": article.revision, "matched_at": now, "by_edit": by_edit}
    values |= {"spans": dump_spans(match.spans), "aliases": list(match.aliases), "suppressed": suppressed}
    statement = upsert(MatchRow).values(**values).on_conflict_do_nothing().returning(col(MatchRow.id))
    match_id: int | None = session.execute(statement).scalar_one_or_none()
    if match_id is None:
        # Known already. Its spans follow the article's new text, so that digests mark the right words.
        known = (col(MatchRow.rule_id) == rule_id, col(MatchRow.article_id) == article.id)
        fresh = {name: values[name] for name in ("spans", "aliases", "revision", "rule_version")}
        session.execute(update(MatchRow).where(*known, col(MatchRow.revision) < article.revision).values(**fresh))
    return match_id


def _raise_alert(
    session: Session,
    article: Article,
    match: Match,
    match_id: int,
    watch: Watch,
    readers: Sequence[tuple[int, Recipient]],
    now: datetime,
    *,
    by_edit: bool,
) -> int:
    rule, known = watch.rules[match.rule], watch.registered
    raised = Raised(article, rule, known.rules[rule.slug], known.rule_versions[rule.slug], match_id, by_edit)
    return raise_alerts(session, raised, readers, now, watch.group_wait)


def _owe(session: Session, match: Match, match_id: int, article: Article, owing: Sequence[Follower]) -> None:
    owed = [{"subscription_id": id_, "match_id": match_id} for id_ in _followed(match.rule, article, owing)]
    if owed:
        session.execute(insert(DigestItemRow), owed)


def _followed(rule: str, article: Article, owing: Sequence[Follower], *, without_alerts: bool = False) -> list[int]:
    """The ids of the subscriptions that follow a rule; of these, only those whose readers get no alerts, if so asked."""
    group = article.source_group
    wanted = (each for each in owing if each.subscription.wants(rule, group))
    return [each.id for each in wanted if not (without_alerts and each.is_alerted(rule))]


def matched_articles(session: Session, match_ids: Sequence[int]) -> list[MatchedArticle]:
    """Matches with their articles, in the order of the configured rules, then as they were found."""
    rows: list[tuple[MatchRow, RuleRow]] = []
    for start in range(0, len(match_ids), 500):
        statement = select(MatchRow, RuleRow).join(RuleRow, col(RuleRow.id) == MatchRow.rule_id)
        rows.extend(session.exec(statement.where(col(MatchRow.id).in_(match_ids[start : start + 500]))).all())
    found: dict[int, Article] = {}
    ids = list({row.article_id for row, _ in rows})
    for start in range(0, len(ids), 500):
        found |= articles_by_id(session, ids[start : start + 500])
    rows.sort(key=lambda pair: (pair[1].position, pair[0].id or 0))
    return [
        MatchedArticle(
            match_id=row.id or 0,
            rule=rule.slug,
            article=_told(row, found[row.article_id]),
            spans=_fitting(row, found[row.article_id]),
            aliases=tuple(row.aliases),
            matched_at=row.matched_at,
        )
        for row, rule in rows
    ]


def _told(row: MatchRow, article: Article) -> Article:
    """The article, with a word on why it is found only now."""
    if not row.by_edit:
        return article
    return replace(article, note=" ".join(filter(None, ("Changed after publication: found only since.", article.note))))


def _fitting(row: MatchRow, article: Article) -> Any:
    """The spans, unless the article was revised since: they point into the text that the rule saw."""
    return load_spans(row.spans) if row.revision == article.revision else ()
