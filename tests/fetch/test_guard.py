"""URLs and addresses that must not be reached. The numbers are those of the project's list of hostile inputs."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpx
import pytest

from aggregator.errors import ConfigError
from aggregator.fetch import Fetcher, check_url, host_key, wire
from aggregator.fetch.address import parse_url
from aggregator.fetch.failure import FetchError
from aggregator.fetch.guard import Networks, is_allowed, vetted
from aggregator.model.page import Accept, FailureKind, Fetched, FetchFailed, FetchRequest

if TYPE_CHECKING:
    from tests.fetch.conftest import Loopback, MakeAnswer, MakeFetcher, Names

# ``{p}`` is the port of a server on 127.0.0.1 that must not be connected to.
REFUSED = [
    ("01", "http://127.0.0.1:{p}/"),
    ("02", "http://127.1:{p}/"),
    ("03", "http://2130706433:{p}/"),
    ("04", "http://0x7f000001:{p}/"),
    ("05", "http://0177.0.0.1:{p}/"),
    ("06", "http://0x7f.0.0.1:{p}/"),
    ("07", "http://0:{p}/"),
    ("07", "http://0.0.0.0:{p}/"),
    ("07", "http://[::]:{p}/"),
    ("09", "http://[::1]:{p}/"),
    ("10", "http://[::ffff:7f00:1]:{p}/"),
    ("10", "http://[::ffff:127.0.0.1]:{p}/"),
    ("11", "http://[::127.0.0.1]:{p}/"),
    ("12", "http://[64:ff9b::a9fe:a9fe]/"),
    ("12", "http://[64:ff9b::7f00:1]:{p}/"),
    ("13", "http://[64:ff9b:1::1]/"),
    ("14", "http://[2002:a9fe:a9fe::]/"),
    ("15", "http://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/"),
    ("16", "http://[fd00:ec2::254]/"),
    ("16", "http://[fc00::1]/"),
    ("17", "http://[fe80::1]/"),
    ("17", "http://[::1%25lo]:{p}/"),
    ("17", "http://[::1%lo]:{p}/"),
    ("18", "http://[fec0::1]/"),
    ("19", "http://[ff02::1]/"),
    ("19", "http://224.0.0.1/"),
    ("20", "http://[3fff::1]/"),
    ("20", "http://[5f00::1]/"),
    ("21", "http://169.254.169.254/latest/meta-data/"),
    ("22", "http://100.100.100.200/"),
    ("22", "http://100.64.0.1/"),
    ("23", "http://168.63.129.16/"),
    ("24", "http://192.88.99.1/"),
    ("24", "http://192.0.0.9/"),
    ("24", "http://198.18.0.1/"),
    ("24", "http://10.0.0.1/"),
    ("24", "http://172.16.0.1/"),
    ("24", "http://192.168.0.1/"),
    ("24", "http://240.0.0.1/"),
    ("24", "http://255.255.255.255/"),
    ("25", "http://127。0。0。1:{p}/"),
    ("25", "http://①②⑦.⓪.⓪.①:{p}/"),
    ("26", "http://127.0.0.1:{p}\\@example.com/"),
    ("26", "http://example.com\\@127.0.0.1:{p}/"),
    ("27", "http://example.com\x00.evil/"),
    ("27", "http://example.com/\r\nHost: evil"),
    ("27", "http://example.com/a\tb"),
    ("27", "http://exam ple.com/"),
    ("27", "http://example.com/\ud800"),
    ("28", "file:///etc/passwd"),
    ("28", "ftp://example.com/"),
    ("28", "gopher://example.com/"),
    ("28", "dict://example.com/"),
    ("28", "data:text/xml,<rss/>"),
    ("28", "javascript:alert(1)"),
    ("28", "unix:/run/docker.sock"),
    ("29", "http://"),
    ("29", "http:///x"),
    ("29", "//8.8.8.8/"),
    ("29", "http://[::1"),
    ("29", "http://./"),
    ("29", ""),
    ("30", "http://127.0.0.1:99999/"),
    ("30", "http://example.com:-1/"),
    ("30", "http://example.com:0/"),
    ("30", "http://example.com:22/"),
    ("30", "http://example.com:25/"),
    ("30", "http://example.com:6379/"),
    ("30", "http://example.com:٨٠/"),
    ("31", "http://user:hunter2@8.8.8.8/"),
    ("31", "http://@8.8.8.8/"),
    ("32", "http://example.com/" + "a" * 2048),
    ("32", f"http://{'a' * 64}.example.com/"),
    ("32", f"http://{'a.' * 130}example.com/"),
    ("32", "http://a..example.com/"),
    ("32", "http://%31%32%37.0.0.1:{p}/"),
]


@pytest.mark.parametrize(("number", "url"), REFUSED, ids=[f"{number}-{url[:40]!a}" for number, url in REFUSED])
async def test_refused(number: str, url: str, fetcher: MakeFetcher, server: Loopback, names: Names) -> None:
    client = fetcher(allow_networks=())
    url = url.replace("{p}", str(server.port))

    outcome = await client.fetch(FetchRequest(url, Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status) == (FailureKind.BLOCKED, None)
    assert re.search("URL|address", outcome.detail)
    assert (server.connections, names.asked) == (0, [])


@pytest.mark.parametrize("url", ["http://user:hunter2@8.8.8.8/", "http://user:hunter2@a.test:{p}/"])
async def test_31_a_password_in_a_url_is_in_no_log_and_no_detail(
    url: str, fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether configured or met in a redirect; every logger at its most talkative."""
    caplog.set_level(logging.DEBUG)
    url = url.replace("{p}", str(server.port))
    server.script("/", answer(302, headers={"Location": url}))
    client = fetcher()

    refused = await client.fetch(FetchRequest(url, Accept.FEED))
    redirected = await client.fetch(FetchRequest(server.url(), Accept.FEED))

    for outcome in (refused, redirected):
        assert isinstance(outcome, FetchFailed)
        assert outcome.kind is FailureKind.BLOCKED
        assert outcome.detail.endswith("URL holds a user name or password")
        assert outcome.sample == ""
    assert "hunter2" not in caplog.text
    assert server.connections == 1


@pytest.mark.parametrize("host", ["127。0。0。1", "①②⑦.⓪.⓪.①", "127.1", "0x7f.0.0.1"])
async def test_25_odd_spellings_are_refused_even_where_the_address_is_allowed(
    host: str, fetcher: MakeFetcher, server: Loopback
) -> None:
    outcome = await fetcher(allow_networks=("127.0.0.0/8",)).fetch(FetchRequest(server.url(host=host), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, server.connections) == (FailureKind.BLOCKED, 0)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost."])
async def test_08_localhost(host: str, fetcher: MakeFetcher, server: Loopback, names: Names) -> None:
    names.answers["localhost"] = [["127.0.0.1"]]

    outcome = await fetcher(allow_networks=()).fetch(FetchRequest(server.url(host=host), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.BLOCKED
    assert server.connections == 0


async def test_08_localhost_through_the_systems_resolver(server: Loopback, clock: object) -> None:
    from aggregator.config.settings import FetchSettings

    async with Fetcher(FetchSettings(), clock) as client:  # type: ignore[arg-type]
        outcome = await client.fetch(FetchRequest(server.url(host="localhost"), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.BLOCKED
    assert server.connections == 0


@pytest.mark.parametrize(
    "addresses", [["8.8.8.8", "169.254.169.254"], ["2606:4700::1111", "fe80::1%eth0"], ["8.8.8.8", "nonsense"], ["127.0.0.1"]]
)
async def test_33_one_bad_address_refuses_the_name(
    addresses: list[str], fetcher: MakeFetcher, server: Loopback, names: Names
) -> None:
    names.answers["mixed.example"] = [addresses]

    outcome = await fetcher(allow_networks=()).fetch(FetchRequest(server.url(host="mixed.example"), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.BLOCKED, "name has an address that is not global")
    assert server.connections == 0


async def test_34_rebinding(fetcher: MakeFetcher, server: Loopback, names: Names, answer: MakeAnswer) -> None:
    server.script("/", answer(body=b"first", headers={"Connection": "close"}))
    names.answers["rebind.example"] = [["127.0.0.1"], ["127.1.1.1"]]
    client = fetcher(allow_networks=("127.0.0.1/32",))
    request = FetchRequest(server.url(host="rebind.example"), Accept.FEED)

    first = await client.fetch(request)
    asked = len(names.asked)
    second = await client.fetch(request)

    assert isinstance(first, Fetched)
    assert asked == 1
    assert isinstance(second, FetchFailed)
    assert second.kind is FailureKind.BLOCKED
    assert len(names.asked) == 2
    assert server.connections == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/",
        "http://private.example/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "http://[::ffff:10.0.0.1]/",
        "gopher://x/",
        "http://[::1",
        "/a\\b",
        "/a\tb",
        "http://user:hunter2@b.test/",
    ],
)
async def test_35_redirect_to_a_refused_url(
    location: str, fetcher: MakeFetcher, server: Loopback, names: Names, answer: MakeAnswer
) -> None:
    server.script("/", answer(302, headers={"Location": location}))
    names.answers["private.example"] = [["192.168.1.1"]]

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status) == (FailureKind.BLOCKED, 302)
    assert "hunter2" not in outcome.detail
    assert len(server.log) == 1


async def test_36_redirect_loop(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(302, headers={"Location": "/"}))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.status) == (FailureKind.REDIRECTS, 302)
    assert len(server.log) == 6


async def test_37_proxies_of_the_environment_are_ignored(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    server.script("/", answer(body=b"direct"))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, Fetched)
    assert outcome.body == b"direct"


async def test_38_certificate_of_a_stranger(fetcher: MakeFetcher, tls_server: Loopback) -> None:
    outcome = await fetcher().fetch(FetchRequest(tls_server.url(scheme="https"), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (FailureKind.TLS, "certificate is self-signed")
    assert tls_server.names == ["a.test"]  # SNI is the name, not the address that was connected to
    assert tls_server.log == []


async def test_38_certificate_for_another_host(trusted: None, fetcher: MakeFetcher, tls_server: Loopback) -> None:
    tls_server.script("/", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe")
    client = fetcher()

    wrong = await client.fetch(FetchRequest(tls_server.url(scheme="https"), Accept.FEED))
    right = await client.fetch(FetchRequest(tls_server.url(scheme="https", host="other.test"), Accept.FEED))

    assert isinstance(wrong, FetchFailed)
    assert (wrong.kind, wrong.detail) == (FailureKind.TLS, "certificate is for another host")
    assert isinstance(right, Fetched)
    assert right.body == b"safe"


async def test_38_no_tls_at_all(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.greeting = answer(400, headers={"Connection": "close"})

    outcome = await fetcher().fetch(FetchRequest(server.url(scheme="https"), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.TLS


SECRET = "Basic aHVudGVyMjpodW50ZXIy"


async def test_39_credentials_go_to_their_origin_and_nowhere_else(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    """Within the origin, to another host, and back."""
    server.script("/", answer(302, headers={"Location": "/a"}))
    server.script("/a", answer(301, headers={"Location": server.url("/b", host="b.test")}))
    server.script("/b", answer(302, headers={"Location": server.url("/c")}))
    server.script("/c", answer(body=b"feed"))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED, authorization=SECRET))

    assert isinstance(outcome, Fetched)
    assert [(entry.target, entry.header("Authorization")) for entry in server.log] == [
        ("/", SECRET),
        ("/a", SECRET),
        ("/b", None),
        ("/c", SECRET),
    ]


async def test_39_another_port_is_another_origin(
    fetcher: MakeFetcher, server: Loopback, neighbour: Loopback, answer: MakeAnswer
) -> None:
    neighbour.script("/", answer(body=b"feed"))
    server.script("/", answer(307, headers={"Location": neighbour.url()}))

    await fetcher().fetch(FetchRequest(server.url(), Accept.FEED, authorization=SECRET))

    assert [entry.header("Authorization") for entry in (*server.log, *neighbour.log)] == [SECRET, None]


async def test_39_not_over_a_downgrade(
    trusted: None, fetcher: MakeFetcher, server: Loopback, tls_server: Loopback, answer: MakeAnswer
) -> None:
    """The same host, now without TLS: everybody on the way could read it."""
    tls_server.script("/", answer(302, headers={"Location": server.url(host="other.test")}))
    server.script("/", answer(body=b"feed"))
    request = FetchRequest(tls_server.url(scheme="https", host="other.test"), Accept.FEED, authorization=SECRET)

    outcome = await fetcher().fetch(request)

    assert isinstance(outcome, Fetched)
    assert [entry.header("Authorization") for entry in (*tls_server.log, *server.log)] == [SECRET, None]


async def test_39_credentials_are_in_no_outcome_no_repr_and_no_log(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    request = FetchRequest(server.url(), Accept.FEED, authorization=SECRET)
    told = [repr(request)]
    client = fetcher()

    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()

    for script in (answer(401), answer(302, headers={"Location": "/\\"}), b"nonsense\r\n\r\n", hang_up, answer(body=b"feed")):
        server.script("/", script)
        told.append(repr(await client.fetch(request)))
    told.append(repr(await client.fetch(replace(request, authorization=f"{SECRET}\r\nX-Evil: 1"))))

    assert [entry.header("Authorization") for entry in server.log] == [SECRET] * 5
    assert "request cannot be expressed in HTTP" in told[-1]
    assert not re.search("aHVudGVy|hunter2", "".join((*told, caplog.text)))


async def test_39_a_redirect_to_another_host_carries_nothing_private(
    fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer
) -> None:
    server.script("/", answer(302, headers={"Location": server.url("/b", host="b.test"), "Set-Cookie": "id=secret; Path=/"}))
    server.script("/b", answer(body=b"feed"))
    client = fetcher()

    await client.fetch(FetchRequest(server.url(), Accept.FEED))
    await client.fetch(FetchRequest(server.url(), Accept.FEED))

    assert len(server.log) == 4
    sent = {name.lower() for entry in server.log for name, _ in entry.headers}
    assert sent == {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", True),
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::a00:1", False),
        ("::ffff:10.0.0.1", False),
        ("::1", False),
    ],
)
def test_40_addresses_inside_addresses(address: str, allowed: bool) -> None:
    assert is_allowed(address, ()) is allowed


@pytest.mark.parametrize("url", ["http://[64:ff9b::808:808]/", "http://[::ffff:8.8.8.8]/"])
async def test_40_urls_with_them_pass_the_guard(url: str, names: Names) -> None:
    host = parse_url(url).host

    assert await vetted(host, 80, names, ()) == [host]
    assert names.asked == []


def test_an_opened_network_opens_nothing_else() -> None:
    opened = (ip_network("10.1.0.0/16"),)
    judged = {a: is_allowed(a, opened) for a in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "10.2.0.1", "::1", "8.8.8.8")}
    assert judged == {
        "10.1.2.3": True,
        "::ffff:10.1.2.3": True,
        "64:ff9b::a01:203": True,
        "10.2.0.1": False,
        "::1": False,
        "8.8.8.8": True,
    }


async def test_a_permission_belongs_to_its_request(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    """A connection that one source's permission opened is alive and idle, and still of no use to another source."""
    server.script("/", answer(body=b"inside"))
    client = fetcher(allow_networks=())
    permitted = FetchRequest(server.url(), Accept.FEED, allow_networks=("127.0.0.0/8",))

    outcomes = [
        await client.fetch(permitted),
        await client.fetch(FetchRequest(server.url(), Accept.FEED)),
        await client.fetch(permitted),
    ]

    assert [type(outcome) for outcome in outcomes] == [Fetched, FetchFailed, Fetched]
    assert [entry.connection for entry in server.log] == [1, 1]
    assert server.connections == 1


async def test_a_redirect_cannot_borrow_a_permission(fetcher: MakeFetcher, server: Loopback, answer: MakeAnswer) -> None:
    server.script("/", answer(302, headers={"Location": server.url("/inside", host="127.9.9.9")}))

    outcome = await fetcher(allow_networks=("127.0.0.1/32",)).fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FailureKind.BLOCKED
    assert [entry.target for entry in server.log] == ["/"]


async def test_a_block_that_is_none_is_the_operators_error(fetcher: MakeFetcher) -> None:
    with pytest.raises(ConfigError, match="CIDR"):
        fetcher(allow_networks=("10.0.0.0/99",))


async def test_the_second_address_is_tried(fetcher: MakeFetcher, server: Loopback, names: Names, answer: MakeAnswer) -> None:
    """Nobody listens on ::1; the name's other family answers."""
    server.script("/", answer(body=b"feed"))
    names.answers["two.example"] = [["::1", "127.0.0.1"]]

    outcome = await fetcher(allow_networks=("127.0.0.0/8", "::1/128")).fetch(
        FetchRequest(server.url(host="two.example"), Accept.FEED)
    )

    assert isinstance(outcome, Fetched)


@pytest.mark.parametrize("networks", [(), (ip_network("127.9.0.0/16"),)])
async def test_the_guard_stands_behind_httpx(networks: Networks, server: Loopback, names: Names) -> None:
    """Whoever sends through the transport, httpx's own client included, is guarded; what a request may reach, it must say."""
    transport = wire.GuardedTransport(names, most_idle=1)
    async with httpx.AsyncClient(transport=transport) as client:
        for host in ("127.0.0.1", "a.test"):
            with pytest.raises(FetchError) as caught:
                await client.get(server.url(host=host), extensions={"networks": networks})
            assert caught.value.kind is FailureKind.BLOCKED
        with pytest.raises(FetchError) as caught:
            await client.send(httpx.Request("GET", f"ftp://127.0.0.1:{server.port}/"))
        assert caught.value.kind is FailureKind.BLOCKED
    assert server.connections == 0


async def test_a_peer_that_is_not_the_one_asked_for_is_refused(
    fetcher: MakeFetcher, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing on this machine does that, so the kernel's word is put into its mouth."""
    monkeypatch.setattr(socket.socket, "getpeername", lambda _: ("10.0.0.1", server.port))

    outcome = await fetcher().fetch(FetchRequest(server.url(), Accept.FEED))

    assert isinstance(outcome, FetchFailed)
    assert (outcome.kind, outcome.detail) == (
        FailureKind.BLOCKED,
        "connected to another address than the one asked for",
    )
    assert server.log == []


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://Example.COM/a", "example.com"),
        ("http://example.com:80/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://example.com.:8080", "example.com:8080"),
        ("http://example.com:/", "example.com"),
        ("http://Bücher.example/", "xn--bcher-kva.example"),
        ("http://خبر.example/?q=1", "xn--ngblk.example"),
        ("http://[2606:4700::0:1]:8080/", "[2606:4700::1]:8080"),
        ("http://under_score.example/", "under_score.example"),
        ("http://1.2.3.4/", "1.2.3.4"),
        ("ftp://example.com/", ""),
    ],
)
def test_host_key(url: str, key: str) -> None:
    assert host_key(url) == key
    assert (check_url(url) is None) == bool(key)
