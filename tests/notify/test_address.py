"""Addresses: one canonical form, or a plain reason."""

from __future__ import annotations

import pytest

from aggregator.notify import check_address, needs_smtputf8


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("reader@example.org", "reader@example.org"),
        ("Reader.Name+news@EXAMPLE.Org", "Reader.Name+news@example.org"),
        ("leser@bücher.example", "leser@xn--bcher-kva.example"),
        ("خواننده@مثال.example", "خواننده@xn--mgbh0fb.example"),
        ("aggregator@localhost.localdomain", "aggregator@localhost.localdomain"),
        ("reader@mail.test", "reader@mail.test"),
        ("desk@relay.internal", "desk@relay.internal"),
        ("o'neil@example.org", "o'neil@example.org"),
    ],
)
def test_canonical_form(written: str, canonical: str) -> None:
    assert check_address(written) == canonical
    assert check_address(canonical) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "a@b.c, x@y",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "a@example.org b@example.org",
        "a@example.org\r\nBcc: x@example.org",
        "a@example.org\n",
        "a\x00@example.org",
        "a@",
        "@x",
        "@",
        "",
        "reader",
        "reader@nodot",
        "reader@test",
        "root@localhost",
        "reader@mail.invalid",
        "reader(comment)@example.org",
        "reader@example.org (comment)",
        "Reader <reader@example.org>",
        "<reader@example.org>",
        '"a b"@example.org',
        "a@[127.0.0.1]",
        "a@example..org",
        "a@-example.org",
        "a@example.org>SIZE=1",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.org",
        "a@b@example.org",
        "a\u2028@example.org",
        "\u202ea@example.org",
    ],
)
def test_everything_else_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(ValueError, match="is not a mail address") as caught:
        check_address(written)
    assert "\n" not in str(caught.value)
    assert "\r" not in str(caught.value)


def test_only_a_local_part_in_another_script_needs_smtputf8() -> None:
    assert needs_smtputf8(check_address("خواننده@example.org"))
    assert not needs_smtputf8(check_address("leser@bücher.example"))
    assert not needs_smtputf8(check_address("reader@example.org"))
