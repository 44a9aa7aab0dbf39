"""``rule fmt``: needs no configuration, and says by its exit code what it found."""

from __future__ import annotations

import io
import sys

import pytest

from aggregator.cli import main


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "out", "err"),
    [
        (["a b OR “c  d”"], "", 0, '(a AND b) OR "c d"\n', ""),
        (["-"], "a # why\n-b\n", 0, "a # why\nAND NOT b\n", ""),
        (["--check", "a AND b"], "", 0, "", ""),
        (["--check", "-"], "a AND b\n", 0, "", ""),
        (["--check", "a b"], "", 1, "", ""),
        (["a (b"], "", 2, "", "column 3: this parenthesis is never closed\n    a (b\n      ^\n    add )\n"),
    ],
)
def test_a_query_in_canonical_form(
    arguments: list[str],
    stdin: str,
    code: int,
    out: str,
    err: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["aggregator", "rule", "fmt", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    try:
        main()
        ended = 0
    except SystemExit as exit_:
        ended = int(exit_.code or 0)
    assert (ended, *capsys.readouterr()) == (code, out, err)
