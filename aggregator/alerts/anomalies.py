"""Spikes and silences: a day's volume against those before, by the median and the median absolute deviation.

Both shrug off single odd days (Leys et al., "Detecting outliers", Journal of Experimental Social Psychology 49, 2013).
"""

from __future__ import annotations

from statistics import median

from aggregator.model.anomaly import Anomaly, AnomalyKind, Volume, spread

DAYS = 56
"""How far back a baseline looks."""

LEAST = 5
"""A spike has so many more than usual at least."""

_WEEK, _FORTNIGHT = 7, 14
_WEEKDAYS = 4
_SPIKE, _SILENCE = 5.0, 3.5


def judge(volume: Volume, least: int = LEAST) -> Anomaly | None:
    """Whether a volume is a spike or a silence.

    The baseline is the same weekday of up to eight weeks, if four of them are known, else the fourteen days before (fewer are
    no baseline). A spike is five deviations above the median, a silence three and a half below; a deviation is never less than
    that of a Poisson process. A spike must also exceed every one of the last fourteen days, and a silence fall below the same
    weekday of both last weeks: who has grown is not told so every week, who rests on Sundays is not silent on Sundays.
    """
    fortnight = [count for count in volume.before[:_FORTNIGHT] if count is not None]
    weekdays = [count for count in volume.before[_WEEK - 1 :: _WEEK] if count is not None]
    if len(weekdays) >= _WEEKDAYS:
        baseline = weekdays
    elif len(volume.before) >= _FORTNIGHT and len(fortnight) > _FORTNIGHT // 2:
        baseline = fortnight
    else:
        return None
    usual = median(baseline)
    distance = (volume.count - usual) / spread(usual, baseline)
    if distance >= _SPIKE and volume.count - usual >= least and volume.count > max(fortnight, default=0):
        kind = AnomalyKind.SPIKE
    elif distance <= -_SILENCE and volume.count < min(weekdays[:2], default=0):
        kind = AnomalyKind.SILENCE
    else:
        return None
    return Anomaly(volume.subject, volume.slug, volume.name, kind, volume.count, usual, tuple(baseline), volume.until)
