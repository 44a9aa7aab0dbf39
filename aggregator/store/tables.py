"""The tables. Rows never leave ``store/``: SQLModel validates nothing on ``table=True``, so values are checked before.

Every instant is aware UTC (``UTCDateTime``). Every step of the pipeline has a unique key here, which makes it idempotent:

=============  ===========================================  ==============================================
step           unique key                                   meaning
=============  ===========================================  ==============================================
poll           entry (source, key)                          an entry is stored once, whatever is re-polled
poll           feed_window (source)                         what its last document held, stored with the entries
extract        sighting (entry)                             an entry belongs to one article
extract        address (url_key)                            one address is one article
extract        page (article, revision)                     the page that made a revision is kept once
recheck        recheck (article)                            an article's page is asked for again in one place
apply          rule_version (rule, version)                 a version is one query with one set of aliases
match          match (rule, article)                        a rule finds an article once
mark           rule_mark (rule, article)                    an article is good or bad for a rule, not both
match          edit (rule, article, revision)               an edit is told once per rule
match          mention (entity, article)                    an entity is counted once in an article
volumes        anomaly (subject, slug, kind, began_at)      a spike or a silence is told once
alert          alert (recipient, match)                     a match is alerted once to a reader, or has one reason why not
alert          notice (recipient, number)                   two workers never decide for one reader at once
alert          storm_notice (recipient, storm)              a reader is told once of a storm
digest         digest (recipient, day, time)                one digest per slot
digest         digest_item (recipient, match)               a match is owed once, and stands in one digest
digest         digest_edit (recipient, edit)                an edit likewise
deliver        delivery (key)                               one message per alert or digest and recipient
deliver        instance (id)                                one secret, whoever asks for it first
deliver        bounce (fingerprint)                         a report counts once, however often it is read
subscribe      websub (source)                              a source's news come from one hub
feed           tag_authority (one row)                      ids of our feeds are minted by one authority for good
tell           channel_event (channel, key)                 a channel is owed an event once
=============  ===========================================  ==============================================
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Computed, Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from aggregator.store.schema import portable


class SourceRow(SQLModel, table=True):
    """A configured feed, its polling state and its lease. ``removed_at`` keeps history when the operator takes it away.

    ``host`` is what manners count by, of the address in force: ``moved_to``, else ``url``. Before ``allowed_at`` the publisher
    wants no request. ``history`` is the JSON of ``model.source.History``. ``merged_into`` is the source that this one turned
    out to be; ``proposed_url`` a feed that its site names, for the operator to accept. ``told_failing_since`` is the
    ``failing_since`` that webhooks were told of.
    """

    __tablename__ = "source"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    url: str
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    host: str = Field(index=True)
    name: str
    outlet_group: str = ""
    country: str = ""
    enabled: bool = True
    created_at: datetime
    removed_at: datetime | None = None

    next_poll_at: datetime
    poll_reason: str = ""
    allowed_at: datetime | None = None
    forced: bool = False
    lease_until: datetime | None = None
    lease_token: str | None = None
    baseline_at: datetime | None = None
    moved_to: str | None = None
    merged_into: int | None = None
    proposed_url: str | None = None
    history: str = "{}"
    trouble: str = ""
    etag: str | None = None
    last_modified: str | None = None
    final_url: str | None = None
    body_sha256: str | None = None
    last_fetch_at: datetime | None = None
    last_success_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    told_failing_since: datetime | None = None
    failure_kind: str = ""
    failure_detail: str = ""

    __table_args__ = (Index("ix_source_due", "next_poll_at", sqlite_where=sql("enabled AND removed_at IS NULL")),)


class FetchRow(SQLModel, table=True):
    """One poll of a source, for its history. ``conditional``: validators were sent; ``early``: before ``allowed_at``."""

    __tablename__ = "fetch"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    at: datetime = Field(index=True)
    outcome: str  # fetched, unchanged, not_modified, failed
    kind: str = ""
    detail: str = ""
    status: int | None = None
    bytes: int = 0
    entries: int = 0
    new_entries: int = 0
    conditional: bool = False
    early: bool = False


class WindowRow(SQLModel, table=True):
    """The entries of a source's last document by their bytes (``codec.dump_window``), so that only others need parsing."""

    __tablename__ = "feed_window"

    source_id: int = Field(primary_key=True, foreign_key="source.id")
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class GapRow(SQLModel, table=True):
    """Entries that scrolled out of a feed unseen, published between the two instants; about ``estimate`` of them."""

    __tablename__ = "gap"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    found_at: datetime = Field(index=True)
    published_after: datetime
    published_before: datetime
    estimate: int


class MoveRow(SQLModel, table=True):
    """A change of a feed's address that we believed. ``merged_into``: another source was there already."""

    __tablename__ = "move"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    at: datetime
    from_url: str
    to_url: str
    reason: str
    merged_into: int | None = Field(default=None, foreign_key="source.id")
    undone_at: datetime | None = None


class HostRow(SQLModel, table=True):
    """A host that asked us to slow down: until when it wants no request, and how many times in a row it has asked."""

    __tablename__ = "host"

    host: str = Field(primary_key=True)
    throttled_until: datetime | None = Field(default=None, index=True)
    throttles: int = 0


class RobotsRow(SQLModel, table=True):
    """The robots.txt of an origin (``https://host:port``). ``state``: rules, none, closed."""

    __tablename__ = "robots"

    origin: str = Field(primary_key=True)
    state: str
    rules: str
    fetched_at: datetime
    until: datetime


class EntryRow(SQLModel, table=True):
    """One entry of one feed: the ledger of what was seen. ``state``: pending → done, or given up.

    ``payload`` is the feed entry as JSON until the article is stored; then it is dropped. ``version`` grows with each edit.
    ``text_key`` is what it said, as a hash, once it is done: a feed that renumbers says the same under another key and link.
    """

    __tablename__ = "entry"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id")
    key: str
    url_key: str
    host: str
    content_hash: str
    version: int = 1
    payload: str | None = None
    baseline: bool = False
    first_seen_at: datetime
    state: str = "pending"
    attempts: int = 0
    due_at: datetime
    lease_until: datetime | None = None
    lease_token: str | None = None
    error: str = ""
    text_key: str = ""

    __table_args__ = (
        UniqueConstraint("source_id", "key"),
        Index("ix_entry_pending", "due_at", sqlite_where=sql("state = 'pending'")),
        Index("ix_entry_seen", "source_id", "first_seen_at"),
        Index("ix_entry_text", "text_key", sqlite_where=sql("text_key <> ''")),
    )


class StoryRow(SQLModel, table=True):
    """What happened, in the texts of one language that tell of it. Its first article names it.

    ``vector`` is a ``StoryCandidate``'s (``codec.dump_vector``), the sum over ``texts`` groups; a story that is not ``open``
    takes in none any more, and has no vector. One that an analyst merged away holds no texts, and says where they are.
    """

    __tablename__ = "story"

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime
    language: str = ""
    newest_at: datetime
    texts: int = 0
    vector: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    open: bool = False
    merged_into: int | None = None

    __table_args__ = (
        Index("ix_story_open", "newest_at", sqlite_where=sql("open")),
        Index("ix_story_newest_at", "newest_at"),
    )


class TextGroupRow(SQLModel, table=True):
    """A text, in one outlet or in many: articles with the same text are one group.

    ``placed_by`` says who put it into its story: ``first`` (it began the story), ``machine`` (by ``words``, [word, score], which
    add up to ``score`` but for the lesser ones), ``hand``. ``vector`` is what it lends the story, heaviest terms first,
    until the story is closed. A text that no article is left in says where they went; what was sent for it stays with it.
    """

    __tablename__ = "text_group"

    id: int | None = Field(default=None, primary_key=True)
    story_id: int = Field(foreign_key="story.id", index=True)
    created_at: datetime
    language: str = ""
    placed_by: str = "first"
    score: float = 0.0
    words: list[list[Any]] = Field(sa_column=Column(JSON, nullable=False))
    vector: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    merged_into: int | None = None

    __table_args__ = (Index("ix_text_group_merged_into", "merged_into", sqlite_where=sql("merged_into IS NOT NULL")),)


class StoryTermRow(SQLModel, table=True):
    """The terms by which open stories are found. ``term`` is ``dedupe.term_id``."""

    __tablename__ = "story_term"

    term: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    story_id: int = Field(foreign_key="story.id", primary_key=True, index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class TermCountRow(SQLModel, table=True):
    """In how many texts a term occurred. ``term`` is ``dedupe.term_id``; that of the empty word counts a language's texts."""

    __tablename__ = "term_count"

    term: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    texts: int

    __table_args__ = ({"sqlite_with_rowid": False},)


class StoryEditRow(SQLModel, table=True):
    """What an analyst did: ``merge`` put ``other_id`` into ``story_id``, ``split`` took ``story_id`` out of ``other_id``."""

    __tablename__ = "story_edit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    verb: str
    story_id: int = Field(foreign_key="story.id", index=True)
    other_id: int = Field(foreign_key="story.id", index=True)
    group_ids: list[int] = Field(sa_column=Column(JSON, nullable=False))


class StoryApartRow(SQLModel, table=True):
    """``story_id`` was split from ``other_id`` by hand: what resembles it stays out of the other."""

    __tablename__ = "story_apart"

    story_id: int = Field(foreign_key="story.id", primary_key=True)
    other_id: int = Field(foreign_key="story.id", primary_key=True)


class TextEditRow(SQLModel, table=True):
    """What an analyst did: ``split`` took articles out of the text ``other_id`` as ``group_id``; ``join`` put all of ``other_id``
    into ``group_id``."""

    __tablename__ = "text_edit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    verb: str
    group_id: int = Field(foreign_key="text_group.id", index=True)
    other_id: int = Field(foreign_key="text_group.id", index=True)
    article_ids: list[int] = Field(sa_column=Column(JSON, nullable=False))


class TextApartRow(SQLModel, table=True):
    """``group_id`` was taken out of ``other_id`` by hand: its copies join it, and no text of the other does."""

    __tablename__ = "text_apart"

    group_id: int = Field(foreign_key="text_group.id", primary_key=True)
    other_id: int = Field(foreign_key="text_group.id", primary_key=True)


class ArticleRow(SQLModel, table=True):
    """One text published once by one outlet, in its present revision. ``match_due`` asks for matching.

    ``story_id`` is that of its group, kept here as well. ``similarity`` is that to the likest copy when it came (``New``); of
    what was moved by hand, that to the first article of its text.
    ``credit`` is the agency that the text names.
    ``date_origin`` and ``published_zone`` tell where the date was read and in which zone ("" for none). ``revision_reason`` is
    why the present state was stored. ``withdrawn_at`` is when its page was found to be gone, with ``withdrawn`` the answer.
    """

    __tablename__ = "article"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    story_id: int = Field(foreign_key="story.id", index=True)
    group_id: int | None = Field(default=None, foreign_key="text_group.id", index=True)  # never null: SQLite cannot add that
    similarity: float = 0.0
    credit: str = ""
    url: str
    canonical_url: str | None = None
    title: str
    text: str
    text_origin: str
    text_hash: str = Field(index=True)
    note: str = ""
    authors: list[str] = Field(sa_column=Column(JSON, nullable=False))
    tags: list[str] = Field(sa_column=Column(JSON, nullable=False))
    language: str | None = None
    other_languages: list[str] = Field(sa_column=Column(JSON, nullable=False))
    site_name: str = ""
    section: str = ""
    image_url: str | None = None
    access: str = "open"
    comments: str = ""
    extractor: int = 0
    published_at: datetime | None = Field(default=None, index=True)
    has_time: bool = False
    published_zone: str = ""
    date_origin: str = ""
    modified_at: datetime | None = None
    date_evidence: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    sketch: list[int] = Field(sa_column=Column(JSON, nullable=False))
    words: int = 0
    revision: int = 1
    revision_reason: str = ""
    baseline: bool = False
    first_seen_at: datetime = Field(index=True)
    withdrawn_at: datetime | None = None
    withdrawn: str = ""
    match_due: bool = True
    shown_at: datetime = Field(default=None, sa_column=Column(UTCDateTime(), Computed("coalesce(published_at, first_seen_at)")))

    __table_args__ = (
        Index("ix_article_match_due", "id", sqlite_where=sql("match_due")),
        Index("ix_article_shown_at", "shown_at", "id"),
    )


class AddressRow(SQLModel, table=True):
    """An address under which an article is known."""

    __tablename__ = "address"

    url_key: str = Field(primary_key=True)
    article_id: int = Field(foreign_key="article.id", index=True)


class ShingleRow(SQLModel, table=True):
    """The smallest shingle hashes of an article: what finds candidates for the same text."""

    __tablename__ = "shingle"

    hash: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    article_id: int = Field(foreign_key="article.id", primary_key=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class SightingRow(SQLModel, table=True):
    """Where and when an article was seen."""

    __tablename__ = "sighting"

    entry_id: int = Field(foreign_key="entry.id", primary_key=True)
    article_id: int = Field(foreign_key="article.id", index=True)
    source_id: int = Field(foreign_key="source.id")
    url: str
    seen_at: datetime


class RevisionRow(SQLModel, table=True):
    """An earlier state of an article. ``number`` counts from 1; the newest state stands in the article itself.

    ``reason`` is why this state was stored (``model.record.Reason``), "" where an older version did not write it down.
    """

    __tablename__ = "revision"

    article_id: int = Field(foreign_key="article.id", primary_key=True)
    number: int = Field(primary_key=True)
    title: str
    text: str
    replaced_at: datetime
    reason: str = ""


class PageRow(SQLModel, table=True):
    """The page that made a revision: the evidence. ``url`` was asked for, ``final_url`` answered; ``headers`` as they came.

    ``entry`` is the feed entry that went with it (JSON, zlib), so that the same can be extracted again.
    """

    __tablename__ = "page"

    article_id: int = Field(foreign_key="article.id", primary_key=True)
    revision: int = Field(primary_key=True)
    url: str
    final_url: str
    status: int
    headers: list[list[str]] = Field(sa_column=Column(JSON, nullable=False))
    fetched_at: datetime = Field(index=True)
    sha256: str = Field(foreign_key="page_body.sha256", index=True)
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PageBodyRow(SQLModel, table=True):
    """The bytes of a page, decoded from their transfer, compressed with zlib; each once. ``size`` is before, ``stored`` after."""

    __tablename__ = "page_body"

    sha256: str = Field(primary_key=True)
    size: int
    stored: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RecheckRow(SQLModel, table=True):
    """When an article's page is asked for again (``due_at`` NULL: only once a rule finds the article). ``step`` counts the times.

    The validators are those of the last answer.
    """

    __tablename__ = "recheck"

    article_id: int = Field(foreign_key="article.id", primary_key=True)
    host: str
    due_at: datetime | None = None
    step: int = 0
    etag: str | None = None
    last_modified: str | None = None
    lease_until: datetime | None = None
    lease_token: str | None = None

    __table_args__ = (Index("ix_recheck_due", "due_at", sqlite_where=sql("due_at IS NOT NULL")),)


class VisitRow(SQLModel, table=True):
    """A page that was asked for again, and what came of it (``model.record.Outcome``)."""

    __tablename__ = "visit"

    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(foreign_key="article.id", index=True)
    host: str
    at: datetime = Field(index=True)
    outcome: str
    status: int | None = None
    detail: str = ""

    __table_args__ = (Index("ix_visit_host", "host", "at"),)


class RuleRow(SQLModel, table=True):
    """A rule's identity over its versions. ``version`` grows when something changes that decides what it finds."""

    __tablename__ = "rule"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    position: int = 0
    version: int = 1
    created_at: datetime
    removed_at: datetime | None = None


class RuleVersionRow(SQLModel, table=True):
    """A version of a rule: as it was last applied under this number, with the aliases of its entities (NULL: not written down).

    ``applied_at`` is when it came into force first.
    """

    __tablename__ = "rule_version"

    rule_id: int = Field(foreign_key="rule.id", primary_key=True)
    version: int = Field(primary_key=True)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    aliases: dict[str, list[str]] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    applied_at: datetime


class RuleMarkRow(SQLModel, table=True):
    """An analyst's judgement: the rule should find the article (``good``), or should not."""

    __tablename__ = "rule_mark"

    rule_id: int = Field(foreign_key="rule.id", primary_key=True)
    article_id: int = Field(foreign_key="article.id", primary_key=True)
    good: bool
    marked_at: datetime


class EntityRow(SQLModel, table=True):
    """An entity as applied, so that a change of its aliases shows in ``apply``."""

    __tablename__ = "entity"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime
    removed_at: datetime | None = None


class RecipientRow(SQLModel, table=True):
    """A reader. ``suppressed`` holds the relay's words after a permanent refusal; mail to this address then rests.

    ``created_by`` is "" for one who stands in the files. ``alerts_stopped``: he wants no alerts any more, and said so by a link.
    """

    __tablename__ = "recipient"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime
    removed_at: datetime | None = None
    suppressed: str = ""
    created_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    alerts_stopped: str = Field(default="", sa_column_kwargs={"server_default": ""})


class SubscriptionRow(SQLModel, table=True):
    """What a reader gets, and when (``spec``). ``state``: active, pending (until its reader confirms it), or stopped.

    ``created_by`` is "" for what stands in the files, else who made it: the files say nothing of it then. ``begun_at``: digests
    account from then on. ``paused_until``: nothing is sent before, and all of it is still owed then. ``invited_at``: its reader
    was asked whether he wants it. ``failing_since``: what it should have been sent cannot be made, and ``failure`` says why.
    ``redated_at``: its weekdays were others before.
    """

    __tablename__ = "subscription"

    id: int | None = Field(default=None, primary_key=True)
    recipient_id: int = Field(foreign_key="recipient.id", index=True)
    slug: str = Field(unique=True)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime
    created_by: str = ""
    begun_at: datetime
    redated_at: datetime | None = None
    removed_at: datetime | None = None
    state: str = "active"
    paused_until: datetime | None = None
    stopped_at: datetime | None = None
    stop_reason: str = ""
    failing_since: datetime | None = None
    failure: str = ""
    invited_at: datetime | None = None


class MatchRow(SQLModel, table=True):
    """A rule found an article, once. ``spans`` are [field, start, end, leaf, alias] on ``revision``.

    ``rule_version`` is the one that ``spans`` come from. ``by_edit``: the article did not match as it was first published.
    ``lapsed_at``: since then an edit keeps it from matching. ``suppressed``: why nobody is told; "" for all that are.
    """

    __tablename__ = "match"

    id: int | None = Field(default=None, primary_key=True)
    rule_id: int = Field(foreign_key="rule.id")
    rule_version: int
    article_id: int = Field(foreign_key="article.id", index=True)
    revision: int
    spans: list[list[Any]] = Field(sa_column=Column(JSON, nullable=False))
    aliases: list[str] = Field(sa_column=Column(JSON, nullable=False))
    matched_at: datetime = Field(index=True)
    by_edit: bool = False
    lapsed_at: datetime | None = None
    suppressed: str = ""

    __table_args__ = (
        UniqueConstraint("rule_id", "article_id"),
        Index("ix_match_rule_id_matched_at", "rule_id", "matched_at"),
    )


class EditRow(SQLModel, table=True):
    """An edit that a rule watches for, of an article that it had found. ``state``: pending → sent, or noted (no own mail)."""

    __tablename__ = "edit"

    id: int | None = Field(default=None, primary_key=True)
    rule_id: int = Field(foreign_key="rule.id")
    article_id: int = Field(foreign_key="article.id", index=True)
    match_id: int = Field(foreign_key="match.id")
    revision: int
    what: str
    at: datetime
    state: str = "pending"

    __table_args__ = (
        UniqueConstraint("rule_id", "article_id", "revision"),
        Index("ix_edit_pending", "at", sqlite_where=sql("state = 'pending'")),
    )


class MentionRow(SQLModel, table=True):
    """An article names an entity; ``at`` is when it was matched. What volumes of entities are counted by."""

    __tablename__ = "mention"

    entity_id: int = Field(foreign_key="entity.id", primary_key=True)
    article_id: int = Field(foreign_key="article.id", primary_key=True)
    at: datetime = Field(index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class AnomalyRow(SQLModel, table=True):
    """A spike or a silence. ``began_at`` is the hour at which it was found, ``seen_at`` the last one at which it still held.

    ``state``: pending → sent. One that ends and comes back within a day is the same.
    """

    __tablename__ = "anomaly"

    id: int | None = Field(default=None, primary_key=True)
    subject: str
    slug: str
    name: str
    kind: str
    count: int
    usual: float
    baseline: list[int] = Field(sa_column=Column(JSON, nullable=False))
    began_at: datetime = Field(index=True)
    seen_at: datetime
    state: str = "pending"

    __table_args__ = (UniqueConstraint("subject", "slug", "kind", "began_at"),)


class AlertRow(SQLModel, table=True):
    """A match of a rule that alerts, on its way to one reader. ``state`` is an ``AlertState``, ``why`` a ``Why``.

    ``lane`` and ``priority`` are the rule's when it matched. ``notice_id`` is the mail that told of it, or counted it;
    ``story_id`` the story as which it was told, for articles are moved.
    """

    __tablename__ = "alert"

    id: int | None = Field(default=None, primary_key=True)
    recipient_id: int = Field(foreign_key="recipient.id")
    match_id: int = Field(foreign_key="match.id", index=True)
    lane: str
    priority: str
    state: str
    why: str = ""
    detail: str = ""
    created_at: datetime
    due_at: datetime
    decided_at: datetime | None = None
    notice_id: int | None = Field(default=None, foreign_key="notice.id", index=True)
    story_id: int | None = Field(default=None, foreign_key="story.id", index=True)

    __table_args__ = (
        UniqueConstraint("recipient_id", "match_id"),
        Index("ix_alert_due", "recipient_id", "due_at", sqlite_where=sql("state IN ('waiting', 'held')")),
    )


class NoticeRow(SQLModel, table=True):
    """A mail of alerts to one reader, his ``number``-th. ``kind``: alert, storm, or escalation of ``origin_id``.

    One that wants an answer has its rule, and ``escalate_at``: then it goes to the next reader, unless somebody acknowledged it.
    ``step`` counts the readers before him.
    """

    __tablename__ = "notice"

    id: int | None = Field(default=None, primary_key=True)
    recipient_id: int = Field(foreign_key="recipient.id")
    number: int
    kind: str
    priority: str
    rule_id: int | None = Field(default=None, foreign_key="rule.id")
    created_at: datetime
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")
    origin_id: int | None = Field(default=None, foreign_key="notice.id")
    step: int = 0
    escalate_at: datetime | None = None
    escalated_at: datetime | None = None
    escalated: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""

    __table_args__ = (
        UniqueConstraint("recipient_id", "number"),
        Index("ix_notice_created_at", "recipient_id", "created_at"),
        Index("ix_notice_delivery_id", "delivery_id"),
        Index("ix_notice_escalate_at", "escalate_at", sqlite_where=sql("escalate_at IS NOT NULL AND escalated_at IS NULL")),
    )


class StormRow(SQLModel, table=True):
    """A rule or a source (``subject``) that had far more than usual: of what came after ``since``, as was seen at ``began_at``.

    ``last_at`` is the last instant at which it still had.
    """

    __tablename__ = "storm"

    id: int | None = Field(default=None, primary_key=True)
    subject: str
    slug: str
    since: datetime
    began_at: datetime
    last_at: datetime = Field(index=True)
    count: int
    usual: float


class StormNoticeRow(SQLModel, table=True):
    """A reader was told of a storm, once."""

    __tablename__ = "storm_notice"

    recipient_id: int = Field(foreign_key="recipient.id", primary_key=True)
    storm_id: int = Field(foreign_key="storm.id", primary_key=True)
    notice_id: int = Field(foreign_key="notice.id", index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class SnoozeRow(SQLModel, table=True):
    """A story of which nobody is to hear until then. ``rule`` and ``recipient`` are slugs, "" for all."""

    __tablename__ = "snooze"

    id: int | None = Field(default=None, primary_key=True)
    story_id: int = Field(foreign_key="story.id", index=True)
    rule: str = ""
    recipient: str = ""
    created_at: datetime
    until: datetime = Field(index=True)
    by: str = ""
    undone_at: datetime | None = None


class DigestRow(SQLModel, table=True):
    """One digest per subscription and slot; of clippings one per ``rule`` (its slug) that had something to tell.

    ``state``: queued, empty, failed. Its items are frozen with it. The window ends at ``due_at`` (the slot's instant), or before.
    """

    __tablename__ = "digest"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id")
    slot_day: date
    slot_time: time
    rule: str = ""
    due_at: datetime
    window_start: datetime
    window_end: datetime
    state: str
    matches: int = 0
    articles: int = 0
    stories: int = 0

    __table_args__ = (
        UniqueConstraint("subscription_id", "slot_day", "slot_time", "rule"),
        Index("ix_digest_due", "subscription_id", "due_at"),
    )


class DigestItemRow(SQLModel, table=True):
    """The ledger: this match is owed to this subscription (``digest_id`` NULL), or stands in that digest.

    Written in the transaction that stores the match, so that no clock decides what belongs to a digest.
    """

    __tablename__ = "digest_item"

    subscription_id: int = Field(foreign_key="subscription.id", primary_key=True)
    match_id: int = Field(foreign_key="match.id", primary_key=True)
    digest_id: int | None = Field(default=None, foreign_key="digest.id", index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class DigestEditRow(SQLModel, table=True):
    """The ledger of edits: this one is owed to this subscription (``digest_id`` NULL), or stands in that digest."""

    __tablename__ = "digest_edit"

    subscription_id: int = Field(foreign_key="subscription.id", primary_key=True)
    edit_id: int = Field(foreign_key="edit.id", primary_key=True)
    digest_id: int | None = Field(default=None, foreign_key="digest.id", index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class PresenceRow(SQLModel, table=True):
    """We looked at sources from ``began_at`` to ``seen_at``, give or take a minute. Between two rows nobody did."""

    __tablename__ = "presence"

    began_at: datetime = Field(primary_key=True)
    seen_at: datetime = Field(index=True)


class DeliveryRow(SQLModel, table=True):
    """The outbox: one message to one address. ``key`` (``alert:7:3``, ``digest:12``) makes it unique.

    ``number`` stands for it in links. ``lane`` is the domain of the address: one that is slow does not hold up the others.
    ``bulk`` waits while anything else is due.
    ``lease_token`` without ``lease_until``: whoever held it is gone, and did not say how it ended.
    """

    __tablename__ = "delivery"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    recipient_id: int = Field(foreign_key="recipient.id")
    digest_id: int | None = Field(default=None, foreign_key="digest.id")
    number: int | None = None
    lane: str = Field(default="", sa_column_kwargs={"server_default": ""})
    bulk: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    address: str
    subject: str
    message_id: str
    message: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = "due"
    attempts: int = 0
    due_at: datetime
    lease_until: datetime | None = None
    lease_token: str | None = None
    created_at: datetime
    sent_at: datetime | None = None
    detail: str = ""

    __table_args__ = (
        Index("ix_delivery_due", "bulk", "due_at", "id", sqlite_where=sql("state IN ('due', 'unknown')")),
        Index("ix_delivery_busy", "lease_until", "lane", sqlite_where=sql("lease_until IS NOT NULL")),
        Index("ix_delivery_digest_id", "digest_id", sqlite_where=sql("digest_id IS NOT NULL")),
        Index("ix_delivery_number", "number", sqlite_where=sql("number IS NOT NULL")),
    )


class InstanceRow(SQLModel, table=True):
    """This instance: one row. Links are signed with its ``secret``."""

    __tablename__ = "instance"

    id: int | None = Field(default=None, primary_key=True)
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime


class AttemptRow(SQLModel, table=True):
    """One try to hand a message over. ``server`` is the relay by its own name."""

    __tablename__ = "attempt"

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id", index=True)
    at: datetime
    outcome: str
    code: int = 0
    server: str = Field(default="", sa_column_kwargs={"server_default": ""})
    detail: str = ""


class BounceRow(SQLModel, table=True):
    """A report that a message came back, or that its reader complains of it. ``kind``: hard, soft, complaint."""

    __tablename__ = "bounce"

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id", index=True)
    recipient_id: int = Field(foreign_key="recipient.id")
    at: datetime
    kind: str
    status: str = ""
    detail: str = ""
    fingerprint: str = Field(unique=True)

    __table_args__ = (Index("ix_bounce_recipient", "recipient_id", "at"),)


class WebsubRow(SQLModel, table=True):
    """A subscription at a hub; ``token`` ends its callback's address. ``state`` is a ``Standing``.

    Without ``source_id`` nobody wants it any more, and the hub is being told. ``source_url`` is the source's address when its
    feed named the hub: with another one it is another feed. ``callback`` is the whole address that the hub was given.
    """

    __tablename__ = "websub"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int | None = Field(default=None, foreign_key="source.id", unique=True)
    source_url: str
    hub: str
    topic: str
    token: str = Field(unique=True)
    secret: str
    callback: str = ""
    state: str = "new"
    due_at: datetime = Field(index=True)
    created_at: datetime
    lease_until: datetime | None = None
    requested_at: datetime | None = None
    verified_at: datetime | None = None
    last_push_at: datetime | None = None
    pushes: int = 0
    failures: int = 0
    trusted: bool = False
    detail: str = ""


class PushRow(SQLModel, table=True):
    """What a hub sent, signed; it was told that we have it, and it is not yet stored as entries. Then the row goes."""

    __tablename__ = "push"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id", index=True)
    received_at: datetime
    content_type: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    attempts: int = 0
    lease_until: datetime | None = None


class TagAuthorityRow(SQLModel, table=True):
    """Who mints the ids of our own feeds (RFC 4151). One row, written once: ids must never change."""

    __tablename__ = "tag_authority"

    id: int | None = Field(default=None, primary_key=True)
    domain: str
    day: date
    token: str


class ChannelRow(SQLModel, table=True):
    """A webhook or a chat, and how it is doing: left alone until ``paused_until``, switched off for the reason ``disabled``.

    ``failing_since`` is the first try since the last that succeeded. The lease is the channel's: it is told one thing at a time.
    """

    __tablename__ = "channel"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime
    removed_at: datetime | None = None
    failing_since: datetime | None = None
    paused_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled: str = ""
    last_sent_at: datetime | None = None
    lease_until: datetime | None = None
    lease_token: str | None = None


class ChannelEventRow(SQLModel, table=True):
    """The outbox of channels: one event owed to one of them. ``key`` (``match:7``) is ours, ``event_id`` is what it is told."""

    __tablename__ = "channel_event"

    id: int | None = Field(default=None, primary_key=True)
    channel_id: int = Field(foreign_key="channel.id")
    key: str
    event_id: str
    type: str
    body: str
    state: str = "due"
    attempts: int = 0
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None = None
    code: int = 0
    detail: str = ""

    __table_args__ = (
        UniqueConstraint("channel_id", "key"),
        Index("ix_channel_event_due", "channel_id", "id", sqlite_where=sql("state = 'due'")),
    )


for _table in SQLModel.metadata.tables.values():
    portable(_table.columns, _table.indexes)
