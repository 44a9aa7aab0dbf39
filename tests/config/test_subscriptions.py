"""``[[recipient.subscription]]``: what it becomes, what it takes from its reader, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from aggregator.config import lint, load_config
from aggregator.errors import ConfigError, ConfigErrors
from aggregator.model.delivery import Every, MailFormat, Subscription, SubscriptionKind, WhenEmpty

READER = """[[recipient]]
slug = "reader"
address = "reader@example.org"
timezone = "Asia/Tehran"
language = "fa"
digest_at = 06:30:00
weekdays = "workdays"
rules = ["mek"]
"""
MORE = (
    READER
    + """
[[recipient.subscription]]
slug = "more"
"""
)

FIRST = {"reader": 2, "other": 13, "more": 11}
"""The lines on which slugs stand first."""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """A folder with a rule, two sources, and the recipients that are given."""

    def make(recipients: str) -> Path:
        sources = "".join(
            f'[[source]]\nslug = "{group}"\nurl = "https://example.org/{group}"\ngroup = "{group}"\n'
            for group in ("wire", "state")
        )
        rules = '[[rule]]\nslug = "mek"\nquery = "mek"\n[[rule]]\nslug = "oil"\nquery = "oil"\n'
        for name, content in (("aggregator", ""), ("sources", sources), ("rules", rules), ("recipients", recipients)):
            (tmp_path / f"{name}.toml").write_text(content)
        return tmp_path

    return make


def test_what_a_reader_says_of_himself_makes_his_own_subscription(written: Callable[[str], Path]) -> None:
    own = Subscription(
        "reader", "reader", rules=("mek",), times=(time(6, 30),), weekdays=(1, 2, 3, 4, 5), timezone="Asia/Tehran", language="fa"
    )
    assert load_config(written(READER), {}).all_subscriptions == (own,)
    always = load_config(written(READER + "send_empty = true\n"), {}).all_subscriptions
    assert always == (replace(own, empty=WhenEmpty.ALWAYS),)
    assert load_config(written(READER + "digest = false\n"), {}).all_subscriptions == ()
    assert load_config(written(READER + "enabled = false\n"), {}).all_subscriptions == (replace(own, enabled=False),)


def test_a_subscription_has_its_readers_ways_where_it_says_nothing(written: Callable[[str], Path]) -> None:
    own, more = load_config(written(MORE), {}).all_subscriptions
    assert more == replace(own, slug="more")
    _, weekly = load_config(written(MORE + 'every = "weekly"\n'), {}).all_subscriptions
    assert weekly == replace(own, slug="more", every=Every.WEEKLY, weekdays=(1,))


def test_everything_can_be_said(written: Callable[[str], Path]) -> None:
    text = MORE + (
        'kind = "clipping"\nrules = ["*"]\ngroups = ["wire"]\nevery = "daily"\ntimes = ["18:30", 07:00:00]\nweekdays = ["sat"]\n'
        'timezone = "UTC"\nlanguage = "de"\ncutoff = "15m"\nformat = "text"\nempty = "weekly"\ncap = 5\nenabled = false\n'
    )
    (more,) = load_config(written(text), {}).subscriptions
    assert more == Subscription(
        "more",
        "reader",
        SubscriptionKind.CLIPPING,
        ("*",),
        ("wire",),
        Every.DAILY,
        (time(7), time(18, 30)),
        (6,),
        "UTC",
        "de",
        timedelta(minutes=15),
        MailFormat.TEXT,
        WhenEmpty.WEEKLY,
        5,
        enabled=False,
    )


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ('rules = ["oli"]', 12, ".rules[1]", '"oli" matches no rule', 'did you mean "oil"?'),
        ('groups = ["wires"]', 12, ".groups[1]", 'there is no group "wires"', 'did you mean "wire"?'),
        ('every = "hourly"\ntimes = ["08:00"]', 10, "", "comes at each full hour", "remove times"),
        ('every = "weekly"\nweekdays = ["mon", "tue"]', 10, "", "on one day of the week", 'weekdays = ["mon"]'),
        ("times = []", 12, ".times", "must be a list of times of day", '["07:00", "18:30"]'),
        ('times = ["7 am"]', 12, ".times", "is not a time of day", '"07:00"'),
        ('times = ["07:00", 07:00:00]', 12, ".times", "07:00:00 stands there twice", "each time once"),
        ('cutoff = "13h"', 12, ".cutoff", "out of range", "from 0s to 12h"),
        ('kind = "clip"', 12, ".kind", "must be one of 'digest' or 'clipping'", ""),
        ('empty = "allways"', 12, ".empty", "must be one of", 'did you mean "always"?'),
        ("cap = -1", 12, ".cap", "out of range", "at least 0"),
        ('time = "07:00"', 12, ".time", "unknown key", 'did you mean "times"?'),
    ],
)
def test_errors_say_where(written: Callable[[str], Path], text: str, line: int, key: str, message: str, hint: str) -> None:
    error = _only(written(MORE + text + "\n"))
    assert (error.line, error.key) == (line, f'recipient["reader"].subscription["more"]{key}')
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize("slug", ["reader", "other", "more"])
def test_readers_and_subscriptions_share_their_names(written: Callable[[str], Path], slug: str) -> None:
    other = '[[recipient]]\nslug = "other"\naddress = "other@example.org"\n[[recipient.subscription]]\n'
    error = _only(written(f'{MORE}{other}slug = "{slug}"\n'))
    assert (error.line, error.key) == (16, f'recipient["other"].subscription["{slug}"].slug')
    assert f'"{slug}" stands on line {FIRST[slug]} already' in error.message


def test_a_subscription_without_a_slug_and_a_table_in_its_place(written: Callable[[str], Path]) -> None:
    error = _only(written(READER + "[[recipient.subscription]]\n"))
    assert (error.key, error.message) == ('recipient["reader"].subscription[1].slug', "is missing")
    error = _only(written(READER + '[recipient.subscription]\nslug = "more"\n'))
    assert error.key == 'recipient["reader"].subscription'
    assert "[[recipient.subscription]]" in error.hint


def test_a_rule_that_only_a_subscription_follows_is_followed(written: Callable[[str], Path]) -> None:
    unfollowed = 'rule "oil" is followed by no enabled recipient'
    assert unfollowed in lint(load_config(written(MORE), {}))
    assert unfollowed not in lint(load_config(written(MORE + 'rules = ["oil"]\n'), {}))
    nothing = 'recipient "reader" has neither alerts nor digest: it gets nothing'
    assert nothing in lint(load_config(written(READER + "digest = false\nalerts = false\n"), {}))
    quiet = MORE.replace("rules", "digest = false\nalerts = false\nrules")
    assert nothing not in lint(load_config(written(quiet), {}))


def _only(path: Path) -> ConfigError:
    with pytest.raises(ConfigErrors) as caught:
        load_config(path, {})
    (error,) = caught.value.errors
    assert error.path.endswith("recipients.toml")
    return error
