"""A source's dossier and the account of our manners, as an operator reads them: 80 columns, times in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any

from aggregator.cli.printing import counted, plain, printable, span, utc
from aggregator.manners import WORDS
from aggregator.manners.timing import JITTER, safe_wait
from aggregator.model.dossier import Conduct, Dossier, Flood, PastGap, PastMove, PastPoll, Score
from aggregator.model.source import Trouble, Trust
from aggregator.model.websub import Standing

WIDTH = 80
_LABEL = 12
FLOODS = 3
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_TRUST = {
    Trust.UNKNOWN: "not known yet: no conditional request has shown it",
    Trust.HONEST: "honest: it answers 304 while nothing is new, and nothing speaks against it",
    Trust.IGNORED: "ignored: it sends the whole feed again although we have it",
    Trust.LYING: "lying: it said 304 while there were new entries; now it is always asked for the whole feed",
}
_OUTCOMES = {"fetched": "fetched", "unchanged": "the same bytes", "not_modified": "not modified"}
_STANDINGS = {
    Standing.NEW: "it will be asked to tell us of news",
    Standing.PENDING: "it was asked to tell us of news, and has not answered yet",
    Standing.ACTIVE: "it has stopped telling us of news: its promise ran out",
    Standing.RENEWING: "it was asked again to tell us of news, and has not answered yet",
    Standing.DENIED: "it does not want to tell us of news",
    Standing.FAILED: "it could not be asked to tell us of news; it is tried again",
    Standing.LEAVING: "it is told that we do not want its news any more",
}
_ROBOTS = {
    "rules": "has rules, and pages are fetched as they say",
    "none": "allows everything",
    "closed": "cannot be had, so no page is fetched",
}


def state_of(dossier: Dossier) -> str:
    """One plain phrase: how the source is doing."""
    if dossier.removed_at is not None:
        return f"taken out of the configuration on {utc(dossier.removed_at)}"
    if not dossier.enabled:
        return "off: enabled = false stands in sources.toml"
    if dossier.merged_into:
        return f"resting: it is the same feed as {dossier.merged_into}, which is polled in its place"
    if dossier.trouble is not Trouble.NONE:
        return f"failing: {WORDS[dossier.trouble]}"
    return "fine" if dossier.last_success_at else "new: not polled yet"


def as_record(dossier: Dossier) -> dict[str, Any]:
    """The dossier for programs: instants as ISO 8601 in UTC, lengths of time in seconds, and the state in words."""
    return {"state": state_of(dossier), **{name: plain(value) for name, value in asdict(dossier).items()}}


def score_record(score: Score) -> dict[str, Any]:
    """A source's account of our manners, for programs."""
    per_hour = {"whole": round(score.whole.per_hour, 3), "week": round(score.week.per_hour, 3)}
    record: dict[str, Any] = plain(asdict(score))
    return record | {name: record[name] | {"per_hour": value} for name, value in per_hour.items()}


class _Sheet:
    """Rows with a label, wrapped."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def row(self, label: str, *paragraphs: str) -> None:
        for paragraph in filter(None, paragraphs):
            pieces = wrap(printable(paragraph), WIDTH - _LABEL - 2, break_long_words=False, break_on_hyphens=False)
            for piece in pieces:
                self.lines.append(f"  {label:{_LABEL}}{piece}".rstrip())
                label = ""

    def table(self, label: str, rows: Iterable[str]) -> None:
        for row in rows:
            self.lines.append(f"  {label:{_LABEL}}{printable(row)}".rstrip())
            label = ""


def dossier_lines(dossier: Dossier, now: datetime) -> list[str]:
    """The whole dossier."""
    sheet = _Sheet()
    group = f" ({dossier.group})" if dossier.group else ""
    sheet.lines += wrap(printable(f"{dossier.slug} — {dossier.title}{group}"), WIDTH, subsequent_indent="  ")
    _identity(sheet, dossier)
    _state(sheet, dossier, now)
    _next_poll(sheet, dossier, now)
    _rhythm(sheet, dossier)
    sheet.row("asked of us", *_hints(dossier))
    sheet.row("validators", _trust(dossier))
    _hub(sheet, dossier, now)
    _host(sheet, dossier)
    _brought(sheet, dossier)
    sheet.row("renumbered", *map(_flood, dossier.floods[:FLOODS]))
    sheet.table("last polls", _poll_table(dossier.polls))
    sheet.table("our manners", conduct_table(dossier.score))
    return sheet.lines


def _identity(sheet: _Sheet, dossier: Dossier) -> None:
    sheet.row("feed", dossier.url_in_force, "" if dossier.url == dossier.url_in_force else f"configured as {dossier.url}")
    sheet.row("site", dossier.site_url or "")
    sheet.row("moves", *map(_move, dossier.moves))
    if dossier.proposed_url:
        sheet.row(
            "perhaps at", dossier.proposed_url, f"Its site names this feed. To accept: aggregator source move {dossier.slug}"
        )


def _move(past: PastMove) -> str:
    undone = f"; undone on {utc(past.undone_at)}" if past.undone_at else ""
    merged = f"; {past.merged_into} was there already" if past.merged_into else ""
    return f"{utc(past.at)} from {past.move.from_url} to {past.move.to_url} ({past.move.reason}{merged}{undone})"


def _state(sheet: _Sheet, dossier: Dossier, now: datetime) -> None:
    sheet.row("state", state_of(dossier))
    if dossier.failing_since is not None:
        since = f"since {utc(dossier.failing_since)} ({span(now - dossier.failing_since)}), {dossier.failures} in a row"
        sheet.row("", since, f"{dossier.failure_kind}: {dossier.failure_detail}")
        if dossier.history.sample:
            sheet.row("", f"it sent: {dossier.history.sample}")
    history = dossier.history
    if history.moving_to and history.moving_since:
        polls = counted(history.moving_polls, "answer")
        sheet.row("", f"it redirects to {history.moving_to} since {utc(history.moving_since)} ({polls}); believed after a week")
    success = (
        f"{utc(dossier.last_success_at)} ({span(now - dossier.last_success_at)} ago)" if dossier.last_success_at else "never"
    )
    sheet.row("", f"last answered {success}" if dossier.last_fetch_at else "")


def _next_poll(sheet: _Sheet, dossier: Dossier, now: datetime) -> None:
    at = dossier.next_poll_at
    if at is None:
        sheet.row("next poll", "never, as it stands")
        return
    when = "now" if dossier.under_way else f"in {span(at - now)}" if at > now else "due"
    sheet.row("next poll", f"{utc(at)} ({when})", dossier.poll_reason)
    if dossier.allowed_at and dossier.allowed_at > now:
        sheet.row("", f"the publisher allows it from {utc(dossier.allowed_at)} on")
    if dossier.throttled_until and dossier.throttled_until > at:
        sheet.row("", f"but its host asked us to come less often, and rests until {utc(dossier.throttled_until)}")


def _flood(flood: Flood) -> str:
    known = f"{flood.known} of {counted(flood.entries, 'new entry', 'new entries')} were known articles under new ids"
    return f"{utc(flood.at)}: {known}; nobody was told of them again"


def _rhythm(sheet: _Sheet, dossier: Dossier) -> None:
    history = dossier.history
    if dossier.interval:
        sheet.row("rhythm", f"polled every {span(dossier.interval)}, as configured")
    if history.rate is None:
        sheet.row("" if dossier.interval else "rhythm", "how fast it publishes is not known yet")
        return
    usual = f", {_daily(history.usual_rate)} usually" if history.usual_rate is not None else ""
    busiest = f"; {history.burst:.0f} in its busiest hour lately" if history.burst >= 1 else ""
    sheet.row("" if dossier.interval else "rhythm", f"about {_daily(history.rate)} new entries a day now{usual}{busiest}")
    safe = safe_wait(history.burst, history.window)
    if safe < timedelta(days=365):
        odds = f"with a poll every {span(safe)} the chance that one scrolls out unseen is below 1 in 200"
        sheet.row("", f"its window holds {counted(history.window, 'entry', 'entries')}; {odds}")
        if history.wait and history.wait > safe * (1 + JITTER):
            sheet.row("", f"the next poll was planned after {span(history.wait)}, which is longer: some may be missed")


def _daily(rate: float) -> str:
    if rate * 24 < 0.1:
        return "0"
    return f"{rate * 24:.0f}" if rate * 24 >= 10 else f"{rate * 24:.1f}"


def _hints(dossier: Dossier) -> Sequence[str]:
    history = dossier.history
    hints = history.hints
    said = [
        f"keep an answer for {span(history.cache)} (max-age, Expires)" if history.cache else "",
        f"keep the feed for {span(hints.ttl)} (ttl)" if hints.ttl else "",
        f"it changes every {span(hints.update_every)} (sy:updatePeriod)" if hints.update_every else "",
        f"skip the hours {_runs(hints.skip_hours)} GMT (skipHours)" if hints.skip_hours else "",
        f"skip {', '.join(_DAYS[day - 1] for day in hints.skip_days)} (skipDays)" if hints.skip_days else "",
    ]
    return [line for line in said if line] or ["nothing"]


def _runs(hours: Sequence[int]) -> str:
    """``0-5, 22, 23``."""
    runs: list[list[int]] = []
    for hour in hours:
        if runs and hour == runs[-1][-1] + 1:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _trust(dossier: Dossier) -> str:
    probed = dossier.history.probed_at
    return _TRUST[dossier.history.trust] + (f" (put to the test {utc(probed)})" if probed else "")


def _hub(sheet: _Sheet, dossier: Dossier, now: datetime) -> None:
    hub = dossier.hub
    if hub is None:
        return
    if hub.lease_until and hub.lease_until > now:
        said = f"it tells us of news until {utc(hub.lease_until)}, and is asked again before"
        said += (
            "; it was quicker than our polls, which rest" if hub.trusted else "; polls go on until it has been quicker than they"
        )
        last = f", the last on {utc(hub.last_push_at)}" if hub.last_push_at else ""
        sheet.row("hub", hub.hub, said, f"{counted(hub.pushes, 'message')} so far{last}")
    else:
        sheet.row("hub", hub.hub, _STANDINGS[hub.standing] + (f" ({hub.detail})" if hub.detail else ""))


def _host(sheet: _Sheet, dossier: Dossier) -> None:
    if dossier.throttled_until:
        times = f", {dossier.throttles} times in a row" if dossier.throttles > 1 else ""
        sheet.row("host", f"{dossier.host} asked us to come less often{times}: no request until {utc(dossier.throttled_until)}")
    sheet.row("robots.txt", *(f"of {note.origin} {_ROBOTS[note.state]} (read {utc(note.at)})" for note in dossier.robots))


def _brought(sheet: _Sheet, dossier: Dossier) -> None:
    sheet.row("brought", f"{counted(dossier.entries, 'entry', 'entries')}, {counted(dossier.articles, 'article')}")
    delay = dossier.delay
    median = f"{span(delay.median)} (median of {counted(delay.articles, 'article')} of 30 days)" if delay else "no data"
    sheet.row("delay", f"from publication to storage: {median}")
    if not dossier.gap_count:
        sheet.row("gaps", "none: every new document reached back to what was known" if dossier.baseline_at else "none")
        return
    missed = counted(dossier.missed, "entry", "entries")
    sheet.row("gaps", f"{dossier.gap_count}, about {missed} missed in all", *map(_gap, dossier.gaps))


def _gap(past: PastGap) -> str:
    gap = past.gap
    about = counted(gap.estimate, "entry", "entries")
    return f"{utc(past.found_at)}: about {about}, published from {utc(gap.after)} to {utc(gap.before)}"


def _poll_table(polls: Sequence[PastPoll]) -> Iterable[str]:
    if not polls:
        yield "none yet"
        return
    yield f"{'(UTC)':18}{'answer':15}{'status':>6}{'new':>5}{'of':>5}{'bytes':>12}"
    for poll in polls:
        at = f"{poll.at:%Y-%m-%d %H:%M}  "
        early = "  too early" if poll.early else ""
        if poll.outcome == "failed":
            room = WIDTH - _LABEL - 2 - len(at) - len(early)
            said = f"{poll.kind}: {poll.detail}"
            yield at + (said if len(said) <= room else f"{said[: room - 1]}…") + early
            continue
        brought = f"{poll.new:5}{poll.entries:5}{poll.size:12,}" if poll.outcome == "fetched" else ""
        yield f"{at}{_OUTCOMES[poll.outcome]:15}{poll.status or '':>6}{brought}{early}"


def conduct_table(score: Score) -> Iterable[str]:
    """What a publisher would find in his log about us: in the last week, and since the oldest poll on record."""
    week, whole = score.week, score.whole
    if whole.since is None:
        yield "no request yet"
        return
    yield f"{'':24}{'last 7 days':>14}{f'since {whole.since:%Y-%m-%d}':>20}"

    def line(name: str, *values: str) -> str:
        return f"{name:24}{values[0]:>14}{values[1]:>20}"

    both = (week, whole)
    yield line("requests", *(f"{conduct.polls:,}" for conduct in both))
    yield line("an hour", *(f"{conduct.per_hour:.2f}" for conduct in both))
    if score.asked:
        yield line("at most, it asks", *(f"{timedelta(hours=1) / score.asked:.2f}",) * 2)
    yield line("answered 304", *(share(conduct.not_modified, conduct) for conduct in both))
    yield line("without validators", *(share(conduct.unconditional, conduct) for conduct in both))
    yield line("429 (too many)", *(f"{conduct.too_many:,}" for conduct in both))
    yield line("503 (unavailable)", *(f"{conduct.unavailable:,}" for conduct in both))
    yield line("earlier than allowed", *(f"{conduct.early:,}" for conduct in both))


def share(part: int, conduct: Conduct) -> str:
    """``71 %`` of all polls."""
    return f"{100 * part / conduct.polls:.0f} %" if conduct.polls else "-"
