"""A clock stepped by hand; a configuration for a newsroom of generated outlets; and a hand-made outlet and mail relay."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import SQLModel, select

from aggregator.app import App
from aggregator.config.settings import (
    AlertSettings,
    ArticleSettings,
    Config,
    FetchSettings,
    MailMode,
    MailSecurity,
    MailSettings,
    PollSettings,
    Settings,
    StoreSettings,
    WorkerSettings,
)
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Lane, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.newsroom import MARKER_WORDS, Newsroom
from aggregator.newsroom.server import Request, Response, Server, bind

_WORDS = (
    "anchor basket candle drawer engine feather garden hammer island jacket kettle lantern marble napkin orange pillow quarry "
    "rocket saddle tunnel umbrella valley window yellow carries follows gathers holds keeps leaves mends opens paints reads "
    "sends turns under beside beyond after before between around without early late quiet narrow heavy bright"
)
_SYLLABLES = tuple(f"{consonant}{vowel}" for consonant in "bdfgklmnprstv" for vowel in "aeiou")


class SteppedClock:
    """Time passes only when ``at`` is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(datetime(2026, 3, 20, 0, 0, tzinfo=UTC))


Configure = Callable[..., Config]


@pytest.fixture
def configure(tmp_path: Path, migrated: Callable[[Path], str]) -> Configure:
    """Rules for the marker words (the first five urgent), one reader in Paris for all, one in Tehran for some."""

    def make(newsroom: Newsroom, interval: timedelta = timedelta(minutes=50)) -> Config:
        rules = [
            RuleSpec(f"word-{number}", word, word, Lane.NOW if number < 5 else Lane.DIGEST)
            for number, word in enumerate(MARKER_WORDS)
        ]
        return Config(
            Settings(
                store=StoreSettings(migrated(tmp_path / "world.db")),
                fetch=FetchSettings(allow_networks=("127.0.0.0/8",), host_gap=0.0, deadline=1.0),
                poll=PollSettings(floor=timedelta(seconds=1), backoff_max=timedelta(hours=2)),
                workers=WorkerSettings(processes=2),
                articles=ArticleSettings(recheck=(), recheck_others=()),
                mail=MailSettings(folder=tmp_path / "mail", sender="desk@example.org"),
                alerts=AlertSettings(group_wait=timedelta(seconds=20)),
            ),
            sources=tuple(
                SourceSpec(
                    slug=outlet.slug,
                    url=outlet.feed_url,
                    name=outlet.name,
                    group=outlet.group,
                    language=outlet.language,
                    timezone=outlet.timezone,
                    interval=interval,
                )
                for outlet in newsroom.outlets
            ),
            rules=tuple(rules),
            recipients=(
                Recipient("paris", "paris@example.org", timezone="Europe/Paris", digest_at=time(7)),
                Recipient("tehran", "tehran@example.org", timezone="Asia/Tehran", digest_at=time(6, 30), rules=("word-[0-3]",)),
            ),
        )

    return make


Answer = Response | None


@dataclass
class Item:
    """One entry of a hand-made feed; what is empty is left out of it."""

    title: str
    summary: str
    guid: str = ""
    link: str = ""
    date: str = ""


class Site:
    """An outlet whose feed and pages a test writes and rewrites. It answers on a port of its own, so it is a host of its own."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.pages: dict[str, Answer] = {}
        self.feed: Answer = None
        """What the feed's address answers in the place of the items."""
        self.etags = False
        self.moved = ""
        """Where the feed's address leads to, if it redirects."""
        self.meanwhile: Callable[[], object] | None = None
        """What happens, once, while the feed is asked for."""
        self.asked: list[Request] = []
        listeners, self.port = bind(["127.0.0.1"], 0)
        self._server = Server(self._answer)
        self._server.start(listeners)

    def close(self) -> None:
        self._server.close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def source(self, slug: str = "site", path: str = "/feed", **values: Any) -> SourceSpec:
        values = {"interval": timedelta(minutes=30), **values}
        return SourceSpec(slug, self.url(path), name=slug.title(), language="en", **values)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.asked]

    def publish(self, name: str, word: str = "", *, on_page: str = "", page: bool = True) -> Item:
        """A story about its own things: ``word`` stands in the feed and on the page, ``on_page`` on the page only."""
        text = self.text(name)
        item = Item(f"{name.title()} story", f"{text[0]} {word}", f"tag:{name}", self.url(f"/{name}"))
        self.items.insert(0, item)
        if page:
            self.pages[f"/{name}"] = self.page(item.title, [f"{text[0]} {word}", *text[1:], f"{on_page} {text[-1][:40]}"])
        return item

    @staticmethod
    def text(name: str) -> list[str]:
        """Four paragraphs that nobody else has, about things that nobody else writes of."""
        rng = random.Random(name)
        things = ["".join(rng.choices(_SYLLABLES, k=4)) for _ in range(24)]
        sentences = [" ".join(rng.choices(things, k=6) + rng.choices(_WORDS.split(), k=6)).capitalize() + "." for _ in range(16)]
        return [" ".join(sentences[start : start + 4]) for start in range(0, 16, 4)]

    @staticmethod
    def page(title: str, paragraphs: Sequence[str]) -> Response:
        body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        head = f"<head><title>{escape(title)}</title></head>"
        html = f"<html>{head}<body><article><h1>{escape(title)}</h1>{body}</article></body></html>"
        return Response(200, {"Content-Type": "text/html; charset=utf-8"}, html.encode())

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        if not request.path.startswith("/feed"):
            return self.pages.get(request.path) or Response(404)
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            happen()
        if self.moved and request.path == "/feed":
            return Response(301, {"Location": self.moved})
        if self.feed is not None:
            return self.feed
        body = self._rss()
        headers = {"Content-Type": "application/rss+xml"}
        if self.etags:
            headers["ETag"] = f'"{sha256(body).hexdigest()[:12]}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(304, headers)
        return Response(200, headers, body)

    def _rss(self) -> bytes:
        fields = (("title", "title"), ("description", "summary"), ("guid", "guid"), ("link", "link"), ("pubDate", "date"))
        items = "".join(
            "<item>" + "".join(f"<{tag}>{escape(getattr(item, name))}</{tag}>" for tag, name in fields if getattr(item, name))
            + "</item>"
            for item in self.items
        )  # fmt: skip
        return f'<rss version="2.0"><channel><title>The site</title><link>{self.url("/")}</link>{items}</channel></rss>'.encode()


@pytest.fixture
def make_site() -> Iterator[Callable[[], Site]]:
    sites: list[Site] = []

    def make() -> Site:
        sites.append(Site())
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()


class Relay:
    """A mail relay on a port that stays the same while it is down. ``answers`` are given first, by command or by address."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}
        self.mails: list[tuple[str, bytes]] = []
        self.asked: list[str] = []
        """Every sender and recipient that was named, accepted or not."""
        self.held: dict[str, asyncio.Event] = {}
        """Addresses that are slow: they are answered when their event is set."""
        self.reached: asyncio.Queue[str] = asyncio.Queue()
        """The recipients, as they are named."""
        self._held = socket.socket()
        self._held.bind(("127.0.0.1", 0))  # not listening: connections are refused, and nobody else takes the port
        self.port: int = self._held.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._open: list[SMTP] = []

    async def up(self) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            self._open.append(SMTP(self, hostname="relay.example.org", loop=loop))
            return self._open[-1]

        self._held.close()
        self._server = await loop.create_server(protocol, "127.0.0.1", self.port)

    def closed(self) -> None:
        """Take no new connections; those that are there go on."""
        if self._server is not None:
            self._server.close()

    async def down(self) -> None:
        for smtp in self._open:
            _abort(smtp)
        self._open.clear()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def ids(self) -> list[str]:
        """Message-IDs in order of arrival."""
        return [message_from_bytes(mail)["Message-ID"] for _, mail in self.mails]

    def texts(self, address: str) -> list[str]:
        """Subject and text part of every mail to an address."""
        found = [message_from_bytes(mail, policy=policy.default) for to, mail in self.mails if to == address]
        bodies = [mail.get_body(("plain",)) for mail in found]
        return [f"{mail['Subject']}\n{body.get_content() if body else ''}" for mail, body in zip(found, bodies, strict=True)]

    async def handle_MAIL(  # noqa: N802 - the name of aiosmtpd's hook, as below
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append("MAIL")
        envelope.mail_from = address
        return self._next("MAIL") or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append(address)
        self.reached.put_nowait(address)
        if address in self.held:
            await self.held[address].wait()
        if answer := self._next(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.rcpt_tos[0], envelope.content))
        if self._next("DATA") == "drop":
            _abort(server)
            await asyncio.Event().wait()  # until the connection's task is cancelled
        return "250 queued"

    def _next(self, command: str) -> str | None:
        answers = self.answers.get(command)
        return answers.pop(0) if answers else None


def _abort(server: SMTP) -> None:
    transport: Any = server.transport
    if transport is not None:
        transport.abort()


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """A relay that is up."""
    made = Relay()
    await made.up()
    yield made
    await made.down()


@pytest.fixture
def desk(tmp_path: Path, migrated: Callable[[Path], str]) -> Callable[..., Config]:
    """``desk(*sources, relay=, people=, **settings)``: an urgent rule for "quillback", a calm one for "sorrelwood"."""

    def make(
        *sources: SourceSpec,
        relay: Relay | None = None,
        people: Sequence[Recipient] = (),
        rules: Sequence[RuleSpec] = (),
        **over: Any,
    ) -> Config:
        mail = MailSettings(folder=tmp_path / "mail", sender="desk@example.org")
        if relay is not None:
            mail = replace(mail, mode=MailMode.SMTP, host="127.0.0.1", port=relay.port, security=MailSecurity.NONE, timeout=5.0)
        settings = Settings(
            store=StoreSettings(migrated(tmp_path / "world.db")),
            fetch=FetchSettings(allow_networks=("127.0.0.0/8",), host_gap=0.0, deadline=10.0),
            poll=PollSettings(floor=timedelta(seconds=1), backoff_max=timedelta(hours=8)),
            workers=WorkerSettings(processes=1),
            articles=ArticleSettings(recheck=(), recheck_others=()),
            mail=mail,
        )
        return Config(
            replace(settings, **over),
            sources=sources,
            rules=tuple(rules)
            or (RuleSpec("quill", "Quillback", "quillback", Lane.NOW), RuleSpec("oak", "Sorrelwood", "sorrelwood")),
            recipients=tuple(people) or (Recipient("ana", "ana@example.org"),),
        )

    return make


@pytest.fixture
def rows() -> Callable[..., list[Any]]:
    """``rows(app, Table, condition, …)``: rows as they are now, by their primary key."""

    def read(app: App, table: type[SQLModel], *where: Any) -> list[Any]:
        key = list(table.__table__.primary_key)  # type: ignore[attr-defined]
        return app.rooms.store.read_now(lambda session: list(session.exec(select(table).where(*where).order_by(*key))))

    return read
