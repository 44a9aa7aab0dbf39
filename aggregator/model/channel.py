"""Ways out beside mail: webhooks and chat services, and the events that they are owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase


class ChannelKind(StrEnum):
    """What stands at the other end: a program that takes signed JSON, or people in a chat."""

    WEBHOOK = "webhook"
    CHAT = "chat"


class EventType(StrEnum):
    """What a webhook can be told. A chat is told the first of them, of rules that alert at once."""

    ARTICLE_MATCHED = "article.matched"
    DIGEST_SENT = "digest.sent"
    SOURCE_FAILING = "source.failing"


class ChatStyle(StrEnum):
    """What a chat takes for markup: nothing, some HTML, Markdown, or Slack's own signs."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"
    SLACK = "slack"


CHAT_SCHEMAS = {
    **dict.fromkeys(("gotify", "gotifys", "ntfy", "ntfys", "pover"), ChatStyle.PLAIN),
    **dict.fromkeys(("discord", "mmost", "mmosts", "rocket", "rockets", "zulip"), ChatStyle.MARKDOWN),
    "slack": ChatStyle.SLACK,
    "tgram": ChatStyle.HTML,
}
"""What the address of a chat may begin with: services where people read, whose escaping is known and tested.

Apprise knows many that act on this machine or on others (dbus, syslog, kodi, json), and those are none of our business.
"""


@dataclass(frozen=True, slots=True)
class Channel:
    """A webhook or a chat. ``rules`` are slugs or shell patterns; ``owner`` is the reader who is told when it was switched off.

    ``url``, ``events`` and ``allow_networks`` (private networks that it may stand in) are a webhook's. A chat's address is a
    secret, as keys are: neither is here.
    """

    slug: str
    kind: ChannelKind = ChannelKind.WEBHOOK
    url: str = ""
    rules: tuple[str, ...] = ("*",)
    events: tuple[EventType, ...] = (EventType.ARTICLE_MATCHED,)
    owner: str = ""
    allow_networks: tuple[str, ...] = ()
    enabled: bool = True

    def follows(self, rule: str) -> bool:
        """Whether one of ``rules`` selects the rule of that slug."""
        return any(fnmatchcase(rule, pattern) for pattern in self.rules)

    def wants(self, event: EventType) -> bool:
        """Whether it is told of such things at all."""
        return self.enabled and event in self.events


class EventState(StrEnum):
    """Where an event stands. ``FAILED``: given up, and can be replayed; ``SKIPPED``: left out by the operator."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class OwedEvent:
    """An event that waits. ``event_id`` is the same in every try; ``body`` is JSON; ``attempts`` were made before."""

    id: int
    event_id: str
    type: str
    body: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A leased channel with what it is to be told next: one event of a webhook, all that wait of a chat.

    ``failing_since`` is None when the last try succeeded.
    """

    channel_id: int
    channel: Channel
    events: tuple[OwedEvent, ...]
    failing_since: datetime | None
    lease_token: str


class Answer(StrEnum):
    """How one try ended. ``REFUSED``: this event; ``UNREACHABLE``: any event would fare so; ``GONE``: it wants no more, ever."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ChannelAttempt:
    """One try. ``code`` is HTTP's, 0 if there was none; ``detail`` is in words and holds no secret."""

    answer: Answer
    code: int = 0
    detail: str = ""
    retry_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows from a try: where the events stand, when they are tried again, until when the channel rests.

    ``given_up``: those of them (ids) whose last try this was, wherever the others stand. ``disabled`` says why the channel is
    switched off; "" if it is not.
    """

    state: EventState
    due_at: datetime | None = None
    paused_until: datetime | None = None
    disabled: str = ""
    given_up: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How a channel is doing, and how many of its events stand where."""

    channel: Channel
    removed: bool
    waiting: int
    sent: int
    failed: int
    failing_since: datetime | None
    last_sent_at: datetime | None
    next_try_at: datetime | None
    disabled_at: datetime | None
    disabled: str
    detail: str
