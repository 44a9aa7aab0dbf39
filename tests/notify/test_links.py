"""Links that prove themselves: what is read back, what is refused, and how long they are."""

from __future__ import annotations

import random
import string

import pytest

from aggregator.notify.links import Links, Purpose, bounce_sender, bounced_delivery, number_of
from aggregator.notify.listing import list_headers

LINKS = Links("https://monitor.example.org", b"k" * 32)
STOP = (Purpose.UNSUBSCRIBE, 3)
NUMBERS = (0, 1, 7, 255, 256, 65_535, 1 << 32, (1 << 63) - 1)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_link_is_short_is_read_back_and_serves_one_purpose(purpose: Purpose, number: int) -> None:
    url = LINKS.url(purpose, number)
    base, _, token = url.rpartition("/")
    assert base == f"https://monitor.example.org/{purpose}"
    assert len(url) - len("https://monitor.example.org") <= 30
    assert set(token) <= {*string.ascii_letters, *string.digits, *"-_"}
    assert {each: LINKS.read(each, token) for each in Purpose} == {each: number if each is purpose else None for each in Purpose}
    assert Links("https://monitor.example.org", b"l" * 32).read(purpose, token) is None, "another instance's secret"


def test_a_number_that_does_not_fit_is_refused() -> None:
    for number in (-1, 1 << 63):
        with pytest.raises(ValueError, match="does not fit"):
            LINKS.url(Purpose.VIEW, number)


def test_no_token_but_the_one_we_made_is_read() -> None:
    token = LINKS.url(Purpose.UNSUBSCRIBE, 7).rpartition("/")[2]
    alphabet = string.ascii_letters + string.digits + "-_"
    # Every change of one letter, the unused bits of the last among them.
    changed = [token[:at] + char + token[at + 1 :] for at in range(len(token)) for char in alphabet if char != token[at]]
    changed += ["", token[:-1], token + "A", token + "=", f" {token}", token + "\n", token.swapcase(), "é" * 18, "A" * 5000]
    assert [each for each in changed if LINKS.read(Purpose.UNSUBSCRIBE, each) is not None] == []
    rng = random.Random(7)
    for _ in range(2000):
        assert LINKS.read(Purpose.VIEW, "".join(rng.choices(alphabet, k=rng.randint(0, 30)))) is None


def test_a_path_in_the_base_stays() -> None:
    assert Links("https://example.org/press/", b"k").url(Purpose.VIEW, 1).startswith("https://example.org/press/v/")


def test_numbers_of_keys_fit_and_do_not_collide() -> None:
    numbers = {number_of(f"digest:{reader}:2026-11-24:070000") for reader in range(5000)}
    assert len(numbers) == 5000
    assert all(0 <= number < 1 << 63 for number in numbers)
    assert number_of("digest:1") == number_of("digest:1")


def test_a_bounce_names_its_delivery_and_nobody_can_make_one_up() -> None:
    base, secret = "Bounce@example.org", b"k" * 32
    made = {number: bounce_sender(base, secret, number) for number in (1, 42, 10**17)}
    assert made[42].startswith("Bounce+42.")
    assert made[42].endswith("@example.org")
    assert len(made[42].partition("@")[0]) == len("Bounce+42.") + 8
    for number, address in made.items():
        assert bounced_delivery(base, secret, address) == number
        assert bounced_delivery(base, secret, address.upper()) == number, "some relays change the case"
        assert bounced_delivery(base, b"l" * 32, address) is None
    tag = made[42].partition(".")[2]
    for forged in (
        "bounce@example.org",
        f"bounce+43.{tag}",
        f"bounce+042.{tag}",
        made[42].replace(".org", ".com"),
        "",
        f"x{made[42]}",
    ):
        assert bounced_delivery(base, secret, forged) is None, forged


def test_mail_programs_are_told_of_a_link_only_if_it_is_https() -> None:
    headers = list_headers(LINKS, stop=STOP, number=9)
    assert headers == {
        "List-Unsubscribe": f"<{LINKS.url(Purpose.UNSUBSCRIBE, 3)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Archive": f"<{LINKS.url(Purpose.VIEW, 9)}>",
    }
    assert list_headers(None, stop=STOP, number=9, mailbox="bounce@example.org") == {}
    plain = Links("http://monitor.example.org", b"k" * 32)
    assert list_headers(plain, stop=STOP, number=9) == {}
    path = plain.url(Purpose.UNSUBSCRIBE, 3).removeprefix("http://monitor.example.org/")
    assert list_headers(plain, stop=STOP, number=9, mailbox="bounce@example.org") == {
        "List-Unsubscribe": f"<mailto:bounce@example.org?subject=unsubscribe%20{path}>"
    }
