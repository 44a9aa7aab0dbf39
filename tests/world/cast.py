"""Five hundred outlets with every behaviour that publishers show."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.world.outlet import DAY, HOUR, Answer, Behaviour, Outlet, rhythm

MINUTE = timedelta(minutes=1)
SLOWEST = timedelta(hours=4)
USUAL = SLOWEST * 1.1 + 5 * MINUTE
"""A healthy outlet that asks for nothing: its entries are safe when they stand for so long."""

CLOSED = DAY * 1.1 + USUAL
"""One that was closed, or failing: a day between two tries."""


class Cast:
    """Makes outlets by kind, each with a seed of its own."""

    def __init__(self, start: datetime, days: float) -> None:
        self.start, self.end = start, start + timedelta(days=days)
        self.outlets: list[Outlet] = []

    def add(self, kind: str, count: int, bound: timedelta = USUAL, **values: Any) -> list[Outlet]:
        """``per_day`` and ``window`` may be given; else they differ from outlet to outlet."""
        made = []
        for place in range(count):
            chance = random.Random(f"{kind}-{place}")
            settings = dict(values)
            per_day = settings.pop("per_day", None) or chance.choice((0.1, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0))
            published = rhythm(chance, self.start, self.end, per_day, bursts=settings.pop("bursts", 0.0))
            window = settings.pop("window", None) or chance.choice((20, 30, 40))
            name = f"{kind}{place}"
            made.append(Outlet(name, f"{name}.test", published, int(window), kind, bound, json=place % 8 != 0, **settings))
        self.outlets += made
        return made

    def at(self, day: float) -> datetime:
        """An instant, counted in days from the start."""
        return self.start + timedelta(days=day)


def during(start: datetime, end: datetime, answer: Answer) -> Behaviour:
    """This answer between two instants."""
    return lambda _, now, __: answer if start <= now < end else None


def throttling(start: datetime, status: int, seconds: int, *, as_date: bool = False, wrong: timedelta = timedelta()) -> Behaviour:
    """From ``start`` on, every sixth visit is told to come later by so many seconds (0: without saying when).

    ``wrong``: the server's own clock, in ``Date`` and ``Retry-After`` alike.
    """

    def behave(outlet: Outlet, now: datetime, _: dict[str, str]) -> Answer | None:
        if now < start or len(outlet.visits) % 6:
            return None
        headers: tuple[tuple[str, str], ...] = (("date", format_datetime(now + wrong, usegmt=True)),)
        outlet.not_before = now + (timedelta(seconds=seconds) if seconds else HOUR)
        if seconds:
            later = format_datetime(now + wrong + timedelta(seconds=seconds), usegmt=True) if as_date else str(seconds)
            headers = (*headers, ("retry-after", later))
        if as_date:  # an HTTP-date has no fractions
            outlet.not_before -= timedelta(seconds=1)
        return Answer(status, headers)

    return behave


def lying(start: datetime) -> Behaviour:
    """From ``start`` on, 304 to whoever brings a validator, whatever was published."""
    return lambda _, now, headers: Answer(304) if now >= start and "if-none-match" in headers else None


def flaky(outlet: Outlet, now: datetime, _: dict[str, str]) -> Answer | None:
    """One visit in eight goes wrong, in turn in four ways."""
    visit = len(outlet.visits)
    if visit % 8 != 3:
        return None
    wrongs = (Answer(500), Answer(broken="timeout"), Answer(502, body=b"<html>Bad gateway</html>"), Answer(broken="connect"))
    return wrongs[visit // 8 % 4]


def delta(outlet: Outlet, now: datetime, headers: dict[str, str]) -> Answer | None:
    """RFC 3229: who asks with ``A-IM: feed`` gets what is new since the validator."""
    seen = headers.get("if-none-match", "").strip('"').removeprefix(f"{outlet.name}-").partition("-")[0]
    if headers.get("a-im") != "feed" or not seen.isdigit() or int(seen) == outlet.visible(now).stop:
        return None
    etag = f'"{outlet.name}-{outlet.visible(now).stop}-0"'
    return Answer(226, (("etag", etag), ("im", "feed")), outlet.document(now, since=int(seen)))


def leaving(start: datetime, days: float) -> Behaviour:
    """410 for so long."""
    return during(start, start + timedelta(days=days), Answer(410))


def make_cast(start: datetime, days: float) -> Cast:
    """All of them."""
    cast = Cast(start, days)
    cast.add("plain", 178)
    cast.add("bursts", 12, window=50, per_day=12.0, bursts=35.0)
    cast.add("busy", 4, window=30, per_day=60.0)
    cast.add("bare", 24, validators=False)
    cast.add("deaf", 20, honours=False)
    for place, length in enumerate((0.5, 1, 2, 3, 6, 12)):
        seconds = int(length * 3600)
        bound = max(USUAL, timedelta(hours=length) + 20 * MINUTE)
        for outlet in cast.add(f"maxage{place}x", 6, bound, asks=(("cache-control", f"public, max-age={seconds}"),)):
            outlet.asked = timedelta(seconds=seconds)
    for outlet in cast.add("absurd", 4, DAY + HOUR, asks=(("cache-control", "max-age=31536000"),)):
        outlet.asked = timedelta(days=365)
    hourly = "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>"
    for place, channel in enumerate(("<ttl>180</ttl>", hourly)):
        for outlet in cast.add(f"channel{place}x", 12, channel=channel):
            outlet.json, outlet.asked = False, (3 * HOUR, HOUR)[place]
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(7))
    for outlet in cast.add("nightly", 10, 8 * HOUR + USUAL, channel=f"<skipHours>{hours}</skipHours>"):
        outlet.json = False
    # They ask for six hours and show ten entries, at three an hour: entries must be lost, and the loss must be known.
    for outlet in cast.add(
        "tight", 8, 6 * HOUR + 20 * MINUTE, window=10, per_day=72.0, asks=(("cache-control", "max-age=21600"),)
    ):
        outlet.asked = 6 * HOUR
    cast.add("lying", 10, DAY * 1.2 + 2 * USUAL, per_day=6.0, window=40, before=lying(cast.at(1)))
    cast.add("slowdown", 12, 7 * HOUR, before=throttling(cast.at(0.5), 429, 5400))
    cast.add("slowdate", 10, 7 * HOUR, before=throttling(cast.at(0.5), 429, 7200, as_date=True, wrong=10 * MINUTE))
    cast.add("resting", 8, 7 * HOUR, before=throttling(cast.at(0.5), 503, 3600, as_date=True, wrong=-10 * MINUTE))
    cast.add("hinting", 6, 7 * HOUR, before=throttling(cast.at(0.5), 429, 0))
    cast.add("flaky", 24, 2 * USUAL, before=flaky)
    cast.add("missing", 8, CLOSED, before=during(cast.at(2), cast.at(2.5), Answer(404)))
    for outlet in cast.add("gone", 4, CLOSED, before=during(cast.at(1), cast.end, Answer(410))):
        outlet.published = [at for at in outlet.published if at < cast.at(0.5)]  # and nothing that anybody could see
    cast.add("returning", 4, 2 * CLOSED, before=leaving(cast.at(1), 1.2))
    for outlet in cast.add("refusing", 8, CLOSED, before=during(cast.at(1), cast.end, Answer(403))):
        outlet.published = [at for at in outlet.published if at < cast.at(0.5)]
    cast.add("locked", 4, CLOSED, before=during(cast.at(1), cast.at(3), Answer(401)))
    html = ("content-type", "text/html")
    challenge = Answer(403, (("cf-mitigated", "challenge"), html), b"<html><title>Just a moment...</title>")
    cast.add("guarded", 4, CLOSED, before=during(cast.at(1), cast.at(3), challenge))
    page = Answer(200, (html,), b"<!doctype html><html><title>Back soon</title><p>We are moving house.</p></html>")
    cast.add("painted", 6, CLOSED, before=during(cast.at(2), cast.at(2.1), page))
    for outlet in cast.add("looping", 4, CLOSED, before=lambda outlet, _, __: Answer(302, (("location", outlet.url),))):
        outlet.published = []
    for outlet in cast.add("renumbered", 4):
        outlet.renumbered_at = cast.at(3)
    cast.add("delta", 8, before=delta)
    cast.add("moved", 8)
    cast.add("detour", 4)
    cast.add("upgrade", 4)
    # Forty feeds on one host.
    for place, outlet in enumerate(cast.add("crowd", 40)):
        outlet.host, outlet.json = "crowd.test", place % 4 != 0
    return cast
