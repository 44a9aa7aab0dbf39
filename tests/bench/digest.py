"""Digests: composing and rendering for many readers, and handing the mails to a relay, each beside a plain way in the same run.

A reader has 200 matches under five rules: made-up articles of about 2,000 characters in stories of one to six outlets, one in
four Persian, drawn anew for each reader. ``compose`` makes issues of them, ``render`` letters, ``seal`` messages; articles per
second are those of all three, on one core. ``jinja`` is the template alone, filled with the page that was chosen: the floor of
any renderer on Jinja. ``python`` is a mail of the same headlines and beginnings by string formatting, with nothing chosen, marked
or fitted. The messages then go to a relay (aiosmtpd, in a process of its own) that takes everything: by our transport, one
awaited after the other, and by smtplib's ``sendmail`` over one connection. Memory is the peak of the process. Usage:
``make bench NAME=digest [ARGS="--readers=1000 --matches=200"]``; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import resource
import smtplib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from html import escape
from multiprocessing.connection import Connection

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP

from aggregator.config.settings import MailMode, MailSecurity, MailSettings
from aggregator.digest import compose, render_digest, rendering
from aggregator.digest.view import LADDER, page_of
from aggregator.letter import Stories, first_fitting, words_of
from aggregator.model.article import Article, TextOrigin
from aggregator.model.delivery import (
    AttemptOutcome,
    Delivery,
    DeliveryKind,
    DigestIssue,
    Letter,
    Links,
    MatchedArticle,
    Recipient,
    RuleDigest,
)
from aggregator.model.rule import Span
from aggregator.notify import SmtpTransport, build_message
from tests.bench.group import yardstick

DAY = date(2026, 11, 24)
WINDOW = (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC))
RULES = [RuleDigest(f"rule-{n}", f"Watched subject {n}", "q", (40, 38, 44, 41, 37, 45, 39) * 2) for n in range(5)]
LATIN = "harbour council tunnel strike minister vote court police budget border energy match rain".split()  # noqa: SIM905
PERSIAN = "بندر شورا تونل اعتصاب وزیر رأی دادگاه پلیس بودجه مرز انرژی باران قیمت".split()  # noqa: SIM905
OUTLETS = [(f"Outlet {n}", ("state", "opposition", "wire", "international", "")[n % 5]) for n in range(60)]


def articles(count: int, random_: random.Random) -> list[tuple[Article, tuple[Span, ...]]]:
    """Articles in stories; every third copies the text of its story's first. The hits are as the matcher gives them."""
    made: list[tuple[Article, tuple[Span, ...]]] = []
    story = 0
    while len(made) < count:
        story += 1
        words, language = (PERSIAN, "fa") if story % 4 == 0 else (LATIN, "en")
        hit = words[0]
        title = " ".join(random_.choices(words, k=9))
        text = ". ".join(" ".join(random_.choices(words, k=14)) for _ in range(24))
        for place in range(random_.randint(1, 6)):
            outlet, group = random_.choice(OUTLETS)
            at = WINDOW[0] + timedelta(seconds=random_.randrange(86_400))
            number = len(made) + 1
            article = Article(
                id=number, story_id=story, group_id=story * 10 + place // 3, source_slug=outlet.lower(), source_name=outlet,
                source_group=group, country="", url=f"https://outlet.example/{number}-{'-'.join(LATIN[:6])}",
                title=title, text=text, text_origin=TextOrigin.PAGE, note="", authors=(), tags=(), language=language,
                published_at=at, has_time=True, first_seen_at=at, revision=1, words=340, baseline=False,
            )  # fmt: skip
            where = (("title", title), ("body", text))
            spans = tuple(Span(field, at, at + len(hit), hit) for field, told in where for at in _places(told, hit))
            made.append((article, spans))
    return made[:count]


def _places(where: str, hit: str) -> Iterator[int]:
    start = where.find(hit)
    while start >= 0:
        yield start
        start = where.find(hit, start + 1)


def matches_of(pool: Sequence[tuple[Article, tuple[Span, ...]]], count: int, random_: random.Random) -> list[MatchedArticle]:
    """A reader's matches: whole stories in a row, under one of the five rules each."""
    start = random_.randrange(len(pool))
    chosen = [pool[(start + n) % len(pool)] for n in range(count)]
    return [
        MatchedArticle(number, f"rule-{article.story_id % len(RULES)}", article, spans, ("harbour",), article.first_seen_at)
        for number, (article, spans) in enumerate(chosen, 1)
    ]


class Stopwatch:
    """Seconds of CPU by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - start


def plain_mail(items: Sequence[MatchedArticle]) -> str:
    """The baseline: what string formatting alone would make of the same matches."""
    rows = "".join(
        f'<h3><a href="{escape(item.article.url)}">{escape(item.article.title)}</a></h3><p>{escape(item.article.source_name)}</p>'
        f"<p>{escape(item.article.text[:320])}</p>"
        for item in items
    )
    return f"<!DOCTYPE html><html><body>{rows}</body></html>"


def writing(readers: int, matches: int) -> tuple[dict[str, float], list[bytes]]:
    """Mails for everybody, and what each step took."""
    random_, watch, messages = random.Random(5), Stopwatch(), []
    pool = articles(max(4 * matches, 2_000), random_)
    person = Recipient("desk", "desk@example.org", timezone="Europe/Paris")
    template: Callable[[], str] | None = None
    size = 0

    for number in range(readers):
        items = matches_of(pool, matches, random_)
        previous = {item.article.story_id for item in items[::3]}
        with watch.of("compose"):
            issue: DigestIssue = compose(
                person, DAY, WINDOW, items, RULES, [], instance="Newsdesk", missed_days=0, previous=previous
            )
        with watch.of("render"):
            letter: Letter = render_digest(issue)
        with watch.of("seal"):
            message = build_message(
                letter, sender="desk@watch.example", sender_name="Newsdesk", recipient=person.address, recipient_name="",
                message_id=f"<digest.{number}@watch.example>", date=WINDOW[1], list_id="digests.watch.example",
            )  # fmt: skip
        with watch.of("python"):
            plain_mail(items)
        template = template or chosen(issue)
        with watch.of("jinja"):
            template()
        size += len(letter.html.encode())
        messages.append(message)
    spent = watch.spent
    ours = spent["compose"] + spent["render"] + spent["seal"]
    return {
        **{f"{name}_ms": round(1000 * seconds / readers, 2) for name, seconds in spent.items()},
        "articles_per_second": round(readers * matches / ours),
        "render_to_jinja": round(spent["render"] / spent["jinja"], 2),
        "all_to_python": round(ours / spent["python"], 1),
        "html_kb": round(size / readers / 1000, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }, messages


def chosen(issue: DigestIssue) -> Callable[[], str]:
    """The template alone, filled with the page of ``issue`` that fits."""
    words, links = words_of(issue.language), Links()

    def html(step: int) -> str:
        stories = Stories(issue.day, words)
        page = page_of(issue, LADDER[step], words, links, stories)
        return rendering._html(issue, page, "", words, links, stories)

    step, stories = first_fitting(len(LADDER), html), Stories(issue.day, words)
    page = page_of(issue, LADDER[step], words, links, stories)
    return lambda: rendering._html(issue, page, "", words, links, Stories(issue.day, words))


class Sink:
    """Takes everything."""

    async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:  # noqa: N802
        """Thank you."""
        return "250 OK"


def serve(ready: Connection) -> None:
    """A relay on a free port, until told to stop."""
    asyncio.run(_serve(ready))


async def _serve(ready: Connection) -> None:
    loop = asyncio.get_running_loop()
    controller = UnthreadedController(Sink(), hostname="127.0.0.1", port=0, loop=loop)
    server = await loop.create_server(controller.factory, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, ready.recv)
    server.close()


def sending(messages: Sequence[bytes]) -> dict[str, float]:
    """All messages to the relay, twice: by smtplib and by us."""
    here, there = multiprocessing.Pipe()
    relay = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    relay.start()
    try:
        port = here.recv()
        begun = time.perf_counter()
        with smtplib.SMTP("127.0.0.1", port) as client:
            for message in messages:
                client.sendmail("desk@watch.example", ["desk@example.org"], message)
        plain = time.perf_counter() - begun
        begun = time.perf_counter()
        asyncio.run(_send(messages, port))
        ours = time.perf_counter() - begun
    finally:
        here.send("stop")
        relay.join()
    rate = len(messages)
    return {
        "smtplib_per_second": round(rate / plain),
        "sent_per_second": round(rate / ours),
        "sending_to_smtplib": round(ours / plain, 2),
        "sent_mb": round(sum(map(len, messages)) / 1e6, 1),
    }


async def _send(messages: Sequence[bytes], port: int) -> None:
    mail = MailSettings(mode=MailMode.SMTP, sender="desk@watch.example", host="127.0.0.1", port=port, security=MailSecurity.NONE)
    transport = SmtpTransport(mail)
    for number, message in enumerate(messages):
        mail_id = f"<digest.{number}@watch.example>"
        delivery = Delivery(number, DeliveryKind.DIGEST, "desk", "desk@example.org", mail_id, message, 0, WINDOW[1], "")
        attempt = await transport.send(delivery)
        assert attempt.outcome is AttemptOutcome.ACCEPTED, attempt
    await transport.aclose()


def main() -> None:
    """Write, then send."""
    parser = argparse.ArgumentParser(prog="make bench NAME=digest")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--matches", type=int, default=200)
    asked = parser.parse_args()
    before = yardstick()
    figures, messages = writing(asked.readers, asked.matches)
    figures |= sending(messages)
    figures["yardstick_ms"] = round(max(before, yardstick()), 1)
    for name, value in figures.items():
        print(f"{name:>22} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
