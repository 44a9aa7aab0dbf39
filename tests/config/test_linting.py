from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.config import Config, FetchSettings, MailMode, MailSecurity, MailSettings, PollSettings, Settings, lint
from aggregator.model.delivery import Recipient
from aggregator.model.rule import RuleSpec
from aggregator.model.source import SourceSpec

MAIL = MailSettings(mode=MailMode.SMTP, sender="monitor@press.net", host="mail.press.net")
CLEAN = Config(
    Settings(fetch=FetchSettings(contact_url="https://press.net/bot"), mail=MAIL),
    sources=(SourceSpec("one", "https://one.net/feed", group="wire"),),
    rules=(RuleSpec("mek", "MEK", "mek OR pmoi"),),
    recipients=(Recipient("reader", "reader@press.net"),),
)


def with_mail(mail: MailSettings) -> Config:
    return replace(CLEAN, settings=replace(CLEAN.settings, mail=mail))


def test_nothing_to_say_about_a_clean_configuration() -> None:
    assert lint(CLEAN) == ()


SECOND = SourceSpec("two", "https://one.net/feed")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (replace(CLEAN, settings=replace(CLEAN.settings, fetch=FetchSettings())), "fetch.contact_url is empty"),
        (
            replace(CLEAN, settings=replace(CLEAN.settings, fetch=FetchSettings("https://bot.example.org/x"))),
            "fetch.contact_url is the placeholder https://bot.example.org/x",
        ),
        (
            replace(CLEAN, settings=replace(CLEAN.settings, fetch=FetchSettings("https://press.net", ("10.0.0.0/8",)))),
            "fetch.allow_networks opens 10.0.0.0/8 to every source",
        ),
        (replace(CLEAN, settings=replace(CLEAN.settings, poll=PollSettings(timedelta(seconds=10)))), "poll.floor is 10s"),
        (with_mail(MailSettings(folder=Path("/srv/m"))), "mails are written to /srv/m, none is sent"),
        (with_mail(replace(MAIL, sender="x@localhost.localdomain")), "mail.sender is the placeholder x@localhost.localdomain"),
        (with_mail(replace(MAIL, sender="x@example.com")), "mail.sender is the placeholder x@example.com"),
        (with_mail(replace(MAIL, security=MailSecurity.NONE)), "all mail cross the network to mail.press.net"),
        (with_mail(replace(MAIL, security=MailSecurity.NONE, password="hush")), "the password and all mail cross"),
        (replace(CLEAN, sources=()), "there is no source"),
        (replace(CLEAN, sources=(*CLEAN.sources, replace(SECOND, url="https://two.net/"))), "without a group"),
        (replace(CLEAN, sources=(*CLEAN.sources, replace(SECOND, group="x"))), "one and two poll the same address"),
        (replace(CLEAN, recipients=()), "there is no enabled recipient"),
        (replace(CLEAN, recipients=(Recipient("r", "r@press.net", enabled=False),)), "there is no enabled recipient"),
        (replace(CLEAN, recipients=(Recipient("r", "r@press.net", alerts=False, digest=False),)), 'recipient "r" has neither'),
        (replace(CLEAN, recipients=(Recipient("r", "r@example.org"),)), 'recipient "r" has the placeholder address'),
        (replace(CLEAN, rules=(*CLEAN.rules, RuleSpec("new", "New", "x"))), None),
        (replace(CLEAN, recipients=(Recipient("r", "r@press.net", rules=("x*",)),)), 'rule "mek" is followed by no enabled'),
    ],
)
def test_one_warning_for_one_thing(config: Config, words: str | None) -> None:
    found = lint(config)
    assert len(found) == (words is not None), found
    assert words is None or words in found[0]
    assert "hush" not in "".join(found)


def test_a_relay_on_this_machine_needs_no_protection() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        assert lint(with_mail(replace(MAIL, host=host, security=MailSecurity.NONE))) == ()


def test_a_password_that_everybody_can_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    secret.chmod(0o644)
    config = with_mail(replace(MAIL, password="hush", password_file=secret))
    assert lint(config) == (f"mail.password_file {secret} can be read by everybody: chmod o-r",)
    secret.chmod(0o640)
    assert lint(config) == ()


def test_many_sources_without_a_group_make_one_line() -> None:
    sources = tuple(SourceSpec(f"s{number}", f"https://s{number}.net/") for number in range(9))
    assert [line.rpartition(": ")[2] for line in lint(replace(CLEAN, sources=sources))] == ["s0, s1, s2, s3, s4 and 4 more"]


def test_query_warnings_name_the_rule_and_the_column() -> None:
    found = lint(replace(CLEAN, rules=(RuleSpec("mixed", "Mixed", "a OR b AND c"), RuleSpec("small", "Small", "iraq and iran"))))
    assert any(line.startswith('rule "mixed", column ') for line in found)
    assert any(line.startswith('rule "small", column 6: ') for line in found)
