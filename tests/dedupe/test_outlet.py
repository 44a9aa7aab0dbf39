from __future__ import annotations

import pytest

from aggregator.dedupe.outlet import Place, host_of, same_outlet


def place(
    url: str, *, source: int = 1, name: str = "Herald", group: str = "", home: str = "https://herald.example/feed"
) -> Place:
    return Place(source, name, group, home, url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.herald.example/a", "http://m.herald.example/b", True),
        ("https://herald.example/a", "https://courier.example/a", False),
        ("https://a.blog.example/1", "https://b.blog.example/1", False),
        ("https://herald.example:8080/a", "https://herald.example/a", False),
        ("", "", False),
    ],
)
def test_other_sources_are_one_outlet_by_their_host(one: str, other: str, same: bool) -> None:
    assert (
        same_outlet(
            place(one, home="https://feeds.example/1"), place(other, source=2, name="Sport", home="https://feeds.example/2")
        )
        is same
    )


@pytest.mark.parametrize("named_alike", [True, False])
def test_an_outlet_that_moved_or_has_several_hosts_stays_one(named_alike: bool) -> None:
    old, new = place("https://herald.example/a"), place("https://new-herald.example/a", source=2 if named_alike else 1)
    assert same_outlet(old, new)
    assert not same_outlet(old, place("https://sport.herald.example/a", source=2, name="Herald", group="wire")), "another group"


def test_a_source_that_collects_from_many_outlets_speaks_for_none() -> None:
    home = "https://collector.example/rss"
    assert not same_outlet(place("https://herald.example/a", home=home), place("https://courier.example/a", home=home))
    assert same_outlet(place("https://herald.example/a", home=home), place("https://herald.example/b", home=home))


def test_a_text_without_an_address_is_its_sources_own() -> None:
    assert same_outlet(place(""), place("https://courier.example/a"))
    assert not same_outlet(place(""), place("https://courier.example/a", source=2, name="Courier"))


def test_what_is_no_address_has_no_host() -> None:
    assert (host_of("http://[::1"), host_of("/a"), host_of("HTTPS://WWW.Herald.example/a")) == ("", "", "herald.example")
