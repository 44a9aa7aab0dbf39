"""When we looked, and when nobody did."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.store import Store, presence

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def test_only_what_nobody_saw_is_an_absence(store: Store, now: datetime) -> None:
    def gaps(start: int, end: int) -> list[tuple[float, float]]:
        found = store.read_now(presence.absences, now + start * HOUR, now + end * HOUR)
        return [((since - now) / HOUR, (until - now) / HOUR) for since, until in found]

    assert gaps(-5, 5) == [], "nothing is known yet"
    for minute in range(0, 121, 10):
        store.write_now(presence.note, now + minute * MINUTE, going_on=minute > 0)
    assert gaps(-5, 2) == []
    assert gaps(0, 3) == [(2, 3)], "it goes on at present"
    store.write_now(presence.note, now + 2 * HOUR + 9 * MINUTE, going_on=False)
    assert gaps(0, 2) == [], "a restart is none"
    store.write_now(presence.note, now + 6 * HOUR, going_on=False)
    store.write_now(presence.note, now + 8 * HOUR, going_on=True)
    assert gaps(0, 8) == [(2.15, 6)]
    assert (gaps(3, 4), gaps(6, 8), gaps(5, 7)) == ([(3, 4)], [], [(5, 6)])
    store.write_now(presence.note, now + 7 * HOUR, going_on=True)  # the clock was set back
    assert gaps(6, 8) == []
