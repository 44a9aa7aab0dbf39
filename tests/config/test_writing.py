from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config import append_sources, blank_source, load_config, slug_for
from aggregator.errors import ConfigErrors
from aggregator.model.source import SourceSpec

STEADY = settings(deadline=None, derandomize=True)

MakeFolder = Callable[..., Path]

OLD = "# mine\n\n[[source]] # the first\nslug=\"one\"\n  url = 'https://example.org/one'   \n# the end, without a line break"
FULL = SourceSpec(
    "full", "https://example.org/?a=b&c=%22#d", name='"Q" \\ \'s\' فارسی 新闻 🎉', site_url="https://example.org/", group="wire",
    country="FR", language="fr", timezone="Europe/Paris", interval=timedelta(minutes=90), enabled=False, fetch_pages=False,
    tags=("a", 'b"c', "]"), allow_networks=("10.0.0.0/8", "127.0.0.1"),
)  # fmt: skip
NASTY = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029"), max_size=40)


def sources(path: Path) -> tuple[SourceSpec, ...]:
    return load_config(path, {}).sources


def test_what_stands_there_keeps_every_byte(folder: MakeFolder) -> None:
    path = folder(sources=OLD)
    append_sources(path, [FULL, SourceSpec("plain", "https://example.org/plain")])
    content = (path / "sources.toml").read_text(encoding="utf-8")
    assert content.startswith(OLD + "\n\n[[source]]\n")
    assert content.endswith('\n\n[[source]]\nslug = "plain"\nurl = "https://example.org/plain"\n')
    assert sources(path) == (
        SourceSpec("one", "https://example.org/one"),
        FULL,
        SourceSpec("plain", "https://example.org/plain"),
    )
    append_sources(path, [SourceSpec("last", "https://example.org/last")])
    assert (path / "sources.toml").read_text(encoding="utf-8").startswith(content)


def test_windows_line_ends_and_a_byte_order_mark_stay(folder: MakeFolder) -> None:
    path = folder(sources="\ufeff" + OLD.replace("\n", "\r\n"))
    append_sources(path, [FULL])
    content = (path / "sources.toml").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf# mine\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") > 10
    assert sources(path)[1:] == (FULL,)


def test_a_missing_file_is_made(folder: MakeFolder) -> None:
    path = folder()
    append_sources(path, [FULL])
    assert sources(path) == (FULL,)
    assert (path / "sources.toml").stat().st_mode & 0o777 == 0o644


def test_no_sources_no_change(folder: MakeFolder) -> None:
    path = folder()
    append_sources(path, [])
    assert not (path / "sources.toml").exists()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_of_the_file_is_kept_and_nothing_is_left_behind(folder: MakeFolder, mode: int) -> None:
    path = folder(sources=OLD)
    (path / "sources.toml").chmod(mode)
    append_sources(path, [FULL])
    assert (path / "sources.toml").stat().st_mode & 0o777 == mode
    assert sorted(file.name for file in path.iterdir()) == ["aggregator.toml", "sources.toml"]


def test_a_link_stays_a_link(folder: MakeFolder, tmp_path: Path) -> None:
    path = folder()
    (tmp_path / "elsewhere.toml").write_text(OLD)
    (path / "sources.toml").symlink_to(tmp_path / "elsewhere.toml")
    append_sources(path, [FULL])
    assert (path / "sources.toml").is_symlink()
    assert "full" in (tmp_path / "elsewhere.toml").read_text(encoding="utf-8")


def test_defaults_of_the_file_do_not_change_what_is_appended(folder: MakeFolder) -> None:
    defaults = (
        '[defaults]\ngroup = "state"\ncountry = "IR"\nlanguage = "fa"\ntimezone = "Asia/Tehran"\ninterval = "2h"\n'
        'enabled = false\nfetch_pages = false\ntags = ["x"]\nallow_networks = ["10.0.0.0/8"]\n'
    )
    path = folder(sources=defaults)
    plain = SourceSpec("plain", "https://example.org/plain")
    append_sources(path, [plain, FULL])
    assert sources(path) == (plain, FULL)


def test_what_the_defaults_give_is_not_written_again(folder: MakeFolder) -> None:
    defaults = '[defaults]\ngroup = "state"\ntimezone = "Asia/Tehran"\ninterval = "2h"\ntags = ["x"]\n'
    path = folder(sources=defaults)
    blank = blank_source(path)
    assert blank == SourceSpec("", "", group="state", timezone="Asia/Tehran", interval=timedelta(hours=2), tags=("x",))
    spec = dataclasses.replace(blank, slug="one", url="https://example.org/one", interval=None)
    append_sources(path, [spec])
    content = (path / "sources.toml").read_text(encoding="utf-8")
    assert content == defaults + '\n[[source]]\nslug = "one"\nurl = "https://example.org/one"\ninterval = "auto"\n'
    assert sources(path) == (spec,)
    assert blank_source(folder(sources="")) == SourceSpec("", "")


@pytest.mark.parametrize(
    ("old", "spec", "word"),
    [
        (OLD, SourceSpec("one", "https://example.org/"), '"one" stands on line 4 already'),
        (OLD, SourceSpec("x", "ftp://example.org/"), "not an http"),
        (OLD, SourceSpec("x", "https://example.org/", name="a\nb"), "control characters"),
        (OLD, SourceSpec("x", "https://example.org/", name="\ud800"), "UTF-8"),
        (OLD, SourceSpec("x", "https://example.org/", interval=timedelta(seconds=1)), "below the floor"),
        (OLD, SourceSpec("x", "https://example.org/", tags=("a\x00",)), "control characters"),
        ("source = []\n", SourceSpec("x", "https://example.org/"), "column"),
        ("broken = \n", SourceSpec("x", "https://example.org/"), "column"),
        ("# open\nx = '''", SourceSpec("x", "https://example.org/"), "column"),
    ],
)
def test_what_would_not_load_is_refused_and_nothing_is_written(folder: MakeFolder, old: str, spec: SourceSpec, word: str) -> None:
    path = folder(sources=old)
    with pytest.raises(ConfigErrors, match=word):
        append_sources(path, [FULL, spec])
    assert (path / "sources.toml").read_text(encoding="utf-8") == old
    assert sorted(file.name for file in path.iterdir()) == ["aggregator.toml", "sources.toml"]


SPECS = st.builds(
    SourceSpec,
    slug=st.just("nasty"),
    url=st.just("https://example.org/nasty"),
    name=NASTY,
    site_url=st.none() | st.just("https://example.org/'\"%5C"),
    group=NASTY,
    country=st.sampled_from(["", "IR"]),
    language=st.sampled_from([None, "fa"]),
    timezone=st.sampled_from(["UTC", "Asia/Tehran"]),
    interval=st.none() | st.timedeltas(timedelta(minutes=15), timedelta(days=30)),
    enabled=st.booleans(),
    fetch_pages=st.booleans(),
    tags=st.lists(NASTY, max_size=3).map(tuple),
    allow_networks=st.sampled_from([(), ("fd00::/8", "127.0.0.1")]),
)


@STEADY
@given(spec=SPECS, defaults=st.booleans())
def test_any_source_reads_back_the_same(spec: SourceSpec, defaults: bool) -> None:
    with TemporaryDirectory() as name:
        path = Path(name)
        (path / "aggregator.toml").write_text("")
        (path / "sources.toml").write_text(
            '[defaults]\nlanguage = "en"\ninterval = "1h"\ntags = ["x"]\ngroup = "g"\nenabled = false' if defaults else ""
        )
        append_sources(path, [spec])
        assert sources(path) == (spec,)


@pytest.mark.parametrize(
    ("name", "url", "slug"),
    [
        ("BBC World", "https://feeds.example.org/", "bbc-world"),
        ("  Le Monde: À la une  ", "https://x.example/", "le-monde-a-la-une"),
        ("Süddeutsche Straße Łódź", "https://x.example/", "suddeutsche-strasse-lodz"),
        ("خبرگزاری ایران", "https://www.khabar.example/rss", "khabar-example"),
        ("新闻", "https://news.example:8443/", "news-example"),
        ("24", "https://radio.example/", "radio-example"),
        ("", "https://bücher.example/", "b-cher-example"),
        ("", "not a url", "source"),
        ("", "https://[::1", "source"),
        ("x" * 100, "https://x.example/", "x" * 64),
    ],
)
def test_slugs_come_from_the_name_or_the_host(name: str, url: str, slug: str) -> None:
    assert slug_for(name, url, ()) == slug


def test_a_taken_slug_gets_a_number() -> None:
    taken: set[str] = set()
    for expected in ("radio", "radio-2", "radio-3"):
        assert slug_for("Radio", "", taken) == expected
        taken.add(expected)
    assert slug_for("Radio", "", {"radio", "radio-3"}) == "radio-2"
    assert slug_for("Radio", "", {"radio", *(f"radio-{number}" for number in range(2, 10_001))}) == "radio-10001"
    long = slug_for("y" * 70, "", {"y" * 64})
    assert long == "y" * 62 + "-2"


@STEADY
@given(st.text(), st.text(), st.sets(st.sampled_from(["source", "source-2", "a", "b"])))
def test_any_slug_is_valid_and_new(name: str, url: str, taken: set[str]) -> None:
    slug = slug_for(name, url, taken)
    assert slug not in taken
    assert slug == slug_for(name, url, frozenset(taken))
    with TemporaryDirectory() as folder:
        (Path(folder) / "aggregator.toml").write_text("")
        append_sources(Path(folder), [SourceSpec(slug, "https://example.org/")])
        assert [dataclasses.astuple(spec)[0] for spec in sources(Path(folder))] == [slug]
