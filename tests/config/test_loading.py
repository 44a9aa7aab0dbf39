from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from aggregator.config import FILES, MailMode, MailSecurity, load_config
from aggregator.errors import ConfigError, ConfigErrors, RuleSyntaxError
from aggregator.model.delivery import Recipient
from aggregator.model.rule import Entity, Lane, RuleSpec
from aggregator.model.source import SourceSpec

MakeFolder = Callable[..., Path]
ErrorsOf = Callable[..., tuple[ConfigError, ...]]

SOURCE = '[[source]]\nslug = "one"\nurl = "https://example.org/one"\n'
RULE = '[[rule]]\nslug = "mek"\nquery = "mek"\n'
RECIPIENT = '[[recipient]]\nslug = "reader"\naddress = "reader@example.org"\n'


def told(errors: tuple[ConfigError, ...]) -> list[tuple[str, int, str]]:
    return [(Path(error.path).name, error.line, error.key) for error in errors]


def only(errors: tuple[ConfigError, ...]) -> ConfigError:
    assert len(errors) == 1, "\n".join(map(str, errors))
    return errors[0]


def test_an_empty_file_gives_defaults_that_serve(folder: MakeFolder) -> None:
    config = load_config(folder(), {})
    root = folder().parent
    assert config.settings.root == root
    assert config.settings.store.url == f"sqlite:///{root}/var/aggregator.db"
    assert config.settings.mail.folder == root / "var/mail"
    assert (config.sources, config.entities, config.rules, config.recipients) == ((), (), (), ())


def test_a_relative_folder_gives_an_absolute_root(folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder()
    monkeypatch.chdir(path)
    assert load_config(Path(), {}).settings.root == path.parent
    (path / "inner").mkdir()
    monkeypatch.chdir(path / "inner")
    assert load_config(Path(".."), {}).settings.root == path.parent


def test_a_linked_folder_stands_where_the_link_stands(folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/config").symlink_to(folder())
    assert load_config(tmp_path / "service/config", {}).settings.root == tmp_path / "service"


def test_every_setting_can_be_written(folder: MakeFolder) -> None:
    text = """
instance = "Press"
public_base_url = "https://monitor.example.org"
[store]
url = "sqlite:////srv/db/a.db"
[fetch]
contact_url = "https://example.org/bot"
allow_networks = ["10.0.0.0/8"]
deadline = "1m"
connect_timeout = "5s"
max_wire_bytes = 1_000
max_body_bytes = 2_000
max_page_bytes = 3_000
host_gap = "0.5s"
concurrency = 4
sites = ["*.Tumblr.com"]
robots = false
robots_for_feeds = true
[poll]
floor = "1m"
ceiling = "12h"
slowest = "3h"
backoff_max = "2h"
max_entries = 10
websub = false
[web]
host = "::1"
port = 8080
[workers]
processes = 2
deadline = "10s"
memory_bytes = 500_000_000
[mail]
mode = "smtp"
folder = "/srv/mail"
sender = "monitor@example.org"
sender_name = "Monitor"
host = "mail.example.org"
port = 465
security = "tls"
username = "monitor"
password_env = "MAIL_PASSWORD"
timeout = "10s"
connections = 9
thread = true
dkim_selector = "monitor"
dkim_key_file = "dkim.pem"
bounce_address = "bounce@example.org"
bounce_mailbox = "imaps://bounce@mail.example.org/INBOX"
bounce_password_env = "BOUNCE_PASSWORD"
[alerts]
group_wait = "1m"
[retention]
fetch_log = "1d"
sent_messages = "2d"
[archive]
pages = "0s"
max_bytes = 1_000_000
[articles]
recheck = ["10m", "2h"]
recheck_others = []
recheck_per_host = 0
"""
    path = folder(aggregator=text)
    (path / "dkim.pem").touch(0o600)
    settings = load_config(path, {"MAIL_PASSWORD": "hush", "BOUNCE_PASSWORD": "quiet"}).settings
    assert (settings.instance, settings.public_base_url) == ("Press", "https://monitor.example.org")
    assert settings.store.url == "sqlite:////srv/db/a.db"
    assert dataclasses.astuple(settings.fetch) == (
        "https://example.org/bot",
        ("10.0.0.0/8",),
        60.0,
        5.0,
        1000,
        2000,
        3000,
        0.5,
        4,
        ("tumblr.com",),
        False,
        True,
    )
    hours = [timedelta(hours=count) for count in (12, 3, 2)]
    assert dataclasses.astuple(settings.poll) == (timedelta(minutes=1), *hours, 10, False)
    assert dataclasses.astuple(settings.web) == ("::1", 8080)
    assert dataclasses.astuple(settings.workers) == (2, 10.0, 500_000_000)
    assert settings.mail.mode is MailMode.SMTP
    assert settings.mail.security is MailSecurity.TLS
    assert (settings.mail.folder, settings.mail.host, settings.mail.port) == (Path("/srv/mail"), "mail.example.org", 465)
    assert (settings.mail.username, settings.mail.password, settings.mail.timeout) == ("monitor", "hush", 10.0)
    assert (settings.mail.connections, settings.mail.thread) == (9, True)
    assert (settings.mail.dkim_selector, settings.mail.dkim_key_file) == ("monitor", path / "dkim.pem")
    assert (settings.mail.bounce_address, settings.mail.bounce_password) == ("bounce@example.org", "quiet")
    assert settings.mail.bounce_mailbox == "imaps://bounce@mail.example.org/INBOX"
    assert "hush" not in repr(settings)
    assert "quiet" not in repr(settings)
    assert settings.alerts.group_wait == timedelta(minutes=1)
    assert dataclasses.astuple(settings.retention) == (timedelta(days=1), timedelta(days=2))
    assert dataclasses.astuple(settings.archive) == (timedelta(), 1_000_000)
    assert dataclasses.astuple(settings.articles) == ((timedelta(minutes=10), timedelta(hours=2)), (), 0)
    assert "hush" not in repr(settings)


def test_the_lists_become_specs(folder: MakeFolder) -> None:
    path = folder(
        sources='[defaults]\ngroup = "wire"\nlanguage = "en"\ninterval = "1h"\n'
        + SOURCE
        + SOURCE.replace("one", "two")
        + 'group = "state"\nlanguage = ""\nsite_url = ""\ntimezone = "Asia/Tehran"\ninterval = "20m"\nenabled = false\n'
        + 'fetch_pages = false\ntags = ["a", "b"]\nallow_networks = ["127.0.0.1"]\ncountry = "IR"\nname = "Two"\n',
        entities='[[entity]]\nslug = "mek"\naliases = ["MEK", "مجاهدین خلق"]\n',
        rules=RULE + 'lane = "now"\nnote = """a\nb"""\n' + '[[rule]]\nslug = "b"\nname = "B"\nquery = "@mek"\nenabled = false\n',
        recipients=RECIPIENT + 'digest_at = 06:30:00\nweekdays = "workdays"\nrules = ["m*"]\n'
        "timezone = 'Asia/Tehran'\nsend_empty = true\nalerts = false\n",
    )
    config = load_config(path, {})
    assert config.sources == (
        SourceSpec("one", "https://example.org/one", group="wire", language="en", interval=timedelta(hours=1)),
        SourceSpec(
            "two", "https://example.org/two", name="Two", group="state", country="IR", timezone="Asia/Tehran", enabled=False,
            interval=timedelta(minutes=20), fetch_pages=False, tags=("a", "b"), allow_networks=("127.0.0.1",),
        ),
    )  # fmt: skip
    assert config.entities == (Entity("mek", "mek", ("MEK", "مجاهدین خلق")),)
    assert config.rules == (
        RuleSpec("mek", "mek", "mek", lane=Lane.NOW, note="a\nb"),
        RuleSpec("b", "B", "@mek", enabled=False),
    )
    assert config.recipients == (
        Recipient("reader", "reader@example.org", digest_at=time(6, 30), weekdays=(1, 2, 3, 4, 5), rules=("m*",),
                  timezone="Asia/Tehran", send_empty=True, alerts=False),
    )  # fmt: skip


def test_auto_is_the_sources_own_rhythm_whatever_the_defaults_say(folder: MakeFolder) -> None:
    text = '[defaults]\ninterval = "2h"\n' + SOURCE + SOURCE.replace("one", "two") + 'interval = "auto"\n'
    config = load_config(folder(sources=text), {})
    assert [source.interval for source in config.sources] == [timedelta(hours=2), None]


def test_a_missing_configuration_says_how_to_get_one(tmp_path: Path, errors_of: ErrorsOf) -> None:
    for path, word in ((tmp_path, "not found"), (tmp_path / "nowhere", "there is no folder")):
        error = only(errors_of(path))
        assert error.path == str(path / "aggregator.toml")
        assert word in error.message
        assert "copy config/aggregator.toml" in error.hint


def test_every_error_of_every_file_comes_at_once_in_order(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    path = folder(
        aggregator='instanc = "x"\n[fetch]\nhost_gap = 2\n[mail]\nport = "25"\n',
        sources='[[source]]\nslug = "Bad One"\nurl = "ftp://example.org/"\n\n'
        '[[source]]\nurl = "https://example.org/"\nintervall = "5m"\n',
        entities='[[entity]]\nslug = "a"\naliases = []\n',
        rules='[[rule]]\nslug = "r"\nquery = 5\nlane = "later"\n',
        recipients='[[recipient]]\nslug = "x"\naddress = "a@b.c, x@y"\nweekdays = ["mon", "tues"]\ntimezone = "Europe/Berln"\n',
    )
    assert told(errors_of(path)) == [
        ("aggregator.toml", 1, "instanc"),
        ("aggregator.toml", 3, "fetch.host_gap"),
        ("aggregator.toml", 5, "mail.port"),
        ("sources.toml", 2, 'source["Bad One"].slug'),
        ("sources.toml", 3, 'source["Bad One"].url'),
        ("sources.toml", 5, "source[2].slug"),
        ("sources.toml", 7, "source[2].intervall"),
        ("entities.toml", 3, 'entity["a"].aliases'),
        ("rules.toml", 3, 'rule["r"].query'),
        ("rules.toml", 4, 'rule["r"].lane'),
        ("recipients.toml", 3, 'recipient["x"].address'),
        ("recipients.toml", 4, 'recipient["x"].weekdays'),
        ("recipients.toml", 5, 'recipient["x"].timezone'),
    ]


@pytest.mark.parametrize(
    ("text", "key", "message", "hint"),
    [
        ('instanc = "x"', "instanc", "unknown key", 'did you mean "instance"?'),
        ("[fetsh]", "fetsh", "unknown key", 'did you mean "fetch"?'),
        ("xyz = 1", "xyz", "unknown key", "known here: instance, "),
        ("[[source]]", "source", "unknown key", "it belongs into sources.toml"),
        ('[fetch]\ndeadlin = "1s"', "fetch.deadlin", "unknown key", 'did you mean "deadline"?'),
        ("instance = 5", "instance", "must be text in quotes, not a value of type integer", "put the value in quotes"),
        ('instance = ""', "instance", "must not be empty", ""),
        ('instance = "a\\nb"', "instance", "must not contain control characters (here U+000A)", "one line"),
        ("fetch = 5", "fetch", "must be a table, not integer", "[fetch]"),
        ("[[fetch]]", "fetch", "must be a table, not array", "single brackets"),
        ("[fetch]\nconcurrency = 0", "fetch.concurrency", "0 is out of range", "at least 1"),
        ("[fetch]\nconcurrency = true", "fetch.concurrency", "must be a whole number, not a value of type boolean", ""),
        ("[fetch]\nmax_body_bytes = 2_000_000_000", "fetch.max_body_bytes", "out of range", "at most 1_000_000_000"),
        ('[fetch]\ndeadline = "1h"', "fetch.deadline", '"1h" is out of range', "from 1s to 10m"),
        ('[fetch]\ncontact_url = "me"', "fetch.contact_url", "not an http", "https://me"),
        ('[fetch]\nallow_networks = "10.0.0.0/8"', "fetch.allow_networks", "a list in brackets", '["one", "two"]'),
        ('[fetch]\nallow_networks = ["10.0.0.0/8", "10.0.0.1/8"]', "fetch.allow_networks[2]", "is not a network", "10.0.0.0/8"),
        ('[poll]\nfloor = "1h"\nbackoff_max = "30m"', "poll.backoff_max", "shorter than the floor of 1h", "longer"),
        ('[mail]\nmode = "smpt"', "mail.mode", "must be one of 'folder' or 'smtp'", 'did you mean "smtp"?'),
        ('[mail]\nmode = "smtp"', "mail.host", 'mode "smtp" needs a host', "host = "),
        ('[mail]\npassword = "hush"', "mail.password", "does not belong in a file", "password_env"),
        ('[mail]\nusername = "me"', "mail.username", "has no password", "password_env"),
        ('[mail]\npassword_env = "NO_SUCH"', "mail.password_env", "variable NO_SUCH is not set", "set NO_SUCH"),
        ('[mail]\ndkim_selector = "a"', "mail.dkim_selector", "stands without dkim_key_file", "private key"),
        ('[mail]\ndkim_selector = "a"\ndkim_key_file = "no"', "mail.dkim_key_file", "cannot be read", "configuration folder"),
        ('[mail]\nbounce_address = "nobody"', "mail.bounce_address", "not an e-mail address", ""),
        ('[mail]\nbounce_mailbox = "imap://a@b.example"', "mail.bounce_mailbox", "imap is not a way", "only over TLS"),
        (
            '[mail]\nbounce_mailbox = "imaps://a:b@c.example"',
            "mail.bounce_mailbox",
            "must not contain a password",
            "bounce_password",
        ),
        ('[mail]\nbounce_mailbox = "imaps://c.example"', "mail.bounce_mailbox", "must name an account", "imaps://name@"),
        ('[mail]\nbounce_password = "x"', "mail.bounce_password", "does not belong in a file", ""),
        ('[mail]\npassword_file = "none"', "mail.password_file", "cannot be read: No such file", "configuration folder"),
        ('[mail]\npassword_file = "."', "mail.password_file", "cannot be read: Is a directory", ""),
        ('[mail]\npassword_file = "a\\u0000b"', "mail.password_file", "not a path", ""),
        ('[store]\nurl = "postgresql://u:hush@h/d"', "store.url", "does not belong in a file", "PGPASSWORD"),
        ('public_base_url = "javascript:1"', "public_base_url", "not an http", ""),
        ('"strange key" = 1', '"strange key"', "unknown key", ""),
    ],
)
def test_settings_errors(folder: MakeFolder, errors_of: ErrorsOf, text: str, key: str, message: str, hint: str) -> None:
    found = errors_of(folder(aggregator=text))
    error = found[0]
    assert error.key.removeprefix(".") == key
    assert message in error.message
    assert hint in error.hint
    assert error.line == text.count("\n") + 1 or key == "mail.host"
    assert "hush" not in "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("name", "text", "key", "message", "hint"),
    [
        ("sources", '[source]\nslug = "x"', "source", "must be a list of tables, not table", "[[source]]"),
        ("sources", "source = [1]", "source", "must be a list of tables", "[[source]]"),
        ("sources", "[[sources]]", "sources", "unknown key", 'did you mean "source"?'),
        ("sources", '[defaults]\nslug = "x"', "defaults.slug", "unknown key", "known here: group"),
        ("sources", '[defaults]\ninterval = "1m"', "defaults.interval", "below the floor of 15m", "poll less often"),
        ("sources", SOURCE + 'interval = "4m"', 'source["one"].interval', "below the floor of 15m", "poll less often"),
        ("sources", SOURCE + 'interval = "31d"', 'source["one"].interval', "out of range", "at most 30d"),
        ("sources", SOURCE + 'country = "ir"', 'source["one"].country', "not a country", '"IR"'),
        ("sources", SOURCE + 'language = "FA"', 'source["one"].language', "not a language", '"fa"'),
        ("sources", SOURCE + 'tags = ["a", 1]', 'source["one"].tags[2]', "text in quotes", ""),
        ("sources", SOURCE + "enabled = 1", 'source["one"].enabled', "must be true or false", "without quotes"),
        ("sources", SOURCE + "[[rule]]", "rule", "unknown key", "rules.toml"),
        ("recipients", RECIPIENT + "rules = []", 'recipient["reader"].rules', "must not be empty", ""),
        ("recipients", RECIPIENT + 'rules = ["*", "mke"]', 'recipient["reader"].rules[2]', '"mke" matches no rule', 'mean "mek"'),
        (
            "recipients",
            RECIPIENT + 'rules = ["x-*"]',
            'recipient["reader"].rules[1]',
            '"x-*" matches no rule',
            "the rules are: mek",
        ),
        ("recipients", RECIPIENT + "digest_at = 25", 'recipient["reader"].digest_at', "must be a time of day", "07:00"),
    ],
)
def test_list_errors(folder: MakeFolder, errors_of: ErrorsOf, name: str, text: str, key: str, message: str, hint: str) -> None:
    error = only(errors_of(folder(**{"rules": RULE, name: text})))
    assert error.key == key
    assert message in error.message
    assert hint in error.hint
    assert Path(error.path).name == f"{name}.toml"


@pytest.mark.parametrize("name", ["source", "entity", "rule", "recipient"])
def test_a_slug_that_stands_twice_names_the_other_line(folder: MakeFolder, errors_of: ErrorsOf, name: str) -> None:
    bodies = {
        "source": ("sources", 'url = "https://example.org/"'),
        "entity": ("entities", 'aliases = ["x"]'),
        "rule": ("rules", 'query = "x"'),
        "recipient": ("recipients", 'address = "a@example.org"'),
    }
    file, body = bodies[name]
    block = f'[[{name}]]\nslug = "same"\n{body}\n'
    error = only(errors_of(folder(**{file: f"# one\n{block}\n{block}"})))
    assert (error.line, error.key, error.message) == (7, f'{name}["same"].slug', '"same" stands on line 3 already')


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("x = 1\ny = = 2\n", 2, 5),
        ('x = "open\n', 1, 10),
        ("[poll\n", 1, 6),
        ("x = 1\nx = 2\n", 2, 6),
        ('x = """open', 1, 12),
        ("x =", 1, 4),
    ],
)
def test_toml_syntax_errors_have_line_and_column(
    folder: MakeFolder, errors_of: ErrorsOf, text: str, line: int, column: int
) -> None:
    for file in FILES:
        name = file.removesuffix(".toml")
        error = only(errors_of(folder(**{name: text})))
        assert Path(error.path).name == file
        assert error.line == line
        assert error.message.startswith(f"column {column}: ")
        assert "(at " not in error.message
        folder(**{name: ""})


def test_files_that_are_no_utf8_text(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    path = folder()
    (path / "sources.toml").write_bytes(b'# fine\nname = "caf\xe9"\n')
    error = only(errors_of(path))
    assert (error.line, error.message) == (2, "is not UTF-8 text (byte 0xe9)")
    (path / "sources.toml").unlink()
    (path / "sources.toml").mkdir()
    assert "Is a directory" in only(errors_of(path)).message


def test_a_byte_order_mark_and_windows_line_ends_are_fine(folder: MakeFolder) -> None:
    path = folder(sources="\ufeff" + SOURCE.replace("\n", "\r\n"))
    assert load_config(path, {}).sources[0].slug == "one"


def test_absurd_nesting_is_an_error_like_any_other(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    assert "nested" in only(errors_of(folder(rules="x = " + "[" * 5000 + "]" * 5000))).message


def test_the_environment_overrides_the_store(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    path = folder(aggregator='[store]\nurl = "sqlite:///a.db"')
    assert load_config(path, {"AGGREGATOR_STORE_URL": "sqlite:///b.db"}).settings.store.url == f"sqlite:///{path.parent}/b.db"
    assert load_config(path, {"AGGREGATOR_STORE_URL": ""}).settings.store.url == f"sqlite:///{path.parent}/a.db"
    error = only(errors_of(path, {"AGGREGATOR_STORE_URL": "postgresql://u:hush@h"}))
    assert (error.path, error.key) == ("environment", "AGGREGATOR_STORE_URL")
    assert "hush" not in str(error)


def test_a_password_from_a_file(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    path = folder(aggregator='[mail]\npassword_file = "secret"')
    (path / "secret").write_text(" hush hush \n")
    mail = load_config(path, {}).settings.mail
    assert (mail.password, mail.password_file) == (" hush hush ", path / "secret")
    for content in (b"", b"\n", b"hush\nhush\n", b"hush\xff"):
        (path / "secret").write_bytes(content)
        error = only(errors_of(path))
        assert error.key == "mail.password_file"
        assert "hush" not in str(error)


def test_two_sources_of_one_password(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    error = only(errors_of(folder(aggregator='[mail]\npassword_file = "x"\npassword_env = "X"'), {"X": "hush"}))
    assert (error.key, error.message) == ("mail.password_file", "stands beside password_env")


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ('"titel:mek"', 3, 10),
        ("'(a OR b) titel:mek'", 3, 19),
        ("'''\n(a OR b)\n  titel:mek\n'''", 5, 3),
        ("'''titel:mek\nOR x'''", 3, 12),
        ('"""\\\n   \\"a\\" OR\n  titel:mek"""', 5, 3),
        ('"\\u0061 titel:mek"', 3, 17),
    ],
)
def test_query_errors_point_into_the_file(folder: MakeFolder, errors_of: ErrorsOf, query: str, line: int, column: int) -> None:
    text = f'[[rule]]\nslug = "mek"\nquery = {query}\nname = "MEK"\n'
    for rules in (text, text.replace("\n", "\r\n")):
        error = only(errors_of(folder(rules=rules)))
        assert isinstance(error, RuleSyntaxError)
        assert (Path(error.path).name, error.key, error.line) == ("rules.toml", 'rule["mek"].query', line)
        assert error.message.startswith(f"column {column}: ")
        assert "titel" in error.hint
        assert "^" in error.hint
        assert "title" in error.hint


@pytest.mark.parametrize(
    ("query", "line"), [("'(a OR b'", 3), ("'''\na\nNEAR/0\nb'''", 5), ("'@nobody'", 3), ("''", 3), ("'me*'", 3)]
)
def test_other_query_errors(folder: MakeFolder, errors_of: ErrorsOf, query: str, line: int) -> None:
    error = only(errors_of(folder(rules=f'[[rule]]\nslug = "mek"\nquery = {query}\n')))
    assert (error.key, error.line) == ('rule["mek"].query', line)
    assert error.message.startswith("column ")


def test_a_query_error_is_shown_with_a_caret(folder: MakeFolder) -> None:
    path = folder(rules="""[[rule]]\nslug = "mek"\nquery = '''\nmek\n  (مجاهدین OR منافقین) titel:مجاهدین\n'''\n""")
    with pytest.raises(ConfigErrors) as caught:
        load_config(path, {})
    head, shown, caret, hint = str(caught.value).split("\n")
    assert head.startswith(f'{path}/rules.toml:5: rule["mek"].query: column 24, word 4: ')
    assert shown == "      (مجاهدین OR منافقین) titel:مجاهدین"
    assert (len(caret) - len(caret.lstrip()), set(caret.strip())) == (shown.index("titel"), {"^", "~"})
    assert hint == "    did you mean title:?"


def test_an_unknown_entity_is_told_with_the_nearest(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    entities = '[[entity]]\nslug = "rajavi"\naliases = ["Rajavi"]\n'
    error = only(errors_of(folder(entities=entities, rules='[[rule]]\nslug = "r"\nquery = "@rajavii"\n')))
    assert "rajavi" in error.hint.replace("rajavii", "")


def test_cyclic_and_unknown_entities_are_told_once_where_they_stand(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    entities = (
        '[[entity]]\nslug = "a"\naliases = ["x", "@b"]\n[[entity]]\nslug = "b"\naliases = ["@a"]\n'
        '[[entity]]\nslug = "c"\naliases = ["@nobody"]\n'
    )
    found = errors_of(folder(entities=entities, rules='[[rule]]\nslug = "r"\nquery = "@a OR @c"\n'))
    assert {(Path(error.path).name, error.key) for error in found} <= {
        ("entities.toml", 'entity["a"].aliases'),
        ("entities.toml", 'entity["b"].aliases'),
        ("entities.toml", 'entity["c"].aliases'),
    }
    assert any("nobody" in error.message for error in found)
    assert any(error.line in {3, 6} for error in found)
    assert len(found) in {2, 3}


def test_broken_files_do_not_cause_errors_elsewhere(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    path = folder(
        aggregator="[poll]\nfloor = 5\n",
        sources=SOURCE + 'interval = "1m"\n',
        entities="[[entity]]\nslug = \n",
        rules='[[rule]]\nslug = "r"\nquery = "@mek"\n',
        recipients=RECIPIENT + 'rules = ["r"]\n',
    )
    assert [error.path.rpartition("/")[2] for error in errors_of(path)] == ["aggregator.toml", "entities.toml"]
    path = folder(entities='[[entity]]\nslug = "mek"\naliases = "MEK"\n', sources="", rules="[[rule]\n")
    assert told(errors_of(path)) == [("entities.toml", 3, 'entity["mek"].aliases'), ("rules.toml", 1, "")]


def test_a_star_follows_rules_yet_to_be_written(folder: MakeFolder) -> None:
    assert load_config(folder(recipients=RECIPIENT + 'rules = ["*"]\n'), {}).recipients[0].rules == ("*",)


def test_the_whole_report_reads_well(folder: MakeFolder) -> None:
    path = folder(sources=SOURCE.replace("https://", "https://me:hush@"))
    with pytest.raises(ConfigErrors) as caught:
        load_config(path, {})
    assert str(caught.value) == (
        f'{path}/sources.toml:3: source["one"].url: must not contain a user name or password\n    remove the part before the @'
    )


def test_a_key_that_everybody_can_read_is_refused_and_a_mailbox_may_be_a_path(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    path = folder(aggregator='[mail]\ndkim_selector = "m"\ndkim_key_file = "key"\nbounce_mailbox = "var/bounces"')
    (path / "key").touch()
    (path / "key").chmod(0o644)
    error = only(errors_of(path))
    assert (error.key, "can be read by everybody" in error.message, "chmod" in error.hint) == ("mail.dkim_key_file", True, True)
    (path / "key").chmod(0o640)
    assert load_config(path, {}).settings.mail.bounce_mailbox == str(path.parent / "var/bounces")
    folder(aggregator='[mail]\ndkim_key_file = "key"')
    error = only(errors_of(path))
    assert (error.key, error.message) == ("mail.dkim_key_file", "stands without dkim_selector")
