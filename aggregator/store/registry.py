"""The configuration in the store: what would change, and changing it.

Rows are never deleted: what the operator takes away is marked removed, so that history keeps its names, and comes back
with all of it when the same slug returns.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.config.settings import Config
from aggregator.manners import ORDINARY, phase
from aggregator.model.channel import Channel
from aggregator.model.delivery import Recipient, Subscription
from aggregator.model.rule import Entity, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.store.channels import put_channel
from aggregator.store.codec import CHANNEL, ENTITY, RECIPIENT, RULE, SOURCE, SUBSCRIPTION, Codec
from aggregator.store.rules import put_rules
from aggregator.store.subscriptions import put_subscriptions, written
from aggregator.store.tables import ChannelRow, EntityRow, RecipientRow, RuleRow, SourceRow

FEW = 20
"""So many new sources at once are polled at once; more are spread."""

S = TypeVar("S", SourceSpec, Entity, RuleSpec, Recipient, Subscription, Channel)
R = TypeVar("R", SourceRow, EntityRow, RuleRow, RecipientRow, ChannelRow)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the files and the store. ``what`` names the changed keys with their old and new values."""

    noun: str
    slug: str
    verb: str  # added, changed, removed
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """The ids of what is active, by slug; readers to whom no mail goes, and those who want no alerts any more."""

    rules: Mapping[str, int]
    rule_versions: Mapping[str, int]
    recipients: Mapping[str, int]
    suppressed: frozenset[str]
    unalerted: frozenset[str] = frozenset()


def plan(session: Session, config: Config) -> tuple[Change, ...]:
    """What ``apply`` would change: sources, entities, rules, recipients, subscriptions (but readers' own ones), channels."""
    extra = tuple(each for each in config.all_subscriptions if each.slug != each.recipient)
    people = session.exec(select(RecipientRow).where(RecipientRow.created_by == "")).all()
    return (
        *_differences("source", SOURCE, config.sources, session.exec(select(SourceRow)).all()),
        *_differences("entity", ENTITY, config.entities, session.exec(select(EntityRow)).all()),
        *_differences("rule", RULE, config.rules, _rules_to_compare(session, config)),
        *_differences("recipient", RECIPIENT, config.recipients, people),
        *_differences("subscription", SUBSCRIPTION, extra, written(session)),
        *_differences("channel", CHANNEL, config.channels, session.exec(select(ChannelRow)).all()),
    )


def _rules_to_compare(session: Session, config: Config) -> list[RuleRow]:
    """All but those that are held: what is in force of them stays."""
    held = {each.rule.slug for each in config.held}
    return [row for row in session.exec(select(RuleRow)).all() if row.slug not in held]


def _differences(noun: str, codec: Codec[S], specs: tuple[S, ...], rows: Any) -> tuple[Change, ...]:
    active = {row.slug: row.spec for row in rows if row.removed_at is None}
    changes = []
    for spec in specs:
        new, old = codec.dump(spec), active.get(spec.slug)
        if old is None:
            changes.append(Change(noun, spec.slug, "added"))
        elif old != new:
            # What an older version did not write down stood at its default.
            known = codec.dump(codec.load(old)) | old
            keys = [key for key in new if known.get(key) != new[key]]
            if not keys:
                continue
            changes.append(Change(noun, spec.slug, "changed", tuple(_change(key, known.get(key), new[key]) for key in keys)))
    kept = {spec.slug for spec in specs}
    changes.extend(Change(noun, slug, "removed") for slug in active if slug not in kept)
    return tuple(changes)


def _change(key: str, old: Any, new: Any) -> str:
    if key in ("should_match", "should_not_match"):  # texts that nobody wants to see twice
        return f"{key}: {len(old or ())} → {len(new)} examples"
    return f"{key}: {old!r} → {new!r}"


def apply(session: Session, config: Config, now: datetime, host_key: Callable[[str], str]) -> tuple[Change, ...]:
    """Make the store agree with the files. Returns what was changed; a second call changes nothing.

    Of a rule that is held, what is in force stays as it is.
    """
    changes = plan(session, config)
    touched = {(change.noun, change.slug): change.verb for change in changes}
    fresh = sum(noun == "source" and verb == "added" for (noun, _), verb in touched.items())
    for source in config.sources:
        if ("source", source.slug) in touched:
            # Many at once would be a stampede: each has its place in the hour to come. A few are polled as they arrive.
            wait = phase(source.slug, min(ORDINARY, source.interval or ORDINARY)) if fresh > FEW else timedelta()
            _put_source(session, source, now, host_key, now + wait)
    for entity in config.entities:
        if ("entity", entity.slug) in touched:
            row = _row(session, EntityRow, entity.slug) or EntityRow(slug=entity.slug, spec={}, created_at=now)
            row.spec, row.removed_at = ENTITY.dump(entity), None
            session.add(row)
    put_rules(session, config.rules, config.entities, now)
    for recipient in config.recipients:
        if ("recipient", recipient.slug) in touched:
            _put_recipient(session, recipient, now)
    session.flush()
    put_subscriptions(session, config, now)
    for channel in config.channels:
        if ("channel", channel.slug) in touched:
            put_channel(session, channel, now)
    tables: dict[str, Any] = {"source": SourceRow, "entity": EntityRow, "rule": RuleRow, "recipient": RecipientRow}
    tables["channel"] = ChannelRow
    for (noun, slug), verb in touched.items():
        if verb == "removed" and noun in tables:
            gone = _row(session, tables[noun], slug)
            assert gone is not None
            gone.removed_at = now
            if isinstance(gone, SourceRow):
                _void_lease(gone)
                _wake_merged(session, gone, now)
            session.add(gone)
    return changes


def register(session: Session, spec: SourceSpec, now: datetime, host_key: Callable[[str], str], lease: timedelta) -> None:
    """Put one source beside those that are there, leased to whoever has its first document at hand.

    If he dies, it is polled like any other when the lease has run out.
    """
    _put_source(session, spec, now, host_key, now)
    row = session.exec(select(SourceRow).where(SourceRow.slug == spec.slug)).one()
    row.lease_until, row.lease_token = now + lease, secrets.token_hex(8)
    session.add(row)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a source is polled (``url``). ``active`` is False for one that was taken out of the configuration."""

    slug: str
    url: str
    active: bool


def addresses(session: Session) -> list[Address]:
    """Where every source that ever was is polled, or was last."""
    rows = session.exec(select(SourceRow).order_by(SourceRow.slug))
    return [Address(row.slug, row.moved_to or row.url, row.removed_at is None) for row in rows]


def _row(session: Session, table: type[R], slug: str) -> R | None:
    return session.exec(select(table).where(table.slug == slug)).one_or_none()


def _put_source(
    session: Session, spec: SourceSpec, now: datetime, host_key: Callable[[str], str], first_poll_at: datetime
) -> None:
    row = _row(session, SourceRow, spec.slug)
    if row is None:
        row = SourceRow(slug=spec.slug, url=spec.url, spec={}, host="", name="", created_at=now, next_poll_at=first_poll_at)
    if row.moved_to == spec.url:
        row.url, row.moved_to = spec.url, None  # the operator writes down where it has moved to: it is the same feed
    if row.url != spec.url or row.removed_at is not None:
        row.baseline_at = None  # what stands there now was there before, and alerts nobody
    if row.url != spec.url or not spec.enabled:
        _void_lease(row)
        _wake_merged(session, row, now)
    if row.url != spec.url:
        # Validators and the body's hash belong to the address they came from.
        row.etag = row.last_modified = row.final_url = row.body_sha256 = row.moved_to = row.merged_into = row.proposed_url = None
        row.failures, row.failing_since, row.failure_kind, row.failure_detail = 0, None, "", ""
        row.history, row.trouble, row.allowed_at, row.poll_reason = "{}", "", None, ""
        row.next_poll_at = first_poll_at
    interval = SOURCE.load(row.spec).interval if row.spec else spec.interval
    if spec.interval is not None and (interval is None or spec.interval < interval):
        row.next_poll_at = max(min(row.next_poll_at, now + spec.interval), row.allowed_at or now)
    row.url, row.host, row.name = spec.url, host_key(row.moved_to or spec.url), spec.title
    row.outlet_group, row.country, row.enabled = spec.group, spec.country, spec.enabled
    row.spec, row.removed_at = SOURCE.dump(spec), None
    session.add(row)


def _void_lease(row: SourceRow) -> None:
    """A poll that is under way brings what is no longer wanted, or comes from an address that is no longer the source's."""
    row.lease_token = row.lease_until = None


def _wake_merged(session: Session, row: SourceRow, now: datetime) -> None:
    """A source is no longer polled where it was: those that rested because it was stand in for themselves again."""
    if row.id is not None:
        resting = update(SourceRow).where(col(SourceRow.merged_into) == row.id)
        session.execute(resting.values(merged_into=None, next_poll_at=now))


def _put_recipient(session: Session, spec: Recipient, now: datetime) -> None:
    row = _row(session, RecipientRow, spec.slug) or RecipientRow(slug=spec.slug, spec={}, created_at=now)
    if row.removed_at is not None:
        row.created_at = now
    if row.spec.get("address") != spec.address:
        row.suppressed = row.alerts_stopped = ""
    row.spec, row.removed_at, row.created_by = RECIPIENT.dump(spec), None, ""
    session.add(row)


def registered(session: Session) -> Registered:
    """The ids of the active rules and recipients."""
    rules = session.exec(select(RuleRow).where(RuleRow.removed_at.is_(None))).all()  # type: ignore[union-attr]
    people = session.exec(select(RecipientRow).where(RecipientRow.removed_at.is_(None))).all()  # type: ignore[union-attr]
    return Registered(
        rules={row.slug: row.id for row in rules if row.id is not None},
        rule_versions={row.slug: row.version for row in rules},
        recipients={row.slug: row.id for row in people if row.id is not None},
        suppressed=frozenset(row.slug for row in people if row.suppressed),
        unalerted=frozenset(row.slug for row in people if row.suppressed or row.alerts_stopped),
    )
