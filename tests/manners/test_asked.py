"""What headers ask for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.manners import read_hints

HOUR = timedelta(hours=1)
DATE = ("date", "Wed, 04 Mar 2026 12:00:00 GMT")


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ([], None),
        ([("cache-control", "max-age=3600")], HOUR),
        ([("cache-control", "public, Max-Age=3600, must-revalidate")], HOUR),
        ([("cache-control", 'max-age="3600"')], HOUR),
        ([("cache-control", "public"), ("cache-control", "max-age=3600")], HOUR),
        ([("cache-control", "max-age=3600"), ("age", "600")], HOUR - timedelta(minutes=10)),
        ([("cache-control", "max-age=3600"), ("age", "7200")], None),
        ([("cache-control", "max-age=3600"), ("age", "old")], HOUR),
        ([("cache-control", "max-age=0")], None),
        ([("cache-control", "no-cache, max-age=3600")], None),
        ([("cache-control", "no-store"), DATE, ("expires", "Wed, 04 Mar 2026 13:00:00 GMT")], None),
        ([("cache-control", "max-age=soon")], None),
        ([("cache-control", "s-maxage=3600")], None),
        ([("cache-control", "max-age=99999999999999999999")], timedelta(days=366)),
        ([DATE, ("expires", "Wed, 04 Mar 2026 13:00:00 GMT")], HOUR),
        ([("date", "Wed, 04 Mar 2026 09:00:00 GMT"), ("expires", "Wed, 04 Mar 2026 10:00:00 GMT")], HOUR),
        ([DATE, ("expires", "0")], None),
        ([DATE, ("expires", "-1")], None),
        ([DATE, ("expires", "Wed, 04 Mar 2026 11:00:00 GMT")], None),
        ([("expires", "Wed, 04 Mar 2026 13:00:00 GMT")], None),
        ([("cache-control", "max-age=60"), DATE, ("expires", "Wed, 04 Mar 2026 13:00:00 GMT")], timedelta(minutes=1)),
    ],
)
def test_t1_freshness(headers: list[tuple[str, str]], fresh: timedelta | None) -> None:
    assert read_hints(headers) == fresh


@given(st.lists(st.tuples(st.sampled_from(["cache-control", "expires", "date", "age"]), st.text(max_size=40))))
def test_nothing_raises(headers: list[tuple[str, str]]) -> None:
    fresh = read_hints(headers)
    assert fresh is None or timedelta() < fresh <= timedelta(days=366)
