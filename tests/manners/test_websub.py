"""WebSub: what a subscriber decides, on its own: W1 to W4 of the etiquette list, without a network."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.manners import websub
from aggregator.manners.websub import Intent, Step, announced, intent_of, is_signed, lease_of, next_step
from aggregator.model.websub import Standing, Subscription

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRET, BODY = "a secret", b"<rss/>"
NEW = Subscription(1, 7, "wire", "https://hub.test/", "https://wire.test/feed", "token", SECRET, Standing.NEW, NOW, NOW)
ACTIVE = replace(NEW, standing=Standing.ACTIVE, lease_until=NOW + DAY)


def signature(method: str, secret: str = SECRET, body: bytes = BODY) -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


HUB, SELF, GOT = "https://hub.test/", "https://wire.test/self", "https://wire.test/got"


@pytest.mark.parametrize(
    ("hub", "self_url", "url", "found"),
    [
        (HUB, SELF, GOT, (HUB, SELF)),
        (HUB, None, GOT, (HUB, GOT)),
        (None, SELF, GOT, None),
        (None, None, GOT, None),
        ("http://hub.test/", SELF, "HTTPS://wire.test/got", None),
        ("http://hub.test/", SELF, "http://wire.test/got", ("http://hub.test/", SELF)),
        (HUB, SELF, "http://wire.test/got", (HUB, SELF)),
        (HUB + "a" * 2000, SELF, GOT, None),
        (HUB, SELF + "a" * 2000, GOT, None),
    ],
)
def test_a_hub_is_used_with_the_address_that_the_feed_gives_itself(
    hub: str | None, self_url: str | None, url: str, found: tuple[str, str] | None
) -> None:
    """And not when it is less protected than the feed, nor when its address has no end."""
    assert announced(hub, self_url, url) == found


@pytest.mark.parametrize(
    ("hub", "location", "target"),
    [
        ("https://hub.test/a", "https://other.test/b", "https://other.test/b"),
        ("https://hub.test/a", "/b", "https://hub.test/b"),
        ("https://hub.test/a", "http://hub.test/a", None),
        ("http://hub.test/a", "https://hub.test/a", "https://hub.test/a"),
        ("http://hub.test/a", "http://other.test/", "http://other.test/"),
        ("http://hub.test/a", "http://[", None),
    ],
)
def test_a_hub_may_move_but_not_out_of_its_protection(hub: str, location: str, target: str | None) -> None:
    assert websub.moved_hub(hub, location) == target


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_w3_each_method_of_the_recommendation_is_checked(method: str) -> None:
    right = signature(method)
    assert is_signed(SECRET, [right], BODY)
    assert is_signed(SECRET, [right.upper()], BODY), "hexadecimal digits and method names have no case"
    assert not is_signed(SECRET, [right], BODY + b" ")
    assert not is_signed("another secret", [right], BODY)
    assert not is_signed(SECRET, [right[:-1]], BODY)
    assert not is_signed(SECRET, [right[:-1] + "é"], BODY)


@pytest.mark.parametrize("values", [[], [""], ["sha256"], ["sha256="], ["md5=0cc175b9c0f1b6a831c399e269772661"], ["="], [","]])
def test_w3_what_is_not_signed_is_not_signed(values: list[str]) -> None:
    assert not is_signed(SECRET, values, BODY)


def test_w3_the_better_method_decides_alone() -> None:
    right, wrong = signature("sha256"), signature("sha256", "guessed")
    assert is_signed(SECRET, [signature("sha1", "guessed"), right], BODY)
    assert is_signed(SECRET, [f"{signature('sha1', 'guessed')}, {right}"], BODY)
    assert not is_signed(SECRET, [signature("sha1"), wrong], BODY)
    assert not is_signed(SECRET, [wrong, right], BODY), "and of two alike the first"


def test_w3_the_comparison_takes_the_same_time_for_every_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """That ``compare_digest`` is asked, and with whole digests: the clock could not tell it steadily."""
    compared: list[tuple[Any, Any]] = []
    compare = hmac.compare_digest

    def noting(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    guess = "0" * 64
    assert not is_signed(SECRET, [f"sha256={guess}"], BODY)
    assert compared == [(signature("sha256").removeprefix("sha256=").encode(), guess.encode())]


@pytest.mark.parametrize(
    ("stated", "lease"),
    [
        (None, timedelta(days=10)),
        ("", timedelta(days=10)),
        ("soon", timedelta(days=10)),
        ("-5", timedelta(days=10)),
        ("١٢٣", timedelta(days=10)),
        ("1e6", timedelta(days=10)),
        ("0", timedelta(minutes=5)),
        ("1", timedelta(minutes=5)),
        ("300", timedelta(minutes=5)),
        ("301", timedelta(seconds=301)),
        (" 432000 ", timedelta(days=5)),
        ("0000000000000432000", timedelta(days=5)),
        ("2592001", timedelta(days=30)),
        ("9" * 400, timedelta(days=30)),
    ],
)
def test_a_lease_is_what_the_hub_says_within_reason(stated: str | None, lease: timedelta) -> None:
    assert lease_of(stated) == lease


@given(slug=st.text(max_size=20), lease=st.timedeltas(websub.SHORTEST, websub.LONGEST))
def test_w4_renewal_is_at_80_percent_of_the_lease_and_not_for_all_at_once(slug: str, lease: timedelta) -> None:
    at = websub.renewal_at(slug, NOW, lease)
    assert 0.76 * lease <= at - NOW <= 0.8 * lease
    assert at == websub.renewal_at(slug, NOW, lease)


def test_w4_a_thousand_subscriptions_of_one_instant_are_spread() -> None:
    times = [websub.renewal_at(f"source-{number}", NOW, timedelta(days=10)) for number in range(1000)]
    hours = [int((at - NOW) / HOUR) for at in times]
    assert max(hours.count(hour) for hour in set(hours)) < 160, "over about ten hours"


@given(failures=st.integers(0, 10_000), wish=st.none() | st.timedeltas(-DAY, timedelta(days=40)))
def test_failures_wait_longer_and_never_for_ever(failures: int, wish: timedelta | None) -> None:
    retry_after = None if wish is None else NOW + wish
    failing = replace(NEW, standing=Standing.PENDING, failures=failures)
    standing, at = websub.after_failure(failing, NOW, retry_after)
    assert standing is Standing.FAILED
    assert at >= NOW + HOUR
    assert at <= max(NOW + 1.05 * timedelta(days=7), retry_after or NOW)
    assert retry_after is None or at >= retry_after
    later = websub.after_failure(replace(failing, failures=failures + 1), NOW)[1]
    assert later >= websub.after_failure(failing, NOW)[1]


def test_a_failed_renewal_leaves_the_running_lease_alone() -> None:
    renewing = replace(ACTIVE, standing=Standing.RENEWING)
    assert websub.after_failure(renewing, NOW)[0] is Standing.ACTIVE
    assert websub.after_failure(renewing, NOW + DAY)[0] is Standing.FAILED, "until it ends"


LEAVING = replace(ACTIVE, standing=Standing.LEAVING, source_id=None, slug="")


@pytest.mark.parametrize(
    ("subscription", "step"),
    [
        (NEW, Step.SUBSCRIBE),
        (replace(NEW, due_at=NOW + timedelta(seconds=1)), Step.WAIT),
        (replace(NEW, standing=Standing.PENDING), Step.MISS),
        (replace(NEW, standing=Standing.PENDING, due_at=NOW + HOUR), Step.WAIT),
        (ACTIVE, Step.SUBSCRIBE),
        (replace(ACTIVE, due_at=NOW + DAY), Step.WAIT),
        (replace(ACTIVE, standing=Standing.RENEWING), Step.MISS),
        (replace(NEW, standing=Standing.DENIED), Step.SUBSCRIBE),
        (replace(NEW, standing=Standing.FAILED, failures=100), Step.SUBSCRIBE),
        (LEAVING, Step.UNSUBSCRIBE),
        (replace(LEAVING, failures=3), Step.FORGET),
        (replace(LEAVING, lease_until=NOW), Step.FORGET),
        (replace(LEAVING, due_at=NOW + HOUR, failures=3), Step.WAIT),
    ],
)
def test_the_next_step(subscription: Subscription, step: Step) -> None:
    assert next_step(subscription, NOW) is step


TOPIC = NEW.topic
WISHED = (Standing.PENDING, Standing.RENEWING, Standing.ACTIVE, Standing.FAILED)


@pytest.mark.parametrize("standing", Standing)
def test_w2_only_what_we_asked_for_is_confirmed(standing: Standing) -> None:
    subscription = replace(NEW, standing=standing)
    confirmed = intent_of(subscription, "subscribe", TOPIC)
    assert confirmed is (Intent.CONFIRMED if standing in WISHED else Intent.REFUSED)
    ended = intent_of(subscription, "unsubscribe", TOPIC)
    assert ended is (Intent.ENDED if standing is Standing.LEAVING else Intent.REFUSED), "nobody unsubscribes us"
    denied = {Standing.LEAVING: Intent.ENDED} | dict.fromkeys(WISHED, Intent.DENIED)
    assert intent_of(subscription, "denied", TOPIC) is denied.get(standing, Intent.REFUSED)


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("mode", ["subscribe", "unsubscribe", "denied"])
def test_w2_another_topic_or_mode_is_refused(standing: Standing, mode: str) -> None:
    subscription = replace(NEW, standing=standing)
    for topic in ("", TOPIC + "/", TOPIC.upper()):
        assert intent_of(subscription, mode, topic) is Intent.REFUSED
    for other in ("", mode.upper(), "publish"):
        assert intent_of(subscription, other, TOPIC) is Intent.REFUSED


def test_token_and_secret_are_in_no_log() -> None:
    assert "token" not in repr(replace(NEW, token="token-x", secret="hush"))
    assert "hush" not in repr(replace(NEW, token="token-x", secret="hush"))
