"""The keys by which alerts are told apart, kept quiet and handed on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from aggregator.config import load_config
from aggregator.errors import ConfigError
from aggregator.model.rule import Lane, Priority

ErrorsOf = Callable[..., tuple[ConfigError, ...]]
MakeFolder = Callable[..., Path]

RULE = '[[rule]]\nslug = "mek"\nquery = "mek"\nlane = "now"\n'
READERS = "".join(f'[[recipient]]\nslug = "{slug}"\naddress = "{slug}@example.org"\n' for slug in ("ana", "editor"))


def test_every_key_can_be_written(folder: MakeFolder) -> None:
    path = folder(
        aggregator='[alerts]\ngroup_interval = "5m"\ngrowth = 4\nstorm_factor = 20\nstorm_least = 50\n',
        rules=RULE + 'priority = "high"\nalerts_per_hour = 3\nescalate = ["editor", "ana"]\nescalate_after = "10m"\n',
        recipients=READERS + 'quiet = "22:00-06:30"\nalerts_per_hour = 5\n',
    )
    config = load_config(path, {})
    (rule,), (ana, editor) = config.rules, config.recipients
    assert (rule.lane, rule.priority, rule.alerts_per_hour) == (Lane.NOW, Priority.HIGH, 3)
    assert (rule.escalate, rule.escalate_after) == (("editor", "ana"), timedelta(minutes=10))
    assert (ana.quiet, editor.quiet, editor.alerts_per_hour) == (None, (time(22), time(6, 30)), 5)
    alerts = config.settings.alerts
    assert (alerts.group_interval, alerts.growth, alerts.storm_factor, alerts.storm_least) == (timedelta(minutes=5), 4, 20, 50)


@pytest.mark.parametrize(
    ("name", "text", "key", "message", "hint"),
    [
        ("recipients", READERS + 'quiet = "22-6"\n', 'recipient["editor"].quiet', "must be two times of day", '"22:00-06:30"'),
        ("recipients", READERS + 'quiet = "25:00-06:00"\n', 'recipient["editor"].quiet', "must be two times", '"22:00-06:30"'),
        ("recipients", READERS + "quiet = 22:00:00\n", 'recipient["editor"].quiet', "must be two times", '"22:00-06:30"'),
        ("recipients", READERS + 'quiet = "07:00-07:00"\n', 'recipient["editor"].quiet', "begins when it ends", "alerts = false"),
        ("recipients", READERS + "alerts_per_hour = -1\n", 'recipient["editor"].alerts_per_hour', "out of range", "at least 0"),
        ("rules", RULE + 'priority = "urgent"\n', 'rule["mek"].priority', "one of 'low', 'normal' or 'high'", ""),
        ("rules", RULE + 'priority = "high"\nescalate = ["editer"]\n', 'rule["mek"].escalate[1]', "no recipient", '"editor"'),
        ("rules", RULE + 'escalate = ["editor"]\n', 'rule["mek"].escalate', "only alerts of high priority", 'priority = "high"'),
        ("rules", RULE + 'escalate_after = "5s"\n', 'rule["mek"].escalate_after', "out of range", "from 1m to 1d"),
    ],
)
def test_mistakes_are_told_where_they_stand(
    folder: MakeFolder, errors_of: ErrorsOf, name: str, text: str, key: str, message: str, hint: str
) -> None:
    (error,) = errors_of(folder(**({"recipients": READERS} | {name: text})))
    assert (error.key, error.line > 0) == (key, True)
    assert message in error.message
    assert hint in error.hint
