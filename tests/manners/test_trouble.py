"""Failures: what they mean, how long we stay away, and when they are not the source's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.manners import Attempt, Pace, after_failure, follow_move, is_ours, is_throttle, trouble_of
from aggregator.manners.trouble import WORDS
from aggregator.model.page import FailureKind, FetchFailed
from aggregator.model.source import History, Move, Trouble

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PACE = Pace(floor=15 * MINUTE, ceiling=DAY, slowest=4 * HOUR, backoff_max=DAY)
URL = "http://a.test/feed"


def failed(
    kind: FailureKind = FailureKind.HTTP,
    status: int | None = None,
    detail: str = "",
    *,
    retry: timedelta | None = None,
    at: datetime = NOW,
) -> FetchFailed:
    return FetchFailed(URL, kind, detail, at, status, at + retry if retry else None)


@pytest.mark.parametrize(
    ("failure", "trouble"),
    [
        (failed(status=429), Trouble.THROTTLED),
        (failed(status=503), Trouble.THROTTLED),
        (failed(status=500), Trouble.SERVER_ERROR),
        (failed(status=408), Trouble.SERVER_ERROR),
        (failed(status=404), Trouble.MISSING),
        (failed(status=410), Trouble.LEAVING),
        *((failed(status=status), Trouble.REFUSED) for status in (401, 403, 451)),
        (failed(FailureKind.CHALLENGE, 403), Trouble.CHALLENGED),
        (failed(FailureKind.NOT_A_FEED, 200, "an HTML page, not a feed"), Trouble.WEB_PAGE),
        (failed(FailureKind.NOT_A_FEED, 200, "malformed JSON"), Trouble.UNREADABLE),
        (failed(FailureKind.BLOCKED), Trouble.GUARDED),
        *(
            (failed(kind), Trouble.UNREACHABLE)
            for kind in (FailureKind.DNS, FailureKind.TLS, FailureKind.TIMEOUT, FailureKind.CONNECT)
        ),
        *((failed(kind), Trouble.UNREACHABLE) for kind in (FailureKind.PROTOCOL, FailureKind.TRUNCATED)),
        *((failed(kind), Trouble.UNREADABLE) for kind in (FailureKind.CRASHED, FailureKind.TOO_BIG, FailureKind.ENCODING)),
        (failed(FailureKind.REDIRECTS, 302), Trouble.UNREADABLE),
    ],
)
def test_s8_every_failure_has_a_meaning_and_a_plain_word(failure: FetchFailed, trouble: Trouble) -> None:
    assert trouble_of(failure) is trouble
    assert len(WORDS[trouble]) > 10


def test_every_trouble_and_every_kind_is_accounted_for() -> None:
    assert set(WORDS) == set(Trouble)
    for kind in FailureKind:
        assert trouble_of(failed(kind)) is not Trouble.NONE


def run(history: History, *failures: FetchFailed) -> list[tuple[History, timedelta]]:
    """The histories and waits of failures that come one after the other, each when the last plan said."""
    now, found = NOW, []
    for failure in failures:
        retry = failure.retry_after - failure.failed_at if failure.retry_after else None
        again = replace(failure, failed_at=now, retry_after=now + retry if retry else None)
        history, plan = after_failure("a", history, again, PACE, now)
        found.append((history, plan.at - now))
        now = plan.at
    return found


def test_s10_failures_back_off_by_two_to_a_day_and_never_for_ever() -> None:
    waits = [wait for _, wait in run(History(), *[failed(status=404)] * 60)]
    for place, hours in enumerate((1, 2, 4, 8, 16, 24, 24)):
        assert abs(waits[place] - hours * HOUR) <= 0.1 * hours * HOUR
    assert max(waits) <= 1.1 * DAY


def test_s9_what_may_be_the_lines_fault_weighs_half() -> None:
    soft = run(History(), *[failed(FailureKind.TIMEOUT)] * 4)
    assert [history.strikes for history, _ in soft] == [0.5, 1.0, 1.5, 2.0]
    assert soft[3][1] <= 2.2 * HOUR


def test_s4_retry_after_is_honoured_on_429_and_503_with_a_spread_on_top() -> None:
    for status in (429, 503):
        ((history, wait),) = run(History(), failed(status=status, retry=2 * HOUR))
        assert 2 * HOUR <= wait <= 2 * HOUR + 10 * MINUTE
        assert (history.trouble, history.strikes) == (Trouble.THROTTLED, 0.0)
        ((_, short),) = run(History(), failed(status=status, retry=timedelta(seconds=5)))
        assert PACE.floor <= short <= PACE.floor + 10 * MINUTE


def test_s4_without_retry_after_a_throttle_is_an_hour_doubled_up_to_seven_days() -> None:
    waits = [wait for _, wait in run(History(), *[failed(status=429)] * 12)]
    for place, wait in enumerate(waits):
        nominal = min(HOUR * 2**place, 7 * DAY)
        assert nominal <= wait <= 1.1 * nominal


def test_s5_retry_after_on_other_statuses_delays_and_changes_nothing_else() -> None:
    plain, delayed = run(History(), failed(status=403)), run(History(), failed(status=403, retry=3 * DAY))
    assert delayed[0][0] == plain[0][0]
    assert 3 * DAY <= delayed[0][1] <= 3 * DAY + 10 * MINUTE
    assert plain[0][1] < 2 * HOUR


def test_s7_410_on_three_different_days_makes_a_source_gone_and_one_probe_a_month() -> None:
    found = run(History(), *[failed(status=410)] * 5)
    assert [history.trouble for history, _ in found] == [Trouble.LEAVING] * 2 + [Trouble.GONE] * 3
    assert all(DAY <= wait <= 1.1 * DAY for _, wait in found[:2])
    assert all(30 * DAY <= wait <= 33 * DAY for _, wait in found[2:])
    history = History()
    for minutes in (0, 10, 20, 30):
        history, _ = after_failure("a", history, failed(status=410), PACE, NOW + minutes * MINUTE)
    assert history.trouble is Trouble.LEAVING, "four times on one day are one day"


@pytest.mark.parametrize(
    "failure", [failed(status=401), failed(status=403), failed(status=451), failed(FailureKind.CHALLENGE, 403),
                failed(FailureKind.NOT_A_FEED, 200, "an HTML page, not a feed")],
)  # fmt: skip
def test_s8_closed_doors_are_tried_once_more_and_then_once_a_day(failure: FetchFailed) -> None:
    failure = replace(failure, sample="<html>Just a moment")
    found = run(History(), *[failure] * 4)
    assert HOUR <= found[0][1] <= 1.1 * HOUR
    assert all(DAY <= wait <= 1.1 * DAY for _, wait in found[1:])
    assert found[-1][0].sample == "<html>Just a moment"


FAILURES = st.builds(
    failed,
    kind=st.sampled_from(FailureKind),
    status=st.none() | st.sampled_from([401, 403, 404, 408, 410, 418, 429, 451, 500, 502, 503]),
    retry=st.none() | st.timedeltas(timedelta(seconds=1), 7 * DAY),
)


@given(st.lists(FAILURES, min_size=1, max_size=30), st.none() | st.floats(0, 1000), st.floats(0, 1000), st.integers(0, 500))
def test_s10_whatever_fails_the_next_poll_is_within_bounds_and_not_before_it_was_asked(
    failures: list[FetchFailed], rate: float | None, burst: float, window: int
) -> None:
    for failure, (history, wait) in zip(failures, run(History(rate=rate, burst=burst, window=window), *failures), strict=True):
        retry = failure.retry_after - failure.failed_at if failure.retry_after else timedelta()
        assert wait >= max(PACE.floor, retry)
        longest = (
            33 * DAY if history.trouble is Trouble.GONE else 7.7 * DAY if history.trouble is Trouble.THROTTLED else 1.1 * DAY
        )
        assert wait <= max(longest, retry + 10 * MINUTE)


# ---------------------------------------------------------------- not their fault


def test_s9_when_half_of_ten_hosts_cannot_be_reached_it_is_us() -> None:
    def attempts(failing: int, of: int, apart: timedelta = timedelta(seconds=1)) -> list[Attempt]:
        return [Attempt(f"{place}.test", NOW - apart * (of - place), place >= of - failing) for place in range(of)]

    assert is_ours(attempts(5, 10), NOW)
    assert not is_ours(attempts(4, 10), NOW)
    assert not is_ours(attempts(9, 9), NOW), "nine hosts prove nothing"
    assert is_ours(attempts(40, 60), NOW)
    assert is_ours(attempts(10, 12, 2 * MINUTE), NOW), "a small service polls ten hosts in twenty minutes"
    assert not is_ours(attempts(10, 10, 4 * MINUTE), NOW), "what failed more than half an hour ago says nothing of now"
    one_host = [Attempt("a.test", NOW, failed=True)] * 50
    assert not is_ours(one_host, NOW)
    back = [*attempts(10, 10), *(Attempt(f"{place}.test", NOW, failed=False) for place in range(6))]
    assert not is_ours(back, NOW), "of each host the last attempt counts"


def test_s12_five_refusals_within_a_minute_are_a_throttle() -> None:
    assert is_throttle([NOW - timedelta(seconds=10 * place) for place in range(5)], NOW)
    assert not is_throttle([NOW - timedelta(seconds=10 * place) for place in range(4)], NOW)
    assert not is_throttle([NOW - timedelta(seconds=30 * place) for place in range(5)], NOW)


# ---------------------------------------------------------------- moves


def polls(history: History, targets: list[tuple[str | None, timedelta, bool | None]]) -> tuple[History, Move | None]:
    move = None
    now = NOW
    for target, later, shares in targets:
        now += later
        moving = follow_move(history, URL, target, now, shares=shares)
        history, move = moving.history, moving.move
    return history, move


NEW = "http://b.test/feed"


@pytest.mark.parametrize(
    ("targets", "moved"),
    [
        ([(NEW, DAY, True)] * 3, False),
        ([(NEW, 4 * DAY, True)] * 3, True),
        ([(NEW, 8 * DAY, True)] * 2, False),
        ([(NEW, 4 * DAY, False), *[(NEW, 4 * DAY, True)] * 5], False),
        ([(NEW, 4 * DAY, None), *[(NEW, 4 * DAY, True)] * 2], True),
        ([(NEW, 4 * DAY, None)] * 5, False),
        ([(NEW, 4 * DAY, True), (NEW, 4 * DAY, False), (NEW, 4 * DAY, False)], True),
        ([(NEW, 4 * DAY, True), (None, 4 * DAY, True), (NEW, 4 * DAY, True)], False),
        ([(NEW, 4 * DAY, True), ("http://c.test/", 4 * DAY, True), (NEW, 4 * DAY, True)], False),
        ([(None, 4 * DAY, True)] * 5, False),
        ([(URL, 4 * DAY, True)] * 5, False),
    ],
)
def test_s6_a_permanent_redirect_is_believed_after_three_polls_over_seven_days(
    targets: list[tuple[str | None, timedelta, bool | None]], moved: bool
) -> None:
    history, move = polls(History(), targets)
    assert (move is not None) is moved
    if move:
        assert (move.from_url, move.to_url) == (URL, NEW)
        assert history.moving_to is None


def test_s6_https_on_the_same_host_is_believed_at_once() -> None:
    assert polls(History(), [("https://a.test/feed", DAY, False)])[1] == Move(
        URL, "https://a.test/feed", "the same address over https"
    )
    for other in ("https://a.test/feed2", "https://b.test/feed", "https://a.test:8443/feed"):
        assert polls(History(), [(other, DAY, True)])[1] is None


def test_s6_a_target_that_the_operator_refused_is_never_believed() -> None:
    assert polls(History(stays_from=(NEW,)), [(NEW, 4 * DAY, True)] * 5) == (History(stays_from=(NEW,)), None)
