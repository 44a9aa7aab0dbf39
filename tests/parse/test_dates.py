"""Every form of a date that feeds are known to hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse.dates import FeedDate, is_hopeless, read_date

TEHRAN = ZoneInfo("Asia/Tehran")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Mon, 23 Nov 2026 10:15:30 GMT", "2026-11-23T10:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 +0330", "2026-11-23T06:45:30"),
        ("Mon, 23 Nov 2026 10:15:30 -0500", "2026-11-23T15:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 -0000", "2026-11-23T10:15:30"),
        ("23 Nov 2026 10:15 Z", "2026-11-23T10:15:00"),
        ("Mon, 23 Nov 26 10:15:30 GMT", "2026-11-23T10:15:30"),
        ("23 Nov 99 10:15 GMT", "1999-11-23T10:15:00"),
        ("Mon,23 November 2026 10:15:30 UTC", "2026-11-23T10:15:30"),
        ("Monday, 23 November 2026 10:15:30 +03:30", "2026-11-23T06:45:30"),
        ("Mon, Nov 23, 2026 10:15 PM GMT", "2026-11-23T22:15:00"),
        ("November 23rd, 2026 at 12:05 a.m. UTC", "2026-11-23T00:05:00"),
        ("Mon Nov 23 10:15:30 UTC 2026", "2026-11-23T10:15:30"),
        ("Mon Nov 23 10:15:30 +0000 2026", "2026-11-23T10:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 GMT+0330", "2026-11-23T06:45:30"),
        ("Mon, 23 Nov 2026 10:15:30 UTC+3", "2026-11-23T07:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 +0100 (CET)", "2026-11-23T09:15:30"),
        ("Mon, 23 Nov 2026 24:00:00 GMT", "2026-11-24T00:00:00"),
        ("Mon, 23 Nov 2026 10:15:60 GMT", "2026-11-23T10:15:59"),
        ("2026-11-23T10:15:30Z", "2026-11-23T10:15:30"),
        ("2026-11-23T10:15:30.25+03:30", "2026-11-23T06:45:30.250000"),
        ("2026-11-23 10:15:30 +0330", "2026-11-23T06:45:30"),
        ("2026-11-23T10:15:30 EST", "2026-11-23T15:15:30"),
        ("2026-11-23T10:15+03", "2026-11-23T07:15:00"),
        ("20261123T101530Z", "2026-11-23T10:15:30"),
        ("2026/11/23 10:15 GMT", "2026-11-23T10:15:00"),
        ("Fri, 2006/09/15 08:19:53 EDT", "2006-09-15T12:19:53"),
        ("23.11.2026 10:15 MEZ", "2026-11-23T09:15:00"),
        ("10:15 UTC, 23.11.2026", "2026-11-23T10:15:00"),
        ("mar. 3 nov. 2026 10h15 CET", "2026-11-03T09:15:00"),
        ("2026年11月23日 10:15 +0800", "2026-11-23T02:15:00"),
        ("۲۰۲۶/۱۱/۲۳ ۱۰:۱۵ UTC", "2026-11-23T10:15:00"),
        ("٢٣-١١-٢٠٢٦، ١٠:١٥ +0300", "2026-11-23T07:15:00"),
        ("\u200f23.11.2026 10:15 UTC\u200e", "2026-11-23T10:15:00"),
        ("1795428930", "2026-11-23T10:15:30"),
        ("1795428930123", "2026-11-23T10:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 PST", "2026-11-23T18:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 MSK", "2026-11-23T07:15:30"),
        ("Mon, 23 Nov 2026 10:15:30 IRST", "2026-11-23T06:45:30"),
        ("Mon, 23 Nov 2026 10:15:30 ET", "2026-11-23T15:15:30"),
        ("Thu, 23 Jul 2026 10:15:30 ET", "2026-07-23T14:15:30"),
    ],
)
def test_a_date_with_a_zone(raw: str, expected: str) -> None:
    assert read_date(raw, TEHRAN, NOW) == FeedDate(at(expected), has_time=True, zone_assumed=False)


@pytest.mark.parametrize(
    "raw",
    [
        "Mon, 23 Nov 2026 10:15:00",
        "23 Nov 2026 10:15",
        "Mon, 23 Nov 2026 10:15:00 XYZ",
        "2026-11-23T10:15",
        "2026-11-23 10:15:00",
        "23.11.2026 10:15",
        "10:15 - 23.11.2026",
        "23/11/2026 - 10:15",
        "11/23/2026 10:15 AM",
        "Nov 23, 2026, 10:15 am",
        "2026年11月23日 10:15",
        "۲۰۲۶-۱۱-۲۳ ۱۰:۱۵",
        "23 Nov 10:15",
    ],
)
def test_a_date_without_a_zone_is_in_the_zone_of_the_source_and_flagged(raw: str) -> None:
    assert read_date(raw, TEHRAN, NOW) == FeedDate(at("2026-11-23T06:45:00"), has_time=True, zone_assumed=True)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-11-23",
        "20261123",
        "23.11.2026",
        "23 Nov 2026",
        "Mon, 23 November 2026",
        "November 23, 2026",
        "2026/11/23",
        "۲۳/۱۱/۲۰۲۶",
    ],
)
def test_a_day_without_a_time_is_midnight_utc_of_that_day(raw: str) -> None:
    assert read_date(raw, TEHRAN, NOW) == FeedDate(at("2026-11-23"), has_time=False, zone_assumed=False)


UNREADABLE = """now; next week; 12; 2026; 2026-11; November 2026; 23.11.; 31 Feb 2026 10:00 GMT; 23 Nov 2026 25:00 GMT;
Mon, 01 Jan 0001 00:00:00 +0000; 1970-01-01T00:00:00Z; 31 Dec 1989 23:59 GMT; 0000-00-00 00:00:00; 1403/09/02 10:15;
27 Nov 2026 10:00 GMT; 2099-01-01; 99999999999999999999; 23 Nov 2026 10:15 +9900; 9999-12-31T23:59:59-12:00; 0; ٣; ²;
Thu, 31 31 2026"""


@pytest.mark.parametrize("raw", ["", "1" * 500, *(part.strip() for part in UNREADABLE.split(";"))])
def test_what_cannot_be_read_or_cannot_be_true_is_none(raw: str) -> None:
    assert read_date(raw, TEHRAN, NOW) is None


def test_up_to_two_days_ahead_is_believed() -> None:
    near = NOW + timedelta(days=2)
    assert read_date(near.isoformat(), TEHRAN, NOW) is not None
    assert read_date((near + timedelta(seconds=1)).isoformat(), TEHRAN, NOW) is None


def test_an_ambiguous_zone_name_is_the_sources_own_if_it_can_be() -> None:
    def hour(name: str, zone: str) -> int:
        found = read_date(f"Mon, 23 Nov 2026 12:00:00 {name}", ZoneInfo(zone), NOW)
        assert found is not None
        assert not found.zone_assumed
        return found.at.hour

    assert hour("IST", "Asia/Jerusalem") == 10
    assert hour("IST", "Asia/Kolkata") == 6
    assert hour("CST", "Asia/Shanghai") == 4
    assert hour("CST", "Europe/Oslo") == 18


def test_day_and_month_in_doubt() -> None:
    def day(raw: str) -> datetime | None:
        found = read_date(raw, TEHRAN, NOW)
        return found.at if found else None

    assert day("03/04/2026") == at("2026-04-03")  # most of the world
    assert day("11/12/2026") == at("2026-11-12")  # 11 December is still to come
    assert day("12.11.2026") == at("2026-11-12")
    assert day("11.12.2026") is None  # with dots nobody writes the month first


def test_a_date_without_a_year_is_the_latest_that_has_passed() -> None:
    found = read_date("Thu, 31 Dec 23:00 GMT", TEHRAN, datetime(2027, 1, 1, 3, tzinfo=UTC))
    assert found is not None
    assert found.at == at("2026-12-31T23:00:00")


def test_summer_time_of_the_sources_zone() -> None:
    found = read_date("23.07.2026 10:15", ZoneInfo("Europe/Berlin"), NOW)
    assert found is not None
    assert found.at == at("2026-07-23T08:15:00")


def test_forms_that_only_feedparser_knows() -> None:
    parsed = (2026, 11, 23, 8, 15, 30, 0, 327, 0)
    greek = read_date("Δευ, 23 Νοέ 2026 10:15:30 EET", TEHRAN, NOW, lambda: parsed)
    assert greek == FeedDate(at("2026-11-23T08:15:30"), has_time=True, zone_assumed=False)
    assert read_date("2026-327", TEHRAN, NOW, lambda: parsed) is not None
    assert read_date("nonsense", TEHRAN, NOW, lambda: parsed) is None


@given(st.text(alphabet="0123456789 -/.:,+TZamphGJulNov۱٢年月()", max_size=40))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_nothing_raises_and_what_is_read_can_be_true(raw: str) -> None:
    found = read_date(raw, TEHRAN, NOW)
    assert found is None or (found.at.tzinfo is UTC and found.at.year >= 1990 and found.at <= NOW + timedelta(days=2))


@given(st.datetimes(datetime(1990, 1, 2), datetime(2026, 11, 23)), st.integers(-12 * 60, 14 * 60))  # noqa: DTZ001 - the strategy wants naive bounds
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_offset_gives_the_right_instant(local: datetime, minutes: int) -> None:
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'-' if minutes < 0 else '+'}{hours:02}{rest:02}"
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    text = f"{local.day:02} {months[local.month - 1]} {local.year} {local:%H:%M:%S} {offset}"
    found = read_date(text, TEHRAN, NOW)
    assert found is not None
    assert found.at == local.replace(microsecond=0, tzinfo=UTC) - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("raw", "settled"),
    [
        ("Mon, 23 Nov 2026 10:15:30 GMT", True),
        ("2026-11-23T10:15", True),
        ("23.11.2026 10:15", True),
        ("1 Dec 2025", True),
        ("11/23/2026", True),
        ("03/11/2026", True),
        ("01/12/2026", False),  # 12 January only as long as 1 December is to come
        ("23 Nov 10:15", False),
        ("24 Dec", False),
    ],
)
def test_a_date_says_whether_time_may_change_it(raw: str, settled: bool) -> None:
    found = read_date(raw, TEHRAN, NOW)
    assert found is not None
    assert found.settled == settled
    later = [read_date(raw, TEHRAN, NOW + timedelta(days=days)) for days in (1, 10, 100, 1000, 10_000)]
    assert (later == [found] * 5) == settled


@pytest.mark.parametrize(
    ("raw", "hopeless"),
    [("yesterday", True), ("31 Feb 2026", True), ("1 Jan 1970", True), ("29 Feb", True), ("2027-01-01", False), ("Ταυ", False)],
)
def test_a_date_that_cannot_be_read_says_whether_it_ever_can(raw: str, hopeless: bool) -> None:
    assert read_date(raw, TEHRAN, NOW) is None
    assert is_hopeless(raw, TEHRAN, NOW) == hopeless
